//! Tests the real model from end to end. They are skipped, with a message, if it is not available.

use crate::harness::{Home, Run, real_model};

const QUESTIONS: [&str; 2] = [
    "How do I move from engineering into product management?",
    "How should we price an API?",
];

fn ask(home: &Home, args: &[&str]) -> Option<Run> {
    let model = real_model()?;
    Some(home.askpm().args(["ask", "-m"]).args([model]).args(args))
}

#[test]
fn the_model_answers_and_every_sentence_is_backed_by_a_verbatim_quote() {
    let home = Home::new();
    for question in QUESTIONS {
        let Some(run) = ask(&home, &["--json", question]) else {
            return;
        };
        let answer = run.run().ok().json();
        // This test does not require that the sentence of such a small model is accepted.
        assert_eq!(answer["abstained"], false, "{answer:#}");
        assert_eq!(answer["model"]["quantization"], "Q4_1");
        assert!(answer["timings"]["prompt_tokens"].as_u64() > Some(50), "{answer:#}");
        let sentences = answer["sentences"].as_array().unwrap();
        assert!(!sentences.is_empty());
        let words: usize = sentences
            .iter()
            .map(|s| s["text"].as_str().unwrap().split_whitespace().count())
            .sum();
        // The quotes, and a lead.
        assert!(words <= 160 + 40, "{words} words");
        for sentence in sentences {
            assert!(
                sentence["support"].as_f64() >= Some(0.66) && sentence["citations"][0].is_u64(),
                "{sentence}"
            );
        }
        for citation in answer["citations"].as_array().unwrap() {
            let shown = home
                .askpm()
                .args(["show", "--json", citation["id"].as_str().unwrap()])
                .run()
                .ok();
            let quote = serde_json::to_string(&citation["quote"]).unwrap();
            assert!(
                shown.stdout.contains(&quote[1..quote.len() - 1]),
                "{citation} is not in {shown:#?}"
            );
        }
    }
}

#[test]
fn the_same_question_gets_the_same_answer_streamed_or_not_and_by_seed() {
    let home = Home::new();
    let short = ["--max-tokens", "40", QUESTIONS[1]];
    let Some(run) = ask(&home, &short) else { return };
    let streamed = run.run().ok().stdout;
    let whole = ask(&home, &["--no-stream"]).unwrap().args(short).run().ok().stdout;
    assert_eq!(streamed, whole);
    let dice = |seed: &str| {
        let args = ["--temperature", "0.9", "--seed", seed, "--json"];
        ask(&home, &args).unwrap().args(short).run().ok().json()["sentences"].clone()
    };
    assert_eq!(dice("7"), dice("7"));
}

#[test]
fn a_batch_loads_the_model_once() {
    let home = Home::new();
    let file = home.write("questions.txt", QUESTIONS.join("\n"));
    let Some(run) = ask(&home, &["--max-tokens", "16", "--batch"]) else {
        return;
    };
    let ran = run.args([file]).run().ok();
    let loads: Vec<f64> = ran
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["timings"]["load_ms"]
                .as_f64()
                .unwrap()
        })
        .collect();
    assert!(loads.len() == 2 && loads[0] > 0.0 && loads[1] == 0.0, "{loads:?}");
}
