//! Finds passages by meaning: vectors of all passages, and the one of a question against them.
//!
//! In: a [`Store`], an [`Embedder`], a question. Out: how near each passage is to it. It must not know of words, order
//! or discussions, nor where the model comes from.
//!
//! A passage has two kinds of vectors: of its title with its text, and of its title with what was asked in the
//! discussion. A question is like other questions in other ways than it is like their answers, and the sum of both
//! finds more than either.
//!
//! The search is exact: every vector is multiplied with the question's.

mod bert;
mod embedder;
mod similarity;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
#[cfg(test)]
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use tantivy::DocAddress;

use crate::index::vectors::{Key, Vectors as StoredVectors};
use crate::index::{IndexError, Store};

pub use embedder::{ARCHITECTURE, EmbedError, Embedder, Files, Vectors};

/// What being near the question of its discussion counts in a passage's similarity; being near the passage itself
/// counts the rest. Chosen on the tune split, where anything from 0.2 to 0.4 does about as well.
const QUESTION_SHARE: f32 = 1.0 / 3.0;

/// Fewest texts between two writings of the vectors, so that a long first run that is ended keeps most of its work.
const WRITE_EVERY: usize = 1_000;

/// Why there is no search by meaning.
#[derive(Debug, thiserror::Error)]
pub enum DenseError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl DenseError {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            DenseError::Index(error) => error.hint(),
            DenseError::Embed(error) => error.hint(),
        }
    }
}

/// Told how many of how many texts have been embedded; breaks nothing off.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// An embedding model, and the vectors of all passages of one [`Store`].
pub struct Dense {
    embedder: Embedder,
    vectors: StoredVectors,
}

/// A text that has no vectors yet.
enum Text {
    /// Title and text of the passage at this address.
    Passage(DocAddress),
    /// Title and question of the discussion that this passage is of.
    Question(DocAddress),
    /// One of the other wordings of the question, by its place among them.
    Asked(DocAddress, usize),
}

impl Dense {
    /// Embeds what of `store` has no vectors yet, on all cores, and opens the vectors. A file of vectors that is
    /// missing, damaged or of another model is made anew.
    ///
    /// # Errors
    /// A model that cannot be run; an index folder that cannot be read or written.
    pub fn open(store: &Store, embedder: Embedder, progress: Progress) -> Result<Dense, DenseError> {
        let (identity, dimensions) = (embedder.identity(), embedder.dimensions());
        let mut texts = BTreeMap::new();
        for (address, keys) in store.keys()? {
            texts.entry(keys.text).or_insert(Text::Passage(address));
            texts.entry(keys.question).or_insert(Text::Question(address));
            for (at, key) in keys.asked.into_iter().enumerate() {
                texts.entry(key).or_insert(Text::Asked(address, at));
            }
        }
        let there = store.vectors(&identity, dimensions, false);
        let complete = texts.keys().all(|key| there.get(*key).is_some());
        // Vectors of texts that are gone do no harm until they are most of the file.
        if complete && there.len() <= 2 * texts.len() {
            return Ok(Dense {
                embedder,
                vectors: there,
            });
        }
        let there = store.vectors(&identity, dimensions, true);
        let mut writer = store.new_vectors(identity, dimensions)?;
        let missing = writer.keep(&there, &texts.keys().copied().collect());
        drop(there);
        let todo: Vec<(Key, &Text)> = texts
            .iter()
            .filter(|(key, _)| missing.contains(key))
            .map(|(k, t)| (*k, t))
            .collect();
        let mut unwritten = 0;
        embed_all(store, &embedder, &todo, |done, key, vectors| {
            writer.add(key, &vectors);
            progress(done, todo.len());
            unwritten += 1;
            // At doubling distances, so that all writing together costs no more than twice the last.
            if unwritten >= WRITE_EVERY.max(done / 2) {
                unwritten = 0;
                writer.write()?;
            }
            Ok(())
        })?;
        writer.write()?;
        let vectors = store.vectors(&identity, dimensions, true);
        Ok(Dense { embedder, vectors })
    }

    /// How near each passage of `store` is to `question`, from -1 to 1, in the order of the index. A passage that came
    /// after the vectors were made is left out.
    pub(super) fn similarities(&self, store: &Store, question: &str) -> Result<Vec<(DocAddress, f32)>, DenseError> {
        let asked = self.embedder.query(question)?;
        let nearest = |key: Key| {
            let rows = self.vectors.get(key)?;
            rows.map(|row| similarity::dot(&asked, row)).reduce(f32::max)
        };
        // The answers of a discussion follow each other, and its questions are the same for all.
        let mut last: Option<(Key, Option<f32>)> = None;
        let mut out = Vec::new();
        for (address, keys) in store.keys()? {
            let question = match last {
                Some((key, near)) if key == keys.question => near,
                _ => keys
                    .asked
                    .iter()
                    .chain([&keys.question])
                    .filter_map(|key| nearest(*key))
                    .reduce(f32::max),
            };
            last = Some((keys.question, question));
            if let Some((text, question)) = nearest(keys.text).zip(question) {
                out.push((address, text + QUESTION_SHARE * (question - text)));
            }
        }
        Ok(out)
    }
}

/// Embeds `todo` on all cores; `take` gets each result in no particular order, with how many there are so far.
fn embed_all(
    store: &Store,
    embedder: &Embedder,
    todo: &[(Key, &Text)],
    mut take: impl FnMut(usize, Key, Vectors) -> Result<(), DenseError>,
) -> Result<(), DenseError> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(todo.len().max(1));
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::sync_channel(2 * threads);
    let send = Mutex::new(send);
    let work = |send: mpsc::SyncSender<(Key, Result<Vectors, DenseError>)>| {
        while let Some((key, text)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
            let vectors = embed(store, embedder, text);
            if stop.load(Ordering::Relaxed) || send.send((*key, vectors)).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            let send = send.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            scope.spawn(|| embedder::alone(|| work(send)));
        }
        drop(send);
        for (before, (key, vectors)) in receive.into_iter().enumerate() {
            let taken = vectors.and_then(|vectors| take(before + 1, key, vectors));
            if let Err(error) = taken {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    })
}

fn embed(store: &Store, embedder: &Embedder, text: &Text) -> Result<Vectors, DenseError> {
    let (Text::Passage(address) | Text::Question(address) | Text::Asked(address, _)) = text;
    let passage = store.passage(*address)?;
    let (title, text) = match text {
        Text::Passage(_) => (passage.discussion.as_str(), passage.text.as_str()),
        Text::Question(_) => (passage.discussion.as_str(), passage.question.as_str()),
        Text::Asked(_, at) => ("", passage.also_asked.get(*at).map_or("", String::as_str)),
    };
    Ok(embedder.passage(title, text)?)
}

/// The keys of all texts of `store` that `dense` has no vectors of; for tests.
#[cfg(test)]
fn missing(store: &Store, dense: &Dense) -> BTreeSet<Key> {
    let keys = store.keys().unwrap();
    let all = keys
        .into_iter()
        .flat_map(|(_, keys)| [vec![keys.text, keys.question], keys.asked].concat());
    all.filter(|key| dense.vectors.get(*key).is_none()).collect()
}
