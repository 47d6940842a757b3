//! Makes one score of two: how well a passage's words match, and how near its meaning is.
//!
//! In: passages scored by words, and the similarity of all. Out: passages with a score from 0 to 1. It must not know how
//! either came about.
//!
//! The score is a convex combination of the two, each scaled to 0..1 over the passages of this question (Bruch, Gai and
//! Ingber, "An analysis of fusion functions for hybrid retrieval", TOIS 2023, arXiv 2210.11934). Reciprocal rank fusion
//! was measured beside it and had a smaller share of the relevant discussions among the first five of the tune split: it
//! throws away by how much one passage beats the next.

use super::bm25::Scored;
use super::dense::{Near, nth_best};

/// What the similarity counts; the words count the rest. Chosen on the tune split, where 0.6 to 0.7 do about as well.
const MEANING_SHARE: f32 = 0.65;

/// A passage without any word of the question's topics and less similar than this has nothing to do with it: two texts
/// of one trade that treat different things are about so near.
const UNRELATED: f32 = 0.25;

/// Passages without a word of the question that come in for their meaning alone, at most: far more than are ever shown.
const NEAREST: usize = 1_000;

/// Adds the similarities to `scored`, in place of the scores by words alone. Passages that words did not find come in.
pub(super) fn fuse(scored: Vec<Scored>, similarities: &[Near]) -> Vec<Scored> {
    let most = scored.iter().map(|s| s.words).fold(0.0, f32::max);
    let (least_near, nearest) = similarities
        .iter()
        .map(Near::value)
        .fold((f32::MAX, f32::MIN), |(low, high), near| {
            (low.min(near), high.max(near))
        });
    let range = (nearest - least_near).max(f32::EPSILON);
    let mut out = unite(scored, similarities);
    out.retain(|s| s.words > 0.0 || s.similarity.is_some_and(|near| near >= UNRELATED));
    for one in &mut out {
        let near = one.similarity.map_or(0.0, |near| (near - least_near) / range);
        let words = if most > 0.0 { one.words / most } else { 0.0 };
        one.score = MEANING_SHARE * near + (1.0 - MEANING_SHARE) * words;
    }
    out
}

/// The similarities alone, as scores.
pub(super) fn by_meaning(scored: Vec<Scored>, similarities: &[Near]) -> Vec<Scored> {
    let mut out = unite(scored, similarities);
    out.retain(|s| s.similarity.is_some_and(|near| s.words > 0.0 || near >= UNRELATED));
    for one in &mut out {
        one.score = one.similarity.unwrap_or(0.0);
    }
    out
}

/// Each passage of either list once, with what both know of it; of those without a word of the question, the
/// [`NEAREST`].
fn unite(mut scored: Vec<Scored>, similarities: &[Near]) -> Vec<Scored> {
    let scored_len = scored.len();
    scored.sort_unstable_by_key(|one| one.address);
    let mut by_words = scored.into_iter().peekable();
    let mut out = Vec::with_capacity(scored_len + similarities.len().min(NEAREST));
    let least = nth_best(similarities.iter().map(Near::value), NEAREST);
    for near in similarities {
        while let Some(one) = by_words.next_if(|one| one.address < near.address) {
            out.push(one);
        }
        let known = by_words.next_if(|one| one.address == near.address);
        if known.is_some() || near.value() >= least {
            out.push(Scored {
                similarity: Some(near.value()),
                ..known.unwrap_or(Scored::unmatched(near.address))
            });
        }
    }
    out.extend(by_words);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use tantivy::DocAddress;

    fn at(doc: u32) -> DocAddress {
        DocAddress::new(0, doc)
    }

    fn near(doc: u32, value: f32) -> Near {
        Near {
            address: at(doc),
            text: value,
            question: value,
        }
    }

    fn by_words(doc: u32, words: f32) -> Scored {
        Scored {
            words,
            score: words,
            ..Scored::unmatched(at(doc))
        }
    }

    #[test]
    fn both_kinds_of_evidence_count_and_each_is_scaled() {
        let fused = fuse(
            vec![by_words(2, 10.0), by_words(0, 5.0)],
            &[near(0, 0.2), near(1, 0.6), near(2, 0.4)],
        );
        let scores: Vec<(u32, f32)> = fused.iter().map(|s| (s.address.doc_id, s.score)).collect();
        let expected = [(0, 0.175), (1, 0.65), (2, 0.65 * 0.5 + 0.35)];
        for ((doc, score), (expected_doc, expected)) in scores.iter().zip(expected) {
            assert_eq!(*doc, expected_doc);
            assert!((score - expected).abs() < 1e-6, "{scores:?}");
        }
    }

    #[test]
    fn what_neither_words_nor_meaning_find_is_left_out() {
        assert!(fuse(Vec::new(), &[near(0, 0.1)]).is_empty());
        assert_eq!(fuse(vec![by_words(0, 1.0)], &[near(0, -0.1)]).len(), 1);
        assert!(fuse(Vec::new(), &[]).is_empty());
    }

    #[test]
    fn a_passage_without_vectors_keeps_its_words() {
        let fused = fuse(vec![by_words(1, 2.0), by_words(7, 1.0)], &[near(3, 0.5)]);
        let docs: Vec<u32> = fused.iter().map(|s| s.address.doc_id).collect();
        assert_eq!(docs, [1, 3, 7]);
        assert!((fused[0].score - 0.35).abs() < 1e-6);
    }
}
