//! A model and the tokens that it has read.
//!
//! In: prompts and tokens. Out: logits. What a prompt has in common with what was read before is not read again. It must
//! not know text or sampling.
//!
//! From one process to the next only what the program itself words is kept (`prefix`): passages and questions are
//! better not left lying in a file.

use candle_core::Result as Computed;

use super::Sign;
use super::model::Model;
use super::prefix::Prefixes;

pub(crate) struct Session {
    pub model: Model,
    /// The tokens in the model's cache.
    read: Vec<u32>,
    /// What is kept on disk, if anything is.
    prefixes: Option<Prefixes>,
    /// Tells that nobody waits any more.
    pub stop: Option<Sign>,
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

    /// Keeps openings on disk from here on.
    pub fn keep(&mut self, prefixes: Option<Prefixes>) {
        self.prefixes = prefixes;
    }

    /// Writes what of the openings is not on disk yet. It takes some milliseconds, for when nobody waits.
    pub fn save(&mut self) {
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.save(&self.read, &mut self.model);
        }
    }

    /// Tokens that were read.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Reads a prompt, which is not empty, from where it parts from what was read before, in chunks. Returns how many of
    /// its tokens were read before; `logits` are those after its last. Where the sign to stop comes between two chunks, the
    /// rest is not read: [`len`](Self::len) tells.
    pub fn prompt(&mut self, ids: &[u32], logits: &mut Vec<f32>) -> Computed<usize> {
        // The last token is always read again: its logits were not kept.
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

    /// Puts an opening that was kept into the cache, where the prompt begins with one that is longer than the `common`
    /// tokens that are there. Returns how many are there then.
    fn opening_from_disk(&mut self, ids: &[u32], common: usize) -> Option<usize> {
        let opening = self.prefixes.as_mut()?.restore(ids, common, &mut self.model)?;
        self.read.clear();
        self.read.extend_from_slice(opening);
        Some(self.read.len())
    }

    /// Reads tokens, and writes the logits after each of the last `wanted` to `logits`.
    pub fn pass(&mut self, ids: &[u32], wanted: usize, logits: &mut Vec<f32>) -> Computed<()> {
        let done = self.model.pass(ids, wanted, logits);
        match &done {
            Ok(()) => self.read.extend_from_slice(ids),
            // What a pass that failed left behind is not known.
            Err(_) => {
                self.take_back(0);
            }
        }
        done
    }

    /// Forgets the tokens from `keep` on, or more. Returns how many are left.
    pub fn take_back(&mut self, keep: usize) -> usize {
        let kept = self.model.truncate(keep.min(self.len()));
        self.read.truncate(kept);
        kept
    }
}
