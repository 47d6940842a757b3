//! Finds furniture by its elements: menus, footers, forms, comments, lists of other articles.
//!
//! One sign is not enough. The name of an element, a class or a role must agree with a second sign. That is the
//! element's share of the page, the share of links in its words, or its position.

use std::collections::HashMap;

use dom_query::{NodeId, NodeRef};

use super::clean::words;
use super::tags::{self, Step, Walk};

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
        name == "blockquote"
            && node.attr("type").is_none_or(|kind| &*kind != "cite")
            && !tags::labels(node)
                .iter()
                .any(|l| matches!(l.as_str(), "gmail" | "yahoo" | "moz"))
            && !count.has_h1
            && (2 * count.words < self.all.words.max(1) || tags::names_author(node))
    }

    pub(super) fn new(root: NodeRef, is_page: bool) -> Self {
        let mut counts: HashMap<NodeId, Count, _> = HashMap::default();
        let mut open: Vec<(NodeId, Count)> = Vec::new();
        let mut links = 0usize;
        let mut walk = Walk::new(root);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) => {
                    let Some(name) = tags::name_of(&node) else {
                        let count = tags::with_text(&node, |text| {
                            let words = words(text);
                            let sentence = words >= 12 || words >= 6 && text.trim_end().ends_with(['.', '!', '?', '…']);
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
                    links += usize::from(&*name == "a");
                    let outward = |href: &str| href.starts_with("http") || href.starts_with("//");
                    let own = Count {
                        links: usize::from(&*name == "a"),
                        outward: usize::from(&*name == "a" && node.attr("href").is_some_and(|href| outward(&href))),
                        has_h1: &*name == "h1",
                        has_field: matches!(&*name, "input" | "textarea" | "select"),
                        ..Count::default()
                    };
                    open.push((node.id, own));
                }
                Step::Leave(node) => {
                    if open.last().is_none_or(|(id, _)| *id != node.id) {
                        continue;
                    }
                    let Some((id, count)) = open.pop() else { continue };
                    if tags::name_of(&node).is_some_and(|name| &*name == "a") {
                        links = links.saturating_sub(1);
                    }
                    counts.insert(id, count);
                    if let Some((_, outer)) = open.last_mut() {
                        outer.add(count);
                    }
                }
            }
        }
        let all = counts.values().copied().max_by_key(|c| c.words).unwrap_or_default();
        Survey { counts, all, is_page }
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
        if tags::is_hidden(node) && self.is_small(node) {
            return Some("hidden text");
        }
        if self.is_page { self.furniture(node, name) } else { None }
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
                if !count.has_h1 && !inside(node, &["article", "main", "blockquote"]) =>
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
        if count.has_h1 && !has(&["navbar", "topbar"]) || has(&["article", "content", "post", "entry"]) && !bare {
            return None;
        }
        let part = |hundredths: usize| 100 * count.words <= hundredths * self.all.words;
        // Some pages call what their experts say a comment.
        let invited = has(&["body", "expert", "guest", "panel"]);
        if has(&["comments", "comment", "disqus", "respond", "reactions"]) && !invited {
            return Some("comments of readers");
        }
        if has(&[
            "cookie", "cookies", "consent", "gdpr", "modal", "popup", "paywall", "overlay", "lightbox",
        ]) && part(30)
        {
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
            && (has(&["widget", "form", "box", "signup", "subscribe", "cta", "optin", "prompt"]) || count.has_field)
        {
            return Some("call to subscribe");
        }
        if has(&["share", "sharing", "social", "sharedaddy", "addtoany", "like", "likes"])
            && (bare || dense)
            && part(20)
        {
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
        if has(&["sidebar", "widget", "widgets"]) && (dense || bare && count.links >= 2) {
            return Some("side column");
        }
        if has(&["footer", "colophon", "copyright"]) && (bare || dense) && !inside(node, &["blockquote"]) {
            return Some("footer of the page");
        }
        if has(&["advert", "advertisement", "ads", "adsbygoogle", "promo", "sponsored"]) && bare && part(20) {
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

/// Reports whether `node` is inside an element with one of `names`.
pub(super) fn inside(node: &NodeRef, names: &[&str]) -> bool {
    node.ancestors_it(None)
        .any(|above| tags::name_of(&above).is_some_and(|name| names.contains(&&*name)))
}
