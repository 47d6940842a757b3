//! The forward pass that a file and a device call for.
//!
//! In: a checked GGUF file and a device, then token ids. Out: logits. It must not know text or sampling.
//! On the CPU our own kernels compute (`cpu`); on other devices, and for the types of weights that have no kernel,
//! Candle's tensors do (`arch`); architectures without a decoder of our own are run by candle-transformers (`fallback`).

use askpm_gguf::Gguf;
use askpm_kernels::{Workers, attention::Precision};
use candle_core::{Device, Result as Computed};

use super::error::EngineError;
use super::{arch, cpu, fallback};

/// A loaded decoder with its key–value cache.
pub(crate) enum Model {
    Cpu(Box<cpu::Model>),
    Tensors(Box<arch::Model>),
    Transformers(fallback::Model),
}

/// What runs a model on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// The engine, on its own kernels.
    Kernels,
    /// The engine, on Candle's tensors.
    Tensors,
    /// candle-transformers' own model.
    Transformers,
}

impl Runner {
    /// What runs a model of an architecture and a type of weights, such as `Q4_K_M`; `None` where nothing does.
    pub fn of(architecture: &str, quantization: &str) -> Option<Self> {
        if fallback::FALLBACKS.contains(&architecture) {
            return Some(Self::Transformers);
        }
        let bare = cpu::WITHOUT_KERNELS.iter().any(|kind| quantization.starts_with(kind));
        arch::ARCHITECTURES
            .contains(&architecture)
            .then_some(if bare { Self::Tensors } else { Self::Kernels })
    }

    /// The name of whose kernels are used.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernels => "askpm",
            Self::Tensors => "candle",
            Self::Transformers => "candle-transformers",
        }
    }
}

impl Model {
    /// Loads the weights. `vocabulary` is the tokenizer's size: embeddings must have as many rows. `precision` is that of
    /// keys and values, where our own kernels compute.
    pub fn load(gguf: &Gguf, vocabulary: usize, device: &Device, precision: Precision) -> Result<Self, EngineError> {
        if fallback::takes(gguf)? {
            return Ok(Self::Transformers(fallback::Model::load(gguf, vocabulary, device)?));
        }
        if device.is_cpu() && cpu::covers(gguf) {
            let model = cpu::Model::load(gguf, vocabulary, precision, Workers::for_machine())?;
            return Ok(Self::Cpu(Box::new(model)));
        }
        Ok(Self::Tensors(Box::new(arch::Model::load(gguf, vocabulary, device)?)))
    }

    /// Positions, prompt and answer together.
    pub fn context_length(&self) -> usize {
        match self {
            Self::Cpu(model) => model.context_length(),
            Self::Tensors(model) => model.context_length(),
            Self::Transformers(model) => model.context_length(),
        }
    }

    /// How many positions the next pass may take.
    pub fn chunk(&self) -> usize {
        match self {
            Self::Cpu(model) => model.chunk(),
            Self::Tensors(model) => model.chunk(),
            Self::Transformers(model) => model.chunk(),
        }
    }

    /// Whether a position's logits are the same to the last bit however many are read together.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Cpu(_))
    }

    /// Threads that compute, where it is for this program to say.
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

    /// Forgets the positions from `keep` on, and all of them where the model cannot go back there. Returns how many are
    /// left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        match self {
            Self::Cpu(model) => model.truncate(keep),
            Self::Tensors(model) => model.truncate(keep),
            Self::Transformers(model) => model.truncate(keep),
        }
    }

    /// The keys and values of the first `positions`, where they can be put back to the last bit.
    pub fn save(&mut self, positions: usize) -> Option<Vec<u8>> {
        match self {
            Self::Cpu(model) => model.save(positions),
            Self::Tensors(_) | Self::Transformers(_) => None,
        }
    }

    /// Puts back what `save` gave, in place of what is in the cache. False, and nothing done, where it does not fit.
    pub fn restore(&mut self, positions: usize, saved: &[u8]) -> bool {
        match self {
            Self::Cpu(model) => model.restore(positions, saved),
            Self::Tensors(_) | Self::Transformers(_) => false,
        }
    }

    /// Reads tokens after those already in the cache, and writes the logits after each of the last `wanted` of them to
    /// `logits`, one a token of the vocabulary.
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

    /// Reads tokens and gives the logits after the last of them.
    #[cfg(test)]
    pub fn logits(&mut self, ids: &[u32]) -> Computed<Vec<f32>> {
        let mut logits = Vec::new();
        self.pass(ids, 1, &mut logits)?;
        Ok(logits)
    }
}
