//! Maps the names of tensors in a GGUF file to those in candle-transformers.
//!
//! The names in the file are from llama.cpp's `src/llama-arch.cpp`, the others are those of the published models.

/// One family: the tensors of its layers, and which of them may have a bias.
pub(super) struct Family {
    layer: &'static [(&'static str, &'static str)],
    biased: &'static [&'static str],
    /// Whether the output head is a separate tensor.
    pub head: bool,
    /// Whether the file's norm weights include the 1 that the model adds itself.
    pub shifted_norms: bool,
}

const GEMMA: Family = Family {
    layer: &[
        ("attn_norm", "input_layernorm"),
        ("attn_q", "self_attn.q_proj"),
        ("attn_k", "self_attn.k_proj"),
        ("attn_v", "self_attn.v_proj"),
        ("attn_output", "self_attn.o_proj"),
        ("ffn_norm", "post_attention_layernorm"),
        ("ffn_gate", "mlp.gate_proj"),
        ("ffn_up", "mlp.up_proj"),
        ("ffn_down", "mlp.down_proj"),
    ],
    biased: &[],
    head: false,
    shifted_norms: true,
};

const GEMMA2: Family = Family {
    layer: &[
        ("attn_norm", "input_layernorm"),
        ("attn_q", "self_attn.q_proj"),
        ("attn_k", "self_attn.k_proj"),
        ("attn_v", "self_attn.v_proj"),
        ("attn_output", "self_attn.o_proj"),
        ("post_attention_norm", "post_attention_layernorm"),
        ("ffn_norm", "pre_feedforward_layernorm"),
        ("ffn_gate", "mlp.gate_proj"),
        ("ffn_up", "mlp.up_proj"),
        ("ffn_down", "mlp.down_proj"),
        ("post_ffw_norm", "post_feedforward_layernorm"),
    ],
    biased: &[],
    head: false,
    shifted_norms: true,
};

const OLMO2: Family = Family {
    layer: &[
        ("attn_q", "self_attn.q_proj"),
        ("attn_k", "self_attn.k_proj"),
        ("attn_v", "self_attn.v_proj"),
        ("attn_q_norm", "self_attn.q_norm"),
        ("attn_k_norm", "self_attn.k_norm"),
        ("attn_output", "self_attn.o_proj"),
        ("post_attention_norm", "post_attention_layernorm"),
        ("ffn_gate", "mlp.gate_proj"),
        ("ffn_up", "mlp.up_proj"),
        ("ffn_down", "mlp.down_proj"),
        ("post_ffw_norm", "post_feedforward_layernorm"),
    ],
    biased: &[],
    head: true,
    shifted_norms: false,
};

const STABLELM: Family = Family {
    layer: GEMMA.layer,
    biased: &["attn_norm", "ffn_norm", "attn_q", "attn_k", "attn_v"],
    head: true,
    shifted_norms: false,
};

const STARCODER2: Family = Family {
    layer: &[
        ("attn_norm", "input_layernorm"),
        ("attn_q", "self_attn.q_proj"),
        ("attn_k", "self_attn.k_proj"),
        ("attn_v", "self_attn.v_proj"),
        ("attn_output", "self_attn.o_proj"),
        ("ffn_norm", "post_attention_layernorm"),
        ("ffn_up", "mlp.c_fc"),
        ("ffn_down", "mlp.c_proj"),
    ],
    biased: &[
        "attn_norm",
        "ffn_norm",
        "attn_q",
        "attn_k",
        "attn_v",
        "attn_output",
        "ffn_up",
        "ffn_down",
    ],
    head: false,
    shifted_norms: false,
};

impl Family {
    pub fn of(architecture: &str) -> Option<&'static Self> {
        Some(match architecture {
            "gemma" => &GEMMA,
            "gemma2" => &GEMMA2,
            "olmo2" => &OLMO2,
            "stablelm" => &STABLELM,
            "starcoder2" => &STARCODER2,
            _ => return None,
        })
    }

    /// Returns candle-transformers' name for a tensor of the file, or `None` if its model has no place for the tensor.
    pub fn name(&self, name: &str, layers: usize) -> Option<String> {
        let (part, suffix) = name.rsplit_once('.')?;
        let biased = |part: &str| suffix == "weight" || (suffix == "bias" && self.biased.contains(&part));
        if let Some(rest) = part.strip_prefix("blk.") {
            let (index, part) = rest.split_once('.')?;
            let index: usize = index.parse().ok().filter(|index| *index < layers)?;
            let (_, theirs) = self.layer.iter().find(|(ours, _)| *ours == part)?;
            return biased(part).then(|| format!("model.layers.{index}.{theirs}.{suffix}"));
        }
        // The last norm has a bias if the first norm of a layer has one.
        let theirs = match part {
            "token_embd" if suffix == "weight" => "model.embed_tokens",
            "output_norm" if biased("attn_norm") => "model.norm",
            "output" if self.head && suffix == "weight" => "lm_head",
            _ => return None,
        };
        Some(format!("{theirs}.{suffix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_without_a_place_has_no_name() {
        let gemma = Family::of("gemma").unwrap();
        let name = |name: &str| gemma.name(name, 2);
        assert_eq!(
            name("blk.1.attn_q.weight").unwrap(),
            "model.layers.1.self_attn.q_proj.weight"
        );
        assert_eq!(name("token_embd.weight").unwrap(), "model.embed_tokens.weight");
        for none in [
            "blk.2.attn_q.weight",
            "blk.x.attn_q.weight",
            "blk.0.attn_q.bias",
            "blk.0.attn_q_norm.weight",
            "output.weight",
            "output_norm.bias",
            "rope_freqs.weight",
            "weight",
        ] {
            assert_eq!(name(none), None, "{none}");
        }
        let star = Family::of("starcoder2").unwrap();
        assert_eq!(star.name("output_norm.bias", 1).unwrap(), "model.norm.bias");
        assert!(Family::of("llama").is_none());
    }
}
