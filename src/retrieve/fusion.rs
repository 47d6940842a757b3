//! Combines two scores into one: how well a passage's words match, and how near its meaning is.
//!
//! The combined score is from 0 to 1. Fusion also bounds the score of every passage that was left out. It does not know
//! how either input score was computed.
//!
//! The score is a convex combination of the two, each scaled to 0..1 over the passages of this question (Bruch, Gai and
//! Ingber, "An analysis of fusion functions for hybrid retrieval", TOIS 2023, arXiv 2210.11934). Reciprocal rank fusion
//! found a smaller share of the relevant discussions among the first five on the tune split. It discards how much one
//! passage beats the next by.

use tantivy::DocAddress;

use super::bm25::{Found, Scored};
use super::dense::Nearness;

/// Weight of the similarity; the words get the rest. It was chosen on the tune split, where 0.55 to 0.7 do about as
/// well. A words' share that falls with the number of words or with the best coverage was measured too. It finds less
/// for long or paraphrased questions.
const MEANING_SHARE: f32 = 0.65;

/// Minimum similarity of a passage that has no word of the question's topics; one below it is unrelated. Two texts of
/// the same field on different subjects have about this similarity.
const UNRELATED: f32 = 0.25;

/// Passages with one score each.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub scored: Vec<Scored>,
    /// Bound on the scores of the passages that are left out; `None` if none is.
    pub beyond: Option<Beyond>,
}

/// Upper bound on the scores of passages that were left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beyond {
    pub score: f32,
    /// How much the bound falls per unit of similarity as less similar passages are included; `None` if meaning does
    /// not count.
    pub fall: Option<f32>,
}

/// Far more than the rounding error of a score.
const SLACK: f32 = 1e-5;

impl Beyond {
    /// Returns the similarity down to which passages must be looked at so that all others score less than `least`.
    /// `from` is the similarity down to which they have been looked at.
    pub fn needed(&self, from: f32, least: f32) -> Option<f32> {
        let fall = self.fall.filter(|fall| *fall > 0.0)?;
        Some(from - (self.score - least + SLACK) / fall)
    }
}

/// Sets the score of each passage in `united` to the combination of words and meaning.
pub(super) fn fuse(united: Found, near: &Nearness) -> Joined {
    let Found { mut scored, beyond } = united;
    let most = scored.iter().map(|s| s.words).fold(0.0, f32::max);
    let (least_near, nearest) = near.range();
    let range = (nearest - least_near).max(f32::EPSILON);
    let score = |similarity: Option<f32>, words: f32| {
        let near = similarity.map_or(0.0, |near| (near - least_near) / range);
        let words = if most > 0.0 { words / most } else { 0.0 };
        MEANING_SHARE * near + (1.0 - MEANING_SHARE) * words
    };
    scored.retain(|s| s.words > 0.0 || s.similarity.is_some_and(|near| near >= UNRELATED));
    for one in &mut scored {
        one.score = score(one.similarity, one.words);
    }
    // A passage that is left out is no nearer than the last of the nearest, or has no vector.
    let beyond = beyond.map(|words| Beyond {
        score: score(Some(near.nearest_from().max(least_near)), words),
        fall: Some(MEANING_SHARE / range),
    });
    Joined { scored, beyond }
}

/// Sets the score of each passage in `united` to its similarity.
pub(super) fn by_meaning(united: Found, near: &Nearness) -> Joined {
    let Found { mut scored, beyond } = united;
    scored.retain(|s| s.similarity.is_some_and(|near| s.words > 0.0 || near >= UNRELATED));
    for one in &mut scored {
        one.score = one.similarity.unwrap_or(0.0);
    }
    Joined {
        scored,
        beyond: beyond.map(|_| Beyond {
            score: near.nearest_from(),
            fall: Some(1.0),
        }),
    }
}

/// Keeps the score that words gave each passage in `found`.
pub(super) fn by_words(found: Found) -> Joined {
    Joined {
        scored: found.scored,
        beyond: found.beyond.map(|score| Beyond { score, fall: None }),
    }
}

/// Merges the passages that words `found` with the nearest in meaning, each once, with both scores. `look_up` returns
/// the word scores of near passages, given in order, that words may have left out.
pub(super) fn unite<E>(
    found: Found,
    near: &Nearness,
    look_up: impl FnOnce(&[DocAddress]) -> Result<Vec<Scored>, E>,
) -> Result<Found, E> {
    let Found { mut scored, beyond } = found;
    scored.sort_unstable_by_key(|one| one.address);
    let known = |address| scored.binary_search_by_key(&address, |one| one.address).is_ok();
    let nearest = near.nearest().iter().map(|(address, _)| *address);
    let mut others: Vec<_> = nearest.filter(|address| !known(*address)).collect();
    others.sort_unstable();
    if beyond.is_some() {
        scored.extend(look_up(&others)?);
    } else {
        scored.extend(others.into_iter().map(Scored::unmatched));
    }
    scored.sort_unstable_by_key(|one| one.address);
    near.tell(scored.iter_mut().map(|one| (one.address, &mut one.similarity)));
    Ok(Found { scored, beyond })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(doc: u32) -> DocAddress {
        DocAddress::new(0, doc)
    }

    fn by_words(doc: u32, words: f32) -> Scored {
        Scored {
            words,
            score: words,
            ..Scored::unmatched(at(doc))
        }
    }

    /// Returns the scores by document, given what words found (all, or all above `beyond`) and the similarities of all.
    fn fused(words: &[(u32, f32)], beyond: Option<f32>, near: &[(u32, f32)]) -> (Vec<(u32, f32)>, Option<f32>) {
        let scored = words.iter().map(|(doc, words)| by_words(*doc, *words)).collect();
        let near = Nearness::of_pairs(near.iter().map(|(doc, near)| (at(*doc), *near)).collect());
        let look_up = |others: &[DocAddress]| Ok::<_, ()>(others.iter().map(|one| by_words(one.doc_id, 0.5)).collect());
        let found = fuse(unite(Found { scored, beyond }, &near, look_up).unwrap(), &near);
        let scores = found.scored.iter().map(|one| (one.address.doc_id, one.score));
        (scores.collect(), found.beyond.map(|beyond| beyond.score))
    }

    fn same(found: &[(u32, f32)], expected: &[(u32, f32)]) -> bool {
        let alike = |(a, b): (&(u32, f32), &(u32, f32))| a.0 == b.0 && (a.1 - b.1).abs() < 1e-6;
        found.len() == expected.len() && found.iter().zip(expected).all(alike)
    }

    #[test]
    fn both_kinds_of_evidence_count_and_each_is_scaled() {
        let (scores, beyond) = fused(&[(2, 10.0), (0, 5.0)], None, &[(0, 0.2), (1, 0.6), (2, 0.4)]);
        assert!(
            same(&scores, &[(0, 0.175), (1, 0.65), (2, 0.65 * 0.5 + 0.35)]),
            "{scores:?}"
        );
        assert_eq!(beyond, None);
    }

    #[test]
    fn what_neither_words_nor_meaning_find_is_left_out() {
        assert!(fused(&[], None, &[(0, 0.1)]).0.is_empty());
        assert_eq!(fused(&[(0, 1.0)], None, &[(0, -0.1)]).0.len(), 1);
        assert!(fused(&[], None, &[]).0.is_empty());
    }

    #[test]
    fn a_passage_without_vectors_keeps_its_words() {
        let (scores, _) = fused(&[(1, 2.0), (7, 1.0)], None, &[(3, 0.5)]);
        assert!(same(&scores, &[(1, 0.35), (3, 0.0), (7, 0.175)]), "{scores:?}");
    }

    #[test]
    fn what_is_near_is_asked_its_words_where_some_were_left_out() {
        // All are among the nearest, so a passage that is left out has no vector and scores at most the words of the
        // last.
        let (scores, beyond) = fused(&[(2, 10.0)], Some(4.0), &[(0, 0.2), (2, 0.6)]);
        assert!(same(&scores, &[(0, 0.35 * 0.05), (2, 1.0)]), "{scores:?}");
        assert!((beyond.unwrap() - 0.35 * 0.4).abs() < 1e-6, "{beyond:?}");
    }

    #[test]
    fn what_is_less_near_than_needed_stays_below() {
        let passages: Vec<(DocAddress, f32)> = (0..4_000).map(|doc| (at(doc), doc as f32 / 4_000.0)).collect();
        let scored: Vec<Scored> = (0..10)
            .map(|doc| by_words(400 * doc, 9.0 - doc as f32 / 10.0))
            .collect();
        let joined = |near: &Nearness, fuse: fn(Found, &Nearness) -> Joined| {
            let found = Found {
                scored: scored.clone(),
                beyond: Some(8.1),
            };
            let look_up =
                |others: &[DocAddress]| Ok::<_, ()>(others.iter().map(|one| by_words(one.doc_id, 8.0)).collect());
            fuse(unite(found, near, look_up).unwrap(), near).beyond.unwrap()
        };
        for fuse in [fuse, by_meaning] {
            let mut near = Nearness::of_pairs(passages.clone());
            let beyond = joined(&near, fuse);
            let least = beyond.score - 0.1;
            let needed = beyond.needed(near.nearest_from(), least).unwrap();
            assert!(needed < near.nearest_from());
            near.widen(needed);
            let beyond = joined(&near, fuse).score;
            assert!(beyond < least && beyond > least - 0.001, "{beyond} {least}");
        }
        assert!(super::by_words(Found::default()).beyond.is_none());
    }
}
