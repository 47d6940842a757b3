//! The token loop: turns a prompt's token ids into the tokens of an answer, which a callback receives one by one.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use askpm_gguf::Tokenizer;

use super::decode::LocalEngine;
use super::error::EngineError;
use super::lookup::Lookup;
use super::sampler::Sampler;
use super::{Generation, Sampling, Stop};

type Result<T> = std::result::Result<T, EngineError>;

/// The report of the token loop. Times count from its start.
pub(super) struct Run {
    pub tokens: usize,
    /// Prompt tokens that were already in the KV cache.
    cached: usize,
    /// Drafted tokens; `accepted` counts those that the model would have chosen itself.
    pub drafted: usize,
    pub accepted: usize,
    prefill: Duration,
    first: Duration,
    total: Duration,
    pub stop: Stop,
}

impl Run {
    /// Returns the time from the first token to the last.
    pub fn decode(&self) -> Duration {
        self.total.saturating_sub(self.first)
    }

    /// Reports a prompt that was not read to its end.
    fn stopped(prefill: &Prefill) -> Self {
        Run {
            tokens: 0,
            cached: prefill.cached,
            drafted: 0,
            accepted: 0,
            prefill: prefill.took,
            first: prefill.took,
            total: prefill.took,
            stop: Stop::Caller,
        }
    }

    /// Returns the answer to a prompt of `prompt_tokens` tokens. `before` is the time that passed before the loop
    /// started.
    pub fn generation(self, text: String, prompt_tokens: usize, before: Duration) -> Generation {
        Generation {
            text,
            prompt_tokens,
            cached_tokens: self.cached,
            generated_tokens: self.tokens,
            prefill: self.prefill,
            first_token: before + self.first,
            decode: self.decode(),
            stop: self.stop,
        }
    }
}

/// The prefill of a prompt.
pub(super) struct Prefill {
    started: Instant,
    cached: usize,
    took: Duration,
}

impl LocalEngine {
    fn compute<T>(&self, doing: &str, result: candle_core::Result<T>) -> Result<T> {
        result.map_err(|e| EngineError::compute(&self.info.file, doing, &e))
    }

    /// Reads the part of a prompt that is not in the cache, and leaves the logits after the prompt in `logits`.
    pub(super) fn prefill(&mut self, ids: &[u32], logits: &mut Vec<f32>) -> Result<Prefill> {
        let started = Instant::now();
        self.fits(ids)?;
        let read = self.session.prompt(ids, logits);
        let cached = self.compute("reading the prompt", read)?;
        Ok(Prefill {
            started,
            cached,
            took: started.elapsed(),
        })
    }

    /// Reads tokens of the answer.
    pub(super) fn go_on(&mut self, doing: &str, ids: &[u32], wanted: usize, logits: &mut Vec<f32>) -> Result<()> {
        let read = self.session.pass(ids, wanted, logits);
        self.compute(doing, read)
    }

    /// Runs the token loop. `on_token` receives each token except the one that ends the turn.
    ///
    /// Greedy text is drafted ahead if the model computes drafts exactly. `logits` then has a row after each drafted
    /// token. The loop advances through the rows for as long as the model would have chosen the drafted tokens.
    pub(super) fn run(
        &mut self,
        ids: &[u32],
        sampling: &Sampling,
        on_token: &mut dyn FnMut(&Tokenizer, u32) -> ControlFlow<()>,
    ) -> Result<Run> {
        let mut logits = Vec::new();
        let prefill = self.prefill(ids, &mut logits)?;
        if self.session.len() < ids.len() {
            return Ok(Run::stopped(&prefill));
        }
        let vocabulary = logits.len();
        let greedy = sampling.temperature <= 0.0;
        let drafts = greedy && self.longest_draft > 0 && self.session.model.is_exact();
        let mut lookup = drafts.then(|| Lookup::new(ids, self.longest_draft));
        let mut sampler = Sampler::new(sampling);
        let (mut made, mut first): (Vec<u32>, _) = (Vec::new(), None);
        let (mut drafted, mut accepted) = (0, 0);
        let (mut batch, mut row): (Vec<u32>, usize) = (vec![0], 0);
        let stop = loop {
            if made.len() >= sampling.max_tokens {
                break Stop::MaxTokens;
            }
            let now = &mut logits[row * vocabulary..(row + 1) * vocabulary];
            let id = sampler.next(now, &made).ok_or_else(|| self.no_number())?;
            first.get_or_insert_with(|| prefill.started.elapsed());
            if self.tokenizer.is_end(id) {
                break Stop::EndToken;
            }
            made.push(id);
            if on_token(&self.tokenizer, id).is_break() {
                break Stop::Caller;
            }
            if made.len() >= sampling.max_tokens {
                break Stop::MaxTokens;
            }
            // Drafted tokens that have been read but not accepted do not count.
            let ahead = batch.len() - 1 - row;
            let past = self.session.len() - ahead;
            if past >= self.info.context_length {
                break Stop::ContextFull;
            }
            if let Some(lookup) = &mut lookup {
                lookup.push(id);
            }
            if batch.get(row + 1) == Some(&id) {
                row += 1;
                accepted += 1;
                continue;
            }
            self.session.take_back(past);
            let before = batch.len() - 1;
            batch.clear();
            batch.push(id);
            if let Some(lookup) = &mut lookup {
                lookup.tell(before, row);
                let room = (self.info.context_length - past).min(sampling.max_tokens - made.len());
                batch.extend_from_slice(lookup.draft(room - 1));
            }
            drafted += batch.len() - 1;
            row = 0;
            self.go_on("making the next token", &batch, batch.len(), &mut logits)?;
        };
        let total = prefill.started.elapsed();
        Ok(Run {
            tokens: made.len(),
            cached: prefill.cached,
            drafted,
            accepted,
            prefill: prefill.took,
            first: first.unwrap_or(total),
            total,
            stop,
        })
    }

    /// Returns an error if a prompt leaves no room for an answer.
    pub(super) fn fits(&self, ids: &[u32]) -> Result<()> {
        let limit = self.info.context_length.saturating_sub(1);
        if ids.len() <= limit {
            return Ok(());
        }
        Err(EngineError::PromptTooLong {
            tokens: ids.len(),
            limit,
        })
    }

    pub(super) fn no_number(&self) -> EngineError {
        EngineError::Compute {
            path: self.info.file.clone(),
            doing: "choosing a token".into(),
            problem: "the model's output holds no number".into(),
        }
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
