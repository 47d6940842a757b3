//! A discussion that a search came upon, whole: the unit that answers a question.
//!
//! In: the passages of one discussion, and what the search knows of it. Out: a [`Topic`], for `judge` to judge and `runs`
//! to quote. It must not know of the index.

use std::ops::Range;

use super::injection;
use super::judge::Features;
use super::meaning::Meaning;
use crate::corpus::{Id, Passage};
use crate::reading::Text;

/// How a discussion stands to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It answers the question.
    Answers,
    /// It treats a neighbouring question.
    Related,
    /// It is about something else.
    Off,
}

/// One discussion, or one section of an article.
#[derive(Debug, Clone)]
pub struct Topic {
    /// `EDITION/qN` or `EDITION/sN`.
    pub id: Id,
    pub title: String,
    pub edition: String,
    /// What the asker wrote; empty where the newsletter prints only a title.
    pub question: String,
    /// All answers, in the order in which they are printed; those alone that the filters admit.
    pub passages: Vec<Passage>,
    /// What the search knows of it.
    pub found: Found,
    /// Index of the passage that the search found first.
    pub best: usize,
    /// Its sentences, passage by passage.
    pub sentences: Vec<Sentence>,
    /// Vectors of the question and of the title, once it was judged with an embedding model.
    pub heads: Option<[Vec<f32>; 2]>,
    /// What was measured of it, once it was judged.
    pub features: Features,
    /// How sure it is that the discussion answers: 0..=1; 0 before it was judged.
    pub confidence: f32,
    pub verdict: Verdict,
}

/// A sentence of an answer.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// Index into [`Topic::passages`].
    pub passage: usize,
    /// Byte span in that passage's text.
    pub span: Range<usize>,
    /// Which sentence of its passage it is.
    pub position: usize,
    /// Whether it may be quoted: see `injection`.
    pub honest: bool,
    /// What it means, once the discussion was [read](Topic::read).
    pub vector: Option<Vec<f32>>,
}

/// What a search knows of a discussion: the best of its hits.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Found {
    /// Score of its best hit, comparable within one search alone.
    pub score: f32,
    /// Nearness in meaning of its best hit, -1..=1, where that was looked at.
    pub similarity: Option<f32>,
}

impl Topic {
    /// A discussion that is not judged yet; `None` without passages.
    pub fn new(id: Id, passages: Vec<Passage>, found: Found) -> Option<Topic> {
        let first = passages.first()?;
        let of_passage = |(at, passage): (usize, &Passage)| {
            let judged = injection::judged(&passage.text).into_iter().enumerate();
            let sentence = move |(position, (span, honest))| Sentence {
                passage: at,
                span,
                position,
                honest,
                vector: None,
            };
            judged.map(sentence).collect::<Vec<_>>()
        };
        Some(Topic {
            sentences: passages.iter().enumerate().flat_map(of_passage).collect(),
            heads: None,
            features: Features::default(),
            id,
            title: first.discussion.clone(),
            edition: first.edition_title.clone(),
            question: first.question.clone(),
            found,
            best: 0,
            confidence: 0.0,
            verdict: Verdict::Off,
            passages,
        })
    }

    /// The passage that the search found first, for a reader, with a `question`.
    pub fn text<'a>(&'a self, question: &'a str) -> Text<'a> {
        let own = self.sentences.iter().filter(|s| s.passage == self.best);
        Text {
            question,
            title: &self.title,
            asker: &self.question,
            sentences: own.map(|s| &self.passages[s.passage].text[s.span.clone()]).collect(),
        }
    }

    /// Looks up what each sentence means. Costs a run of the embedding model over the whole discussion.
    pub fn read(&mut self, meaning: &dyn Meaning) {
        let text = |s: &Sentence| &self.passages[s.passage].text[s.span.clone()];
        let texts: Vec<&str> = self.sentences.iter().map(text).collect();
        if let Some(vectors) = meaning.vectors(&texts) {
            for (sentence, vector) in self.sentences.iter_mut().zip(vectors) {
                sentence.vector = Some(vector);
            }
        }
    }
}
