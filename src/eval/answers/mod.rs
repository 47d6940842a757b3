//! Measures how far answers can be trusted, by model and mode, side by side.
//!
//! [`ask_one`] produces an [`Answered`] for each question and mode, [`score()`] a [`Score`] of it, and
//! [`report()`] a [`Report`] for each mode. Running is separate from scoring. Nothing here prints.

pub mod checker;
mod control;
mod report;
mod score;
mod shape;
mod ungrounded;

use std::collections::HashMap;
use std::time::Instant;

use serde::Serialize;

use super::questions::{Question, Split};
use crate::answer;
use crate::answer::meaning::Meaning;
use crate::ask::{self, AskError, Listener, Settings, Writer};
use crate::corpus::{Corpus, CorpusError, Passage, parse, passages};
use crate::index::Store;
use crate::retrieve::Retriever;
pub use report::{Report, report};
pub use score::{Score, score};

/// How an answer is produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The model writes the lead, which must be backed by the quotes. This is `askpm ask` with a model that writes.
    Llm,
    /// Everything is quoted. This is `askpm ask -m none`.
    Extractive,
    /// The baseline: the discussion of the best hit, and the first two sentences of each of its answers.
    Control,
    /// The model with the same passages in its prompt, and its text unchecked.
    Ungrounded,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Llm => "llm",
            Mode::Extractive => "extractive",
            Mode::Control => "control",
            Mode::Ungrounded => "ungrounded",
        }
    }
}

/// What a sentence refers to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cited {
    pub id: String,
    /// The quoted words, or the whole passage without grounding.
    pub text: String,
}

/// A sentence as shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    pub text: String,
    pub cited: Vec<Cited>,
    /// Whether it begins a paragraph.
    pub opens: bool,
}

/// The outcome of one question in one mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    pub id: String,
    pub split: Split,
    pub mode: Mode,
    pub abstained: bool,
    /// No passage backed what the model wrote, and passages were quoted instead.
    pub fell_back: bool,
    pub sentences: Vec<Told>,
    /// The passages that were found. An uncited sentence may be based on them.
    #[serde(skip)]
    pub found: Vec<Passage>,
    /// From the question to the end of the answer, without loading the model.
    pub seconds: f64,
}

/// Answers `question` in `mode`. The modes with a model need `writer`. `meaning` compares sentences as for `askpm ask`.
pub fn ask_one(
    store: &Store,
    retriever: &dyn Retriever,
    question: &Question,
    mode: Mode,
    writer: Option<Writer>,
    meaning: Option<&dyn Meaning>,
    settings: &Settings,
) -> Result<Answered, AskError> {
    let started = Instant::now();
    let found = ask::find_with(store, retriever, meaning, &question.query(), settings)?;
    let hits = || found.hits.iter().map(|hit| hit.passage.clone()).collect::<Vec<_>>();
    let mut answered = Answered {
        id: question.id.clone(),
        split: question.split,
        mode,
        abstained: false,
        fell_back: false,
        sentences: Vec::new(),
        found: hits(),
        seconds: 0.0,
    };
    match (mode, writer) {
        (Mode::Ungrounded, Some(writer)) => {
            answered.sentences = ungrounded::write(&found.question, &answered.found, writer, settings)?;
        }
        (Mode::Control, _) => answered.sentences = control::answer(store, &answered.found)?,
        (_, writer) => {
            let written = ask::write(&found, writer, meaning, settings, &mut Silent)?;
            answered.abstained = written.abstained;
            answered.fell_back = mode == Mode::Llm && !written.abstained && written.mode == answer::Mode::Extractive;
            answered.sentences = told(&written);
        }
    }
    answered.seconds = started.elapsed().as_secs_f64();
    Ok(answered)
}

fn told(answer: &answer::Answer) -> Vec<Told> {
    let cited = |n: &usize| {
        let citation = answer.citations.iter().find(|citation| citation.n == *n);
        citation.map(|citation| Cited {
            id: citation.id.clone(),
            text: citation.quote.clone(),
        })
    };
    let sentence = |sentence: &answer::Sentence| Told {
        text: sentence.text.clone(),
        cited: sentence.citations.iter().filter_map(cited).collect(),
        opens: sentence.speaker.is_some(),
    };
    answer.sentences.iter().map(sentence).collect()
}

/// A listener that ignores everything.
struct Silent;

impl Listener for Silent {
    fn sentence(&mut self, _: &answer::Sentence) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
    fn note(&mut self, _: &str) {}
}

/// The texts of every passage by its identifier. They are read from the corpus itself, not from the index that answers
/// are made from.
pub struct Library(HashMap<String, Vec<String>>);

impl Library {
    /// Reads a corpus. Files that are not editions are skipped, as in the index.
    pub fn read(corpus: &Corpus) -> Result<Library, CorpusError> {
        let mut texts: HashMap<String, Vec<String>> = HashMap::new();
        for file in corpus.files()? {
            let Some(edition) = file.text.ok().and_then(|text| parse(&file.path, &text).ok()) else {
                continue;
            };
            for passage in passages(&edition, &file.path) {
                if let Some(short) = passage.in_short {
                    texts.insert(passage.id.group().to_string(), vec![short]);
                }
                texts.entry(passage.id.to_string()).or_default().push(passage.text);
            }
        }
        Ok(Library(texts))
    }

    /// Returns the passages of `id`, or none if the corpus has no such part.
    pub fn texts(&self, id: &str) -> &[String] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }

    #[cfg(test)]
    fn of(texts: &[(&str, &str)]) -> Library {
        Library(
            texts
                .iter()
                .map(|(id, text)| (id.to_string(), vec![text.to_string()]))
                .collect(),
        )
    }
}
