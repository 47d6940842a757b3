//! The result of an import: editions, the account of their words, and what was skipped.

use super::super::edition::Edition;
use super::why::Reason;
use super::{clean, furniture};

/// An edition, and the account of how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub edition: Edition,
    /// The file, or `FILE#n` for its n-th message or entry.
    pub from: String,
    /// Words in the source. `words_kept` of them are in the edition, and `dropped` accounts for the others.
    pub words_in: usize,
    pub words_kept: usize,
    pub dropped: Vec<Dropped>,
    /// Why each part of it was read that way.
    pub why: Vec<Reason>,
    /// SHA-256 of the content, ignoring case, punctuation, dates and the edition's titles.
    ///
    /// The same edition has the same fingerprint whether it came by mail or by feed.
    pub fingerprint: [u8; 32],
    /// What stays the same when the text is corrected, such as the identifier of a feed entry. `None` if there is
    /// nothing.
    pub identity: Option<String>,
}

impl Imported {
    /// Returns the number of words that were left out.
    pub fn words_dropped(&self) -> usize {
        self.dropped.iter().map(|dropped| dropped.words).sum()
    }

    /// Returns the number of words in the body, without what is around it on a page.
    pub fn body_words(&self) -> usize {
        let around = self
            .dropped
            .iter()
            .filter(|d| furniture::NO_BODY.contains(&d.what.as_str()));
        self.words_in.saturating_sub(around.map(|d| d.words).sum())
    }

    /// Returns how many of the body's words are in the edition.
    pub fn body_kept(&self) -> usize {
        self.words_kept.min(self.body_words())
    }

    /// Reports whether less than four fifths of the body are in the edition, so that a person should check it.
    pub fn lost_much(&self) -> bool {
        5 * self.body_kept() < 4 * self.body_words()
    }
}

/// Text that was left out of an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// What kind of text it was: `footer`, `table of contents`, …
    pub what: String,
    pub words: usize,
    /// Its first 80 characters.
    pub text: String,
}

impl Dropped {
    pub(crate) fn new(what: &str, words: usize, text: &str) -> Self {
        Dropped {
            what: what.to_string(),
            words,
            text: clean::one_line(&clean::head(text, 80)),
        }
    }
}

/// A file, message or entry that has no readable edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedItem {
    pub file: String,
    /// The reason, in one line.
    pub why: String,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImportReport {
    pub editions: Vec<Imported>,
    pub skipped: Vec<SkippedItem>,
}

impl ImportReport {
    pub(super) fn skip(&mut self, file: &str, why: impl Into<String>) {
        let file = clean::bounded_line(&clean::clean(file), 400);
        let why = clean::bounded_line(&clean::clean(&why.into()), 400);
        self.skipped.push(SkippedItem { file, why });
    }
}
