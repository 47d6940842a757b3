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
mod encoder;
mod finder;
mod lora;
mod making;
mod measure;
mod nearness;
mod scale;
mod served;
mod similarity;
mod table;

#[cfg(test)]
pub(super) mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::corpus::Passage;
use crate::index::vectors::builtin::Builtin;
use crate::index::vectors::{Key, Keys, Vectors as StoredVectors, numbers};
use crate::index::{IndexError, Store};
use crate::scale::Scale;

use table::{Entry, Table};

pub(super) use encoder::embed_texts;
#[cfg(test)]
pub(crate) use finder::identity as adapted;
pub use measure::Kept;
pub(super) use nearness::Nearness;

pub use embedder::{ARCHITECTURE, EmbedError, Embedder, Files, Vectors};
pub use encoder::Encoder;
pub use making::{dimensions_made, forget_if_changed, lacking};
pub use served::{Input, ServedEmbedder};

/// Weight of the similarity to what is asked in a passage's similarity. The similarity to the passage itself gets the
/// rest. Chosen on the tune split, where anything from 0.2 to 0.4 does about as well.
const QUESTION_SHARE: f32 = 1.0 / 3.0;

/// The same weight where the question has other wordings. The mean of the two nearest counts, because one of a dozen is
/// near by chance more often than two. Chosen on the tune half of `eval/asked.jsonl`: a discussion that
/// answers is first for 282 of 358 questions, and for 274 with the nearest wording at [`QUESTION_SHARE`].
const WORDINGS_SHARE: f32 = 0.5;

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
    encoder: Arc<dyn Encoder>,
    vectors: StoredVectors,
    table: Table,
    /// What makes similarities comparable with those of the built-in model, if that could be measured.
    scale: Option<Scale>,
    failure: Mutex<Option<EmbedError>>,
}

impl Dense {
    /// Embeds the texts of `store` that have no vectors yet, on all cores, and opens the vectors. A vector file that is
    /// missing, damaged or of another model is rebuilt. The texts of the built-in editions are not embedded, because
    /// their vectors come with the program.
    ///
    /// # Errors
    /// Fails if the model cannot be run, or if the index folder cannot be read or written.
    pub fn open(store: &Store, encoder: impl Encoder + 'static, progress: Progress) -> Result<Dense, DenseError> {
        Dense::open_with(store, encoder, None, progress)
    }

    /// Returns the same for a store in memory, whose texts have the vectors `texts`.
    pub(super) fn of_texts(
        store: &Store,
        embedder: &Arc<Embedder>,
        texts: &BTreeMap<Key, Vec<u8>>,
    ) -> Result<Dense, DenseError> {
        let vectors = StoredVectors::of(embedder.dimensions(), texts);
        let (table, _) = Table::new(store, &vectors)?;
        Ok(Dense::new(Arc::clone(embedder) as _, vectors, table))
    }

    /// Returns the model that made the vectors.
    pub(super) fn encoder(&self) -> &dyn Encoder {
        &*self.encoder
    }

    /// Returns the scale of similarities of this model. Returns `None` if it is not the built-in model and the corpus is
    /// too small to measure it. Then similarities order passages, and no constant applies to them.
    pub fn scale(&self) -> Option<Scale> {
        self.scale
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
        Dense::open_shared(store, Arc::clone(&self.encoder), None, progress)
    }

    /// Like [`Dense::open`], but takes vectors from `instead` in place of the model. `instead` gets a number that is
    /// different for each text. This is for measurements on more texts than can be embedded.
    pub fn open_with(
        store: &Store,
        encoder: impl Encoder + 'static,
        instead: Option<&dyn Fn(u64) -> Vec<f32>>,
        progress: Progress,
    ) -> Result<Dense, DenseError> {
        Dense::open_shared(store, Arc::new(encoder), instead, progress)
    }

    fn open_shared(
        store: &Store,
        encoder: Arc<dyn Encoder>,
        instead: Option<&dyn Fn(u64) -> Vec<f32>>,
        progress: Progress,
    ) -> Result<Dense, DenseError> {
        let (vectors, table) = making::up_to_date(store, &*encoder, instead, progress)?;
        Ok(Dense::new(encoder, vectors, table))
    }

    fn new(encoder: Arc<dyn Encoder>, vectors: StoredVectors, table: Table) -> Dense {
        let scale = match encoder.is_served() {
            true => scale::measured(&table, &vectors),
            false => Some(Scale::default()),
        };
        Dense {
            encoder,
            vectors,
            table,
            scale,
            failure: Mutex::new(None),
        }
    }

    /// Whether the model is on a server.
    pub fn is_served(&self) -> bool {
        self.encoder.is_served()
    }

    /// Returns one vector for each of `texts`; see [`Encoder::texts`].
    ///
    /// # Errors
    /// Fails if the model cannot be run.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.encoder.texts(texts)
    }

    /// Returns the same, or `None` and keeps the error for [`Dense::take_failure`].
    pub fn try_embed(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        let made = self.embed(texts);
        made.map_err(|error| *self.failure() = Some(error)).ok()
    }

    /// Returns the last error of [`Dense::try_embed`], and forgets it.
    pub fn take_failure(&self) -> Option<EmbedError> {
        self.failure().take()
    }

    fn failure(&self) -> MutexGuard<'_, Option<EmbedError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the sum of the stored vectors of what `passage` says and of the question that it answers. Returns `None`
    /// if neither the index nor the program has one of them.
    pub fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        let keys = Keys::of(passage);
        let mut sum = vec![0.0; self.encoder.dimensions()];
        for key in [keys.text, keys.question] {
            match self.bytes(key) {
                Some(bytes) => add_rows(&mut sum, bytes),
                None => {
                    let builtin = Builtin::of(&self.encoder.identity(), sum.len())?;
                    let rows = builtin.vectors(key)?.into_iter();
                    rows.for_each(|row| add(&mut sum, row.into_iter()));
                }
            }
        }
        Some(sum)
    }

    /// Returns whether the model knows `word` as a whole. Then it is spelt right, in an inflection that the model has
    /// seen often. Returns `None` if the model's vocabulary is not known.
    pub(super) fn is_word(&self, word: &str) -> Option<bool> {
        self.encoder.knows(word)
    }

    /// Returns how near each passage of `store` is to the nearest of `questions`, which are spellings of one question.
    /// A passage that was added after the vectors were made is left out.
    pub(super) fn nearness(&self, store: &Store, questions: &[&str]) -> Result<Nearness<'_>, DenseError> {
        let asked = self.encoder.questions(questions)?;
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
        // The order stays the same: a scale rises.
        let scale = self.scale.unwrap_or_default();
        nearest.iter_mut().for_each(|value| *value = scale.of(*value));
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
        let best = |rows: Range<usize>| similarity::nearest(asked, self.vectors.vectors(rows)).unwrap_or(f32::MIN);
        let coded = values.iter_mut().zip(&table.passages);
        for (value, entry) in coded.filter(|(value, _)| **value >= least) {
            *value = together(best(entry.text()), table.question(entry.question).map(best));
        }
    }
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

/// Returns the keys of all texts of `store` for which `dense` has no vectors; for tests.
#[cfg(test)]
fn missing(store: &Store, dense: &Dense) -> std::collections::BTreeSet<Key> {
    let keys = store.keys().unwrap();
    let all = keys
        .into_iter()
        .flat_map(|(_, keys)| [vec![keys.text, keys.question], keys.asked].concat());
    all.filter(|key| dense.vectors.span(*key).is_none()).collect()
}
