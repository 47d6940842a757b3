//! Orders what was found, keeps one discussion from filling the list, and cuts it off.
//!
//! In: scored passages. Out: [`Hit`]s. It must not know how scores come about.
//!
//! Order is by score, then identifier, then part: nothing of how the index is laid out. A discussion stands where its
//! best passage stands, as at most `per_discussion` of its answers are taken, best first, each by its best passage:
//! the second half of a long answer must not take the place of another opinion. A passage that has none of the
//! question's topics is no hit, however it asks; only a question without a topic is answered by those.

use std::collections::HashMap;

use super::bm25::Scored;
use super::query::Word;
use super::{Hit, Query, phrase};
use crate::corpus::edition::Id;
use crate::corpus::passage::Passage;
use crate::index::{IndexError, Store};

/// How many of the best passages by single words are looked at for phrases, at least.
const WINDOW: usize = 100;

/// The hits of `query`, best first.
pub(super) fn rank(
    store: &Store,
    query: &Query,
    words: &[Word],
    mut scored: Vec<Scored>,
) -> Result<Vec<Hit>, IndexError> {
    let topics = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.content)
        .fold(0, |set, (bit, _)| set | 1u64 << bit);
    if topics != 0 {
        scored.retain(|s| s.found & topics != 0);
    }
    let window = WINDOW.max(query.limit.saturating_mul(4));
    let (mut best, rest) = split(scored, window);
    phrase::reward(store, words, &mut best)?;
    let mut hits = Hits {
        store,
        query,
        words,
        taken: HashMap::new(),
        hits: Vec::new(),
    };
    hits.take(best)?;
    hits.take(rest)?;
    Ok(hits.hits)
}

/// The `window` best and all that equal the last of them, so that the cut depends on scores alone; then the others.
fn split(mut scored: Vec<Scored>, window: usize) -> (Vec<Scored>, Vec<Scored>) {
    if scored.len() <= window {
        return (scored, Vec::new());
    }
    let (_, last, _) = scored.select_nth_unstable_by(window - 1, |a, b| b.score.total_cmp(&a.score));
    let threshold = last.score;
    scored.into_iter().partition(|s| s.score >= threshold)
}

struct Hits<'a> {
    store: &'a Store,
    query: &'a Query<'a>,
    words: &'a [Word],
    taken: HashMap<Id, usize>,
    hits: Vec<Hit>,
}

impl Hits<'_> {
    fn full(&self) -> bool {
        self.hits.len() >= self.query.limit
    }

    /// Takes hits from `scored` until there are enough. Passages are read only as far as that needs.
    fn take(&mut self, mut scored: Vec<Scored>) -> Result<(), IndexError> {
        if self.full() {
            return Ok(());
        }
        scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        for equal in scored.chunk_by(|a, b| a.score == b.score) {
            let mut passages = Vec::with_capacity(equal.len());
            for one in equal {
                passages.push((self.store.passage(one.address)?, *one));
            }
            passages.sort_by(|(a, _), (b, _)| (&a.id, a.part).cmp(&(&b.id, b.part)));
            for (passage, one) in passages {
                self.push(passage, one);
            }
            if self.full() {
                break;
            }
        }
        Ok(())
    }

    fn push(&mut self, passage: Passage, scored: Scored) {
        if self.full() || self.hits.iter().any(|hit| hit.passage.id == passage.id) {
            return;
        }
        let taken = self.taken.entry(passage.id.group()).or_insert(0);
        if *taken >= self.query.per_discussion {
            return;
        }
        *taken += 1;
        let (coverage, matched) = coverage(self.words, scored.covered);
        self.hits.push(Hit {
            rank: self.hits.len() + 1,
            passage,
            score: scored.score,
            coverage,
            matched,
        });
    }
}

/// Coverage by the formula in the module's documentation, and the words covered.
fn coverage(words: &[Word], covered: u64) -> (f32, Vec<String>) {
    let (mut found, mut asked, mut matched) = (0.0, 0.0, Vec::new());
    for (bit, word) in words.iter().enumerate().filter(|(_, word)| word.content) {
        asked += word.idf;
        if covered & (1 << bit) != 0 {
            found += word.likeness * word.idf;
            matched.push(word.typed.clone());
        }
    }
    (if asked > 0.0 { found / asked } else { 0.0 }, matched)
}

#[cfg(test)]
mod tests {
    use super::super::query::words;
    use super::*;
    use tantivy::DocAddress;

    fn scored(scores: &[f32]) -> Vec<Scored> {
        let one = |(doc, score): (usize, &f32)| Scored {
            address: DocAddress::new(0, doc as u32),
            score: *score,
            covered: 0,
            found: 0,
        };
        scores.iter().enumerate().map(one).collect()
    }

    #[test]
    fn the_window_holds_all_that_equal_its_last() {
        let (best, rest) = split(scored(&[1.0, 3.0, 2.0, 2.0, 0.5, 2.0]), 2);
        assert_eq!((best.len(), rest.len()), (4, 2));
        let (best, rest) = split(scored(&[1.0, 3.0]), 2);
        assert_eq!((best.len(), rest.len()), (2, 0));
    }

    #[test]
    fn coverage_weighs_words_by_rarity_and_corrections_by_likeness() {
        let mut words = words("how rare common");
        words[1].idf = 3.0;
        words[2].idf = 1.0;
        assert_eq!(coverage(&words, 0b010), (0.75, vec!["rare".to_string()]));
        assert_eq!(coverage(&words, 0b001), (0.0, vec![]));
        words[1].likeness = 0.5;
        assert_eq!(coverage(&words, 0b110).0, 2.5 / 4.0);
        assert_eq!(coverage(&[], 0).0, 0.0);
    }
}
