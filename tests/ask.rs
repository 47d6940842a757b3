//! Tests `askpm ask` through the real binary, without a model.

use serde_json::Value;

use crate::harness::{Home, Ran};

const QUESTION: &str = "How do I move from engineering into product management?";

fn ask(home: &Home, args: &[&str]) -> Ran {
    home.askpm().args(["ask", "-m", "none"]).args(args).run()
}

#[test]
fn an_answer_is_quoted_cited_and_dated() {
    let home = Home::new();
    let ran = ask(&home, &[QUESTION]).ok();
    // Only the day of indexing differs from run to run.
    let shown = ran.stdout.lines().map(|line| match line.split_once("; indexed ") {
        Some((before, after)) => format!("{before}; indexed DAY{}", &after[10..]),
        None => line.to_string(),
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));
    assert_eq!(ran.stderr, "");
}

#[test]
fn who_asked_in_other_words_sees_which_question_was_answered() {
    let home = Home::new();
    let heading = "Asked: How do I move from engineering into product management?";
    let answered = |flags: &[&str]| {
        let question = "move from engineering into product management";
        ask(&home, &[flags, &[question]].concat()).ok()
    };
    for (flags, shown) in [
        (&["--format", "html"][..], format!("<p class=\"about\">{heading}</p>")),
        (&["--format", "md"], format!("*{heading}*\n\n**")),
    ] {
        let ran = answered(flags);
        assert!(ran.stdout.contains(&shown), "{}", ran.stdout);
    }
    let ran = answered(&[]);
    assert!(ran.stdout.starts_with(&format!("{heading}\n\n")), "{}", ran.stdout);
    let json = answered(&["--json"]).json();
    assert!(json["answer"].as_str().unwrap().starts_with(heading));
    assert!(!json["sentences"][0]["text"].as_str().unwrap().contains("Asked"));
}

#[test]
fn many_words_about_something_else_are_no_reason_to_answer() {
    let home = Home::new();
    for question in [
        "We are planning a wedding for two hundred guests in a small town by the sea, and the band we wanted has cancelled, \
         so how do we find another one quickly and what should we pay them for the evening and the travel",
        "The bread that I bake with rye flour and a sourdough starter from a friend comes out flat and sour every time, \
         although I follow the recipe with a scale, a thermometer and a stone in the oven",
        "How can one tell a good olive oil from a bad one in a shop where nothing can be tasted, the labels are full of \
         medals, and the price goes from four to forty euros for what looks like the same green bottle",
    ] {
        let ran = home.bare().args(["ask", "-m", "none", "--by", "words", question]).run();
        ran.fails(3, &["nothing in the corpus answers"]);
    }
}

#[test]
fn an_answer_names_other_discussions_that_may_answer() {
    let home = Home::new();
    let question = "how do I say no to stakeholders";
    let asked = |more: &[&str]| {
        let flags = ["ask", "-m", "none", "--by", "words"];
        home.bare().args(flags).args(more).args([question]).run().ok()
    };
    let answer = asked(&["--json"]).json();
    let others = answer["see_also"].as_array().unwrap();
    assert!((1..=2).contains(&others.len()), "{others:?}");
    let text = asked(&[]).stdout;
    for other in others {
        let id = other["id"].as_str().unwrap();
        let cited = answer["citations"].as_array().unwrap().iter();
        assert!(
            cited
                .clone()
                .all(|c| !c["id"].as_str().unwrap().starts_with(&format!("{id}/"))),
            "{id}"
        );
        let line = format!("{id}  {}", other["discussion"].as_str().unwrap());
        assert!(text.split("See also").nth(1).unwrap().contains(&line), "{text}");
        home.bare().args(["show", id]).run().ok();
    }
    for format in ["md", "html"] {
        assert!(asked(&["--format", format]).stdout.contains("See also"), "{format}");
    }
    // What nothing answers has its related discussions instead.
    let none = home
        .bare()
        .args(["ask", "-m", "none", "--by", "words", "--json", "best pizza in Naples"])
        .run();
    assert_eq!(none.json()["see_also"], serde_json::json!([]));
}

#[test]
fn the_json_object_is_the_contract_s() {
    let home = Home::new();
    let answer = ask(&home, &["--json", QUESTION]).ok().json();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&answer),
        "abstained answer citations confidence corpus further_reading lead mode model question related see_also sentences sure \
         threshold timings voices"
    );
    assert_eq!(keys(&answer["sentences"][0]), "citations support supported text");
    assert_eq!(keys(&answer["voices"][0]), "contributor id sentences stance");
    assert_eq!(keys(&answer["further_reading"][0]), "id kind link title");
    let sentences = answer["sentences"].as_array().unwrap();
    assert!(sentences.contains(&answer["lead"]), "{answer:#}");
    // Each sentence belongs to one voice.
    let voices = answer["voices"].as_array().unwrap().iter();
    let spoken: Vec<_> = voices
        .flat_map(|voice| voice["sentences"].as_array().unwrap().clone())
        .collect();
    assert_eq!(spoken, (0..sentences.len()).map(Value::from).collect::<Vec<_>>());
    assert_eq!(
        keys(&answer["citations"][0]),
        "contributor date discussion edition id n path quote"
    );
    assert_eq!(keys(&answer["corpus"]), "editions indexed_at newest");
    assert_eq!(
        keys(&answer["timings"]),
        "cached_tokens decode_ms first_token_ms generated_tokens load_ms prefill_ms prompt_tokens retrieve_ms total_ms"
    );
    assert_eq!(
        (&answer["mode"], &answer["abstained"], &answer["model"]),
        (&"extractive".into(), &false.into(), &Value::Null)
    );
    assert_eq!(
        (answer["corpus"]["editions"].as_u64(), &answer["corpus"]["newest"]),
        (Some(2), &"2024-06-15".into())
    );
}

#[test]
fn every_sentence_is_cited_and_every_quote_stands_in_the_answer_it_names() {
    let home = Home::new();
    for question in [QUESTION, "price an API", "Which metric first, activation or retention?"] {
        let answer = ask(&home, &["--json", question]).ok().json();
        let citations = answer["citations"].as_array().unwrap();
        for sentence in answer["sentences"].as_array().unwrap() {
            assert!(!sentence["citations"].as_array().unwrap().is_empty(), "{sentence}");
        }
        for citation in citations {
            let id = citation["id"].as_str().unwrap();
            let shown = home.askpm().args(["show", "--json", id]).run().ok().json();
            let text = shown["discussions"][0]["answers"][0]["text"].as_str().unwrap();
            assert!(
                text.contains(citation["quote"].as_str().unwrap()),
                "{citation} is not in {text}"
            );
        }
    }
}

#[test]
fn a_question_that_the_corpus_does_not_answer_is_status_3_and_names_what_is_related() {
    let home = Home::new();
    let ran = ask(&home, &["best pizza in Naples"]).fails(3, &["nothing in the corpus answers this question"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    let near = ask(&home, &["What does engineering management pay?"]);
    let near = near.fails(3, &["nothing in the corpus answers this question"]);
    assert!(
        near.stderr
            .contains("The nearest discussions, in case one of them helps:")
            && near
                .stderr
                .contains("first-steps/q1  How do I move from engineering into product management?"),
        "{near:#?}"
    );
    assert_eq!(near.stdout, "");
    let json = ask(&home, &["--json", "What does engineering management pay?"]).json();
    let related = &json["related"][0];
    assert_eq!(
        (&related["id"], &related["edition"]),
        (&"first-steps/q1".into(), &"First steps in product".into())
    );
    assert!(
        related["quote"].as_str().is_some_and(|quote| !quote.is_empty()),
        "{json:#}"
    );
    let json = ask(&home, &["--json", "best pizza in Naples"]);
    assert_eq!((json.status, json.stderr.as_str()), (Some(3), ""));
    assert_eq!(
        (&json.json()["abstained"], &json.json()["citations"]),
        (&true.into(), &Value::Array(vec![]))
    );
}

#[test]
fn the_threshold_moves_the_line() {
    let home = Home::new();
    let half_known = "engineering in Antarctica";
    assert_eq!(ask(&home, &["--threshold", "0.9", half_known]).status, Some(3));
    assert_eq!(ask(&home, &["--threshold", "0.01", half_known]).status, Some(0));
}

#[test]
fn a_default_model_too_small_to_write_is_neither_fetched_nor_missed() {
    let home = Home::new();
    for extra in [&[][..], &["--offline"]] {
        let ran = home.askpm().args(["ask", "--json", QUESTION]).args(extra).run().ok();
        assert_eq!(
            (&ran.json()["mode"], &ran.json()["model"]),
            (&"extractive".into(), &Value::Null)
        );
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn a_model_asked_for_by_name_that_cannot_be_had_is_an_error() {
    let home = Home::new();
    let ran = home
        .askpm()
        .args(["ask", "-m", "smollm2-135m", "--offline", QUESTION])
        .run();
    let ran = ran.fails(1, &["smollm2-135m: it is not on this machine", "offline"]);
    assert!(ran.hint().contains("askpm models pull smollm2-135m"), "{ran:#?}");
}

#[test]
fn flags_that_quoting_cannot_honour_are_refused() {
    let home = Home::new();
    for flag in [
        ["--temperature", "1"],
        ["--seed", "1"],
        ["--top-p", "0.9"],
        ["--max-tokens", "9"],
        ["--device", "cpu"],
    ] {
        let ran = ask(&home, &[flag[0], flag[1], QUESTION]);
        assert_eq!(ran.status, Some(2), "{ran:#?}");
        assert!(ran.stderr.contains(flag[0]), "{ran:#?}");
    }
    let ran = ask(&home, &["--keep-unsupported", QUESTION]);
    assert!(
        ran.status == Some(2) && ran.stderr.contains("--keep-unsupported"),
        "{ran:#?}"
    );
}

#[test]
fn no_far_fetched_neighbour_is_named() {
    let home = Home::new();
    let ran = home.bare().args(["-m", "none", "best pizza in Naples"]).run();
    let ran = ran.fails(3, &["nothing in the corpus answers this question"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
}

#[test]
fn the_confidence_and_the_threshold_are_told_for_answers_and_abstentions() {
    let home = Home::new();
    for (question, threshold, status, verdict) in [
        (QUESTION, "0.25", 0, "answering"),
        ("best pizza in Naples", "0.75", 3, "abstaining"),
    ] {
        let ran = ask(&home, &["--threshold", threshold, "--json", "--explain", question]);
        assert_eq!(ran.status, Some(status), "{ran:#?}");
        let answer = ran.json();
        let number = |key: &str| answer[key].as_f64().unwrap();
        assert_eq!(number("threshold"), threshold.parse::<f64>().unwrap());
        assert_eq!(number("confidence") >= number("threshold"), status == 0, "{answer}");
        let told = format!("{verdict}: confidence {:.3}", number("confidence"));
        assert!(
            ran.stderr.contains(&told) && ran.stderr.contains(&format!("threshold {threshold}0")),
            "{ran:#?}"
        );
        assert_eq!(
            ran.stderr.contains("support 1.00 by first-steps/q1/"),
            status == 0,
            "{ran:#?}"
        );
    }
}

#[test]
fn who_says_what_is_named_before_it_with_a_paragraph_each() {
    let home = Home::new();
    let answer = ask(&home, &["--json", QUESTION]).ok().json();
    let text = answer["answer"].as_str().unwrap();
    let citations = answer["citations"].as_array().unwrap();
    let speakers: std::collections::BTreeSet<_> = citations.iter().map(|c| c["contributor"].as_str()).collect();
    assert!(speakers.len() > 1, "{answer:#}");
    assert_eq!(text.split("\n\n").count(), speakers.len(), "{text}");
    for speaker in speakers.into_iter().flatten() {
        assert!(
            text.contains(&format!("{speaker}: ")),
            "{speaker} is not named in {text}"
        );
    }
    let streamed = ask(&home, &[QUESTION]).ok().stdout;
    let whole = ask(&home, &["--no-stream", QUESTION]).ok().stdout;
    assert_eq!(streamed, whole);
    assert!(streamed.starts_with(text), "{streamed}");
}

#[test]
fn a_question_in_another_language_gets_a_line_that_says_what_the_corpus_has() {
    let home = Home::new();
    let ran = ask(
        &home,
        &["Wie verhandle ich als Produktmanagerin mein erstes Gehalt, wenn ich kein anderes Angebot habe?"],
    );
    assert!(
        ran.stderr.contains("German") && ran.stderr.contains("English"),
        "{ran:#?}"
    );
    assert_eq!(ask(&home, &[QUESTION]).ok().stderr, "");
}
