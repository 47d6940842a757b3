//! What answering asks of an embedding model, where one is loaded: how near two texts are in meaning.
//!
//! In: texts. Out: vectors, and the cosine of two. It must not know which model makes them.

use crate::reading::Text;

/// Turns texts into vectors whose direction is their meaning.
pub trait Meaning {
    /// The vectors of `texts`, one each, of any length; `None` if the model fails, and words alone decide then.
    fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>>;

    /// What a reader says of `texts`: the log-odds that the discussion of each answers its question; `None` where there is no
    /// reader for the model, or it fails.
    fn answers(&self, texts: &[Text]) -> Option<Vec<f32>> {
        let _ = texts;
        None
    }
}

/// Cosine of the angle between two vectors, -1..=1; 0 for vectors without direction or of different lengths.
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

/// The direction of all `vectors` together; `None` without vectors, or where one is missing.
pub(super) fn sum<'a>(mut vectors: impl Iterator<Item = Option<&'a [f32]>>) -> Option<Vec<f32>> {
    let mut total = vectors.next()??.to_vec();
    for vector in vectors {
        total.iter_mut().zip(vector?).for_each(|(sum, x)| *sum += x);
    }
    Some(total)
}

#[cfg(test)]
pub(super) mod testing {
    use super::Meaning;

    /// Near to each other are texts that begin with the same letter.
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
