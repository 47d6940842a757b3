//! Rewards passages in which words that stand side by side in the question stand side by side too.
//!
//! This is the ordered-bigram part of the sequential dependence model (Metzler and Croft, "A Markov random field model
//! for term dependencies", SIGIR 2005). The bonus applies only to the best passages by single words. Positions are
//! expensive to read. The bonus is smaller than the words' scores, so it would not lift any other passage to the top.

use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, Term};

use super::bm25::Scored;
use super::query::Word;
use crate::index::schema::Searched;
use crate::index::{IndexError, Store};

/// What an adjacent pair adds, as a share of the mean weighted inverse document frequency of its two words.
const BONUS: f32 = 0.4;

/// Maximum number of pairs of one question that are looked for; the first ones count.
const MAX_PAIRS: usize = 16;

/// Adds the bonus to the scores of `best`, in place, and sorts `best` by address.
pub(super) fn reward(store: &Store, words: &[Word], best: &mut [Scored]) -> Result<(), IndexError> {
    // Postings can only be read forwards.
    best.sort_unstable_by_key(|scored| scored.address);
    for (a, b) in pairs(words) {
        let both = (1u64 << a) | (1u64 << b);
        let (Some(a), Some(b)) = (words.get(a), words.get(b)) else {
            continue;
        };
        let bonus = BONUS * (a.weight * a.idf + b.weight * b.idf) / 2.0;
        for group in best.chunk_by_mut(|x, y| x.address.segment_ord == y.address.segment_ord) {
            let mut candidates: Vec<&mut Scored> = group.iter_mut().filter(|s| s.covered & both == both).collect();
            let mut side_by_side = vec![false; candidates.len()];
            for searched in store.fields.searched().iter().filter(|s| s.positions) {
                find(store, searched, &a.term, &b.term, &candidates, &mut side_by_side)?;
            }
            for (scored, found) in candidates.iter_mut().zip(side_by_side) {
                if found {
                    scored.score += bonus;
                    scored.words += bonus;
                }
            }
        }
    }
    Ok(())
}

/// Returns the indexes of known content words that follow each other in the question with nothing between them.
fn pairs(words: &[Word]) -> Vec<(usize, usize)> {
    let content = || words.iter().enumerate().filter(|(_, w)| w.content && w.passages > 0);
    let mut out = Vec::new();
    for (i, a) in content() {
        for (j, b) in content() {
            if i != j && a.positions.iter().any(|p| b.positions.contains(&(p + 1))) {
                out.push((i, j));
            }
        }
    }
    out.truncate(MAX_PAIRS);
    out
}

/// Marks those of `candidates` (of one segment, in document order) that have `b` directly after `a` in the field.
fn find(
    store: &Store,
    searched: &Searched,
    a: &str,
    b: &str,
    candidates: &[&mut Scored],
    side_by_side: &mut [bool],
) -> Result<(), IndexError> {
    let Some(segment) = candidates
        .first()
        .map(|s| store.searcher().segment_reader(s.address.segment_ord))
    else {
        return Ok(());
    };
    let inverted = segment.inverted_index(searched.field).map_err(|e| store.damaged(e))?;
    let postings = |term: &str| {
        let term = Term::from_field_text(searched.field, term);
        inverted
            .read_postings(&term, IndexRecordOption::WithFreqsAndPositions)
            .map_err(|e| store.damaged(e))
    };
    let (Some(mut first), Some(mut second)) = (postings(a)?, postings(b)?) else {
        return Ok(());
    };
    let (mut at_first, mut at_second) = (Vec::new(), Vec::new());
    for (scored, found) in candidates.iter().zip(side_by_side) {
        let doc = scored.address.doc_id;
        if reach(&mut first, doc) && reach(&mut second, doc) {
            first.positions(&mut at_first);
            second.positions(&mut at_second);
            *found |= at_first.iter().any(|p| at_second.binary_search(&(p + 1)).is_ok());
        }
    }
    Ok(())
}

/// Moves `postings` forwards to `doc` and returns whether it is there.
fn reach(postings: &mut impl DocSet, doc: u32) -> bool {
    if postings.doc() < doc {
        postings.seek(doc);
    }
    postings.doc() == doc
}

#[cfg(test)]
mod tests {
    use super::super::query::words;
    use super::*;

    #[test]
    fn pairs_are_neighbours_in_the_question_without_a_word_between() {
        let known = |text: &str| {
            let mut words = words(text);
            words.iter_mut().for_each(|w| w.passages = 1);
            pairs(&words)
        };
        assert_eq!(known("product market fit"), [(0, 1), (1, 2)]);
        assert_eq!(known("product for the market"), []);
        assert_eq!(known("product product"), []);
    }

    #[test]
    fn an_unknown_word_makes_no_pair() {
        assert_eq!(pairs(&words("product market")), []);
    }
}
