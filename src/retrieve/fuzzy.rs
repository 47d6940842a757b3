//! Reads a word that the index does not know as the nearest word that it does.
//!
//! In: the words of a question. Out: the same words, misspelt ones pointing at a known term. A word that is known in
//! any field is never changed. It must not know of scores.

use std::collections::BTreeMap;

use tantivy::Term;
use tantivy::schema::IndexRecordOption;

use super::Correction;
use super::query::Word;
use crate::index::{IndexError, Store};

/// Fewest characters of a word that is corrected: shorter ones are one edit away from too many others.
const SHORTEST: usize = 4;
/// Below this many characters a letter may be missing, doubled or swapped but not replaced: `tire` is no misspelt
/// `time`, and in a small corpus many a right word has such a neighbour and no place of its own.
const NO_REPLACING: usize = 6;
/// From this many characters, two edits are allowed.
const LONG: usize = 8;

/// Corrects the content words that no passage has.
pub(super) fn correct(store: &Store, words: &mut [Word]) -> Result<Vec<Correction>, IndexError> {
    let mut corrections = Vec::new();
    for at in 0..words.len() {
        let Some(word) = words.get(at).filter(|word| word.content) else {
            continue;
        };
        let Some((term, distance)) = nearest(store, &word.term)? else {
            continue;
        };
        if words.iter().any(|other| other.term == term) {
            // The question has the right spelling too, and one word must not count twice.
            continue;
        }
        let Some(word) = words.get_mut(at) else { continue };
        word.likeness = 1.0 - distance as f32 / word.typed.chars().count().max(1) as f32;
        word.weight *= word.likeness;
        word.term = term.clone();
        corrections.push(Correction {
            word: word.typed.clone(),
            read_as: term,
        });
    }
    Ok(corrections)
}

/// The known term nearest to `term` and how many edits away it is; `None` where `term` is known or nothing is near.
/// Among the nearest the most frequent wins, then the first in the alphabet.
fn nearest(store: &Store, term: &str) -> Result<Option<(String, usize)>, IndexError> {
    let allowed = match term.chars().count() {
        ..SHORTEST => return Ok(None),
        SHORTEST..LONG => 1,
        LONG.. => 2,
    };
    if frequency(store, term)? > 0 {
        return Ok(None);
    }
    let mut best: Option<(usize, u64, String)> = None;
    for (candidate, distance) in candidates(store, term, allowed)? {
        // A term of deleted passages only is still listed, and is not known.
        let count = frequency(store, &candidate)?;
        let better = best.as_ref().is_none_or(|(d, c, _)| (distance, *c) < (*d, count));
        if count > 0 && better {
            best = Some((distance, count, candidate));
        }
    }
    Ok(best.map(|(distance, _, candidate)| (candidate, distance)))
}

/// Terms with the first letter of `term` and at most `allowed` edits from it, in the order of the alphabet. The first
/// letter is held because people rarely get it wrong, and it bounds how much of the dictionary is read.
fn candidates(store: &Store, term: &str, allowed: usize) -> Result<BTreeMap<String, usize>, IndexError> {
    let letters: Vec<char> = term.chars().collect();
    let first: String = letters.iter().take(1).collect();
    let mut out = BTreeMap::new();
    for segment in store.searcher().segment_readers() {
        for searched in store.fields.searched() {
            let inverted = segment.inverted_index(searched.field).map_err(|e| store.damaged(e))?;
            let mut terms = inverted
                .terms()
                .range()
                .ge(&first)
                .into_stream()
                .map_err(|e| store.damaged(e))?;
            while terms.advance() && terms.key().starts_with(first.as_bytes()) {
                let Ok(key) = std::str::from_utf8(terms.key()) else {
                    continue;
                };
                let other: Vec<char> = key.chars().collect();
                if let Some(distance) = edits(&letters, &other, allowed) {
                    out.insert(key.to_string(), distance);
                }
            }
        }
    }
    Ok(out)
}

/// In how many fields of how many passages `term` is.
fn frequency(store: &Store, term: &str) -> Result<u64, IndexError> {
    let mut count = 0;
    for segment in store.searcher().segment_readers() {
        for searched in store.fields.searched() {
            let inverted = segment.inverted_index(searched.field).map_err(|e| store.damaged(e))?;
            let term = Term::from_field_text(searched.field, term);
            let postings = inverted
                .read_postings(&term, IndexRecordOption::Basic)
                .map_err(|e| store.damaged(e))?;
            count += match (postings, segment.alive_bitset()) {
                (None, _) => 0,
                (Some(postings), None) => u64::from(postings.doc_freq()),
                (Some(postings), Some(alive)) => u64::from(postings.doc_freq_given_deletes(alive)),
            };
        }
    }
    Ok(count)
}

/// Edits (a letter more or less, two neighbours swapped, or in a word of some length another letter) from `a`, what was
/// typed, to `b`; `None` above `allowed`. The restricted Damerau-Levenshtein distance.
fn edits(a: &[char], b: &[char], allowed: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let replacing = if a.len() < NO_REPLACING { 2 } else { 1 };
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + if x == y { 0 } else { replacing })
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        if row.iter().min() > Some(&allowed) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance(a: &str, b: &str) -> Option<usize> {
        let chars = |t: &str| t.chars().collect::<Vec<_>>();
        edits(&chars(a), &chars(b), 2)
    }

    #[test]
    fn a_letter_more_less_other_or_swapped_is_one_edit() {
        assert_eq!(distance("roadmap", "roadmap"), Some(0));
        assert_eq!(distance("lern", "learn"), Some(1));
        assert_eq!(distance("machien", "machin"), Some(1));
        assert_eq!(distance("prodcut", "product"), Some(1));
        assert_eq!(distance("stakehlodr", "stakeholder"), Some(2));
        assert_eq!(distance("pizza", "product"), None);
        assert_eq!(distance("", "ab"), Some(2));
    }

    #[test]
    fn in_a_short_word_a_replaced_letter_makes_another_word() {
        assert_eq!(distance("tire", "time"), Some(2));
        assert_eq!(distance("teh", "the"), Some(1));
        assert_eq!(distance("pricong", "pricing"), Some(1));
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_the_same_word(a in "[ab]{0,5}", b in "[ab]{0,5}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == Some(0), a == b);
        }
    }
}
