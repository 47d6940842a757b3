//! The forward pass on the CPU: the same decoders as in `arch`, on askpm's SIMD kernels.
//!
//! It uses neither Candle's tensors nor a `CustomOp`. Every tensor operation allocates its result and hands the work to
//! a thread pool again, which for one token costs about as much as the work. Here a pass reuses its buffers, and
//! weights are repacked once (`kernels`). Matmuls take activations rounded to 8 bits in blocks of 32, as in llama.cpp,
//! and the operations between matmuls are fused. `arch` remains for other devices, for weight types without a kernel,
//! and as the reference for tests.
//!
//! Every position's numbers are computed in the same order, whether the position is read alone, in a chunk of a prompt
//! or in a draft. Its logits are the same to the last bit, which makes prefix reuse and speculative decoding exact.

mod cache;
mod layer;
mod stack;
use askpm_gguf::Gguf;
use askpm_kernels::{
    Matrix, Workers,
    attention::store::Angles,
    attention::{Precision, Scratch},
    elementwise, multiply,
};
use candle_core::Result as Computed;

use super::arch::config::Config;
use super::arch::rope::{Pairing, Rope};
use super::arch::weights::Weights;
use super::error::EngineError;
use super::lora::{Adapter, Products};
use cache::Cache;
use layer::Layer;

type Result<T> = std::result::Result<T, EngineError>;

/// Number of prompt positions that go through the layers together: enough to use each weight often while it is cached,
/// few enough for their activations to stay in the L2 cache.
const CHUNK: usize = 256;

/// A loaded decoder with its KV cache.
pub(crate) struct Model {
    config: Config,
    embeddings: Matrix,
    /// `None` if the embeddings serve as the head.
    head: Option<Matrix>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    ropes: Vec<Rope>,
    cache: Cache,
    buffers: Buffers,
    workers: Workers,
}

/// The buffers that a pass works in.
#[derive(Default)]
struct Buffers {
    /// The residual stream.
    x: Vec<f32>,
    /// Normed rows, and the output of a mixer or feed-forward network.
    y: Vec<f32>,
    /// The output of the wide maps: query, key and value; gate and up.
    wide: Vec<f32>,
    /// The output of attention or convolution; gated activations.
    inner: Vec<f32>,
    products: Products,
    angles: Vec<Angles>,
    scratch: Scratch,
}

/// Returns the first `size` numbers of a buffer, which grows if needed.
fn room(buffer: &mut Vec<f32>, size: usize) -> &mut [f32] {
    if buffer.len() < size {
        buffer.resize(size, 0.0);
    }
    &mut buffer[..size]
}

impl Model {
    /// Loads and repacks the weights. `vocabulary` is the tokenizer's size: the embeddings must have as many rows.
    pub fn load(
        gguf: &Gguf,
        adapter: Option<&Adapter>,
        vocabulary: usize,
        precision: Precision,
        workers: Workers,
    ) -> Result<Self> {
        let architecture = gguf.metadata.need_text("general.architecture")?;
        let config = Config::read(&gguf.metadata, architecture)?;
        let device = candle_core::Device::Cpu;
        let weights = Weights::adapted(gguf, adapter, &device);
        let embeddings = weights.matrix("token_embd.weight", vocabulary, config.width, &workers)?;
        let head = if weights.has("output.weight") {
            Some(weights.matrix("output.weight", vocabulary, config.width, &workers)?)
        } else {
            None
        };
        let norm = weights.numbers(config.output_norm, config.width)?;
        let ropes = super::arch::ropes(&weights, &config)?;
        let layers = config
            .layers
            .iter()
            .enumerate()
            .map(|(index, mixer)| Layer::load(&weights, &config, index, *mixer, precision, &workers))
            .collect::<Result<Vec<_>>>()?;
        weights.all_taken()?;
        let angles = ropes.iter().map(|_| Angles::default()).collect();
        Ok(Self {
            cache: Cache::new(layers.iter().map(Layer::memory)),
            config,
            embeddings,
            head,
            layers,
            norm,
            ropes,
            buffers: Buffers {
                angles,
                ..Buffers::default()
            },
            workers,
        })
    }

    /// Returns the context window in positions, prompt and answer together.
    pub fn context_length(&self) -> usize {
        self.config.context
    }

    /// Returns the number of positions in the cache.
    pub fn past(&self) -> usize {
        self.cache.past()
    }

    pub fn threads(&self) -> usize {
        self.workers.parts()
    }

    /// Forgets the positions from `keep` on, and perhaps more. Returns how many are left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        self.cache.truncate(keep)
    }

    /// Returns the keys and values of the first `positions`; see [`Cache::save`].
    pub fn save(&mut self, positions: usize) -> Option<Vec<u8>> {
        self.cache.save(positions)
    }

    /// Replaces the contents of the cache with what `save` returned. Returns false and does nothing if it does not fit.
    pub fn restore(&mut self, positions: usize, saved: &[u8]) -> bool {
        positions <= self.config.context && self.cache.restore(positions, saved)
    }

    #[cfg(test)]
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns how many positions the next pass may take.
    pub fn chunk(&self) -> usize {
        CHUNK
    }

    /// Reads tokens after those already in the cache. Writes the logits after each of the last `wanted` of them to
    /// `logits`, one number for each token of the vocabulary.
    pub fn pass(&mut self, ids: &[u32], wanted: usize, logits: &mut Vec<f32>) -> Computed<()> {
        let (past, count, width) = (self.past(), ids.len(), self.config.width);
        if count == 0 || past + count > self.config.context || wanted > count {
            candle_core::bail!("{count} tokens after {past} do not fit in the context");
        }
        self.embed(ids)?;
        self.turn(past, count);
        self.cache.reserve(past + count);
        let buffers = &mut self.buffers;
        let (eps, workers) = (self.config.eps, &self.workers);
        if let Some(first) = self.layers.first() {
            let (x, y) = (&buffers.x[..count * width], room(&mut buffers.y, count * width));
            elementwise::norm(x, &first.before, eps, y, workers);
        }
        let last = self.layers.len().saturating_sub(1);
        for (index, layer) in self.layers.iter().enumerate() {
            // The last layer only computes the rows whose logits are wanted.
            let wanted = if index == last { wanted } else { count };
            let next = self.layers.get(index + 1).map(|next| next.before.as_slice());
            let memory = self.cache.layer(index);
            layer.forward(&self.config, buffers, memory, (past, count, wanted), next, workers);
        }
        self.cache.advance(count);
        if wanted == 0 {
            return Ok(());
        }
        let x = &buffers.x[..wanted * width];
        let y = room(&mut buffers.y, wanted * width);
        elementwise::norm(x, &self.norm, eps, y, workers);
        let head = self.head.as_ref().unwrap_or(&self.embeddings);
        let activations = &mut buffers.products.activations;
        activations.set(y, wanted, width, head.inputs(), workers);
        logits.resize(wanted * head.rows(), 0.0);
        multiply(head, activations, logits, workers);
        Ok(())
    }

    /// Starts the residual stream with the embeddings of the tokens.
    fn embed(&mut self, ids: &[u32]) -> Computed<()> {
        let width = self.config.width;
        let scale = self.config.embedding_scale as f32;
        let x = room(&mut self.buffers.x, ids.len() * width);
        for (id, row) in ids.iter().zip(x.chunks_exact_mut(width)) {
            if *id as usize >= self.embeddings.rows() {
                candle_core::bail!("the vocabulary has no token {id}");
            }
            self.embeddings.row(*id as usize, row);
            if scale != 1.0 {
                row.iter_mut().for_each(|x| *x *= scale);
            }
        }
        Ok(())
    }

    /// Computes the rotary angles of the positions at hand.
    fn turn(&mut self, past: usize, count: usize) {
        for (rope, angles) in self.ropes.iter().zip(&mut self.buffers.angles) {
            angles.dim = rope.config.dim;
            angles.interleaved = rope.config.pairing == Pairing::Interleaved;
            rope.fill(past, count, &mut angles.cos, &mut angles.sin);
        }
    }
}

/// Weight types without a kernel here.
pub const WITHOUT_KERNELS: &[&str] = &["Q2_K", "Q3_K"];

/// Returns whether every tensor of the file has a type with a kernel.
pub(crate) fn covers(gguf: &Gguf) -> bool {
    gguf.tensor_names()
        .filter_map(|name| gguf.entry(name))
        .all(|entry| !WITHOUT_KERNELS.contains(&entry.kind()))
}

#[cfg(test)]
mod tests;
