//! The whole pipeline: a question goes in, an answer with citations comes out.
//!
//! In: an index, a question and, where there is one, a model. Out: an [`Answer`], its sentences handed on as they come.
//! [`find`] decides whether the corpus can answer, before any model is loaded; [`write()`] answers. It must not know of
//! command lines or terminals.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::answer::abstain::{self, MIN_CONFIDENCE};
use crate::answer::compose::Composer;
use crate::answer::extractive::{self, Limits, Pick};
use crate::answer::{Answer, Draft, Freshness, MAX_WORDS, Mode, ModelUsed, Sentence, Timings};
use crate::corpus::Passage;
use crate::engine::{Engine, EngineError, Generation, Message, Role, Sampling};
use crate::index::Store;
use crate::prompt::{Prompt, Prompts};
use crate::retrieve::{ByWords, Filters, Hit, Query, RetrieveError, Retriever};

/// Longest question, in bytes: some pages. What is longer was piped in by mistake.
pub const MAX_QUESTION_BYTES: usize = 16 << 10;

/// How many tokens a prompt may take: prefill is what a reader waits for.
pub const PROMPT_TOKENS: usize = 1_536;

/// A model of fewer parameters makes things up when it writes; it is given sentences to choose from instead.
const SMALL_MODEL: u64 = 400_000_000;

/// What is quoted when no model writes.
const QUOTED: Limits = Limits {
    sentences: 5,
    per_passage: 2,
    words: MAX_WORDS,
};

/// What a small model chooses from: somewhat more than it may say, all of it worth saying.
const TO_CHOOSE_FROM: Limits = Limits {
    sentences: 7,
    per_passage: 2,
    words: MAX_WORDS + 60,
};

/// How many sentences a small model may choose.
const CHOSEN: usize = 4;

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
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            top_k: 5,
            min_confidence: MIN_CONFIDENCE,
            filters: Filters::default(),
            sampling: Sampling::default(),
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
    /// Best first.
    pub hits: Vec<Hit>,
    /// What comes nearest where there is no hit.
    pub nearest: Option<Passage>,
    /// Whether it is too unsure that the hits answer the question.
    pub abstains: bool,
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
    let started = Instant::now();
    let question = question.trim();
    if question.is_empty() {
        return Err(AskError::Empty);
    }
    if question.len() > MAX_QUESTION_BYTES {
        return Err(AskError::TooLong(question.len()));
    }
    let query = Query {
        filters: &settings.filters,
        ..Query::new(question, settings.top_k)
    };
    let retrieved = retriever.retrieve(&query)?;
    let stats = store.stats();
    Ok(Found {
        question: question.to_string(),
        abstains: abstain::abstains(retrieved.confidence, settings.min_confidence),
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
    /// The passages to answer from, best first.
    fn passages(&self) -> Vec<&Passage> {
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
    /// The next sentence of the answer, backed by its citations.
    /// Breaks when nobody listens any more.
    fn sentence(&mut self, sentence: &Sentence) -> ControlFlow<()>;
    /// Something the reader should know that is not part of the answer.
    fn note(&mut self, text: &str);
}

/// Answers what was found: with `writer` where there is one, by quoting where there is none or where nothing that the
/// model wrote is backed by a passage.
pub fn write(
    found: &Found,
    writer: Option<Writer>,
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
    if let Some(writer) = writer {
        model = Some(used(&writer));
        timings.load_ms = ms(writer.load);
        draft = generate(found, &passages, writer, settings, &mut timings, listener)?;
        mode = Mode::Llm;
    }
    if draft.sentences.is_empty() {
        mode = Mode::Extractive;
        for pick in extractive::extract(&found.question, &passages, QUOTED) {
            let text = quote(&passages, &pick);
            if listener
                .sentence(draft.add(&text, passages[pick.passage], pick.quote, 1.0))
                .is_break()
            {
                break;
            }
        }
    }
    let text = draft.text();
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

/// Lets the model write, and keeps the sentences that the passages in its prompt back; lets a small model choose.
fn generate(
    found: &Found,
    passages: &[&Passage],
    writer: Writer,
    settings: &Settings,
    timings: &mut Timings,
    listener: &mut dyn Listener,
) -> Result<Draft, AskError> {
    let Writer { engine, prompts, .. } = writer;
    let room = engine
        .info()
        .context_length
        .saturating_sub(settings.sampling.max_tokens);
    let budget = room.min(PROMPT_TOKENS);
    let small = engine.info().parameters < SMALL_MODEL;
    // A small model chooses among these, and a larger one needs none.
    let mut picks = Vec::new();
    let (template, texts): (_, Vec<String>) = if small {
        picks = extractive::best_first(&found.question, passages, TO_CHOOSE_FROM);
        (
            &prompts.choose,
            picks.iter().map(|pick| quote(passages, pick)).collect(),
        )
    } else {
        (
            &prompts.answer,
            passages.iter().map(|passage| passage.text.clone()).collect(),
        )
    };
    let count = |system: &str, user: &str| engine.count_prompt(&messages(system, user));
    let prompt: Prompt = template.fill(&found.question, &texts, budget, &count)?;
    if prompt.passages == 0 {
        listener.note("the question leaves the model no room for passages: quoting them instead");
        return Ok(Draft::default());
    }
    let messages = messages(&prompt.system, &prompt.user);
    let (draft, generation) = if small {
        choose(engine, &messages, passages, &picks, &texts, settings, listener)?
    } else {
        compose(engine, &messages, &passages[..prompt.passages], settings, listener)?
    };
    timings.prompt_tokens = generation.prompt_tokens;
    timings.cached_tokens = generation.cached_tokens;
    timings.generated_tokens = generation.generated_tokens;
    timings.prefill_ms = ms(generation.prefill);
    timings.first_token_ms = ms(generation.first_token);
    timings.decode_ms = ms(generation.decode);
    if draft.sentences.is_empty() {
        listener.note("no sentence that the model wrote is backed by a passage: quoting the passages instead");
    }
    Ok(draft)
}

/// The model writes freely; what no passage backs is dropped.
fn compose(
    engine: &mut dyn Engine,
    messages: &[Message],
    passages: &[&Passage],
    settings: &Settings,
    listener: &mut dyn Listener,
) -> Result<(Draft, Generation), AskError> {
    let mut composer = Composer::new(passages);
    let mut show = |sentence: &Sentence| listener.sentence(sentence);
    let generation = engine.generate(messages, &settings.sampling, &mut |piece| {
        composer.push(piece, &mut show)
    })?;
    Ok((composer.finish(&mut show).0, generation))
}

/// The best sentence of the passages, and what the model chooses of the others: they back the answer word for word.
/// `sentences` are the texts of `picks`.
fn choose(
    engine: &mut dyn Engine,
    messages: &[Message],
    passages: &[&Passage],
    picks: &[Pick],
    sentences: &[String],
    settings: &Settings,
    listener: &mut dyn Listener,
) -> Result<(Draft, Generation), AskError> {
    let mut draft = Draft::default();
    let generation = engine.choose(messages, sentences, CHOSEN, &settings.sampling, &mut |choice| {
        let pick = &picks[choice];
        if draft.words() + sentences[choice].split_whitespace().count() > MAX_WORDS {
            return ControlFlow::Break(());
        }
        listener.sentence(draft.add(&sentences[choice], passages[pick.passage], pick.quote.clone(), 1.0))
    })?;
    Ok((draft, generation))
}

/// The picked sentence, on one line.
fn quote(passages: &[&Passage], pick: &Pick) -> String {
    let text = &passages[pick.passage].text[pick.quote.clone()];
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn messages(system: &str, user: &str) -> [Message; 2] {
    [(Role::System, system), (Role::User, user)].map(|(role, content)| Message {
        role,
        content: content.to_string(),
    })
}

fn used(writer: &Writer) -> ModelUsed {
    let info = writer.engine.info();
    ModelUsed {
        name: info.name.clone(),
        file: info.file.display().to_string(),
        sha256: writer.sha256.clone(),
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
        abstained: draft.sentences.is_empty(),
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
