//! Estimates the worth of a sentence: the chance that an editor who must answer in a few words would quote it.
//!
//! The estimate is a logistic regression on what can be measured of any text: likeness to the question, to the title
//! and to the whole answer, place in the answer, length, punctuation, and the shares of pronouns. It uses no word of
//! any subject. `eval/fit_worth.py` documents how its constants are fitted, and on what data.

use std::collections::HashSet;
use std::ops::Range;

use super::super::logistic::Fit;
use super::super::meaning::{Scale, sum};
use super::super::reading;
use super::super::topic::{self, Topic};
use super::super::words::Words;
use super::point;

/// A sentence of a discussion, and its worth.
pub(super) struct Sentence {
    /// Index of its discussion among those given.
    pub topic: usize,
    pub passage: usize,
    pub position: usize,
    pub span: Range<usize>,
    pub honest: bool,
    pub words: usize,
    pub stems: HashSet<String>,
    pub vector: Option<Vec<f32>>,
    /// The scale of the vector.
    pub scale: Scale,
    /// The chance that an editor would quote it: 0..=1.
    pub worth: f32,
    /// Whether it repeats a number that only the discussion's asker used.
    pub asker_number: bool,
    /// Similarity in meaning to the question: -1..=1. It is 0 without an embedding model.
    pub likeness: f32,
    /// How much it says of what its author says, see [`point::weight`].
    pub point: f32,
    /// How much it speaks in the terms of the question, see [`point::nearness`].
    pub nearness: f32,
    /// Whether it may open a quote though it refers back, because it refers to the question.
    pub answers_title: bool,
}

/// The number of features.
const FEATURES: usize = 20;

/// The names of the features, in order, for the program that fits the constants.
pub const NAMES: [&str; FEATURES] = [
    "question",
    "question_rel",
    "whole",
    "title",
    "first",
    "second",
    "third",
    "last",
    "place",
    "length",
    "refers",
    "asks",
    "announces",
    "speech",
    "number",
    "asker_number",
    "asker_words",
    "question_words",
    "i",
    "you",
];

const BY_MEANING: Fit<FEATURES> = Fit {
    intercept: -2.975,
    weights: [
        4.308, 0.435, 0.139, -1.395, 1.313, -0.768, -0.439, -0.577, -0.633, 0.142, -0.374, 0.416, -3.646, -0.014,
        0.055, -0.500, -0.264, 1.742, -3.050, 0.584,
    ],
};

const BY_WORDS: Fit<FEATURES> = Fit {
    intercept: -2.234,
    weights: [
        0.000, 0.000, 0.000, 0.000, 1.331, -0.724, -0.427, -0.562, -0.613, 0.181, -0.334, 0.366, -3.761, 0.013, -0.021,
        -0.568, -0.481, 3.913, -3.503, 1.104,
    ],
};

/// Returns all sentences of `topics`, with their worth for `question`.
pub(super) fn sentences(question: &str, topics: &[&Topic]) -> Vec<Sentence> {
    let mut all = Vec::new();
    for (at, topic) in topics.iter().enumerate() {
        let measured = features(question, topic);
        let by_meaning = measured.iter().all(|(_, by_meaning)| *by_meaning);
        let fit = if by_meaning { &BY_MEANING } else { &BY_WORDS };
        let words = Words::default();
        for (sentence, (features, _)) in topic.sentences.iter().zip(measured) {
            let text = text(topic, sentence);
            all.push(Sentence {
                topic: at,
                passage: sentence.passage,
                position: sentence.position,
                span: sentence.span.clone(),
                honest: sentence.honest,
                words: text.split_whitespace().count(),
                stems: words.set(text),
                vector: sentence.vector.clone(),
                scale: topic.scale,
                worth: fit.probability(&features) * if of_another(&features) { OF_ANOTHER } else { 1.0 },
                asker_number: value(&features, "asker_number") > 0.0,
                likeness: value(&features, "question"),
                point: point::weight(|name| value(&features, name), by_meaning),
                nearness: point::nearness(|name| value(&features, name), by_meaning),
                answers_title: false,
            });
        }
    }
    all
}

/// The factor for a sentence that addresses the discussion's asker about their own case.
const OF_ANOTHER: f32 = 0.3;

/// The share of words that only the asker used, from which a sentence with `you` is about the asker's case.
const ASKER_WORDS: f32 = 0.25;

/// Returns whether a sentence applies only to the discussion's asker. It repeats a number of theirs, or says `you` in
/// the words of their case.
fn of_another(features: &[f32; FEATURES]) -> bool {
    let of = |name| value(features, name);
    of("asker_number") > 0.0 || (of("you") > 0.0 && of("asker_words") >= ASKER_WORDS)
}

/// Returns the feature named `name`.
fn value(features: &[f32; FEATURES], name: &str) -> f32 {
    let at = NAMES.iter().position(|other| *other == name);
    at.map_or(0.0, |at| features[at])
}

fn text<'a>(topic: &'a Topic, sentence: &topic::Sentence) -> &'a str {
    &topic.passages[sentence.passage].text[sentence.span.clone()]
}

/// Returns the features of each sentence of `topic`, and whether they include meaning.
pub fn features(question: &str, topic: &Topic) -> Vec<([f32; FEATURES], bool)> {
    let words = Words::default();
    let asked = words.set(question);
    let title = words.set(&topic.title);
    let mut asker = words.set(&topic.question);
    asker.retain(|stem| !title.contains(stem) && !asked.contains(stem));
    // A number in the title belongs to the discussion, and readers see it.
    let known: HashSet<&str> = numbers(&topic.title).chain(numbers(question)).collect();
    let asker_numbers: HashSet<&str> = numbers(&topic.question)
        .filter(|number| !known.contains(number))
        .collect();
    let mut out = Vec::with_capacity(topic.sentences.len());
    for passage in 0..topic.passages.len() {
        let own: Vec<&topic::Sentence> = topic.sentences.iter().filter(|s| s.passage == passage).collect();
        let whole = sum(own.iter().map(|sentence| sentence.vector.as_deref()));
        let near = |vector: &Option<Vec<f32>>, to: Option<&[f32]>| {
            vector.as_deref().zip(to).map_or(0.0, |(a, b)| topic.scale.cosine(a, b))
        };
        let head = |at: usize| topic.heads.as_ref().map(|heads| heads[at].as_slice());
        let likeness: Vec<f32> = own.iter().map(|s| near(&s.vector, head(0))).collect();
        let mean = likeness.iter().sum::<f32>() / likeness.len().max(1) as f32;
        for (at, sentence) in own.iter().enumerate() {
            let text = text(topic, sentence);
            let stems = words.set(text);
            let share = |of: &HashSet<String>, by: &HashSet<String>| {
                of.intersection(by).count() as f32 / by.len().max(1) as f32
            };
            let lower = reading::words(text);
            let of = |list: &[&str]| {
                lower.iter().filter(|w| list.contains(&w.as_str())).count() as f32 / lower.len().max(1) as f32
            };
            let flag = |yes: bool| f32::from(u8::from(yes));
            let features = [
                likeness[at],
                likeness[at] - mean,
                near(&sentence.vector, whole.as_deref()),
                near(&sentence.vector, head(1)),
                flag(at == 0),
                flag(at == 1),
                flag(at == 2),
                flag(at + 1 == own.len()),
                at as f32 / (own.len() - 1).max(1) as f32,
                (1.0 + lower.len() as f32).ln(),
                flag(reading::refers_back(text)),
                flag(text.ends_with('?')),
                flag(text.ends_with(':')),
                flag(text.contains(['"', '“'])),
                flag(numbers(text).next().is_some()),
                flag(numbers(text).any(|number| asker_numbers.contains(number))),
                share(&asker, &stems),
                share(&stems, &asked),
                of(&["i", "my", "me", "we", "our", "us", "i'm", "i've", "we've"]),
                of(&["you", "your", "yours", "you're", "you'll"]),
            ];
            out.push((features, sentence.vector.is_some() && topic.heads.is_some()));
        }
    }
    out
}

/// Returns the numbers of a text, as written.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != ',' && c != '.');
    let words = words.map(|word| word.trim_matches(['.', ',']));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}
