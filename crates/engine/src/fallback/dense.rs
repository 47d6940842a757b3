//! candle-transformers' models on weights that are dequantized to F32.

use std::collections::HashMap;

use askpm_gguf::Gguf;
use candle_core::{DType, Device, Result as Computed, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{gemma, gemma2, olmo2, stable_lm, starcoder2};
use serde_json::{Value, json};

use super::super::error::EngineError;
use super::family::Family;
use super::sizes::Sizes;
use super::{Result, Transformer};

pub(super) fn load(gguf: &Gguf, architecture: &str, sizes: &Sizes, device: &Device) -> Result<Box<dyn Transformer>> {
    let Some(family) = Family::of(architecture) else {
        return Err(EngineError::Architecture {
            path: gguf.path.clone(),
            architecture: architecture.into(),
        });
    };
    let builder = VarBuilder::from_tensors(tensors(gguf, family, sizes.layers, device)?, DType::F32, device);
    // If one map has a bias, all maps that may have one do. Norms have theirs in any case.
    let biased = gguf
        .tensor_names()
        .any(|name| name.ends_with(".bias") && !name.ends_with("norm.bias"));
    let config = settings(architecture, sizes, biased);
    build(architecture, config, builder).map_err(|e| {
        let text = e.to_string();
        EngineError::gguf(&gguf.path, "tensors", text.lines().next().unwrap_or("do not fit"))
    })
}

/// Returns every tensor of the file by the name that the model looks for.
fn tensors(gguf: &Gguf, family: &Family, layers: usize, device: &Device) -> Result<HashMap<String, Tensor>> {
    let mut tensors = HashMap::new();
    for name in gguf.tensor_names() {
        let Some(theirs) = family.name(name, layers) else {
            let problem = "has no part in this architecture as it is built in: the model would be computed wrongly";
            return Err(EngineError::gguf(&gguf.path, format!("tensor {name}"), problem));
        };
        let shift = if family.shifted_norms && name.ends_with("norm.weight") {
            -1.0
        } else {
            0.0
        };
        let tensor = gguf
            .read(name, device)?
            .dequantize(device)
            .and_then(|tensor| if shift == 0.0 { Ok(tensor) } else { tensor + shift });
        let tensor = tensor.map_err(|e| EngineError::compute(&gguf.path, format!("loading tensor {name}"), &e))?;
        tensors.insert(theirs, tensor);
    }
    Ok(tensors)
}

/// Returns the settings under the names of the published models. Each family reads its own.
fn settings(architecture: &str, sizes: &Sizes, biased: bool) -> Value {
    let activation = match architecture {
        "gemma" | "starcoder2" => "gelu_pytorch_tanh",
        _ => "silu",
    };
    json!({
        "vocab_size": sizes.vocabulary,
        "hidden_size": sizes.width,
        "intermediate_size": sizes.feed_forward,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.kv_heads,
        "head_dim": sizes.head_dim,
        "max_position_embeddings": sizes.context,
        "rope_theta": sizes.rope_base,
        "rms_norm_eps": sizes.eps,
        "layer_norm_eps": sizes.eps,
        "norm_epsilon": sizes.eps,
        "hidden_act": activation,
        "attention_bias": false,
        "tie_word_embeddings": false,
        "use_bias": biased,
        "use_qkv_bias": biased,
        "use_cache": true,
        "partial_rotary_factor": sizes.rotary_share(),
        "query_pre_attn_scalar": sizes.head_dim,
        "attn_logit_softcapping": sizes.score_cap,
        "final_logit_softcapping": sizes.logit_cap,
    })
}

fn build(architecture: &str, mut settings: Value, builder: VarBuilder<'static>) -> Computed<Box<dyn Transformer>> {
    fn read<T: serde::de::DeserializeOwned>(settings: Value) -> Computed<T> {
        serde_json::from_value(settings).map_err(candle_core::Error::wrap)
    }
    Ok(match architecture {
        "gemma" => Box::new(gemma::Model::new(false, &read(settings)?, builder)?),
        "gemma2" => {
            settings["hidden_activation"] = json!("gelu_pytorch_tanh");
            Box::new(gemma2::Model::new(false, &read(settings)?, builder)?)
        }
        "olmo2" => Box::new(olmo2::Model::new(&read(settings)?, builder)?),
        "starcoder2" => Box::new(starcoder2::Model::new(&read(settings)?, builder)?),
        _ => {
            let config: stable_lm::Config = read(settings)?;
            Box::new(StableLm {
                model: stable_lm::Model::new(&config, builder.clone())?,
                config,
                builder,
            })
        }
    })
}

macro_rules! transformers {
    ($($model:ty),*) => {$(
        impl Transformer for $model {
            fn forward(&mut self, ids: &Tensor, past: usize) -> Computed<Tensor> {
                self.forward(ids, past)
            }

            fn clear(&mut self) -> Computed<()> {
                self.clear_kv_cache();
                Ok(())
            }
        }
    )*};
}

transformers!(gemma::Model, gemma2::Model, olmo2::Model, starcoder2::Model);

/// A model that cannot clear its cache. It is built again from the same tensors instead.
struct StableLm {
    model: stable_lm::Model,
    config: stable_lm::Config,
    builder: VarBuilder<'static>,
}

impl Transformer for StableLm {
    fn forward(&mut self, ids: &Tensor, past: usize) -> Computed<Tensor> {
        self.model.forward(ids, past)
    }

    fn clear(&mut self) -> Computed<()> {
        self.model = stable_lm::Model::new(&self.config, self.builder.clone())?;
        Ok(())
    }
}
