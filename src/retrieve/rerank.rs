//! Gives the best passages a second look by a reranker on a server, and orders them by it.
//!
//! A reranker reads a question together with each passage, which is more exact than comparing vectors, and slower. So it
//! gets only the best passages of the search before it. The passages behind them keep their order.

use std::time::Instant;

use super::{Hit, Query, RetrieveError, Retrieved, Retriever};
use crate::corpus::{Id, Passage};
use crate::index::{Stats, Store};
use crate::served::Reranker;

/// How many of the best passages are looked at.
const LOOKED_AT: usize = 20;

/// A retriever, and the reranker that orders its best passages.
pub struct Reranked<'a> {
    pub first: Box<dyn Retriever + 'a>,
    pub reranker: &'a Reranker,
}

impl Retriever for Reranked<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        let started = Instant::now();
        let limit = query.limit.max(LOOKED_AT);
        let mut found = self.first.retrieve(&Query { limit, ..*query })?;
        let looked_at = found.hits.len().min(LOOKED_AT);
        let texts: Vec<String> = found.hits[..looked_at].iter().map(|hit| text(&hit.passage)).collect();
        let scores = self.reranker.scores(query.text, &texts)?;
        order(&mut found.hits, &scores);
        found.hits.truncate(query.limit);
        found.coverage = found.hits.iter().map(|hit| hit.coverage).fold(0.0, f32::max);
        found.took = started.elapsed();
        Ok(found)
    }

    fn groups(&self, store: &Store, groups: &[Id]) -> Result<Vec<Vec<Passage>>, RetrieveError> {
        self.first.groups(store, groups)
    }

    fn stats(&self, store: &Store) -> Stats {
        self.first.stats(store)
    }
}

/// What a reranker reads of a passage: what was asked, and what it says.
fn text(passage: &Passage) -> String {
    format!("{}\n{}", passage.discussion, passage.text)
}

/// Orders the first of `hits` by their `scores`, the greatest first. Of equals, the one found first stays first.
fn order(hits: &mut [Hit], scores: &[f32]) {
    for (hit, score) in hits.iter_mut().zip(scores) {
        hit.rerank = Some(*score);
    }
    let looked_at = hits.len().min(scores.len());
    let first = hits.get_mut(..looked_at).unwrap_or_default();
    first.sort_by(|a, b| b.rerank.unwrap_or(f32::MIN).total_cmp(&a.rerank.unwrap_or(f32::MIN)));
    for (rank, hit) in (1..).zip(hits) {
        hit.rank = rank;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ByWords, Filters, search};
    use super::*;
    use crate::index::tests::edition;

    #[test]
    fn the_best_are_ordered_by_the_reranker_and_the_rest_keep_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let answers = [
            "Price once.",
            "Price it twice.",
            "Set a price in May.",
            "No price at all.",
        ];
        let files = [edition("e", &[("How do we price?", &answers)])];
        let (store, _) = Store::refresh(dir.path(), &files).unwrap();
        let filters = Filters::default();
        let query = Query {
            per_discussion: 4,
            filters: &filters,
            ..Query::new("price", 4)
        };
        let before = search(&store, &query).unwrap().hits;
        let mut hits = before.clone();
        order(&mut hits, &[0.5, -7.0, 0.5]);
        let places: Vec<usize> = hits
            .iter()
            .map(|hit| before.iter().position(|one| one.passage.id == hit.passage.id).unwrap())
            .collect();
        assert_eq!(places, [0, 2, 1, 3]);
        assert_eq!(hits.iter().map(|hit| hit.rank).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let told: Vec<Option<f32>> = hits.iter().map(|hit| hit.rerank).collect();
        assert_eq!(told, [Some(0.5), Some(0.5), Some(-7.0), None]);
        order(&mut [], &[]);
        let _ = ByWords { store: &store };
    }
}
