//! Tests `--adapter` on a tiny model.

use std::path::PathBuf;

use crate::harness::Home;
use askpm_fixtures::{Meta, TinyGguf, TinyTensor, Weights};

const QUESTION: &str = "How does one become an AI/ML PM?";

/// Writes a model, and an adapter of one of its matrices for models of `architecture`.
fn files(home: &Home, architecture: &str) -> [PathBuf; 2] {
    let mut model = TinyGguf::new("llama", Weights::F32);
    model.set("llama.context_length", Meta::U32(1024));
    let mut adapter = TinyGguf::adapter(architecture, 8.0);
    let dims = &model.tensors["blk.0.ffn_down.weight"].dims;
    for (part, dims) in [("lora_a", [dims[0], 1]), ("lora_b", [1, dims[1]])] {
        let numbers = (0..dims[0] * dims[1]).map(|at| (at % 5) as f32 - 2.0);
        let name = format!("blk.0.ffn_down.weight.{part}");
        adapter.tensors.insert(name, TinyTensor::floats(&dims, numbers));
    }
    [
        home.write("tiny.gguf", model.bytes()),
        home.write("adapter.gguf", adapter.bytes()),
    ]
}

#[test]
fn an_adapter_changes_what_its_model_writes() {
    let home = Home::new();
    let [model, adapter] = files(&home, "llama");
    // Ungrounded text is kept, so the words of a random model are seen.
    let ask = |more: &[&str]| {
        let run = home
            .bare()
            .args(["ask", "--json", "--keep-unsupported", "--max-tokens", "12"]);
        let run = run.args(["-m", model.to_str().unwrap()]).args(more);
        run.args([QUESTION]).run().ok().json()["answer"].clone()
    };
    let plain = ask(&[]);
    let adapted = ask(&["--adapter", adapter.to_str().unwrap()]);
    assert_ne!(plain, adapted);
    home.write(
        ".config/askpm/config.toml",
        format!("model = {model:?}\nadapter = {adapter:?}\n"),
    );
    let run = home
        .bare()
        .args(["ask", "--json", "--keep-unsupported", "--max-tokens", "12"]);
    let by_settings = run.args([QUESTION]).run().ok().json();
    assert_eq!(by_settings["answer"], adapted);
    // The adapter of the settings belongs to the model there.
    home.write(
        ".config/askpm/config.toml",
        format!("model = \"none\"\nadapter = {adapter:?}\n"),
    );
    assert_eq!(ask(&[]), plain);
}

#[test]
fn an_adapter_that_cannot_be_used_is_one_line_with_its_name() {
    let home = Home::new();
    let [model, adapter] = files(&home, "qwen3");
    let ask = |args: &[&str]| home.bare().args(["ask", "-m"]).args(args).args([QUESTION]).run();
    let model = model.to_str().unwrap();
    ask(&[model, "--adapter", adapter.to_str().unwrap()]).fails(1, &["adapter.gguf", "`qwen3`", "`llama`"]);
    ask(&[model, "--adapter", model]).fails(1, &["tiny.gguf", "general.type"]);
    ask(&[model, "--adapter", "absent.gguf"]).fails(1, &["absent.gguf"]);
    let ran = ask(&["none", "--adapter", adapter.to_str().unwrap()]);
    assert!(ran.status == Some(2) && ran.stderr.contains("--adapter"), "{ran:#?}");
}
