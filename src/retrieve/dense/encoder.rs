//! What search by meaning needs from an embedding model, and the local model as one.
//!
//! The other one is on a server; see `served`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::embedder::{EmbedError, Embedder, Vectors};

/// An embedding model. All vectors have length 1 and the same number of dimensions.
pub trait Encoder: Send + Sync {
    /// Distinguishes the vectors of this model from those of another.
    fn identity(&self) -> [u8; 32];

    /// Returns the length of every vector.
    fn dimensions(&self) -> usize;

    /// Returns one vector for each of `texts`, which are questions. Text that does not fit the model's input is cut off.
    ///
    /// # Errors
    /// Fails if the model cannot be run.
    fn questions(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Returns the same for other texts, such as sentences.
    ///
    /// # Errors
    /// Fails if the model cannot be run.
    fn texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Returns the vectors of each of `passages`, given by title and text: one or more each.
    ///
    /// # Errors
    /// Fails if the model cannot be run.
    fn passages(&self, passages: &[(String, String)]) -> Result<Vec<Vectors>, EmbedError>;

    /// Returns whether the vocabulary has `word` as a whole, or `None` if the vocabulary is not known.
    fn knows(&self, word: &str) -> Option<bool>;

    /// Whether the model is on a server. Otherwise it is the built-in one, with which the constants of search and answers
    /// were fitted.
    fn is_served(&self) -> bool;

    /// How many passages to give to [`Encoder::passages`] in one call, and how many calls to make at the same time.
    fn calls(&self) -> (usize, usize);
}

impl Encoder for Embedder {
    fn identity(&self) -> [u8; 32] {
        Embedder::identity(self)
    }

    fn dimensions(&self) -> usize {
        Embedder::dimensions(self)
    }

    fn questions(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        texts.iter().map(|text| self.query(text)).collect()
    }

    fn texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        embed_texts(self, texts)
    }

    fn passages(&self, passages: &[(String, String)]) -> Result<Vec<Vectors>, EmbedError> {
        passages.iter().map(|(title, text)| self.passage(title, text)).collect()
    }

    fn knows(&self, word: &str) -> Option<bool> {
        Some(Embedder::knows(self, word))
    }

    fn is_served(&self) -> bool {
        false
    }

    fn calls(&self) -> (usize, usize) {
        (1, thread::available_parallelism().map_or(1, usize::from))
    }
}

/// Returns one vector for each of `texts`, computed on all cores.
pub(in super::super) fn embed_texts(embedder: &Embedder, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
    side_by_side(texts, |text| embedder.query(text))
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
