//! Tiny models of the architectures that candle-transformers runs, as `tiny_gguf` makes them of the others.
//!
//! In: a name and a type of weights. Out: a file to be written. It must not use the code under test.

use super::{CONTEXT, HEADS, INNER, KV_HEADS, Meta, TinyGguf, WIDTH, Weights};

/// The architectures, and `llama` with its experts in one tensor and in one each.
pub const FALLBACKS: [&str; 8] = [
    "gemma",
    "gemma2",
    "olmo2",
    "phi2",
    "stablelm",
    "starcoder2",
    "llama-experts",
    "llama-experts-apart",
];

const LAYERS: u64 = 2;
const EXPERTS: u64 = 4;

impl TinyGguf {
    /// A model that the engine has no decoder for.
    pub fn fallback(name: &str, weights: Weights) -> Self {
        let architecture = name.split('-').next().unwrap_or(name);
        let mut file = Self::empty(architecture, weights);
        let gemma = architecture.starts_with("gemma");
        let vocabulary = if gemma {
            file.sentencepiece(architecture)
        } else {
            file.byte_level()
        };
        file.sizes(architecture, vocabulary as u64);
        file.set_experts(name);
        file.weights_of(name, architecture, vocabulary as u64);
        file
    }

    fn sizes(&mut self, architecture: &str, vocabulary: u64) {
        let kv = if architecture == "phi2" { HEADS } else { KV_HEADS };
        let head = head_dim(architecture);
        let turned = if matches!(architecture, "phi2" | "stablelm") {
            head / 2
        } else {
            head
        };
        let sizes = [
            ("context_length", u64::from(CONTEXT)),
            ("embedding_length", WIDTH),
            ("block_count", LAYERS),
            ("feed_forward_length", INNER),
            ("attention.head_count", HEADS),
            ("attention.head_count_kv", kv),
            ("rope.dimension_count", turned),
            ("vocab_size", vocabulary),
        ];
        for (name, size) in sizes {
            self.set(&format!("{architecture}.{name}"), Meta::U32(size as u32));
        }
        let eps = if matches!(architecture, "phi2" | "stablelm" | "starcoder2") {
            "layer_norm_epsilon"
        } else {
            "layer_norm_rms_epsilon"
        };
        self.set(&format!("{architecture}.attention.{eps}"), Meta::F32(1e-5));
        self.set(&format!("{architecture}.rope.freq_base"), Meta::F32(10_000.0));
        if architecture.starts_with("gemma") {
            for name in ["key_length", "value_length"] {
                self.set(&format!("{architecture}.attention.{name}"), Meta::U32(head as u32));
            }
        }
        if architecture == "gemma2" {
            self.set("gemma2.attention.sliding_window", Meta::U32(CONTEXT));
            // Low enough to be felt.
            self.set("gemma2.attn_logit_softcapping", Meta::F32(1.5));
            self.set("gemma2.final_logit_softcapping", Meta::F32(3.0));
        }
        if architecture == "stablelm" {
            self.set("stablelm.use_parallel_residual", Meta::Bool(false));
        }
    }

    fn set_experts(&mut self, name: &str) {
        if name.starts_with("llama-experts") {
            self.set("llama.expert_count", Meta::U32(EXPERTS as u32));
            self.set("llama.expert_used_count", Meta::U32(2));
        }
    }

    fn weights_of(&mut self, name: &str, architecture: &str, vocabulary: u64) {
        let biased = matches!(architecture, "phi2" | "stablelm" | "starcoder2");
        self.matrix("token_embd", WIDTH, vocabulary);
        self.norm_with("output_norm", WIDTH, biased);
        if matches!(architecture, "olmo2" | "phi2" | "stablelm") {
            self.linear("output", WIDTH, vocabulary, architecture == "phi2");
        }
        let (q, kv) = (HEADS * head_dim(architecture), KV_HEADS * head_dim(architecture));
        let all_biased = matches!(architecture, "phi2" | "starcoder2");
        for layer in 0..LAYERS {
            let part = |part: &str| format!("blk.{layer}.{part}");
            if architecture != "olmo2" {
                self.norm_with(&part("attn_norm"), WIDTH, biased);
            }
            if !matches!(architecture, "olmo2" | "phi2") {
                self.norm_with(&part("ffn_norm"), WIDTH, biased);
            }
            if architecture == "phi2" {
                self.linear(&part("attn_qkv"), WIDTH, 3 * WIDTH, true);
            } else {
                self.linear(&part("attn_q"), WIDTH, q, biased);
                self.linear(&part("attn_k"), WIDTH, kv, biased);
                self.linear(&part("attn_v"), WIDTH, kv, biased);
            }
            self.linear(&part("attn_output"), q, WIDTH, all_biased);
            if architecture == "olmo2" {
                self.norm(&part("attn_q_norm"), q);
                self.norm(&part("attn_k_norm"), kv);
            }
            if matches!(architecture, "olmo2" | "gemma2") {
                self.norm(&part("post_attention_norm"), WIDTH);
                self.norm(&part("post_ffw_norm"), WIDTH);
            }
            if name.starts_with("llama-experts") {
                self.experts(&part, name.ends_with("apart"));
                continue;
            }
            if !all_biased {
                self.matrix(&part("ffn_gate"), WIDTH, INNER);
            }
            self.linear(&part("ffn_up"), WIDTH, INNER, all_biased);
            self.linear(&part("ffn_down"), INNER, WIDTH, all_biased);
        }
    }

    fn experts(&mut self, part: &dyn Fn(&str) -> String, apart: bool) {
        self.matrix(&part("ffn_gate_inp"), WIDTH, EXPERTS);
        for (name, inputs, outputs) in [
            ("ffn_gate", WIDTH, INNER),
            ("ffn_up", WIDTH, INNER),
            ("ffn_down", INNER, WIDTH),
        ] {
            let all = part(&format!("{name}_exps"));
            self.matrix(&all, inputs, outputs * EXPERTS);
            let Some(mut tensor) = self.tensors.remove(&format!("{all}.weight")) else {
                continue;
            };
            if apart {
                let size = tensor.data.len() / EXPERTS as usize;
                tensor.dims = vec![inputs, outputs];
                for (index, data) in tensor.data.chunks(size).enumerate() {
                    let one = super::TinyTensor {
                        data: data.to_vec(),
                        ..tensor.clone()
                    };
                    self.tensors.insert(format!("{}.{index}.weight", part(name)), one);
                }
            } else {
                tensor.dims = vec![inputs, outputs, EXPERTS];
                self.tensors.insert(format!("{all}.weight"), tensor);
            }
        }
    }

    fn norm_with(&mut self, name: &str, size: u64, bias: bool) {
        self.norm(name, size);
        if bias {
            self.vector(&format!("{name}.bias"), size, 0.0);
        }
    }

    fn linear(&mut self, name: &str, inputs: u64, outputs: u64, bias: bool) {
        self.matrix(name, inputs, outputs);
        if bias {
            self.vector(&format!("{name}.bias"), outputs, 0.0);
        }
    }
}

/// Twice the usual for Gemma, which states it, so that heads and width differ.
fn head_dim(architecture: &str) -> u64 {
    if architecture.starts_with("gemma") {
        16
    } else {
        WIDTH / HEADS
    }
}
