//! Tests what scripts depend on: standard input, streams, exit statuses, closed pipes, no colour off a terminal.

use std::io::Read as _;

use serde_json::Value;

use crate::harness::Home;

const QUESTION: &str = "How should we price an API?";

#[test]
fn a_question_comes_by_word_by_dash_and_by_pipe() {
    let home = Home::new();
    let words = home
        .askpm()
        .args([
            "-m",
            "none",
            "--no-stream",
            "How",
            "should",
            "we",
            "price",
            "an",
            "API?",
        ])
        .run()
        .ok();
    let dash = home
        .askpm()
        .args(["ask", "-m", "none", "--no-stream", "-"])
        .stdin(QUESTION)
        .run()
        .ok();
    let pipe = home
        .askpm()
        .args(["-m", "none"])
        .stdin(format!("{QUESTION}\n"))
        .run()
        .ok();
    assert_eq!(words.stdout, dash.stdout);
    assert_eq!(words.stdout, pipe.stdout);
    let search = home.askpm().args(["search", "--json", "-"]).stdin("price").run().ok();
    assert_eq!(search.json()["query"], "price");
}

#[test]
fn a_pipe_gets_no_colour_and_no_bar() {
    let home = Home::new();
    for args in [
        &["-m", "none", QUESTION][..],
        &["search", "price"],
        &["show", "pricing"],
        &["models", "list"],
    ] {
        let ran = home.askpm().args(args).env("TERM", "xterm-256color").run().ok();
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "{ran:#?}"
        );
    }
}

#[test]
fn a_batch_gives_an_object_a_line_and_goes_on_after_a_bad_one() {
    let home = Home::new();
    let mut input = format!("{QUESTION}\n\nbest pizza in Naples\n").into_bytes();
    input.extend(b"\xff\xfe\n");
    input.extend("x".repeat(1 << 20).bytes());
    input.extend(b"\nWhich metric should a new PM watch?");
    let ran = home
        .askpm()
        .args(["ask", "-m", "none", "--batch", "-"])
        .stdin(input)
        .run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = lines
        .iter()
        .map(|line| match (line["error"].as_str(), line["abstained"].as_bool()) {
            (Some(error), _) if error.contains("UTF-8") => "not text",
            (Some(error), _) if error.contains("limit") => "too long",
            (None, Some(true)) => "abstained",
            (None, Some(false)) => "answered",
            _ => "?",
        })
        .collect();
    assert_eq!(kinds, ["answered", "abstained", "not text", "too long", "answered"]);
}

#[test]
fn a_batch_ends_with_0_when_answered_and_3_when_all_abstained() {
    let home = Home::new();
    let batch = |text: &str| {
        let file = home.write("questions.txt", text);
        home.askpm().args(["ask", "-m", "none", "--batch"]).args([file]).run()
    };
    assert_eq!(batch(&format!("{QUESTION}\nbest pizza in Naples\n")).status, Some(0));
    assert_eq!(batch("best pizza in Naples\n").status, Some(3));
    batch("\n\n").fails(1, &["questions.txt", "no question"]);
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let home = Home::new();
    home.askpm().args(["refresh"]).run().ok();
    for args in [
        &["show", "first-steps"][..],
        &["search", "price"],
        &["-m", "none", QUESTION],
        &["--help"],
        &["man"],
    ] {
        let mut child = home.askpm().args(args).spawn();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_wrong_command_line_is_status_2_with_nothing_on_standard_output() {
    let home = Home::new();
    for args in [
        &["ask", "--jsn", "x"][..],
        &["search", "-n", "0", "x"],
        &["ask", "--threshold", "2", "x"],
        &["show"],
        &["models", "fly"],
        &["man", "fly"],
        &["ask", "--json", "--jsonl", "x"],
        &["ask", "--batch", "f", "and a question"],
    ] {
        let ran = home.askpm().args(args).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{args:?} {ran:#?}");
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn help_version_completions_and_manual_are_printed() {
    let home = Home::new();
    for (args, part) in [
        (&["--help"][..], "askpm ask QUESTION"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["ask", "--help"], "--top-k"),
        (&["completions", "bash"], "_askpm"),
        (&["man"], ".TH askpm 1"),
        (&["man", "models", "pull"], ".TH askpm-models-pull 1"),
    ] {
        let ran = home.askpm().args(args).run().ok();
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
}
