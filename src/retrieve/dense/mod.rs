//! Finds passages by meaning, by comparing a question's vector with the vectors of all passages.
//!
//! The result is how near each passage is to the question. This module knows nothing about words, order or discussions,
//! nor where the model comes from.
//!
//! A passage has two kinds of vectors. One kind is of its title with its text. The other is of what is asked: the
//! discussion's title with its question, each other wording of the question, and each question that the passage's
//! answer settles. The nearest vector of each kind counts. A question resembles other questions in other ways than it
//! resembles their answers, and the weighted sum of both finds more than either.
//!
//! Every vector is multiplied with the question's vector. There is no index of vectors that could miss one. Above
//! `EXACT_ROWS` vectors, the products are computed from quantized codes, and again exactly for the best passages.

mod bert;
mod embedder;
mod finder;
mod lora;
mod measure;
mod nearness;
mod similarity;
mod table;

#[cfg(test)]
pub(super) mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use rayon::prelude::*;

use crate::corpus::Passage;
use crate::index::vectors::builtin::Builtin;
use crate::index::vectors::{Key, Keys, Vectors as StoredVectors, VectorsWriter, numbers};
use crate::index::{IndexError, Store};

use table::{Entry, Table, Text, texts};

#[cfg(test)]
pub(crate) use finder::identity as adapted;
pub use measure::Kept;
pub(super) use nearness::Nearness;

pub use embedder::{ARCHITECTURE, EmbedError, Embedder, Files, Vectors};

/// Weight of the similarity to what is asked in a passage's similarity. The similarity to the passage itself gets the
/// rest. Chosen on the tune split, where anything from 0.2 to 0.4 does about as well.
const QUESTION_SHARE: f32 = 1.0 / 3.0;

/// The same weight where the question has other wordings. The mean of the two nearest counts, because one of a dozen is
/// near by chance more often than two. Chosen on the tune half of `eval/asked.jsonl`: a discussion that
/// answers is first for 282 of 358 questions, and for 274 with the nearest wording at [`QUESTION_SHARE`].
const WORDINGS_SHARE: f32 = 0.5;

/// Minimum number of texts between two writes of the vectors, so that a long first run that is interrupted keeps most
/// of its work.
const WRITE_EVERY: usize = 1_000;

/// Up to this many vectors are multiplied exactly, which takes milliseconds.
const EXACT_ROWS: usize = 1 << 16;

/// Above that, the number of best passages whose similarity is recomputed exactly. It is many times the number that
/// anyone looks at, so that the error of a code does not exclude one of the best.
const REFINED: usize = 1_000;

/// Why search by meaning is not available.
#[derive(Debug, thiserror::Error)]
pub enum DenseError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl DenseError {
    /// Returns what the user can do about the error.
    pub fn hint(&self) -> Option<String> {
        match self {
            DenseError::Index(error) => error.hint(),
            DenseError::Embed(error) => error.hint(),
        }
    }
}

/// Called with the number of texts embedded so far and the total. It cannot cancel the run.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// An embedding model, and the vectors of all passages of one [`Store`].
pub struct Dense {
    embedder: Arc<Embedder>,
    vectors: StoredVectors,
    table: Table,
}

impl Dense {
    /// Embeds the texts of `store` that have no vectors yet, on all cores, and opens the vectors. A vector file that is
    /// missing, damaged or of another model is rebuilt. The texts of the built-in editions are not embedded, because
    /// their vectors come with the program.
    ///
    /// # Errors
    /// Fails if the model cannot be run, or if the index folder cannot be read or written.
    pub fn open(store: &Store, embedder: Embedder, progress: Progress) -> Result<Dense, DenseError> {
        Dense::open_with(store, embedder, None, progress)
    }

    /// Returns the same for a store in memory, whose texts have the vectors `texts`.
    pub(super) fn of_texts(
        store: &Store,
        embedder: &Arc<Embedder>,
        texts: &BTreeMap<Key, Vec<u8>>,
    ) -> Result<Dense, DenseError> {
        let vectors = StoredVectors::of(embedder.dimensions(), texts);
        let (table, _) = Table::new(store, &vectors)?;
        Ok(Dense {
            embedder: Arc::clone(embedder),
            vectors,
            table,
        })
    }

    /// Returns the model that made the vectors.
    pub(super) fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// Returns the bytes of the vectors of a text, if the index has them.
    pub(super) fn bytes(&self, key: Key) -> Option<&[u8]> {
        Some(self.vectors.vectors(self.vectors.span(key)?))
    }

    /// Like [`Dense::open`] for another state of the corpus, with the model that is already loaded.
    ///
    /// # Errors
    /// The same as [`Dense::open`].
    pub fn reopen(&self, store: &Store, progress: Progress) -> Result<Dense, DenseError> {
        Dense::open_shared(store, Arc::clone(&self.embedder), None, progress)
    }

    /// Like [`Dense::open`], but takes vectors from `instead` in place of the model. `instead` gets a number that is
    /// different for each text. This is for measurements on more texts than can be embedded.
    pub fn open_with(
        store: &Store,
        embedder: Embedder,
        instead: Option<&dyn Fn(u64) -> Vec<f32>>,
        progress: Progress,
    ) -> Result<Dense, DenseError> {
        Dense::open_shared(store, Arc::new(embedder), instead, progress)
    }

    fn open_shared(
        store: &Store,
        embedder: Arc<Embedder>,
        instead: Option<&dyn Fn(u64) -> Vec<f32>>,
        progress: Progress,
    ) -> Result<Dense, DenseError> {
        let (identity, dimensions) = (embedder.identity(), embedder.dimensions());
        let there = store.vectors(&identity, dimensions, false);
        let (table, complete) = Table::new(store, &there)?;
        // Vectors of deleted texts are harmless until they are most of the file.
        if complete && there.len() <= 2 * (table.passages.len() + table.rows_asked()) {
            return Ok(Dense {
                embedder,
                vectors: there,
                table,
            });
        }
        drop(table);
        let there = store.vectors(&identity, dimensions, true);
        let (texts, order) = texts(store)?;
        let mut writer = store.new_vectors(identity, dimensions)?;
        let mut missing = writer.keep(there, order);
        if let Some(builtin) = Builtin::of(&identity, dimensions) {
            missing = take_over(&mut writer, missing, &builtin);
        }
        if let Some(vector) = instead {
            missing.iter().for_each(|key| writer.add(*key, &[vector(*key)]));
        } else {
            let todo: Vec<(Key, &Text)> = missing.iter().filter_map(|key| Some((*key, texts.get(key)?))).collect();
            let mut unwritten = 0;
            embed_all(store, &embedder, &todo, |done, key, vectors| {
                writer.add(key, &vectors);
                progress(done, todo.len());
                unwritten += 1;
                // Writes happen at doubling intervals, so that all writes together cost at most twice the last one.
                if unwritten >= WRITE_EVERY.max(done / 2) {
                    unwritten = 0;
                    writer.write()?;
                }
                Ok(())
            })?;
        }
        writer.write()?;
        drop(writer);
        let vectors = store.vectors(&identity, dimensions, true);
        let (table, _) = Table::new(store, &vectors)?;
        Ok(Dense {
            embedder,
            vectors,
            table,
        })
    }

    /// Returns one vector for each of `texts`, computed in parallel on all cores. Text that does not fit the model's
    /// input is cut off.
    ///
    /// # Errors
    /// Fails if the model cannot be run.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        embed_texts(&self.embedder, texts)
    }

    /// Returns the sum of the stored vectors of what `passage` says and of the question that it answers. Returns `None`
    /// if neither the index nor the program has one of them.
    pub fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        let keys = Keys::of(passage);
        let mut sum = vec![0.0; self.embedder.dimensions()];
        for key in [keys.text, keys.question] {
            match self.bytes(key) {
                Some(bytes) => add_rows(&mut sum, bytes),
                None => {
                    let builtin = Builtin::of(&self.embedder.identity(), sum.len())?;
                    let rows = builtin.vectors(key)?.into_iter();
                    rows.for_each(|row| add(&mut sum, row.into_iter()));
                }
            }
        }
        Some(sum)
    }

    /// Returns whether the model knows `word` as a whole. Then it is spelt right, in an inflection that the model has
    /// seen often.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.embedder.knows(word)
    }

    /// Returns how near each passage of `store` is to the nearest of `questions`, which are spellings of one question.
    /// A passage that was added after the vectors were made is left out.
    pub(super) fn nearness(&self, store: &Store, questions: &[&str]) -> Result<Nearness<'_>, DenseError> {
        let asked = questions.iter().map(|question| self.embedder.query(question));
        let asked = asked.collect::<Result<Vec<_>, _>>()?;
        if self.table.is_of(store) {
            let values = self.nearest(&self.table, &asked);
            return Ok(Nearness::new(Cow::Borrowed(&self.table.addresses), values));
        }
        let (table, _) = Table::new(store, &self.vectors)?;
        let values = self.nearest(&table, &asked);
        Ok(Nearness::new(Cow::Owned(table.addresses), values))
    }

    /// Returns how near each passage of `table` is to the nearest of the vectors `asked`.
    fn nearest(&self, table: &Table, asked: &[Vec<f32>]) -> Vec<f32> {
        let mut asked = asked.iter();
        let first = asked.next().map(Vec::as_slice).unwrap_or_default();
        let mut nearest = self.similarities(table, first, EXACT_ROWS);
        for other in asked {
            let values = self.similarities(table, other, EXACT_ROWS);
            nearest
                .iter_mut()
                .zip(values)
                .for_each(|(best, value)| *best = best.max(value));
        }
        nearest
    }

    /// Returns how near each passage of `table` is to the vector `asked`. Above `exact_rows` vectors, this uses codes.
    fn similarities(&self, table: &Table, asked: &[f32], exact_rows: usize) -> Vec<f32> {
        if self.vectors.rows() <= exact_rows {
            return similarities_of(table, &similarity::exact(asked, &self.vectors));
        }
        let mut values = similarities_of(table, &similarity::coded(asked, &self.vectors));
        self.refine(table, asked, &mut values);
        values
    }

    /// Recomputes the best of `values` exactly.
    fn refine(&self, table: &Table, asked: &[f32], values: &mut [f32]) {
        let least = nearness::nth_best(values, REFINED);
        let best = |rows: Range<usize>| {
            let rows = self.vectors.vectors(rows).chunks_exact(4 * asked.len().max(1));
            rows.map(|row| similarity::dot(asked, row)).fold(f32::MIN, f32::max)
        };
        let coded = values.iter_mut().zip(&table.passages);
        for (value, entry) in coded.filter(|(value, _)| **value >= least) {
            *value = together(best(entry.text()), table.question(entry.question).map(best));
        }
    }
}

/// Returns one vector for each of `texts`, computed on all cores.
pub(super) fn embed_texts(embedder: &Embedder, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
    side_by_side(texts, |text| embedder.query(text))
}

/// Adds the vectors in `bytes`, one after the other, to `sum`.
pub(super) fn add_rows(sum: &mut [f32], bytes: &[u8]) {
    for row in bytes.chunks_exact((4 * sum.len()).max(1)) {
        add(sum, numbers(row));
    }
}

fn add(sum: &mut [f32], vector: impl Iterator<Item = f32>) {
    sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
}

/// Runs `work` on each of `items`, on all cores, and returns the results in the order of the items.
fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, EmbedError> + Sync,
) -> Result<Vec<R>, EmbedError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let one = || {
        let mut made = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            made.push((at, work(item)?));
        }
        Ok::<_, EmbedError>(made)
    };
    let mut all = thread::scope(|scope| {
        let running: Vec<_> = (0..threads.min(items.len())).map(|_| scope.spawn(one)).collect();
        let mut all = Vec::with_capacity(items.len());
        for thread in running {
            let made = thread
                .join()
                .map_err(|_| EmbedError::Run("one of its threads stopped".into()))?;
            all.extend(made?);
        }
        Ok::<_, EmbedError>(all)
    })?;
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

/// Adds the vectors of `missing` texts that come with the program, and returns the other keys.
fn take_over(writer: &mut VectorsWriter, missing: BTreeSet<Key>, builtin: &Builtin) -> BTreeSet<Key> {
    let absent = missing.into_iter().filter(|key| match builtin.vectors(*key) {
        Some(vectors) => {
            writer.add(*key, &vectors);
            false
        }
        None => true,
    });
    absent.collect()
}

/// Returns the similarity of each passage of `table`, given the product of each row.
fn similarities_of(table: &Table, products: &[f32]) -> Vec<f32> {
    let best = |rows: Range<usize>| {
        let rows = products.get(rows).unwrap_or_default();
        rows.iter().copied().fold(f32::MIN, f32::max)
    };
    let near = |entry: &Entry| together(best(entry.text()), table.question(entry.question).map(best));
    table.passages.par_iter().with_min_len(4_096).map(near).collect()
}

/// Combines the similarity to a passage's text and the similarities to the wordings of what was asked in its discussion.
fn together(text: f32, asked: impl Iterator<Item = f32>) -> f32 {
    let (mut nearest, mut second) = (f32::MIN, f32::MIN);
    for near in asked {
        (nearest, second) = match near > nearest {
            true => (near, nearest),
            false => (nearest, second.max(near)),
        };
    }
    // A question without other wordings has no second one.
    let (share, asked) = match second > f32::MIN {
        true => (WORDINGS_SHARE, (nearest + second) / 2.0),
        false => (QUESTION_SHARE, nearest),
    };
    text + share * (asked - text)
}

/// Embeds `todo` on all cores. `take` gets each result, in no particular order, with the number of results so far.
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
            scope.spawn(|| work(send));
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

/// Returns the keys of all texts of `store` for which `dense` has no vectors; for tests.
#[cfg(test)]
fn missing(store: &Store, dense: &Dense) -> BTreeSet<Key> {
    let keys = store.keys().unwrap();
    let all = keys
        .into_iter()
        .flat_map(|(_, keys)| [vec![keys.text, keys.question], keys.asked].concat());
    all.filter(|key| dense.vectors.span(*key).is_none()).collect()
}
