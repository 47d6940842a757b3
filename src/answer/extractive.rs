//! Answers without a model: the best sentences of the best passages, quoted.
//!
//! In: the question and the passages in the retriever's order. Out: which sentences to show, in reading order. A
//! sentence is worth the question's words it has (weighted by how rare they are among the passages), discounted by its
//! passage's rank and by what it repeats of those already chosen (maximal marginal relevance, Carbonell & Goldstein
//! 1998). It must not know of the index or of models.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::sentences::sentences;
use super::words::Words;
use crate::corpus::Passage;

/// How much to pick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub sentences: usize,
    /// From one passage: an answer shows several voices where there are several.
    pub per_passage: usize,
    pub words: usize,
}

/// What a passage's worth is multiplied by for each rank it stands lower.
const RANK_DISCOUNT: f32 = 0.85;

/// What a sentence is worth for standing in a passage that was found, beside the asked words it has (1 for all).
const PASSAGE_WORTH: f32 = 0.6;

/// An answer's first sentence says its point: it is worth so much more.
const OPENER: f32 = 1.6;

/// A sentence that leans on the one before reads badly alone: it is worth so much less.
const LEANING: f32 = 0.4;

/// A sentence worth less than this share of the best one is filler.
const MIN_SHARE: f32 = 0.25;

/// How much of a sentence's worth its likeness to a chosen one can take.
const REDUNDANCY: f32 = 0.7;

/// Openings that need the sentence before.
const DANGLING: &[&str] = &[
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "they",
    "their",
    "them",
    "he",
    "she",
    "such",
    "additionally",
    "moreover",
    "furthermore",
    "also",
    "however",
    "therefore",
    "thus",
    "hence",
    "but",
    "and",
    "or",
    "so",
    "then",
    "instead",
    "otherwise",
    "similarly",
    "likewise",
    "both",
    "another",
    "second",
    "third",
    "finally",
    "here",
];

/// A sentence chosen from a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// Index of the passage among those given.
    pub passage: usize,
    pub quote: Range<usize>,
}

struct Candidate {
    pick: Pick,
    stems: HashSet<String>,
    words: usize,
    worth: f32,
}

/// The sentences of `passages` (best first) that answer `question` best, grouped by passage in the order given.
/// Empty only if the passages hold no sentence.
pub fn extract(question: &str, passages: &[&Passage], limits: Limits) -> Vec<Pick> {
    let mut picks = by_worth(question, passages, limits);
    picks.sort_by_key(|pick| (pick.passage, pick.quote.start));
    picks
}

/// The same, but with the best of them first: what a model goes on from.
pub fn best_first(question: &str, passages: &[&Passage], limits: Limits) -> Vec<Pick> {
    let mut picks = by_worth(question, passages, limits);
    if let Some((_, others)) = picks.split_first_mut() {
        others.sort_by_key(|pick| (pick.passage, pick.quote.start));
    }
    picks
}

/// The picks in the order in which they were chosen.
fn by_worth(question: &str, passages: &[&Passage], limits: Limits) -> Vec<Pick> {
    let mut pool = candidates(question, passages);
    let mut chosen: Vec<Candidate> = Vec::new();
    let mut words = 0;
    let mut most = 0.0;
    while chosen.len() < limits.sentences {
        let scored = pool
            .iter()
            .enumerate()
            .map(|(at, c)| (at, c.worth * (1.0 - REDUNDANCY * likeness(c, &chosen))));
        // The first of equals wins, so the order of the passages decides ties.
        let best = scored.fold(None, |best: Option<(usize, f32)>, (at, worth)| match best {
            Some((_, most)) if most >= worth => best,
            _ => Some((at, worth)),
        });
        let Some((at, worth)) = best else { break };
        if worth < MIN_SHARE * most {
            break;
        }
        most = worth.max(most);
        let next = pool.remove(at);
        if words + next.words > limits.words && !chosen.is_empty() {
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

fn candidates(question: &str, passages: &[&Passage]) -> Vec<Candidate> {
    let words = Words::default();
    let asked = words.set(question);
    let mut pool = Vec::new();
    for (passage, source) in passages.iter().enumerate() {
        for (position, quote) in sentences(&source.text).into_iter().enumerate() {
            let text = &source.text[quote.clone()];
            let count = text.split_whitespace().count();
            // A question asks, it does not answer; a fragment says nothing; a wall of text is no quote.
            if text.ends_with('?') || !(5..=60).contains(&count) {
                continue;
            }
            pool.push(Candidate {
                stems: words.set(text),
                words: count,
                worth: RANK_DISCOUNT.powi(passage as i32) * standing(text, position),
                pick: Pick { passage, quote },
            });
        }
    }
    let weights = weights(&asked, &pool);
    for candidate in &mut pool {
        let matched: f32 = candidate.stems.iter().filter_map(|stem| weights.get(stem)).sum();
        candidate.worth *= PASSAGE_WORTH + matched;
    }
    pool
}

/// Openers of an answer say its point; a sentence that leans on the one before reads badly alone.
fn standing(text: &str, position: usize) -> f32 {
    let first = text
        .split(|c: char| !c.is_alphanumeric())
        .find(|w| !w.is_empty())
        .unwrap_or("")
        .to_lowercase();
    let opener = if position == 0 { OPENER } else { 1.0 };
    let part_of_quotation =
        text.matches('"').count() % 2 == 1 || text.matches('“').count() != text.matches('”').count();
    if DANGLING.contains(&first.as_str()) || part_of_quotation {
        opener * LEANING
    } else {
        opener
    }
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

/// Jaccard likeness to the most alike of the chosen: 0..=1.
fn likeness(candidate: &Candidate, chosen: &[Candidate]) -> f32 {
    let jaccard = |other: &Candidate| {
        let shared = candidate.stems.intersection(&other.stems).count() as f32;
        shared / (candidate.stems.len() + other.stems.len()) as f32 * 2.0
    };
    chosen.iter().map(jaccard).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;

    fn quotes(question: &str, texts: &[&str]) -> Vec<String> {
        let passages: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(n, text)| passage(&format!("e/q1/{}", (b'a' + n as u8) as char), text))
            .collect();
        let refs: Vec<&Passage> = passages.iter().collect();
        let limits = Limits {
            sentences: 5,
            per_passage: 2,
            words: 150,
        };
        extract(question, &refs, limits)
            .into_iter()
            .map(|p| passages[p.passage].text[p.quote].to_string())
            .collect()
    }

    #[test]
    fn sentences_with_the_asked_words_are_picked_in_reading_order() {
        let picked = quotes(
            "How do I set prices for an API?",
            &[
                "Set prices for the API by the value of a call. The weather was fine on that day.",
                "We had lunch together that day. An API needs a price that customers can predict.",
            ],
        );
        assert_eq!(
            picked.first().map(String::as_str),
            Some("Set prices for the API by the value of a call.")
        );
        assert_eq!(
            picked.last().map(String::as_str),
            Some("An API needs a price that customers can predict.")
        );
        assert!(!picked.iter().any(|quote| quote.contains("weather")), "{picked:?}");
    }

    #[test]
    fn the_best_can_be_had_first_and_the_others_in_reading_order() {
        let text = "Prices matter a lot in every market. A roadmap needs an owner for each date. Dates without owners slip away.";
        let passage = passage("e/q1/a", text);
        let limits = Limits {
            sentences: 3,
            per_passage: 3,
            words: 150,
        };
        let starts = |picks: Vec<Pick>| picks.iter().map(|p| p.quote.start).collect::<Vec<_>>();
        let read = starts(extract("roadmap dates and owners", &[&passage], limits));
        let first = starts(best_first("roadmap dates and owners", &[&passage], limits));
        assert!(
            read.is_sorted() && first[0] == text.find("A roadmap").unwrap(),
            "{read:?} {first:?}"
        );
        assert!(first[1..].is_sorted());
        assert_eq!(
            first.iter().collect::<std::collections::BTreeSet<_>>(),
            read.iter().collect()
        );
    }

    #[test]
    fn no_more_than_two_sentences_of_a_passage_and_none_twice() {
        let same = "Roadmaps need dates that hold up. Roadmaps need dates that hold up. Roadmaps need owners for each date. Roadmaps need a reader.";
        let picked = quotes("roadmap dates", &[same, "Roadmap dates slip for everyone I know."]);
        assert!(picked.iter().filter(|q| q.starts_with("Roadmaps")).count() <= 2);
        assert!(picked.iter().any(|q| q.contains("slip")));
    }

    #[test]
    fn a_sentence_that_leans_on_another_gives_way() {
        let text = "Weekly emails help retention of new users. This helps retention in a big way too. \
            Retention of old users is helped by fixing bugs.";
        assert_eq!(
            quotes("What helps retention?", &[text]),
            [
                "Weekly emails help retention of new users.",
                "Retention of old users is helped by fixing bugs."
            ]
        );
    }

    #[test]
    fn half_a_quotation_gives_way() {
        let text = "She said: \"Pricing is what the market bears here. Pricing is never only about costs.\" Pricing follows value in my \
            market. Pricing needs a test before a launch.";
        assert_eq!(
            quotes("pricing", &[text]),
            [
                "Pricing follows value in my market.",
                "Pricing needs a test before a launch."
            ]
        );
    }

    #[test]
    fn questions_and_fragments_are_not_quoted_and_nothing_gives_nothing() {
        assert_eq!(
            quotes(
                "pricing",
                &["Is pricing hard for you too? Pricing. Pricing gets easier with practice and data."]
            ),
            ["Pricing gets easier with practice and data."]
        );
        assert!(quotes("pricing", &[]).is_empty());
    }
}
