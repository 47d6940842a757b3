//! Chooses the forward pass that a file and a device need, and gives access to it.
//!
//! On the CPU, askpm's kernels compute (`cpu`). On other devices, and for weight types without a kernel, Candle's
//! tensors do (`arch`). candle-transformers' models run architectures that have no decoder here (`fallback`).

use askpm_gguf::Gguf;
use askpm_kernels::{Workers, attention::Precision};
use candle_core::{Device, Result as Computed};

use super::error::EngineError;
use super::lora::Adapter;
use super::{arch, cpu, fallback};

/// A loaded decoder with its KV cache.
pub(crate) enum Model {
    Cpu(Box<cpu::Model>),
    Tensors(Box<arch::Model>),
    Transformers(fallback::Model),
}

/// The implementation that runs a model on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// The engine's decoder, on askpm's kernels.
    Kernels,
    /// The engine's decoder, on Candle's tensors.
    Tensors,
    /// A model of candle-transformers.
    Transformers,
}

impl Runner {
    /// Returns what runs a model of this architecture and weight type, such as `Q4_K_M`. Returns `None` if nothing
    /// does.
    pub fn of(architecture: &str, quantization: &str) -> Option<Self> {
        if crate::FALLBACKS.contains(&architecture) {
            return Some(Self::Transformers);
        }
        let bare = cpu::WITHOUT_KERNELS.iter().any(|kind| quantization.starts_with(kind));
        crate::ARCHITECTURES
            .contains(&architecture)
            .then_some(if bare { Self::Tensors } else { Self::Kernels })
    }

    /// Returns the name of the project whose kernels are used.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernels => "askpm",
            Self::Tensors => "candle",
            Self::Transformers => "candle-transformers",
        }
    }
}

impl Model {
    /// Loads the weights. `vocabulary` is the tokenizer's size: the embeddings must have as many rows. `precision` is
    /// that of keys and values; only askpm's kernels use it.
    pub fn load(
        gguf: &Gguf,
        adapter: Option<&Adapter>,
        vocabulary: usize,
        device: &Device,
        precision: Precision,
    ) -> Result<Self, EngineError> {
        if fallback::takes(gguf)? {
            if let Some(adapter) = adapter {
                let problem = "candle-transformers' models take no adapter";
                adapter.metadata().fail("general.architecture", problem)?;
            }
            return Ok(Self::Transformers(fallback::Model::load(gguf, vocabulary, device)?));
        }
        if device.is_cpu() && cpu::covers(gguf) {
            let model = cpu::Model::load(gguf, adapter, vocabulary, precision, Workers::for_machine())?;
            return Ok(Self::Cpu(Box::new(model)));
        }
        Ok(Self::Tensors(Box::new(arch::Model::load(
            gguf, adapter, vocabulary, device,
        )?)))
    }

    /// Returns the context window in positions, prompt and answer together.
    pub fn context_length(&self) -> usize {
        match self {
            Self::Cpu(model) => model.context_length(),
            Self::Tensors(model) => model.context_length(),
            Self::Transformers(model) => model.context_length(),
        }
    }

    /// Returns how many positions the next pass may take.
    pub fn chunk(&self) -> usize {
        match self {
            Self::Cpu(model) => model.chunk(),
            Self::Tensors(model) => model.chunk(),
            Self::Transformers(model) => model.chunk(),
        }
    }

    /// Returns whether a position's logits are bit-identical however many positions are read together.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Cpu(_))
    }

    /// Returns the number of CPU threads that compute.
    pub fn threads(&self) -> usize {
        match self {
            Self::Cpu(model) => model.threads(),
            Self::Tensors(_) | Self::Transformers(_) => candle_core::utils::get_num_threads(),
        }
    }

    /// Forgets all positions.
    #[cfg(test)]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    #[cfg(test)]
    pub fn layers(&self) -> usize {
        match self {
            Self::Cpu(model) => model.layers(),
            Self::Tensors(model) => model.layers(),
            Self::Transformers(_) => 0,
        }
    }

    /// Forgets the positions from `keep` on, or all of them if the model cannot go back to `keep`. Returns how many are
    /// left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        match self {
            Self::Cpu(model) => model.truncate(keep),
            Self::Tensors(model) => model.truncate(keep),
            Self::Transformers(model) => model.truncate(keep),
        }
    }

    /// Returns the keys and values of the first `positions`, if they can be restored bit for bit.
    pub fn save(&mut self, positions: usize) -> Option<Vec<u8>> {
        match self {
            Self::Cpu(model) => model.save(positions),
            Self::Tensors(_) | Self::Transformers(_) => None,
        }
    }

    /// Replaces the contents of the cache with what `save` returned. Returns false and does nothing if it does not fit.
    pub fn restore(&mut self, positions: usize, saved: &[u8]) -> bool {
        match self {
            Self::Cpu(model) => model.restore(positions, saved),
            Self::Tensors(_) | Self::Transformers(_) => false,
        }
    }

    /// Reads tokens after those already in the cache. Writes the logits after each of the last `wanted` tokens to
    /// `logits`, one number for each token of the vocabulary.
    pub fn pass(&mut self, ids: &[u32], wanted: usize, logits: &mut Vec<f32>) -> Computed<()> {
        match self {
            Self::Cpu(model) => model.pass(ids, wanted, logits),
            Self::Tensors(model) => {
                *logits = model.logits_after(ids, wanted)?;
                Ok(())
            }
            Self::Transformers(model) => {
                *logits = model.logits_after(ids, wanted)?;
                Ok(())
            }
        }
    }

    /// Reads tokens after those already in the cache.
    #[cfg(test)]
    pub fn read(&mut self, ids: &[u32]) -> Computed<()> {
        self.pass(ids, 0, &mut Vec::new())
    }

    /// Reads tokens and returns the logits after the last of them.
    #[cfg(test)]
    pub fn logits(&mut self, ids: &[u32]) -> Computed<Vec<f32>> {
        let mut logits = Vec::new();
        self.pass(ids, 1, &mut logits)?;
        Ok(logits)
    }
}
