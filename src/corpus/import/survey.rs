//! Finds furniture by its elements: menus, footers, forms, comments, lists of other articles.
//!
//! One sign is not enough. The name of an element, a class or a role must agree with a second sign. That is the
//! element's share of the page, the share of links in its words, or its position.

use std::collections::HashMap;

use dom_query::{NodeId, NodeRef};

use super::clean::{weight, words};
use super::credits;
use super::hidden::{self, Formats, Rules};
use super::tags::{self, Step, Walk};

/// The text of an article in the vocabularies of schema.org and of microformats.
const BODIES: [&str; 5] = [
    "articleBody",
    "reviewBody",
    "recipeInstructions",
    "entry-content",
    "e-content",
];

/// Most words of sentences outside of comments, on a page that has nothing else.
const COMMENT_WORDS: usize = 30;

/// What an element contains.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub words: usize,
    /// Words in links.
    pub linked: usize,
    pub links: usize,
    /// Words in text that reads like sentences.
    pub prose: usize,
    /// Bytes of text.
    pub bytes: usize,
    /// Links to other sites.
    pub outward: usize,
    pub has_h1: bool,
    pub has_field: bool,
    /// Whether the page says that it is or has the text of an article.
    pub has_article: bool,
    /// Words of sentences in elements with a label of readers' comments.
    pub commented: usize,
    /// Elements with a label of a box about an author.
    pub authors: usize,
    /// `<article>` elements.
    pub articles: usize,
}

impl Count {
    fn add(&mut self, inner: Count) {
        self.words += inner.words;
        self.linked += inner.linked;
        self.links += inner.links;
        self.prose += inner.prose;
        self.bytes += inner.bytes;
        self.outward += inner.outward;
        self.has_h1 |= inner.has_h1;
        self.has_field |= inner.has_field;
        self.has_article |= inner.has_article;
        self.commented += inner.commented;
        self.authors += inner.authors;
        self.articles += inner.articles;
    }

    /// Returns the percentage of words in links.
    fn density(&self) -> usize {
        100 * self.linked / self.words.max(1)
    }
}

/// Counts for every element of a page.
pub(super) struct Survey {
    counts: HashMap<NodeId, Count, foldhash::fast::FixedState>,
    pub all: Count,
    /// Whether the file is a page of a site rather than a mail or a feed entry.
    is_page: bool,
    /// Whether nearly all sentences are in elements with a label of readers' comments.
    only_comments: bool,
    /// The hidden elements with sentences directly below an element, and the words of these sentences.
    hidden: HashMap<NodeId, (usize, usize), foldhash::fast::FixedState>,
    formats: Formats,
    /// What the style sheet of a mail hides. Scripts of a page may show such elements.
    rules: Option<Rules>,
}

impl Survey {
    /// Reports whether an element is a quotation.
    ///
    /// Mail programs put a whole forwarded message into one, and old editors use it to indent. The caption of a figure
    /// with a quotation belongs to it, because it names the author.
    pub(super) fn is_quote(&self, node: &NodeRef, name: &str) -> bool {
        if name == "figcaption" {
            return tags::captions_quote(node);
        }
        let count = self.count(node);
        // A few lines in the middle of a text are quoted in it, and no message that it answers.
        let inside = || 4 * count.words < self.all.words && tags::text_follows(node);
        name == "blockquote"
            && (!tags::is_of_mail(node) || inside())
            && !count.has_h1
            && (2 * count.words < self.all.words.max(1) || tags::names_author(node))
    }

    pub(super) fn new(root: NodeRef, is_page: bool) -> Self {
        let mut counts: HashMap<NodeId, Count, _> = HashMap::default();
        let mut hidden: HashMap<NodeId, (usize, usize), _> = HashMap::default();
        let mut formats = Formats::default();
        let mut open: Vec<(NodeId, Count)> = Vec::new();
        let mut main = None;
        let mut links = 0usize;
        let mut walk = Walk::new(root);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) => {
                    let Some(name) = tags::name_of(&node) else {
                        let count = tags::with_text(&node, |text| {
                            let words = if is_page { weight(text) } else { words(text) };
                            let ended = || text.trim_end().ends_with(['.', '!', '?', '…', '。', '！', '？']);
                            let sentence = words >= 12 || words >= 6 && ended();
                            Count {
                                words,
                                bytes: text.len(),
                                linked: if links > 0 { words } else { 0 },
                                prose: if sentence && links == 0 { words } else { 0 },
                                ..Count::default()
                            }
                        });
                        if let (Some(count), Some((_, inside))) = (count, open.last_mut()) {
                            inside.add(count);
                        }
                        continue;
                    };
                    if tags::unread(&name) == Some("") {
                        walk.pass(node);
                    }
                    formats.note(&node, &name);
                    links += usize::from(&*name == "a");
                    let outward = |href: &str| href.starts_with("http") || href.starts_with("//");
                    let own = Count {
                        links: usize::from(&*name == "a"),
                        outward: usize::from(&*name == "a" && node.attr("href").is_some_and(|href| outward(&href))),
                        has_h1: &*name == "h1",
                        articles: usize::from(&*name == "article"),
                        has_field: matches!(&*name, "input" | "textarea" | "select"),
                        has_article: is_page
                            && ["itemprop", "class"].iter().any(|name| {
                                let value = node.attr(name);
                                value.is_some_and(|value| value.split_whitespace().any(|v| BODIES.contains(&v)))
                            }),
                        ..Count::default()
                    };
                    open.push((node.id, own));
                }
                Step::Leave(node) => {
                    if open.last().is_none_or(|(id, _)| *id != node.id) {
                        continue;
                    }
                    let Some((id, mut count)) = open.pop() else { continue };
                    if is_page {
                        let labels = tags::labels(&node);
                        if tags::says_comments(&labels) {
                            count.commented = count.prose;
                        }
                        if tags::says_author(&labels) {
                            count.authors = 1;
                        }
                    }
                    if tags::name_of(&node).is_some_and(|name| &*name == "a") {
                        links = links.saturating_sub(1);
                    }
                    if is_page && main.is_none() && tags::name_of(&node).is_some_and(|name| &*name == "main") {
                        main = Some(count);
                    }
                    counts.insert(id, count);
                    if let Some((above, outer)) = open.last_mut() {
                        outer.add(count);
                        let is_body = |above: &NodeRef| tags::name_of(above).is_some_and(|name| &*name == "body");
                        if is_page
                            && count.prose > 0
                            && hidden::is_hidden(&node)
                            && !node.parent().is_some_and(|above| is_body(&above))
                        {
                            let (slides, words) = hidden.entry(*above).or_default();
                            (*slides, *words) = (*slides + 1, *words + count.prose);
                        }
                    }
                }
            }
        }
        let all = counts.values().copied().max_by_key(|c| c.words).unwrap_or_default();
        // A forum or a live report has nothing but comments. Below an article, they are other people's.
        let talk = main.unwrap_or(all);
        let others = talk.prose.saturating_sub(talk.commented);
        let only_comments = others <= COMMENT_WORDS && talk.commented > 4 * others;
        Survey {
            counts,
            all,
            is_page,
            only_comments,
            hidden,
            formats,
            rules: Rules::of_mail(root),
        }
    }

    /// Reports whether `node` is a hidden formatting element that opened again because its end is missing.
    pub(super) fn is_reopened(&self, node: &NodeRef, name: &str) -> bool {
        self.formats.is_reopened(node, name)
    }

    pub(super) fn count(&self, node: &NodeRef) -> Count {
        self.counts.get(&node.id).copied().unwrap_or_default()
    }

    /// Returns why the element `node`, called `name`, is left out, or `None` if it is not. `""` is not reported.
    pub(super) fn unseen(&self, node: &NodeRef, name: &str) -> Option<&'static str> {
        if let Some(what) = tags::unread(name)
            && (what.is_empty() || self.is_small(node))
        {
            return Some(what);
        }
        if matches!(name, "html" | "body") {
            return None;
        }
        // Pages hide what they fade in, or everything until a script has run. A preheader is short.
        let is_hidden = hidden::is_hidden(node) || self.rules.as_ref().is_some_and(|rules| rules.hide(node));
        if is_hidden
            && !self.formats.is_reopened(node, name)
            && (self.is_small(node) || self.is_gap(node))
            && !self.is_slide(node)
        {
            return Some("hidden text");
        }
        if self.is_page { self.furniture(node, name) } else { None }
    }

    /// Reports whether `node` is a form that is not around the page.
    pub(super) fn is_form(&self, node: &NodeRef, name: &str) -> bool {
        let count = self.count(node);
        name == "form" && count.has_field && !count.has_h1 && !count.has_article && self.is_small(node)
    }

    /// Reports whether `node` is one of several elements that the page shows one after another. Together they have at
    /// least half of its words.
    fn is_slide(&self, node: &NodeRef) -> bool {
        let hidden = node.parent().and_then(|above| self.hidden.get(&above.id));
        hidden.is_some_and(|(slides, words)| *slides > 1 && 2 * words >= self.all.words)
    }

    /// Reports whether `node` is an invisible part of an article that shows at least a third of its sentences.
    fn is_gap(&self, node: &NodeRef) -> bool {
        let is_article = |above: &NodeRef| tags::name_of(above).is_some_and(|n| matches!(&*n, "article" | "main"));
        let article = node.ancestors_it(None).find(is_article);
        self.is_page
            && hidden::is_invisible(node)
            && article.is_some_and(|article| {
                let count = self.count(&article);
                let shown = count.prose.saturating_sub(count.commented + self.count(node).prose);
                shown > 0 && 3 * shown >= count.prose
            })
    }

    /// Reports whether `node` has less than half of the page's words.
    fn is_small(&self, node: &NodeRef) -> bool {
        2 * self.count(node).words < self.all.words.max(1)
    }

    fn furniture(&self, node: &NodeRef, name: &str) -> Option<&'static str> {
        let count = self.count(node);
        if count.words == 0 || !self.is_small(node) || tags::is_note(node) {
            return None;
        }
        // A menu, a footer or a form has few sentences.
        let bare = 4 * count.prose <= count.words;
        let dense = count.density() >= 50;
        let role = node.attr("role").unwrap_or_default();
        match (name, &*role) {
            ("footer", _) | (_, "contentinfo")
                if !count.has_h1 && !tags::inside(node, &["article", "main", "blockquote"]) =>
            {
                return Some("footer of the page");
            }
            ("footer", _) if dense || bare && count.links > 0 && count.words <= 60 => {
                return Some("footer of the page");
            }
            (_, "navigation" | "search" | "menu" | "menubar" | "dialog" | "alertdialog") if bare || dense => {
                return Some("navigation");
            }
            ("aside", _) | (_, "complementary") if dense || count.has_field || count.links >= 3 && bare => {
                return Some("side column");
            }
            _ => {}
        }
        if credits::is_credit(node, name, count.words) {
            return Some("credit of a picture");
        }
        if tags::is_block(name) || name == "a" {
            self.by_label(node, count, bare, dense).or_else(|| menu(name, count))
        } else {
            None
        }
    }

    /// Finds furniture by class and id, if other signs agree.
    fn by_label(&self, node: &NodeRef, count: Count, bare: bool, dense: bool) -> Option<&'static str> {
        let labels = tags::labels(node);
        let has = |wanted: &[&str]| labels.iter().any(|l| wanted.contains(&l.as_str()));
        // A page of several experts may name each in such a box.
        if tags::says_author(&labels)
            && self.all.authors <= 2
            && !count.has_h1
            && !count.has_article
            && count.words <= 150
        {
            return Some("about the author");
        }
        if (count.has_h1 || count.has_article) && !has(&["navbar", "topbar"])
            || has(&["article", "content", "post", "entry"]) && !bare
        {
            return None;
        }
        let part = |hundredths: usize| 100 * count.words <= hundredths * self.all.words;
        if tags::is_unprinted(node) && (bare || dense) && part(20) {
            return Some("navigation");
        }
        if tags::says_comments(&labels) && !self.only_comments {
            return Some("comments of readers");
        }
        // A gallery of pictures with text around it opens them in the same way.
        let opens = has(&["modal", "popup", "overlay", "lightbox"])
            && !(tags::inside(node, &["article", "main"]) && 100 * count.prose > 15 * self.all.prose && !bare);
        if (opens || has(&["cookie", "cookies", "consent", "gdpr", "paywall"])) && part(30) {
            return Some("notice of the page");
        }
        let asks = count.has_field || count.words <= 60;
        if has(&[
            "subscribe",
            "subscription",
            "signup",
            "newsletter",
            "optin",
            "paywall",
            "cta",
        ]) && asks
            && part(25)
            && (has(&[
                "widget",
                "form",
                "box",
                "signup",
                "subscribe",
                "cta",
                "optin",
                "prompt",
                "teaser",
            ]) || count.has_field)
        {
            return Some("call to subscribe");
        }
        let shares = has(&[
            "share",
            "sharing",
            "social",
            "socials",
            "sharedaddy",
            "addtoany",
            "like",
            "likes",
        ]) || has(&["rating", "ratings", "shariff", "tools", "actions"]) && dense && count.words <= 30;
        if shares && (bare || dense) && part(20) {
            return Some("call to share");
        }
        if has(&[
            "related",
            "recommended",
            "recommendations",
            "trending",
            "popular",
            "latest",
            "recirc",
            "outbrain",
            "taboola",
            "teaser",
            "teasers",
            "similar",
            "upnext",
            "relatedlinks",
            "relatedposts",
        ]) && (dense || bare)
        {
            return Some("other articles");
        }
        if has(&[
            "nav",
            "navbar",
            "navigation",
            "menu",
            "submenu",
            "topbar",
            "breadcrumb",
            "breadcrumbs",
            "pagination",
            "pager",
            "skip",
            "masthead",
            "toolbar",
        ]) && bare
            && (dense || count.words <= 30)
        {
            return Some("navigation");
        }
        // Libraries that play videos write their buttons and settings into the page.
        if has(&["jwplayer", "mejs", "plyr", "videojs", "vjs"]) && bare && part(30) {
            return Some("button");
        }
        // Some layouts are named after the column next to the text.
        let only_article = count.articles == 1 && self.all.articles == 1;
        if has(&["sidebar", "widget", "widgets"]) && !only_article && (dense || bare && count.links >= 2) {
            return Some("side column");
        }
        if has(&["footer", "colophon", "copyright"]) && (bare || dense) && !tags::inside(node, &["blockquote"]) {
            return Some("footer of the page");
        }
        if has(&[
            "advert",
            "advertisement",
            "adv",
            "ads",
            "adsbygoogle",
            "promo",
            "sponsored",
        ]) && bare
            && part(20)
        {
            return Some("advertisement");
        }
        None
    }
}

/// Finds lists of only short links within the site.
fn menu(name: &str, count: Count) -> Option<&'static str> {
    let listed = matches!(name, "ul" | "ol" | "div" | "header");
    let short = count.links >= 3 && count.words <= 3 * count.links && count.density() >= 90;
    (listed && short && count.outward == 0).then_some("navigation")
}
