//! One block of the decoder on the CPU: a mixer over positions, then a feed-forward network, each with a residual.
//!
//! A block takes the residual stream and its norm. It leaves the stream after the block, and its norm for the next
//! block. What each architecture does is in `arch`, whose configuration this follows.

use askpm_kernels::{
    Workers,
    attention::store::{Turn, turn_and_store},
    attention::{Precision, Queries, Shape, attend},
    elementwise::convolution,
    elementwise::{Gate, add_and_norm, gate},
};

use super::super::arch::config::{Activation, Config, Mixer};
use super::super::arch::weights::Weights;
use super::cache::Memory;
use super::stack::Stack;
use super::{Buffers, Result, room};

pub(super) struct Layer {
    /// Weight of the norm before the mixer. The previous block applies it.
    pub before: Vec<f32>,
    mix: Mix,
    after_mix: Option<Vec<f32>>,
    before_feed: Vec<f32>,
    up: Stack,
    down: Stack,
    after_feed: Option<Vec<f32>>,
}

enum Mix {
    Attention {
        input: Stack,
        output: Stack,
        norms: Option<(Vec<f32>, Vec<f32>)>,
        shape: Shape,
        rope: Option<usize>,
        window: Option<usize>,
    },
    Convolution {
        input: Stack,
        output: Stack,
        /// `width` weights for each position that the kernel sees, the oldest first.
        taps: Vec<f32>,
        kernel: usize,
    },
}

impl Layer {
    pub fn load(
        weights: &Weights,
        config: &Config,
        index: usize,
        mixer: Mixer,
        precision: Precision,
        workers: &Workers,
    ) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let norm = |part: &str| weights.numbers(&name(part), config.width);
        let post = |part: &str| {
            if config.post_norms {
                norm(part).map(Some)
            } else {
                Ok(None)
            }
        };
        let (width, inner) = (config.width, config.feed_forward);
        let up = if config.fused_gate {
            vec![(name("ffn_up"), inner * 2)]
        } else {
            vec![(name("ffn_gate"), inner), (name("ffn_up"), inner)]
        };
        Ok(Self {
            before: norm("attn_norm.weight")?,
            mix: match mixer {
                Mixer::Attention { kv_heads, rope, window } => {
                    let shape = Shape {
                        kv_heads,
                        head_dim: config.head_dim,
                        precision,
                    };
                    attention(weights, config, index, shape, (rope, window), workers)?
                }
                Mixer::Convolution { kernel } => convolution(weights, config, index, kernel, workers)?,
            },
            after_mix: post("post_attention_norm.weight")?,
            before_feed: norm("ffn_norm.weight")?,
            up: Stack::load(weights, &up, width, workers)?,
            down: Stack::load(weights, &[(name("ffn_down"), width)], inner, workers)?,
            after_feed: post("post_ffw_norm.weight")?,
        })
    }

    /// Returns an empty state for this layer.
    pub fn memory(&self) -> Memory {
        match &self.mix {
            Mix::Attention { shape, .. } => Memory::Pages {
                shape: *shape,
                pages: Vec::new(),
            },
            Mix::Convolution { kernel, taps, .. } => {
                Memory::Convolution(convolution::Memory::new(taps.len() / kernel, *kernel))
            }
        }
    }

    /// Processes `count` rows after `past` positions. Only the last `wanted` rows are needed afterwards: they are left
    /// at the beginning of the buffers, with their norm by `next` in `y`.
    pub fn forward(
        &self,
        config: &Config,
        buffers: &mut Buffers,
        memory: &mut Memory,
        (past, count, wanted): (usize, usize, usize),
        next: Option<&[f32]>,
        workers: &Workers,
    ) {
        let (width, eps) = (config.width, config.eps);
        self.mix(config, buffers, memory, (past, count, wanted), workers);
        if wanted == 0 {
            return;
        }
        if wanted < count {
            buffers.x.copy_within((count - wanted) * width..count * width, 0);
        }
        let x = &mut buffers.x[..wanted * width];
        let y = &mut buffers.y[..wanted * width];
        add_and_norm(
            x,
            y,
            width,
            self.after_mix.as_deref(),
            Some(&self.before_feed),
            eps,
            workers,
        );
        let both = room(&mut buffers.wide, wanted * self.up.rows());
        self.up.map(y, wanted, &mut buffers.products, both, workers);
        let function = match config.activation {
            Activation::Silu => Gate::Silu,
            Activation::Gelu => Gate::Gelu,
        };
        let inner = room(&mut buffers.inner, wanted * config.feed_forward);
        gate(both, config.feed_forward, function, inner, workers);
        self.down.map(inner, wanted, &mut buffers.products, y, workers);
        add_and_norm(x, y, width, self.after_feed.as_deref(), next, eps, workers);
    }

    /// Runs the mixer on the normed rows in `y`. Leaves its output for the last `wanted` rows in `y`.
    fn mix(
        &self,
        config: &Config,
        buffers: &mut Buffers,
        memory: &mut Memory,
        (past, count, wanted): (usize, usize, usize),
        workers: &Workers,
    ) {
        let width = config.width;
        let y = &mut buffers.y[..count * width];
        match (&self.mix, memory) {
            (
                Mix::Attention {
                    input,
                    output,
                    norms,
                    rope,
                    window,
                    ..
                },
                Memory::Pages { shape, pages },
            ) => {
                let stride = input.rows();
                let rows = room(&mut buffers.wide, count * stride);
                input.multiply(y, count, &mut buffers.products, rows, workers);
                let turn = Turn {
                    bias: input.bias(),
                    norms: norms.as_ref().map(|(q, k)| (q.as_slice(), k.as_slice())),
                    eps: config.eps,
                    angles: rope.and_then(|rope| buffers.angles.get(rope)),
                    // Attention computes powers of 2 instead of e.
                    scale: (config.attention_scale * std::f64::consts::LOG2_E) as f32,
                };
                turn_and_store(rows, config.heads, past, &turn, pages, shape, workers);
                if wanted == 0 {
                    return;
                }
                let queries = Queries {
                    numbers: &rows[(count - wanted) * stride..],
                    stride,
                    heads: config.heads,
                    past: past + count - wanted,
                    count: wanted,
                    window: *window,
                };
                let inner = config.heads * config.head_dim;
                let seen = room(&mut buffers.inner, wanted * inner);
                attend(&queries, pages, shape, seen, &mut buffers.scratch, workers);
                output.map(seen, wanted, &mut buffers.products, y, workers);
            }
            (
                Mix::Convolution {
                    input, output, taps, ..
                },
                Memory::Convolution(memory),
            ) => {
                let rows = room(&mut buffers.wide, count * input.rows());
                input.map(y, count, &mut buffers.products, rows, workers);
                let seen = room(&mut buffers.inner, count * width);
                memory.convolve(rows, taps, seen, workers);
                let seen = &seen[(count - wanted) * width..];
                if wanted > 0 {
                    output.map(seen, wanted, &mut buffers.products, y, workers);
                }
            }
            // `memory` returns the variant that fits `mix`.
            _ => debug_assert!(false, "a layer with another layer's memory"),
        }
    }
}

fn attention(
    weights: &Weights,
    config: &Config,
    index: usize,
    shape: Shape,
    (rope, window): (Option<usize>, Option<usize>),
    workers: &Workers,
) -> Result<Mix> {
    let name = |part: &str| format!("blk.{index}.{part}");
    let (q, kv) = (config.heads * config.head_dim, shape.kv_heads * config.head_dim);
    let input = if config.fused_qkv {
        vec![(name("attn_qkv"), q + 2 * kv)]
    } else {
        vec![(name("attn_q"), q), (name("attn_k"), kv), (name("attn_v"), kv)]
    };
    let norm = |part: &str| weights.numbers(&name(part), config.head_dim);
    let norms = if config.qk_norm {
        Some((norm("attn_q_norm.weight")?, norm("attn_k_norm.weight")?))
    } else {
        None
    };
    Ok(Mix::Attention {
        input: Stack::load(weights, &input, config.width, workers)?,
        output: Stack::load(weights, &[(name("attn_output"), config.width)], q, workers)?,
        norms,
        shape,
        rope,
        window,
    })
}

fn convolution(weights: &Weights, config: &Config, index: usize, kernel: usize, workers: &Workers) -> Result<Mix> {
    let name = |part: &str| format!("blk.{index}.shortconv.{part}");
    let width = config.width;
    // The file has `(width, kernel)`.
    let by_channel = weights.table_of_numbers(&name("conv.weight"), &[width, kernel])?;
    let taps = (0..kernel * width)
        .map(|at| by_channel[(at % width) * kernel + at / width])
        .collect();
    Ok(Mix::Convolution {
        input: Stack::load(weights, &[(name("in_proj"), width * 3)], width, workers)?,
        output: Stack::load(weights, &[(name("out_proj"), width)], width, workers)?,
        taps,
        kernel,
    })
}
