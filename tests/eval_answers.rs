//! Tests `askpm eval --answers` through the real binary, without a model and with one of random weights.

use crate::harness::Home;
use askpm_fixtures::{Meta, TinyGguf, Weights};

const QUESTIONS: &str = r#"{"id":"1","question":"How should we price an API?","kind":"short","relevant":["pricing/q1/a"],"split":"report","points":[{"text":"Bill each call that works.","evidence":[{"id":"pricing/q1/a","quote":"Charge by successful call and publish the price on one page."}]},{"text":"Ask a lawyer.","evidence":[{"id":"pricing/q1/a","quote":"No passage says this."}]}]}
{"id":"2","question":"best pizza in Naples","kind":"none","relevant":[],"split":"report"}
{"id":"3","question":"Which metric first, activation or retention?","kind":"short","relevant":["first-steps/q2/a"],"split":"tune"}
"#;

#[test]
fn quoted_answers_are_scored_by_citation_support_points_and_abstention() {
    let home = Home::new();
    let file = home.write("questions.jsonl", QUESTIONS);
    let eval = |args: &[&str]| {
        home.askpm()
            .args(["eval", "--answers", "-m", "none"])
            .args(args)
            .args([&file])
            .run()
    };
    let found = eval(&["--json"]).ok().json();
    let reports = found["reports"].as_array().unwrap();
    let modes: Vec<_> = reports.iter().map(|report| &report["mode"]).collect();
    assert_eq!(modes, ["extractive", "control"], "{found:#}");
    let r = &reports[0];
    assert_eq!(
        (&r["mode"], &r["questions"], &r["answered"]),
        (&"extractive".into(), &3.into(), &2.into())
    );
    assert_eq!(r["verbatim"], r["sentences"]);
    assert_eq!(
        (&r["citation_recall"]["value"], &r["citation_precision"]["value"]),
        (&1.0.into(), &1.0.into())
    );
    assert_eq!(r["coverage"]["value"], 0.5, "{r:#}");
    assert_eq!(
        (&r["abstained_rightly"], &r["abstained_wrongly"]),
        (&1.into(), &0.into())
    );
    assert!(found["checker"]["held"]["pairs"].as_u64() >= Some(30), "{found:#}");

    let table = eval(&["--split", "report", "--limit", "1"]).ok().stdout;
    assert!(
        table.contains("key points covered") && table.contains("held-out pairs"),
        "{table}"
    );
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("questions") && line.ends_with(" 1")),
        "{table}"
    );
    let refused = eval(&["--mode", "llm"]);
    assert!(
        refused.status == Some(2) && refused.stderr.contains("`--mode` needs a model"),
        "{refused:#?}"
    );
    let refused = home.askpm().args(["eval", "--mode", "llm"]).args([&file]).run();
    assert!(
        refused.status == Some(2) && refused.stderr.contains("--answers"),
        "{refused:#?}"
    );
}

#[test]
fn modes_stand_side_by_side_and_what_an_unchecked_model_babbles_is_not_supported() {
    let home = Home::new();
    let file = home.write("questions.jsonl", QUESTIONS);
    let mut model = TinyGguf::new("llama", Weights::F32);
    model.set("llama.context_length", Meta::U32(2048));
    let model = home.write("tiny.gguf", model.bytes());
    let run = home
        .askpm()
        .args(["eval", "--answers", "--json", "--limit", "1", "--split", "report", "-m"]);
    let found = run.args([model]).args([&file]).run().ok().json();
    let of = |mode: &str| {
        found["reports"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["mode"] == mode)
            .unwrap()
            .clone()
    };
    let (held, free) = (of("llm"), of("ungrounded"));
    assert_eq!(
        (&held["model"], &held["verbatim"]),
        (&"tiny.gguf".into(), &held["sentences"])
    );
    assert!(
        held["answered"] == 1 && held["citation_recall"]["value"] == 1.0,
        "{held:#}"
    );
    assert_eq!(
        (&free["supported"]["value"], &free["coverage"]["value"]),
        (&0.0.into(), &0.0.into())
    );
    assert!(free["verbatim"].is_null(), "{free:#}");
}
