//! Finds the title and the day of an edition in its text: the first line, a heading, or the lines of a masthead.
//!
//! The result goes into the [`Builder`]'s edition. The words of a printed title go into the edition's title, so that no
//! word is lost.

pub(super) mod masthead;

use self::masthead::{MASTHEAD_WORDS, issue};
use super::block::{Block, Look};
use super::clean::{bounded_line, key, one_line, words};
use super::structure::Builder;
use super::structure::parts::MAX_LINE;
use super::turns::turn::Turn;
use super::{dates, furniture, marks, names, talk};

/// Most words above a heading that is the title.
const WORDS_ABOVE: usize = 60;

/// Finds the first visible block. If it comes from a mail program, such as `View in browser`, prefers a heading below
/// it.
fn opening(blocks: &[Block]) -> Option<usize> {
    let idle = |b: &Block| words(&b.text) <= MASTHEAD_WORDS && furniture::furniture(&b.text).is_some();
    let first = blocks.iter().position(Block::is_seen)?;
    let below = || (first..blocks.len()).find(|&at| blocks[at].is_seen() && !idle(&blocks[at]));
    let heading = below().filter(|&at| matches!(blocks[at].look, Look::Heading(_)));
    if idle(&blocks[first]) {
        heading.or(Some(first))
    } else {
        Some(first)
    }
}

impl Builder {
    /// Sets the edition's title: the given one, or a block of the text, or that of the page, or `name`.
    pub(super) fn title(&mut self, given: Option<String>, page: Option<String>, blocks: &[Block], name: &str) {
        let opening = opening(blocks);
        let is_title = |at: &usize| {
            let b = &blocks[*at];
            let plain = matches!(b.look, Look::Paragraph | Look::Heading(_));
            let free = marks::label(&b.text).is_none()
                && marks::question(&b.text).is_none_or(|q| !q.sure)
                && marks::asks(&b.text).is_none()
                && !talk::is_stamped(&b.text)
                && !matches!(self.turns.at(*at), Some(Turn::Answer(_) | Turn::Asker(..)));
            plain && free && one_line(&b.text).chars().count() <= 150 && furniture::furniture(&b.text).is_none()
        };
        let heading = blocks.iter().position(|b| matches!(b.look, Look::Heading(1)));
        // A heading far down in the text is the heading of the rest.
        let above = |at: usize| {
            blocks[..at]
                .iter()
                .filter(|b| b.is_seen())
                .map(|b| words(&b.text))
                .sum::<usize>()
        };
        // In a diary, the headings are days.
        let entry = |at: &usize| self.days_head && dates::day_in(&blocks[*at].text).is_some();
        let heading = heading
            .filter(|&at| above(at) <= WORDS_ABOVE && !entry(&at))
            .filter(is_title);
        let first = opening.filter(is_title).filter(|&at| {
            let text = &blocks[at].text;
            dates::only_day(text).is_none() && !text.ends_with(['.', '!', ',', ':'])
        });
        // If a number or a day is below the first line, it is the title rather than a later heading.
        let named = first.filter(|&at| {
            let below = blocks
                .get(at + 1)
                .filter(|b| b.look == Look::Paragraph && words(&b.text) <= MASTHEAD_WORDS);
            dates::day_in(&blocks[at].text).is_none()
                && below.is_some_and(|b| !b.loose && (dates::day_in(&b.text).is_some() || issue(&b.text).is_some()))
        });
        let in_text = named.or(heading).or(first).map(|at| &blocks[at]);
        self.title_to_come = given.is_none() && in_text.is_some();
        self.why.title = match (&given, in_text.map(|b| b.look), &page) {
            (Some(_), ..) => "the mail, the feed, the page or the front matter gives it",
            (_, Some(Look::Heading(_)), _) => "the first heading",
            (_, Some(_), _) => "the first line",
            (.., Some(_)) => "the title of the page",
            _ => "the name of the file",
        };
        let printed = given
            .or(in_text.map(|block| one_line(names::bare(&block.text))))
            .or(page);
        let dated = name
            .get(..10)
            .filter(|_| name.len() > 11)
            .map(|day| day.replace(' ', "-"));
        let undated = name
            .get(10..)
            .filter(|_| dated.is_some_and(|day| dates::only_day(&day).is_some()));
        let chosen = printed.clone().unwrap_or_else(|| one_line(undated.unwrap_or(name)));
        self.built.edition.title = bounded_line(&chosen, MAX_LINE);
        self.title_key = key(&self.built.edition.title);
        let kept = words(&self.built.edition.title);
        if self.title_to_come {
            // The title's block is already counted. It becomes the title when the pass meets it.
        } else if printed.is_some() {
            self.built.words_in += words(&chosen);
            self.note(
                "end of a long title",
                words(&chosen) - kept.min(words(&chosen)),
                &chosen,
            );
        } else {
            self.made_up += kept;
        }
    }

    /// Reads the day, and a number that the title lacks, from the short lines at the beginning.
    ///
    /// `page` is the title of the page, and `name` is the name of the file.
    pub(super) fn masthead(&mut self, blocks: &[Block], page: Option<&str>, name: &str) {
        let title = self.built.edition.title.clone();
        // The title of a page may have the number too.
        let page = page.map(|page| format!(" {} ", key(page))).unwrap_or_default();
        let numbered = |issue: &str| {
            [issue, &title]
                .iter()
                .all(|part| page.contains(&format!(" {} ", key(part))))
        };
        let mut below_title = false;
        let mut has_month = false;
        for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()).take(6) {
            let below_title = std::mem::replace(&mut below_title, key(&block.text) == self.title_key);
            let short = words(&block.text) <= MASTHEAD_WORDS && block.text.len() <= 200;
            let part = matches!(block.look, Look::Heading(_)) && self.days_head;
            let item = block.look == Look::Item || matches!(self.turns.at(at), Some(Turn::Question(_)));
            if !short || part || item || marks::label(&block.text).is_some() {
                break;
            }
            let day = dates::line_day(&block.text).map(|(day, _)| day);
            if let Some(issue) = issue(&block.text)
                && (self.title_to_come || below_title || numbered(&issue))
                && !title.contains(|c: char| c.is_ascii_digit())
                && self.in_title.is_empty()
                && key(&block.text) != self.title_key
            {
                self.built.edition.title = bounded_line(&format!("{title}, {issue}"), MAX_LINE);
                self.in_title.insert(at);
                self.note(
                    "date line",
                    words(&block.text).saturating_sub(words(&issue)),
                    &block.text,
                );
            }
            let held = self.built.edition.date.as_deref();
            let is_month = dates::is_month_of_issue(&block.text);
            // After the month of an issue, another line may say on which day of it.
            let is_exact = has_month && !is_month && held.zip(day.as_deref()).is_some_and(|(a, b)| a[..7] == b[..7]);
            if let Some(day) = day.filter(|_| held.is_none() || is_exact) {
                has_month = is_month;
                self.built.edition.date = Some(day);
                self.why.date = "a line that opens the text states it";
            }
        }
        let named = name.get(..10).map(|day| day.replace(' ', "-"));
        let day = || dates::day_in(&title).or_else(|| named.and_then(|day| dates::only_day(&day)));
        if self.built.edition.date.is_none() {
            self.built.edition.date = day();
            self.why.date = "the title or the name of the file states it";
        }
    }
}
