//! Answers without a model: the best sentences of the best passages, quoted.
//!
//! In: the question, the passages in the retriever's order and, where there is one, an embedding model. Out: which
//! sentences to show, in reading order. A sentence is worth the question's words it has (weighted by how rare they are
//! among the passages) and how near the question it is in meaning, discounted by its passage's rank and by what it
//! repeats of those already chosen (maximal marginal relevance, Carbonell & Goldstein 1998). Whoever says that they
//! contradict others is preferred beside them. How a sentence reads alone is for `reading` to say. It must not know of
//! the index or of models.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::injection;
use super::meaning::{Meaning, cosine};
use super::reading;
use super::words::Words;
use crate::corpus::Passage;

/// How much to pick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub sentences: usize,
    /// From one passage: an answer shows several voices where there are several.
    pub per_passage: usize,
    pub words: usize,
    /// Whether a sentence may follow that leans on the one before it, where that one is picked too. Not where somebody
    /// else chooses among the picks.
    pub leaning: bool,
}

/// What a sentence's worth is made of; chosen on the tune split, see `benches/runs/`.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// What a passage's worth is multiplied by for each rank it stands lower.
    pub rank: f32,
    /// The same for each discussion before its own.
    pub discussion: f32,
    /// What a sentence is worth for standing in a passage that was found, beside the asked words it has (1 for all).
    pub passage: f32,
    /// What being as near as can be in meaning is worth.
    pub meaning: f32,
    /// An answer's first sentence says its point: it is worth so much more.
    pub opener: f32,
    /// How much of a sentence's worth its likeness to a chosen one can take.
    pub redundancy: f32,
    /// A sentence worth less than this share of the best one is filler.
    pub share: f32,
    /// What is left of the worth of one that tells of its author rather than the matter.
    pub author: f32,
    /// What the worth of one that says it contradicts somebody is multiplied by where another of its discussion is chosen.
    pub dissent: f32,
}

pub const WEIGHTS: Weights = Weights {
    rank: 0.85,
    discussion: 0.8,
    passage: 0.4,
    meaning: 1.5,
    opener: 1.6,
    redundancy: 0.4,
    share: 0.25,
    author: 0.9,
    dissent: 3.0,
};

/// Sentences that share this much of their words say the same.
const SAME: f32 = 0.8;

/// A sentence chosen from a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// Index of the passage among those given.
    pub passage: usize,
    pub quote: Range<usize>,
}

struct Candidate {
    pick: Pick,
    /// Which sentence of its passage it is.
    position: usize,
    leans: bool,
    /// Its author says that it contradicts somebody.
    dissents: bool,
    discussion: usize,
    stems: HashSet<String>,
    vector: Option<Vec<f32>>,
    words: usize,
    worth: f32,
}

/// What is asked, and by what means sentences are compared with it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub question: &'a str,
    pub meaning: Option<&'a dyn Meaning>,
    pub weights: Weights,
}

impl<'a> Asked<'a> {
    pub fn new(question: &'a str, meaning: Option<&'a dyn Meaning>) -> Self {
        Asked {
            question,
            meaning,
            weights: WEIGHTS,
        }
    }

    /// The sentences of `passages` (best first) that answer best: the best first, unless the opening of its passage is
    /// among them, and the others of its passage after it as they stand there, then the other passages by their best
    /// sentence. Empty only without passages.
    pub fn pick(&self, passages: &[&Passage], limits: Limits) -> Vec<Pick> {
        let mut picks = self.by_worth(passages, limits);
        if picks.is_empty() {
            picks.extend(anything(passages));
        }
        let mut first_of = HashMap::new();
        for (at, pick) in picks.iter().enumerate() {
            first_of.entry(pick.passage).or_insert(at);
        }
        let order = |pick: &Pick| (first_of[&pick.passage], pick.quote.start);
        // The opening of a text says its point: it goes first even before a better sentence of the same text.
        let opened = picks.iter().any(|pick| order(pick) == (0, 0));
        let lead = usize::from(!opened).min(picks.len());
        picks[lead..].sort_by_key(order);
        picks
    }

    /// Each passage's text cut to the sentences worth most, in their order, of at most `words` words: what to prompt with
    /// where whole passages do not fit. A passage without a sentence that can be quoted is left whole.
    pub fn condense(&self, passages: &[&Passage], words: usize) -> Vec<String> {
        let one = |passage: &&Passage| {
            let limits = Limits {
                sentences: usize::MAX,
                per_passage: usize::MAX,
                words,
                leaning: true,
            };
            let mut picks = self.by_worth(&[passage], limits);
            picks.sort_by_key(|pick| pick.quote.start);
            let kept: Vec<&str> = picks.iter().map(|pick| &passage.text[pick.quote.clone()]).collect();
            if kept.is_empty() {
                injection::without(&passage.text)
            } else {
                kept.join(" ")
            }
        };
        passages.iter().map(one).collect()
    }

    /// The picks in the order in which they were chosen.
    fn by_worth(&self, passages: &[&Passage], limits: Limits) -> Vec<Pick> {
        let mut pool = self.candidates(passages);
        let mut chosen: Vec<Candidate> = Vec::new();
        let (mut words, mut most) = (0, 0.0);
        while chosen.len() < limits.sentences {
            let scored = pool
                .iter()
                .enumerate()
                .filter(|(_, c)| !c.leans || (limits.leaning && c.follows(&chosen)))
                .map(|(at, c)| {
                    let voice = if c.contradicts(&chosen) {
                        self.weights.dissent
                    } else {
                        1.0
                    };
                    (
                        at,
                        c.worth * voice * (1.0 - self.weights.redundancy * c.likeness(&chosen)),
                    )
                });
            // The first of equals wins, so the order of the passages decides ties.
            let best = scored.fold(None, |best: Option<(usize, f32)>, (at, worth)| match best {
                Some((_, most)) if most >= worth => best,
                _ => Some((at, worth)),
            });
            let Some((at, worth)) = best else { break };
            if worth < self.weights.share * most {
                break;
            }
            most = worth.max(most);
            let next = pool.remove(at);
            let repeats = chosen.iter().any(|c| c.shared(&next) >= SAME);
            if repeats || (words + next.words > limits.words && !chosen.is_empty()) {
                continue;
            }
            let passage = next.pick.passage;
            words += next.words;
            chosen.push(next);
            if chosen.iter().filter(|c| c.pick.passage == passage).count() >= limits.per_passage {
                pool.retain(|c| c.pick.passage != passage);
            }
        }
        chosen.into_iter().map(|c| c.pick).collect()
    }

    fn candidates(&self, passages: &[&Passage]) -> Vec<Candidate> {
        let words = Words::default();
        let asked = words.set(self.question);
        let mut pool = Vec::new();
        let mut discussions = Vec::new();
        for (passage, source) in passages.iter().enumerate() {
            let group = source.id.group();
            let discussion = discussions
                .iter()
                .position(|known| *known == group)
                .unwrap_or(discussions.len());
            if discussion == discussions.len() {
                discussions.push(group);
            }
            let standing = self.weights.rank.powi(passage as i32) * self.weights.discussion.powi(discussion as i32);
            for (position, (quote, honest)) in injection::judged(&source.text).into_iter().enumerate() {
                let text = &source.text[quote.clone()];
                if !honest || !reading::quotable(text) {
                    continue;
                }
                let opener = if position == 0 { self.weights.opener } else { 1.0 };
                let dissents = reading::dissents(text);
                let author = if reading::of_its_author(text) && !dissents {
                    self.weights.author
                } else {
                    1.0
                };
                pool.push(Candidate {
                    stems: words.set(text),
                    words: text.split_whitespace().count(),
                    worth: standing * opener * author * reading::ease(text),
                    pick: Pick { passage, quote },
                    leans: reading::leans(text),
                    dissents,
                    discussion,
                    vector: None,
                    position,
                });
            }
        }
        if pool.iter().all(|candidate| candidate.leans) {
            // There is nothing better to lean on.
            pool.iter_mut().for_each(|candidate| candidate.leans = false);
        }
        let question = self.look_up(passages, &mut pool);
        self.weigh(&asked, question.as_deref(), &mut pool);
        pool
    }

    /// Gives each candidate its vector, and returns the question's; nothing without a model.
    fn look_up(&self, passages: &[&Passage], pool: &mut [Candidate]) -> Option<Vec<f32>> {
        let quote = |c: &Candidate| &passages[c.pick.passage].text[c.pick.quote.clone()];
        let texts: Vec<&str> = std::iter::once(self.question).chain(pool.iter().map(quote)).collect();
        let mut vectors = self.meaning?.vectors(&texts)?.into_iter();
        let question = vectors.next();
        pool.iter_mut()
            .zip(vectors)
            .for_each(|(candidate, vector)| candidate.vector = Some(vector));
        question
    }

    /// Multiplies each candidate's standing by how well it fits the question.
    fn weigh(&self, asked: &HashSet<String>, question: Option<&[f32]>, pool: &mut [Candidate]) {
        let weights = weights(asked, pool);
        for candidate in pool {
            let matched: f32 = candidate.stems.iter().filter_map(|stem| weights.get(stem)).sum();
            let near = question
                .zip(candidate.vector.as_deref())
                .map_or(0.0, |(a, b)| cosine(a, b).max(0.0));
            candidate.worth *= self.weights.passage + matched + self.weights.meaning * near;
        }
    }
}

impl Candidate {
    /// Whether the sentence right before it in its passage is among the chosen.
    fn follows(&self, chosen: &[Candidate]) -> bool {
        let before = |c: &Candidate| c.pick.passage == self.pick.passage && c.position + 1 == self.position;
        chosen.iter().any(before)
    }

    /// Whether its author contradicts somebody, and another of the discussion is among the chosen.
    fn contradicts(&self, chosen: &[Candidate]) -> bool {
        let other = |c: &Candidate| c.discussion == self.discussion && c.pick.passage != self.pick.passage;
        self.dissents && chosen.iter().any(other)
    }

    /// Likeness to the most alike of the chosen: 0..=1.
    fn likeness(&self, chosen: &[Candidate]) -> f32 {
        let alike = |other: &Candidate| {
            let near = self
                .vector
                .as_deref()
                .zip(other.vector.as_deref())
                .map_or(0.0, |(a, b)| cosine(a, b));
            // Sentences on one subject have a cosine of about a half whatever they say.
            self.shared(other).max(2.0 * near - 1.0)
        };
        chosen.iter().map(alike).fold(0.0, f32::max)
    }

    /// Share of content words that two have in common (Dice).
    fn shared(&self, other: &Candidate) -> f32 {
        let shared = self.stems.intersection(&other.stems).count() as f32;
        2.0 * shared / (self.stems.len() + other.stems.len()).max(1) as f32
    }
}

/// The first sentence there is, however it reads: for passages of fragments, such as the bare title of a book.
fn anything(passages: &[&Passage]) -> Option<Pick> {
    let firsts = passages
        .iter()
        .enumerate()
        .map(|(passage, source)| (passage, injection::quotable(&source.text)));
    firsts
        .filter_map(|(passage, spans)| spans.into_iter().next().map(|quote| Pick { passage, quote }))
        .next()
}

/// Each asked stem's inverse frequency among the candidate sentences, summing to 1.
fn weights(asked: &HashSet<String>, pool: &[Candidate]) -> HashMap<String, f32> {
    let rarity = |stem: &String| {
        let found = pool.iter().filter(|c| c.stems.contains(stem)).count();
        if found == 0 {
            0.0
        } else {
            (1.0 + pool.len() as f32 / found as f32).ln()
        }
    };
    let total: f32 = asked.iter().map(rarity).sum();
    asked
        .iter()
        .map(|stem| (stem.clone(), rarity(stem) / total.max(f32::EPSILON)))
        .collect()
}

#[cfg(test)]
#[path = "extractive_tests.rs"]
mod tests;
