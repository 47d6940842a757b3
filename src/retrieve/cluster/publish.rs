//! Sends a corpus to a cluster: builds the next index, and then moves the alias to it in one step.
//!
//! The name of an index contains a hash of its content. So the same corpus is sent once, a refresh that was killed
//! continues where it stopped, and two machines with the same corpus build one index together. Readers see the old
//! index until the new one is complete.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use tantivy::DocAddress;

use super::super::RetrieveError;
use super::super::dense::Dense;
use super::Place;
use super::document::{self, About, Document, FORMAT, Text};
use super::error::ClusterError;
use super::http::Client;
use crate::corpus::{self, SourceFile};
use crate::hex::hex;
use crate::index::schema::Fields;
use crate::index::whole::Labelled;
use crate::index::{IndexError, Store};

/// Size in bytes at which a bulk request is sent.
const BULK_BYTES: usize = 2 << 20;

/// How often to fill the next index, if the cluster loses a part of it meanwhile.
const FILLS: usize = 3;

/// How often to try to move the alias, if other writers move it at the same time.
const MOVES: usize = 5;

/// What a refresh did to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The index that the alias now names.
    pub index: String,
    /// Whether the cluster had it already.
    pub unchanged: bool,
    /// Whether the passages have vectors.
    pub vectors: bool,
}

/// Makes the alias of `place` name an index of all passages of `store`, with their vectors if `dense` is given, and of
/// the editions in `files`. `progress` gets the number of documents sent so far and the total.
///
/// # Errors
/// Fails if the cluster cannot be reached or refuses, or if an index file cannot be read. The alias then names what it
/// named before.
pub fn publish(
    store: &Store,
    dense: Option<&Dense>,
    files: &[SourceFile],
    place: &Place,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Published, RetrieveError> {
    let client = Client::new(place)?;
    let contents = Contents::new(store, dense, files)?;
    let about = contents.about()?;
    let mut ids = BTreeSet::new();
    for at in 0..contents.len() {
        ids.insert(contents.document(at)?.id);
    }
    let index = name(&place.index, &about, &ids);
    let done = |unchanged| Published {
        index: index.clone(),
        unchanged,
        vectors: about.model.is_some(),
    };
    if client.named(&place.index)? == [index.clone()] {
        return Ok(done(true));
    }
    let creation = document::creation(&about);
    for _ in 0..FILLS {
        client.create(&index, &creation)?;
        // A node that had a part of the index is gone: since a refresh stopped, or just now. No alias names it.
        let filled = match client.is_whole(&index)? {
            true => Some(fill(&client, &contents, &index, ids.len() as u64, progress)),
            false => None,
        };
        if let Some(filled) = filled
            && client.is_whole(&index)?
        {
            filled?;
            point(&client, &place.index, &index)?;
            return Ok(done(false));
        }
        client.delete(&index)?;
    }
    let problem = format!("it lost a part of {index} {FILLS} times while it was filled");
    Err(client
        .fault(
            problem,
            Some("check the health of the cluster, then run `askpm refresh` again"),
        )
        .into())
}

/// Sends all of `contents`, and checks that `index` then has `expected` documents.
fn fill(
    client: &Client,
    contents: &Contents,
    index: &str,
    expected: u64,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), RetrieveError> {
    let documents = contents.len();
    let (mut batch, mut size) = (Vec::new(), 0);
    for at in 0..documents {
        let lines = contents.document(at)?.lines();
        size += lines.len();
        batch.push(lines);
        if size >= BULK_BYTES || at + 1 == documents {
            client.bulk(index, std::mem::take(&mut batch))?;
            size = 0;
            progress(at + 1, documents);
        }
    }
    let again = Some("run `askpm refresh` again");
    let there = client.complete(index)?;
    if there != expected {
        let problem = format!("{index} has {there} of {expected} documents");
        return Err(client.fault(problem, again).into());
    }
    // A bulk request creates an index that was deleted in between, without its mapping.
    if client.about(index)?.is_none() {
        let problem = format!("{index} was deleted while it was filled");
        return Err(client.fault(problem, again).into());
    }
    Ok(())
}

/// Moves the alias, and deletes what it named before.
fn point(client: &Client, alias: &str, index: &str) -> Result<(), ClusterError> {
    let mut moved = Ok(());
    for _ in 0..MOVES {
        let mut old = client.named(alias)?;
        if let Some(other) = old.iter().find(|name| !is_ours(alias, name)) {
            let problem = format!("the alias {alias} names {other}, which askpm did not make");
            return Err(client.fault(problem, Some("choose another `index` in [retriever]")));
        }
        old.retain(|name| name != index);
        moved = client.point(alias, index, &old);
        match &moved {
            Err(error) if error.gone => {}
            _ => break,
        }
    }
    moved
}

/// Returns the name of the index that holds exactly these documents.
fn name(alias: &str, about: &About, ids: &BTreeSet<String>) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {} {:?}\n", about.format, about.fingerprint, about.model));
    ids.iter().for_each(|id| hash.update(id));
    format!("{alias}-{}", hex(&hash.finalize()[..8]))
}

/// Whether `name` is the name of an index that [`name`] made.
fn is_ours(alias: &str, name: &str) -> bool {
    let hash = name.strip_prefix(alias).and_then(|rest| rest.strip_prefix('-'));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What is sent: passages first, then editions.
struct Contents<'a> {
    store: &'a Store,
    dense: Option<&'a Dense>,
    addresses: Vec<DocAddress>,
    /// Source and tags of each edition, by its file.
    labels: BTreeMap<&'a str, (Option<String>, Vec<String>)>,
    editions: Vec<(String, Text)>,
}

impl<'a> Contents<'a> {
    fn new(store: &'a Store, dense: Option<&'a Dense>, files: &'a [SourceFile]) -> Result<Contents<'a>, IndexError> {
        let mut sorted: Vec<&SourceFile> = files.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        let (mut labels, mut editions) = (BTreeMap::new(), BTreeMap::new());
        for file in sorted {
            let Ok(markdown) = &file.text else { continue };
            let Ok(edition) = corpus::parse(&file.path, markdown) else {
                continue;
            };
            // As in the index, the first file of a slug is the edition.
            editions.entry(edition.slug).or_insert_with(|| {
                labels.insert(file.path.as_str(), (edition.source, edition.tags));
                Text {
                    path: file.path.clone(),
                    markdown: markdown.to_string(),
                }
            });
        }
        Ok(Contents {
            store,
            dense,
            addresses: store.keys()?.into_iter().map(|(address, _)| address).collect(),
            labels,
            editions: editions.into_iter().collect(),
        })
    }

    fn len(&self) -> usize {
        self.addresses.len() + self.editions.len()
    }

    fn about(&self) -> Result<About, IndexError> {
        let stats = self.store.stats();
        Ok(About {
            format: FORMAT,
            fingerprint: Fields::new().fingerprint(),
            passages: self.addresses.len() as u64,
            lengths: self.store.average_lengths()?,
            editions: stats.editions,
            newest: stats.newest,
            indexed_at: stats.indexed_at,
            model: self.dense.map(|dense| hex(&dense.encoder().identity())),
        })
    }

    fn document(&self, at: usize) -> Result<Document, IndexError> {
        if let Some(address) = self.addresses.get(at) {
            let passage = self.store.passage(*address)?;
            let (source, tags) = self.labels.get(passage.path.as_str()).cloned().unwrap_or_default();
            let labelled = Labelled { passage, source, tags };
            return Ok(Document::of_passage(&labelled, |key| self.dense?.bytes(key)));
        }
        let edition = self.editions.get(at - self.addresses.len());
        let (slug, text) = edition.ok_or_else(|| self.store.damaged("a document is missing"))?;
        Ok(Document::of_edition(slug, text))
    }
}

#[cfg(test)]
mod unit {
    use super::is_ours;

    #[test]
    fn only_indexes_that_askpm_named_are_deleted() {
        assert!(is_ours("askpm", "askpm-0123456789abcdef"));
        for name in [
            "askpm",
            "askpm-",
            "askpm-0123",
            "askpm-mine-0123456789abcdef",
            "other-0123456789abcdef",
        ] {
            assert!(!is_ours("askpm", name), "{name}");
        }
    }
}
