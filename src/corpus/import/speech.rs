//! Handles turns during the pass over a newsletter, and decides where an answer ends.
//!
//! A turn is found by the layout of the letter. It becomes part of a discussion, as in `discussion.rs` for marks.

use super::block::{Block, Look};
use super::clean::{bounded_line, words};
use super::discussion::LETTERS;
use super::structure::parts::{MAX_LINE, append};
use super::structure::{Builder, Place};
use super::turns::turn::{Asked, Said, Turn};
use super::{closing, marks};
use crate::corpus::edition::Answer;

/// Removes the emphasis around a title.
fn plain_title(text: &str) -> String {
    text.trim_matches(['*', '_', ' ']).to_string()
}

impl Builder {
    /// Acts on a turn that the layout shows; `false` where it has no meaning in this place.
    pub(super) fn turn(&mut self, turn: Turn, at: usize, blocks: &[Block]) -> bool {
        let Some(block) = blocks.get(at) else { return false };
        match turn {
            Turn::Question(asked) => self.asked(asked, block),
            Turn::Asker(name, said) => return self.asker(&name, &said, block),
            Turn::Answer(said) => return self.said(said, block),
            Turn::Label(kept) => {
                self.label_words += words(&block.text).saturating_sub(kept);
                let counted = kept.min(self.made_up);
                self.made_up -= counted;
                self.label_words += kept - counted;
            }
            Turn::Byline => return self.byline(block),
            Turn::Section if matches!(self.place, Place::Answer | Place::Signed) => {
                let text = plain_title(&block.text);
                self.listed_section(&Block {
                    text,
                    rich: None,
                    ..block.clone()
                });
            }
            Turn::Section => return false,
            Turn::Aside => return self.aside(block),
            Turn::Choice => self.text(at, blocks, false),
            Turn::Text if self.place == Place::Answer => self.text(at, blocks, false),
            Turn::Text => return false,
        }
        true
    }

    fn asked(&mut self, asked: Asked, block: &Block) {
        self.end_answer();
        let kept = words(&asked.title) + words(&asked.body) + asked.asker.as_deref().map_or(0, words);
        self.account(kept, block);
        self.begin_question(asked.number, &asked.title, asked.why);
        if asked.asker.is_some() {
            self.why.question(self.number(), "the line names who asks");
        }
        if let Some(discussion) = self.built.edition.discussions.last_mut() {
            append(&mut discussion.body, &asked.body, true);
            discussion.asked_by = asked.asker.map(|name| bounded_line(&name, MAX_LINE));
        }
        self.untitled = false;
    }

    /// Records that `block` became `kept` words of the edition.
    fn account(&mut self, kept: usize, block: &Block) {
        let had = words(&block.text);
        self.label_words += had.saturating_sub(kept);
        self.made_up += kept.saturating_sub(had);
    }

    fn asker(&mut self, name: &str, said: &str, block: &Block) -> bool {
        let in_question = matches!(self.place, Place::Question | Place::Asked);
        let Some(discussion) = self
            .built
            .edition
            .discussions
            .last_mut()
            .filter(|d| in_question && d.asked_by.is_none())
        else {
            return false;
        };
        discussion.asked_by = Some(bounded_line(name, MAX_LINE)).filter(|name| !name.is_empty());
        append(&mut discussion.body, said, true);
        let kept = words(name) + words(said);
        self.account(kept, block);
        self.why
            .question(self.number(), "a line beside the question names who asks");
        true
    }

    fn said(&mut self, said: Said, block: &Block) -> bool {
        let title = said.opens.filter(|_| self.built.edition.discussions.is_empty());
        if let Some(title) = &title {
            self.made_up += words(title);
            self.begin_question(0, title, "speakers by turns, of whom nobody asks");
            self.untitled = false;
        }
        if self.built.edition.discussions.is_empty() {
            return false;
        }
        self.end_answer();
        let next = self.last_answer.map_or(0, |last| last + 1);
        let index = said
            .index
            .filter(|&index| index >= next && index < LETTERS)
            .unwrap_or(next);
        self.account(said.by.as_deref().map_or(0, words) + words(&said.text), block);
        self.begin_answer(index, &said.text, said.why);
        self.opening = block.look;
        let by = said.by.map(|name| bounded_line(&name, MAX_LINE));
        let answer = self
            .built
            .edition
            .discussions
            .last_mut()
            .and_then(|d| d.answers.last_mut());
        if let (Some(answer), Some(by)) = (answer, by) {
            answer.contributor = by;
        }
        true
    }

    /// Keeps an editor's words as a section, and goes on with the discussion.
    fn aside(&mut self, block: &Block) -> bool {
        if !matches!(self.place, Place::Answer | Place::Signed) || !block.is_seen() {
            return false;
        }
        self.end_answer();
        self.note_text(block);
        self.place = Place::Signed;
        true
    }

    /// Leaves the name of an item's author with that item.
    fn byline(&mut self, block: &Block) -> bool {
        if self.place == Place::Before {
            let text = Block::new(Look::Paragraph, block.text.clone());
            self.section_text(&text, None);
            return true;
        }
        let section = self
            .built
            .edition
            .sections
            .last_mut()
            .filter(|_| self.place == Place::Section);
        section.is_some_and(|section| {
            append(&mut section.body, &block.text, true);
            true
        })
    }

    /// Reports whether `block` comes after the open answer: nothing signs it later, and something new begins.
    pub(super) fn answer_is_over(&self, at: usize, block: &Block, after_rule: bool) -> bool {
        if self.place != Place::Answer {
            return false;
        }
        let open = self.built.edition.discussions.last().and_then(|d| d.answers.last());
        // Text below a rule is not surely that of the one who is named above it.
        if after_rule && open.is_some_and(|answer| !answer.contributor.is_empty() && !answer.body.is_empty()) {
            return true;
        }
        // A signature below a farewell, a rule or a heading may be the sender's.
        if self.turns.another_opens(at) {
            return false;
        }
        let notice = matches!(self.furniture.at(at), Some("legal notice" | "subscription notice"));
        let answered = |answer: &Answer| !answer.contributor.is_empty() && !answer.body.is_empty();
        if notice && open.is_some_and(answered) {
            return true;
        }
        let below = match (block.look, self.opening) {
            (Look::Heading(level @ 1..=6), Look::Heading(own)) => level <= own,
            (Look::Heading(1..=6), _) => true,
            _ => false,
        };
        let started = open.is_some_and(|answer| !answer.body.is_empty());
        let signs = || marks::signature(&block.text).is_some() || marks::signed_by_role(&block.text).is_some();
        started && (below || after_rule && !signs() || closing::farewell(&block.text) || self.turns.is_tail(at))
    }
}
