//! Counts in how many discussions of the corpus each word and phrase occurs: what is everywhere tells nothing.

use std::collections::{HashMap, HashSet};

use super::item::Item;
use super::phrases::Reader;
use crate::answer::meaning::{Meaning, sum};
use crate::answer::words::Words;

/// How common phrases are.
#[derive(Debug, Default)]
pub struct Background {
    items: usize,
    /// Discussions that have a phrase, by its key; those in one discussion only are left out.
    counts: HashMap<String, u32>,
    /// The same for each stem of a content word.
    stems: HashMap<String, u32>,
    /// The average of the vectors of all discussions, with an embedding model.
    centre: Option<Vec<f32>>,
}

/// Returns `vector` with length 1, or as it is if it has no direction.
fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector
        .iter()
        .map(|x| if length > 0.0 { x / length } else { *x })
        .collect()
}

impl Background {
    /// Counts the phrases of `items`. With `meaning`, it also averages the vectors that the index has.
    pub fn of<'a>(items: impl Iterator<Item = &'a Item>, meaning: Option<&dyn Meaning>) -> Background {
        let mut vectors: Vec<Vec<f32>> = Vec::new();
        let (reader, words) = (Reader::default(), Words::default());
        let mut background = Background::default();
        for item in items {
            background.items += 1;
            vectors.extend(
                meaning
                    .and_then(|meaning| item.indexed(meaning))
                    .map(|vector| unit(&vector)),
            );
            let keys: HashSet<String> = reader.phrases_of(item).into_iter().map(|phrase| phrase.key).collect();
            for key in keys {
                *background.counts.entry(key).or_default() += 1;
            }
            for stem in item.stems(&words) {
                *background.stems.entry(stem).or_default() += 1;
            }
        }
        background.counts.retain(|_, count| *count > 1);
        let sum = sum(vectors.iter().map(|vector| Some(vector.as_slice())));
        background.centre = sum.map(|sum| sum.into_iter().map(|x| x / vectors.len() as f32).collect());
        background
    }

    /// Returns the share of the discussions outside a group that have a phrase, if `within` of the group's `count`
    /// discussions do.
    pub(super) fn elsewhere(&self, key: &str, within: usize, count: usize) -> f32 {
        let all = self.counts.get(key).map_or(1, |count| *count as usize);
        all.saturating_sub(within) as f32 / self.items.saturating_sub(count).max(1) as f32
    }

    /// Returns the inverse document frequency of a stem: 0 for what every discussion has.
    pub(super) fn rarity(&self, stem: &str) -> f32 {
        let count = self.stems.get(stem).copied().unwrap_or(1);
        ((self.items + 1) as f32 / (count + 1) as f32).ln().max(0.0)
    }

    /// Returns how `vector` differs from the average discussion of the corpus, which is about everything.
    pub(super) fn centred(&self, vector: &[f32]) -> Vec<f32> {
        let mut vector = unit(vector);
        if let Some(centre) = self.centre.as_deref().filter(|centre| centre.len() == vector.len()) {
            vector.iter_mut().zip(centre).for_each(|(x, middle)| *x -= middle);
        }
        vector
    }
}
