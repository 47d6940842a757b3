//! Computes rotary position embeddings: Su et al., "RoFormer" (2021), arXiv 2104.09864.
//!
//! Angles are computed for the positions at hand instead of being kept in a table for the whole context. This costs a
//! ten-thousandth of a forward pass and saves gigabytes for long contexts.

use candle_core::{D, Device, Result, Tensor};

/// Which components of a head rotate together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pairing {
    /// 2i with 2i + 1. Llama's GGUF files are permuted for it.
    Interleaved,
    /// i with i + dim / 2.
    Neox,
}

#[derive(Debug, Clone)]
pub(crate) struct RopeConfig {
    pub base: f64,
    /// Number of components that rotate. The rest of the head stays unchanged.
    pub dim: usize,
    pub pairing: Pairing,
    /// Factor on positions (linear scaling).
    pub scale: f64,
    /// Factor on the result (LongRoPE's attention factor).
    pub magnitude: f64,
}

pub(crate) struct Rope {
    pub config: RopeConfig,
    frequencies: Vec<f64>,
}

/// Cosines and sines, `(positions, dim / 2)` each.
pub(super) struct Angles {
    cos: Tensor,
    sin: Tensor,
    dim: usize,
    pairing: Pairing,
}

impl Rope {
    /// `divisors`, if given, are `dim / 2` numbers that slow each frequency down (the scaling of Llama 3 and LongRoPE).
    pub fn new(config: RopeConfig, divisors: Option<&[f32]>) -> Self {
        let frequencies = (0..config.dim / 2)
            .map(|i| {
                let divisor = divisors.and_then(|d| d.get(i)).map_or(1.0, |&d| f64::from(d));
                config.base.powf(-2.0 * i as f64 / config.dim as f64) * config.scale / divisor
            })
            .collect();
        Self { config, frequencies }
    }

    /// Computes the cosines and sines of `count` positions from `from` on, `dim / 2` of each per position.
    pub fn fill(&self, from: usize, count: usize, cos: &mut Vec<f32>, sin: &mut Vec<f32>) {
        cos.clear();
        sin.clear();
        for position in from..from + count {
            for frequency in &self.frequencies {
                // f64, because an f32 angle is off by a thousandth of a turn after some ten thousand positions.
                let angle = position as f64 * frequency;
                cos.push((angle.cos() * self.config.magnitude) as f32);
                sin.push((angle.sin() * self.config.magnitude) as f32);
            }
        }
    }

    pub(super) fn angles(&self, from: usize, count: usize, device: &Device) -> Result<Angles> {
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        self.fill(from, count, &mut cos, &mut sin);
        let shape = (count, self.frequencies.len());
        Ok(Angles {
            cos: Tensor::from_vec(cos, shape, device)?,
            sin: Tensor::from_vec(sin, shape, device)?,
            dim: self.config.dim,
            pairing: self.config.pairing,
        })
    }
}

impl Angles {
    /// Rotates `(heads, positions, head_dim)`.
    pub fn turn(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, head_dim) = x.dims3()?;
        let x = x.unsqueeze(0)?;
        let turning = x.narrow(D::Minus1, 0, self.dim)?.contiguous()?;
        let turned = match self.pairing {
            Pairing::Interleaved => candle_nn::rotary_emb::rope_i(&turning, &self.cos, &self.sin)?,
            Pairing::Neox => candle_nn::rotary_emb::rope(&turning, &self.cos, &self.sin)?,
        };
        if self.dim == head_dim {
            return turned.squeeze(0);
        }
        let rest = x.narrow(D::Minus1, self.dim, head_dim - self.dim)?;
        Tensor::cat(&[&turned, &rest.contiguous()?], D::Minus1)?.squeeze(0)
    }
}
