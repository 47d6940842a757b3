//! A door for `benches/answers.rs`: writes with drafts of a chosen length, and tells what they did.
//!
//! In: messages. Out: the tokens, and what they cost. It must not be used by anything else.

use std::ops::ControlFlow;
use std::time::Duration;

use super::decode::CandleEngine;
use super::error::EngineError;
use super::{Message, Sampling};

/// What was written.
pub struct Written {
    pub prompt_tokens: usize,
    pub tokens: Vec<u32>,
    /// Tokens that were drafted, and those of them that the model would have chosen.
    pub drafted: usize,
    pub accepted: usize,
    /// From the first token to the last.
    pub decode: Duration,
}

impl CandleEngine {
    /// Answers `messages` as `generate` does, with drafts of at most `longest_draft` tokens (0: none).
    ///
    /// # Errors
    /// As `generate`.
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
