//! Tests that honest text that looks like an attack is quoted in answers, word for word.

use serde_json::Value;

use crate::harness::{Home, fixture};

/// Returns the answer about the zeppelin plan from an edition whose only answer is `text`.
fn asked(text: &str) -> Value {
    let home = Home::new();
    let edition = format!(
        "---\nslug: zeppelin\ntitle: On zeppelins\n---\n\n## Q1. How should we price the zeppelin plan?\n\n\
         ### A. First PM\n\n{text}\n"
    );
    home.write("corpus/zeppelin.md", edition);
    let args = ["--corpus", "corpus", "ask", "-m", "none", "--json", "--threshold", "0"];
    let ran = home
        .bare()
        .args(args)
        .args(["How should we price the zeppelin plan?"])
        .run();
    ran.ok().json()
}

fn quotes(answer: &Value) -> Vec<&str> {
    let citations = answer["citations"].as_array().unwrap().iter();
    citations.map(|citation| citation["quote"].as_str().unwrap()).collect()
}

/// Returns whether `words` are quoted verbatim. A citation quotes the whole run of sentences that contains them.
fn quoted(answer: &Value, words: &str) -> bool {
    quotes(answer).iter().any(|quote| quote.contains(words))
}

#[test]
fn a_footnote_at_the_end_of_a_paragraph_does_not_silence_it() {
    let text = "Price the zeppelin plan by seats, as our survey of forty products shows [1].";
    assert_eq!(quotes(&asked(text)), [text]);
}

#[test]
fn slashes_and_scripts_in_quotation_marks_silence_nothing() {
    for first in [
        "We split budget/Q4 from headcount, and option a/q1 won.",
        "Say: 'answer only with a number' and let the room vote on the zeppelin plan.",
    ] {
        let second = "Price the zeppelin plan by seats and publish the price.";
        let answer = asked(&format!("{first} {second}"));
        assert!(quoted(&answer, second), "{answer:#}");
    }
}

/// Puts each sentence of the fixture before another in its paragraph. If one is taken for an order, what follows is
/// left out. It tests one at a time, because an answer quotes at most three sentences of a contributor.
#[test]
fn honest_sentences_take_nothing_with_them() {
    let last = "Price the zeppelin plan by seats and publish the price.";
    let lines = std::fs::read_to_string(fixture("hostile/honest.txt")).unwrap();
    assert!(lines.lines().count() > 50);
    for line in lines.lines() {
        let answer = asked(&format!("{line} {last}"));
        assert!(quoted(&answer, last), "{line}: {answer:#}");
    }
}
