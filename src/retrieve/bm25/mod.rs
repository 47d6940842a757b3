//! Scores the passages that have a word of the question, with BM25F.
//!
//! Returns [`Scored`] documents in no particular order: all, or the best. Scoring knows nothing about discussions,
//! order or text.
//!
//! The score is BM25F in its simple form (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted
//! fields", CIKM 2004). The occurrences of a word are summed over the fields, each weighted and normalised by its
//! field's length, *before* they saturate, and a word has one rarity. Summing one BM25 score per field instead, as
//! tantivy's boolean query would, counts a word in title and text twice.
//!
//! ```text
//! tf'(w, p)   = Σ_f boost_f · tf(w, f, p) / (1 - b_f + b_f · length_f(p) / average_f)
//! score(q, p) = Σ_w weight(w) · idf(w) · (k1 + 1) · tf' / (k1 + tf')
//! ```
//!
//! Terms, postings and field lengths come from tantivy. The sum is computed here, word by word in a fixed order, and it
//! counts only passages that are not deleted. So a score does not depend on segments, deletes and merges. Tantivy's
//! statistics count deleted documents until they are merged away, and its order of addition depends on its scorers.
//!
//! # Finding the best without scoring all
//!
//! However often a word occurs, it adds less than `weight · idf · (k1 + 1)`. Words are sorted by that bound. Once the
//! words with the smallest bounds cannot lift a passage above the worst of the best so far, passages that have only
//! those words are skipped (MaxScore: Turtle and Flood, "Query evaluation: strategies and optimizations", IPM 1995).
//! The scores returned are the same, to the last bit, as if all passages had been looked at. Only passages that are
//! certain to score lower are left out. Tantivy keeps bounds for blocks of postings, but they bound one field's BM25,
//! not BM25F.
//!
//! `postings` reads tantivy's lists. `candidates` holds passages and what is known about them. `window` scores a
//! segment a few thousand passages at a time. `best` keeps the best of all threads.

mod best;
mod candidates;
mod postings;
#[cfg(test)]
pub(super) mod tests;
mod window;

use rayon::prelude::*;
use tantivy::DocAddress;

use super::query::{MAX_WORDS, Word};
use crate::index::{IndexError, Store};

use best::Best;
use candidates::Candidates;
use postings::Lists;

/// Controls how soon more occurrences of a word stop adding to the score (`k1` of BM25); the usual value.
const K1: f32 = 1.2;

/// A passage and its scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub address: DocAddress,
    /// What passages are ordered by.
    pub score: f32,
    /// BM25F, including phrases once they were checked; 0 if no word was found.
    pub words: f32,
    /// Similarity to the question, -1 to 1, if meaning was searched.
    pub similarity: Option<f32>,
    /// Bit i: the passage covers word i.
    pub covered: u64,
    /// Bit i: word i is in any field of the passage.
    pub found: u64,
}

impl Scored {
    /// Returns a passage that has no word of the question.
    pub fn unmatched(address: DocAddress) -> Scored {
        Scored {
            address,
            score: 0.0,
            words: 0.0,
            similarity: None,
            covered: 0,
            found: 0,
        }
    }
}

/// Passages that were found, and a bound for those that were not.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Found {
    pub scored: Vec<Scored>,
    /// Maximum score of the passages that are left out; `None` if none is.
    pub beyond: Option<f32>,
}

// `covered` and `found` have a bit for each word.
const _: () = assert!(MAX_WORDS <= u64::BITS as usize);

/// Sets `passages` and `idf` of each word.
pub(super) fn count(store: &Store, words: &mut [Word]) -> Result<(), IndexError> {
    let total = store.total();
    words.par_iter_mut().try_for_each(|word| {
        word.passages = store.passages_with(&word.term)?;
        word.idf = idf(total, word.passages);
        Ok(())
    })
}

/// Returns the passages that have a word of the set `wanted` (bit i for word i): the `most` best and all that equal
/// the last of them. Call [`count`] first.
pub(super) fn best(store: &Store, words: &[Word], wanted: u64, most: usize) -> Result<Found, IndexError> {
    let weights: Vec<f32> = words.iter().map(weight).collect();
    let lists = Lists::of_all(store, words)?;
    let best = Best::new(most);
    // A few more parts than threads, because a thread may be busy with another search. Each part seeks in the lists
    // again.
    let parts = 2 * rayon::current_num_threads();
    let total: u32 = lists.iter().map(|lists| lists.documents()).sum();
    let length = window::SPAN.max((total / parts as u32).next_multiple_of(window::SPAN));
    let mut ranges = Vec::new();
    for lists in &lists {
        let starts = (0..lists.documents()).step_by(length as usize);
        ranges.extend(starts.map(|start| (lists, start..lists.documents().min(start + length))));
    }
    let kept: Result<Vec<_>, IndexError> = ranges
        .into_par_iter()
        .map(|(lists, range)| window::scan(store, lists, &weights, wanted, range, &best))
        .collect();
    Ok(best.found(kept?))
}

/// Returns the scores of the passages at `addresses`, which must be in order, including passages without a word.
pub(super) fn scores(store: &Store, words: &[Word], addresses: &[DocAddress]) -> Result<Vec<Scored>, IndexError> {
    let weights: Vec<f32> = words.iter().map(weight).collect();
    let lists = Lists::of_all(store, words)?;
    let mut out = Vec::with_capacity(addresses.len());
    for group in addresses.chunk_by(|a, b| a.segment_ord == b.segment_ord) {
        let Some(lists) = group.first().and_then(|first| lists.get(first.segment_ord as usize)) else {
            continue;
        };
        // Words run in parallel, because each reads its own lists.
        let docs: Vec<u32> = group.iter().map(|address| address.doc_id).collect();
        let columns: Result<Vec<_>, IndexError> = (0..words.len())
            .into_par_iter()
            .map(|word| {
                let mut column = Candidates::new(1, docs.clone());
                for mut cursor in lists.cursors(store, word)? {
                    let covered = u64::from(cursor.covers());
                    column.look_up(0, covered, |doc| cursor.at(doc));
                }
                Ok(column)
            })
            .collect();
        let mut candidates = Candidates::new(words.len(), docs);
        for (word, column) in columns?.iter().enumerate() {
            candidates.take_column(word, column);
        }
        out.extend(candidates.scored(lists.ordinal(), &weights));
    }
    Ok(out)
}

/// Returns the upper bound of what a word adds: its value for infinitely many occurrences.
fn weight(word: &Word) -> f32 {
    word.weight * word.idf * (K1 + 1.0)
}

/// Returns what a word of this `weight` adds to the score.
#[inline(always)]
fn worth(weight: f32, occurrences: f32) -> f32 {
    weight * occurrences / (K1 + occurrences)
}

/// Returns the rarity of a word that `with` of `total` passages have. This is Lucene's form, which is never negative.
fn idf(total: u64, with: u64) -> f32 {
    let (total, with) = (total as f64, with as f64);
    (1.0 + (total - with + 0.5) / (with + 0.5)).ln() as f32
}
