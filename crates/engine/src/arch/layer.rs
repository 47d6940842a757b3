//! One block of the decoder: a mixer over positions, then a feed-forward network, each with a residual.
//!
//! Input and output are `(positions, hidden size)`. Gated feed-forward: Shazeer (2020), arXiv 2002.05202. Short
//! convolution: LFM2 technical report (2025), section 3.

use candle_core::{Result as Computed, Tensor};

use super::super::error::EngineError;
use super::attention::{Attention, KvCache, Projections, Step};
use super::config::{Activation, Config, Mixer};
use super::weights::{Linear, Norm, Weights};

type Result<T> = std::result::Result<T, EngineError>;

pub(super) struct Layer {
    before: Norm,
    mix: Mix,
    after_mix: Option<Norm>,
    before_feed: Norm,
    feed: Feed,
    after_feed: Option<Norm>,
}

enum Mix {
    Attention(Box<Attention>),
    Convolution(Box<Convolution>),
}

impl Layer {
    pub fn load(weights: &Weights, config: &Config, index: usize, mixer: Mixer) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let norm = |part: &str| weights.norm(&name(part), config.width, config.eps);
        let post = |part: &str| {
            if config.post_norms {
                norm(part).map(Some)
            } else {
                Ok(None)
            }
        };
        Ok(Self {
            before: norm("attn_norm.weight")?,
            mix: match mixer {
                Mixer::Attention { kv_heads, rope, window } => {
                    Mix::Attention(Box::new(attention(weights, config, index, (kv_heads, rope, window))?))
                }
                Mixer::Convolution { kernel } => {
                    Mix::Convolution(Box::new(Convolution::load(weights, config, index, kernel)?))
                }
            },
            after_mix: post("post_attention_norm.weight")?,
            before_feed: norm("ffn_norm.weight")?,
            feed: Feed::load(weights, config, index)?,
            after_feed: post("post_ffw_norm.weight")?,
        })
    }

    pub fn forward(&mut self, x: &Tensor, step: &Step) -> Computed<Tensor> {
        let y = self.before.forward(x)?;
        let y = match &mut self.mix {
            Mix::Attention(attention) => attention.forward(&y, step)?,
            Mix::Convolution(convolution) => convolution.forward(&y)?,
        };
        let x = (x + normed(y, self.after_mix.as_ref())?)?;
        let y = self.feed.forward(&self.before_feed.forward(&x)?)?;
        x + normed(y, self.after_feed.as_ref())?
    }

    pub fn clear(&mut self) {
        match &mut self.mix {
            Mix::Attention(attention) => attention.cache.clear(),
            Mix::Convolution(convolution) => convolution.state = None,
        }
    }
}

fn normed(x: Tensor, norm: Option<&Norm>) -> Computed<Tensor> {
    norm.map_or(Ok(x.clone()), |norm| norm.forward(&x))
}

fn attention(
    weights: &Weights,
    config: &Config,
    index: usize,
    (kv_heads, rope, window): (usize, Option<usize>, Option<usize>),
) -> Result<Attention> {
    let name = |part: &str| format!("blk.{index}.{part}");
    let (q, kv) = (config.heads * config.head_dim, kv_heads * config.head_dim);
    let projections = if config.fused_qkv {
        Projections::Fused(weights.linear(&name("attn_qkv"), config.width, q + 2 * kv)?)
    } else {
        Projections::Apart {
            q: weights.linear(&name("attn_q"), config.width, q)?,
            k: weights.linear(&name("attn_k"), config.width, kv)?,
            v: weights.linear(&name("attn_v"), config.width, kv)?,
        }
    };
    let norm = |part: &str| weights.norm(&name(part), config.head_dim, config.eps);
    let norms = if config.qk_norm {
        Some((norm("attn_q_norm.weight")?, norm("attn_k_norm.weight")?))
    } else {
        None
    };
    Ok(Attention {
        projections,
        output: weights.linear(&name("attn_output"), q, config.width)?,
        norms,
        heads: config.heads,
        kv_heads,
        head_dim: config.head_dim,
        scale: config.attention_scale,
        rope,
        window,
        cache: KvCache::default(),
    })
}

/// The feed-forward network: gate and up, separate or as the two halves of one map (gate first), then down.
struct Feed {
    gate: Option<Linear>,
    up: Linear,
    down: Linear,
    activation: Activation,
    inner: usize,
}

impl Feed {
    fn load(weights: &Weights, config: &Config, index: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let (width, inner) = (config.width, config.feed_forward);
        let gate = if config.fused_gate {
            None
        } else {
            Some(weights.linear(&name("ffn_gate"), width, inner)?)
        };
        let up = weights.linear(
            &name("ffn_up"),
            width,
            if config.fused_gate { inner * 2 } else { inner },
        )?;
        let down = weights.linear(&name("ffn_down"), inner, width)?;
        Ok(Self {
            gate,
            up,
            down,
            activation: config.activation,
            inner,
        })
    }

    fn forward(&self, x: &Tensor) -> Computed<Tensor> {
        let up = self.up.forward(x)?;
        let (gate, up) = match &self.gate {
            Some(gate) => (gate.forward(x)?, up),
            None => (
                up.narrow(1, 0, self.inner)?.contiguous()?,
                up.narrow(1, self.inner, self.inner)?,
            ),
        };
        let gate = match self.activation {
            Activation::Silu => gate.silu()?,
            Activation::Gelu => gate.gelu()?,
        };
        self.down.forward(&(gate * up)?)
    }
}

/// A causal depthwise convolution between two gates. `state` holds the rows that the next positions still look back on.
struct Convolution {
    input: Linear,
    output: Linear,
    /// `(kernel, width)`, with the weights of the oldest position first.
    taps: Tensor,
    kernel: usize,
    state: Option<Tensor>,
}

impl Convolution {
    fn load(weights: &Weights, config: &Config, index: usize, kernel: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.shortconv.{part}");
        let width = config.width;
        let conv = name("conv.weight");
        let taps = weights.tensor(&conv, &[width, kernel])?;
        let taps = taps.t().and_then(|t| t.contiguous());
        Ok(Self {
            input: weights.linear(&name("in_proj"), width, width * 3)?,
            output: weights.linear(&name("out_proj"), width, width)?,
            taps: weights.compute(&conv, taps)?,
            kernel,
            state: None,
        })
    }

    fn forward(&mut self, x: &Tensor) -> Computed<Tensor> {
        let (count, width) = x.dims2()?;
        let all = self.input.forward(x)?;
        let part = |index: usize| all.narrow(1, index * width, width);
        let gated = (part(0)? * part(2)?)?;
        let before = match &self.state {
            Some(state) => state.clone(),
            None => Tensor::zeros((self.kernel - 1, width), x.dtype(), x.device())?,
        };
        let line = if self.kernel > 1 {
            Tensor::cat(&[&before, &gated], 0)?
        } else {
            gated
        };
        let mut sum = line.narrow(0, 0, count)?.broadcast_mul(&self.taps.narrow(0, 0, 1)?)?;
        for tap in 1..self.kernel {
            sum = (sum
                + line
                    .narrow(0, tap, count)?
                    .broadcast_mul(&self.taps.narrow(0, tap, 1)?)?)?;
        }
        self.state = Some(line.narrow(0, count, self.kernel - 1)?.contiguous()?);
        self.output.forward(&(part(1)? * sum)?)
    }
}
