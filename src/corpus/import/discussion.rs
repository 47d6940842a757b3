//! The part of the pass over a newsletter that finds discussions: where a question, an answer or a signature is one.
//!
//! In: blocks, and the place that [`Builder`] is in. Out: discussions in its edition. What is neither is left to
//! `prose.rs`.

use super::block::{Block, Look};
use super::clean::{bounded_line, one_line, words};
use super::structure::{Builder, MAX_LINE, Place, UNSIGNED, append};
use super::{furniture, marks};
use crate::corpus::edition::{Answer, Discussion};

/// How many letters answers are numbered by.
const LETTERS: u32 = 26;

impl Builder {
    /// Begins a discussion where `block` opens one.
    pub(super) fn question(&mut self, at: usize, block: &Block, after_rule: bool) -> bool {
        let (number, title) = match marks::question(&block.text) {
            Some(q) => {
                let again = self.last_question.get(&q.number).is_some_and(|&last| last > at);
                if self.place == Place::Contents && again {
                    self.contents.add(q.title);
                    self.toc_words(block, q.title);
                    return true;
                }
                if !self.is_question(&q, after_rule) {
                    return false;
                }
                (q.number, q.title)
            }
            // A title of the table of contents, met again without its number.
            None if self.place != Place::Contents && block.text.len() <= 400 => {
                match self.contents.discussion_number(&block.text) {
                    Some(number) if !self.numbers.contains(&number) => (number, block.text.as_str()),
                    _ => return false,
                }
            }
            None => return false,
        };
        self.end_answer();
        let (title, body) = title.split_once('\n').unwrap_or((title, ""));
        self.label_words += words(&block.text).saturating_sub(words(title) + words(body));
        self.begin_question(number, title);
        if let Some(discussion) = self.built.edition.discussions.last_mut() {
            append(&mut discussion.body, body, true);
        }
        true
    }

    /// Whether `Question 2 …` opens a question here. In the middle of what somebody says it may be a part of that.
    fn is_question(&self, q: &marks::Question, after_rule: bool) -> bool {
        if self.contents.discussion_number(q.title).is_some() {
            return true;
        }
        let capital = q.title.starts_with(|c: char| !c.is_lowercase()) && q.title.len() <= 4 * MAX_LINE;
        let speaking = matches!(self.place, Place::Question | Place::Asked | Place::Answer) && !after_rule;
        let next = q.number == self.highest + 1 && (q.title.is_empty() || self.contents.agrees(q.number, q.title));
        (q.sure || capital) && (!speaking || next)
    }

    fn begin_question(&mut self, number: u32, title: &str) {
        let number = self.free_number(number);
        let full = one_line(title.trim_matches(['*', '_', ' ']));
        let title = bounded_line(&full, MAX_LINE);
        let mut discussion = Discussion {
            number,
            title,
            asked_by: None,
            also_asked: Vec::new(),
            body: String::new(),
            answers: Vec::new(),
        };
        if discussion.title.chars().count() < full.chars().count() {
            self.made_up += words(&discussion.title);
            discussion.body = full;
        }
        self.untitled = discussion.title.is_empty();
        self.built.edition.discussions.push(discussion);
        self.last_answer = None;
        self.strong_marks = None;
        self.place = Place::Question;
    }

    /// `wanted` where it is free and sensible, or else the next number after the highest.
    fn free_number(&mut self, wanted: u32) -> u32 {
        let taken = wanted == 0 || self.numbers.contains(&wanted);
        let number = if taken { self.highest + 1 } else { wanted };
        self.highest = self.highest.max(number);
        self.numbers.insert(number);
        number
    }

    /// The mark of an answer that `block`, at index `at`, begins with, if it is of the sort that this discussion has.
    fn mark<'a>(&self, at: usize, block: &'a Block) -> Option<marks::AnswerMark<'a>> {
        let strong_ahead = self.strong_ahead.get(at).copied().unwrap_or(false);
        let fits = |mark: &marks::AnswerMark| match self.strong_marks {
            Some(strong) => mark.strong == strong,
            None => mark.strong || !strong_ahead,
        };
        marks::answer(&block.text).filter(fits)
    }

    /// Begins an answer where `block` opens the one that is expected.
    pub(super) fn answer(&mut self, at: usize, block: &Block) -> bool {
        let Some(mark) = self.mark(at, block) else {
            return false;
        };
        if self.place == Place::Section && mark.strong && mark.index == 0 && !self.built.edition.sections.is_empty() {
            self.section_to_question();
        }
        let in_discussion = matches!(
            self.place,
            Place::Question | Place::Asked | Place::Answer | Place::Signed
        );
        let expected = self.last_answer.map_or(0, |last| last + 1);
        // A letter may be missing; one that comes twice, or too early, is text.
        let skips = mark.strong && mark.index > expected && mark.index < LETTERS;
        if !in_discussion || mark.index != expected && !skips {
            return false;
        }
        self.end_answer();
        self.strong_marks = Some(mark.strong);
        self.label_words += words(&block.text).saturating_sub(words(mark.text));
        self.begin_answer(mark.index, mark.text);
        true
    }

    /// `index` is 0 for A; after Z the letters begin again, and `tidy.rs` parts the discussion there.
    fn begin_answer(&mut self, index: u32, text: &str) {
        if let Some(discussion) = self.built.edition.discussions.last_mut() {
            discussion.answers.push(Answer {
                letter: (b'a' + (index % LETTERS) as u8) as char,
                contributor: String::new(),
                also_asked: Vec::new(),
                body: text.trim().to_string(),
            });
            self.last_answer = Some(index);
            self.place = Place::Answer;
        }
    }

    /// Begins an answer that no letter announces.
    pub(super) fn begin_unlettered(&mut self) {
        self.begin_answer(self.last_answer.map_or(0, |last| last + 1), "");
    }

    /// A heading whose text goes on with `A]` was a question without a number.
    fn section_to_question(&mut self) {
        let Some(section) = self.built.edition.sections.pop() else {
            return;
        };
        self.begin_question(0, &section.title);
        if let Some(discussion) = self.built.edition.discussions.last_mut() {
            let (body, asker) = split_signature(&section.body);
            append(&mut discussion.body, body, true);
            discussion.asked_by = asker.map(str::to_string);
        }
    }

    pub(super) fn signature(&mut self, at: usize, blocks: &[Block]) -> bool {
        let Some(block) = blocks.get(at).filter(|b| b.look != Look::Item) else {
            return false;
        };
        if !matches!(self.place, Place::Question | Place::Answer) {
            return false;
        }
        let Some(name) = marks::signature(&block.text) else {
            return false;
        };
        let previous = at.checked_sub(1).and_then(|at| blocks.get(at));
        let is_dash_item = |b: &Block| b.text.starts_with("- ");
        if is_dash_item(block)
            && previous.is_some_and(|p| is_dash_item(p) && (!block.loose || marks::signature(&p.text).is_some()))
        {
            return false;
        }
        if (self.lettered || self.place == Place::Question) && !self.ends_here(at, blocks) {
            return false;
        }
        self.sign(name)
    }

    /// Whether what follows block `at` begins something new, so that a name there signs what came before.
    fn ends_here(&self, at: usize, blocks: &[Block]) -> bool {
        let mut rest = blocks
            .iter()
            .enumerate()
            .skip(at + 1)
            .filter(|(_, b)| !matches!(b.look, Look::Unseen(_)));
        let Some((next_at, next)) = rest.next() else {
            return true;
        };
        let unlettered_asker = !self.lettered && self.place == Place::Question;
        matches!(next.look, Look::Rule | Look::Heading(_))
            || unlettered_asker
            || marks::label(&next.text).is_some()
            || self.mark(next_at, next).is_some()
            || marks::question(&next.text).is_some()
            || self.contents.discussion_number(&next.text).is_some()
            || furniture::furniture(&next.text).is_some()
            || furniture::is_about_sender(&next.text)
    }

    fn sign(&mut self, name: &str) -> bool {
        let name = bounded_line(name, MAX_LINE);
        let Some(discussion) = self.built.edition.discussions.last_mut() else {
            return false;
        };
        if self.place == Place::Question {
            if discussion.asked_by.is_some() {
                return false;
            }
            discussion.asked_by = Some(name);
            self.place = Place::Asked;
            return true;
        }
        let Some(answer) = discussion.answers.last_mut().filter(|a| a.contributor.is_empty()) else {
            return false;
        };
        answer.contributor = name;
        self.place = Place::Signed;
        true
    }

    /// Closes an answer that was not signed.
    pub(super) fn end_answer(&mut self) {
        if let Some(answer) = self
            .built
            .edition
            .discussions
            .last_mut()
            .and_then(|d| d.answers.last_mut())
            && answer.contributor.is_empty()
        {
            answer.contributor = UNSIGNED.to_string();
            self.made_up += 1;
        }
    }
}

/// A text and, where its last paragraph is one, its signature.
fn split_signature(body: &str) -> (&str, Option<&str>) {
    let (rest, last) = body.rsplit_once('\n').unwrap_or(("", body));
    match marks::signature(last) {
        Some(name) => (rest.trim_end(), Some(name)),
        None => (body, None),
    }
}
