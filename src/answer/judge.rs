//! Judges whether a discussion answers a question, is only related to it, or is off topic.
//!
//! Each discussion of a search gets a confidence and a [`Verdict`]. The most confident come first.
//!
//! Asking a small model to refuse does not work (Sufficient Context, arXiv 2411.06037), so askpm measures signals
//! instead:
//!
//! - how near the question is to the title, and to the passage found and what the asker wrote;
//! - the share of its words, weighted by rarity, that the discussion has;
//! - the rarest word that the discussion lacks;
//! - by how much the discussion beats the others.
//!
//! A logistic regression combines them into one number. `eval/fit_judge.py` documents how its constants are fitted.

use std::collections::HashSet;

use super::features::Features;
use super::logistic::Fit;
use super::meaning::Meaning;
use super::reading::bare;
use super::topic::{Topic, Verdict};
use super::words::Words;

/// The confidence from which askpm answers. The fits are scaled so that this is their operating point.
pub const MIN_CONFIDENCE: f32 = 0.5;

/// The confidence below which an answer says that it may not answer the question. On the tune half of the plain questions,
/// four of the six near misses that askpm answers are below, and 17 of the 46 questions that the corpus answers. For blind
/// readers the line is worth a point where it is true, and costs 0.2 points where it is not (benches/runs/
/// 2026-11-29-epyc-2-cores/readings-8).
pub const SURE_FROM: f32 = 0.75;

/// The confidence from which a discussion is named as related, as a share of the confidence to answer.
///
/// This was checked on the tune questions that nothing answers. People judged 86 of the 187 discussions named at 0.3 as
/// related. At 0.1 it was 99 of 274.
const RELATED_FROM: f32 = 0.3;

/// The lowest similarity in meaning of a related discussion. Nine in ten of the discussions that people judged related
/// to a question that nothing answers are nearer.
const NEAR: f32 = 0.3;

/// A second discussion answers too if its odds are at least this share of the first's. Two that are close are often both
/// wrong, so this admits few.
const SECOND: f32 = 0.8;

/// By meaning, the discussions that answer are ordered by the log-odds of their confidence plus this multiple of how far
/// each is ahead of the others in the search. The confidence alone has little from BM25. A logistic regression on the
/// order, over the tune half of `eval/asked.jsonl`, gives 1.9. The gain is small: of 539 questions of two training worlds,
/// a discussion that answers comes first in 387, and in 382 without it.
const AHEAD: f32 = 2.0;

/// The least confidence of a discussion that asks the same question. Another one with many near wordings may seem nearer.
const SAME: f32 = 0.9;

/// A content word of the question, and its inverse document frequency in the corpus.
pub type AskedWord = (String, f32);

/// More content words than this do not raise the confidence by words. Any discussion has some of them.
const LONG: usize = 8;

/// Of a long question, a discussion that has less than this share of the words, and next to none of them in its title and
/// its asker's text, is about something else. No discussion that answers one of the 79 long tune questions is below.
const LEAST_OF_LONG: f32 = 0.4;
const NEXT_TO_NONE: f32 = 0.1;

/// The factor for the confidence in such a discussion.
const ELSEWHERE: f32 = 0.5;

/// The number of features.
const FEATURES: usize = 8;

const BY_WORDS: Fit<FEATURES> = Fit {
    intercept: -6.509,
    weights: [0.000, 0.000, 1.979, 2.135, -2.664, 2.130, 6.915, 2.264],
};

/// One fit for all corpora. It uses the title, the passage and the shares of words. How far a discussion is ahead of the
/// others helps only on the corpus that a fit was made on.
const BY_MEANING: Fit<FEATURES> = Fit {
    intercept: -7.235,
    weights: [0.736, 15.015, 1.272, 1.192, 0.000, 0.000, 0.000, 0.000],
};

/// The same fit for discussions that have other wordings. Questions are nearer to those.
const BY_MEANING_REWORDED: Fit<FEATURES> = Fit {
    intercept: -8.693,
    ..BY_MEANING
};

impl Features {
    fn values(&self) -> [f32; FEATURES] {
        [
            self.title,
            self.passage,
            self.asked_words,
            self.all_words,
            self.asked_lacks,
            self.lacks,
            self.margin,
            self.length,
        ]
    }
}

/// Returns whether `confidence` is too low to answer at the threshold `minimum` (both 0..=1).
pub fn abstains(confidence: f32, minimum: f32) -> bool {
    // Not `confidence < minimum`: a NaN confidence must abstain too.
    !(confidence >= minimum && confidence > 0.0)
}

/// Judges `topics` and sorts them, the likeliest to answer first. `asked` holds the question's content words. `minimum` is
/// the confidence to answer at, 0..=1.
pub fn judge(question: &str, asked: &[AskedWord], topics: &mut [Topic], meaning: Option<&dyn Meaning>, minimum: f32) {
    let features = features(question, asked, topics, meaning);
    let plain_question = plainly(question);
    for (topic, features) in topics.iter_mut().zip(features) {
        let reworded = topic.passages.iter().any(|passage| !passage.also_asked.is_empty());
        let fit = match meaning {
            Some(_) if reworded => &BY_MEANING_REWORDED,
            Some(_) => &BY_MEANING,
            None => &BY_WORDS,
        };
        topic.features = features;
        topic.confidence = fit.probability(&features.values());
        if meaning.is_none() && asked.len() >= LONG && is_elsewhere(&features) {
            topic.confidence *= ELSEWHERE;
        }
        topic.asks_the_same = asks(&plain_question, topic);
        if topic.asks_the_same {
            topic.confidence = topic.confidence.max(SAME);
        }
    }
    let ahead = if meaning.is_some() { AHEAD } else { 0.0 };
    let reranked = topics.iter().any(|topic| topic.found.rerank.is_some());
    let rank = |topic: &Topic| {
        let answers = !abstains(topic.confidence, minimum);
        let second = match reranked {
            // A reranker decides which of those that answer is first, and never whether one answers.
            true => topic.found.rerank.unwrap_or(f32::MIN),
            false => odds(topic.confidence).ln() + ahead * topic.features.margin,
        };
        ((answers, topic.asks_the_same), second)
    };
    // The sort is stable: among equals, the one found first stays first.
    topics.sort_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    let best = topics.first().map_or(0.0, |topic| odds(topic.confidence));
    for topic in topics {
        let close = odds(topic.confidence) >= SECOND * best;
        topic.verdict = if close && !abstains(topic.confidence, minimum) {
            Verdict::Answers
        } else if topic.confidence >= RELATED_FROM * minimum && near(topic) {
            Verdict::Related
        } else {
            Verdict::Off
        };
    }
}

/// Returns whether a discussion has too few words of a long question to be about it.
fn is_elsewhere(features: &Features) -> bool {
    features.all_words < LEAST_OF_LONG && features.asked_words < NEXT_TO_NONE
}

/// Openings of a question for which `how` alone would do.
const HOW: [&str; 8] = [
    "howto",
    "howdoi",
    "howcani",
    "howshouldi",
    "howdoyou",
    "howdoesone",
    "howdowe",
    "howcanwe",
];

/// Returns the letters and digits of a question. All openings that ask how are alike: `How do I ask?`, `how to ask`.
fn plainly(question: &str) -> String {
    let bare = bare(question);
    let rest = HOW.iter().find_map(|opening| bare.strip_prefix(opening));
    rest.map(|rest| format!("how{rest}")).unwrap_or(bare)
}

/// Returns whether a discussion asks `plain`, a question as [`plainly`] returns it, in its title or in another wording.
fn asks(plain: &str, topic: &Topic) -> bool {
    let wordings = topic.passages.iter().flat_map(|passage| &passage.also_asked);
    let mut wordings = wordings.chain([&topic.title]);
    !plain.is_empty() && wordings.any(|wording| plainly(wording) == plain)
}

/// Returns the odds of a confidence: 0 or more.
pub fn odds(confidence: f32) -> f32 {
    confidence / (1.0 - confidence).max(f32::EPSILON)
}

fn near(topic: &Topic) -> bool {
    topic.confidence > 0.0 && topic.found.similarity.is_none_or(|similarity| similarity >= NEAR)
}

/// Measures each of `topics`, in order.
fn features(question: &str, asked: &[AskedWord], topics: &mut [Topic], meaning: Option<&dyn Meaning>) -> Vec<Features> {
    let words = Words::default();
    let length = (1.0 + asked.len().min(LONG) as f32).ln();
    let of = |topic| Features {
        length,
        ..by_words(&words, asked, topic)
    };
    let mut all: Vec<Features> = topics.iter().map(of).collect();
    for (at, features) in all.iter_mut().enumerate() {
        let others = topics.iter().enumerate().filter(|(other, _)| *other != at);
        let best = others.map(|(_, topic)| topic.found.score).reduce(f32::max);
        let own = topics[at].found.score;
        // Scores have no fixed scale.
        features.margin = best.map_or(0.0, |best| (own - best) / own.max(best).max(f32::EPSILON));
    }
    if let Some(meaning) = meaning {
        by_meaning(question, topics, meaning, &mut all);
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

fn by_meaning(question: &str, topics: &mut [Topic], meaning: &dyn Meaning, all: &mut [Features]) {
    let titles = topics.iter().map(|topic| topic.title.as_str());
    let texts: Vec<&str> = std::iter::once(question).chain(titles).collect();
    let Some(vectors) = meaning.vectors(&texts) else {
        return;
    };
    let Some((asked, titles)) = vectors.split_first() else {
        return;
    };
    for ((topic, features), title) in topics.iter_mut().zip(all).zip(titles) {
        features.title = meaning.scale().cosine(asked, title);
        features.passage = topic.found.similarity.unwrap_or(0.0);
        topic.heads = Some([asked.clone(), title.clone()]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::meaning::Meaning;
    use super::super::testing::passage;
    use super::super::topic::Found;
    use super::*;

    /// An embedding model to which all texts are the same.
    struct Same;

    impl Meaning for Same {
        fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
            Some(vec![vec![1.0]; texts.len()])
        }
    }

    /// Judges two discussions that differ only in the score of the search, and returns them in order.
    fn judged(scores: [f32; 2], minimum: f32) -> Vec<(String, Verdict)> {
        reranked(scores, [None, None], minimum)
    }

    /// The same with the scores of a reranker.
    fn reranked(scores: [f32; 2], reranks: [Option<f32>; 2], minimum: f32) -> Vec<(String, Verdict)> {
        let topic = |(n, (score, rerank)): (usize, (f32, Option<f32>))| {
            let id = format!("e/q{n}");
            let found = Found {
                score,
                similarity: Some(0.5),
                rerank,
            };
            let text = "Raise a price once a year, and say why you do.";
            Topic::new(id.parse().unwrap(), vec![passage(&format!("{id}/a"), text)], found).unwrap()
        };
        let mut topics: Vec<Topic> = (1..).zip(scores.into_iter().zip(reranks)).map(topic).collect();
        judge(
            "raise a price",
            &[("price".into(), 3.0)],
            &mut topics,
            Some(&Same),
            minimum,
        );
        topics
            .iter()
            .map(|topic| (topic.id.to_string(), topic.verdict))
            .collect()
    }

    #[test]
    fn a_discussion_that_asks_the_same_comes_first_and_answers() {
        let topic = |n: usize, title: &str, score: f32| {
            let id = format!("e/q{n}");
            let found = Found {
                score,
                similarity: Some(0.1),
                rerank: None,
            };
            let passage = crate::corpus::Passage {
                discussion: title.into(),
                also_asked: vec!["salary talk, when?".into()],
                ..passage(&format!("{id}/a"), "Ask in March.")
            };
            Topic::new(id.parse().unwrap(), vec![passage], found).unwrap()
        };
        let mut topics = vec![
            topic(1, "How do I ask for more?", 9.0),
            topic(2, "How do I ask for a raise?", 1.0),
        ];
        judge("how do I ask for a RAISE", &[], &mut topics, Some(&Same), 0.5);
        assert_eq!(
            (topics[0].id.to_string().as_str(), topics[0].verdict),
            ("e/q2", Verdict::Answers)
        );
        assert_eq!(topics[1].verdict, Verdict::Off);
        judge("how to ask for a raise", &[], &mut topics, Some(&Same), 0.5);
        assert_eq!(
            (topics[0].id.to_string().as_str(), topics[1].verdict),
            ("e/q2", Verdict::Off)
        );
        judge("Salary talk – when", &[], &mut topics, Some(&Same), 0.5);
        assert!(topics.iter().all(|topic| topic.verdict == Verdict::Answers));
    }

    #[test]
    fn of_two_that_are_as_likely_to_answer_the_one_ahead_in_the_search_comes_first() {
        assert_eq!(judged([2.0, 1.0], 0.5)[0].0, "e/q1");
        assert_eq!(judged([1.0, 2.0], 0.5)[0].0, "e/q2");
        // Both answer, in whichever order.
        assert!(
            judged([1.0, 2.0], 0.5)
                .iter()
                .all(|(_, verdict)| *verdict == Verdict::Answers)
        );
        assert!(
            judged([1.0, 2.0], 1.0)
                .iter()
                .all(|(_, verdict)| *verdict != Verdict::Answers)
        );
    }

    #[test]
    fn of_two_that_answer_the_reranker_chooses_the_first_and_it_makes_none_answer() {
        let first = |reranks, minimum| reranked([2.0, 1.0], reranks, minimum).remove(0);
        assert_eq!(first([Some(0.1), Some(0.9)], 0.5), ("e/q2".into(), Verdict::Answers));
        assert_eq!(first([Some(-5.0), Some(-9.0)], 0.5), ("e/q1".into(), Verdict::Answers));
        // It looked at one of them only.
        assert_eq!(first([None, Some(-9.0)], 0.5).0, "e/q2");
        assert_ne!(first([Some(99.0), Some(98.0)], 1.0).1, Verdict::Answers);
    }
}
