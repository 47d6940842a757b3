//! Handles labels during the pass over a newsletter, such as `In this issue` or `Resources`.
//!
//! A label moves the [`Builder`] to another place. `structure.rs` makes the pass, and `marks.rs` has the words of
//! labels.

use super::block::{Block, Look};
use super::clean::{key, words};
use super::closing;
use super::marks::Label;
use super::structure::{Builder, Place};
use super::turns::turn;

/// Most words in a sentence that introduces the list of resources.
const LEAD_IN_WORDS: usize = 40;

impl Builder {
    /// Handles a label. Returns `false` if it has no meaning in this place.
    pub(super) fn label(&mut self, label: Label, at: usize, blocks: &[Block]) -> bool {
        let Some(block) = blocks.get(at) else { return false };
        let settled = matches!(
            self.place,
            Place::Before | Place::Contents | Place::Signed | Place::Section | Place::Resources
        ) || self.place == Place::Footer;
        match label {
            Label::Contents if self.lists_contents && matches!(self.place, Place::Before | Place::Section) => {
                if !is_list_unseen(at, blocks) {
                    self.place = Place::Contents;
                }
            }
            Label::Discussions => {
                self.labels_left = self.labels_left.saturating_sub(1);
                let listed = self.place == Place::Contents && !self.contents.has_discussions();
                if listed || self.place == Place::Before && self.labels_left > 0 {
                    self.place = Place::Contents;
                    self.contents.list_discussions();
                } else {
                    self.end_answer();
                    self.place = Place::Before;
                }
            }
            Label::Resources if self.place == Place::Contents && !self.contents.lists_resources() => {
                self.contents.list_resources();
            }
            Label::Resources if !self.lists_resources(at, blocks) => return false,
            Label::Resources => {
                self.end_answer();
                self.lead_in = self.lead_in(at, blocks);
                self.place = Place::Resources;
                self.resources_level = match block.look {
                    Look::Heading(level) => Some(level),
                    _ => None,
                };
            }
            Label::Answers if matches!(self.place, Place::Question | Place::Asked) => self.place = Place::Asked,
            Label::Answers if self.place == Place::Signed => {}
            Label::Footer if settled && self.place != Place::Before && self.furniture.ends_at(at, blocks) => {
                self.place = Place::Footer;
                self.drop("footer", block);
                return true;
            }
            _ => return false,
        }
        self.label_words += words(&block.text);
        true
    }

    /// Reports whether a list of resources follows the line at `at`. A sentence may come first.
    ///
    /// `Resources` may also head a part of an article, and `Reading` anything.
    fn lists_resources(&self, at: usize, blocks: &[Block]) -> bool {
        let Some(next) = turn::next_seen(blocks, at) else {
            return false;
        };
        let label = key(blocks.get(at).map_or("", |b| &b.text));
        let bare = matches!(
            label.as_str(),
            "resources" | "reading" | "reading list" | "worth reading" | "what to read"
        ) || label.contains("links");
        let level = |b: &Block| if let Look::Heading(level) = b.look { level } else { 7 };
        let listed = |next: usize| {
            let Some(next) = blocks.get(next) else { return false };
            let deeper = blocks.get(at).is_some_and(|b| level(next) > level(b)) && level(next) < 7;
            next.look == Look::Item || next.link.is_some() || next.text.starts_with(['•', '“', '"', '*']) || deeper
        };
        listed(next) || self.lead_in(at, blocks).is_some() || !bare || label == "resources" && !self.article
    }

    /// Returns the sentence between the heading of the resources at `at` and their list.
    fn lead_in(&self, at: usize, blocks: &[Block]) -> Option<usize> {
        let sentence = turn::next_seen(blocks, at)?;
        let block = blocks.get(sentence)?;
        let first = turn::next_seen(blocks, sentence).and_then(|next| blocks.get(next))?;
        let short = block.look == Look::Paragraph && block.link.is_none() && words(&block.text) <= LEAD_IN_WORDS;
        let opens = first.link.is_some() && !matches!(first.look, Look::Heading(_));
        let leads = block.text.ends_with(':') || first.look == Look::Item;
        (short && opens && leads && !is_item(block)).then_some(sentence)
    }

    /// Reports whether `block` follows the resources: it is a heading of their level or higher, or text below their
    /// list.
    pub(super) fn resources_are_over(&self, block: &Block, after_rule: bool) -> bool {
        if let (Look::Heading(level), Some(own)) = (block.look, self.resources_level) {
            return level <= own;
        }
        let listed = self.resources.last().is_some_and(is_item);
        let item = is_item(block) || !block.loose;
        listed && !item && (after_rule || closing::farewell(&block.text))
    }
}

/// Reports whether the list below the label at `at` was left out as a menu, so that the text itself follows.
fn is_list_unseen(at: usize, blocks: &[Block]) -> bool {
    let is_menu = |b: &Block| {
        matches!(
            b.look,
            Look::Unseen("navigation" | "other articles" | "side column" | "line outside of the article")
        )
    };
    let Some(next) = turn::next_seen(blocks, at) else {
        return false;
    };
    let below = &blocks[next];
    let sentence = below.look == Look::Paragraph && below.text.ends_with(['.', '!', '?']) && words(&below.text) >= 8;
    blocks[at + 1..next].iter().any(is_menu) && (sentence || matches!(below.look, Look::Heading(_)))
}

fn is_item(block: &Block) -> bool {
    block.look == Look::Item || block.text.starts_with("• ")
}
