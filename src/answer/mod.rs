//! Builds an [`Answer`] in which every sentence carries a citation that can be checked.
//!
//! The input is the discussions that were judged to answer, and optionally a sentence that a model wrote. The answer
//! has the shape that readers see: a lead, the question of the discussion, one paragraph for each voice, further
//! reading, and citations numbered in order of appearance.
//!
//! The data flows as follows: `topic` (hits grouped by discussion) → `judge` (a discussion answers the question, is
//! related to it, or is off) → `runs` (the sentences of each contributor that answer) → [`Draft`] (sentences, voices
//! and citations in order) → [`Answer`]. If a model writes the lead, `lead` and `grounding` check it against the runs.

pub mod agreement;
pub mod central;
mod claim;
mod draft;
pub mod features;
pub mod grounding;
pub mod grounds;
pub mod injection;
pub mod judge;
pub mod lead;
mod logistic;
pub mod meaning;
pub(crate) mod reading;
pub mod runs;
pub mod sentences;
pub mod stands;
pub mod topic;
pub(crate) mod words;

use serde::{Deserialize, Serialize};

use crate::corpus::Id;
use crate::corpus::copies::AlsoIn;

pub use draft::{Draft, gap, headed, marked, marks, one_line};

/// The most words of an answer before its sources: four voices of two sentences, less than a minute of reading. Blind
/// readers gave 3.59 of 5 to answers of 164 words on average, and 3.47 to the same of 144 words (benches/runs/
/// 2026-11-29-xeon-2-cores/readings-12).
pub const MAX_WORDS: usize = 200;

/// How the sentences were produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A language model wrote the lead, and a passage backs it. The voices are quoted.
    Llm,
    /// Everything is quoted.
    Extractive,
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentence {
    pub text: String,
    /// Numbers of the citations that back it. Empty if nothing does.
    pub citations: Vec<usize>,
    /// How far the best quote backs it: 0..=1, see [`grounding::Support::score`].
    pub support: f32,
    /// Whether that is enough. An unsupported sentence is shown only on request.
    pub supported: bool,
    /// The heading above the paragraph that this sentence starts, if a discussion starts there: the question asked in
    /// it.
    #[serde(skip)]
    pub heading: Option<String>,
    /// The speaker, and how they relate to the voices before, if this sentence starts a paragraph.
    #[serde(skip)]
    pub speaker: Option<String>,
    /// Whether its citation marks are shown. A quoted run shows them once, at its end.
    #[serde(skip)]
    pub shows_marks: bool,
    /// Whether it opens an item of a list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub item: bool,
}

/// How a voice relates to the voices before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    Supports,
    /// Its author says that somebody else in the discussion is wrong.
    Dissents,
    /// It says when the advice does not apply.
    Condition,
}

/// A contributor and their sentences that the answer quotes: one paragraph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Voice {
    /// `None` for a section of an article, which is unsigned.
    pub contributor: Option<String>,
    /// The identifier to open with `askpm show ID`.
    pub id: String,
    /// Indices into [`Answer::sentences`], consecutive.
    pub sentences: Vec<usize>,
    pub stance: Stance,
}

/// A discussion that does not answer the question but is near it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Related {
    pub id: String,
    /// Its title.
    pub discussion: String,
    /// Title of the edition.
    pub edition: String,
    /// The edition's own summary of it, or its best line: verbatim.
    pub quote: String,
}

/// A learning resource on the subject. It does not answer a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Further {
    pub id: String,
    pub title: String,
    /// `book`, `talk`, …
    pub kind: Option<String>,
    pub link: Option<String>,
}

/// A passage that backs the answer, and the words quoted from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// The `n` of a `[n]` mark, starting at 1.
    pub n: usize,
    /// The identifier to open with `askpm show ID`.
    pub id: String,
    /// Title of the edition.
    pub edition: String,
    /// Title of the discussion or resource.
    pub discussion: String,
    pub contributor: Option<String>,
    pub date: Option<String>,
    /// A verbatim slice of the passage.
    pub quote: String,
    pub path: String,
    /// Other editions with a copy of the discussion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AlsoIn>,
}

/// What stands above the discussions that are named if nothing answers.
pub const NEAREST: &str = "The nearest discussions, in case one of them helps";

/// A discussion that is named but not quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pointer {
    /// The identifier to open with `askpm show ID`.
    pub id: String,
    /// Title of the discussion.
    pub discussion: String,
    /// Title of the edition.
    pub edition: String,
    /// The edition's own summary of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_short: Option<String>,
}

/// How fresh the corpus behind an answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freshness {
    pub editions: usize,
    /// Date of the newest dated edition.
    pub newest: Option<String>,
    /// RFC 3339, UTC.
    pub indexed_at: String,
}

/// The model behind an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelUsed {
    pub name: String,
    pub file: String,
    /// Hash of the whole file. `None` for a file that no registry lists.
    pub sha256: Option<String>,
    pub quantization: String,
    pub device: String,
}

/// Time spent by stage, in milliseconds, and token counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Timings {
    pub retrieve_ms: f64,
    pub load_ms: f64,
    pub prompt_tokens: usize,
    /// Prompt tokens whose keys and values came from a cache.
    pub cached_tokens: usize,
    pub prefill_ms: f64,
    /// From the call to the model until its first token.
    pub first_token_ms: f64,
    pub generated_tokens: usize,
    pub decode_ms: f64,
    /// From the question to the end of the answer, including the time to load the model.
    pub total_ms: f64,
}

/// The answer to one question. It serialises to the object that `ask --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub question: String,
    /// Markdown with `[n]` marks. An abstention has the line that says so, and the related discussions.
    pub answer: String,
    pub abstained: bool,
    /// Whether askpm is sure that this answers the question. If not, the answer says so.
    pub sure: bool,
    /// How sure askpm is that a discussion answers the question: 0..=1.
    pub confidence: f32,
    /// The confidence below which askpm abstains: 0..=1.
    pub threshold: f32,
    pub mode: Mode,
    /// The sentence that answers, one of `sentences`. `None` if askpm abstained.
    pub lead: Option<Sentence>,
    pub sentences: Vec<Sentence>,
    /// In reading order.
    pub voices: Vec<Voice>,
    pub citations: Vec<Citation>,
    /// At most three, the nearest first. Empty if there is an answer.
    pub related: Vec<Related>,
    pub further_reading: Vec<Further>,
    /// Other discussions that may answer, at most two, the likeliest first.
    pub see_also: Vec<Pointer>,
    pub corpus: Freshness,
    pub model: Option<ModelUsed>,
    /// Whether the token limit or the context window cut off the model's text.
    #[serde(skip)]
    pub cut: bool,
    pub timings: Timings,
}

impl Citation {
    /// Returns who says it or, if nobody signed it, what it is.
    pub fn by(&self) -> &str {
        let unsigned = || match self.id.parse() {
            Ok(Id::Discussion { .. }) => "in short",
            Ok(Id::Resource { .. }) => "learning resource",
            _ => "unsigned",
        };
        self.contributor.as_deref().unwrap_or_else(unsigned)
    }

    /// Returns the identifier of its discussion, section or resource. If its own identifier is invalid, returns that.
    pub fn source(&self) -> String {
        // A saved conversation is a file, and may hold any text here.
        self.id
            .parse::<Id>()
            .map_or_else(|_| self.id.clone(), |id| id.group().to_string())
    }
}

impl Answer {
    /// Returns the first line of an abstention, without the related discussions.
    pub fn verdict(&self) -> &str {
        self.answer.lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::corpus::Passage;

    /// Returns a passage of the answer named `id`, with placeholder metadata.
    pub fn passage(id: &str, text: &str) -> Passage {
        Passage {
            id: id.parse().unwrap(),
            part: 0,
            edition_title: "Edition".into(),
            date: Some("2024-01-01".into()),
            discussion: "Why?".into(),
            question: String::new(),
            in_short: None,
            also_asked: Vec::new(),
            contributor: Some("Somebody".into()),
            kind: None,
            link: None,
            text: text.into(),
            path: "e.md".into(),
        }
    }
}
