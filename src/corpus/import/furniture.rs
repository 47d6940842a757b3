//! Finds blocks that could be furniture: calls to share and subscribe, legal notices, text about the sender.
//!
//! The words of a block are one sign (`phrases.rs`). Its position, its links and the text below it are others. Usually
//! two signs must agree. A candidate is only furniture outside what somebody says, which `structure.rs` decides.

use super::block::{Block, Look};
use super::clean::{key, words};
use super::{footer, marks, phrases};

/// Kinds of dropped text that are not part of a newsletter's body: hidden, around the text, or repeated elsewhere.
pub(super) const NO_BODY: [&str; 34] = [
    "header or footer of the page",
    "comment on the text",
    "deletion that is tracked",
    "front matter",
    "frame within the page",
    "words around the messages of a digest",
    "call to subscribe",
    "advertisement",
    "hidden text",
    "description of a picture",
    "credit of a picture",
    "about the author",
    "navigation",
    "button",
    "form field",
    "dialog",
    "formula",
    "footer of the page",
    "side column",
    "other articles",
    "comments of readers",
    "call to share",
    "notice of the page",
    "line outside of the article",
    "name of the site",
    "note of the mail program",
    "date line",
    "view in browser",
    "subscription notice",
    "legal notice",
    "poll",
    "labels",
    "table of contents",
    "title, repeated",
];

/// Fewest words in a paragraph that counts as content wherever it is, unless its words are furniture.
const CONTENT_WORDS: usize = 12;
/// Most words after a label such as `About us` that ends a newsletter.
const ABOUT_WORDS: usize = 160;

/// For each block of a document, what kind of furniture it could be.
#[derive(Debug, Default)]
pub(super) struct Furniture {
    what: Vec<Option<&'static str>>,
    about: Vec<bool>,
    footer: Vec<bool>,
    /// Index after the last content. All later blocks are short or could be furniture.
    tail: usize,
}

impl Furniture {
    /// Looks at all `blocks`. With `keep_all`, nothing is furniture.
    pub(super) fn of(blocks: &[Block], keep_all: bool) -> Furniture {
        if keep_all {
            return Furniture {
                tail: blocks.len(),
                ..Furniture::default()
            };
        }
        let head = blocks.iter().position(is_content).unwrap_or(blocks.len());
        let tail = blocks.iter().rposition(is_content).map_or(0, |last| last + 1);
        let mut found = Furniture {
            what: (0..blocks.len()).map(|at| what(blocks, at, head, tail)).collect(),
            about: blocks.iter().map(|b| phrases::about_sender(&b.text)).collect(),
            footer: Vec::new(),
            tail,
        };
        found.polls(blocks);
        found.numbers(blocks, head, tail);
        found.footer = footer::mark(blocks, head, &mut found.what);
        found
    }

    /// Returns what block `at` could be.
    pub(super) fn at(&self, at: usize) -> Option<&'static str> {
        self.what.get(at).copied().flatten()
    }

    /// Reports whether block `at` is in the footer, whatever is above it.
    pub(super) fn is_footer(&self, at: usize) -> bool {
        self.footer.get(at).copied().unwrap_or(false)
    }

    /// Reports whether block `at` is text about the sender at the end.
    pub(super) fn is_about(&self, at: usize) -> bool {
        at >= self.tail && self.about.get(at).copied().unwrap_or(false)
    }

    /// Reports whether a label such as `About us` at block `at` begins the end of the newsletter.
    ///
    /// Only titles of other posts or a few words about the sender may follow.
    pub(super) fn ends_at(&self, at: usize, blocks: &[Block]) -> bool {
        if self.what.is_empty() {
            return false;
        }
        let rest = blocks.get(at + 1..).unwrap_or_default();
        let shown = || rest.iter().filter(|b| b.is_seen());
        let Some(label) = blocks.get(at) else { return false };
        let left: usize = shown().map(|b| words(&b.text)).sum();
        let before: usize = blocks[..at]
            .iter()
            .filter(|b| !matches!(b.look, Look::Unseen(_)))
            .map(|b| words(&b.text))
            .sum();
        if left > before {
            return false;
        }
        let k = key(&label.text);
        if let Some(name) = k.strip_prefix("how can you grow with ") {
            // The sender's name above a list of its offers.
            let named = label
                .text
                .trim_end_matches('?')
                .ends_with(|c: char| c.is_alphanumeric())
                && label
                    .text
                    .split_whitespace()
                    .next_back()
                    .is_some_and(|w| w.starts_with(char::is_uppercase));
            return named && words(name) <= 3 && shown().next().is_some_and(|b| b.look == Look::Item);
        }
        if k.contains("posts") {
            // A later heading of the same level begins another part.
            let level = |b: &Block| {
                if let Look::Heading(level) = b.look { level } else { 7 }
            };
            return shown().all(|b| words(&b.text) <= 20) && !shown().any(|b| level(b) <= level(label).min(6));
        }
        let level = |b: &Block| {
            if let Look::Heading(level) = b.look { level } else { 7 }
        };
        let next = shown().any(|b| matches!(b.look, Look::Heading(_)) && level(b) <= level(label).clamp(2, 6));
        left <= ABOUT_WORDS && !next
    }

    /// Marks polls: a question and the short answers to choose from.
    fn polls(&mut self, blocks: &[Block]) {
        for at in 0..blocks.len() {
            if !phrases::poll(&blocks[at].text) {
                continue;
            }
            let row = blocks
                .get(at + 1)
                .filter(|b| b.look == Look::Paragraph && phrases::choices(&b.text));
            if row.is_some() {
                self.what[at..=at + 1].fill(Some("poll"));
                continue;
            }
            let choice = |b: &&Block| words(&b.text) <= 4 && !matches!(b.look, Look::Heading(_));
            let count = blocks[at + 1..].iter().take(8).take_while(choice).count();
            if count >= 2 {
                self.what[at..=at + count].fill(Some("poll"));
            }
        }
    }

    /// Marks the numbers of likes and shares: bare numbers near calls to share.
    fn numbers(&mut self, blocks: &[Block], head: usize, tail: usize) {
        let is_number = |b: &Block| {
            let text = b.text.trim();
            b.look == Look::Paragraph && (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        for at in 0..blocks.len() {
            if !is_number(&blocks[at]) || head < at && at < tail {
                continue;
            }
            let near =
                (at.saturating_sub(2)..(at + 4).min(blocks.len())).any(|n| self.what[n] == Some("call to share"));
            if near {
                self.what[at] = Some("call to share");
            }
        }
    }
}

/// Reports whether `block` is content, because it is long or opens a question or an answer.
fn is_content(block: &Block) -> bool {
    if !block.is_seen() {
        return false;
    }
    let marked =
        marks::question(&block.text).is_some_and(|q| q.sure) || marks::answer(&block.text).is_some_and(|a| a.strong);
    let long = words(&block.text) >= CONTENT_WORDS
        && furniture(&block.text).is_none()
        && !phrases::about_sender(&block.text)
        && phrases::within(&block.text).is_none()
        && !phrases::postal(&block.text);
    marked || long
}

fn what(blocks: &[Block], at: usize, head: usize, tail: usize) -> Option<&'static str> {
    let block = blocks.get(at)?;
    if !block.is_seen() {
        return None;
    }
    let text = &block.text;
    // The rows of a table are content, whatever is in its cells.
    if text.starts_with("| ") {
        return None;
    }
    // A heading with text below it belongs to that text, whatever it says.
    let below = blocks
        .get(at + 1..)?
        .iter()
        .find(|b| !matches!(b.look, Look::Unseen(_)));
    let heads = matches!(block.look, Look::Heading(_))
        && below.is_some_and(|b| {
            !matches!(b.look, Look::Rule | Look::Heading(_)) && furniture(&b.text).is_none() && words(&b.text) > 3
        });
    if heads {
        return None;
    }
    if let Some(what) = phrases::template(text) {
        return Some(what);
    }
    if block.look == Look::Item && block.link.is_none() && is_announced(blocks, at) {
        return None;
    }
    let outside = at < head || at >= tail;
    let linked = block.link.is_some() || block.linked || text.contains("://");
    // An item such as `Terms of service: legal` is about them.
    if block.look == Look::Item && !linked && phrases::whole(text).is_none() {
        return None;
    }
    if let Some(what) = phrases::whole(text).filter(|_| outside || linked || !phrases::ambiguous(text)) {
        return Some(what);
    }
    if let Some(what) = phrases::opening(text) {
        let signs = [phrases::speaks(text), linked, outside];
        if signs.iter().filter(|sign| **sign).count() >= 2 || what == "welcome" && at <= head {
            return Some(what);
        }
    }
    if !outside {
        return None;
    }
    let parted = [" | ", " • ", " · ", " – ", " — ", "©"]
        .iter()
        .any(|sign| text.contains(sign));
    if let Some(what) = phrases::within(text).filter(|_| parted || linked || phrases::speaks(text)) {
        return Some(what);
    }
    // A heading such as `Comments (3)` keeps the comments below it apart from the text.
    let heads = matches!(block.look, Look::Heading(_)) && below.is_some_and(|b| furniture(&b.text).is_none());
    if block.look != Look::Item && phrases::counter(text) && !heads {
        return Some("call to share");
    }
    if phrases::sponsor(text) {
        return Some("advertisement");
    }
    (phrases::postal(text) && at >= tail).then_some("legal notice")
}

/// Reports whether the list with the item at `at` stands below a sentence that ends in a colon.
fn is_announced(blocks: &[Block], at: usize) -> bool {
    let above = blocks[..at]
        .iter()
        .rev()
        .filter(|b| b.is_seen())
        .find(|b| b.look != Look::Item);
    above.is_some_and(|b| b.text.ends_with(':') && words(&b.text) >= 4)
}

/// Returns the kind of furniture that `text` is by its words, or `None` if it is content.
pub(super) fn furniture(text: &str) -> Option<&'static str> {
    let whole = phrases::whole(text).filter(|_| !phrases::ambiguous(text));
    whole
        .or_else(|| phrases::template(text))
        .or_else(|| phrases::opening(text).filter(|what| *what == "welcome" || phrases::speaks(text)))
}

/// Reports whether readers do not see a block, or its words are furniture.
pub(super) fn is_idle(block: &Block) -> bool {
    !block.is_seen() || furniture(&block.text).is_some()
}

#[cfg(test)]
#[path = "furniture_tests.rs"]
mod tests;
