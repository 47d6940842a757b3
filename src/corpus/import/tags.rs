//! Classifies HTML elements, and walks a tree without recursion.
//!
//! It decides whether an element begins a paragraph or has readable text.

use dom_query::{NodeData, NodeRef};
use html5ever::LocalName;

/// Elements whose text is not part of the page, with their name in the report. `""` is not reported.
const UNREAD: [(&str, &str); 20] = [
    ("script", ""),
    ("style", ""),
    ("title", ""),
    ("template", ""),
    ("noscript", ""),
    ("svg", ""),
    // The reading of a word, small above it, repeats the word.
    ("rt", ""),
    ("rp", ""),
    ("math", "formula"),
    ("iframe", ""),
    ("object", ""),
    ("select", "form field"),
    ("textarea", "form field"),
    ("datalist", "form field"),
    ("button", "button"),
    ("nav", "navigation"),
    ("audio", ""),
    ("video", ""),
    ("canvas", ""),
    ("dialog", "dialog"),
];

/// Elements without an end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];

/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 38] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "html",
    "legend",
    "li",
    "main",
    "menu",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Returns the name in the report of an element whose text is not part of the page. `""` is not reported.
pub(super) fn unread(name: &str) -> Option<&'static str> {
    UNREAD.iter().find(|(unread, _)| *unread == name).map(|(_, what)| *what)
}

pub(super) fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || is_heading(name)
}

pub(super) fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// Reports whether a mail program made the quotation `node` of the message that is answered.
pub(super) fn is_of_mail(node: &NodeRef) -> bool {
    let made = |label: &String| matches!(label.as_str(), "gmail" | "yahoo" | "moz");
    node.attr("type").is_some_and(|kind| &*kind == "cite") || labels(node).iter().any(made)
}

/// Reports whether text follows an element in the same parent.
pub(super) fn text_follows(node: &NodeRef) -> bool {
    let mut next = node.next_sibling();
    while let Some(after) = next {
        if !text_of(after).trim().is_empty() {
            return true;
        }
        next = after.next_sibling();
    }
    false
}

/// One step of a [`Walk`].
pub(super) enum Step<'a> {
    Enter(NodeRef<'a>),
    Leave(NodeRef<'a>),
}

/// An iterator over `root` and all nodes below it in page order, without recursion.
pub(super) struct Walk<'a> {
    root: NodeRef<'a>,
    next: Option<(NodeRef<'a>, bool)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: NodeRef<'a>) -> Self {
        Walk {
            root,
            next: Some((root, true)),
        }
    }

    /// Skips the content of a node that [`Step::Enter`] has just returned.
    pub(super) fn pass(&mut self, entered: NodeRef<'a>) {
        self.next = Some((entered, false));
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        let (node, enter) = self.next.take()?;
        if enter {
            self.next = Some(node.first_child().map_or((node, false), |child| (child, true)));
            return Some(Step::Enter(node));
        }
        if node.id != self.root.id {
            let above = || node.parent().map(|parent| (parent, false));
            self.next = node.next_sibling().map(|next| (next, true)).or_else(above);
        }
        Some(Step::Leave(node))
    }
}

/// Returns the name of an element in lower case, or `None` for any other node.
pub(super) fn name_of(node: &NodeRef) -> Option<LocalName> {
    node.query_or(None, |node| match &node.data {
        NodeData::Element(element) => Some(element.name.local.clone()),
        _ => None,
    })
}

/// Calls `read` with the text of a text node.
pub(super) fn with_text<T>(node: &NodeRef, read: impl FnOnce(&str) -> T) -> Option<T> {
    node.query_or(None, |node| match &node.data {
        NodeData::Text { contents } => Some(read(contents)),
        _ => None,
    })
}

/// Returns the text in `node` that a page could show, with a space at each paragraph break.
pub(super) fn text_of(node: NodeRef) -> String {
    let mut out = String::new();
    let mut walk = Walk::new(node);
    while let Some(step) = walk.next() {
        let (Step::Enter(at) | Step::Leave(at)) = step;
        if let Some(name) = name_of(&at) {
            if matches!(&*name, "script" | "style" | "template" | "noscript") && matches!(step, Step::Enter(_)) {
                walk.pass(at);
            }
            if is_block(&name) || &*name == "br" {
                out.push(' ');
            }
        } else if matches!(step, Step::Enter(_)) {
            with_text(&at, |text| out.push_str(text));
        }
    }
    out
}

/// Splits the class and the id of an element into lower-case words: `post-title` is `post` and `title`.
pub(super) fn labels(node: &NodeRef) -> Vec<String> {
    let both = [node.attr("class"), node.attr("id")];
    let text = both
        .iter()
        .flatten()
        .map(|v| v.to_string())
        .collect::<Vec<_>>()
        .join(" ");
    if text.len() > 2_000 {
        return Vec::new();
    }
    let mut out: Vec<String> = vec![String::new()];
    let mut previous = ' ';
    for c in text.chars() {
        let parts = !c.is_alphanumeric() || c.is_uppercase() && previous.is_lowercase();
        if parts && out.last().is_some_and(|word| !word.is_empty()) {
            out.push(String::new());
        }
        if let Some(word) = out.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        previous = c;
    }
    out
}

/// Reports whether labels name a box about an author.
pub(super) fn says_author(labels: &[String]) -> bool {
    let has = |wanted: &[&str]| labels.iter().any(|l| wanted.contains(&l.as_str()));
    has(&["author", "authors"])
        && has(&[
            "bio",
            "biography",
            "box",
            "info",
            "about",
            "description",
            "card",
            "profile",
        ])
}

/// Reports whether labels name readers' comments. Some pages call what their experts say a comment.
pub(super) fn says_comments(labels: &[String]) -> bool {
    let has = |wanted: &[&str]| labels.iter().any(|l| wanted.contains(&l.as_str()));
    has(&["comments", "comment", "disqus", "respond", "reactions"]) && !has(&["body", "expert", "guest", "panel"])
}

/// Whether a quotation names its author in an element of its own: `<footer>` or `<cite>`.
pub(super) fn names_author(quote: &NodeRef) -> bool {
    let is = |node: &NodeRef, names: &[&str]| name_of(node).is_some_and(|name| names.contains(&&*name));
    let Some(last) = quote.children_it(true).find(|node| name_of(node).is_some()) else {
        return false;
    };
    let cites = || last.children_it(false).filter(|node| name_of(node).is_some()).count() == 1;
    is(&last, &["footer", "cite", "figcaption"])
        || is(&last, &["p", "div"]) && cites() && last.children_it(false).any(|node| is(&node, &["cite"]))
}

/// Whether the caption of a figure stands below a quotation and not below a picture.
pub(super) fn captions_quote(caption: &NodeRef) -> bool {
    let above = caption
        .parent()
        .and_then(|figure| figure.children_it(false).find(|node| name_of(node).is_some()));
    above.is_some_and(|above| name_of(&above).is_some_and(|name| &*name == "blockquote"))
}

/// Whether an element is a footnote, or several, by what books and the ARIA roles for them say.
pub(super) fn is_note(node: &NodeRef) -> bool {
    let kinds = [node.attr("epub:type"), node.attr("role")];
    kinds.iter().flatten().any(|kind| {
        let note = |kind: &str| {
            matches!(
                kind.trim_start_matches("doc-"),
                "footnote" | "footnotes" | "endnote" | "endnotes" | "rearnote" | "rearnotes" | "note"
            )
        };
        kind.split_whitespace().any(note)
    })
}

/// Reports whether a page leaves an element out when it is printed.
pub(super) fn is_unprinted(node: &NodeRef) -> bool {
    let class = node.attr("class").unwrap_or_default().to_ascii_lowercase();
    let signs = [
        "noprint",
        "no-print",
        "print-none",
        "print-hide",
        "print-hidden",
        "hidden-print",
        "hide-print",
        "hide-for-print",
    ];
    signs.iter().any(|sign| class.contains(sign))
}

/// Reports whether a style raises the text above its line, as `sup` does.
pub(super) fn is_raised(node: &NodeRef) -> bool {
    style(node).is_some_and(|style| {
        let moved = |d: &str| {
            let up = d.strip_prefix("top:-").or_else(|| d.strip_prefix("bottom:"));
            up.is_some_and(|length| length.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
        };
        let has = |wanted: &str| style.split(';').any(|d| d == wanted);
        has("vertical-align:super")
            || has("position:relative") && style.split(';').any(moved) && style.contains("font-size:")
    })
}

/// Returns the style of an element in lower case, without spaces.
pub(super) fn style(node: &NodeRef) -> Option<String> {
    let style = node.attr("style")?;
    let lower = style.to_ascii_lowercase();
    Some(lower.chars().filter(|c| !c.is_whitespace()).collect())
}

/// Whether the next element is another text that opens on a click.
pub(super) fn followed_by_details(node: &NodeRef) -> bool {
    let mut next = node.next_sibling();
    while let Some(at) = next {
        if let Some(name) = name_of(&at) {
            return &*name == "details";
        }
        if with_text(&at, |text| !text.trim().is_empty()).unwrap_or(false) {
            return false;
        }
        next = at.next_sibling();
    }
    // The end of what is around it is an end by itself.
    true
}

/// Whether a `<span>` follows another one without a space, and each has several words: a name, a day, a time to read.
///
/// The page sets them apart. Spans within a word have one word or begin in small letters.
pub(super) fn stands_apart(span: &NodeRef) -> bool {
    let several = |node: &NodeRef| super::clean::words(&text_of(*node)) >= 2;
    let Some(before) = span.prev_sibling() else {
        return false;
    };
    let beside = name_of(&before).is_some_and(|name| &*name == "span") && several(&before) && several(span);
    beside && text_of(*span).starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
}

/// Reports whether `node` is inside an element with one of `names`.
pub(super) fn inside(node: &NodeRef, names: &[&str]) -> bool {
    node.ancestors_it(None)
        .any(|above| name_of(&above).is_some_and(|name| names.contains(&&*name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words() {
        let document = dom_query::Document::from("<p class='post-title navBar' id='comments_12'>x");
        let p = document.select("p").nodes()[0];
        assert_eq!(labels(&p), ["post", "title", "nav", "bar", "comments", "12"]);
    }
}
