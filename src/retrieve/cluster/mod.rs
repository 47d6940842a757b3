//! Finds passages in a search cluster, by the API that Elasticsearch, OpenSearch and Quickwit share.
//!
//! In: the address of a cluster, a [`Store`] and a query. Out: hits as every [`Retriever`] gives them. The cluster
//! chooses and orders the passages; the local index, which is kept all the same, gives their text and tells how much of
//! the question they cover: what is quoted is quoted from the corpus, whatever a cluster sends. It must not know
//! whether the program is offline: that no cluster is asked then is its caller's to keep.
//!
//! Only what all three understand is used: `_bulk` with `create`, and `_search` with `bool`, `should` and `match`.
//! Quickwit knows no update and no delete, so an index is never changed: its name carries a hash of what is in it, and
//! another corpus is another index. What became of no use is for whoever runs the cluster to delete.

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
use crate::index::{IndexError, Store};

pub use http::ClusterError;

/// Most passages that a cluster is asked for: what `rank` then chooses from.
const WINDOW: usize = 200;

/// Most bytes of one bulk request.
const BULK_BYTES: usize = 4 << 20;

/// Where a cluster is.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// Up to the part that all paths share: `http://127.0.0.1:9200`, or for Quickwit `http://127.0.0.1:7280/api/v1/_elastic`.
    pub url: String,
    /// What the names of its indexes begin with.
    pub index: String,
    /// The whole value of an `Authorization` header, such as `ApiKey …`.
    pub authorization: Option<String>,
    /// Longest time for one request.
    pub patience: Duration,
}

/// The passages of one store, in a cluster.
pub struct Cluster {
    client: http::Client,
    index: String,
    /// The passages by their keys.
    addresses: HashMap<String, DocAddress>,
}

impl Cluster {
    /// Has the cluster hold the passages of `store`: sends them unless it has them all already. `progress` is told how
    /// many of how many were sent.
    ///
    /// # Errors
    /// A cluster that cannot be reached or refuses, an index file that cannot be read.
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

    /// The passages that the cluster finds, with its scores.
    fn search(&self, text: &str, most: usize) -> Result<HashMap<DocAddress, f32>, ClusterError> {
        let found = self.client.search(&self.index, &wire::query(text, most))?;
        let mut scores = HashMap::new();
        for (key, score) in found {
            // What the corpus does not have is not quoted; what was sent twice counts once.
            if let Some(address) = self.addresses.get(&key) {
                let best = scores.entry(*address).or_insert(score);
                *best = score.max(*best);
            }
        }
        Ok(scores)
    }
}

/// What a cluster has of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where the cluster is.
    pub address: String,
    pub index: String,
    /// How many passages are there.
    pub there: u64,
    /// How many there are to send.
    pub wanted: u64,
}

/// Whether a cluster could be asked there; nothing is sent.
///
/// # Errors
/// The address is none, or a key cannot be sent there.
pub fn check(place: &Place) -> Result<(), ClusterError> {
    http::Client::new(place).map(|_| ())
}

/// Looks whether a cluster can be asked, and has the passages of `store` if there is one. Sends nothing to keep.
///
/// # Errors
/// As of [`Cluster::open`].
pub fn look(place: &Place, store: Option<&Store>) -> Result<Held, RetrieveError> {
    let client = http::Client::new(place)?;
    let passages = store.map(passages).transpose()?;
    // Without a corpus, no index has quite this name: that there is none is an answer too.
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

/// The name of the index that holds these passages and no others.
fn name(place: &Place, passages: &[(String, DocAddress, Passage)]) -> String {
    let mut keys: Vec<&str> = passages.iter().map(|(key, ..)| key.as_str()).collect();
    keys.sort_unstable();
    let mut hash = Sha256::new();
    keys.iter().for_each(|key| hash.update(key));
    format!("{}-{}", place.index, hex(&hash.finalize()[..8]))
}

/// Every passage with its key and address.
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

/// A name for a passage and all that is searched of it.
fn key(passage: &Passage) -> String {
    let mut hash = Sha256::new();
    let (id, part) = (passage.id.to_string(), passage.part.to_string());
    let contributor = passage.contributor.as_deref().unwrap_or("");
    for field in [
        id.as_str(),
        &part,
        &passage.edition_title,
        &passage.discussion,
        &passage.question,
        contributor,
        &passage.text,
    ] {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field);
    }
    hex(&hash.finalize()[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends all passages, some at a time.
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

/// Finds passages by a cluster.
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

/// Those of `scored` that the cluster found, and what it found besides, by its scores.
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
