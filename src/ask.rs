//! Runs the whole pipeline, from a question to an [`Answer`] with citations.
//!
//! [`find`] groups hits into discussions and judges each, before any model is loaded. [`write()`] answers from the
//! discussions that answer the question, or says that none does. It passes sentences on as they are ready.

mod gather;
mod going_on;
mod search;
mod writing;

pub use search::{Reading, Search};

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::answer::judge::{MIN_CONFIDENCE, SURE_FROM};
use crate::answer::meaning::{self, Meaning};
use crate::answer::runs::Shown;
use crate::answer::topic::Topic;
use crate::answer::{Answer, Freshness, ModelUsed, NEAREST, Related, Sentence, Timings, one_line};
use crate::corpus::Passage;
use crate::engine::{Engine, EngineError, ModelInfo, Sampling};
use crate::index::{IndexError, Store};
use crate::prompt::Prompts;
use crate::retrieve::cluster::Cluster;
use crate::retrieve::dense::Dense;
use crate::retrieve::{ByWords, Filters, Hit, RetrieveError, Retriever, Signals};

/// The longest question, in bytes: a few pages. A longer one was piped in by mistake.
pub const MAX_QUESTION_BYTES: usize = 16 << 10;

/// The fewest passages to gather discussions from. The best discussion may have its best passage further down.
const GATHERED_FROM: usize = 24;

/// The fewest parameters of a model that writes the lead by default. A smaller model repeats itself or drifts when it
/// must write one sentence from passages. It writes only if the user names it.
pub const WRITES_FROM: u64 = 400_000_000;

/// The most discussions to answer from.
const DISCUSSIONS: usize = 2;

/// Settings of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Passages to retrieve and show.
    pub top_k: usize,
    /// The lowest confidence to answer at, see [`judge`](crate::answer::judge).
    pub min_confidence: f32,
    /// The part of the corpus to answer from.
    pub filters: Filters,
    pub sampling: Sampling,
    /// Whether to show sentences of a model that no passage backs, marked as such.
    pub keep_unsupported: bool,
    /// What this conversation has already shown. It is not quoted again.
    pub shown: Vec<Shown>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            top_k: 5,
            min_confidence: MIN_CONFIDENCE,
            filters: Filters::default(),
            sampling: Sampling::default(),
            keep_unsupported: false,
            shown: Vec::new(),
        }
    }
}

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("the question is empty")]
    Empty,
    #[error("the question is longer than the limit of {MAX_QUESTION_BYTES} bytes")]
    TooLong(usize),
    #[error(transparent)]
    Retrieve(#[from] RetrieveError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The embedding model failed after the search.
    #[error("{}", .0.message)]
    Meaning(meaning::Failure),
}

impl From<IndexError> for AskError {
    fn from(error: IndexError) -> Self {
        AskError::Retrieve(error.into())
    }
}

/// What the corpus holds for a question.
#[derive(Debug, Clone)]
pub struct Found {
    pub question: String,
    /// The question as searched for. It differs if the question refers to earlier ones.
    pub query: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// The discussions of the hits, judged, the most confident first.
    pub topics: Vec<Topic>,
    /// Learning resources among the hits.
    pub resources: Vec<Passage>,
    /// Whether no discussion answers the question.
    pub abstains: bool,
    /// How likely the best discussion answers the question, 0 to 1.
    pub confidence: f32,
    /// The lowest confidence to answer at, 0 to 1.
    pub threshold: f32,
    /// What the search knows about the question as a whole.
    pub signals: Signals,
    pub corpus: Freshness,
    /// The part of the corpus that was searched.
    pub filters: Filters,
    started: Instant,
    retrieve: Duration,
}

impl Found {
    /// Returns whether the answer needs no line that says that it may not be one.
    fn is_sure(&self) -> bool {
        !self.abstains && self.confidence >= SURE_FROM
    }
}

/// Calls [`find_with`] with the words of the question only.
pub fn find(store: &Store, question: &str, settings: &Settings) -> Result<Found, AskError> {
    find_with(store, &ByWords { store }, None, question, settings)
}

/// Retrieves the discussions for `question`, and judges whether they answer it. See [`Search`].
pub fn find_with(
    store: &Store,
    retriever: &dyn Retriever,
    meaning: Option<&dyn Meaning>,
    question: &str,
    settings: &Settings,
) -> Result<Found, AskError> {
    let search = Search {
        store,
        retriever,
        meaning,
    };
    search.find(question, settings)
}

/// A loaded model, and what is known about it beyond the engine's own information.
pub struct Writer<'a> {
    pub engine: &'a mut dyn Engine,
    /// Hash of the model's file, if a registry lists it.
    pub sha256: Option<String>,
    pub prompts: &'a Prompts,
    /// How long it took to load for this question. Zero if it was loaded before.
    pub load: Duration,
}

/// Receives an answer while it is being written.
pub trait Listener {
    /// Receives the next sentence of the answer: backed by citations, or marked as unsupported if requested. Breaks to
    /// stop the writing.
    fn sentence(&mut self, sentence: &Sentence) -> ControlFlow<()>;
    /// Receives a message for the reader that is not part of the answer.
    fn note(&mut self, text: &str);
}

impl Meaning for Dense {
    fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        self.try_embed(texts)
    }

    fn scale(&self) -> meaning::Scale {
        Dense::scale(self).unwrap_or_default()
    }

    fn failure(&self) -> Option<meaning::Failure> {
        let error = self.take_failure()?;
        Some(meaning::Failure {
            message: error.to_string(),
            hint: error.hint(),
        })
    }

    fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        Dense::indexed(self, passage)
    }
}

impl Meaning for Cluster {
    fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        self.embed(texts)?.ok()
    }

    fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        Cluster::indexed(self, passage)
    }
}

/// Answers the question of `found`.
///
/// The answer has a lead, which `writer` writes if given, and one quoted voice for each contributor. If `meaning` is
/// given, sentences are also compared by meaning.
pub fn write(
    found: &Found,
    writer: Option<Writer>,
    meaning: Option<&dyn Meaning>,
    settings: &Settings,
    listener: &mut dyn Listener,
) -> Result<Answer, AskError> {
    let mut timings = Timings {
        retrieve_ms: ms(found.retrieve),
        ..Timings::default()
    };
    let written = match found.abstains {
        true => writing::Written::default(),
        false => writing::write(found, writer, meaning, settings, &mut timings, listener)?,
    };
    let writing::Written {
        mut draft,
        model,
        mode,
        cut,
    } = written;
    gather::name_copies(&mut draft.citations, &found.topics);
    timings.total_ms = ms(found.started.elapsed());
    let abstained = !draft.holds();
    // If everything that answers was shown before, the corpus still has an answer.
    let exhausted = abstained && !found.abstains && !settings.shown.is_empty();
    let related = match abstained && !exhausted {
        true => writing::related(found),
        false => Vec::new(),
    };
    Ok(Answer {
        question: found.question.clone(),
        answer: match abstained {
            true => abstention(found, &related, exhausted),
            false => draft.text(),
        },
        abstained,
        sure: !abstained && found.is_sure(),
        confidence: found.confidence,
        threshold: found.threshold,
        mode,
        lead: draft.lead().cloned(),
        further_reading: match abstained {
            true => Vec::new(),
            false => gather::further_reading(found),
        },
        see_also: match abstained {
            true => Vec::new(),
            false => gather::see_also(found, &draft.citations),
        },
        sentences: draft.sentences,
        voices: draft.voices,
        citations: draft.citations,
        related,
        corpus: found.corpus.clone(),
        model,
        cut,
        timings,
    })
}

/// Returns the text of an abstention: a line, and a list of `related` discussions if there are any.
fn abstention(found: &Found, related: &[Related], exhausted: bool) -> String {
    let mut text = match exhausted {
        true => format!("nothing more in the corpus{} answers this question", found.filters),
        false => format!("nothing in the corpus{} answers this question", found.filters),
    };
    if !related.is_empty() {
        text.push_str(&format!("\n\n{NEAREST}:\n"));
    }
    for one in related {
        let quote = one_line(&one.quote);
        text.push_str(&format!("\n- {} (`{}`): “{quote}”", one.discussion, one.id));
    }
    text
}

/// Returns what an answer reports about the model that wrote it.
pub fn used(info: &ModelInfo, sha256: Option<&str>) -> ModelUsed {
    ModelUsed {
        name: info.name.clone(),
        file: info.file.display().to_string(),
        sha256: sha256.map(String::from),
        quantization: info.quantization.clone(),
        device: info.device.clone(),
    }
}

/// Milliseconds to three decimals, as the JSON shows them.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
