//! Finds discussions during the pass over a newsletter: decides whether a block is a question, an answer or a
//! signature.
//!
//! The [`Builder`] records the current place and collects the discussions. Other blocks are left to `prose.rs`.

use super::block::{Block, Look};
use super::clean::{bounded_line, key, one_line, words};
use super::listed::Listed;
use super::structure::parts::{MAX_LINE, UNSIGNED, append};
use super::structure::{Builder, Place};
use super::turns::turn;
use super::{furniture, marks, names};
use crate::corpus::edition::{Answer, Discussion};

/// Number of letters available for answers.
pub(super) const LETTERS: u32 = 26;

impl Builder {
    /// Begins a discussion where `block` opens one.
    pub(super) fn question(&mut self, at: usize, blocks: &[Block], after_rule: bool) -> bool {
        let Some(block) = blocks.get(at) else { return false };
        let (number, title, why) = match marks::question(&block.text) {
            Some(q) => {
                let again = self.last_question.get(&q.number).is_some_and(|&last| last > at);
                if self.place == Place::Contents && again {
                    self.contents.add(q.title);
                    self.toc_words(block, q.title);
                    return true;
                }
                // `Q3: What we shipped` may be a quarter of the year.
                let quarter = q.short
                    && (self.quarters || !self.turns.goes_on(at + 1))
                    && self.contents.discussion_number(q.title).is_none();
                if quarter || !self.is_question(&q, after_rule) {
                    return false;
                }
                (q.number, q.title, "it begins with a question's number")
            }
            // A title of the table of contents, met again without its number.
            None if self.place != Place::Contents && block.text.len() <= 400 => match self.listed(at, blocks) {
                Some(Listed::Question(number)) => (number, block.text.as_str(), "the table of contents lists it"),
                Some(Listed::Section) => {
                    self.listed_section(block);
                    return true;
                }
                None => return false,
            },
            None => return false,
        };
        self.end_answer();
        let (title, body) = title.split_once('\n').unwrap_or((title, ""));
        let (title, asker) = marks::asked_behind(title).map_or((title, None), |(title, asker)| (title, Some(asker)));
        // `Ilse, Ghent` may stand on the line below.
        let (line, rest) = body.split_once('\n').unwrap_or((body, ""));
        let (asker, body) = match asker.is_none() && names::is_placed(line) {
            true => (Some(names::bare(line)), rest),
            false => (asker, body),
        };
        let asker = asker.filter(|asker| !names::is_nobody(asker));
        let kept = words(title) + words(body) + asker.map_or(0, words);
        self.label_words += words(&block.text).saturating_sub(kept);
        self.begin_question(number, title, why);
        if let Some(discussion) = self.built.edition.discussions.last_mut() {
            discussion.asked_by = asker.map(|asker| bounded_line(asker, MAX_LINE));
            append(&mut discussion.body, body, true);
        }
        true
    }

    /// Reports whether `Question 2 …` opens a question here. In the middle of an answer it may be part of the text.
    fn is_question(&self, q: &marks::Question, after_rule: bool) -> bool {
        if self.contents.discussion_number(q.title).is_some() {
            return true;
        }
        let capital = q.title.starts_with(|c: char| !c.is_lowercase()) && q.title.len() <= 4 * MAX_LINE;
        let speaking = matches!(self.place, Place::Question | Place::Asked | Place::Answer) && !after_rule;
        let next = q.number == self.highest + 1 && (q.title.is_empty() || self.contents.agrees(q.number, q.title));
        (q.sure || capital) && (!speaking || next)
    }

    /// Returns the number of the open discussion.
    pub(super) fn number(&self) -> u32 {
        self.built.edition.discussions.last().map_or(0, |d| d.number)
    }

    pub(super) fn begin_question(&mut self, number: u32, title: &str, why: &'static str) {
        self.leave_out_headings();
        let number = self.free_number(number);
        self.why.question(number, why);
        let full = one_line(title.trim_matches(['*', '_', ' ']));
        let title = bounded_line(&full, MAX_LINE);
        let mut discussion = Discussion {
            number,
            title,
            asked_by: None,
            in_short: None,
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

    /// Leaves out headings directly above a question, which only head a group of questions.
    fn leave_out_headings(&mut self) {
        let sections = &mut self.built.edition.sections;
        let mut titles = Vec::new();
        while self.place == Place::Section && sections.last().is_some_and(|section| section.body.is_empty()) {
            titles.extend(sections.pop().map(|section| section.title));
        }
        for title in titles {
            self.note("heading over questions", words(&title), &title);
        }
    }

    /// Returns `wanted` if it is not 0 and not taken, or else the number after the highest.
    fn free_number(&mut self, wanted: u32) -> u32 {
        let taken = wanted == 0 || self.numbers.contains(&wanted);
        let number = if taken { self.highest + 1 } else { wanted };
        self.highest = self.highest.max(number);
        self.numbers.insert(number);
        number
    }

    /// Returns the answer mark that `block`, at index `at`, begins with.
    ///
    /// A discussion uses either strong or weak marks, so the mark must be of the same kind as those before it.
    fn mark<'a>(&self, at: usize, block: &'a Block) -> Option<marks::AnswerMark<'a>> {
        let strong_ahead = self.strong_ahead.get(at).copied().unwrap_or(false);
        let fits = |mark: &marks::AnswerMark| match self.strong_marks {
            Some(strong) => mark.strong == strong,
            None => mark.strong || !strong_ahead,
        };
        marks::answer(&block.text).filter(fits)
    }

    /// Begins an answer if `block` opens the next expected one.
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
        // A letter may be missing. One that repeats or comes too early is text.
        let skips = mark.strong && mark.index > expected && mark.index < LETTERS;
        if !in_discussion || mark.index != expected && !skips {
            return false;
        }
        self.end_answer();
        self.strong_marks = Some(mark.strong);
        self.label_words += words(&block.text).saturating_sub(words(mark.text));
        self.begin_answer(mark.index, mark.text, "a letter opens it");
        self.opening = block.look;
        true
    }

    /// Begins an answer. `index` 0 is A.
    ///
    /// After Z the letters begin again, and `tidy.rs` splits the discussion there.
    pub(super) fn begin_answer(&mut self, index: u32, text: &str, why: &'static str) {
        let letter = (b'a' + (index % LETTERS) as u8) as char;
        self.why.answer(self.number(), letter, why);
        if let Some(discussion) = self.built.edition.discussions.last_mut() {
            discussion.answers.push(Answer {
                letter,
                contributor: String::new(),
                also_asked: Vec::new(),
                body: text.trim().to_string(),
            });
            self.last_answer = Some(index);
            self.place = Place::Answer;
        }
    }

    /// Begins an answer that has no letter.
    pub(super) fn begin_unlettered(&mut self) {
        let next = self.last_answer.map_or(0, |last| last + 1);
        self.begin_answer(
            next,
            "",
            "text below a question or a signature, with a signature of its own",
        );
    }

    /// Turns the last section into a question without a number, because `A]` follows its text.
    fn section_to_question(&mut self) {
        let Some(section) = self.built.edition.sections.pop() else {
            return;
        };
        self.begin_question(0, &section.title, "a heading over the first answer");
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
        let by_name = marks::signature(&block.text);
        let Some(name) = by_name.or_else(|| marks::signed_by_role(&block.text)) else {
            return self.signed_plainly(block) && self.ends_here(at, blocks) && self.sign(names::bare(&block.text));
        };
        if turn::is_cited(blocks, at) {
            return false;
        }
        let previous = at.checked_sub(1).and_then(|at| blocks.get(at));
        // Of several lines with the same dash, the last is an item as the others are, unless it says a role.
        let dashed = |b: &Block| b.text.starts_with(['–', '—']);
        if dashed(block) && previous.is_some_and(dashed) && !names::is_sure_byline(name) {
            return false;
        }
        if block.text.starts_with("- ") && previous.is_some_and(|p| self.goes_on_as_list(p, block, name)) {
            return false;
        }
        let ends = self.ends_here(at, blocks) || self.ends_last(at, blocks);
        if (self.lettered || self.place == Place::Question || by_name.is_none()) && !ends {
            return false;
        }
        self.sign(names::bare(name))
    }

    /// Reports whether `block` may sign the open answer without a dash.
    ///
    /// It must be a name with a role on a separate line.
    fn signed_plainly(&self, block: &Block) -> bool {
        let open = self.built.edition.discussions.last().and_then(|d| d.answers.last());
        let open = open.filter(|answer| answer.contributor.is_empty() && !answer.body.is_empty());
        let text = names::bare(&block.text);
        self.place == Place::Answer
            && open.is_some_and(|answer| !answer.body.ends_with(':'))
            && block.look == Look::Paragraph
            && marks::asked_by(text).is_none()
            && text.contains(',')
            && names::is_sure_byline(text)
            && names::says_role(text)
    }

    /// Reports whether `- Name` is an item of the list that `previous` belongs to, or the first item below a colon.
    fn goes_on_as_list(&self, previous: &Block, block: &Block, name: &str) -> bool {
        let is_item = previous.text.starts_with("- ");
        if previous.text.ends_with(':') {
            return true;
        }
        // A name below a list is a signature if hyphens sign elsewhere and the name cannot be an item.
        is_item
            && (!block.loose
                || previous.loose
                || marks::signature(&previous.text).is_some()
                || !self.hyphens_sign
                || !names::is_byline(name))
    }

    /// Reports whether the signature at `at` closes the last answer, above the sender's closing words.
    ///
    /// The answers before it must be signed too, it must not sign a quotation, and no answer or signature may follow.
    fn ends_last(&self, at: usize, blocks: &[Block]) -> bool {
        let Some(discussion) = self
            .built
            .edition
            .discussions
            .last()
            .filter(|_| self.place == Place::Answer)
        else {
            return false;
        };
        let quoted =
            |b: &Block| b.text.starts_with(['>', '“', '"', '«', '„']) || b.text.ends_with([':', '”', '"', '»']);
        let all_signed = self
            .built
            .edition
            .discussions
            .iter()
            .flat_map(|d| &d.answers)
            .filter(|answer| !answer.contributor.is_empty())
            .all(|answer| answer.contributor != UNSIGNED);
        let previous = at.checked_sub(1).and_then(|at| blocks.get(at));
        // The only answer has no other signature to compare with, so its text must not be about the one who signs.
        let others = self.built.edition.discussions.len() > 1
            || discussion.answers.len() > 1
            || blocks
                .get(at)
                .is_some_and(|block| self.signs_alone(block, previous, blocks.get(at + 1)));
        others && all_signed && !self.turns.goes_on(at + 1) && previous.is_some_and(|p| !quoted(p))
    }

    /// Reports whether `block` is a name after a dash, between paragraphs, that the answer above does not mention.
    fn signs_alone(&self, block: &Block, above: Option<&Block>, below: Option<&Block>) -> bool {
        let listed = |b: Option<&Block>| b.is_some_and(|b| b.look == Look::Item || b.text.starts_with(['-', '–', '•']));
        let Some((name, _)) = names::after_dash(&block.text) else {
            return false;
        };
        let person = key(name.split([',', '(']).next().unwrap_or(name));
        let answer = self.built.edition.discussions.last().and_then(|d| d.answers.last());
        let mentioned = answer.is_none_or(|answer| key(&answer.body).contains(&person));
        names::is_byline(name) && !mentioned && !listed(above) && !listed(below)
    }

    /// Reports whether something new begins after block `at`, so that a name there signs the text before it.
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
            || self.turns.at(next_at).is_some()
            || self.mark(next_at, next).is_some()
            || marks::question(&next.text).is_some()
            || self.contents.discussion_number(&next.text).is_some()
            || furniture::furniture(&next.text).is_some()
            || self.furniture.is_about(next_at)
    }

    fn sign(&mut self, name: &str) -> bool {
        // `*Kofi Antwi*, owner` has emphasis inside.
        let name = bounded_line(&name.replace('*', ""), MAX_LINE);
        let number = self.number();
        let Some(discussion) = self.built.edition.discussions.last_mut() else {
            return false;
        };
        if self.place == Place::Question {
            if discussion.asked_by.is_some() {
                return false;
            }
            discussion.asked_by = Some(name);
            self.why
                .question(number, "a name after a dash below it signs the question");
            self.place = Place::Asked;
            return true;
        }
        let Some(answer) = discussion.answers.last_mut().filter(|a| a.contributor.is_empty()) else {
            return false;
        };
        answer.contributor = name;
        self.why
            .answer(number, answer.letter, "a name after a dash below it signs it");
        self.place = Place::Signed;
        true
    }

    /// Closes the last answer, and marks it as unsigned if nobody signed it.
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

/// Splits a text into its body and the signature in its last paragraph, if there is one.
fn split_signature(body: &str) -> (&str, Option<&str>) {
    let (rest, last) = body.rsplit_once('\n').unwrap_or(("", body));
    match marks::signature(last) {
        Some(name) => (rest.trim_end(), Some(name)),
        None => (body, None),
    }
}
