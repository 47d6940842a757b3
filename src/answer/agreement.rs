//! Compares what two contributors say: the same, the opposite, or something else.
//!
//! A pair is marked only where words show it. Two sentences agree if they share most of their content words, or are
//! near in meaning, and no number, name or negation differs. They contradict each other if they share most of their
//! content words and a negation denies one of these on one side only. Other contradictions are not found: sentences on
//! one subject are near each other whatever they say, and different numbers are mostly about different cases.
//!
//! The bar for a contradiction is high because a wrong mark does more harm than a missing one.

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

/// The lowest share of the content words of a sentence that takes a side in the one that it is about.
const ABOUT: f32 = 0.7;

/// The fewest common content words of two sentences about the same claim.
const MIN_SHARED: usize = 3;

/// How two statements relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    Agrees,
    Contradicts,
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

    /// Returns how `a` relates to `b`, if that can be seen.
    pub fn relation(&self, a: &str, b: &str) -> Option<Relation> {
        let [one, other] = [a, b].map(|text| Claim::new(&self.words, text, 0..text.len()));
        let shared = one.subject.intersection(&other.subject).count();
        let least = one.subject.len().min(other.subject.len()).max(1);
        if shared >= MIN_SHARED && shared as f32 / least as f32 >= SAME_CLAIM && one.denies(&other) {
            return Some(Relation::Contradicts);
        }
        let dice = 2.0 * shared as f32 / (one.subject.len() + other.subject.len()).max(1) as f32;
        let conflict = one.denies(&other) || one.differs(&other);
        let same = shared >= MIN_SHARED && !conflict && (dice >= SAME_WORDS || dice >= MIN_SHARE && self.near(a, b));
        same.then_some(Relation::Agrees)
    }

    /// Returns whether `a`, which takes a side, is about what `b` says: `b` has most of its content words.
    pub fn is_about(&self, a: &str, b: &str) -> bool {
        let [one, other] = [a, b].map(|text| Claim::new(&self.words, text, 0..text.len()));
        let shared = one.subject.intersection(&other.subject).count();
        shared >= MIN_SHARED && shared as f32 / one.subject.len().max(1) as f32 >= ABOUT
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
        let side = "I disagree with calling product-market fit a matter of degree.";
        let checker = Checker::new(None);
        assert!(checker.is_about(
            side,
            "Product-market fit is a matter of degree and belongs to one segment at a time."
        ));
        assert!(!checker.is_about(side, "Product-market fit means that people keep using the product."));
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
