//! The hyperparameters of candle-transformers' models, read from metadata and checked for consistency.
//!
//! In [`Sizes`], nothing is zero or unreasonably large. A setting that those models would ignore is an error.

use askpm_gguf::Metadata;

use super::super::arch::config::{Keys, MAX_CONTEXT, MAX_HEADS, MAX_LAYERS, MAX_WIDTH};
use super::Result;

/// Maximum number of positions, whatever the file says: the rotary tables are computed in advance for all of them.
const MOST_POSITIONS: usize = 1 << 15;
/// Number of positions in the quantized models' rotary tables.
const QUANTIZED_POSITIONS: usize = 4096;
/// Gemma 2's window if the file does not state it (technical report, table 1).
const GEMMA2_WINDOW: usize = 4096;

#[derive(Debug, Clone)]
pub(super) struct Sizes {
    pub vocabulary: usize,
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub feed_forward: usize,
    pub context: usize,
    pub eps: f64,
    pub rope_base: f64,
    /// Number of a head's dimensions that rotate.
    pub rope_dim: usize,
    pub experts: usize,
    pub experts_used: usize,
    /// Gemma 2's soft caps on scores and on logits.
    pub score_cap: Option<f64>,
    pub logit_cap: Option<f64>,
}

impl Sizes {
    pub fn read(metadata: &Metadata, architecture: &str, vocabulary: usize) -> Result<Self> {
        let keys = Keys::new(metadata, architecture);
        let width = keys.need("embedding_length", MAX_WIDTH)?;
        let heads = keys.need("attention.head_count", MAX_HEADS)?;
        let layers = keys.need("block_count", MAX_LAYERS)?;
        let head_dim = super::super::arch::config::head_dim(&keys, width, heads)?;
        let kv_heads = keys.size("attention.head_count_kv", MAX_HEADS)?.unwrap_or(heads);
        if !heads.is_multiple_of(kv_heads) {
            let problem = format!("{kv_heads} key-value heads do not divide {heads} heads");
            return keys.fail("attention.head_count_kv", problem);
        }
        let gemma = architecture.starts_with("gemma");
        if !gemma && head_dim * heads != width {
            return keys.fail(
                "attention.key_length",
                "heads that do not make up the width are not supported",
            );
        }
        let eps = match keys.positive("attention.layer_norm_rms_epsilon")? {
            Some(eps) => eps,
            None => metadata.need_positive(&keys.key("attention.layer_norm_epsilon"))?,
        };
        let rope_dim = keys.size("rope.dimension_count", MAX_WIDTH)?.unwrap_or(head_dim);
        let partial = matches!(architecture, "phi2" | "stablelm");
        if !rope_dim.is_multiple_of(2) || rope_dim > head_dim || (rope_dim < head_dim && !partial) {
            let problem = format!("{rope_dim} of a head's {head_dim} dimensions are not supported");
            return keys.fail("rope.dimension_count", problem);
        }
        let sizes = Self {
            vocabulary,
            width,
            layers,
            heads,
            kv_heads,
            head_dim,
            feed_forward: keys.need("feed_forward_length", MAX_WIDTH * 8)?,
            context: context(&keys, architecture)?,
            eps,
            rope_base: keys.positive("rope.freq_base")?.unwrap_or(10_000.0),
            rope_dim,
            experts: keys.size("expert_count", MAX_HEADS)?.unwrap_or(1),
            experts_used: keys.size("expert_used_count", MAX_HEADS)?.unwrap_or(1),
            score_cap: keys.positive("attn_logit_softcapping")?,
            logit_cap: keys.positive("final_logit_softcapping")?,
        };
        sizes.refuse(&keys, architecture)?;
        Ok(sizes)
    }

    /// Returns an error for settings that candle-transformers would ignore.
    fn refuse(&self, keys: &Keys, architecture: &str) -> Result<()> {
        if let Some(kind) = keys.metadata.text(&keys.key("rope.scaling.type"))?
            && kind != "none"
        {
            return keys.fail("rope.scaling.type", format!("`{kind}` is not supported"));
        }
        if keys.positive("rope.scale_linear")?.is_some_and(|scale| scale != 1.0) {
            return keys.fail("rope.scale_linear", "is not supported");
        }
        // 46 layers mean the 27B model, whose scores have a different scale.
        if architecture == "gemma2" && self.layers == 46 {
            return keys.fail("block_count", "Gemma 2 of 27B is not supported");
        }
        if architecture == "phi2" && self.rope_base != 10_000.0 {
            return keys.fail("rope.freq_base", format!("{} is not supported", self.rope_base));
        }
        if architecture == "phi2" && self.kv_heads != self.heads {
            return keys.fail("attention.head_count_kv", "fewer than the heads are not supported");
        }
        if self.experts_used > self.experts {
            return keys.fail(
                "expert_used_count",
                format!("is more than the {} experts", self.experts),
            );
        }
        Ok(())
    }

    /// Returns the factor with which a model computes `rope_dim`: it multiplies the head's dimension and rounds down.
    pub fn rotary_share(&self) -> f64 {
        // Half a dimension more keeps a rounding error from losing one.
        (self.rope_dim as f64 + 0.5) / self.head_dim as f64
    }
}

/// Returns the number of positions that the model computes correctly.
fn context(keys: &Keys, architecture: &str) -> Result<usize> {
    let context = keys.need("context_length", MAX_CONTEXT)?.min(MOST_POSITIONS);
    let window = keys.size("attention.sliding_window", MAX_CONTEXT);
    // 0 means that the window is off, but `size` rejects 0.
    let off = keys.metadata.unsigned(&keys.key("attention.sliding_window"))? == Some(0);
    let window = if off { None } else { window? };
    Ok(match architecture {
        "phi2" | "llama" => context.min(QUANTIZED_POSITIONS),
        // Within the window, a windowed layer is the same as a full one.
        "gemma2" => context.min(window.unwrap_or(GEMMA2_WINDOW)),
        _ => window.map_or(context, |window| context.min(window)),
    })
}
