//! Architectures that the engine has no decoder of its own for, run by candle-transformers' models.
//!
//! In: a checked GGUF file, then token ids. Out: logits. It must not know text or sampling.
//!
//! What is computed elsewhere is promised less. These models keep their weights as F32, four bytes each, except phi2 and
//! mixtures of experts, which stay quantized and end at 4,096 positions. Scores of attention are kept whole, keys and
//! values are copied as they grow, and nothing can be taken back: a prompt that differs from the one before is read from
//! its beginning. Numbers may differ in their last bits with how many tokens are read together, so nothing is drafted.
//! Only what candle-transformers 0.11.1 computes as llama.cpp does is let in (`tests` hold both beside each other); a
//! file that asks for more than that is refused, and not computed wrongly.

mod dense;
mod family;
mod quantized;
mod sizes;

use askpm_gguf::Gguf;
use candle_core::{Device, Result as Computed, Tensor};

use super::error::EngineError;
use sizes::Sizes;

type Result<T> = std::result::Result<T, EngineError>;

/// `general.architecture` of what candle-transformers runs in place of the engine. Beside them it runs `llama` with
/// experts (Mixtral).
pub const FALLBACKS: &[&str] = &["gemma", "gemma2", "olmo2", "phi2", "stablelm", "starcoder2"];

/// Bytes of attention scores of one layer, for one portion of a prompt.
const SCORE_BYTES: usize = 64 << 20;
const MAX_CHUNK: usize = 512;
const MIN_CHUNK: usize = 16;

/// What candle-transformers' models have in common.
trait Transformer: Send {
    /// The logits after the last of `ids`, `(1, count)`, read after `past` others. One dimension or more, the last the
    /// vocabulary.
    fn forward(&mut self, ids: &Tensor, past: usize) -> Computed<Tensor>;

    /// Forgets all positions.
    fn clear(&mut self) -> Computed<()>;
}

/// A loaded model with its key–value cache.
pub(crate) struct Model {
    inner: Box<dyn Transformer>,
    heads: usize,
    context: usize,
    /// How many tokens are read at once, and only from a multiple of that many on; others are read one by one. For
    /// models that keep a mask for each size and place that they ever saw.
    step: Option<usize>,
    device: Device,
    past: usize,
}

/// Whether a file is for candle-transformers to run, because the engine has no decoder for it.
pub(crate) fn takes(gguf: &Gguf) -> Result<bool> {
    let architecture = gguf.metadata.need_text("general.architecture")?;
    Ok(FALLBACKS.contains(&architecture) || (architecture == "llama" && quantized::has_experts(gguf)))
}

impl Model {
    /// Loads the weights. `vocabulary` is the tokenizer's size: embeddings must have as many rows.
    pub fn load(gguf: &Gguf, vocabulary: usize, device: &Device) -> Result<Self> {
        let architecture = gguf.metadata.need_text("general.architecture")?;
        let sizes = Sizes::read(&gguf.metadata, architecture, vocabulary)?;
        let quantized = matches!(architecture, "phi2" | "llama");
        let inner = match architecture {
            "phi2" => quantized::phi(gguf, &sizes, device)?,
            "llama" => quantized::experts(gguf, &sizes, device)?,
            _ => dense::load(gguf, architecture, &sizes, device)?,
        };
        Ok(Self {
            inner,
            heads: sizes.heads,
            context: sizes.context,
            step: quantized.then_some(quantized::STEP),
            device: device.clone(),
            past: 0,
        })
    }

    /// Positions, prompt and answer together.
    pub fn context_length(&self) -> usize {
        self.context
    }

    /// How many positions the next pass may take, so that its attention scores stay within bounds.
    pub fn chunk(&self) -> usize {
        let row = self.heads * (self.past + MAX_CHUNK) * size_of::<f32>();
        (SCORE_BYTES / row.max(1)).clamp(MIN_CHUNK, MAX_CHUNK)
    }

    /// Forgets the positions from `keep` on, which means all where there are any. Returns how many are left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        if keep < self.past {
            self.past = 0;
        }
        self.past
    }

    /// Reads tokens, and gives the logits after each of the last `wanted` of them, one a token of the vocabulary.
    pub fn logits_after(&mut self, ids: &[u32], wanted: usize) -> Computed<Vec<f32>> {
        if ids.is_empty() || self.past + ids.len() > self.context {
            candle_core::bail!("{} tokens after {} do not fit in the context", ids.len(), self.past);
        }
        if self.past == 0 {
            self.inner.clear()?;
        }
        // The models give the logits of the last position alone: before it, each that is wanted ends a portion.
        let (together, last) = ids.split_at(ids.len() - wanted.saturating_sub(1).min(ids.len()));
        let mut logits = Vec::new();
        let mut rest = together;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.portion(rest.len()));
            let after = self.read(now)?;
            if later.is_empty() && wanted > 0 {
                logits = after.flatten_all()?.to_vec1()?;
            }
            rest = later;
        }
        for id in last {
            logits.extend(self.read(&[*id])?.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(logits)
    }

    /// How many of the next `left` tokens are read at once.
    fn portion(&self, left: usize) -> usize {
        match self.step {
            None => left,
            Some(step) if left >= step && self.past.is_multiple_of(step) => step,
            Some(_) => 1,
        }
    }

    fn read(&mut self, ids: &[u32]) -> Computed<Tensor> {
        let tensor = Tensor::new(ids, &self.device)?.unsqueeze(0)?;
        let logits = self.inner.forward(&tensor, self.past)?;
        self.past += ids.len();
        Ok(logits)
    }
}

#[cfg(test)]
mod tests;
