//! Helpers that the engine's tests share.

use askpm_fixtures::TinyGguf;
use serde_json::Value;
use sha2::Digest;

use super::decode::tests::load;
use super::{LocalEngine, Message, Role};
pub(crate) use askpm_fixtures::{fallback_models, golden, ids, real_gemma, real_model, tiny_models, typed_models};

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
pub(crate) fn with_golden(name: &str, file: &TinyGguf, golden: &Value) -> (LocalEngine, Vec<u32>, Vec<f32>) {
    let expected = &golden["models"][name];
    assert_eq!(
        expected["sha256"],
        digest(&file.bytes()),
        "{name}: the generator changed: make the goldens again"
    );
    let engine = load(file);
    let prompt = engine.encode_prompt(&messages(&expected["messages"])).unwrap();
    assert_eq!(prompt, ids(&expected["prompt"]), "{name}");
    let reference = serde_json::from_value(expected["first_logits"].clone()).unwrap();
    (engine, prompt, reference)
}

/// SHA-256 of `bytes`, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
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
