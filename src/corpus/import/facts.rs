//! Finds the title, the day and the site of a page.
//!
//! A page names itself in several places (`og:title`, JSON-LD, `<title>`, a heading). A title that the text repeats
//! wins over one that is only in the metadata. The name of the site is not a title.

use dom_query::{Document as Tree, NodeId};
use serde_json::Value;

use super::block::{Block, Document, Look, title};
use super::clean::{key, one_line, words};
use super::dates::{self, day};
use super::tags::{self, Step, Walk};

/// How many blocks at the beginning may contain the title, the day and the name of the site.
const HEAD_BLOCKS: usize = 16;

/// Most `<time>` elements that are looked at.
const MOST_TIMES: usize = 10;

/// Fewest words in a paragraph with which the text of a page begins.
const TEXT_WORDS: usize = 12;

/// Most words in the name of a site that stands where the title of a page should.
const SITE_WORDS: usize = 4;

/// How many elements around a `<time>` may hold the title too.
const TITLE_LEVELS: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Titles of only this page: `og:title`, JSON-LD.
    named: Vec<String>,
    /// `<title>`, which often ends in the name of the site.
    page_title: Option<String>,
    site: Option<String>,
    /// Days, the most trustworthy first: from metadata, from a marked element, from a `<time>` in the article.
    published: Option<String>,
    /// The day in JSON-LD of the page around the article.
    page_day: Option<String>,
    marked: Option<String>,
    timed: Option<String>,
}

impl Facts {
    /// Collects the facts from `tree`. `in_article` reports whether an element is in the article.
    pub(super) fn of(tree: &Tree, in_article: impl Fn(NodeId) -> bool) -> Facts {
        let mut facts = Facts::default();
        let (mut json, mut tries) = (None, 0);
        for step in Walk::new(tree.root()) {
            let Step::Enter(node) = step else { continue };
            let Some(name) = tags::name_of(&node) else { continue };
            match &*name {
                "title" if facts.page_title.is_none() => facts.page_title = title(&node.text()),
                "meta" => facts.meta(&node),
                "script" if node.attr("type").is_some_and(|t| t.contains("ld+json")) => {
                    let read = serde_json::from_str::<Value>(&node.text()).ok();
                    facts.page_day = facts.page_day.take().or_else(|| page_day(read.as_ref()?));
                    json = json.or_else(|| read.filter(has_article));
                }
                "time" if facts.timed.is_none() && in_article(node.id) => {
                    facts.timed = node.attr("datetime").and_then(|value| day(&value));
                }
                _ => {}
            }
            if facts.marked.is_none() && &*name == "time" && tries < MOST_TIMES && is_labelled_published(&node) {
                tries += 1;
                facts.marked = node
                    .attr("datetime")
                    .filter(|_| is_beside_title(&node))
                    .and_then(|value| day(&value));
            }
            let published = || node.attr("itemprop").is_some_and(|prop| &*prop == "datePublished");
            if facts.marked.is_none() && published() {
                let value = node.attr("content").or_else(|| node.attr("datetime"));
                facts.marked = value.and_then(|value| day(&value));
            }
        }
        if let Some(json) = json {
            facts.json(&json);
        }
        facts
    }

    fn meta(&mut self, node: &dom_query::NodeRef) {
        let name = node.attr("property").or_else(|| node.attr("name")).unwrap_or_default();
        let content = node.attr("content").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "article:published_time"
            | "og:published_time"
            | "date"
            | "dc.date"
            | "dc.date.issued"
            | "pubdate"
            | "publish-date"
            | "parsely-pub-date"
            | "sailthru.date"
            | "citation_publication_date" => {
                self.published = self.published.take().or_else(|| day(&content.replace('/', "-")));
            }
            "og:title" | "twitter:title" | "parsely-title" => self.named.extend(title(&content)),
            "og:site_name" | "application-name" => self.site = self.site.take().or_else(|| title(&content)),
            _ => {}
        }
    }

    fn json(&mut self, json: &Value) {
        let Some(article) = objects(json).into_iter().find(|o| is_article(o)) else {
            return;
        };
        let text = |key: &str| article.get(key).and_then(Value::as_str);
        self.named
            .extend(text("headline").or_else(|| text("name")).and_then(title));
        self.published = self.published.take().or_else(|| day(text("datePublished")?));
        let site = article
            .get("publisher")
            .and_then(|p| p.get("name"))
            .and_then(Value::as_str);
        self.site = self.site.take().or_else(|| title(site?));
    }
}

/// Returns the objects of JSON-LD: a single one, a list of them, or a graph.
fn objects(json: &Value) -> Vec<&Value> {
    let mut out = Vec::new();
    let mut open = vec![json];
    while let Some(value) = open.pop().filter(|_| out.len() < 1_000) {
        match value {
            Value::Array(list) => open.extend(list.iter().rev()),
            Value::Object(fields) => {
                out.push(value);
                open.extend(fields.get("@graph"));
                open.extend(fields.get("mainEntity"));
            }
            _ => {}
        }
    }
    out
}

fn is_article(object: &Value) -> bool {
    let known = |kind: &str| {
        ["Article", "BlogPosting", "Report", "NewsletterIssue"]
            .iter()
            .any(|k| kind.ends_with(k))
    };
    match object.get("@type") {
        Some(Value::String(kind)) => known(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(known),
        _ => false,
    }
}

/// Returns the day of a page in JSON-LD that says nothing about an article, as some sites describe only the page.
fn page_day(json: &Value) -> Option<String> {
    let is_page = |object: &&Value| {
        let kinds = object.get("@type");
        let one = |kind: &Value| kind.as_str().is_some_and(|kind| kind.ends_with("WebPage"));
        kinds.is_some_and(|kinds| one(kinds) || kinds.as_array().is_some_and(|kinds| kinds.iter().any(one)))
    };
    let objects = objects(json);
    let page = objects.into_iter().find(is_page)?;
    day(page.get("datePublished")?.as_str()?)
}

fn is_labelled_published(time: &dom_query::NodeRef) -> bool {
    let labels = tags::labels(time);
    // Themes of WordPress have `<time class="entry-date">`, some below the text.
    let dates_entry = labels.windows(2).any(|pair| pair[0] == "entry" && pair[1] == "date");
    time.has_attr("pubdate") || dates_entry || labels.iter().any(|label| label == "published")
}

/// Reports whether the title of the page is in an element around a `<time>`.
fn is_beside_title(time: &dom_query::NodeRef) -> bool {
    let is =
        |node: &dom_query::NodeRef, names: &[&str]| tags::name_of(node).is_some_and(|name| names.contains(&&*name));
    time.ancestors_it(None)
        .take(TITLE_LEVELS)
        .take_while(|around| !is(around, &["body", "html", "main"]))
        .any(|around| Walk::new(around).any(|step| matches!(step, Step::Enter(node) if is(&node, &["h1"]))))
}

fn has_article(json: &Value) -> bool {
    objects(json).into_iter().any(is_article)
}

/// Sets the title and the day of `document`. Marks the name of the site above the title as unseen.
pub(super) fn settle(document: &mut Document, facts: Facts) {
    let shown = |b: &&mut Block| b.is_seen();
    let candidates: Vec<(usize, String)> = document
        .blocks
        .iter()
        .enumerate()
        .filter(|(_, b)| b.is_seen() && b.text.len() <= 400)
        .take(3 * HEAD_BLOCKS)
        .map(|(at, b)| (at, key(&b.text)))
        .filter(|(_, key)| !key.is_empty())
        .collect();
    let site = facts.site.as_deref().map(key).filter(|site| !site.is_empty());
    let site = site.or_else(|| titled_by_site(document, &facts));
    let is_site = |text: &str| site.as_deref() == Some(text);
    let find = |wanted: &str| {
        candidates
            .iter()
            .find(|(_, key)| key == wanted && !is_site(key))
            .map(|(at, _)| *at)
    };

    let parts: Vec<Vec<String>> = facts
        .named
        .iter()
        .chain(&facts.page_title)
        .map(|t| readings(t))
        .collect();
    let found = parts.iter().flatten().find_map(|reading| find(&key(reading)));
    let chosen = found.map(|at| one_line(&document.blocks[at].text)).or_else(|| {
        // No block repeats a title. Use the page's own name, without the name of the site.
        let named = facts.named.first()?;
        let without = readings(named).into_iter().find(|reading| {
            let rest = key(named).replacen(&key(reading), "", 1);
            is_site(rest.trim()) && !reading.is_empty()
        });
        Some(without.unwrap_or_else(|| named.clone())).filter(|t| !is_site(&key(t)))
    });
    // A heading that leads to the home page names the site, and the only other heading of its kind is the title.
    let chosen = chosen.or_else(|| only_other_heading(document, site.as_deref()?));
    let heading = document
        .blocks
        .iter()
        .find(|b| b.look == Look::Heading(1))
        .map(|b| one_line(&b.text));
    let masthead = heading.as_deref().is_some_and(|h| is_masthead(h) || is_site(&key(h)));
    document.title = match (chosen, &facts.page_title) {
        (Some(chosen), _) => Some(chosen),
        // The heading only numbers the issue. `<title>` names it.
        (None, Some(page)) if masthead && !is_masthead(page) && !is_site(&key(page)) => {
            let part = readings(page).into_iter().find(|reading| {
                let rest = key(page).replacen(&key(reading), "", 1);
                is_site(rest.trim()) || is_site(rest.trim().split(" by ").last().unwrap_or_default().trim())
            });
            Some(part.unwrap_or_else(|| page.clone()))
        }
        _ => None,
    };
    document.page_title = facts.page_title.clone().or(facts.named.first().cloned());

    let shown_days = document.blocks.iter().filter(|b| b.is_seen()).take(HEAD_BLOCKS);
    let days: Vec<(String, bool, bool)> = shown_days
        .filter(|b| b.text.len() <= 120)
        .filter_map(|b| {
            let (day, published) = dates::line_day(&b.text)?;
            Some((day, published, dates::is_month_of_issue(&b.text)))
        })
        .collect();
    let visible = |published: bool| {
        let mut found = days.iter().filter(|(_, first, _)| *first == published);
        let (first, _, is_month) = found.next()?;
        // Another line may say on which day of the month.
        let exact = found.find(|(day, _, is_other)| *is_month && !is_other && day[..7] == first[..7]);
        Some(exact.map_or(first, |(day, ..)| day).clone())
    };
    let named = || facts.page_title.as_deref().and_then(dates::day_in);
    // `Posted on 3 May 2026 by Ana Lima` above the text may be outside of what reader mode takes for the article.
    let begins = document
        .blocks
        .iter()
        .position(|b| b.look == Look::Paragraph && words(&b.text) >= TEXT_WORDS);
    let above = document.blocks[..begins.unwrap_or(0)].iter();
    let outside = above
        .filter(|b| b.look == Look::Unseen("line outside of the article") && b.text.len() <= 120)
        .find_map(|b| dates::line_day(&b.text))
        .map(|(day, _)| day);
    document.date = facts
        .published
        .clone()
        .or(facts.page_day.clone())
        .or(facts.marked.clone())
        .or_else(|| visible(true))
        .or_else(|| facts.timed.clone())
        .or_else(named)
        .or_else(|| visible(false))
        .or(outside);

    // The name of the site above the title is furniture. The copyright notice at the end often names it too.
    let owners: Vec<String> = document
        .blocks
        .iter()
        .filter(|b| b.text.contains('©') && b.text.len() <= 300)
        .map(|b| format!(" {} ", key(&b.text)))
        .collect();
    let names: Vec<String> = site
        .into_iter()
        .chain(facts.page_title.iter().flat_map(|t| readings(t)).map(|r| key(&r)))
        .collect();
    let Some(title_key) = document.title.as_deref().map(key) else {
        return;
    };
    for block in document.blocks.iter_mut().filter(shown).take(HEAD_BLOCKS) {
        let own = key(&block.text);
        if own == title_key {
            break;
        }
        let owns = || words(&own) <= 5 && owners.iter().any(|owner| owner.contains(&format!(" {own} ")));
        if words(&own) <= 8 && !own.is_empty() && (names.contains(&own) || owns()) {
            block.look = Look::Unseen("name of the site");
        }
    }
}

/// Returns the name of the site if `<title>` or its last part is only that: metadata name the page otherwise, or a
/// heading that is a link has it.
fn titled_by_site(document: &Document, facts: &Facts) -> Option<String> {
    let page = facts.page_title.as_deref()?;
    let own = key(page);
    let shown = |wanted: &str| document.blocks.iter().any(|b| b.is_seen() && key(&b.text) == wanted);
    if let Some(named) = facts.named.first() {
        let other = !readings(named).iter().any(|reading| key(reading) == own) && words(named) > words(page);
        return (words(page) <= SITE_WORDS && other && !shown(&key(named)) && shown(&own)).then_some(own);
    }
    let home = |wanted: &str| {
        let heading = |b: &Block| b.look == Look::Heading(1) && b.linked && key(&b.text) == wanted;
        document.blocks.iter().any(heading)
    };
    if home(&own) && only_other_heading(document, &own).is_some() {
        return Some(own);
    }
    let last = page
        .rsplit(
            [" - ", " – ", " | ", " · ", " — "]
                .iter()
                .find(|sign| page.contains(**sign))
                .copied()?,
        )
        .next();
    last.map(key).filter(|last| home(last))
}

/// Returns the title below a heading that is the name of the site, if there is one more heading of level 1, or else of
/// level 2.
fn only_other_heading(document: &Document, site: &str) -> Option<String> {
    let is_home = |b: &&Block| b.look == Look::Heading(1) && key(&b.text) == site;
    document.blocks.iter().find(is_home)?;
    [1, 2].iter().find_map(|level| {
        let alike = |b: &&Block| b.is_seen() && b.look == Look::Heading(*level) && key(&b.text) != site;
        let mut headings = document.blocks.iter().filter(alike);
        let only = headings.next().filter(|_| headings.next().is_none())?;
        Some(one_line(&only.text))
    })
}

/// Returns a title and its parts between separators (`Title - by Jane Doe - Site`), the longest first.
fn readings(title: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in title.split(' ').take(100) {
        let sign = matches!(
            word,
            "-" | "–" | "—" | "|" | "·" | "•" | "»" | "«" | "::" | ":" | "/" | "~"
        );
        if sign {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(if part.is_empty() { "" } else { " " });
            part.push_str(word);
        }
    }
    parts.truncate(8);
    let mut out = vec![title.to_string()];
    // Join neighbouring parts, and also split `Site: Title`.
    for from in 0..parts.len() {
        for to in from + 1..=parts.len() {
            out.push(parts[from..to].join(" "));
        }
    }
    out.extend(title.split_once(": ").map(|(_, rest)| rest.to_string()));
    out.retain(|reading| !reading.trim().is_empty());
    out.sort_by_key(|reading| std::cmp::Reverse(reading.len()));
    out
}

/// Reports whether a heading only numbers or dates an issue: `#14 — January 5, 2026`, `Issue 14`.
fn is_masthead(text: &str) -> bool {
    let bare = key(text);
    let said = bare.split(' ').filter(|word| {
        let number = word.chars().next().is_some_and(|c| c.is_ascii_digit());
        !number
            && ![
                "issue",
                "no",
                "number",
                "edition",
                "vol",
                "volume",
                "week",
                "newsletter",
            ]
            .contains(word)
    });
    let left = said.count();
    left == 0 || dates::day_in(text).is_some() && left <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mastheads_are_no_titles() {
        assert!(is_masthead("#14 — January 5, 2026") && is_masthead("Issue 14"));
        assert!(!is_masthead("Product Ladder #7") && !is_masthead("Ten rules"));
    }

    #[test]
    fn a_title_is_read_in_parts() {
        let all = readings("Pricing pages that sell - by Dana Reyes - Roadmap Notes");
        assert!(all.contains(&"Pricing pages that sell".to_string()) && all.contains(&"Roadmap Notes".to_string()));
        assert!(all[0].starts_with("Pricing pages that sell - by"));
    }
}
