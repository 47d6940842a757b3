//! Judges whether a discussion answers a question, is only related to it, or is off topic.
//!
//! Each discussion of a search gets a confidence and a [`Verdict`]. The most confident come first.
//!
//! Asking a small model to refuse does not work (Sufficient Context, arXiv 2411.06037), so askpm measures signals
//! instead:
//!
//! - how near the question is to the title, to what the asker wrote and to the passage found;
//! - the share of its words, weighted by rarity, that the discussion has;
//! - the rarest word that the discussion lacks;
//! - by how much the discussion beats the others.
//!
//! A logistic regression combines them into one number. `eval/fit_judge.py` documents how its constants are fitted.

use std::collections::HashSet;

use super::features::Features;
use super::logistic::Fit;
use super::meaning::{Meaning, cosine};
use super::topic::{Topic, Verdict};
use super::words::Words;
use crate::reading::Text;

/// The confidence from which askpm answers. The fits are scaled so that this is their operating point.
pub const MIN_CONFIDENCE: f32 = 0.5;

/// The confidence from which a discussion is named as related, as a share of the confidence to answer.
///
/// This was checked on the tune questions that nothing answers. People judged 86 of the 187 discussions named at 0.3 as
/// related. At 0.1 it was 99 of 274.
const RELATED_FROM: f32 = 0.3;

/// The lowest similarity in meaning of a related discussion. Nine in ten of the discussions that people judged related
/// to a question that nothing answers are nearer.
const NEAR: f32 = 0.3;

/// A second discussion answers too if its confidence is at least this share of the first's.
const BESIDE: f32 = 0.95;

/// A content word of the question, and its inverse document frequency in the corpus.
pub type AskedWord = (String, f32);

/// Without an embedding model, more content words than this do not raise the confidence. Any discussion has some of
/// them.
const LONG: usize = 8;

/// The number of features.
const FEATURES: usize = 10;

const BY_WORDS: Fit<FEATURES> = Fit {
    intercept: -6.029,
    weights: [0.000, 0.000, 0.000, 1.979, 2.135, -2.664, 2.130, 6.915, 2.264, 0.000],
};

const BY_MEANING: Fit<FEATURES> = Fit {
    intercept: -9.484,
    weights: [-1.977, 0.460, 5.415, 0.781, 6.492, -1.551, 3.308, 12.109, 1.267, 0.000],
};

/// The fit with a reader. It uses the title, the passage, the shares of words and the reader only.
///
/// The reader has already read the asker's words, so measuring them adds nothing. The margin helps only on the corpus
/// that it was fitted on.
const BY_READER: Fit<FEATURES> = Fit {
    intercept: -3.018,
    weights: [-2.492, 0.000, 5.008, 0.720, 3.431, 0.000, 2.436, 0.000, 0.000, 1.202],
};

/// The fit with a reader for corpora whose discussions have other wordings. It was fitted on the built-in corpus, where
/// every feature helps.
const BY_READER_REWORDED: Fit<FEATURES> = Fit {
    intercept: -4.275,
    weights: [-1.177, -0.455, 2.295, 0.986, 3.981, -2.129, 2.158, 10.084, 0.883, 0.744],
};

impl Features {
    fn values(&self) -> [f32; FEATURES] {
        [
            self.title,
            self.asked,
            self.passage,
            self.asked_words,
            self.all_words,
            self.asked_lacks,
            self.lacks,
            self.margin,
            self.length,
            self.reader,
        ]
    }
}

/// Returns whether `confidence` is too low to answer at the threshold `minimum` (both 0..=1).
pub fn abstains(confidence: f32, minimum: f32) -> bool {
    // Not `confidence < minimum`: a NaN confidence must abstain too.
    !(confidence >= minimum && confidence > 0.0)
}

/// Judges `topics` and sorts them, the most confident first. `asked` holds the question's content words. `minimum` is
/// the confidence to answer at, 0..=1.
pub fn judge(question: &str, asked: &[AskedWord], topics: &mut [Topic], meaning: Option<&dyn Meaning>, minimum: f32) {
    let mut features = features(question, asked, topics, meaning);
    let read = meaning.is_some_and(|meaning| by_reader(question, topics, meaning, &mut features));
    let mut passages = topics.iter().flat_map(|topic| &topic.passages);
    let reworded = passages.any(|passage| !passage.also_asked.is_empty());
    let fit = match meaning {
        Some(_) if read && reworded => &BY_READER_REWORDED,
        Some(_) if read => &BY_READER,
        Some(_) => &BY_MEANING,
        None => &BY_WORDS,
    };
    for (topic, features) in topics.iter_mut().zip(features) {
        topic.features = features;
        topic.confidence = fit.probability(&features.values());
    }
    // The sort is stable: among equals, the one found first stays first.
    topics.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let best = topics.first().map_or(0.0, |topic| topic.confidence);
    for topic in topics {
        topic.verdict = if !abstains(topic.confidence, minimum.max(BESIDE * best)) {
            Verdict::Answers
        } else if topic.confidence >= RELATED_FROM * minimum && near(topic) {
            Verdict::Related
        } else {
            Verdict::Off
        };
    }
}

fn near(topic: &Topic) -> bool {
    topic.confidence > 0.0 && topic.found.similarity.is_none_or(|similarity| similarity >= NEAR)
}

/// Measures each of `topics`, in order.
fn features(question: &str, asked: &[AskedWord], topics: &mut [Topic], meaning: Option<&dyn Meaning>) -> Vec<Features> {
    let words = Words::default();
    let counted = if meaning.is_some() {
        asked.len()
    } else {
        asked.len().min(LONG)
    };
    let length = (1.0 + counted as f32).ln();
    let of = |topic| Features {
        length,
        ..by_words(&words, asked, topic)
    };
    let mut all: Vec<Features> = topics.iter().map(of).collect();
    if let Some(meaning) = meaning {
        by_meaning(question, topics, meaning, &mut all);
    }
    let strengths: Vec<f32> = topics
        .iter()
        .map(|t| t.found.similarity.unwrap_or(t.found.score))
        .collect();
    for (at, features) in all.iter_mut().enumerate() {
        let others = strengths.iter().enumerate().filter(|(other, _)| *other != at);
        let best = others.map(|(_, strength)| *strength).fold(f32::MIN, f32::max);
        features.margin = match (topics[at].found.similarity, topics.len()) {
            (_, 0..=1) => 0.0,
            (Some(_), _) => strengths[at] - best,
            // Word scores have no fixed scale.
            (None, _) => (strengths[at] - best) / strengths[at].max(best).max(f32::EPSILON),
        };
    }
    all
}

fn by_words(words: &Words, asked: &[AskedWord], topic: &Topic) -> Features {
    let head = words.set(&format!("{}\n{}", topic.title, topic.question));
    let mut asked_for = head.clone();
    let wordings = topic.passages.iter().flat_map(|passage| &passage.also_asked);
    asked_for.extend(wordings.flat_map(|line| words.stems(line)));
    let mut whole = asked_for.clone();
    whole.extend(topic.passages.iter().flat_map(|passage| words.stems(&passage.text)));
    let has = |of: &HashSet<String>, word: &AskedWord| {
        let stems = words.stems(&word.0);
        stems.is_empty() || stems.iter().any(|stem| of.contains(stem))
    };
    let total: f32 = asked.iter().map(|word| word.1).sum();
    let share = |of| {
        let had = asked.iter().filter(|word| has(of, word)).map(|word| word.1);
        had.sum::<f32>() / total.max(f32::EPSILON)
    };
    let rarest_lacked = |of| {
        let lacked = asked.iter().filter(|word| !has(of, word)).map(|word| word.1);
        lacked.fold(0.0, f32::max) / RAREST
    };
    Features {
        asked_words: share(&head),
        all_words: share(&whole),
        asked_lacks: rarest_lacked(&asked_for),
        lacks: rarest_lacked(&whole),
        ..Features::default()
    }
}

/// About the inverse document frequency of a word that does not occur in a corpus of some hundred passages.
const RAREST: f32 = 7.0;

/// Lets the reader, if there is one, read the question with the passage found for each topic. Returns whether it did.
fn by_reader(question: &str, topics: &[Topic], meaning: &dyn Meaning, all: &mut [Features]) -> bool {
    let texts: Vec<Text> = topics.iter().map(|topic| topic.text(question)).collect();
    let Some(odds) = meaning.answers(&texts) else {
        return false;
    };
    for (features, odds) in all.iter_mut().zip(odds) {
        features.reader = odds;
    }
    true
}

fn by_meaning(question: &str, topics: &mut [Topic], meaning: &dyn Meaning, all: &mut [Features]) {
    let heads: Vec<String> = topics.iter().map(|t| format!("{}. {}", t.title, t.question)).collect();
    let of_topics = topics
        .iter()
        .zip(&heads)
        .flat_map(|(topic, head)| [topic.title.as_str(), head]);
    let texts: Vec<&str> = std::iter::once(question).chain(of_topics).collect();
    let Some(vectors) = meaning.vectors(&texts) else {
        return;
    };
    let near = |at: usize| {
        vectors
            .first()
            .zip(vectors.get(at))
            .map_or(0.0, |(asked, text)| cosine(asked, text))
    };
    for (at, (topic, features)) in topics.iter_mut().zip(all).enumerate() {
        features.title = near(1 + 2 * at);
        features.asked = near(2 + 2 * at);
        features.passage = topic.found.similarity.unwrap_or(0.0);
        topic.heads = vectors
            .first()
            .cloned()
            .zip(vectors.get(1 + 2 * at).cloned())
            .map(Into::into);
    }
}
