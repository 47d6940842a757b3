//! Tests what is shown of a model's text, through the real binary.
//!
//! Babble never becomes an answer, whichever model writes it. Unsupported sentences are shown only on request, with a
//! mark.

use crate::harness::completions::{Completions, Says};
use crate::harness::{Home, Run, real_model};
use askpm_fixtures::{Meta, TinyGguf, Weights};

const QUESTION: &str = "How should we price an API?";

/// Generates sentences in which every second word is from the passages and the others are random letters, in pieces. A
/// large model that fails writes like this.
fn babble(seed: u64) -> Vec<String> {
    const KNOWN: [&str; 8] = ["price", "call", "page", "charge", "publish", "successful", "API", "one"];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) % below
    };
    let mut pieces = Vec::new();
    for _ in 0..12 {
        for at in 0..2 * (3 + next(4)) {
            let word: String = match at % 2 {
                0 => KNOWN[next(8) as usize].into(),
                _ => (0..4 + next(5)).map(|_| char::from(b'a' + next(26) as u8)).collect(),
            };
            pieces.push(if at == 0 { word } else { format!(" {word}") });
        }
        pieces.push(if next(4) == 0 { ".\n".into() } else { ". ".into() });
    }
    pieces
}

/// Returns `askpm ask` with settings that name `server` as the generator.
fn served(home: &Home, server: &Completions) -> Run {
    home.write(
        ".config/askpm/config.toml",
        format!(
            "[generator]\nkind = \"openai\"\nurl = \"{}\"\nmodel = \"big\"\n",
            server.url()
        ),
    );
    home.askpm().args(["ask"])
}

#[test]
fn whatever_a_model_babbles_is_rejected_the_passages_are_quoted_and_that_is_said() {
    let home = Home::new();
    let quoted = home.askpm().args(["ask", "-m", "none", "--json", QUESTION]).run().ok();
    for seed in 1..=8 {
        let server = Completions::start(Says::Stream(babble(seed)));
        let ran = served(&home, &server).args(["--json", QUESTION]).run().ok();
        let answer = ran.json();
        assert_eq!(answer["mode"], "extractive", "seed {seed}: {answer:#}");
        assert_eq!(answer["sentences"], quoted.json()["sentences"], "seed {seed}");
        assert!(ran.stderr.contains("no passage supports the model's text"), "{ran:#?}");
        let streamed = served(&home, &server).args([QUESTION]).run().ok();
        assert!(!streamed.stdout.contains("[unsupported]"), "seed {seed}: {streamed:#?}");
    }
}

#[test]
fn unsupported_sentences_are_shown_on_demand_marked_and_without_citation() {
    let home = Home::new();
    let pieces = ["Elephants set the price on Tuesdays. ", "Charge by successful call. "].map(String::from);
    let server = Completions::start(Says::Stream(pieces.into()));
    let args = ["--keep-unsupported", QUESTION];
    let streamed = served(&home, &server).args(args).run().ok().stdout;
    assert!(
        streamed.contains("Elephants set the price on Tuesdays. [unsupported]"),
        "{streamed}"
    );
    assert_eq!(streamed.matches("[unsupported]").count(), 1, "{streamed}");
    let answer = served(&home, &server).args(["--json"]).args(args).run().ok().json();
    let told = |n: usize| {
        let sentence = &answer["sentences"][n];
        (
            sentence["supported"].as_bool(),
            sentence["citations"].as_array().map(Vec::len),
        )
    };
    assert_eq!(
        [told(0), told(1)],
        [(Some(true), Some(1)), (Some(false), Some(0))],
        "{answer:#}"
    );
    let plain = served(&home, &server).args([QUESTION]).run().ok().stdout;
    assert!(!plain.contains("Elephants"), "{plain}");
    // If no other sentence is backed either, the marked one is not an answer: the passages are quoted below it.
    let server = Completions::start(Says::Stream(vec!["Elephants set the price on Tuesdays. ".into()]));
    let answer = served(&home, &server).args(["--json"]).args(args).run().ok().json();
    assert_eq!(
        (&answer["mode"], &answer["sentences"][0]["supported"]),
        (&"extractive".into(), &false.into())
    );
    assert!(!answer["citations"].as_array().unwrap().is_empty(), "{answer:#}");
}

#[test]
fn a_random_model_can_say_nothing_but_what_is_quoted_without_it() {
    let home = Home::new();
    let quoted = home.askpm().args(["ask", "-m", "none", "--json", QUESTION]).run().ok();
    for (architecture, seed) in [("llama", "1"), ("gemma3", "2"), ("qwen3", "3")] {
        let mut model = TinyGguf::new(architecture, Weights::F32);
        model.set(&format!("{architecture}.context_length"), Meta::U32(2048));
        let model = home.write("tiny.gguf", model.bytes());
        let run = home
            .askpm()
            .args(["ask", "--json", "--temperature", "1.5", "--seed", seed, "-m"]);
        let answer = run.args([model]).args([QUESTION]).run().ok().json();
        assert_eq!(answer["mode"], "extractive", "{answer:#}");
        assert_eq!(answer["sentences"], quoted.json()["sentences"], "{architecture}");
    }
}

#[test]
fn a_small_model_shows_nothing_without_a_verbatim_quote() {
    let Some(model) = real_model() else { return };
    let home = Home::new();
    let file = home.write(
        "questions.jsonl",
        r#"{"id":"1","question":"How should we price an API?","kind":"short","relevant":["pricing/q1/a"],"split":"report"}"#,
    );
    let run = home
        .askpm()
        .args(["eval", "--answers", "--json", "--mode", "llm", "-m"]);
    let run = run.args([model]).args([&file]).run().ok();
    let report = run.json()["reports"][0].clone();
    assert!(report["sentences"].as_u64() > Some(0), "{report:#}");
    assert_eq!(report["verbatim"], report["sentences"], "{report:#}");
}
