//! Finds the themes of discussions: groups that are about the same matter, each named by its most telling phrases.
//!
//! Discussions are compared by meaning where there is an embedding model, and by their words (TF-IDF) otherwise. A theme
//! has at least two discussions. Nothing here depends on chance or on a clock: the same discussions give the same themes.

mod background;
mod cluster;
pub mod interest;
mod item;
mod names;
mod phrases;
pub mod report;
pub mod time;

use std::collections::{BTreeMap, HashSet};

pub use background::Background;
pub use item::{Item, once};

use crate::answer::meaning::{Meaning, cosine};
use crate::answer::words::Words;
use phrases::Reader;

/// The most discussions that are grouped, the newest first: the time grows with their square.
pub const MOST: usize = 3_000;

/// Discussions whose average likeness in meaning is at least this are about the same matter. The likeness is that of how
/// they differ from the average discussion, which all of them resemble. Chosen by reading the groups of the built-in
/// editions.
const NEAR_IN_MEANING: f32 = 0.3;

/// The same for the likeness of words.
const NEAR_IN_WORDS: f32 = 0.13;

/// The weight of a word of a title, next to one of the text.
const TITLE: f32 = 3.0;

/// A group of discussions about the same matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// The phrases that tell most about it, the best first; one or two.
    pub phrases: Vec<String>,
    /// Indices of its discussions among those given, the most typical first.
    pub items: Vec<usize>,
}

impl Theme {
    /// Its name: the phrases in a row.
    pub fn name(&self) -> String {
        self.phrases.join(", ")
    }
}

/// Vectors of items, by meaning or by words.
enum Vectors {
    Meaning(Vec<Vec<f32>>),
    Words(Vec<BTreeMap<String, f32>>),
}

impl Vectors {
    fn of(items: &[&Item], background: &Background, meaning: Option<&dyn Meaning>) -> Vectors {
        let vector = |item: &&Item, meaning| Some(background.centred(&item.vector(meaning)?));
        let by_meaning = meaning.and_then(|meaning| items.iter().map(|item| vector(item, meaning)).collect());
        by_meaning.map_or_else(
            || Vectors::Words(items.iter().map(|item| weighed(item, background)).collect()),
            Vectors::Meaning,
        )
    }

    fn likeness(&self, a: usize, b: usize) -> f32 {
        match self {
            Vectors::Meaning(all) => cosine(&all[a], &all[b]),
            Vectors::Words(all) => all[a].iter().filter_map(|(word, x)| Some(x * all[b].get(word)?)).sum(),
        }
    }

    fn threshold(&self) -> f32 {
        match self {
            Vectors::Meaning(_) => NEAR_IN_MEANING,
            Vectors::Words(_) => NEAR_IN_WORDS,
        }
    }
}

/// Returns the words of `item` weighed by TF-IDF, as a vector of length 1.
fn weighed(item: &Item, background: &Background) -> BTreeMap<String, f32> {
    let words = Words::default();
    let mut counts: BTreeMap<String, f32> = BTreeMap::new();
    for (part, text) in item.texts().enumerate() {
        for stem in words.stems(text) {
            *counts.entry(stem).or_default() += if part == 0 { TITLE } else { 1.0 };
        }
    }
    for (stem, count) in &mut counts {
        *count = (1.0 + count.ln()) * background.rarity(stem);
    }
    let length = counts.values().map(|x| x * x).sum::<f32>().sqrt();
    counts.values_mut().for_each(|x| *x /= length.max(f32::MIN_POSITIVE));
    counts
}

/// Returns the themes of `items`, those with most discussions first. At most [`MOST`] items are grouped.
///
/// `background` says which phrases are common. Without `meaning`, or if its model fails, items are compared by words.
pub fn themes(items: &[&Item], background: &Background, meaning: Option<&dyn Meaning>) -> Vec<Theme> {
    let items = newest(items);
    let given: Vec<&Item> = items.iter().map(|(_, item)| *item).collect();
    let vectors = Vectors::of(&given, background, meaning);
    let (reader, words) = (Reader::default(), Words::default());
    let words_of: Vec<HashSet<String>> = given.iter().map(|item| item.stems(&words)).collect();
    let groups = cluster::groups(given.len(), vectors.threshold(), |a, b| vectors.likeness(a, b));
    let named = groups
        .into_iter()
        .filter(|group| group.len() > 1)
        .filter_map(|mut group| {
            let members: Vec<&Item> = group.iter().map(|at| given[*at]).collect();
            let phrases = names::names(&members, background, &reader);
            // A discussion without the words of the name would not be looked for under it.
            group.retain(|at| bears(&phrases, &words_of[*at], &words));
            if group.len() < 2 {
                return None;
            }
            let typical = |at: usize| group.iter().map(|other| vectors.likeness(at, *other)).sum::<f32>();
            let order: BTreeMap<usize, f32> = group.iter().map(|at| (*at, typical(*at))).collect();
            group.sort_by(|a, b| order[b].total_cmp(&order[a]).then_with(|| a.cmp(b)));
            (!phrases.is_empty()).then(|| Theme {
                phrases,
                items: group.into_iter().map(|at| items[at].0).collect(),
            })
        });
    let mut themes = together(named.collect());
    themes.sort_by(|a, b| b.items.len().cmp(&a.items.len()).then_with(|| a.items.cmp(&b.items)));
    themes
}

/// Returns whether a discussion with the words `own` has all words of one of `phrases`.
fn bears(phrases: &[String], own: &HashSet<String>, words: &Words) -> bool {
    phrases.iter().any(|phrase| words.set(phrase).is_subset(own))
}

/// Joins themes with the same name: a reader could not tell them apart.
fn together(themes: Vec<Theme>) -> Vec<Theme> {
    let mut joined: Vec<Theme> = Vec::new();
    for theme in themes {
        match joined.iter_mut().find(|other| other.name() == theme.name()) {
            Some(other) => other.items.extend(theme.items),
            None => joined.push(theme),
        }
    }
    joined
}

/// Returns at most [`MOST`] items with their indices: the newest, in the order given.
fn newest<'a>(items: &[&'a Item]) -> Vec<(usize, &'a Item)> {
    let mut all: Vec<(usize, &Item)> = items.iter().copied().enumerate().collect();
    if all.len() > MOST {
        all.sort_by(|(_, a), (_, b)| b.date.cmp(&a.date));
        all.truncate(MOST);
        all.sort_by_key(|(at, _)| *at);
    }
    all
}

/// Returns the number of editions that `theme` spans.
pub fn editions(theme: &Theme, items: &[&Item]) -> usize {
    let slugs: HashSet<&str> = theme
        .items
        .iter()
        .filter_map(|at| items.get(*at))
        .map(|item| item.id.edition())
        .collect();
    slugs.len()
}
