//! Compares what two contributors say: the same, the opposite, or something else.
//!
//! A pair is marked only where words show it. Two sentences agree if they share most of their content words, or are
//! near in meaning, and no number, name or negation differs. They contradict each other if they share most of their
//! content words and a negation denies one of these on one side only. Other contradictions are not found: sentences on
//! one subject are near each other whatever they say, and different numbers are mostly about different cases.
//!
//! The bar for a contradiction is high because a wrong mark does more harm than a missing one.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::meaning::Meaning;
use super::words::Words;

/// The lowest share of common content words (Dice) from which two sentences say the same.
const SAME_WORDS: f32 = 0.6;

/// The lowest cosine from which two sentences say the same, see `grounding`, and the lowest Dice share at which meaning
/// counts.
const SAME_MEANING: f32 = 0.85;
const MIN_SHARE: f32 = 0.3;

/// The lowest share of the shorter sentence's content words in the other from which a negation is of the same claim.
const SAME_CLAIM: f32 = 0.6;

/// The lowest share of the content words of a sentence that takes a side in the one that it is about, of all of them or
/// of those that the question does not have.
const ABOUT: f32 = 0.7;
const ABOUT_RARE: f32 = 0.6;

/// The fewest common content words that the question does not have.
const MIN_RARE: usize = 2;

/// The stems of words that take a side.
const SIDES: [&str; 9] = [
    "agre", "disagre", "differ", "view", "idea", "share", "second", "littl", "call",
];

/// Words that end what a sentence takes a side on: `I disagree that supply comes first, because …`.
const REASONS: [&str; 5] = [" because ", " since ", " unless ", " as long as ", " so "];

/// The fewest common content words of two sentences about the same claim.
pub const MIN_SHARED: usize = 3;

/// How two statements relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    Agrees,
    Contradicts,
}

/// A sentence that was read.
pub struct Read<'t> {
    text: &'t str,
    claim: Claim,
}

impl Read<'_> {
    pub fn text(&self) -> &str {
        self.text
    }
}

/// Returns what a sentence takes a side on, with the words before it.
fn taken_side(text: &str) -> &str {
    let marks = text.find([',', ';', ':', '(', '–', '—']);
    let words = REASONS.iter().filter_map(|word| text.find(word));
    let end = marks.into_iter().chain(words).min();
    &text[..end.unwrap_or(text.len())]
}

/// Compares sentences. Reuse it for many pairs.
pub struct Checker<'a> {
    words: Words,
    meaning: Option<&'a dyn Meaning>,
}

impl<'a> Checker<'a> {
    /// If `meaning` is given, agreement in other words is found too.
    pub fn new(meaning: Option<&'a dyn Meaning>) -> Self {
        Checker {
            words: Words::default(),
            meaning,
        }
    }

    /// Reads a sentence, to compare it with many others.
    pub fn read<'t>(&self, text: &'t str) -> Read<'t> {
        Read {
            text,
            claim: Claim::new(&self.words, text, 0..text.len()),
        }
    }

    /// Returns how `a` relates to `b`, if that can be seen.
    pub fn relation(&self, a: &str, b: &str) -> Option<Relation> {
        self.relate(&self.read(a), &self.read(b))
    }

    /// Returns how `a` relates to `b`, if that can be seen.
    pub fn relate(&self, a: &Read, b: &Read) -> Option<Relation> {
        let (one, other) = (&a.claim, &b.claim);
        let shared = one.subject.intersection(&other.subject).count();
        if shared < MIN_SHARED {
            return None;
        }
        if self.denies(a, b) {
            return Some(Relation::Contradicts);
        }
        let dice = 2.0 * shared as f32 / (one.subject.len() + other.subject.len()) as f32;
        let conflict = one.denies(other) || one.differs(other);
        let same = !conflict && (dice >= SAME_WORDS || dice >= MIN_SHARE && self.near(a.text, b.text));
        same.then_some(Relation::Agrees)
    }

    /// Returns whether `a` and `b` contradict each other.
    pub fn denies(&self, a: &Read, b: &Read) -> bool {
        let (one, other) = (&a.claim, &b.claim);
        let shared = one.subject.intersection(&other.subject).count();
        let least = one.subject.len().min(other.subject.len()).max(1);
        shared >= MIN_SHARED && shared as f32 / least as f32 >= SAME_CLAIM && one.denies(other)
    }

    /// Returns how much `a`, which takes a side, is about what `b` says: the share of what it takes a side on that `b`
    /// has. It is 0 if that is too little. The words of `known`, such as those of the question, are on everybody's lips
    /// and do not count.
    pub fn about(&self, a: &str, b: &Read, known: &Read) -> f32 {
        let mut subject = self.read(taken_side(a)).claim.subject;
        subject.retain(|stem| !SIDES.contains(&stem.as_str()));
        let rare: HashSet<&String> = subject.difference(&known.claim.subject).collect();
        let shared = subject.intersection(&b.claim.subject).count();
        let shared_rare = rare.iter().filter(|stem| b.claim.subject.contains(**stem)).count();
        let share = shared as f32 / subject.len().max(1) as f32;
        let enough = shared >= MIN_SHARED && share >= ABOUT && shared_rare > 0;
        let rare_enough = shared_rare >= MIN_RARE && shared_rare as f32 / rare.len() as f32 >= ABOUT_RARE;
        if enough || rare_enough { share } else { 0.0 }
    }

    fn near(&self, a: &str, b: &str) -> bool {
        let Some(meaning) = self.meaning else {
            return false;
        };
        let near =
            |vectors: Vec<Vec<f32>>| matches!(&vectors[..], [a, b] if meaning.scale().cosine(a, b) >= SAME_MEANING);
        meaning.vectors(&[a, b]).is_some_and(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_claim_agrees_and_a_denied_one_contradicts() {
        let checker = Checker::new(None);
        let relation = |a, b| checker.relation(a, b);
        for (a, b) in [
            (
                "Publish the price of every call on one page.",
                "Publish the price of each call on your page.",
            ),
            (
                "Internal transfers skip the resume screen.",
                "An internal transfer skips the resume screen for most people.",
            ),
        ] {
            assert_eq!(relation(a, b), Some(Relation::Agrees), "{a} | {b}");
        }
        for (a, b) in [
            (
                "Publish the price of every call on one page.",
                "Do not publish the price of a call on any page.",
            ),
            (
                "Internal transfers skip the resume screen.",
                "Internal transfers never skip the resume screen in a bank.",
            ),
        ] {
            assert_eq!(relation(a, b), Some(Relation::Contradicts), "{a} | {b}");
            assert_eq!(relation(b, a), Some(Relation::Contradicts), "{b} | {a}");
        }
    }

    #[test]
    fn who_takes_a_side_may_repeat_what_it_is_about() {
        let checker = Checker::new(None);
        let about = |side: &str, other: &str, asked: &str| {
            let [other, asked] = [other, asked].map(|text| checker.read(text));
            checker.about(side, &other, &asked) > 0.0
        };
        let side = "I disagree with calling product-market fit a matter of degree.";
        let fit = "Product-market fit is a matter of degree and belongs to one segment at a time.";
        let asked = "How do I know that I have product-market fit?";
        assert!(about(side, fit, asked) && about(side, fit, ""));
        // What only repeats the question is about nobody.
        assert!(!about(
            "I disagree with the idea that product-market fit is known.",
            fit,
            "Is product-market fit known?"
        ));
        assert!(!about(
            side,
            "Product-market fit means that people keep using the product.",
            asked
        ));
        let side = "I disagree that supply comes first in a marketplace, because sellers have idle hours.";
        let asked = "How do I start a marketplace?";
        assert!(about(
            side,
            "Build supply first, because buyers who find nothing never return.",
            asked
        ));
        assert!(!about(
            side,
            "Start your marketplace in one city with idle hours.",
            asked
        ));
    }

    #[test]
    fn another_subject_number_or_negation_is_no_relation() {
        let checker = Checker::new(None);
        for (a, b) in [
            ("Publish the price on one page.", "Never send a bill by post."),
            (
                "The move to product took me fourteen months at a bank.",
                "The move to product took me three months at a bank.",
            ),
            ("Do not wait for the title.", "Wait for the customer to answer."),
            ("", ""),
        ] {
            assert_eq!(checker.relation(a, b), None, "{a} | {b}");
        }
    }
}
