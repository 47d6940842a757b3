//! The supported decoder-only transformers, as one model with switches, on Candle's tensors.
//!
//! This is one small decoder on Candle's tensors and quantized matmuls, instead of candle-transformers' separate
//! models. Those of 0.11.1 cannot be relied on here:
//!
//! - `quantized_llama` stops at 4096 positions and ignores the rotary divisors of Llama 3.
//! - `quantized_gemma3` uses SiLU instead of GELU, rejects prompts in chunks and keeps 3 GB of rotary tables for the 1B
//!   model.
//! - `quantized_qwen3` computes rotary angles in half precision if a file does not state its type.
//! - `quantized_lfm2` loses the convolution's state between chunks.
//! - `quantized_smollm3` prints.
//! - Several keep every mask that they ever made.
//!
//! Where their results are right, `tests` compares with them and with llama.cpp's.

mod attention;
pub(super) mod config;
mod layer;
pub(super) mod rope;
pub(super) mod weights;

use std::sync::Arc;

use askpm_gguf::Gguf;
use candle_core::quantized::QTensor;
use candle_core::{Device, Result as Computed, Tensor};

use super::error::EngineError;
use super::lora::Adapter;
use attention::{Masks, Step};
use config::{Config, Mixer};
use layer::Layer;
use rope::{Angles, Rope};
use weights::{Linear, Norm, Weights};

type Result<T> = std::result::Result<T, EngineError>;

/// Maximum bytes of one layer's attention scores for one chunk of a prompt.
const SCORE_BYTES: usize = 64 << 20;
const MAX_CHUNK: usize = 512;
const MIN_CHUNK: usize = 16;

/// A loaded decoder with its KV cache.
pub(crate) struct Model {
    config: Config,
    embeddings: Arc<QTensor>,
    layers: Vec<Layer>,
    norm: Norm,
    head: Linear,
    ropes: Vec<Rope>,
    device: Device,
    past: usize,
}

impl Model {
    /// Loads the weights. `vocabulary` is the tokenizer's size: the embeddings must have as many rows.
    pub fn load(gguf: &Gguf, adapter: Option<&Adapter>, vocabulary: usize, device: &Device) -> Result<Self> {
        let architecture = gguf.metadata.need_text("general.architecture")?;
        if !crate::ARCHITECTURES.contains(&architecture) {
            return Err(EngineError::Architecture {
                path: gguf.path.clone(),
                architecture: architecture.into(),
            });
        }
        let config = Config::read(&gguf.metadata, architecture)?;
        let weights = Weights::adapted(gguf, adapter, device);
        let embeddings = weights.table("token_embd.weight", vocabulary, config.width)?;
        let norm = weights.norm(config.output_norm, config.width, config.eps)?;
        let head = if weights.has("output.weight") {
            weights.linear("output", config.width, vocabulary)?
        } else {
            weights.tied(embeddings.clone())?
        };
        let ropes = ropes(&weights, &config)?;
        let layers = config
            .layers
            .iter()
            .enumerate()
            .map(|(index, mixer)| Layer::load(&weights, &config, index, *mixer))
            .collect::<Result<_>>()?;
        weights.all_taken()?;
        Ok(Self {
            config,
            embeddings,
            layers,
            norm,
            head,
            ropes,
            device: device.clone(),
            past: 0,
        })
    }

    /// Returns the context window in positions, prompt and answer together.
    pub fn context_length(&self) -> usize {
        self.config.context
    }

    /// Forgets the positions from `keep` on, or all of them if a layer cannot go back. Returns how many are left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        if keep < self.past {
            let goes_back = |mixer: &Mixer| matches!(mixer, Mixer::Attention { .. });
            self.past = if self.config.layers.iter().all(goes_back) {
                keep
            } else {
                0
            };
        }
        if self.past == 0 {
            self.layers.iter_mut().for_each(Layer::clear);
        }
        self.past
    }

    #[cfg(test)]
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns how many positions the next pass may take, so that its attention scores stay within bounds.
    pub fn chunk(&self) -> usize {
        let row = self.config.heads * (self.past + MAX_CHUNK) * size_of::<f32>();
        (SCORE_BYTES / row.max(1)).clamp(MIN_CHUNK, MAX_CHUNK)
    }

    /// Reads tokens and returns the logits after each of the last `wanted` of them, one number for each token of the
    /// vocabulary.
    pub fn logits_after(&mut self, ids: &[u32], wanted: usize) -> Computed<Vec<f32>> {
        let hidden = self.pass(ids)?;
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let last = hidden.narrow(0, ids.len().saturating_sub(wanted), wanted)?;
        self.head.forward(&self.norm.forward(&last)?)?.flatten_all()?.to_vec1()
    }

    fn pass(&mut self, ids: &[u32]) -> Computed<Tensor> {
        if ids.is_empty() || self.past + ids.len() > self.config.context {
            candle_core::bail!("{} tokens after {} do not fit in the context", ids.len(), self.past);
        }
        let tensor = Tensor::new(ids, &self.device)?;
        let mut x = (self.embeddings.embedding(&tensor)? * self.config.embedding_scale)?;
        let angles: Vec<Angles> = self
            .ropes
            .iter()
            .map(|rope| rope.angles(self.past, ids.len(), &self.device))
            .collect::<Computed<_>>()?;
        let windows = self.config.layers.iter().filter_map(|mixer| match mixer {
            Mixer::Attention { window, .. } => Some(*window),
            Mixer::Convolution { .. } => None,
        });
        let masks = Masks::new(self.past, ids.len(), windows, &self.device)?;
        let step = Step {
            angles: &angles,
            past: self.past,
            masks: &masks,
        };
        for layer in &mut self.layers {
            x = layer.forward(&x, &step)?;
        }
        self.past += ids.len();
        Ok(x)
    }
}

/// Returns the rotary tables, slowed down by the file's divisors if it has them.
pub(super) fn ropes(weights: &Weights, config: &Config) -> Result<Vec<Rope>> {
    let mut ropes = Vec::new();
    for (index, rope) in config.ropes.iter().enumerate() {
        let names = ["rope_freqs.weight", "rope_factors_short.weight"];
        let name = names.into_iter().find(|name| index == 0 && weights.has(name));
        let divisors = name.map(|name| weights.numbers(name, rope.dim / 2)).transpose()?;
        ropes.push(Rope::new(rope.clone(), divisors.as_deref()));
    }
    weights.ignore("rope_factors_long.weight");
    Ok(ropes)
}

#[cfg(test)]
#[path = "arch_tests.rs"]
mod tests;
