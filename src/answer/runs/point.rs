//! Estimates which sentences of an answer say its point: what a person would note down after reading it.
//!
//! The first sentence is often a greeting of the thought or a verdict without its reason ("There is no magic number, but
//! there is a rule"), so position alone does not decide. The estimate is a softmax over the sentences of an answer. It
//! was fitted to lines that people wrote about 1,381 answers; `eval/fit_point.py` documents how.
//!
//! In other newsletters, answers open with the claim itself, in the terms of the question. Then nothing says the point
//! better.

/// The features and their weights: with likeness in meaning, and without it.
const BY_MEANING: [(&str, f32); 7] = [
    ("whole", 2.079),
    ("first", -0.32),
    ("length", 0.900),
    ("i", -2.313),
    ("you", -1.820),
    ("place", -1.103),
    ("refers", -0.177),
];
const BY_WORDS: [(&str, f32); 6] = [
    ("first", -0.337),
    ("length", 0.941),
    ("i", -2.546),
    ("you", -1.782),
    ("place", -1.122),
    ("refers", -0.168),
];

/// Returns the logarithm of how much a sentence says of the point of its answer, without a fixed scale. `feature` returns
/// the feature of a name, see `worth::NAMES`.
pub fn weight(feature: impl Fn(&str) -> f32, by_meaning: bool) -> f32 {
    let weights: &[(&str, f32)] = if by_meaning { &BY_MEANING } else { &BY_WORDS };
    weights.iter().map(|(name, weight)| weight * feature(name)).sum()
}

/// The similarity in meaning to the question, and the share of its words, from which opening sentences are the claims. Of
/// the openings of the built-in editions, which state their claims, 85% are above; of those of `train/data`, which mostly
/// do not, 21%.
const NEAR: f32 = 0.42;
const NEAR_WORDS: f32 = 0.3;

/// Returns how much a sentence speaks in the terms of the question: 1 or more if it does.
pub fn nearness(feature: impl Fn(&str) -> f32, by_meaning: bool) -> f32 {
    match by_meaning {
        true => feature("question") / NEAR,
        false => feature("question_words") / NEAR_WORDS,
    }
}
