//! Causal self-attention with grouped key-value heads, and its KV cache.
//!
//! Input and output are `(positions, hidden size)`. Each new position attends to all positions so far, or to a window
//! of them. Attention: Vaswani et al. (2017), arXiv 1706.03762. Grouped heads: Ainslie et al. (2023), arXiv 2305.13245.
//! The queries of a group are concatenated, so that keys and values are used in place and not copied for each head.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};

use super::rope::Angles;
use super::weights::{Linear, Norm};

/// What all layers share during one forward pass.
pub(super) struct Step<'a> {
    pub angles: &'a [Angles],
    /// Number of positions already in the cache.
    pub past: usize,
    pub masks: &'a Masks,
}

/// The masks of one pass, by window: `(positions, keys)`, 0 where a key is visible and -inf elsewhere.
pub(super) struct Masks(HashMap<Option<usize>, Tensor>);

/// Returns the first key that any of the new positions can see.
fn first_key(past: usize, window: Option<usize>) -> usize {
    window.map_or(0, |w| (past + 1).saturating_sub(w))
}

impl Masks {
    /// Builds masks for `count` positions after `past`. A single position needs none, because it sees every key from
    /// the first on.
    pub fn new(
        past: usize,
        count: usize,
        windows: impl Iterator<Item = Option<usize>>,
        device: &Device,
    ) -> Result<Self> {
        let mut masks = HashMap::new();
        for window in windows {
            if count == 1 || masks.contains_key(&window) {
                continue;
            }
            let first = first_key(past, window);
            let keys = past + count - first;
            let mut mask = vec![0f32; count * keys];
            for (row, query) in mask.chunks_mut(keys).zip(past..) {
                for (cell, key) in row.iter_mut().zip(first..) {
                    if key > query || window.is_some_and(|w| query - key >= w) {
                        *cell = f32::NEG_INFINITY;
                    }
                }
            }
            masks.insert(window, Tensor::from_vec(mask, (count, keys), device)?);
        }
        Ok(Self(masks))
    }
}

pub(super) enum Projections {
    Apart { q: Linear, k: Linear, v: Linear },
    Fused(Linear),
}

pub(super) struct Attention {
    pub projections: Projections,
    pub output: Linear,
    pub norms: Option<(Norm, Norm)>,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub scale: f64,
    pub rope: Option<usize>,
    pub window: Option<usize>,
    pub cache: KvCache,
}

impl Attention {
    pub fn forward(&mut self, x: &Tensor, step: &Step) -> Result<Tensor> {
        let count = x.dim(0)?;
        let (q, k, v) = self.project(x)?;
        let (q, k, v) = (
            self.split(&q, self.heads)?,
            self.split(&k, self.kv_heads)?,
            self.split(&v, self.kv_heads)?,
        );
        let (q, k) = match &self.norms {
            Some((q_norm, k_norm)) => (q_norm.forward(&q)?, k_norm.forward(&k)?),
            None => (q, k),
        };
        let (q, k) = match self.rope.and_then(|index| step.angles.get(index)) {
            Some(angles) => (angles.turn(&q)?, angles.turn(&k)?),
            None => (q, k),
        };
        self.cache.append(&k, &v, step.past)?;
        let first = first_key(step.past, self.window);
        let (k, v) = self.cache.view(first)?;
        let keys = k.dim(1)?;
        let group = self.heads / self.kv_heads;
        let q = (q.reshape((self.kv_heads, group * count, self.head_dim))? * self.scale)?;
        let scores = q.matmul(&k.transpose(1, 2)?)?.reshape((self.heads, count, keys))?;
        let scores = match step.masks.0.get(&self.window) {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        let shares = candle_nn::ops::softmax_last_dim(&scores)?;
        let seen = shares.reshape((self.kv_heads, group * count, keys))?.matmul(&v)?;
        let seen = seen
            .reshape((self.heads, count, self.head_dim))?
            .transpose(0, 1)?
            .contiguous()?;
        self.output.forward(&seen.reshape((count, self.heads * self.head_dim))?)
    }

    fn project(&self, x: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
        match &self.projections {
            Projections::Apart { q, k, v } => Ok((q.forward(x)?, k.forward(x)?, v.forward(x)?)),
            Projections::Fused(all) => {
                let all = all.forward(x)?;
                let (q, kv) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
                Ok((all.narrow(1, 0, q)?, all.narrow(1, q, kv)?, all.narrow(1, q + kv, kv)?))
            }
        }
    }

    /// Reshapes `(positions, heads * head_dim)` to `(heads, positions, head_dim)`.
    fn split(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
        let count = x.dim(0)?;
        x.contiguous()?
            .reshape((count, heads, self.head_dim))?
            .transpose(0, 1)?
            .contiguous()
    }
}

/// Keys and values of the positions so far, `(kv_heads, capacity, head_dim)` each, in a buffer that doubles when full.
#[derive(Default)]
pub(super) struct KvCache {
    buffers: Option<(Tensor, Tensor)>,
    len: usize,
}

/// Initial size of a buffer, and the least by which it grows, in positions.
const STEP: usize = 256;

impl KvCache {
    pub fn clear(&mut self) {
        self.buffers = None;
        self.len = 0;
    }

    /// Writes new positions after the first `past`. Later positions that were in the cache are dropped.
    fn append(&mut self, k: &Tensor, v: &Tensor, past: usize) -> Result<()> {
        let count = k.dim(1)?;
        if past > self.len {
            candle_core::bail!("the key-value cache holds {} positions, not {past}", self.len);
        }
        let capacity = self.buffers.as_ref().map_or(Ok(0), |(k, _)| k.dim(1))?;
        if past + count > capacity {
            self.grow(k, past, (past + count).max(capacity * 2).next_multiple_of(STEP))?;
        }
        if let Some((keys, values)) = &self.buffers {
            keys.slice_set(k, 1, past)?;
            values.slice_set(v, 1, past)?;
        }
        self.len = past + count;
        Ok(())
    }

    fn grow(&mut self, like: &Tensor, keep: usize, capacity: usize) -> Result<()> {
        let (heads, _, dim) = like.dims3()?;
        let fresh = || Tensor::zeros((heads, capacity, dim), DType::F32, like.device());
        let (keys, values) = (fresh()?, fresh()?);
        if let Some((old_keys, old_values)) = &self.buffers
            && keep > 0
        {
            keys.slice_set(&old_keys.narrow(1, 0, keep)?.contiguous()?, 1, 0)?;
            values.slice_set(&old_values.narrow(1, 0, keep)?.contiguous()?, 1, 0)?;
        }
        self.buffers = Some((keys, values));
        Ok(())
    }

    /// Returns the keys and values from position `first` on.
    fn view(&self, first: usize) -> Result<(Tensor, Tensor)> {
        let Some((k, v)) = &self.buffers else {
            candle_core::bail!("the key-value cache is empty");
        };
        let count = self.len - first.min(self.len);
        Ok((k.narrow(1, first, count)?, v.narrow(1, first, count)?))
    }
}
