//! Names a group of discussions by the phrases that tell most about it.
//!
//! A phrase tells much about a group if most of the group has it, often, and little of the rest of the corpus does. A name
//! must stand in titles, so that it is what people called the matter, and not a word that happens to be shared.

use std::collections::{BTreeMap, HashSet};

use super::background::Background;
use super::item::Item;
use super::phrases::{LONGEST, Reader, Uses};

/// A phrase that may name a group.
#[derive(Debug, Default)]
struct Candidate {
    /// Discussions of the group that have it, and those that have it in their title.
    items: HashSet<usize>,
    titles: HashSet<usize>,
    /// How often each spelling occurs.
    spellings: BTreeMap<String, usize>,
    words: usize,
    /// How often it occurs, and in which surroundings.
    times: usize,
    uses: Uses,
}

/// The weight of a phrase in a title, next to one in the text.
const TITLE: f32 = 2.0;

/// The factor for the score of a phrase by its number of words. A single word says less about what is meant.
const BY_WORDS: [f32; LONGEST] = [1.0, 1.35, 1.3];

/// Above this many occurrences in each discussion, more do not count.
const TIMES: f32 = 3.0;

/// The least natural logarithm of how much more frequent a name is in the group than elsewhere.
const CONTRAST: f32 = 1.0;

/// Added to the shares of discussions, so that a phrase that is in none elsewhere is not infinitely telling.
const SMOOTH: f32 = 0.02;

/// The least score of a name. Groups that share less have no name, and are no theme.
const TELLING: f32 = 0.7;

/// The share of the discussions of a group that must have a single word which is in few titles.
const NEARLY_ALL: f32 = 0.8;

/// The most phrases of a name.
const NAMES: usize = 2;

/// A second phrase is part of a name if it tells at least this share of what the first does.
const SECOND: f32 = 0.65;

/// A longer phrase is taken instead of a part of it if it tells at least this share of what the part does.
const LONGER: f32 = 0.75;

/// Returns the phrases that tell most about `group`, the best first, at most two. Returns none if nothing that stands in
/// the titles tells enough.
pub(super) fn names(group: &[&Item], background: &Background, reader: &Reader) -> Vec<String> {
    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    for (at, item) in group.iter().enumerate() {
        for (part, text) in item.texts().enumerate() {
            for phrase in reader.phrases(text).into_iter().filter(|phrase| reader.names(phrase)) {
                let candidate = candidates.entry(phrase.key).or_default();
                candidate.items.insert(at);
                candidate.words = phrase.words;
                candidate.times += 1;
                candidate.uses.add(phrase.uses);
                if part == 0 {
                    candidate.titles.insert(at);
                }
                *candidate.spellings.entry(phrase.text).or_default() += if part == 0 { 3 } else { 1 };
            }
        }
    }
    let scored = candidates
        .iter()
        .filter(|(_, one)| one.is_called(group.len()) && one.is_a_thing());
    let scored = scored.map(|(key, one)| (score(key, one, group.len(), background), key.as_str(), one));
    let scored: Vec<(f32, &str, &Candidate)> = scored.filter(|(score, ..)| *score >= TELLING).collect();
    let mut ranked: Vec<(f32, &str, &Candidate)> = scored
        .iter()
        .map(|(score, key, one)| {
            let parts = scored
                .iter()
                .filter(|(part, other, _)| is_part(other, key) && *score >= LONGER * part);
            (parts.map(|(part, ..)| *part).fold(*score, f32::max), *key, *one)
        })
        .collect();
    ranked.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| b.2.words.cmp(&a.2.words))
            .then_with(|| a.1.cmp(b.1))
    });
    let mut names: Vec<(f32, &str, String)> = Vec::new();
    for (score, key, one) in ranked {
        let enough = names.first().is_none_or(|(most, ..)| score >= SECOND * most);
        let shares =
            |(_, other, _): &(f32, &str, String)| key.split(' ').any(|stem| other.split(' ').any(|o| o == stem));
        if names.len() < NAMES && enough && !names.iter().any(shares) {
            names.push((score, key, spelling(one)));
        }
    }
    names.into_iter().map(|(_, _, name)| name).collect()
}

impl Candidate {
    /// Whether titles have it: two of them, or one if all discussions of a larger group have it too. A single word must be
    /// in half of the titles or in nearly all texts: "country" in two of eight titles is not what they are about.
    fn is_called(&self, count: usize) -> bool {
        let titled = self.titles.len() > 1 || (self.titles.len() == 1 && count > 2 && self.items.len() == count);
        titled
            && (self.words > 1
                || 2 * self.titles.len() >= count
                || self.items.len() as f32 >= NEARLY_ALL * count as f32)
    }

    /// Whether it names a thing, as far as the words around it show. A verb or an adjective is no name.
    fn is_a_thing(&self) -> bool {
        let capitals = |spelling: &String| spelling.chars().filter(|c| c.is_uppercase()).count() > 1;
        let share = |times: usize| times as f32 / self.times.max(1) as f32;
        self.words > 1
            || self.spellings.keys().any(capitals)
            || (self.uses.noun > 0 && share(self.uses.verb) < 0.3 && share(self.uses.first) < 0.5)
    }
}

/// Whether the stems of `part` stand in a row within those of a longer phrase.
fn is_part(part: &str, whole: &str) -> bool {
    part.len() < whole.len() && format!(" {whole} ").contains(&format!(" {part} "))
}

/// How much a phrase tells about a group of `count` discussions: how many of them have it, how often, and how much rarer
/// it is elsewhere.
fn score(key: &str, one: &Candidate, count: usize, background: &Background) -> f32 {
    let within = one.items.len() as f32 / count as f32;
    let contrast = ((within + SMOOTH) / (background.elsewhere(key, one.items.len(), count) + SMOOTH)).ln();
    if contrast < CONTRAST {
        return 0.0;
    }
    let covered = (one.items.len() as f32 + TITLE * one.titles.len() as f32) / (count as f32 * (1.0 + TITLE));
    let often = (one.times as f32 / count as f32).min(TIMES) / TIMES;
    covered * (0.3 + often) * contrast * BY_WORDS[one.words.clamp(1, LONGEST) - 1]
}

/// Returns the spelling that occurs most, in lower case unless its capitals mean something: `AI PM`, `Scrum`.
fn spelling(one: &Candidate) -> String {
    let usual = |spelling: &str| -> String {
        let words = spelling.split(' ').enumerate().map(|(at, word)| {
            let capitals = word.chars().filter(|c| c.is_uppercase()).count();
            // The first word of a title has a capital anyway.
            if capitals > 1 || (capitals == 1 && at > 0) {
                word.to_string()
            } else {
                word.to_lowercase()
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for (spelling, count) in &one.spellings {
        *counted.entry(usual(spelling)).or_default() += count;
    }
    let most = counted.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
    most.map(|(spelling, _)| spelling.clone()).unwrap_or_default()
}
