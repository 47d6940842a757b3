//! The whole pipeline: a question goes in, an answer with citations comes out.
//!
//! In: an index, a question and, where there is one, a model. Out: an [`Answer`], its sentences handed on as they come.
//! [`find`] decides whether the corpus can answer, before any model is loaded; [`write()`] answers. It must not know of
//! command lines or terminals.

mod writing;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::answer::abstain::{self, MIN_CONFIDENCE};
use crate::answer::extractive::{Asked, Limits};
use crate::answer::meaning::Meaning;
use crate::answer::{Answer, Draft, Freshness, MAX_WORDS, Mode, ModelUsed, Sentence, Timings};
use crate::corpus::Passage;
use crate::engine::{Engine, EngineError, ModelInfo, Sampling};
use crate::index::Store;
use crate::prompt::Prompts;
use crate::retrieve::dense::Dense;
use crate::retrieve::{ByWords, Filters, Hit, Query, RetrieveError, Retriever, Signals};

/// Longest question, in bytes: some pages. What is longer was piped in by mistake.
pub const MAX_QUESTION_BYTES: usize = 16 << 10;

/// What is quoted when no model writes.
const QUOTED: Limits = Limits {
    sentences: 5,
    per_passage: 3,
    words: MAX_WORDS,
    leaning: true,
};

/// Who puts the words together where there is a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// A model of fewer than 400 million parameters chooses, a larger one writes.
    #[default]
    BySize,
    /// The model chooses among the sentences of the passages.
    Choose,
    /// The model writes, and what no passage backs is dropped.
    Write,
}

/// What may help a model to answer from passages. By default those are on that were measured to help (`BENCHMARKS.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aids {
    /// The best sentence of the passages opens the answer; else a model that chooses sentences chooses this one too.
    pub opening: bool,
    /// How many sentences a model may choose.
    pub most: usize,
    /// Passages are cut to the sentences worth most even where they would fit the prompt whole.
    pub trimming: bool,
    /// The passage or sentence that is worth most stands last in the prompt, before the question, and not first.
    pub best_last: bool,
    /// A sentence that repeats another, or that no passage backs, is written anew once, with another first word.
    pub again: bool,
}

impl Default for Aids {
    fn default() -> Self {
        Aids {
            opening: true,
            most: 4,
            trimming: false,
            best_last: false,
            again: false,
        }
    }
}

/// How to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Passages to retrieve and show.
    pub top_k: usize,
    /// Least confidence to answer at, see [`abstain`].
    pub min_confidence: f32,
    /// The part of the corpus to answer from.
    pub filters: Filters,
    pub sampling: Sampling,
    pub style: Style,
    pub aids: Aids,
    /// How many sentences are quoted at most where no model writes.
    pub quotes: usize,
    /// Whether sentences that no passage backs are shown too, marked as such.
    pub keep_unsupported: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            top_k: 5,
            min_confidence: MIN_CONFIDENCE,
            filters: Filters::default(),
            sampling: Sampling::default(),
            style: Style::default(),
            aids: Aids::default(),
            quotes: QUOTED.sentences,
            keep_unsupported: false,
        }
    }
}

/// Why a question cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("the question is empty")]
    Empty,
    #[error("the question has {0} bytes, and {MAX_QUESTION_BYTES} are the limit")]
    TooLong(usize),
    #[error(transparent)]
    Retrieve(#[from] RetrieveError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What the corpus has for a question.
#[derive(Debug, Clone)]
pub struct Found {
    pub question: String,
    /// The question as it was searched for: the same, save where it leaned on questions before it.
    pub query: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// What comes nearest where there is no hit.
    pub nearest: Option<Passage>,
    /// Whether it is too unsure that the hits answer the question.
    pub abstains: bool,
    /// How sure the retriever is that the hits answer it, 0 to 1.
    pub confidence: f32,
    /// The confidence that was asked for, 0 to 1.
    pub threshold: f32,
    /// What the confidence was made of.
    pub signals: Signals,
    pub corpus: Freshness,
    /// The part of the corpus that was searched.
    pub filters: Filters,
    started: Instant,
    retrieve: Duration,
}

/// [`find_with`] the words of the question alone.
pub fn find(store: &Store, question: &str, settings: &Settings) -> Result<Found, AskError> {
    find_with(store, &ByWords { store }, question, settings)
}

/// Retrieves the passages for `question`, and decides whether they answer it. `retriever` searches `store`.
pub fn find_with(
    store: &Store,
    retriever: &dyn Retriever,
    question: &str,
    settings: &Settings,
) -> Result<Found, AskError> {
    find_as(store, retriever, question, question, settings)
}

/// [`find_with`] for a `question` that says in other words what is asked: `query` stands alone, and is searched for.
pub fn find_as(
    store: &Store,
    retriever: &dyn Retriever,
    question: &str,
    query: &str,
    settings: &Settings,
) -> Result<Found, AskError> {
    let started = Instant::now();
    let (question, asked) = (question.trim(), query.trim());
    if question.is_empty() || asked.is_empty() {
        return Err(AskError::Empty);
    }
    if question.len() > MAX_QUESTION_BYTES {
        return Err(AskError::TooLong(question.len()));
    }
    let query = Query {
        filters: &settings.filters,
        ..Query::new(asked, settings.top_k)
    };
    let retrieved = retriever.retrieve(&query)?;
    let stats = store.stats();
    Ok(Found {
        question: question.to_string(),
        query: asked.to_string(),
        abstains: abstain::abstains(retrieved.confidence, settings.min_confidence),
        confidence: retrieved.confidence,
        threshold: settings.min_confidence,
        signals: retrieved.signals,
        hits: retrieved.hits,
        nearest: retrieved.nearest,
        corpus: Freshness {
            editions: stats.editions,
            newest: stats.newest,
            indexed_at: stats.indexed_at,
        },
        filters: settings.filters.clone(),
        started,
        retrieve: started.elapsed(),
    })
}

/// A passage that covers less than this share of what the best one covers, or where meaning counts scores less than
/// this share of its score, is about something else.
const MIN_SHARE_OF_BEST: f32 = 0.6;

impl Found {
    /// The passages to answer from, best first: those of the hits that come near the best.
    pub fn passages(&self) -> Vec<&Passage> {
        let worth = |hit: &Hit| hit.similarity.map_or(hit.coverage, |_| hit.score);
        let best = self.hits.iter().map(worth).fold(0.0, f32::max);
        let near = self.hits.iter().filter(|hit| worth(hit) >= best * MIN_SHARE_OF_BEST);
        near.map(|hit| &hit.passage).collect()
    }
}

/// A loaded model and what is known of it beyond what it knows itself.
pub struct Writer<'a> {
    pub engine: &'a mut dyn Engine,
    /// Of the model's file, where a registry vouches for it.
    pub sha256: Option<String>,
    pub prompts: &'a Prompts,
    /// How long loading it took for this question; zero if it was loaded before.
    pub load: Duration,
}

/// What is told while an answer is being written.
pub trait Listener {
    /// The next sentence of the answer, backed by its citations, or marked as unsupported where that was asked for.
    /// Breaks when nobody listens any more.
    fn sentence(&mut self, sentence: &Sentence) -> ControlFlow<()>;
    /// Something the reader should know that is not part of the answer.
    fn note(&mut self, text: &str);
}

impl Meaning for Dense {
    fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        self.embed(texts).ok()
    }
}

/// Answers what was found: with `writer` where there is one, by quoting where there is none or where nothing that the
/// model wrote is backed by a passage. `meaning`, where it is given, compares sentences beyond their words.
pub fn write(
    found: &Found,
    writer: Option<Writer>,
    meaning: Option<&dyn Meaning>,
    settings: &Settings,
    listener: &mut dyn Listener,
) -> Result<Answer, AskError> {
    let passages = found.passages();
    let mut timings = Timings {
        retrieve_ms: ms(found.retrieve),
        ..Timings::default()
    };
    let mut model = None;
    let mut mode = Mode::Extractive;
    let mut draft = Draft::default();
    if found.abstains {
        return Ok(finish(found, abstention(found), draft, mode, model, timings));
    }
    let asked = Asked::new(&found.query, meaning);
    if let Some(writer) = writer {
        model = Some(used(writer.engine.info(), writer.sha256.as_deref()));
        timings.load_ms = ms(writer.load);
        draft = writing::generate(&asked, &passages, writer, settings, &mut timings, listener)?;
        mode = Mode::Llm;
    }
    if !draft.holds() {
        mode = Mode::Extractive;
        let limits = Limits {
            sentences: settings.quotes,
            ..QUOTED
        };
        for pick in asked.pick(&passages, limits) {
            if listener
                .sentence(draft.quote(passages[pick.passage], pick.quote))
                .is_break()
            {
                break;
            }
        }
    }
    // Where every sentence of the passages is left out, nothing answers.
    let text = if draft.holds() { draft.text() } else { abstention(found) };
    Ok(finish(found, text, draft, mode, model, timings))
}

/// The line that says that the corpus has no answer, with the nearest discussion.
pub fn abstention(found: &Found) -> String {
    let passage = found.hits.first().map(|hit| &hit.passage).or(found.nearest.as_ref());
    let nearest = passage.map(|passage| {
        format!(
            "; the nearest discussion is \"{}\" ({})",
            passage.discussion,
            passage.id.group()
        )
    });
    format!(
        "nothing in the corpus{} answers this question{}",
        found.filters,
        nearest.unwrap_or_default()
    )
}

/// What an answer says of the model that wrote it.
pub fn used(info: &ModelInfo, sha256: Option<&str>) -> ModelUsed {
    ModelUsed {
        name: info.name.clone(),
        file: info.file.display().to_string(),
        sha256: sha256.map(String::from),
        quantization: info.quantization.clone(),
        device: info.device.clone(),
    }
}

fn finish(
    found: &Found,
    text: String,
    draft: Draft,
    mode: Mode,
    model: Option<ModelUsed>,
    mut timings: Timings,
) -> Answer {
    timings.total_ms = ms(found.started.elapsed());
    Answer {
        question: found.question.clone(),
        answer: text,
        abstained: !draft.holds(),
        confidence: found.confidence,
        threshold: found.threshold,
        mode,
        sentences: draft.sentences,
        citations: draft.citations,
        corpus: found.corpus.clone(),
        model,
        timings,
    }
}

/// Milliseconds to three decimals: what the JSON shows.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
