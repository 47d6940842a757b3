//! Defines what answering needs from an embedding model: vectors of texts, and the cosine of two vectors.
//!
//! Answering works without one; words then decide.

use std::collections::HashSet;

use crate::corpus::Passage;
pub use crate::scale::Scale;

/// Turns texts into vectors whose direction encodes their meaning.
pub trait Meaning {
    /// Returns one vector for each of `texts`, of any length. Returns `None` if the model fails, and words then decide.
    fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>>;

    /// Returns a vector of what `passage` says and what it answers, if the index has it. It costs no run of the model.
    fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        let _ = passage;
        None
    }

    /// Returns what makes cosines of these vectors comparable with those of the built-in model.
    fn scale(&self) -> Scale {
        Scale::default()
    }

    /// Returns why the model failed last, and forgets it. A server can fail between two calls.
    fn failure(&self) -> Option<Failure> {
        None
    }
}

/// Why an embedding model failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    pub hint: Option<String>,
}

impl Scale {
    /// Returns the cosine of two vectors on the scale of the built-in model, -1..=1.
    pub fn cosine(self, a: &[f32], b: &[f32]) -> f32 {
        self.of(cosine(a, b)).clamp(-1.0, 1.0)
    }
}

/// Returns the cosine of the angle between two vectors, -1..=1. It is 0 for vectors without direction or of different
/// lengths.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 0.0;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    if cosine.is_finite() {
        cosine.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// The stems of a text and, with an embedding model, its vector.
pub(crate) type Sketch<'a> = (&'a HashSet<String>, Option<&'a [f32]>);

/// Returns whether two texts say the same: they are at least `least_words` alike in words (Dice), or `least_meaning` in
/// meaning (cosine).
pub(crate) fn alike(one: Sketch, other: Sketch, scale: Scale, least_words: f32, least_meaning: f32) -> bool {
    let shared = one.0.intersection(other.0).count() as f32;
    let dice = 2.0 * shared / (one.0.len() + other.0.len()).max(1) as f32;
    let near = one.1.zip(other.1).map(|(a, b)| scale.cosine(a, b));
    dice >= least_words || near.is_some_and(|near| near >= least_meaning)
}

/// Returns the sum of all `vectors`, or `None` if there are none or one is missing.
pub(crate) fn sum<'a>(mut vectors: impl Iterator<Item = Option<&'a [f32]>>) -> Option<Vec<f32>> {
    let mut total = vectors.next()??.to_vec();
    for vector in vectors {
        total.iter_mut().zip(vector?).for_each(|(sum, x)| *sum += x);
    }
    Some(total)
}

#[cfg(test)]
pub(super) mod testing {
    use super::Meaning;

    /// A fake model: texts with the same first letter are near each other.
    pub struct FirstLetter;

    impl Meaning for FirstLetter {
        fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
            let one = |text: &&str| {
                let first = text.bytes().next()?.to_ascii_lowercase();
                Some((b'a'..=b'z').map(|c| f32::from(u8::from(first == c))).collect())
            };
            texts.iter().map(one).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_changes_cosines_and_the_default_one_does_not() {
        let (a, b) = ([1.0, 0.0], [0.6, 0.8]);
        assert_eq!(Scale::default().cosine(&a, &b), cosine(&a, &b));
        let scale = Scale {
            slope: 2.0,
            offset: -1.0,
        };
        assert!((scale.cosine(&a, &b) - 0.2).abs() < 1e-6 && scale.cosine(&b, &[0.0, -1.0]) == -1.0);
    }

    #[test]
    fn the_cosine_is_of_the_angle_alone_and_nothing_undefined() {
        assert_eq!(cosine(&[2.0, 0.0], &[5.0, 0.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 3.0]), 0.0);
        assert_eq!(cosine(&[1.0, 0.0], &[-1.0, 0.0]), -1.0);
        for (a, b) in [
            (vec![0.0], vec![1.0]),
            (vec![1.0], vec![1.0, 2.0]),
            (vec![f32::NAN], vec![1.0]),
        ] {
            assert_eq!(cosine(&a, &b), 0.0, "{a:?} {b:?}");
        }
    }
}
