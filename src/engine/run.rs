//! The token loops: free text, and whole choices.
//!
//! In: a prompt's token ids and how to sample. Out: tokens, as they are made, and a [`Run`]. It must not know messages
//! or text.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::choose::{Choices, allow_only};
use super::decode::CandleEngine;
use super::error::EngineError;
use super::lookup::Lookup;
use super::sampler::Sampler;
use super::tokenizer::Tokenizer;
use super::{Choosing, Generation, Sampling, Stop};

type Result<T> = std::result::Result<T, EngineError>;

/// What follows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    GoOn,
    Stop,
    /// All but so many tokens of the answer, at least one, are taken back, and the first of them does not come again.
    Back(usize),
}

/// What the token loop reports, times counted from its start.
pub(super) struct Run {
    pub tokens: usize,
    /// Of the prompt, those that had been read before.
    cached: usize,
    /// Tokens that were drafted, and those of them that the model would have chosen.
    pub drafted: usize,
    pub accepted: usize,
    prefill: Duration,
    first: Duration,
    total: Duration,
    pub stop: Stop,
}

impl Run {
    /// From the first token to the last.
    pub fn decode(&self) -> Duration {
        self.total.saturating_sub(self.first)
    }

    /// The prompt was not read to its end.
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

    /// The answer that the loop made out of a prompt of `prompt_tokens`, `before` it began having gone by.
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

/// A prompt that was read.
pub(super) struct Prefill {
    started: Instant,
    cached: usize,
    took: Duration,
}

impl CandleEngine {
    fn compute<T>(&self, doing: &str, result: candle_core::Result<T>) -> Result<T> {
        result.map_err(|e| EngineError::compute(&self.info.file, doing, &e))
    }

    /// Reads a prompt, as far as it was not read before, and leaves the logits after it in `logits`.
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

    /// The token loop: `on_token` gets each token but the one that ends the turn.
    ///
    /// Greedy text is drafted ahead where a draft is exact: `logits` then has a row after each drafted token, and the
    /// loop goes on through the rows for as long as the model would have chosen what was drafted.
    pub(super) fn run(
        &mut self,
        ids: &[u32],
        sampling: &Sampling,
        on_token: &mut dyn FnMut(&Tokenizer, u32) -> Step,
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
        // Tokens that were taken back, and the one that may not come now.
        let (mut lost, mut barred): (usize, Option<u32>) = (0, None);
        let (mut batch, mut row): (Vec<u32>, usize) = (vec![0], 0);
        let stop = loop {
            if made.len() + lost >= sampling.max_tokens {
                break Stop::MaxTokens;
            }
            let now = &mut logits[row * vocabulary..(row + 1) * vocabulary];
            if let Some(barred) = barred.take() {
                now[barred as usize] = f32::NEG_INFINITY;
            }
            let id = sampler.next(now, &made).ok_or_else(|| self.no_number())?;
            first.get_or_insert_with(|| prefill.started.elapsed());
            if self.tokenizer.is_end(id) {
                break Stop::EndToken;
            }
            made.push(id);
            match on_token(&self.tokenizer, id) {
                Step::GoOn => {}
                Step::Stop => break Stop::Caller,
                Step::Back(kept) => {
                    lost += made.len() - kept;
                    barred = Some(made[kept]);
                    made.truncate(kept);
                    let so_far = [ids, &made].concat();
                    let read = self.session.prompt(&so_far, &mut logits);
                    self.compute("going back", read)?;
                    if self.session.len() < so_far.len() {
                        break Stop::Caller;
                    }
                    (batch, row) = (vec![id], 0);
                    lookup = lookup.map(|_| Lookup::new(&so_far, self.longest_draft));
                    continue;
                }
            }
            if made.len() + lost >= sampling.max_tokens {
                break Stop::MaxTokens;
            }
            // Tokens read ahead and not taken yet do not count.
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
                let room = (self.info.context_length - past).min(sampling.max_tokens - made.len() - lost);
                batch.extend_from_slice(lookup.draft(room - 1));
            }
            drafted += batch.len() - 1;
            row = 0;
            self.go_on("making the next token", &batch, batch.len(), &mut logits)?;
        };
        let total = prefill.started.elapsed();
        Ok(Run {
            tokens: made.len() + lost,
            cached: prefill.cached,
            drafted,
            accepted,
            prefill: prefill.took,
            first: first.unwrap_or(total),
            total,
            stop,
        })
    }
}

/// The fewest choices of an answer, before which the model cannot end it: one alone is hardly ever the whole answer.
const FEWEST_CHOICES: usize = 3;

impl CandleEngine {
    /// Whether a prompt leaves room for an answer.
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

    /// The loop of `choose`: a step takes a token, or all that are left of the one choice still open.
    pub(super) fn run_choices(
        &mut self,
        ids: &[u32],
        choices: &mut Choices,
        how: Choosing,
        sampling: &Sampling,
        on_choice: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Run> {
        let mut logits = Vec::new();
        let prefill = self.prefill(ids, &mut logits)?;
        if self.session.len() < ids.len() {
            return Ok(Run::stopped(&prefill));
        }
        let mut sampler = Sampler::new(sampling);
        let (mut made, mut first) = (0, None);
        let ends = self.tokenizer.end_tokens();
        let stop = 'choices: loop {
            let context = self.info.context_length.saturating_sub(self.session.len());
            let mut open = choices.open(context.min(sampling.max_tokens.saturating_sub(made)));
            if choices.taken >= how.most || open.is_empty() {
                break Stop::MaxTokens;
            }
            if choices.taken == 0 && how.opening {
                open.truncate(1);
            }
            let mut depth = 0;
            let chosen = loop {
                if let Some(ended) = choices.ended(&open, depth) {
                    break ended;
                }
                if let [only] = open[..]
                    && (depth > 0 || choices.taken < FEWEST_CHOICES)
                {
                    break only;
                }
                let mut allowed = choices.next_tokens(&open, depth);
                if depth == 0 && choices.taken >= FEWEST_CHOICES {
                    allowed.extend(ends.iter().copied());
                }
                allow_only(&mut logits, &allowed);
                let token = sampler.next(&mut logits, &[]).ok_or_else(|| self.no_number())?;
                if ends.contains(&token) {
                    break 'choices Stop::EndToken;
                }
                first.get_or_insert_with(|| prefill.started.elapsed());
                open = choices.with(&open, depth, token);
                depth += 1;
                made += 1;
                self.go_on("making the next token", &[token], 1, &mut logits)?;
            };
            let rest = choices.take(chosen, depth);
            if on_choice(chosen).is_break() {
                break Stop::Caller;
            }
            first.get_or_insert_with(|| prefill.started.elapsed());
            made += rest.len();
            if !rest.is_empty() && choices.taken < how.most {
                self.go_on("reading a choice", &rest, 1, &mut logits)?;
            }
        };
        let total = prefill.started.elapsed();
        Ok(Run {
            tokens: made,
            cached: prefill.cached,
            drafted: 0,
            accepted: 0,
            prefill: prefill.took,
            first: first.unwrap_or(total),
            total,
            stop,
        })
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
