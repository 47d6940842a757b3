//! Tests `askpm bench` on tiny models.

use std::path::Path;

use crate::harness::Home;
use askpm_fixtures::{Meta, TinyGguf, Weights};

fn tiny(home: &Home, context: u32) -> std::path::PathBuf {
    let mut file = TinyGguf::new("llama", Weights::Q4_0);
    file.set("llama.context_length", Meta::U32(context));
    home.write("tiny.gguf", file.bytes())
}

#[test]
fn every_figure_of_the_contract_is_there_and_each_is_of_as_many_runs_as_asked_for() {
    let home = Home::new();
    let model = tiny(&home, 4096);
    let ran = home
        .bare()
        .args(["bench", "--json", "--runs", "2", "-m"])
        .args([&model])
        .run();
    let report = ran.ok().json();
    for (name, tokens) in [
        ("prefill_128", 128),
        ("prefill_512", 512),
        ("prefill_2048", 2048),
        ("decode", 64),
    ] {
        let speed = &report[name];
        let runs: Vec<f64> = speed["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run.as_f64().unwrap())
            .collect();
        let median = speed["tokens_per_second"].as_f64().unwrap();
        assert!(runs.len() == 2 && median > 0.0, "{tokens}: {speed}");
        assert!((median - (runs[0] + runs[1]) / 2.0).abs() <= 0.11, "{tokens}: {speed}");
    }
    assert!(report["first_token_ms"].as_f64() > Some(0.0), "{report:#}");
    assert!(report["load_ms"].as_f64() >= Some(0.0), "{report:#}");
    if cfg!(target_os = "linux") {
        assert!(report["peak_memory_bytes"].as_u64() > Some(1 << 20), "{report:#}");
    }
    assert!(
        report["threads"].as_u64() >= Some(1) && report["cpu_features"].is_array(),
        "{report:#}"
    );
    assert_eq!(report["model"]["name"], "Tiny llama");
    assert_eq!(
        (&report["model"]["quantization"], &report["model"]["device"]),
        (&"Q4_0".into(), &"cpu".into())
    );
}

#[test]
fn prompts_that_the_context_has_no_room_for_have_no_figure() {
    let home = Home::new();
    let model = tiny(&home, 256);
    let ran = home
        .bare()
        .args(["bench", "--json", "--runs", "1", "-m"])
        .args([&model])
        .run()
        .ok();
    let report = ran.json();
    assert!(
        report["prefill_128"].is_object() && report["decode"].is_object(),
        "{report:#}"
    );
    assert!(
        report["prefill_512"].is_null() && report["first_token_ms"].is_null(),
        "{report:#}"
    );
    assert!(ran.stderr.contains("skipping the prompt of 2048 tokens"), "{ran:#?}");
    let table = home
        .bare()
        .args(["bench", "--runs", "1", "-q", "-m"])
        .args([&model])
        .run()
        .ok();
    assert!(
        table.stderr.is_empty() && table.stdout.contains("answer of 64 tokens"),
        "{table:#?}"
    );
}

#[test]
fn the_first_token_of_a_prompt_of_ones_own_is_made_once() {
    let home = Home::new();
    let model = tiny(&home, 256);
    let prompt = home.write("prompt.txt", "How do I become a product manager?\n");
    let bench = |flags: &[&str], prompt: &Path| {
        let bare = home.bare().args(["bench", "-m"]).args([&model]).args(flags);
        bare.args(["--prompt"]).args([prompt]).run()
    };
    let report = bench(&["--json"], &prompt).ok().json();
    assert!(report["prompt_tokens"].as_u64() > Some(5), "{report:#}");
    assert!(report["first_token"].is_string(), "{report:#}");
    assert!(
        report["first_token_ms"].as_f64() >= report["prefill_ms"].as_f64(),
        "{report:#}"
    );
    let table = bench(&[], &prompt).ok();
    assert!(table.stdout.contains("prompt tokens"), "{table:#?}");
    let long = home.write("long.txt", "product ".repeat(300));
    bench(&[], &long).fails(1, &["tokens"]);
    bench(&[], Path::new("none.txt")).fails(1, &["none.txt"]);
}

#[test]
fn what_bench_cannot_honour_is_refused() {
    let home = Home::new();
    let none = home.bare().args(["bench", "-m", "none"]).run();
    assert_eq!(none.status, Some(2), "{none:#?}");
    for flag in ["--top-k=3", "--jsonl", "--temperature=1", "--runs=0"] {
        let ran = home.bare().args(["bench", flag]).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{flag}: {ran:#?}");
    }
    home.bare()
        .args(["bench", "-m", "missing.gguf"])
        .run()
        .fails(1, &["missing.gguf"]);
    let unfetched = home.bare().args(["bench", "--offline"]).run();
    unfetched.fails(1, &["smollm2-135m"]);
}

#[test]
fn the_processors_path_is_the_named_one_and_another_is_refused_before_any_work() {
    let home = Home::new();
    let model = tiny(&home, 256);
    let bench = |path: &str| {
        let run = home
            .bare()
            .env("ASKPM_CPU", path)
            .args(["bench", "--json", "--runs", "1", "-m"]);
        run.args([&model]).run()
    };
    let features = |path| bench(path).ok().json()["cpu_features"].clone();
    let plain = if cfg!(target_arch = "aarch64") {
        vec!["neon"]
    } else {
        vec![]
    };
    assert_eq!(features("plain"), serde_json::json!(plain));
    let fastest = home
        .bare()
        .args(["bench", "--json", "--runs", "1", "-m"])
        .args([&model])
        .run();
    assert_eq!(features(""), fastest.ok().json()["cpu_features"]);

    let foreign = if cfg!(target_arch = "x86_64") { "neon" } else { "avx2" };
    for (path, cause) in [
        ("sse", "askpm has no such path"),
        (foreign, "this processor does not have it"),
    ] {
        let ran = bench(path).fails(1, &["cannot compute with ASKPM_CPU=", path, cause]);
        assert!(
            ran.hint().contains("plain") && ran.hint().contains("unset ASKPM_CPU"),
            "{ran:#?}"
        );
        let home = Home::new();
        let ran = home.askpm().env("ASKPM_CPU", path).args(["search", "price"]).run();
        ran.fails(1, &[cause]);
        assert!(!home.path(".cache").exists(), "a search began");
    }
}
