//! The furniture of a newsletter: invitations to share and subscribe, legal notices, what the sender says about itself.
//!
//! In: the blocks of a document. Out: which of them could be furniture, and of what kind. The words of a block are one
//! sign (`phrases.rs`); where it stands, whether it links, and what stands below it are others, and two must agree. It
//! is only where it stands outside of what somebody says, which is for `structure.rs` to judge.

use super::block::{Block, Look};
use super::clean::{key, words};
use super::{marks, phrases};

/// Fewest words of a paragraph that is content, whatever stands around it.
const CONTENT_WORDS: usize = 12;
/// Most words after a label such as `About us` that is the end of a newsletter.
const ABOUT_WORDS: usize = 160;

/// What could be furniture in a document, by block.
#[derive(Debug, Default)]
pub(super) struct Furniture {
    what: Vec<Option<&'static str>>,
    about: Vec<bool>,
    /// Everything from here on is short, or could be furniture.
    tail: usize,
}

impl Furniture {
    /// Looks at all of `blocks`; with `keep_all` nothing is furniture.
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
            tail,
        };
        found.polls(blocks);
        found.numbers(blocks, head, tail);
        found
    }

    /// What block `at` could be.
    pub(super) fn at(&self, at: usize) -> Option<&'static str> {
        self.what.get(at).copied().flatten()
    }

    /// Whether block `at` is what the sender says about itself, at the end.
    pub(super) fn is_about(&self, at: usize) -> bool {
        at >= self.tail && self.about.get(at).copied().unwrap_or(false)
    }

    /// Whether a label such as `About us` at block `at` begins the end of the newsletter: only names of other posts, or
    /// a few words about the sender, come after it.
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
            // The name of the sender, over a list of what it offers.
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
            return shown().all(|b| words(&b.text) <= 20);
        }
        left <= ABOUT_WORDS && !shown().any(|b| matches!(b.look, Look::Heading(1..=2)))
    }

    /// A poll: its question, and the short answers to choose from.
    fn polls(&mut self, blocks: &[Block]) {
        for at in 0..blocks.len() {
            if !phrases::poll(&blocks[at].text) {
                continue;
            }
            let choice = |b: &&Block| words(&b.text) <= 4 && !matches!(b.look, Look::Heading(_));
            let count = blocks[at + 1..].iter().take(8).take_while(choice).count();
            if count >= 2 {
                self.what[at..=at + count].fill(Some("poll"));
            }
        }
    }

    /// How many liked and shared a post: bare numbers beside the calls to do so.
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

/// Whether `block` is content for its length, or as a mark of a discussion.
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
    // A heading with text below it is the heading of that text, whatever it says.
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
    let outside = at < head || at >= tail;
    let linked = block.link.is_some() || text.contains("://");
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
    if phrases::sponsor(text) {
        return Some("advertisement");
    }
    (phrases::postal(text) && at >= tail).then_some("legal notice")
}

/// The kind of furniture that `text` could be by its words alone, or `None` where it is content.
pub(super) fn furniture(text: &str) -> Option<&'static str> {
    let whole = phrases::whole(text).filter(|_| !phrases::ambiguous(text));
    whole
        .or_else(|| phrases::template(text))
        .or_else(|| phrases::opening(text).filter(|what| *what == "welcome" || phrases::speaks(text)))
}

/// Whether a block says nothing of the letter: no reader sees it, or its words alone are furniture.
pub(super) fn is_idle(block: &Block) -> bool {
    !block.is_seen() || furniture(&block.text).is_some()
}

#[cfg(test)]
#[path = "furniture_tests.rs"]
mod tests;
