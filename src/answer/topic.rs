//! Holds a whole discussion that a search found: the unit that answers a question.
//!
//! A [`Topic`] combines the passages of one discussion with what the search knows about it. `judge` judges it and
//! `runs` quotes it.

use std::ops::Range;

use super::features::Features;
use super::injection;
use super::meaning::{Meaning, Scale};
use crate::corpus::copies::AlsoIn;
use crate::corpus::{Id, Passage, passage};

/// How a discussion relates to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It answers the question.
    Answers,
    /// It discusses a related question.
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
    /// What the asker wrote. Empty if the newsletter prints only a title.
    pub question: String,
    /// The newsletter's own summary of it, if it may be quoted.
    pub in_short: Option<String>,
    /// All answers that the filters admit, in printed order.
    pub passages: Vec<Passage>,
    /// What the search knows about it.
    pub found: Found,
    /// Other editions with a copy of it.
    pub also_in: Vec<AlsoIn>,
    /// Its sentences, passage by passage.
    pub sentences: Vec<Sentence>,
    /// Vectors of the question and of the title. Set when the discussion is judged with an embedding model.
    pub heads: Option<[Vec<f32>; 2]>,
    /// The scale of the vectors. Set when the discussion is [read](Topic::read).
    pub scale: Scale,
    /// Its measurements. Set when the discussion is judged.
    pub features: Features,
    /// How likely the discussion answers the question: 0..=1, and 0 until it is judged.
    pub confidence: f32,
    /// Whether it asks the question in the same words, however it asks how. Set when the discussion is judged.
    pub asks_the_same: bool,
    pub verdict: Verdict,
}

/// A sentence of an answer.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// Index into [`Topic::passages`].
    pub passage: usize,
    /// Byte span in that passage's text.
    pub span: Range<usize>,
    /// Index of the sentence in its passage.
    pub position: usize,
    /// Whether it may be quoted, see `injection`.
    pub honest: bool,
    /// Its meaning. Set when the discussion is [read](Topic::read).
    pub vector: Option<Vec<f32>>,
}

/// What a search knows about a discussion: the best of its hits.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Found {
    /// Score of its best hit. Comparable only within one search.
    pub score: f32,
    /// Similarity in meaning of its best hit, -1..=1, if it was measured.
    pub similarity: Option<f32>,
    /// The highest score of the reranker, if there is one. It has no fixed scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerank: Option<f32>,
}

impl Topic {
    /// Creates a discussion that is not judged yet. Returns `None` without passages.
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
            scale: Scale::default(),
            features: Features::default(),
            id,
            title: first.discussion.clone(),
            edition: first.edition_title.clone(),
            question: first.question.clone(),
            in_short: first.in_short.clone().filter(|text| injection::is_honest(text)),
            found,
            also_in: Vec::new(),
            confidence: 0.0,
            asks_the_same: false,
            verdict: Verdict::Off,
            passages,
        })
    }

    /// The identifiers of its answers in printed order.
    pub fn answers(&self) -> Vec<&Id> {
        passage::ids(&self.passages)
    }

    /// Computes the vector of each sentence. This runs the embedding model over the whole discussion.
    pub fn read(&mut self, meaning: &dyn Meaning) {
        let text = |s: &Sentence| &self.passages[s.passage].text[s.span.clone()];
        let texts: Vec<&str> = self.sentences.iter().map(text).collect();
        self.scale = meaning.scale();
        if let Some(vectors) = meaning.vectors(&texts) {
            for (sentence, vector) in self.sentences.iter_mut().zip(vectors) {
                sentence.vector = Some(vector);
            }
        }
    }
}
