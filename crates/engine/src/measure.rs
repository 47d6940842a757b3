//! Times the engine on made-up tokens, for `askpm bench`. Speed does not depend on what the tokens say.

use std::time::{Duration, Instant};

use super::decode::LocalEngine;
use super::error::EngineError;
use super::sampler::argmax;

impl LocalEngine {
    /// Returns whether the context window has room for this many tokens and one more.
    pub fn has_room_for(&self, tokens: usize) -> bool {
        tokens < self.info.context_length
    }

    /// Reads `tokens` made-up tokens into an empty cache and chooses the token after them. Returns the time to first
    /// token of such a prompt.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`] and [`EngineError::Compute`].
    pub fn time_prompt(&mut self, tokens: usize) -> Result<Duration, EngineError> {
        let ids = self.made_up(tokens);
        self.session.take_back(0);
        let started = Instant::now();
        let mut logits = Vec::new();
        self.prefill(&ids, &mut logits)?;
        argmax(&logits).ok_or_else(|| self.no_number())?;
        Ok(started.elapsed())
    }

    /// Returns the time to decode `tokens` tokens one by one, from an empty cache and without drafts.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`] and [`EngineError::Compute`].
    pub fn time_answer(&mut self, tokens: usize) -> Result<Duration, EngineError> {
        let ids = self.made_up(tokens);
        self.fits(&ids)?;
        self.session.take_back(0);
        let started = Instant::now();
        let mut logits = Vec::new();
        for id in ids {
            self.go_on("making the next token", &[id], 1, &mut logits)?;
            argmax(&logits).ok_or_else(|| self.no_number())?;
        }
        Ok(started.elapsed())
    }

    /// Returns the number of threads that compute.
    pub fn threads(&self) -> usize {
        self.session.model.threads()
    }

    /// Returns tokens from all over the vocabulary, the same every time.
    fn made_up(&self, count: usize) -> Vec<u32> {
        let size = self.tokenizer.vocabulary_size().max(1);
        (0..count).map(|at| (at.wrapping_mul(7919) % size) as u32).collect()
    }
}

/// How the kernels name and choose an instruction set: that of this process, all that this processor has, and another
/// one than the fastest.
pub use askpm_kernels::{PathError, choose as choose_cpu_path, path as cpu_path, paths as cpu_paths};

/// Returns the names of the processor features that the kernels use on this machine.
pub fn cpu_features() -> &'static [&'static str] {
    askpm_kernels::features()
}
