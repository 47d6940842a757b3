//! An item of themes: one discussion, or one section of an article, with its passages.

use std::collections::HashSet;

use crate::answer::meaning::{Meaning, sum};
use crate::answer::words::Words;
use crate::corpus::{Edition, Id, Passage, passages};

/// A discussion or section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `EDITION/qN` or `EDITION/sN`.
    pub id: Id,
    pub title: String,
    pub edition_title: String,
    /// `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Its answers, or the section's text. Never empty.
    pub passages: Vec<Passage>,
}

impl Item {
    /// Returns the discussions of `edition`, and its sections, in their order.
    pub fn of(edition: &Edition, path: &str) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        for passage in passages(edition, path) {
            let id = passage.id.group();
            if matches!(id, Id::Resource { .. }) {
                continue;
            }
            match items.last_mut().filter(|item| item.id == id) {
                Some(item) => item.passages.push(passage),
                None => items.push(Item {
                    id,
                    title: passage.discussion.clone(),
                    edition_title: edition.title.clone(),
                    date: edition.date.clone(),
                    passages: vec![passage],
                }),
            }
        }
        items
    }

    /// What was asked: the asker's text. It is empty for a section.
    pub fn question(&self) -> &str {
        self.passages.first().map_or("", |passage| &passage.question)
    }

    /// All texts: the title, the question, then the answers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let answers = self.passages.iter().map(|passage| passage.text.as_str());
        [self.title.as_str(), self.question()].into_iter().chain(answers)
    }

    /// The stems of the content words of its texts.
    pub fn stems(&self, words: &Words) -> HashSet<String> {
        self.texts().flat_map(|text| words.stems(text)).collect()
    }

    /// Returns the sum of the vectors of its passages, if the index has them all.
    pub fn indexed(&self, meaning: &dyn Meaning) -> Option<Vec<f32>> {
        let vectors: Vec<Option<Vec<f32>>> = self.passages.iter().map(|passage| meaning.indexed(passage)).collect();
        sum(vectors.iter().map(Option::as_deref))
    }

    /// Returns its meaning: the sum of the vectors of its passages. Only texts that the index does not have are given to
    /// the model. Returns `None` if the model fails.
    pub fn vector(&self, meaning: &dyn Meaning) -> Option<Vec<f32>> {
        self.indexed(meaning).or_else(|| {
            let texts: Vec<&str> = self.texts().filter(|text| !text.trim().is_empty()).collect();
            let vectors = meaning.vectors(&texts)?;
            sum(vectors.iter().map(|vector| Some(vector.as_slice())))
        })
    }
}
