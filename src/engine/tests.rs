//! What the engine's tests share, and the writer of the tiny models that goldens are made from.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;
use sha2::Digest;

use super::decode::tests::load;
use super::tiny_gguf::{ARCHITECTURES, CONTEXT, FALLBACKS, Meta, TYPES, TinyGguf, Weights};
use super::{CandleEngine, Message, Role};
use crate::models;

/// A fixture of `tests/fixtures/engine`, read as JSON.
pub(crate) fn golden(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/engine")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Tokens of a tiny model, of no meaning.
pub(crate) fn any_ids(count: u32) -> Vec<u32> {
    (0..count).map(|i| 20 + i * 37 % 200).collect()
}

pub(crate) fn messages(value: &Value) -> Vec<Message> {
    let pairs: Vec<(String, String)> = serde_json::from_value(value.clone()).unwrap();
    let role = |name: &str| match name {
        "system" => Role::System,
        "assistant" => Role::Assistant,
        _ => Role::User,
    };
    pairs
        .into_iter()
        .map(|(r, content)| Message {
            role: role(&r),
            content,
        })
        .collect()
}

/// A tiny model, loaded, with the ids of its golden's prompt and llama.cpp's logits after it. The golden must have been
/// made of this very file.
pub(crate) fn beside_its_golden(name: &str, file: &TinyGguf, golden: &Value) -> (CandleEngine, Vec<u32>, Vec<f32>) {
    let expected = &golden["models"][name];
    let sum: String = sha2::Sha256::digest(file.bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        expected["sha256"],
        sum.as_str(),
        "{name}: the generator changed: make the goldens again"
    );
    let engine = load(file);
    let prompt = engine.encode_prompt(&messages(&expected["messages"])).unwrap();
    assert_eq!(prompt, ids(&expected["prompt"]), "{name}");
    let reference = serde_json::from_value(expected["first_logits"].clone()).unwrap();
    (engine, prompt, reference)
}

/// The widest difference between two rows of logits.
pub(crate) fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max)
}

pub(crate) fn user(content: &str) -> Vec<Message> {
    vec![Message {
        role: Role::User,
        content: content.into(),
    }]
}

/// The real model: the file that `ASKPM_TEST_MODEL` names, or the one that the integration tests fetch, fetched into the
/// same folder. `None`, said loudly, where there is no network.
pub(crate) fn real_model() -> Option<PathBuf> {
    static MODEL: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = MODEL.get_or_init(|| {
        if let Some(path) = std::env::var_os("ASKPM_TEST_MODEL") {
            return Ok(PathBuf::from(path));
        }
        let cache = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tmp/huggingface");
        let get = |name: &str| match name {
            "HF_HOME" | "XDG_CACHE_HOME" => Some(cache.into()),
            _ => std::env::var_os(name),
        };
        let registry = models::Registry::built_in().map_err(|error| error.to_string())?;
        let model = registry.get("smollm2-135m").map_err(|error| error.to_string())?;
        let places = models::Places::from_env(get).map_err(|error| error.to_string())?;
        let net = models::Net::from_env(false, get);
        models::ensure(model, &places, net, &mut models::Quiet).map_err(|error| error.to_string())
    });
    match found {
        Ok(path) => Some(path.clone()),
        Err(why) => {
            crate::testing::skipped(format!("no real model: {why}"));
            None
        }
    }
}

/// How far apart logits of two implementations usually are (the root mean square) that both round activations to 8 bits
/// before each product, but whose scales or sums differ in the last bits, so that now and then they round to different
/// sides. The worst of a thousand logits is four times as far off.
///
/// Rounding to 127 steps of the greatest of a block is off by a step over the root of 12, usually: by 1/440 of the
/// greatest. With activations whose greatest is two and a half times their root mean square, as in these models' 32, a
/// product is off by 0.57% of its own root mean square. The products of a decoder of `layers` layers, four one after
/// another in each and the last, add up by their roots, and both implementations are off.
pub(crate) fn rounding(logits: &[f32], layers: usize) -> f32 {
    let products = (4 * layers + 1) as f32;
    2f32.sqrt() * 0.0057 * products.sqrt() * mean_square(logits.iter().copied()).sqrt()
}

pub(crate) fn mean_square(numbers: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = numbers.len() as f32;
    numbers.map(|x| x * x).sum::<f32>() / count
}

/// The models that goldens exist for: every architecture in F32, two in quantized types, and the ways of stretching
/// rotary positions.
pub(crate) fn tiny_models() -> Vec<(String, TinyGguf)> {
    let mut models: Vec<(String, TinyGguf)> = ARCHITECTURES
        .iter()
        .map(|a| (format!("{a}-f32"), TinyGguf::new(a, Weights::F32)))
        .collect();
    models.push(("llama-q8_0".into(), TinyGguf::new("llama", Weights::Q8_0)));
    models.push(("qwen3-q4_0".into(), TinyGguf::new("qwen3", Weights::Q4_0)));

    let mut llama3 = TinyGguf::new("llama", Weights::F32);
    llama3.vector("rope_freqs.weight", 4, 3.0);
    models.push(("llama-divisors".into(), llama3));

    let mut linear = TinyGguf::new("gemma3", Weights::F32);
    linear.set("gemma3.rope.scaling.type", Meta::text("linear"));
    linear.set("gemma3.rope.scaling.factor", Meta::F32(8.0));
    models.push(("gemma3-linear".into(), linear));

    let mut long = TinyGguf::new("phi3", Weights::F32);
    long.set("phi3.rope.scaling.original_context_length", Meta::U32(CONTEXT));
    long.set("phi3.rope.scaling.attn_factor", Meta::F32(1.19));
    long.vector("rope_factors_short.weight", 4, 2.0);
    long.vector("rope_factors_long.weight", 4, 9.0);
    models.push(("phi3-longrope".into(), long));
    models
}

/// The models that candle-transformers runs, each in F32, and those that stay quantized in a quantized type too.
pub(crate) fn fallback_models() -> Vec<(String, TinyGguf)> {
    // llama.cpp no longer reads experts of a tensor each.
    let plain = FALLBACKS.into_iter().filter(|name| *name != "llama-experts-apart");
    let plain = plain.map(|name| (format!("{name}-f32"), TinyGguf::fallback(name, Weights::F32)));
    let quantized = ["phi2", "llama-experts", "olmo2"];
    let quantized = quantized.map(|name| (format!("{name}-q8_0"), TinyGguf::fallback(name, Weights::Q8_0)));
    plain.chain(quantized).collect()
}

/// Two architectures in each type of weights.
pub(crate) fn typed_models() -> Vec<(String, TinyGguf)> {
    let both = TYPES
        .iter()
        .flat_map(|kind| ["llama", "qwen3"].map(|architecture| (architecture, *kind)));
    both.map(|(architecture, kind)| {
        let name = format!("{architecture}-256-{}", kind.to_lowercase());
        (name, TinyGguf::typed(architecture, kind))
    })
    .collect()
}

#[test]
#[ignore = "writes the files that make_golden.py reads"]
fn writes_the_tiny_models() {
    let folder = PathBuf::from(std::env::var_os("ASKPM_WRITE_TINY").expect("ASKPM_WRITE_TINY names a folder"));
    for (name, model) in tiny_models().into_iter().chain(fallback_models()).chain(typed_models()) {
        model.write(&folder, &format!("{name}.gguf"));
    }
}
