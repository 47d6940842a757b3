//! A model and the tokens that it has read.
//!
//! In: prompts and tokens. Out: logits. What a prompt has in common with what was read before is not read again. It must
//! not know text or sampling.
//!
//! Nothing is kept on disk from one process to the next: what all prompts begin with (the system message and a word or
//! two, before the first passage) is some thirty to sixty of several hundred tokens, a small part of the wait for the
//! first token, and passages and questions are better not left lying in a file.

use candle_core::Result as Computed;

use super::model::Model;

pub(crate) struct Session {
    pub model: Model,
    /// The tokens in the model's cache.
    read: Vec<u32>,
}

impl Session {
    pub fn new(model: Model) -> Self {
        Session {
            model,
            read: Vec::new(),
        }
    }

    /// Tokens that were read.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Reads a prompt, which is not empty, from where it parts from what was read before, in chunks. Returns how many of
    /// its tokens were read before; `logits` are those after its last.
    pub fn prompt(&mut self, ids: &[u32], logits: &mut Vec<f32>) -> Computed<usize> {
        // The last token is always read again: its logits were not kept.
        let most = ids.len().saturating_sub(1);
        let common = self.read.iter().zip(&ids[..most]).take_while(|(a, b)| a == b).count();
        let kept = self.take_back(common);
        let mut rest = &ids[kept..];
        loop {
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
