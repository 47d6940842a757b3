//! Translates the similarities of any embedding model to the scale of the built-in one.
//!
//! Models differ in how near unrelated texts are: for some the cosine is 0.1, for others 0.8. The constants of search
//! and answers were fitted with the built-in model. So the scale of another model is measured on the corpus itself: how
//! near the question of a discussion is to its own answers, and how near to those of other discussions. A linear
//! function maps both means to those of the built-in model.

use super::similarity::nearest;
use super::table::Table;
use crate::index::vectors::{Vectors, numbers};
use crate::scale::Scale;

/// How near a question and its own answers are by the built-in model, on average over the built-in editions.
const OWN: f32 = 0.665;

/// The same for a question and answers of other discussions.
const OTHERS: f32 = 0.296;

/// The most passages that are measured.
const SAMPLE: usize = 400;

/// The fewest. With fewer, the means say little.
const FEWEST: usize = 12;

/// The least difference of the two means, relative to which similarities differ by chance.
const LEAST_DIFFERENCE: f32 = 0.02;

/// Returns the scale of the model that made `vectors`. Returns `None` if the corpus is too small to measure it, or the
/// vectors do not tell own answers from others.
pub(super) fn measured(table: &Table, vectors: &Vectors) -> Option<Scale> {
    let (own, others) = means(table, vectors)?;
    (own - others >= LEAST_DIFFERENCE).then(|| {
        let slope = (OWN - OTHERS) / (own - others);
        Scale {
            slope,
            offset: OTHERS - slope * others,
        }
    })
}

/// Returns the mean similarity of a question and its own answers, and that of a question and other answers.
fn means(table: &Table, vectors: &Vectors) -> Option<(f32, f32)> {
    let all = &table.passages;
    let step = all.len().div_ceil(SAMPLE).max(1);
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for at in (0..all.len()).step_by(step) {
        let (one, other) = (all.get(at)?, all.get((at + all.len() / 2) % all.len())?);
        // The last set of rows is that of the question itself. The others are its other wordings.
        let rows = table.question(one.question).last()?;
        let asked: Vec<f32> = numbers(vectors.vectors(rows.start..rows.start + 1)).collect();
        let near = |rows| nearest(&asked, vectors.vectors(rows));
        own.extend(near(one.text()));
        if other.question != one.question {
            others.extend(near(other.text()));
        }
    }
    let mean = |all: &[f32]| (all.len() >= FEWEST).then(|| all.iter().sum::<f32>() / all.len() as f32);
    Some((mean(&own)?, mean(&others)?))
}

#[cfg(test)]
#[path = "scale_tests.rs"]
mod tests;
