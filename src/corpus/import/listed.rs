//! The part of the pass over a newsletter that acts on titles which the table of contents lists.
//!
//! A title opens a discussion if an answer stands below it, and a section otherwise. The contents count both, so a
//! question's number is its place among the titles that are not sections.

use super::block::{Block, Look};
use super::marks;
use super::structure::{Builder, Place};
use super::turns::turn::{self, Turn};

/// What a title of the table of contents opens.
pub(super) enum Listed {
    /// With its number.
    Question(u32),
    Section,
}

impl Builder {
    /// What the block at `at` opens, if the table of contents lists it and it comes for the first time.
    pub(super) fn listed(&mut self, at: usize, blocks: &[Block]) -> Option<Listed> {
        let number = self.contents.discussion_number(&blocks.get(at)?.text)?;
        if self.listed_sections.contains(&number) {
            return None;
        }
        let before = self.listed_sections.iter().filter(|&&section| section < number).count();
        let place = number - before as u32;
        if self.numbers.contains(&place) {
            return None;
        }
        if self.is_answered(at, blocks) {
            return Some(Listed::Question(place));
        }
        self.listed_sections.insert(number);
        Some(Listed::Section)
    }

    /// Whether an answer or a signature follows the title at `at` before the next title or question.
    fn is_answered(&self, at: usize, blocks: &[Block]) -> bool {
        let ends = |at: usize| {
            let block = &blocks[at];
            matches!(self.turns.at(at), Some(Turn::Question(_)))
                || block.is_seen()
                    && (turn::is_question(block) || self.contents.discussion_number(&block.text).is_some())
        };
        let answers = |at: usize| {
            let block = &blocks[at];
            let signs = || marks::signature(&block.text).is_some() || marks::signed_by_role(&block.text).is_some();
            let marked = || marks::answer(&block.text).is_some() || block.look != Look::Item && signs();
            matches!(self.turns.at(at), Some(Turn::Answer(_))) || block.is_seen() && marked()
        };
        (at + 1..blocks.len()).take_while(|&at| !ends(at)).any(answers)
    }

    /// Begins the section that `block` heads.
    pub(super) fn listed_section(&mut self, block: &Block) {
        self.end_answer();
        self.place = Place::Signed;
        let look = match block.look {
            Look::Heading(_) => block.look,
            _ => Look::Heading(2),
        };
        self.section_text(&Block { look, ..block.clone() }, None);
    }
}
