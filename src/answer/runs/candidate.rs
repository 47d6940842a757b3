//! A run that may be chosen, with what it is compared by.

use std::collections::HashSet;

use super::Run;
use super::worth::Sentence;
use crate::answer::Stance;
use crate::answer::meaning::{Scale, alike, sum};

/// Voices at least this similar, in words (Dice) or in meaning (cosine), say the same.
const SAME_WORDS: f32 = 0.7;
const SAME_MEANING: f32 = 0.86;

/// A run that may be chosen, and what it is compared by.
#[derive(Clone)]
pub(super) struct Candidate {
    pub run: Run,
    pub stems: HashSet<String>,
    pub vector: Option<Vec<f32>>,
    pub scale: Scale,
    pub words: usize,
}

impl Candidate {
    /// The run of these sentences of one passage, at least one. Its worth and its strength are 0.
    pub fn of(part: &[&Sentence]) -> Candidate {
        Candidate {
            stems: part.iter().flat_map(|s| s.stems.iter().cloned()).collect(),
            vector: sum(part.iter().map(|s| s.vector.as_deref())),
            scale: part[0].scale,
            words: part.iter().map(|s| s.words).sum(),
            run: Run {
                topic: part[0].topic,
                passage: part[0].passage,
                sentences: part.iter().map(|s| s.span.clone()).collect(),
                stance: Stance::Supports,
                introduces: false,
                lead: 0,
                worth: 0.0,
                strength: 0.0,
            },
        }
    }
}

/// Returns whether two runs say the same.
pub(super) fn says_the_same(a: &Candidate, b: &Candidate) -> bool {
    let (one, other) = ((&a.stems, a.vector.as_deref()), (&b.stems, b.vector.as_deref()));
    alike(one, other, a.scale, SAME_WORDS, SAME_MEANING)
}
