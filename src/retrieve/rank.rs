//! Orders scored passages, limits how many come from one discussion, and cuts the list off.
//!
//! The order is by score, then identifier, then part. It does not depend on the layout of the index. A discussion ranks
//! where its best passage ranks. At most `per_discussion` of its answers are taken, best first, each by its best
//! passage. So the second half of a long answer does not displace another opinion. A copy of a passage in another
//! edition is not a hit: the better one names the other edition. A passage that has none of the question's topics is
//! not a hit, even if its asking words match. Only a question without a topic is answered by such passages.

use std::collections::HashMap;

use super::bm25::Scored;
use super::dense::Nearness;
use super::query::Word;
use super::{Hit, LOOKED_AT, Query, Similarity, filter, phrase};
use crate::corpus::copies::{Added, AlsoIn, Texts};
use crate::corpus::edition::Id;
use crate::corpus::passage::Passage;
use crate::corpus::source;
use crate::index::{IndexError, Store};

/// Minimum number of best passages by single words that are checked for phrases.
const WINDOW: usize = 100;

/// Returns the hits of `query`, best first. `near` gives their rank by meaning.
pub(super) fn rank(
    store: &Store,
    query: &Query,
    words: &[Word],
    scored: Vec<Scored>,
    near: Option<&Nearness>,
) -> Result<Vec<Hit>, IndexError> {
    let places = Places::of(&scored, near);
    let (best, rest) = split(scored, window(query));
    let mut hits = Hits {
        store,
        query,
        words,
        places,
        taken: HashMap::new(),
        seen: Texts::default(),
        places_of_seen: Vec::new(),
        hits: Vec::new(),
    };
    hits.take(best)?;
    hits.take(rest)?;
    Ok(hits.hits)
}

/// Returns the set of words that name a topic, or all words if none does. A passage must have one of them.
pub(super) fn topics(words: &[Word]) -> u64 {
    match content(words).fold(0, |set, (bit, _)| set | 1u64 << bit) {
        0 => u64::MAX,
        topics => topics,
    }
}

/// Drops passages that have none of the question's topics, and checks the best of the others for phrases. Also returns
/// the best coverage among those, or 0 if there are none.
pub(super) fn by_words(
    store: &Store,
    query: &Query,
    words: &[Word],
    mut scored: Vec<Scored>,
) -> Result<(Vec<Scored>, f32), IndexError> {
    let topics = content(words).fold(0, |set, (bit, _)| set | 1u64 << bit);
    if topics != 0 {
        scored.retain(|s| s.found & topics != 0);
    }
    let (mut best, rest) = split(scored, window(query));
    phrase::reward(store, words, &mut best)?;
    let covered = best
        .iter()
        .map(|one| share_covered(words, one.covered))
        .fold(0.0, f32::max);
    best.extend(rest);
    Ok((best, covered))
}

/// Returns how many of the best passages are checked for phrases.
pub(super) fn window(query: &Query) -> usize {
    WINDOW.max(query.limit.saturating_mul(4))
}

/// Computes the rank that a passage would have by words only, and by meaning only.
struct Places<'a> {
    words: Vec<f32>,
    near: Option<&'a Nearness<'a>>,
}

impl<'a> Places<'a> {
    fn of(scored: &[Scored], near: Option<&'a Nearness<'a>>) -> Places<'a> {
        // In a search by words only, a hit's rank already is its rank by words.
        let words = scored
            .iter()
            .map(|one| one.words)
            .filter(|words| near.is_some() && *words > 0.0);
        Places {
            words: words.collect(),
            near,
        }
    }

    fn by_words(&self, words: f32) -> Option<usize> {
        let better = self.words.iter().filter(|other| **other > words).count();
        (self.words.contains(&words) && better < LOOKED_AT).then_some(better + 1)
    }

    fn by_meaning(&self, value: f32) -> Option<Similarity> {
        let rank = self.near?.rank(value);
        // The scale of a model on a server may lead beyond 1.
        let value = value.clamp(-1.0, 1.0);
        Some(Similarity { value, rank })
    }
}

/// Splits off the `window` best and all that equal the last of them, so that the cut depends on scores only. The second
/// list has the others.
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
    places: Places<'a>,
    taken: HashMap<Id, usize>,
    /// The passages so far, with those that were one too many of their discussion.
    seen: Texts,
    /// The place of each of them among the hits.
    places_of_seen: Vec<Option<usize>>,
    hits: Vec<Hit>,
}

impl Hits<'_> {
    fn full(&self) -> bool {
        self.hits.len() >= self.query.limit
    }

    /// Takes hits from `scored` until there are enough, reading no more passages than needed.
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
                self.push(passage, one)?;
            }
            if self.full() {
                break;
            }
        }
        Ok(())
    }

    fn push(&mut self, passage: Passage, scored: Scored) -> Result<(), IndexError> {
        if self.full() || self.hits.iter().any(|hit| hit.passage.id == passage.id) {
            return Ok(());
        }
        if let Added::CopyOf(original) = self.seen.add(passage.id.edition(), &passage.text) {
            let hit = self.places_of_seen.get(original).copied().flatten();
            if let Some(hit) = hit.and_then(|at| self.hits.get_mut(at)) {
                let source = filter::source(self.store, scored.address)?;
                let sender = source.and_then(|source| source::split(&source).0);
                AlsoIn::of(&passage, sender).join(&mut hit.also_in);
            }
            return Ok(());
        }
        let taken = self.taken.entry(passage.id.group()).or_insert(0);
        let room = *taken < self.query.per_discussion;
        self.places_of_seen.push(room.then_some(self.hits.len()));
        if !room {
            return Ok(());
        }
        *taken += 1;
        let matched = content(self.words).filter(|(bit, _)| scored.covered & (1 << bit) != 0);
        self.hits.push(Hit {
            rank: self.hits.len() + 1,
            passage,
            score: scored.score,
            coverage: share_covered(self.words, scored.covered),
            matched: matched.map(|(_, word)| word.typed.clone()).collect(),
            words: scored.words,
            words_rank: self.places.by_words(scored.words),
            similarity: scored.similarity.and_then(|value| self.places.by_meaning(value)),
            rerank: None,
            also_in: Vec::new(),
        });
        Ok(())
    }
}

fn content(words: &[Word]) -> impl Iterator<Item = (usize, &Word)> {
    words.iter().enumerate().filter(|(_, word)| word.content)
}

/// Returns the coverage by the formula in the documentation of `retrieve`.
fn share_covered(words: &[Word], covered: u64) -> f32 {
    let (mut found, mut asked) = (0.0, 0.0);
    for (bit, word) in content(words) {
        asked += word.idf;
        if covered & (1 << bit) != 0 {
            found += word.likeness * word.idf;
        }
    }
    if asked > 0.0 { found / asked } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::query::words;
    use super::*;
    use tantivy::DocAddress;

    fn scored(scores: &[f32]) -> Vec<Scored> {
        let one = |(doc, score): (usize, &f32)| Scored {
            score: *score,
            words: *score,
            ..Scored::unmatched(DocAddress::new(0, doc as u32))
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
        assert_eq!(share_covered(&words, 0b010), 0.75);
        assert_eq!(share_covered(&words, 0b001), 0.0);
        words[1].likeness = 0.5;
        assert_eq!(share_covered(&words, 0b110), 2.5 / 4.0);
        assert_eq!(share_covered(&[], 0), 0.0);
    }
}
