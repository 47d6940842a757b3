//! Runs architectures that the engine has no decoder for, on candle-transformers' models.
//!
//! These models promise less than the engine's decoders. Weights are kept as F32, four bytes each, except those of phi2
//! and mixtures of experts, which stay quantized and end at 4,096 positions. All attention scores are kept in memory,
//! and keys and values are copied as they grow. No position can be taken back: a prompt that differs from the previous
//! one is read from its beginning. The last bits can depend on how many tokens are read together, so nothing is
//! drafted.
//!
//! Only what candle-transformers 0.11.1 computes as llama.cpp does is supported (`tests` compares both). A file that
//! asks for more is rejected instead of computed wrongly.

mod dense;
mod family;
mod quantized;
mod sizes;

use askpm_gguf::Gguf;
use candle_core::{Device, Result as Computed, Tensor};

use super::error::EngineError;
use sizes::Sizes;

type Result<T> = std::result::Result<T, EngineError>;

/// Maximum bytes of one layer's attention scores for one chunk of a prompt.
const SCORE_BYTES: usize = 64 << 20;
const MAX_CHUNK: usize = 512;
const MIN_CHUNK: usize = 16;

/// What candle-transformers' models have in common.
trait Transformer: Send {
    /// Reads `ids`, `(1, count)`, after `past` others. Returns the logits after the last of them, in one dimension or
    /// more; the last dimension is the vocabulary.
    fn forward(&mut self, ids: &Tensor, past: usize) -> Computed<Tensor>;

    /// Forgets all positions.
    fn clear(&mut self) -> Computed<()>;
}

/// A loaded model with its KV cache.
pub(crate) struct Model {
    inner: Box<dyn Transformer>,
    heads: usize,
    context: usize,
    /// If set, this many tokens are read at once, and only from a multiple of this number on. All others are read one
    /// by one. For models that keep a mask for each size and offset that they ever saw.
    step: Option<usize>,
    device: Device,
    past: usize,
}

/// Returns whether candle-transformers runs a file, because the engine has no decoder for it.
pub(crate) fn takes(gguf: &Gguf) -> Result<bool> {
    let architecture = gguf.metadata.need_text("general.architecture")?;
    Ok(crate::FALLBACKS.contains(&architecture) || (architecture == "llama" && quantized::has_experts(gguf)))
}

impl Model {
    /// Loads the weights. `vocabulary` is the tokenizer's size: the embeddings must have as many rows.
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

    /// Returns the context window in positions, prompt and answer together.
    pub fn context_length(&self) -> usize {
        self.context
    }

    /// Returns how many positions the next pass may take, so that its attention scores stay within bounds.
    pub fn chunk(&self) -> usize {
        let row = self.heads * (self.past + MAX_CHUNK) * size_of::<f32>();
        (SCORE_BYTES / row.max(1)).clamp(MIN_CHUNK, MAX_CHUNK)
    }

    /// Forgets the positions from `keep` on. If there are any, all others are forgotten too. Returns how many are left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        if keep < self.past {
            self.past = 0;
        }
        self.past
    }

    /// Reads tokens and returns the logits after each of the last `wanted` of them, one number for each token of the
    /// vocabulary.
    pub fn logits_after(&mut self, ids: &[u32], wanted: usize) -> Computed<Vec<f32>> {
        if ids.is_empty() || self.past + ids.len() > self.context {
            candle_core::bail!("{} tokens after {} do not fit in the context", ids.len(), self.past);
        }
        if self.past == 0 {
            self.inner.clear()?;
        }
        // The models return only the logits of the last position, so each earlier position that is wanted ends a
        // portion.
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

    /// Returns how many of the next `left` tokens are read at once.
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
