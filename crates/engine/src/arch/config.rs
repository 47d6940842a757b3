//! The hyperparameters of a decoder, read from metadata and checked for consistency.
//!
//! A [`Config`] causes no division by zero and has no unreasonable size. What each family does follows its paper and
//! llama.cpp's `src/llama-model.cpp`.

use askpm_gguf::Metadata;

use super::super::error::EngineError;
use super::rope::{Pairing, RopeConfig};

type Result<T> = std::result::Result<T, EngineError>;

// Bounds far beyond any model that runs on one machine; they stop sizes from overflowing or exhausting memory.
pub(crate) const MAX_WIDTH: usize = 1 << 17;
pub(crate) const MAX_LAYERS: usize = 1 << 10;
pub(crate) const MAX_HEADS: usize = 1 << 10;
pub(crate) const MAX_CONTEXT: usize = 1 << 24;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    Silu,
    /// The tanh approximation of GELU, as in Gemma.
    Gelu,
}

/// How a layer mixes positions, and with which key-value heads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mixer {
    /// `rope` is the index of the layer's rotary table, or `None` for a layer without position encoding.
    Attention {
        kv_heads: usize,
        rope: Option<usize>,
        window: Option<usize>,
    },
    /// A gated short convolution (LFM2) over this many positions.
    Convolution { kernel: usize },
}

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub width: usize,
    pub heads: usize,
    pub head_dim: usize,
    pub feed_forward: usize,
    pub eps: f32,
    pub context: usize,
    pub layers: Vec<Mixer>,
    /// One or two rotary tables. Each attention layer refers to one by its index.
    pub ropes: Vec<RopeConfig>,
    /// Factor on dot products of queries and keys.
    pub attention_scale: f64,
    /// Factor on the embeddings.
    pub embedding_scale: f64,
    pub activation: Activation,
    /// Whether query, key and value are one tensor; `fused_gate` says whether gate and up are.
    pub fused_qkv: bool,
    pub fused_gate: bool,
    pub qk_norm: bool,
    /// Whether attention and feed-forward have a norm after them, before the residual is added.
    pub post_norms: bool,
    pub output_norm: &'static str,
}

/// Reads keys under the architecture's prefix.
pub(crate) struct Keys<'a> {
    pub metadata: &'a Metadata,
    prefix: &'a str,
}

impl<'a> Keys<'a> {
    pub fn new(metadata: &'a Metadata, prefix: &'a str) -> Self {
        Self { metadata, prefix }
    }

    pub fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    pub fn size(&self, name: &str, max: usize) -> Result<Option<usize>> {
        Ok(self.metadata.size(&self.key(name), max)?)
    }

    pub fn need(&self, name: &str, max: usize) -> Result<usize> {
        Ok(self.metadata.need_size(&self.key(name), max)?)
    }

    pub fn positive(&self, name: &str) -> Result<Option<f64>> {
        Ok(self.metadata.positive(&self.key(name))?)
    }

    pub fn fail<T>(&self, name: &str, problem: impl Into<String>) -> Result<T> {
        Ok(self.metadata.fail(&self.key(name), problem)?)
    }
}

impl Config {
    /// Reads the configuration of a file whose architecture is one of `ARCHITECTURES`.
    pub fn read(metadata: &Metadata, architecture: &str) -> Result<Self> {
        let keys = Keys::new(metadata, architecture);
        let context = keys.need("context_length", MAX_CONTEXT)?;
        let width = keys.need("embedding_length", MAX_WIDTH)?;
        let count = keys.need("block_count", MAX_LAYERS)?;
        let heads = keys.need("attention.head_count", MAX_HEADS)?;
        let feed_forward = keys.need("feed_forward_length", MAX_WIDTH * 8)?;
        let eps = metadata.need_positive(&keys.key("attention.layer_norm_rms_epsilon"))? as f32;
        let head_dim = head_dim(&keys, width, heads)?;
        if let Some(experts) = keys.size("expert_count", 1 << 20).unwrap_or(None)
            && experts > 1
        {
            return keys.fail("expert_count", "mixtures of experts are not supported");
        }
        let rope = rope(&keys, head_dim, architecture)?;
        let context = match long_rope_limit(&keys, architecture)? {
            Some(limit) => context.min(limit),
            None => context,
        };
        let gemma = architecture == "gemma3";
        let layers = layers(&keys, count, heads, architecture)?;
        let mut ropes = vec![rope];
        if gemma {
            // Gemma 3's windowed layers have their own rotary base, unscaled (technical report, section 2).
            let base = keys
                .positive("rope.freq_base_swa")?
                .or(keys.positive("rope.local_freq_base")?);
            ropes.push(RopeConfig {
                base: base.unwrap_or(10_000.0),
                scale: 1.0,
                ..ropes[0].clone()
            });
        }
        Ok(Self {
            width,
            heads,
            head_dim,
            feed_forward,
            eps,
            context,
            layers,
            ropes,
            // Scores are scaled by 1 / sqrt(d). In the 27B model (62 layers), d is the hidden size over the number of
            // heads; in the others it is the head's dimension.
            attention_scale: if gemma && count == 62 {
                width as f64 / heads as f64
            } else {
                head_dim as f64
            }
            .sqrt()
            .recip(),
            embedding_scale: if gemma { (width as f64).sqrt() } else { 1.0 },
            activation: if gemma { Activation::Gelu } else { Activation::Silu },
            fused_qkv: architecture == "phi3",
            fused_gate: matches!(architecture, "phi3" | "glm4"),
            qk_norm: matches!(architecture, "qwen3" | "gemma3" | "lfm2"),
            post_norms: matches!(architecture, "gemma3" | "glm4"),
            output_norm: if architecture == "lfm2" {
                "token_embd_norm.weight"
            } else {
                "output_norm.weight"
            },
        })
    }
}

pub(crate) fn head_dim(keys: &Keys, width: usize, heads: usize) -> Result<usize> {
    let head_dim = match keys.size("attention.key_length", MAX_WIDTH)? {
        Some(dim) => dim,
        None if width.is_multiple_of(heads) => width / heads,
        None => {
            return keys.fail(
                "attention.head_count",
                format!("{heads} heads do not divide a width of {width}"),
            );
        }
    };
    if keys
        .size("attention.value_length", MAX_WIDTH)?
        .is_some_and(|value| value != head_dim)
    {
        return keys.fail(
            "attention.value_length",
            format!("differs from the key length {head_dim}"),
        );
    }
    if head_dim.checked_mul(heads).is_none_or(|total| total > MAX_WIDTH) {
        return keys.fail(
            "attention.key_length",
            format!("{heads} heads of {head_dim} are beyond reason"),
        );
    }
    Ok(head_dim)
}

fn layers(keys: &Keys, count: usize, heads: usize, architecture: &str) -> Result<Vec<Mixer>> {
    let kv_heads = kv_heads(keys, count, heads, architecture)?;
    let window = match architecture {
        "gemma3" => Some(keys.need("attention.sliding_window", MAX_CONTEXT)?),
        // Every layer of Phi-3 mini has a sliding window. Later models state 0 or nothing.
        "phi3" => keys
            .metadata
            .unsigned(&keys.key("attention.sliding_window"))?
            .filter(|&w| w > 0)
            .map(|w| w as usize),
        _ => None,
    };
    let kernel = if architecture == "lfm2" {
        keys.need("shortconv.l_cache", 64)?
    } else {
        0
    };
    let mixers = kv_heads
        .into_iter()
        .enumerate()
        .map(|(index, kv_heads)| match architecture {
            "lfm2" if kv_heads == 0 => Mixer::Convolution { kernel },
            // Five windowed layers, then one with full attention.
            "gemma3" if !(index + 1).is_multiple_of(6) => Mixer::Attention {
                kv_heads,
                rope: Some(1),
                window,
            },
            "gemma3" => Mixer::Attention {
                kv_heads,
                rope: Some(0),
                window: None,
            },
            // Every fourth layer has no position encoding (NoPE).
            "smollm3" if (index + 1).is_multiple_of(4) => Mixer::Attention {
                kv_heads,
                rope: None,
                window,
            },
            _ => Mixer::Attention {
                kv_heads,
                rope: Some(0),
                window,
            },
        });
    Ok(mixers.collect())
}

/// Returns the key-value heads of each layer. 0 marks a convolution (LFM2 only).
fn kv_heads(keys: &Keys, count: usize, heads: usize, architecture: &str) -> Result<Vec<usize>> {
    const NAME: &str = "attention.head_count_kv";
    let mixed = architecture == "lfm2";
    let key = keys.key(NAME);
    let list: Vec<u64> = match keys.metadata.integers(&key) {
        Ok(Some(list)) if list.len() == count => list.iter().map(|&n| u64::try_from(n).unwrap_or(u64::MAX)).collect(),
        Ok(Some(list)) => return keys.fail(NAME, format!("has {} entries for {count} layers", list.len())),
        // Not a list: one number for all layers.
        _ => vec![keys.metadata.unsigned(&key)?.unwrap_or(heads as u64); count],
    };
    for &n in &list {
        let divides = n != 0 && (heads as u64).is_multiple_of(n);
        if !(divides || (n == 0 && mixed)) {
            return keys.fail(NAME, format!("{n} key-value heads do not divide {heads} heads"));
        }
    }
    Ok(list.into_iter().map(|n| n as usize).collect())
}

fn rope(keys: &Keys, head_dim: usize, architecture: &str) -> Result<RopeConfig> {
    let dim = keys.size("rope.dimension_count", MAX_WIDTH)?.unwrap_or(head_dim);
    if dim > head_dim || !dim.is_multiple_of(2) {
        return keys.fail(
            "rope.dimension_count",
            format!("{dim} is odd or more than the head's {head_dim}"),
        );
    }
    let pairing = match architecture {
        "llama" | "smollm3" | "glm4" => Pairing::Interleaved,
        _ => Pairing::Neox,
    };
    let default_base = if architecture == "gemma3" || architecture == "lfm2" {
        1_000_000.0
    } else {
        10_000.0
    };
    let base = keys.positive("rope.freq_base")?.unwrap_or(default_base);
    let scale = match keys.metadata.text(&keys.key("rope.scaling.type"))? {
        Some("linear") => keys.positive("rope.scaling.factor")?.unwrap_or(1.0).recip(),
        // `longrope` has its factors in tensors.
        None | Some("none" | "longrope" | "llama3") => 1.0,
        Some(other) => return keys.fail("rope.scaling.type", format!("`{other}` is not supported")),
    };
    let magnitude = keys.positive("rope.scaling.attn_factor")?.unwrap_or(1.0);
    Ok(RopeConfig {
        base,
        dim,
        pairing,
        scale,
        magnitude,
    })
}

/// Returns where the context of Phi-3's long-context models ends here. Their long factors hold beyond the length that
/// the model was first trained on, their short factors within it. Only the short factors are used.
fn long_rope_limit(keys: &Keys, architecture: &str) -> Result<Option<usize>> {
    if architecture != "phi3" {
        return Ok(None);
    }
    keys.size("rope.scaling.original_context_length", MAX_CONTEXT)
}
