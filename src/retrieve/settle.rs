//! Looks at as many passages as are needed to be sure of the hits.
//!
//! The input is the best passages by words, and how near all passages are in meaning. The [`Hit`]s are the same as if
//! all passages had been looked at.
//!
//! A passage that is neither among the best by words nor among the nearest scores at most what the last of both lists
//! would score together. If the last hit scores more, the hits are settled. Otherwise, many passages have about the
//! same words. Then only passages nearer than a certain similarity can still be among the hits, and their word scores
//! are looked up. Usually these are a few thousand out of a million. If there are too many of them, or too few hits,
//! all passages are looked at.

use tantivy::DocAddress;

use super::bm25::{self, Found, Scored};
use super::dense::Nearness;
use super::fusion::{self, Joined};
use super::query::Word;
use super::{Fusion, Hit, Query, RetrieveError, rank};
use crate::index::{IndexError, Store};

/// At most one passage in this many is looked up. With more, the words' lists are read almost completely either way,
/// and scoring all passages in list order is faster.
const ONE_LOOKED_UP_OF: usize = 4;

/// Returns the hits of `query`. `all` finds all passages by words.
pub(super) fn hits(
    store: &Store,
    query: &Query,
    words: &[Word],
    mut found: Found,
    mut meaning: Option<(Fusion, Nearness)>,
    all: impl Fn() -> Result<Found, RetrieveError>,
) -> Result<Vec<Hit>, RetrieveError> {
    let mut widened = false;
    loop {
        if let Some((_, near)) = &meaning {
            found = fusion::unite(found, near, |others| look_up(store, words, others))?;
        }
        // Another turn needs what was looked up. If nothing was left out, there is no other turn.
        let some = match found.beyond {
            Some(_) => found.clone(),
            None => std::mem::take(&mut found),
        };
        let near = meaning.as_ref().map(|(_, near)| near);
        let Joined { scored, beyond } = match &meaning {
            Some((fuse, near)) => fuse(some, near),
            None => fusion::by_words(some),
        };
        let hits = rank::rank(store, query, words, scored, near)?;
        let last = hits.last().map(|last| last.score);
        let full = hits.len() >= query.limit;
        let Some(beyond) = beyond.filter(|beyond| !full || last.is_some_and(|last| last <= beyond.score)) else {
            return Ok(hits);
        };
        // A passage that was left out may belong among the hits.
        let needed = |near: &Nearness| {
            let last = last.filter(|_| full && !widened)?;
            let needed = beyond.needed(near.nearest_from(), last)?;
            (near.as_near_as(needed) <= near.len() / ONE_LOOKED_UP_OF).then_some(needed)
        };
        match meaning.as_mut().and_then(|(_, near)| Some((needed(near)?, near))) {
            Some((needed, near)) => {
                near.widen(needed);
                widened = true;
            }
            None => found = all()?,
        }
    }
}

/// Returns the word scores of the passages at `addresses`, which must be in order. A passage that has none of the
/// question's topics is returned as unmatched.
fn look_up(store: &Store, words: &[Word], addresses: &[DocAddress]) -> Result<Vec<Scored>, IndexError> {
    let mut scored = bm25::scores(store, words, addresses)?;
    let topics = rank::topics(words);
    for one in scored.iter_mut().filter(|one| one.found & topics == 0) {
        *one = Scored::unmatched(one.address);
    }
    Ok(scored)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::bm25::tests::{Random, synthetic};
    use super::super::dense::Dense;
    use super::super::dense::tests::{load, tiny};
    use super::super::{Retrieved, bm25, by_words, find_among, query};
    use super::*;
    use crate::corpus::SourceFile;

    /// An index of 2,160 passages with vectors in random directions.
    fn open(dir: &tempfile::TempDir, random: &mut Random) -> (Store, Dense) {
        let files: Vec<SourceFile> = (0..90).map(|number| synthetic(random, number, 6)).collect();
        let (store, _) = Store::refresh(dir.path(), &files).unwrap();
        let vector = |key: u64| {
            let mut random = Random(key);
            let vector: Vec<f32> = (0..16).map(|_| random.below(2_000) as f32 - 1_000.0).collect();
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.into_iter().map(|x| x / length).collect()
        };
        let embedder = load(tiny().path(), 4).unwrap();
        let dense = Dense::open_with(&store, embedder, Some(&vector), &mut |_, _| {}).unwrap();
        (store, dense)
    }

    #[test]
    fn hits_are_the_same_whether_all_passages_are_scored_or_the_best_alone() {
        let dir = tempfile::tempdir().unwrap();
        let random = &mut Random(5);
        let (store, dense) = open(&dir, random);
        type Way<'a> = Option<(&'a Dense, Fusion)>;
        let ways: [Way; 3] = [None, Some((&dense, fusion::fuse)), Some((&dense, fusion::by_meaning))];
        for _ in 0..25 {
            let length = 2 + random.below(5);
            let text = random.text(length);
            for way in ways {
                for limit in [1, 8, 40] {
                    let query = Query::new(&text, limit);
                    let find = |looked_at| find_among(&store, &query, way, looked_at).unwrap();
                    // Ranks by words are reported only among the passages looked at.
                    let without_places = |mut found: Retrieved| {
                        found.hits.iter_mut().for_each(|hit| hit.words_rank = None);
                        found
                    };
                    assert_eq!(find(super::super::LOOKED_AT), find(usize::MAX), "{text}");
                    assert_eq!(without_places(find(100)), without_places(find(usize::MAX)), "{text}");
                }
            }
        }
    }

    thread_local! {
        static FUSED: Cell<usize> = const { Cell::new(0) };
    }

    fn counted(united: Found, near: &Nearness) -> Joined {
        FUSED.set(FUSED.get() + 1);
        fusion::fuse(united, near)
    }

    #[test]
    fn where_the_best_do_not_tell_some_more_of_the_nearest_are_looked_at_and_not_all() {
        let dir = tempfile::tempdir().unwrap();
        let random = &mut Random(6);
        let (store, dense) = open(&dir, random);
        let (mut more, mut all) = (0, 0);
        for limit in [8, 24, 40].repeat(20) {
            let length = 3 + random.below(5);
            let text = random.text(length);
            let query = Query::new(&text, limit);
            let mut words = query::words(&text);
            bm25::count(&store, &mut words).unwrap();
            let most = rank::window(&query);
            let found = by_words(&store, &query, &words, most).unwrap().0;
            let near = dense.nearness(&store, &[&text]).unwrap();
            let asked = Cell::new(0);
            FUSED.set(0);
            let everything = || {
                asked.set(asked.get() + 1);
                Ok(by_words(&store, &query, &words, usize::MAX)?.0)
            };
            let mut hits = hits(&store, &query, &words, found, Some((counted, near)), everything).unwrap();
            let whole = find_among(&store, &query, Some((&dense, fusion::fuse)), usize::MAX).unwrap();
            let mut expected = whole.hits;
            for hit in hits.iter_mut().chain(&mut expected) {
                hit.words_rank = None;
            }
            assert_eq!(hits, expected, "{text}");
            all += asked.get();
            more += usize::from(FUSED.get() > 1);
        }
        assert!(more >= 10 && all <= more / 10, "{more} {all}");
    }
}
