//! Finds the article of a saved page in reader mode, using dom_smoothie (after Mozilla's Readability).
//!
//! dom_smoothie builds another tree, so each text node is marked with a private-use character. The marks in its result
//! identify the text nodes of the article.
//!
//! It takes the element with the most text, which may be furniture or a form. Then it tries again without them. If it
//! takes another article than the one below the title of the page, the latter is taken. If it takes less than half of
//! the sentences there, all of them are taken.

use std::collections::{HashMap, HashSet};

use dom_query::{Document, NodeData, NodeId, NodeRef};
use dom_smoothie::{Config, Readability};

use super::clean::{self, key, weight};
use super::survey::Survey;
use super::tags::{self, Step, Walk};

/// Marks are the characters of Unicode's two private-use planes.
const PLANES: [(u32, u32); 2] = [(0xf_0000, 0xf_fffd), (0x10_0000, 0x10_fffd)];
/// Most elements in a page. A longer page is read without reader mode.
const MAX_ELEMENTS: usize = 50_000;

/// Fewest words of a text that is counted as a sentence.
const SENTENCE_WORDS: usize = 12;

/// Most `<article>` elements on a page whose `<main>` may be one article.
const ARTICLES: usize = 5;

/// If reader mode finds fewer words of sentences, and less than a quarter of the page's, it has not found the article.
const FEW_WORDS: usize = 120;

/// Fewest words of sentences in an article that the title of the page names.
const NAMED_WORDS: usize = 20;

/// Returns the text nodes of the article, or `None` if none was found. `titles` are those of [`titles`].
pub(super) fn article(document: &Document, survey: &Survey, titles: &str) -> Option<HashSet<NodeId>> {
    let places = Places::of(document, titles);
    let (all, all_prose) = texts(document.root(), survey);
    let mut found = chosen(document, None).unwrap_or_default();
    found.retain(|id| all.contains(id));
    if 2 * prose_in(document, survey, &found) < all_prose {
        let other = chosen(document, Some(survey)).unwrap_or_default();
        if prose_in(document, survey, &other) > prose_in(document, survey, &found) {
            found = other;
        }
    }
    let named = places.named.filter(|named| survey.count(named).prose >= NAMED_WORDS);
    // A page of many articles is a list of them.
    let main = places.main.filter(|_| places.articles <= ARTICLES);
    if let Some(whole) = named.or(main) {
        let (whole, prose) = texts(whole, survey);
        if named.is_some() && whole.is_disjoint(&found) {
            // What is in another article is another one. Anything else may be the text below the head of this one.
            let around: HashSet<NodeId> = named.iter().flat_map(|n| n.ancestors_it(None)).map(|n| n.id).collect();
            let elsewhere = |id: &NodeId| {
                let article = NodeRef::new(*id, &document.tree).ancestors_it(None).find(is_article);
                article.is_some_and(|article| !around.contains(&article.id))
            };
            if found.iter().any(elsewhere) {
                found.clear();
            }
            found.extend(whole);
        } else if 2 * prose_in(document, survey, &found) < prose {
            found.extend(whole);
        }
    } else {
        let prose = prose_in(document, survey, &found);
        if prose < FEW_WORDS && 4 * prose < all_prose {
            found = all;
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Where a page says that its article is.
#[derive(Default)]
struct Places<'a> {
    /// The innermost `<article>` around the title of the page.
    named: Option<NodeRef<'a>>,
    /// `<main>`, or what has this role.
    main: Option<NodeRef<'a>>,
    articles: usize,
}

impl<'a> Places<'a> {
    fn of(document: &'a Document, titles: &str) -> Places<'a> {
        let mut places = Places::default();
        for step in Walk::new(document.root()) {
            let Step::Enter(node) = step else { continue };
            let Some(name) = tags::name_of(&node) else { continue };
            let is_main = || &*name == "main" || node.attr("role").is_some_and(|role| &*role == "main");
            if places.main.is_none() && is_main() {
                places.main = Some(node);
            }
            match &*name {
                "article" => places.articles += 1,
                "h1" | "h2" if places.named.is_none() && is_title(&tags::text_of(node), titles) => {
                    places.named = node.ancestors_it(None).find(is_article);
                }
                _ => {}
            }
        }
        places
    }
}

fn is_article(node: &NodeRef) -> bool {
    tags::name_of(node).is_some_and(|name| &*name == "article")
}

/// Returns the keys of the titles that a page gives in its head, with a space around each.
pub(super) fn titles(document: &Document) -> String {
    let mut titles = String::new();
    for step in Walk::new(document.root()) {
        let Step::Enter(node) = step else { continue };
        let Some(name) = tags::name_of(&node) else { continue };
        let title = match &*name {
            "title" => node.text().to_string(),
            "meta" if node.attr("property").is_some_and(|p| &*p == "og:title") => {
                node.attr("content").unwrap_or_default().to_string()
            }
            "body" => break,
            _ => continue,
        };
        titles.push_str(&format!(" {} ", key(&clean::head(&title, 400))));
    }
    titles
}

/// Reports whether a heading of several words is one of `titles` or a part of one.
pub(super) fn is_title(heading: &str, titles: &str) -> bool {
    let heading = key(heading);
    weight(&heading) > 1 && titles.contains(&format!(" {heading} "))
}

/// Returns the text nodes in `node` that are not furniture, and their words in sentences.
fn texts(node: NodeRef, survey: &Survey) -> (HashSet<NodeId>, usize) {
    let (mut found, mut prose) = (HashSet::new(), 0);
    let mut walk = Walk::new(node);
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if let Some(name) = tags::name_of(&node) {
            if survey.unseen(&node, &name).is_some() || survey.is_form(&node, &name) {
                walk.pass(node);
            }
        } else if let Some(words) = sentence(&node, survey) {
            found.insert(node.id);
            prose += words;
        }
    }
    (found, prose)
}

fn prose_in(document: &Document, survey: &Survey, found: &HashSet<NodeId>) -> usize {
    let nodes = found.iter().map(|id| NodeRef::new(*id, &document.tree));
    nodes.filter_map(|node| sentence(&node, survey)).sum()
}

/// Returns the number of words in a text node if it reads like a sentence of an article, or 0. `None` is for other nodes.
///
/// Text in a link, or in an item of a list that has a link, is about another page.
fn sentence(node: &NodeRef, survey: &Survey) -> Option<usize> {
    let words = tags::with_text(node, weight)?;
    let elsewhere = |above: &NodeRef| {
        tags::name_of(above).is_some_and(|name| &*name == "a" || &*name == "li" && survey.count(above).links > 0)
    };
    let counts = words >= SENTENCE_WORDS && !node.ancestors_it(None).any(|above| elsewhere(&above));
    Some(if counts { words } else { 0 })
}

/// Returns the text nodes of what reader mode takes for the article. With `survey`, it does not see furniture.
fn chosen(document: &Document, survey: Option<&Survey>) -> Option<HashSet<NodeId>> {
    let copy = document.clone();
    let mut unneeded = Vec::new();
    let mut walk = Walk::new(copy.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        let Some(name) = tags::name_of(&node) else { continue };
        let furniture = |survey: &Survey| {
            survey.unseen(&node, &name).is_some_and(|what| !what.is_empty()) || survey.is_form(&node, &name)
        };
        if survey.is_some_and(furniture) {
            unneeded.push(node);
            walk.pass(node);
        }
    }
    for node in unneeded {
        node.remove_from_parent();
    }
    let mut marks: HashMap<char, NodeId> = HashMap::new();
    let mut free = PLANES
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .filter_map(char::from_u32);
    for step in Walk::new(copy.root()) {
        let Step::Enter(node) = step else { continue };
        let shown = tags::with_text(&node, |text| !text.trim().is_empty()).unwrap_or(false);
        if !shown
            || node.parent().is_some_and(|p| {
                tags::name_of(&p).is_some_and(|n| matches!(&*n, "script" | "style" | "title" | "noscript"))
            })
        {
            continue;
        }
        let mark = free.next()?;
        node.update(|node| {
            if let NodeData::Text { contents } = &mut node.data {
                let text = format!("{mark}{}", &**contents);
                *contents = text.into();
            }
        });
        marks.insert(mark, node.id);
    }
    let config = Config {
        max_elements_to_parse: MAX_ELEMENTS,
        ..Config::default()
    };
    let article = Readability::with_document(copy, None, Some(config))
        .ok()?
        .parse()
        .ok()?;
    let found: HashSet<NodeId> = article.content.chars().filter_map(|c| marks.get(&c).copied()).collect();
    (!found.is_empty()).then_some(found)
}
