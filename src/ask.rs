//! The whole pipeline: a question goes in, an answer with citations comes out.
//!
//! In: an index, a question and, where there is one, a model. Out: an [`Answer`], its sentences handed on as they come.
//! [`find`] gathers hits into discussions and judges each, before any model is loaded; [`write()`] answers from the
//! discussions that answer, or says that none does. It must not know of command lines or terminals.

mod gather;
mod writing;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::answer::judge::{self, MIN_CONFIDENCE};
use crate::answer::meaning::Meaning;
use crate::answer::runs::Shown;
use crate::answer::topic::{Topic, Verdict};
use crate::answer::{Answer, Freshness, ModelUsed, Related, Sentence, Timings, one_line};
use crate::corpus::Passage;
use crate::engine::{Engine, EngineError, ModelInfo, Sampling};
use crate::index::{IndexError, Store};
use crate::prompt::Prompts;
use crate::reading::Text;
use crate::retrieve::dense::Dense;
use crate::retrieve::{ByWords, Filters, Hit, Query, RetrieveError, Retriever, Signals};

/// Longest question, in bytes: some pages. What is longer was piped in by mistake.
pub const MAX_QUESTION_BYTES: usize = 16 << 10;

/// Passages that discussions are gathered from, at least: the best discussion may have its best passage further down.
const GATHERED_FROM: usize = 12;

/// How many parameters a model must have to write the lead unasked. A smaller one, asked for one sentence from passages,
/// repeats itself or drifts: it writes only where the user names it.
pub const WRITES_FROM: u64 = 400_000_000;

/// Most discussions that an answer rests on.
const DISCUSSIONS: usize = 2;

/// How to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Passages to retrieve and show.
    pub top_k: usize,
    /// Least confidence to answer at, see [`judge`].
    pub min_confidence: f32,
    /// The part of the corpus to answer from.
    pub filters: Filters,
    pub sampling: Sampling,
    /// Whether a sentence of a model that no passage backs is shown too, marked as such.
    pub keep_unsupported: bool,
    /// What this conversation has shown already, which is not quoted again.
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

impl From<IndexError> for AskError {
    fn from(error: IndexError) -> Self {
        AskError::Retrieve(error.into())
    }
}

/// What the corpus has for a question.
#[derive(Debug, Clone)]
pub struct Found {
    pub question: String,
    /// The question as it was searched for: the same, save where it refers to questions before it.
    pub query: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// The discussions of the hits, judged: the surest first.
    pub topics: Vec<Topic>,
    /// Learning resources among the hits.
    pub resources: Vec<Passage>,
    /// Whether no discussion answers.
    pub abstains: bool,
    /// How sure it is that the surest discussion answers, 0 to 1.
    pub confidence: f32,
    /// The confidence that was asked for, 0 to 1.
    pub threshold: f32,
    /// What the search knows of the question as a whole.
    pub signals: Signals,
    pub corpus: Freshness,
    /// The part of the corpus that was searched.
    pub filters: Filters,
    started: Instant,
    retrieve: Duration,
}

/// [`find_with`] the words of the question alone.
pub fn find(store: &Store, question: &str, settings: &Settings) -> Result<Found, AskError> {
    find_with(store, &ByWords { store }, None, question, settings)
}

/// Retrieves the discussions for `question`, and judges whether they answer it. `retriever` searches `store`; `meaning`,
/// where it is given, compares texts beyond their words.
pub fn find_with(
    store: &Store,
    retriever: &dyn Retriever,
    meaning: Option<&dyn Meaning>,
    question: &str,
    settings: &Settings,
) -> Result<Found, AskError> {
    find_as(store, retriever, meaning, question, question, settings)
}

/// [`find_with`] for a `question` that says in other words what is asked: `query` stands alone, and is searched for.
pub fn find_as(
    store: &Store,
    retriever: &dyn Retriever,
    meaning: Option<&dyn Meaning>,
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
        ..Query::new(asked, settings.top_k.max(GATHERED_FROM))
    };
    let mut retrieved = retriever.retrieve(&query)?;
    let (mut topics, resources) = gather::topics(store, &retrieved.hits, &settings.filters)?;
    judge::judge(asked, &retrieved.asked, &mut topics, meaning, settings.min_confidence);
    if let Some(meaning) = meaning {
        let answering = topics.iter_mut().filter(|topic| topic.verdict == Verdict::Answers);
        answering.take(DISCUSSIONS).for_each(|topic| topic.read(meaning));
    }
    retrieved.hits.truncate(settings.top_k);
    let stats = store.stats();
    Ok(Found {
        question: question.to_string(),
        query: asked.to_string(),
        abstains: !topics.iter().any(|topic| topic.verdict == Verdict::Answers),
        confidence: topics.first().map_or(0.0, |topic| topic.confidence),
        threshold: settings.min_confidence,
        signals: retrieved.signals,
        hits: retrieved.hits,
        topics,
        resources,
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

/// A loaded model and what is known of it beyond what it knows itself.
pub struct Writer<'a> {
    pub engine: &'a mut dyn Engine,
    /// Of the model's file, where a registry vouches for it.
    pub sha256: Option<String>,
    pub prompts: &'a Prompts,
    /// How long loading it took for this question; zero if it was loaded before.
    pub load: Duration,
}

/// Hears an answer while it is being written.
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

    fn answers(&self, texts: &[Text]) -> Option<Vec<f32>> {
        Dense::answers(self, texts).ok().flatten()
    }
}

/// Answers what was found: a lead, by `writer` where there is one, and one voice a contributor, quoted. `meaning`, where
/// it is given, compares sentences beyond their words.
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
    let writing::Written { draft, model, mode } = written;
    timings.total_ms = ms(found.started.elapsed());
    let abstained = !draft.holds();
    // Where everything that answers was shown before, it is not that nothing answers.
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
        confidence: found.confidence,
        threshold: found.threshold,
        mode,
        lead: draft.lead().cloned(),
        further_reading: match abstained {
            true => Vec::new(),
            false => gather::further_reading(found),
        },
        sentences: draft.sentences,
        voices: draft.voices,
        citations: draft.citations,
        related,
        corpus: found.corpus.clone(),
        model,
        timings,
    })
}

/// What says that there is no answer: a line, and where there are `related` discussions, a list of them.
fn abstention(found: &Found, related: &[Related], exhausted: bool) -> String {
    let mut text = match exhausted {
        true => format!("nothing more in the corpus{} answers this question", found.filters),
        false => format!("nothing in the corpus{} answers this question", found.filters),
    };
    if !related.is_empty() {
        text.push_str("\n\nRelated discussions, which do not answer it:\n");
    }
    for one in related {
        let quote = one_line(&one.quote);
        text.push_str(&format!("\n- {} (`{}`): “{quote}”", one.discussion, one.id));
    }
    text
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

/// Milliseconds to three decimals: what the JSON shows.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
