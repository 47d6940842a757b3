//! How far answers can be trusted, by model and mode, side by side.
//!
//! In: questions with their key points, an index, a model where there is one. Out: an [`Answered`] for each question
//! and mode ([`ask_one`]), then a [`Report`] for each mode ([`report`]). Running is apart from scoring. It must not print.

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

/// How an answer comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The lead by the model, held to what is quoted: what `askpm ask` does with a model that writes.
    Llm,
    /// All of it quoted: what `askpm ask -m none` does.
    Extractive,
    /// What anything must beat: the discussion of the best hit, and the first two sentences of each of its answers.
    Control,
    /// The model with the same passages in its prompt and nothing checked, as it writes.
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
    /// The words quoted; without grounding, the whole passage.
    pub text: String,
}

/// One sentence as it was shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    pub text: String,
    pub cited: Vec<Cited>,
    /// Whether it begins a paragraph.
    pub opens: bool,
}

/// What became of one question in one mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    pub id: String,
    pub split: Split,
    pub mode: Mode,
    pub abstained: bool,
    /// Nothing that the model wrote held, and passages were quoted instead.
    pub fell_back: bool,
    pub sentences: Vec<Told>,
    /// The passages that were found: what an uncited sentence may rest on.
    #[serde(skip)]
    pub found: Vec<Passage>,
    /// From the question to the end of the answer, the model's loading left out.
    pub seconds: f64,
}

/// Answers `question` in `mode`. `writer` must be there for the modes with a model; `meaning` compares sentences as it
/// does for `askpm ask`.
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

/// Hears everything and says nothing.
struct Silent;

impl Listener for Silent {
    fn sentence(&mut self, _: &answer::Sentence) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
    fn note(&mut self, _: &str) {}
}

/// The texts of every passage by its identifier, read from the corpus itself and not from the index that answers are
/// made from.
pub struct Library(HashMap<String, Vec<String>>);

impl Library {
    /// Files that are no edition are left out, as they are from the index.
    pub fn read(corpus: &Corpus) -> Result<Library, CorpusError> {
        let mut texts: HashMap<String, Vec<String>> = HashMap::new();
        for file in corpus.files()? {
            let Some(edition) = file.text.ok().and_then(|text| parse(&file.path, &text).ok()) else {
                continue;
            };
            for passage in passages(&edition, &file.path) {
                texts.entry(passage.id.to_string()).or_default().push(passage.text);
            }
        }
        Ok(Library(texts))
    }

    /// The passages of `id`; none where the corpus has no such part.
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
