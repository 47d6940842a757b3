//! The engine end to end: against llama.cpp's goldens, and on tiny models.

use std::ops::ControlFlow;

use serde_json::Value;

use super::*;
use crate::engine::sampler::argmax;
use crate::engine::tests::{golden, ids, messages, real_model, tiny_models, user};
use crate::engine::tiny_gguf::{ARCHITECTURES as TINY, CONTEXT, TinyGguf, Weights};

fn load(model: &TinyGguf) -> CandleEngine {
    let folder = tempfile::tempdir().unwrap();
    CandleEngine::load(&model.write(folder.path(), "tiny.gguf"), DeviceChoice::Cpu).unwrap()
}

fn greedy(max_tokens: usize) -> Sampling {
    Sampling { max_tokens, ..Sampling::default() }
}

fn token_ids(engine: &mut CandleEngine, prompt: &[u32], sampling: &Sampling) -> Vec<u32> {
    let mut made = Vec::new();
    let run = engine.run(prompt, sampling, &mut |_, id| {
        made.push(id);
        ControlFlow::Continue(())
    });
    assert_eq!(run.unwrap().tokens, made.len());
    made
}

fn whole(engine: &mut CandleEngine, messages: &[Message], sampling: &Sampling) -> Generation {
    engine.generate(messages, sampling, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Feeds the golden's greedy tokens one by one and looks at what this engine would have chosen at each. Rounding differs
/// between implementations, so another choice is allowed where the golden's is within `near` of ours, in logits.
/// Returns how many tokens were the same, and how far off the others were.
fn compare_greedy(engine: &mut CandleEngine, golden: &Value, near: f32, name: &str) -> (usize, Vec<f32>) {
    let expected = ids(&golden["greedy"]);
    let mut logits = engine.prefill(&ids(&golden["prompt"])).unwrap();
    let mut off = Vec::new();
    for (at, &id) in expected.iter().enumerate() {
        let ours = argmax(&logits).unwrap();
        if ours != id {
            off.push(logits[ours as usize] - logits[id as usize]);
            assert!(off.iter().all(|&o| o < near), "{name}: token {at} is {ours}, not {id}; logits apart: {off:?}");
        }
        logits = engine.model.logits(&[id]).unwrap();
    }
    (expected.len() - off.len(), off)
}

#[test]
fn the_real_model_agrees_with_llama_cpp_in_prompts_and_greedy_tokens() {
    let Some(path) = real_model() else { return };
    let golden = golden("smollm2_golden.json");
    let mut engine = CandleEngine::load(&path, DeviceChoice::Cpu).unwrap();
    assert_eq!(engine.info().quantization, "Q4_1");
    assert_eq!(engine.info().context_length, 8192);
    for (name, conversation) in golden["conversations"].as_object().unwrap() {
        let prompt = engine.encode_prompt(&messages(&conversation["messages"])).unwrap();
        assert_eq!(prompt, ids(&conversation["prompt"]), "{name}");
        let compared = compare_greedy(&mut engine, conversation, 9.0, name);
        eprintln!("{name}: {} prompt tokens, {compared:?} greedy tokens equal", prompt.len());
    }
}

#[test]
fn tiny_models_of_every_architecture_agree_with_llama_cpp() {
    let golden = golden("tiny_golden.json");
    for (name, model) in tiny_models() {
        let expected = &golden["models"][&name];
        use sha2::Digest;
        let sum: String = sha2::Sha256::digest(model.bytes()).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(expected["sha256"], sum.as_str(), "{name}: the generator changed: make the goldens again");
        let mut engine = load(&model);
        let prompt = engine.encode_prompt(&messages(&expected["messages"])).unwrap();
        assert_eq!(prompt, ids(&expected["prompt"]), "{name}");
        let logits = engine.prefill(&prompt).unwrap();
        let reference: Vec<f32> = serde_json::from_value(expected["first_logits"].clone()).unwrap();
        let worst = logits.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        let compared = compare_greedy(&mut engine, expected, 9.0, &name);
        eprintln!("{name}: greatest difference of a logit {worst} {compared:?}");
    }
}
