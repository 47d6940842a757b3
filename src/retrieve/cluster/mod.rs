//! Finds passages in a search cluster: Elasticsearch or OpenSearch.
//!
//! `askpm refresh` sends the passages, their vectors and the editions ([`publish`]). A question needs nothing of that on
//! this machine. It takes three requests: one for the statistics of the corpus, one for the passages that may answer,
//! one for the whole discussions of those that are found. A misspelt word takes a few more.
//!
//! The cluster only selects candidates, the `CANDIDATES` best by words. They are scored, ranked and judged by the
//! same code as those of a local index, with the word statistics of the whole corpus (`index::whole`). So a passage has
//! the same word score and the same similarity in both places. Two things differ. A passage that has no topic of the
//! question, or is not among the candidates, is not found by its meaning. And `fusion` scales similarities to the range
//! of the passages that it sees, which are fewer.
//!
//! This module does not check whether the program is offline; its caller must not use it then.

mod document;
mod error;
mod http;
mod node;
mod publish;
mod request;
mod requests;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::dense::{self, Dense, EmbedError, Embedder};
use super::query::{self, Word};
use super::{Query, RetrieveError, Retrieved, Retriever, fusion, fuzzy};
use crate::corpus::{Id, Passage};
use crate::hex::hex;
use crate::index::vectors::{Key, Keys};
use crate::index::whole::Labelled;
use crate::index::{Stats, Store, Whole};

use document::{About, Received};
use wire::Page;

pub use document::Text;
pub use error::ClusterError;
pub use publish::{Published, publish};

/// Number of passages that a cluster sends for a question. With their vectors, they are 5 to 6 MB.
const CANDIDATES: usize = 300;

/// Maximum number of unknown words of one question that are compared with the dictionary.
const MOST_UNKNOWN: usize = 8;

/// How often a question is asked of an index that a refresh replaces in between.
const MOVED_TRIES: u32 = 6;

/// The pause before the second try. Each further one is longer by as much.
const MOVED_PAUSE: Duration = Duration::from_millis(50);

/// The location of a cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The part that all paths share, such as `http://127.0.0.1:9200`, for each node that requests may go to.
    pub urls: Vec<String>,
    /// The alias, and the first part of the names of its indexes.
    pub index: String,
    /// The complete value of an `Authorization` header, such as `ApiKey …`.
    pub authorization: Option<String>,
    /// Certificates of authorities to trust in addition, in PEM form.
    pub ca: Option<Vec<u8>>,
    /// Timeout for one request.
    pub patience: Duration,
}

/// A corpus in a cluster.
pub struct Cluster {
    client: http::Client,
    alias: String,
    embedder: Option<Arc<Embedder>>,
    seen: Mutex<Seen>,
}

/// What the last question read.
struct Seen {
    /// The index that the alias named then.
    index: String,
    about: About,
    /// Whether no question has used them yet.
    fresh: bool,
    /// The bytes of the vectors of the passages that were sent for it.
    vectors: BTreeMap<Key, Vec<u8>>,
}

/// What a cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Address of the cluster.
    pub address: String,
    /// The index and its statistics; `None` if the cluster has no corpus.
    pub there: Option<(String, Stats)>,
}

/// Checks that `place` is valid, without sending anything.
///
/// # Errors
/// Fails if the address or the certificates are invalid, or a key cannot be sent there.
pub fn check(place: &Place) -> Result<(), ClusterError> {
    http::Client::new(place).map(|_| ())
}

/// Checks that a cluster answers, and what it has. Stores nothing.
///
/// # Errors
/// Fails if the cluster cannot be reached or refuses.
pub fn look(place: &Place) -> Result<Held, ClusterError> {
    let client = http::Client::new(place)?;
    let there = client.about(&place.index)?;
    Ok(Held {
        address: client.address(),
        there: there.map(|(index, about)| (index, about.stats())),
    })
}

/// Returns the text of an edition, or `None` if the cluster does not have it.
///
/// # Errors
/// Fails if the cluster cannot be reached or refuses.
pub fn edition(place: &Place, slug: &str) -> Result<Option<Text>, ClusterError> {
    http::Client::new(place)?.edition(&place.index, slug)
}

/// Returns the texts of all editions that the cluster has, in the order of their slugs.
///
/// # Errors
/// Fails if the cluster cannot be reached or refuses.
pub fn editions(place: &Place) -> Result<Vec<Text>, ClusterError> {
    http::Client::new(place)?.editions(&place.index)
}

impl Cluster {
    /// Opens the corpus that the alias of `place` names. Passages are found by words until there is an embedder.
    ///
    /// # Errors
    /// Fails if the cluster cannot be reached or refuses, or has no corpus that this version of askpm can read.
    pub fn open(place: &Place) -> Result<Cluster, ClusterError> {
        let client = http::Client::new(place)?;
        let (index, about) = about(&client, &place.index)?;
        Ok(Cluster {
            client,
            alias: place.index.clone(),
            embedder: None,
            seen: Mutex::new(Seen {
                index,
                about,
                fresh: true,
                vectors: BTreeMap::new(),
            }),
        })
    }

    /// Returns whether the passages have vectors.
    pub fn has_vectors(&self) -> bool {
        self.seen().about.model.is_some()
    }

    /// Uses this model. Returns false if the vectors are those of another one.
    pub fn embed_with(&mut self, embedder: Embedder) -> bool {
        let same = self.seen().about.model == Some(hex(&embedder.identity()));
        self.embedder = same.then(|| Arc::new(embedder));
        same
    }

    /// Whether passages are compared by meaning.
    pub fn compares_meaning(&self) -> bool {
        self.embedder.is_some()
    }

    /// Returns a store that has no passages, but the statistics of the corpus.
    ///
    /// # Errors
    /// Fails if the search engine refuses to make one.
    pub fn store(&self) -> Result<Store, RetrieveError> {
        let whole = whole(&self.seen().about, HashMap::new());
        Ok(Store::of_passages(std::iter::empty(), whole)?)
    }

    /// Returns one vector for each of `texts`; see [`Dense::embed`]. Returns `None` without an embedder.
    pub fn embed(&self, texts: &[&str]) -> Option<Result<Vec<Vec<f32>>, EmbedError>> {
        let embedder = self.embedder.as_ref()?;
        Some(dense::embed_texts(embedder, texts))
    }

    /// Returns the sum of the vectors of a passage that was sent for the last question; see [`Dense::indexed`].
    pub fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        let keys = Keys::of(passage);
        let mut sum = vec![0.0; self.embedder.as_ref()?.dimensions()];
        let seen = self.seen();
        for key in [keys.text, keys.question] {
            dense::add_rows(&mut sum, seen.vectors.get(&key)?);
        }
        Some(sum)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `ask` on the index that the alias names now, and again if that was replaced in between. Another node may not
    /// know of the replacement at once.
    ///
    /// With `known`, it first runs on the index that was read last.
    fn now<T>(&self, known: bool, ask: impl Fn(&str, &About) -> Result<T, RetrieveError>) -> Result<T, RetrieveError> {
        let last = self.last(known);
        let mut tries = 1;
        loop {
            let (index, there) = match last.clone().filter(|_| tries == 1) {
                Some(last) => last,
                None => about(&self.client, &self.alias)?,
            };
            match ask(&index, &there) {
                Err(RetrieveError::Cluster(error)) if error.gone && tries < MOVED_TRIES => {
                    if last.is_none() || tries > 1 {
                        std::thread::sleep(tries * MOVED_PAUSE);
                    }
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// Returns the index that was read last, if it is `known` to be good or was read when the corpus was opened.
    fn last(&self, known: bool) -> Option<(String, About)> {
        let mut seen = self.seen();
        let fresh = std::mem::take(&mut seen.fresh);
        (known || fresh).then(|| (seen.index.clone(), seen.about.clone()))
    }

    fn find(&self, query: &Query, index: &str, about: &About) -> Result<Retrieved, RetrieveError> {
        let mut words = query::words(query.text);
        if words.is_empty() {
            return Ok(Retrieved::default());
        }
        let search = |words: &[Word]| {
            self.client
                .search(index, &request::candidates(words, query.filters, CANDIDATES))
        };
        let mut page = search(&words)?;
        let mut with = counted(&words, &page);
        if self.correct(query.text, index, about, &mut words, &mut with)? {
            page = search(&words)?;
            with.extend(counted(&words, &page));
        }
        let Page { passages, .. } = page;
        let store = Store::of_passages(passages.iter().map(|one| &one.labelled), whole(about, with))?;
        let vectors: BTreeMap<Key, Vec<u8>> = passages.into_iter().flat_map(|one| one.vectors).collect();
        // The index may have been replaced by one with vectors of another model.
        let embedder = self.embedder.as_ref();
        let embedder = embedder.filter(|embedder| about.model == Some(hex(&embedder.identity())));
        let dense = embedder
            .map(|embedder| Dense::of_texts(&store, embedder, &vectors))
            .transpose()?;
        let found = super::find(&store, query, dense.as_ref().map(|dense| (dense, fusion::fuse as _)))?;
        *self.seen() = Seen {
            index: index.to_string(),
            about: about.clone(),
            fresh: false,
            vectors,
        };
        Ok(found)
    }

    /// Reads misspelt `words` as those that were meant, and adds what the dictionary has near them to `with`. Returns
    /// whether a word was changed.
    fn correct(
        &self,
        text: &str,
        index: &str,
        about: &About,
        words: &mut [Word],
        with: &mut HashMap<String, u64>,
    ) -> Result<bool, RetrieveError> {
        let unknown = words
            .iter()
            .filter(|word| word.content && with.get(&word.term).copied().unwrap_or(0) == 0);
        let unknown = unknown
            .filter(|word| fuzzy::may_be_corrected(&word.typed))
            .take(MOST_UNKNOWN);
        let unknown: Vec<String> = unknown.map(|word| word.term.clone()).collect();
        for term in &unknown {
            with.extend(self.client.near(index, term)?);
        }
        if unknown.is_empty() {
            return Ok(false);
        }
        let store = Store::of_passages(std::iter::empty(), whole(about, with.clone()))?;
        let embedder = self.embedder.as_ref();
        let is_word = embedder.map(|embedder| |word: &str| embedder.knows(word));
        let vocabulary = is_word.as_ref().map(|is_word| is_word as fuzzy::Vocabulary);
        Ok(!fuzzy::correct(&store, text, words, vocabulary)?.is_empty())
    }
}

fn about(client: &http::Client, alias: &str) -> Result<(String, About), ClusterError> {
    client.about(alias)?.ok_or_else(|| {
        let hint = "run `askpm refresh` where the newsletters are";
        client.fault(format!("it has no index {alias}"), Some(hint))
    })
}

/// Returns how many passages have each of `words`.
fn counted(words: &[Word], page: &Page) -> HashMap<String, u64> {
    let counts = words.iter().enumerate();
    let counts = counts.filter_map(|(at, word)| Some((word.term.clone(), *page.counts.get(&at)?)));
    counts.collect()
}

fn whole(about: &About, with: HashMap<String, u64>) -> Whole {
    Whole {
        passages: about.passages,
        lengths: about.lengths,
        with,
        stats: about.stats(),
    }
}

/// Finds passages with a cluster.
#[derive(Clone, Copy)]
pub struct ByCluster<'a> {
    pub cluster: &'a Cluster,
}

impl Retriever for ByCluster<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        let started = Instant::now();
        let find = |index: &str, about: &About| self.cluster.find(query, index, about);
        let mut retrieved = self.cluster.now(false, find)?;
        retrieved.took = started.elapsed();
        Ok(retrieved)
    }

    fn groups(&self, _: &Store, groups: &[Id]) -> Result<Vec<Vec<Passage>>, RetrieveError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let page = self.cluster.now(true, |index, _| {
            Ok(self.cluster.client.search(index, &request::groups(&names))?)
        })?;
        let mut all = vec![Vec::new(); groups.len()];
        let mut seen = self.cluster.seen();
        for Received { labelled, vectors } in page.passages {
            let Labelled { passage, .. } = labelled;
            seen.vectors.extend(vectors);
            let group = passage.id.group();
            if let Some(place) = groups
                .iter()
                .position(|one| *one == group)
                .and_then(|at| all.get_mut(at))
            {
                place.push(passage);
            }
        }
        for group in &mut all {
            group.sort_by(|a: &Passage, b| (&a.id, a.part).cmp(&(&b.id, b.part)));
        }
        Ok(all)
    }

    fn stats(&self, _: &Store) -> Stats {
        self.cluster.seen().about.stats()
    }
}
