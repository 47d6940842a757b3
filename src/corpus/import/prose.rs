//! Places text that is not a mark during the pass over a newsletter.
//!
//! Depending on the place of the [`Builder`], text goes into the question, the answer, the resources or a section. Some
//! of it goes into the list of what was left out.

use super::block::{Block, Look};
use super::clean::{bounded_line, is_in_capitals, key, one_line, words};
use super::structure::parts::{MAX_LINE, NOTE_AFTER, append};
use super::structure::{Builder, Place};
use super::titles::masthead;
use super::{dates, names, resources};
use crate::corpus::edition::Section;

/// The title of a section for the text about the resources.
const RESOURCES: &str = "Resources";
/// Most words in the name of a publication.
const NAME_WORDS: usize = 6;
/// Fewest characters in a sentence below a line that heads it.
const SENTENCE: usize = 50;

impl Builder {
    /// Puts the text of `block` where it belongs.
    pub(super) fn text(&mut self, at: usize, blocks: &[Block], after_rule: bool) {
        let Some(block) = blocks.get(at) else { return };
        let next = blocks.get(at + 1);
        let outside = self.place == Place::Before || self.place == Place::Section && self.repeats_date(block);
        if outside && self.date_line(block) || self.number_line(block) || self.repeats_title(block) {
            return;
        }
        match self.place {
            Place::Contents => self.contents_line(block),
            Place::Question | Place::Asked => self.question_text(at, blocks),
            Place::Answer => {
                if let Some(answer) = self
                    .built
                    .edition
                    .discussions
                    .last_mut()
                    .and_then(|d| d.answers.last_mut())
                {
                    append(&mut answer.body, block.body(), block.loose);
                }
            }
            // Without a later signature, the text is the sender's.
            Place::Signed
                if !self.lettered
                    && !after_rule
                    && !matches!(block.look, Look::Heading(_))
                    && self.turns.goes_on(at) =>
            {
                self.begin_unlettered();
                self.text(at, blocks, false);
            }
            Place::Resources => {
                self.resources.push(block.clone());
            }
            Place::Before | Place::Signed | Place::Section | Place::Footer => self.section_text(block, next),
        }
    }

    /// Reports whether `block` is a line with only the edition's date.
    fn repeats_date(&self, block: &Block) -> bool {
        let date = self.built.edition.date.as_deref();
        date.is_some() && block.look == Look::Paragraph && dates::only_day(&block.text).as_deref() == date
    }

    fn date_line(&mut self, block: &Block) -> bool {
        if self.days_head && matches!(block.look, Look::Heading(_)) {
            return false;
        }
        let Some(day) = dates::only_day(&block.text) else {
            return false;
        };
        if self.built.edition.date.is_none() {
            self.built.edition.date = Some(day);
            self.why.date = "a line states it and nothing else";
        }
        if self.dated_entries {
            return false;
        }
        self.drop("date line", block);
        true
    }

    /// Drops a line that has only the number of the issue and the edition's day, if the edition's title was given.
    fn number_line(&mut self, block: &Block) -> bool {
        let date = self.built.edition.date.as_deref();
        // The publication's name may be a heading above it.
        let opens = match &self.built.edition.sections[..] {
            [] => true,
            [open] => open.body.is_empty(),
            _ => false,
        };
        let numbers = !self.title_to_come
            && opens
            && matches!(self.place, Place::Before | Place::Section)
            && !self.dated_entries
            && date.is_some()
            && masthead::issue(&block.text).is_some()
            && dates::day_in(&block.text).as_deref() == date;
        if numbers {
            self.drop("date line", block);
        }
        numbers
    }

    /// Reports whether `block` repeats the title, for example below the menu of a page or the picture of a mail.
    ///
    /// The first occurrence of a title that comes from the text is not dropped.
    fn repeats_title(&mut self, block: &Block) -> bool {
        let outside = matches!(self.place, Place::Before | Place::Section);
        let ours = outside && block.text.len() <= 4 * MAX_LINE && !self.title_key.is_empty();
        let same = ours && key(&block.text) == self.title_key;
        if !same {
            return false;
        }
        if !std::mem::take(&mut self.title_to_come) {
            self.drop("title, repeated", block);
        }
        if matches!(block.look, Look::Heading(1..=6)) {
            self.end_above_title();
        }
        true
    }

    /// Ends the section of a side column above the heading with the title, so that the text below it is no part of it.
    ///
    /// A heading directly above the title, such as the name of the publication, heads nothing.
    fn end_above_title(&mut self) {
        let untitled = self.untitled_section();
        let Some(open) = self.built.edition.sections.last().filter(|open| open.title != untitled) else {
            return;
        };
        if self.place != Place::Section {
            return;
        }
        let first = self.built.edition.sections.len() == 1 && self.built.edition.discussions.is_empty();
        let repeated = || {
            self.built
                .dropped
                .iter()
                .filter(|d| d.what == "title, repeated")
                .count()
                > 1
        };
        if open.body.is_empty() && words(&open.title) <= NAME_WORDS && first && !repeated() {
            let name = self.built.edition.sections.pop().map(|s| s.title).unwrap_or_default();
            self.note("name of the site", words(&name), &name);
        }
        self.place = Place::Before;
    }

    fn contents_line(&mut self, block: &Block) {
        let item = resources::unnumbered(&block.text);
        if block.text.len() > 400 && block.look != Look::Item {
            self.place = Place::Before;
            return self.section_text(block, None);
        }
        self.contents.look(block.look);
        self.contents.add(item);
        self.toc_words(block, item);
    }

    pub(super) fn toc_words(&mut self, block: &Block, item: &str) {
        self.label_words += words(&block.text).saturating_sub(words(item));
    }

    fn question_text(&mut self, at: usize, blocks: &[Block]) {
        let Some(block) = blocks.get(at) else { return };
        let next = blocks.get(at + 1);
        // Below a question that nobody answers, a heading begins something else.
        let heads = matches!(block.look, Look::Heading(1..=6)) && !self.untitled;
        if heads && self.place == Place::Question && !self.turns.goes_on(at) {
            self.place = Place::Signed;
            return self.section_text(block, next);
        }
        let Some(discussion) = self.built.edition.discussions.last_mut() else {
            return;
        };
        if self.untitled {
            self.untitled = false;
            let lone = block.text.chars().count() <= MAX_LINE && !block.text.contains('\n') && next.is_some();
            if lone {
                discussion.title = one_line(&block.text);
                return;
            }
        }
        if self.place == Place::Asked && !self.lettered {
            self.begin_unlettered();
            return self.text(at, blocks, false);
        }
        // The asker's text may be formatted as a quotation.
        let quoted = block.text.starts_with("> ");
        let text = if quoted {
            block.body().trim_start_matches("> ").replace("\n> ", "\n")
        } else {
            block.body().to_string()
        };
        append(&mut discussion.body, &text, block.loose);
    }

    /// Stores the sentence that introduces the resources as a section, because resources have no place for it.
    pub(super) fn lead_in_text(&mut self, block: &Block) {
        self.made_up += words(RESOURCES);
        self.why.section(
            RESOURCES,
            "the sentence between the heading of the resources and their list",
        );
        let sections = &mut self.built.edition.sections;
        sections.push(Section {
            number: sections.len() as u32 + 1,
            title: RESOURCES.to_string(),
            body: block.body().to_string(),
        });
    }

    pub(super) fn section_text(&mut self, block: &Block, next: Option<&Block>) {
        let heading = matches!(block.look, Look::Heading(_)) || self.looks_like_heading(block, next);
        let title = if heading {
            one_line(&block.text)
        } else if self.place == Place::Section && !self.built.edition.sections.is_empty() {
            String::new()
        } else {
            self.made_up_title()
        };
        let sections = &mut self.built.edition.sections;
        if !title.is_empty() {
            let number = sections.len() as u32 + 1;
            let cut = bounded_line(&title, MAX_LINE);
            let body = if cut.len() == title.len() { String::new() } else { title };
            self.made_up += if body.is_empty() { 0 } else { words(&cut) };
            let why = match (heading, block.look) {
                (true, Look::Heading(_)) => "a heading, and what it heads is no answer",
                (true, _) => "a short line over a long paragraph",
                (false, _) => "text outside of any question and answer, under no heading",
            };
            self.why.section(&cut, why);
            sections.push(Section {
                number,
                title: cut,
                body,
            });
        }
        self.place = Place::Section;
        if let Some(section) = sections.last_mut().filter(|_| !heading) {
            append(&mut section.body, block.body(), block.loose);
        }
    }

    /// Adds `block` to the note below the open discussion.
    pub(super) fn note_text(&mut self, block: &Block) {
        let title = self.made_up_title();
        if let Some(section) = self.built.edition.sections.last_mut().filter(|s| s.title == title) {
            self.made_up -= words(&title);
            return append(&mut section.body, block.body(), block.loose);
        }
        self.why.section(&title, "an editor's words between two answers");
        let sections = &mut self.built.edition.sections;
        sections.push(Section {
            number: sections.len() as u32 + 1,
            title,
            body: block.body().to_string(),
        });
    }

    /// Makes up a title for text that stands under no heading.
    fn made_up_title(&mut self) -> String {
        let title = self.untitled_section();
        self.made_up += words(&title);
        title
    }

    /// Returns the title for text that stands under no heading.
    fn untitled_section(&self) -> String {
        match self.built.edition.discussions.last() {
            Some(discussion) => format!("{NOTE_AFTER} {}", discussion.number),
            // The text of an article gets the article's title.
            None if self.article => self.built.edition.title.clone(),
            None => "Introduction".to_string(),
        }
    }

    /// Reports whether a paragraph of plain text looks like a heading.
    ///
    /// It must be short and without a full stop, and a long paragraph must follow. For a line in capitals, a shorter
    /// one is enough.
    fn looks_like_heading(&self, block: &Block, next: Option<&Block>) -> bool {
        let text = without_marks(&block.text);
        let capitals = is_in_capitals(text);
        let (fewest, longer) = if capitals { (1, 20) } else { (2, 80) };
        let size = text.chars().count();
        // Below other text, a sentence that is much longer than the line is enough.
        let below =
            matches!(self.place, Place::Section | Place::Signed) && !names::is_person(text) && !text.ends_with('?');
        let sentence = |b: &Block| below && b.text.ends_with(['.', '!', '?', '…']) && !b.text.contains('\n');
        let long = |b: &Block| {
            let count = b.text.chars().count();
            let is_long = count >= longer || sentence(b) && count >= SENTENCE.max(2 * size);
            b.look == Look::Paragraph && is_long && b.loose
        };
        block.look == Look::Paragraph
            && block.loose
            && !block.caption
            && (fewest..=12).contains(&words(text))
            && size <= 80
            && !text.contains('\n')
            && text.starts_with(|c: char| c.is_alphanumeric() && !c.is_lowercase())
            && !text.ends_with(['.', '!', ',', ';', ':'])
            && !names::is_sure_byline(text)
            && !(self.place == Place::Before && names::is_person(text) && names::trust(text) >= names::Trust::Shape)
            && !text.strip_prefix("By ").is_some_and(names::is_byline)
            && dates::day_in(text).is_none()
            && next.is_some_and(long)
    }
}

/// Returns a line without the footnote marks at its end.
fn without_marks(text: &str) -> &str {
    let mut text = text;
    while let Some((rest, mark)) = text.strip_suffix(']').and_then(|text| text.rsplit_once("[^"))
        && !mark.contains(']')
    {
        text = rest.trim_end();
    }
    text
}
