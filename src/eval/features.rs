//! Exports the features of discussions and sentences with people's labels, to fit constants to.
//!
//! `askpm eval --features` prints a [`Measured`] for each labelled question. `eval/fit_judge.py` and
//! `eval/fit_worth.py` read them and do the fitting.

use serde::Serialize;

use super::questions::{Question, Split};
use crate::answer::features::Features;
use crate::answer::meaning::Meaning;
use crate::answer::runs::worth;
use crate::answer::topic::Topic;
use crate::ask::{self, AskError, Settings};
use crate::index::Store;
use crate::retrieve::Retriever;

/// The measurements for one question.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub id: String,
    pub kind: String,
    pub split: Split,
    /// Whether the corpus answers the question.
    pub answerable: bool,
    /// The discussions found, the most confident first.
    pub topics: Vec<Judged>,
    /// The sentences of the found discussions that answer.
    pub sentences: Vec<Weighed>,
}

/// A discussion.
#[derive(Debug, Serialize)]
pub struct Judged {
    pub id: String,
    /// Whether a person said that it answers the question.
    pub answers: bool,
    pub confidence: f32,
    pub features: Features,
}

/// A sentence.
#[derive(Debug, Serialize)]
pub struct Weighed {
    /// Identifier of the passage that it is in.
    pub id: String,
    /// Whether it belongs to the evidence for a key point.
    pub key: bool,
    /// In the order of [`worth::NAMES`].
    pub features: Vec<f32>,
}

/// Measures what is found for `question`.
pub fn of(
    store: &Store,
    retriever: &dyn Retriever,
    meaning: Option<&dyn Meaning>,
    question: &Question,
) -> Result<Measured, AskError> {
    let text = question.query();
    let mut found = ask::find_with(store, retriever, meaning, &text, &Settings::default())?;
    let answers = |topic: &Topic| question.full.contains(&topic.id);
    if let Some(meaning) = meaning {
        let unread = found
            .topics
            .iter_mut()
            .filter(|topic| question.full.contains(&topic.id));
        unread.for_each(|topic| topic.read(meaning));
    }
    let topics = found.topics.iter().map(|topic| Judged {
        id: topic.id.to_string(),
        answers: answers(topic),
        confidence: topic.confidence,
        features: topic.features,
    });
    let sentences = |topic: &Topic| {
        let measured = worth::features(&text, topic);
        let each = topic.sentences.iter().zip(measured);
        let one = |(sentence, (features, _)): (&crate::answer::topic::Sentence, ([f32; _], bool))| {
            let passage = &topic.passages[sentence.passage];
            let text = &passage.text[sentence.span.clone()];
            Weighed {
                id: passage.id.to_string(),
                key: is_key(question, &passage.id.to_string(), text),
                features: features.to_vec(),
            }
        };
        each.map(one).collect::<Vec<_>>()
    };
    Ok(Measured {
        id: question.id.clone(),
        kind: question.kind.clone(),
        split: question.split,
        answerable: !question.relevant.is_empty(),
        topics: topics.collect(),
        sentences: found
            .topics
            .iter()
            .filter(|topic| answers(topic))
            .flat_map(sentences)
            .collect(),
    })
}

/// Returns whether `text` of the passage `id` contains evidence for a point of `question`, or is part of it.
fn is_key(question: &Question, id: &str, text: &str) -> bool {
    let evidence = question.points.iter().flat_map(|point| &point.evidence);
    let mut here = evidence.filter(|evidence| evidence.id.to_string() == id);
    here.any(|evidence| text.contains(&evidence.quote) || evidence.quote.contains(text))
}
