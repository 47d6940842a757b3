//! Finds passages in a search cluster, by the API that Elasticsearch, OpenSearch and Quickwit share.
//!
//! The cluster chooses and orders the passages. The local index, which is kept in any case, provides their text and how
//! much of the question they cover. So quotes always come from the corpus, no matter what a cluster sends. This module
//! does not check whether the program is offline; its caller must not use it then.
//!
//! Only features that all three understand are used: `_bulk` with `create`, and `_search` with `bool`, `should`,
//! `match` and `match_all`. Quickwit has no update and no delete, so an index is never changed. The name of an index
//! contains a hash of its content, and another corpus gets another index. The operator of the cluster deletes unused
//! indexes.

mod http;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::HashMap;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tantivy::DocAddress;

use super::bm25::{self, Scored};
use super::{Query, RetrieveError, Retrieved, Retriever, timed};
use crate::corpus::passage::Passage;
use crate::hex::hex;
use crate::index::{IndexError, Store};

pub use http::ClusterError;

/// Minimum number of passages to request from a cluster, for `rank` to choose from.
const WINDOW: usize = 200;

/// Size in bytes at which a bulk request is sent.
const BULK_BYTES: usize = 4 << 20;

/// The location of a cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The part that all paths share: `http://127.0.0.1:9200`, or for Quickwit `http://127.0.0.1:7280/api/v1/_elastic`.
    pub url: String,
    /// Prefix of the index names.
    pub index: String,
    /// The complete value of an `Authorization` header, such as `ApiKey …`.
    pub authorization: Option<String>,
    /// Timeout for one request.
    pub patience: Duration,
}

/// The passages of one store, in a cluster.
pub struct Cluster {
    client: http::Client,
    index: String,
    /// The addresses of the passages by key.
    addresses: HashMap<String, DocAddress>,
}

impl Cluster {
    /// Makes sure that the cluster has the passages of `store`, and sends them unless it has them all. `progress` gets
    /// the number of passages sent so far and the total.
    ///
    /// # Errors
    /// Fails if the cluster cannot be reached or refuses, or if an index file cannot be read.
    pub fn open(
        store: &Store,
        place: &Place,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Cluster, RetrieveError> {
        let client = http::Client::new(place)?;
        let passages = passages(store)?;
        let index = name(place, &passages);
        if client.count(&index)?.unwrap_or(0) < passages.len() as u64 {
            fill(&client, &index, &passages, progress)?;
        }
        let addresses = passages.into_iter().map(|(key, address, _)| (key, address)).collect();
        Ok(Cluster {
            client,
            index,
            addresses,
        })
    }

    /// Returns the passages that the cluster finds, with its scores.
    fn search(&self, text: &str, most: usize) -> Result<HashMap<DocAddress, f32>, ClusterError> {
        let found = self.client.search(&self.index, &wire::query(text, most))?;
        let mut scores = HashMap::new();
        for (key, score) in found {
            // A passage that the corpus does not have is never quoted. A passage that was sent twice counts once.
            if let Some(address) = self.addresses.get(&key) {
                let best = scores.entry(*address).or_insert(score);
                *best = score.max(*best);
            }
        }
        Ok(scores)
    }
}

/// How much of a corpus a cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Address of the cluster.
    pub address: String,
    pub index: String,
    /// Number of passages in the cluster.
    pub there: u64,
    /// Number of passages in the corpus.
    pub wanted: u64,
}

/// Checks that `place` is valid, without sending anything.
///
/// # Errors
/// Fails if the address is invalid or a key cannot be sent there.
pub fn check(place: &Place) -> Result<(), ClusterError> {
    http::Client::new(place).map(|_| ())
}

/// Checks that a cluster answers, and whether it has the passages of `store` if that is given. Stores nothing.
///
/// # Errors
/// The same as [`Cluster::open`].
pub fn look(place: &Place, store: Option<&Store>) -> Result<Held, RetrieveError> {
    let client = http::Client::new(place)?;
    let passages = store.map(passages).transpose()?;
    // Without a corpus, the name has no hash and no such index is expected. The answer that there is none shows that
    // the cluster works.
    let index = passages
        .as_ref()
        .map_or_else(|| place.index.clone(), |passages| name(place, passages));
    Ok(Held {
        there: client.count(&index)?.unwrap_or(0),
        wanted: passages.map_or(0, |passages| passages.len() as u64),
        address: client.address(),
        index,
    })
}

/// Returns the name of the index that holds exactly these passages.
fn name(place: &Place, passages: &[(String, DocAddress, Passage)]) -> String {
    let mut keys: Vec<&str> = passages.iter().map(|(key, ..)| key.as_str()).collect();
    keys.sort_unstable();
    let mut hash = Sha256::new();
    keys.iter().for_each(|key| hash.update(key));
    format!("{}-{}", place.index, hex(&hash.finalize()[..8]))
}

/// Returns every passage with its key and address.
fn passages(store: &Store) -> Result<Vec<(String, DocAddress, Passage)>, IndexError> {
    let mut all = Vec::new();
    for (ordinal, segment) in store.searcher().segment_readers().iter().enumerate() {
        for doc in segment.doc_ids_alive() {
            let address = DocAddress::new(ordinal as u32, doc);
            let passage = store.passage(address)?;
            all.push((key(&passage), address, passage));
        }
    }
    Ok(all)
}

/// Returns a key that identifies a passage and all its searched content.
fn key(passage: &Passage) -> String {
    let mut hash = Sha256::new();
    let (id, part) = (passage.id.to_string(), passage.part.to_string());
    let contributor = passage.contributor.as_deref().unwrap_or("");
    let also_asked = passage.also_asked.join("\n");
    for field in [
        id.as_str(),
        &part,
        &passage.edition_title,
        &passage.discussion,
        &passage.question,
        &also_asked,
        contributor,
        &passage.text,
    ] {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field);
    }
    hex(&hash.finalize()[..16])
}

/// Sends all passages in several requests.
fn fill(
    client: &http::Client,
    index: &str,
    passages: &[(String, DocAddress, Passage)],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), ClusterError> {
    let mut body = String::new();
    for (done, (key, _, passage)) in passages.iter().enumerate() {
        body.push_str(&wire::create(index, key, passage));
        let last = done + 1 == passages.len();
        if last || body.len() >= BULK_BYTES {
            client.bulk(index, std::mem::take(&mut body), last)?;
            progress(done + 1, passages.len());
        }
    }
    Ok(())
}

/// Finds passages with a cluster.
#[derive(Clone, Copy)]
pub struct ByCluster<'a> {
    pub store: &'a Store,
    pub cluster: &'a Cluster,
}

impl Retriever for ByCluster<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        timed(self.store, || {
            let most = WINDOW.max(query.limit.saturating_mul(4));
            let scores = self.cluster.search(query.text, most)?;
            let choose = |scored| rescored(scored, scores.clone());
            super::find_among(self.store, query, None, Some(&choose), usize::MAX)
        })
    }
}

/// Returns those of `scored` that the cluster found, and what else it found, with its scores.
fn rescored(scored: Vec<Scored>, mut scores: HashMap<DocAddress, f32>) -> Vec<Scored> {
    let mut kept: Vec<Scored> = scored
        .into_iter()
        .filter_map(|one| {
            let score = scores.remove(&one.address)?;
            Some(Scored {
                score,
                words: score,
                ..one
            })
        })
        .collect();
    kept.extend(scores.into_iter().map(|(address, score)| Scored {
        score,
        words: score,
        ..bm25::Scored::unmatched(address)
    }));
    kept
}
