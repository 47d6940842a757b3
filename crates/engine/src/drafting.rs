//! Lets `benches/answers.rs` generate with drafts of a chosen length and count the drafted tokens. Nothing else should
//! use it.

use std::ops::ControlFlow;
use std::time::Duration;

use super::decode::LocalEngine;
use super::error::EngineError;
use super::{Message, Sampling};

/// The tokens of an answer, and what they cost.
pub struct Written {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Token ids of the answer.
    pub tokens: Vec<u32>,
    /// Drafted tokens.
    pub drafted: usize,
    /// Drafted tokens that the model would have chosen.
    pub accepted: usize,
    /// Time from the first token to the last.
    pub decode: Duration,
}

impl LocalEngine {
    /// Answers `messages` as `generate` does, with drafts of at most `longest_draft` tokens (0 for none).
    ///
    /// # Errors
    /// The same as `generate`.
    #[doc(hidden)]
    pub fn write_drafting(
        &mut self,
        messages: &[Message],
        sampling: &Sampling,
        longest_draft: usize,
    ) -> Result<Written, EngineError> {
        let ids = self.encode_prompt(messages)?;
        let mut tokens = Vec::new();
        let before = std::mem::replace(&mut self.longest_draft, longest_draft);
        let run = self.run(&ids, sampling, &mut |_, id| {
            tokens.push(id);
            ControlFlow::Continue(())
        });
        self.longest_draft = before;
        let run = run?;
        Ok(Written {
            prompt_tokens: ids.len(),
            tokens,
            drafted: run.drafted,
            accepted: run.accepted,
            decode: run.decode(),
        })
    }
}
