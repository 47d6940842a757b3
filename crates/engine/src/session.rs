//! A model and the tokens in its KV cache. A prompt is read only from where it differs from those tokens.
//!
//! Only openings that the program words itself are stored on disk from one process to the next (`prefix`). Passages and
//! questions should not be left in a file.

use candle_core::Result as Computed;

use super::StopSignal;
use super::model::Model;
use super::prefix::Prefixes;

pub(crate) struct Session {
    pub model: Model,
    /// The tokens in the model's cache.
    read: Vec<u32>,
    /// The openings that are stored on disk, if any.
    prefixes: Option<Prefixes>,
    /// Returns true once nobody waits for the answer any more.
    pub stop: Option<StopSignal>,
}

impl Session {
    pub fn new(model: Model) -> Self {
        Session {
            model,
            read: Vec::new(),
            stop: None,
            prefixes: None,
        }
    }

    /// Stores openings on disk from now on.
    pub fn keep(&mut self, prefixes: Option<Prefixes>) {
        self.prefixes = prefixes;
    }

    /// Writes the openings that are not on disk yet. It takes a few milliseconds, so call it when nobody waits.
    pub fn save(&mut self) {
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.save(&self.read, &mut self.model);
        }
    }

    /// Returns the number of tokens in the cache.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Reads a prompt, which must not be empty, in chunks, from where it differs from the tokens in the cache. Returns
    /// how many of its tokens were there already, and leaves the logits after its last token in `logits`. If `stop`
    /// returns true between two chunks, the rest is not read; [`len`](Self::len) then shows how far reading got.
    pub fn prompt(&mut self, ids: &[u32], logits: &mut Vec<f32>) -> Computed<usize> {
        // The last token is always read again, because its logits were not kept.
        let most = ids.len().saturating_sub(1);
        let common = self.read.iter().zip(&ids[..most]).take_while(|(a, b)| a == b).count();
        let kept = self
            .opening_from_disk(ids, common)
            .unwrap_or_else(|| self.take_back(common));
        let mut rest = &ids[kept..];
        loop {
            if self.stop.as_ref().is_some_and(|stop| stop()) {
                return Ok(kept);
            }
            let size = self.model.chunk();
            if rest.len() <= size {
                self.pass(rest, 1, logits)?;
                return Ok(kept);
            }
            let (now, later) = rest.split_at(size);
            self.pass(now, 0, logits)?;
            rest = later;
        }
    }

    /// Restores a stored opening if the prompt begins with one that is longer than the `common` tokens in the cache.
    /// Returns how many tokens are in the cache then.
    fn opening_from_disk(&mut self, ids: &[u32], common: usize) -> Option<usize> {
        let opening = self.prefixes.as_mut()?.restore(ids, common, &mut self.model)?;
        self.read.clear();
        self.read.extend_from_slice(opening);
        Some(self.read.len())
    }

    /// Reads tokens and writes the logits after each of the last `wanted` of them to `logits`.
    pub fn pass(&mut self, ids: &[u32], wanted: usize, logits: &mut Vec<f32>) -> Computed<()> {
        let done = self.model.pass(ids, wanted, logits);
        match &done {
            Ok(()) => self.read.extend_from_slice(ids),
            // A failed pass leaves the cache in an unknown state.
            Err(_) => {
                self.take_back(0);
            }
        }
        done
    }

    /// Forgets the tokens from `keep` on, and perhaps more. Returns how many are left.
    pub fn take_back(&mut self, keep: usize) -> usize {
        let kept = self.model.truncate(keep.min(self.len()));
        self.read.truncate(kept);
        kept
    }
}
