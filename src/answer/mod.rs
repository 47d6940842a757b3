//! What askpm says: an [`Answer`] whose every sentence carries a citation that can be checked.
//!
//! In: discussions that were judged to answer, and perhaps a sentence that a model wrote. Out: an answer in the shape
//! that readers see: a lead, the question of the discussion, one paragraph a voice, further reading, and citations
//! numbered as they come up. It must not know of models, indexes or terminals.
//!
//! The flow: `topic` (hits, gathered by discussion) → `judge` (a discussion answers the question, is related to it, or is
//! off) → `runs` (the sentences of each contributor that say it) → [`Draft`] (sentences, voices and citations in order)
//! → [`Answer`]. Where a model writes the lead, `lead` and `grounding` hold it to the runs.

mod claim;
mod draft;
pub mod grounding;
pub mod injection;
pub mod judge;
pub mod lead;
mod logistic;
pub mod meaning;
mod reading;
pub mod runs;
pub mod sentences;
pub mod topic;
mod words;

use serde::{Deserialize, Serialize};

use crate::corpus::Id;

pub use draft::{Draft, gap, headed, marked, marks, one_line};

/// Most words of an answer before its sources: what is read in half a minute.
pub const MAX_WORDS: usize = 160;

/// How the sentences came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A language model wrote the lead, and a passage backs it; the voices are quoted.
    Llm,
    /// All of it is quoted.
    Extractive,
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentence {
    pub text: String,
    /// Numbers of the citations that back it; none where nothing does.
    pub citations: Vec<usize>,
    /// How much of it the best quote backs: 0..=1, see [`grounding::Support::score`].
    pub support: f32,
    /// Whether that is enough. A sentence for which it is not is shown on demand only.
    pub supported: bool,
    /// What stands above the paragraph that this sentence begins, where a discussion begins: the question that was asked
    /// in it.
    #[serde(skip)]
    pub heading: Option<String>,
    /// What a paragraph begins with, where this sentence begins one: who speaks, and how it stands to what went before.
    #[serde(skip)]
    pub speaker: Option<String>,
    /// Whether its marks are shown: a quoted run has them once, at its end.
    #[serde(skip)]
    pub shows_marks: bool,
}

/// How a voice stands to the voices before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    Supports,
    /// Its author says that somebody else of the discussion is wrong.
    Dissents,
    /// It says when the advice does not hold.
    Condition,
}

/// One contributor and the sentences of theirs that the answer quotes: a paragraph of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Voice {
    /// `None` for a section of an article, which nobody signed.
    pub contributor: Option<String>,
    /// Opens with `askpm show ID`.
    pub id: String,
    /// Indices into [`Answer::sentences`], one after the other.
    pub sentences: Vec<usize>,
    pub stance: Stance,
}

/// A discussion that does not answer the question and is near it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Related {
    pub id: String,
    /// Its title.
    pub discussion: String,
    /// Title of the edition.
    pub edition: String,
    /// Its one best line, verbatim.
    pub quote: String,
}

/// A learning resource on the subject. It answers nothing by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Further {
    pub id: String,
    pub title: String,
    /// `book`, `talk`, …
    pub kind: Option<String>,
    pub link: Option<String>,
}

/// A passage that the answer rests on, and the words of it that are quoted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// 1-based, the `n` of a `[n]` mark.
    pub n: usize,
    /// Opens with `askpm show ID`.
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
}

/// How fresh the corpus is that an answer was made from.
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
    /// Of the whole file; `None` for a file that no registry knows.
    pub sha256: Option<String>,
    pub quantization: String,
    pub device: String,
}

/// Where the time went, in milliseconds, and how many tokens it was spent on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Timings {
    pub retrieve_ms: f64,
    pub load_ms: f64,
    pub prompt_tokens: usize,
    /// Prompt tokens whose keys and values were taken from a cache.
    pub cached_tokens: usize,
    pub prefill_ms: f64,
    /// From the call to the model to its first token.
    pub first_token_ms: f64,
    pub generated_tokens: usize,
    pub decode_ms: f64,
    /// From the question to the end of the answer, the model's loading included.
    pub total_ms: f64,
}

/// The answer to one question; serialises to the object of `ask --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub question: String,
    /// Markdown with `[n]` marks; for an abstention, the line that says so and the related discussions.
    pub answer: String,
    pub abstained: bool,
    /// How sure askpm is that a discussion answers: 0..=1.
    pub confidence: f32,
    /// The confidence below which askpm abstains: 0..=1.
    pub threshold: f32,
    pub mode: Mode,
    /// The sentence that answers: one of `sentences`. `None` where it abstained.
    pub lead: Option<Sentence>,
    pub sentences: Vec<Sentence>,
    /// The strongest first.
    pub voices: Vec<Voice>,
    pub citations: Vec<Citation>,
    /// At most three, the nearest first; empty where there is an answer.
    pub related: Vec<Related>,
    pub further_reading: Vec<Further>,
    pub corpus: Freshness,
    pub model: Option<ModelUsed>,
    pub timings: Timings,
}

impl Citation {
    /// Identifier of the discussion, section or resource that it is from; its own where that is none.
    pub fn source(&self) -> String {
        // A kept conversation is a file, in which anything can stand.
        self.id
            .parse::<Id>()
            .map_or_else(|_| self.id.clone(), |id| id.group().to_string())
    }
}

impl Answer {
    /// The first line of an abstention, without the related discussions.
    pub fn verdict(&self) -> &str {
        self.answer.lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::corpus::Passage;

    /// A passage of the answer named `id` with nothing but a text.
    pub fn passage(id: &str, text: &str) -> Passage {
        Passage {
            id: id.parse().unwrap(),
            part: 0,
            edition_title: "Edition".into(),
            date: Some("2024-01-01".into()),
            discussion: "Why?".into(),
            question: String::new(),
            also_asked: Vec::new(),
            contributor: Some("Somebody".into()),
            kind: None,
            link: None,
            text: text.into(),
            path: "e.md".into(),
        }
    }
}
