//! candle-transformers' models that read a GGUF file themselves and keep its weights quantized.
//!
//! They receive checked metadata and tensor locations instead of the file's own header, which is untrusted.

use std::collections::HashMap;

use askpm_gguf::Gguf;
use candle_core::quantized::gguf_file::{Content, Value, VersionedMagic};
use candle_core::{Device, Result as Computed, Tensor};
use candle_transformers::models::{quantized_llama, quantized_phi};

use super::super::arch::weights::Weights;
use super::super::error::EngineError;
use super::sizes::Sizes;
use super::{Result, Transformer};

/// Number of tokens that are read at once. These models keep every mask that they ever made, one for each number of new
/// tokens and of earlier ones. With one size, at multiples of it, there are at most 128 masks of 8 MB together.
pub(super) const STEP: usize = 32;

/// Returns whether the layers of a `llama` choose among experts, as Mixtral's do.
pub(super) fn has_experts(gguf: &Gguf) -> bool {
    matches!(gguf.metadata.unsigned("llama.expert_count"), Ok(Some(count)) if count > 1)
}

/// Returns the file as candle-transformers takes it: the metadata that its models ask for, and the tensors' locations.
fn content(gguf: &Gguf, metadata: HashMap<String, Value>) -> Content {
    Content {
        magic: VersionedMagic::GgufV3,
        metadata,
        tensor_infos: gguf.places(),
        tensor_data_offset: 0,
    }
}

fn metadata(architecture: &str, sizes: &Sizes) -> HashMap<String, Value> {
    let number = |n: usize| Value::U32(u32::try_from(n).unwrap_or(u32::MAX));
    let named = |name: &str, value: Value| (format!("{architecture}.{name}"), value);
    HashMap::from([
        ("general.architecture".into(), Value::String(architecture.into())),
        named("attention.head_count", number(sizes.heads)),
        named("attention.head_count_kv", number(sizes.kv_heads)),
        named("block_count", number(sizes.layers)),
        named("embedding_length", number(sizes.width)),
        named("rope.dimension_count", number(sizes.rope_dim)),
        named("rope.freq_base", Value::F32(sizes.rope_base as f32)),
        named("attention.layer_norm_epsilon", Value::F32(sizes.eps as f32)),
        named("attention.layer_norm_rms_epsilon", Value::F32(sizes.eps as f32)),
        named("expert_count", number(sizes.experts)),
        named("expert_used_count", number(sizes.experts_used)),
    ])
}

fn made<T>(gguf: &Gguf, model: Computed<T>) -> Result<T> {
    model.map_err(|e| EngineError::compute(&gguf.path, "loading the model", &e))
}

/// Loads Phi-2: Li et al. (2023), arXiv 2309.05463.
pub(super) fn phi(gguf: &Gguf, sizes: &Sizes, device: &Device) -> Result<Box<dyn Transformer>> {
    let weights = Weights::new(gguf, device);
    let (width, inner) = (sizes.width, sizes.feed_forward);
    let pair = |part: &str, shape: &[usize]| {
        weights.check(&format!("{part}.weight"), shape)?;
        weights.check(&format!("{part}.bias"), &shape[..1]).map(drop)
    };
    weights.check("token_embd.weight", &[sizes.vocabulary, width])?;
    pair("output", &[sizes.vocabulary, width])?;
    pair("output_norm", &[width])?;
    for layer in 0..sizes.layers {
        let part = |name: &str| format!("blk.{layer}.{name}");
        pair(&part("attn_norm"), &[width])?;
        pair(&part("attn_qkv"), &[3 * width, width])?;
        pair(&part("attn_output"), &[width, width])?;
        pair(&part("ffn_up"), &[inner, width])?;
        pair(&part("ffn_down"), &[width, inner])?;
    }
    weights.all_taken()?;
    let content = content(gguf, metadata("phi2", sizes));
    let model = quantized_phi::ModelWeights::from_gguf(content, &mut gguf.file()?, device);
    Ok(Box::new(made(gguf, model)?))
}

/// Loads a Llama whose layers choose among experts: Jiang et al. (2024), arXiv 2401.04088.
pub(super) fn experts(gguf: &Gguf, sizes: &Sizes, device: &Device) -> Result<Box<dyn Transformer>> {
    let weights = Weights::new(gguf, device);
    let (width, inner, count) = (sizes.width, sizes.feed_forward, sizes.experts);
    let kv = sizes.kv_heads * sizes.head_dim;
    weights.check("token_embd.weight", &[sizes.vocabulary, width])?;
    weights.check("output_norm.weight", &[width])?;
    if weights.has("output.weight") {
        weights.check("output.weight", &[sizes.vocabulary, width])?;
    }
    let mut content = content(gguf, metadata("llama", sizes));
    for layer in 0..sizes.layers {
        let check = |part: &str, shape: &[usize]| weights.check(&format!("blk.{layer}.{part}.weight"), shape).map(drop);
        check("attn_norm", &[width])?;
        check("ffn_norm", &[width])?;
        check("attn_q", &[width, width])?;
        check("attn_k", &[kv, width])?;
        check("attn_v", &[kv, width])?;
        check("attn_output", &[width, width])?;
        check("ffn_gate_inp", &[count, width])?;
        for (part, rows, cols) in [
            ("ffn_gate", inner, width),
            ("ffn_up", inner, width),
            ("ffn_down", width, inner),
        ] {
            // Files since April 2024 have all experts in one tensor. The model looks for each expert in its own.
            let all = format!("blk.{layer}.{part}_exps.weight");
            if weights.has(&all) {
                weights.check(&all, &[count, rows, cols])?;
                for (index, place) in gguf.slices(&all).into_iter().enumerate() {
                    let one = format!("blk.{layer}.{part}.{index}.weight");
                    content.tensor_infos.insert(one, place);
                }
            } else {
                for index in 0..count {
                    check(&format!("{part}.{index}"), &[rows, cols])?;
                }
            }
        }
    }
    weights.all_taken()?;
    let model = quantized_llama::ModelWeights::from_gguf(content, &mut gguf.file()?, device);
    Ok(Box::new(made(gguf, model)?))
}

impl Transformer for quantized_phi::ModelWeights {
    fn forward(&mut self, ids: &Tensor, past: usize) -> Computed<Tensor> {
        self.forward(ids, past)
    }

    fn clear(&mut self) -> Computed<()> {
        // It clears its cache when it reads the first position.
        Ok(())
    }
}

impl Transformer for quantized_llama::ModelWeights {
    fn forward(&mut self, ids: &Tensor, past: usize) -> Computed<Tensor> {
        self.forward(ids, past)
    }

    fn clear(&mut self) -> Computed<()> {
        self.clear_kv_cache();
        Ok(())
    }
}
