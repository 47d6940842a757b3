//! Parses HTML into a bounded tree, as browsers do (WHATWG tree construction by html5ever).
//!
//! Depth and size are bounded, so that later steps can walk the tree freely. The standard's algorithm searches all open
//! elements at each tag. A page that never closes elements would take quadratic time. Tags deeper than [`MAX_OPEN`] are
//! left out, as browsers do, but their text stays.

use std::cell::Cell;

use dom_query::{Document, NodeId};
use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::Tracer;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};

/// Most elements open at once. Formatting elements that are waiting to be reopened count too.
const MAX_OPEN: usize = 512;

/// Fewest paragraphs in `<noscript>` that may be the text of a page.
const LEAST_PARAGRAPHS: usize = 2;

/// Elements whose content is text up to their end tag. One that never ends would swallow the rest of the page.
const RAW: [&str; 9] = [
    "script", "style", "title", "textarea", "iframe", "noscript", "noembed", "noframes", "xmp",
];

/// Parses `html` into a tree of at most `max_nodes` nodes. Returns `None` if it has more.
///
/// As in a browser that runs scripts, the content of `<noscript>` is one text that is no part of the page. If most of
/// the page's paragraphs are in there, they are what the page says to readers without scripts, and are read as such.
pub(super) fn parse(html: &str, max_nodes: usize) -> Option<Document> {
    let noscript = Noscript::of(html);
    let options = TreeBuilderOpts {
        scripting_enabled: noscript == Noscript::Text,
        ..TreeBuilderOpts::default()
    };
    let sink = Bounded {
        builder: TreeBuilder::new(Document::default(), options),
        noscript,
        xml: is_xml(html),
        unended: RAW.into_iter().filter(|name| !has_end(html, name)).collect(),
        open: Cell::new(0),
        max_nodes,
        full: Cell::new(false),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let sink = tokenizer.sink;
    (!sink.full.get()).then_some(sink.builder.sink)
}

/// Reports whether a page is XML, where `<script/>` is a complete element.
fn is_xml(html: &str) -> bool {
    let head = html.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    head.starts_with("<?xml")
}

fn has_end(html: &str, name: &str) -> bool {
    let bytes = html.as_bytes();
    bytes
        .windows(name.len() + 2)
        .any(|w| w[0] == b'<' && w[1] == b'/' && w[2..].eq_ignore_ascii_case(name.as_bytes()))
}

/// What becomes of `<noscript>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noscript {
    /// Its content is one text.
    Text,
    /// Its content are elements below it, because the last one has no end tag.
    Elements,
    /// Its tags are left out, and its content belongs to the page.
    Page,
}

impl Noscript {
    fn of(html: &str) -> Noscript {
        let lower = html.to_ascii_lowercase();
        let (start, end) = (lower.rfind("<noscript"), lower.rfind("</noscript"));
        if start > end {
            return Noscript::Elements;
        }
        let paragraphs = |text: &str| text.matches("<p>").count() + text.matches("<p ").count();
        let within = |start: &str, end: &str| {
            let (mut found, mut rest) = (0, lower.as_str());
            while let Some((_, after)) = rest.split_once(start) {
                let (content, next) = after.split_once(end).unwrap_or((after, ""));
                found += paragraphs(content);
                rest = next;
            }
            found
        };
        let unscripted = within("<noscript", "</noscript");
        // A script may have the same text as a template.
        let seen = paragraphs(&lower).saturating_sub(within("<script", "</script"));
        if unscripted >= LEAST_PARAGRAPHS && 2 * unscripted > seen {
            Noscript::Page
        } else {
            Noscript::Text
        }
    }
}

/// Filters tokens between the tokenizer and the tree builder.
struct Bounded {
    builder: TreeBuilder<NodeId, Document>,
    noscript: Noscript,
    xml: bool,
    /// Names of [`RAW`] elements that the page never ends.
    unended: Vec<&'static str>,
    /// An upper bound on the number of open elements.
    open: Cell<usize>,
    max_nodes: usize,
    full: Cell<bool>,
}

/// Counts the handles that a tree builder holds.
#[derive(Default)]
struct Count(Cell<usize>);

impl Tracer for Count {
    type Handle = NodeId;

    fn trace_handle(&self, _: &NodeId) {
        self.0.set(self.0.get() + 1);
    }
}

impl Bounded {
    /// Reports whether one more element may be opened.
    fn may_open(&self, tag: &Tag) -> bool {
        if self.open.get() >= MAX_OPEN {
            let count = Count::default();
            self.builder.trace_handles(&count);
            self.open.set(count.0.get());
        }
        self.open.set(self.open.get() + 1);
        // The tokenizer must see raw-text elements, or it would read their text as tags.
        let most = if RAW.contains(&&*tag.name) {
            2 * MAX_OPEN
        } else {
            MAX_OPEN
        };
        self.open.get() <= most
    }

    /// Reports whether a self-closing tag (`<script/>`) is a complete element here.
    fn is_whole(&self, tag: &Tag) -> bool {
        tag.kind == TagKind::StartTag
            && tag.self_closing
            && (self.xml || self.unended.contains(&&*tag.name))
            && !super::tags::is_void(&tag.name)
            && !matches!(&*tag.name, "html" | "head" | "body")
    }
}

impl TokenSink for Bounded {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        if self.full.get() {
            return TokenSinkResult::Continue;
        }
        if self.builder.sink.tree.len() > self.max_nodes {
            self.full.set(true);
            return TokenSinkResult::Continue;
        }
        match token {
            Token::TagToken(tag) if self.noscript == Noscript::Page && &*tag.name == "noscript" => {
                TokenSinkResult::Continue
            }
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                if !super::tags::is_void(&tag.name) && !self.may_open(&tag) {
                    return TokenSinkResult::Continue;
                }
                if self.is_whole(&tag) {
                    let end = Tag {
                        kind: TagKind::EndTag,
                        attrs: Vec::new(),
                        self_closing: false,
                        ..tag.clone()
                    };
                    let _ = self.builder.process_token(Token::TagToken(tag), line);
                    let _ = self.builder.process_token(Token::TagToken(end), line);
                    return TokenSinkResult::Continue;
                }
                self.builder.process_token(Token::TagToken(tag), line)
            }
            // Nothing uses parse errors, and a hostile page has one for each byte.
            Token::ParseError(_) | Token::CommentToken(_) => TokenSinkResult::Continue,
            token => self.builder.process_token(token, line),
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        parse(html, 1_000_000).unwrap().text().to_string()
    }

    #[test]
    fn elements_end_where_browsers_end_them() {
        assert_eq!(text("<p><span hidden>a</p><p>b"), "ab");
        assert_eq!(text("<div/>a<p/>b"), "ab");
        assert!(text("<?xml version='1.0'?><html><head><title/><script src='x'/></head><body>seen").contains("seen"));
        assert_eq!(text("<iframe src='x'/>after"), "after");
        assert_eq!(text("<script>a</script>b"), "ab");
        // An element that `<noscript>` leaves open ends with it.
        assert!(
            parse("<body><noscript><div id=a></noscript><p>b", 100)
                .unwrap()
                .select("body > p")
                .exists()
        );
        assert!(parse("<p>a<noscript><div><p>b", 100).unwrap().text().contains('a'));
        let most = "<p>a<noscript><p>b<p>c</noscript>";
        assert_eq!(parse(most, 100).unwrap().select("body > p").length(), 3);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("{}<p>bottom", "<div><b><ul><li>".repeat(100_000));
        let document = parse(&deep, 1_000_000).unwrap();
        let depth = document
            .root()
            .descendants_it()
            .map(|n| n.ancestors_it(None).count())
            .max();
        assert!(depth < Some(MAX_OPEN + 8), "{depth:?}");
        assert!(document.text().contains("bottom"));
        let shut = format!("{}{}<p>after", "<div>".repeat(2_000), "</div>".repeat(2_000));
        let document = parse(&shut, 1_000_000).unwrap();
        assert_eq!(document.select("body > p").text().as_ref(), "after");
        assert!(parse(&"<p>x".repeat(1_000), 500).is_none());
        // Formatting that is reopened in each paragraph multiplies the number of nodes.
        let many: String = (0..400).map(|n| format!("<b id={n}>")).collect();
        assert!(parse(&format!("<p>{many}</p>{}", "<p>x</p>".repeat(10_000)), 100_000).is_none());
    }
}
