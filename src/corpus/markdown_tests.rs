//! Tests what an edition file may contain, and the error for each broken one.

use super::*;
use proptest::prelude::*;

const GOOD: &str = "\
---
slug: first-steps
title: \"First steps: a test\"
date: 2024-02-29
source: Written for a test.
---

## Q1. Where does one begin?

Asked by: A Reader

I have no idea.

Really none.

### A. Somebody

Begin at the beginning.

- a list
- stays a list

### B. Somebody else

Begin at the end.

## S1. A note

It notes something.

## Resources

### R1. A book (An Author)

Kind: book
Link: https://example.org/

What it says.
";

fn edition() -> Edition {
    parse("good.md", GOOD).unwrap()
}

#[test]
fn tags_are_read_in_lower_case_and_changing_them_changes_nothing_else() {
    let tagged = GOOD.replacen("\n---\n", "\ntags: [Pricing, \"#to-read\", pricing]\n---\n", 1);
    assert_eq!(parse("e.md", &tagged).unwrap().tags, ["pricing", "to-read"]);
    let wrong = GOOD.replacen("\n---\n", "\ntags: [two words]\n---\n", 1);
    let error = parse("e.md", &wrong).unwrap_err();
    assert!(error.what.contains("`two words`") && error.line > 2, "{error}");
    let (text, body) = (
        retagged("e.md", GOOD, &["a".into()]).unwrap(),
        GOOD.find("\n## ").unwrap(),
    );
    let again = parse("e.md", &text).unwrap();
    assert_eq!(
        again,
        Edition {
            tags: vec!["a".into()],
            ..edition()
        }
    );
    assert!(text.ends_with(&GOOD[body..]), "{text}");
    assert_eq!(
        parse("e.md", &retagged("e.md", &text, &[]).unwrap()).unwrap(),
        edition()
    );
}

#[test]
fn a_good_edition_is_read_whole() {
    let edition = edition();
    assert_eq!(edition.slug, "first-steps");
    assert_eq!(edition.title, "First steps: a test");
    assert_eq!(edition.date.as_deref(), Some("2024-02-29"));
    let question = &edition.discussions[0];
    assert_eq!((question.number, question.title.as_str()), (1, "Where does one begin?"));
    assert_eq!(question.asked_by.as_deref(), Some("A Reader"));
    assert_eq!(question.body, "I have no idea.\n\nReally none.");
    assert_eq!(question.answers.len(), 2);
    assert_eq!(
        question.answers[0].body,
        "Begin at the beginning.\n\n- a list\n- stays a list"
    );
    assert_eq!(
        (question.answers[1].letter, question.answers[1].contributor.as_str()),
        ('b', "Somebody else")
    );
    let section = &edition.sections[0];
    assert_eq!(
        (section.number, section.title.as_str(), section.body.as_str()),
        (1, "A note", "It notes something.")
    );
    let resource = &edition.resources[0];
    assert_eq!(resource.kind.as_deref(), Some("book"));
    assert_eq!(resource.link.as_deref(), Some("https://example.org/"));
    assert_eq!(resource.summary, "What it says.");
}

#[test]
fn what_is_written_reads_back_the_same() {
    assert_eq!(parse("again.md", &write(&edition())).unwrap(), edition());
}

#[test]
fn line_ends_and_byte_order_mark_of_other_systems_change_nothing() {
    let dos = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(parse("dos.md", &dos).unwrap(), edition());
    assert_eq!(parse("mac.md", &GOOD.replace('\n', "\r")).unwrap(), edition());
}

#[test]
fn a_heading_inside_a_code_block_is_text() {
    let text = GOOD.replace("Begin at the end.", "```\n## Q2. not a heading\n```");
    let edition = parse("code.md", &text).unwrap();
    assert_eq!(edition.discussions.len(), 1);
    assert!(edition.discussions[0].answers[1].body.contains("## Q2."));
}

#[test]
fn other_wordings_of_a_question_are_read_after_who_asks_it_and_nowhere_else() {
    let lines = "Asked by: A Reader\nAlso asked: How do I start? # now\nAlso asked:  where to begin \n";
    let also = parse("also.md", &GOOD.replace("Asked by: A Reader\n", lines)).unwrap();
    let question = &also.discussions[0];
    assert_eq!(question.also_asked, ["How do I start? # now", "where to begin"]);
    assert_eq!(
        (question.asked_by.as_deref(), question.body.as_str()),
        (Some("A Reader"), "I have no idea.\n\nReally none.")
    );
    assert_eq!(parse("again.md", &write(&also)).unwrap(), also);
    // Without an asker, and after a blank line, where it is text.
    let alone = parse(
        "alone.md",
        &GOOD.replace("Asked by: A Reader\n", "Also asked: And how?\n"),
    )
    .unwrap();
    assert_eq!(alone.discussions[0].also_asked, ["And how?"]);
    assert_eq!(parse("again.md", &write(&alone)).unwrap(), alone);
    let late = parse(
        "late.md",
        &GOOD.replace("I have no idea.", "I have no idea.\nAlso asked: no"),
    )
    .unwrap();
    assert!(late.discussions[0].also_asked.is_empty());
    assert!(edition().discussions[0].also_asked.is_empty());
}

#[test]
fn a_discussion_in_short_is_a_bounded_line_under_its_question() {
    let with = |lines: &str| parse("short.md", &GOOD.replace("Asked by: A Reader\n", lines));
    let expected = (Some("A Reader".to_string()), Some("Begin at the end.".to_string()));
    // Either field may come first.
    for lines in [
        "Asked by: A Reader\nIn short: Begin at the end.\nAlso asked: where to begin\n",
        "In short:  Begin at the end. \nAsked by: A Reader\nAlso asked: where to begin\n",
    ] {
        let short = with(lines).unwrap();
        let question = &short.discussions[0];
        assert_eq!((question.asked_by.clone(), question.in_short.clone()), expected);
        assert_eq!(question.also_asked, ["where to begin"]);
        assert_eq!(question.body, "I have no idea.\n\nReally none.");
        assert_eq!(parse("again.md", &write(&short)).unwrap(), short);
    }
    let alone = with("In short: Begin at the end.\n").unwrap();
    assert_eq!(parse("again.md", &write(&alone)).unwrap(), alone);
    // A question whose text begins like such a line is written so that it stays text.
    let mut said = edition();
    said.discussions[0].asked_by = None;
    said.discussions[0].body = "In short: how?".into();
    assert_eq!(parse("again.md", &write(&said)).unwrap(), said);
    let most = "x".repeat(MAX_IN_SHORT_BYTES);
    assert!(with(&format!("In short: {most}\n")).is_ok());
    let error = with(&format!("In short: {most}x\n")).unwrap_err();
    assert!(error.line == 8 && error.what.contains("Q1 has 601 bytes"), "{error}");
}

#[test]
fn questions_beside_an_answer_are_that_answers_alone() {
    let lines = "\nAlso asked: what comes last\nAlso asked: how to end\n\nBegin at the end.";
    let also = parse("also.md", &GOOD.replace("\nBegin at the end.", lines)).unwrap();
    let [first, second] = &also.discussions[0].answers[..] else {
        panic!("{also:?}")
    };
    assert_eq!(second.also_asked, ["what comes last", "how to end"]);
    assert_eq!(second.body, edition().discussions[0].answers[1].body);
    assert!(first.also_asked.is_empty() && also.discussions[0].also_asked.is_empty());
    assert_eq!(parse("again.md", &write(&also)).unwrap(), also);
    // An answer whose text begins like such a line is written so that it stays text.
    let mut said = edition();
    said.discussions[0].answers[1].body = "Also asked: myself".into();
    assert_eq!(parse("again.md", &write(&said)).unwrap(), said);
    // Lines without text below them are not an answer.
    let nothing = lines.replace("Begin at the end.", "");
    let error = parse("also.md", &GOOD.replace("\nBegin at the end.", &nothing)).unwrap_err();
    assert!(error.what.ends_with("has no text"), "{error}");
}

#[test]
fn other_wordings_are_bounded_in_number_and_length() {
    let with = |lines: &str| parse("many.md", &GOOD.replace("Asked by: A Reader\n", lines));
    let many = |count: usize| with(&"Also asked: a wording\n".repeat(count));
    assert_eq!(
        many(MAX_ALSO_ASKED).unwrap().discussions[0].also_asked.len(),
        MAX_ALSO_ASKED
    );
    let error = many(MAX_ALSO_ASKED + 1).unwrap_err();
    assert!(
        error.line == 8 && error.what.contains("Q1 has 25 lines `Also asked:`"),
        "{error}"
    );
    let error = with(&format!("Also asked: {}\n", "x".repeat(MAX_ALSO_ASKED_BYTES + 1))).unwrap_err();
    assert!(error.line == 8 && error.what.contains("301 bytes"), "{error}");
    let beside = "\nAlso asked: a wording".repeat(MAX_ALSO_ASKED + 1) + "\n\nBegin at the end.";
    let error = parse("many.md", &GOOD.replace("\nBegin at the end.", &beside)).unwrap_err();
    assert!(
        error.what.starts_with("the answer by ") && error.what.contains("has 25 lines `Also asked:`"),
        "{error}"
    );
}

#[test]
fn each_fault_is_named_with_its_line() {
    let cases: &[(&str, &str, usize, &str)] = &[
        ("---\nslug", "slug", 1, "front matter is missing"),
        ("source: Written for a test.\n---\n", "", 1, "front matter does not end"),
        ("slug: first-steps", "slug: First Steps", 2, "slug `First Steps`"),
        ("title: \"First steps: a test\"", "title: \" \"", 3, "title is empty"),
        ("title: \"First", "title: \"\"First", 3, "front matter: "),
        ("title: ", "titel: ", 3, "titel"),
        ("2024-02-29", "2023-02-29", 4, "date `2023-02-29`"),
        ("2024-02-29", "last May", 4, "date `last May`"),
        ("## Q1. Where", "## Where", 8, "`## Qn. Title`"),
        ("## Q1. Where", "# Q1. Where", 8, "level 2"),
        ("## Q1. Where does one begin?", "", 10, "before the first heading"),
        (
            "### B. Somebody else",
            "### A. Somebody else",
            23,
            "answer A of Q1 occurs twice",
        ),
        ("### B. Somebody else", "### Somebody else", 23, "`### A. Contributor`"),
        ("Begin at the end.", "", 23, "has no text"),
        ("## S1. A note", "## S1.", 27, "`## Sn. Title`"),
        ("It notes something.", "", 27, "section S1 has no text"),
        (
            "It notes something.",
            "### A. Nobody\n\nText.",
            27,
            "section S1 has no text",
        ),
        (
            "It notes something.",
            "Text.\n\n### A. Nobody\n\nText.",
            31,
            "under a question",
        ),
        (
            "It notes something.",
            "Text.\n\n## S1. Again\n\nText.",
            31,
            "section S1 occurs twice",
        ),
        ("### R1. A book", "### A book", 33, "`### Rn. Title`"),
        (
            "## Resources\n",
            "## Resources\n\nStray.\n",
            31,
            "directly under `Resources`",
        ),
    ];
    for (from, to, line, what) in cases {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "case {from:?} replaces nothing");
        let error = parse("bad.md", &text).expect_err(from);
        assert_eq!(
            (error.line, error.what.contains(what)),
            (*line, true),
            "{from:?} → {error}"
        );
    }
}

#[test]
fn a_heading_inside_a_quotation_or_a_list_is_text() {
    let text = GOOD.replace("Begin at the end.", "> ## Q2. quoted\n\n- ## Q3. listed");
    let edition = parse("nested.md", &text).unwrap();
    assert_eq!(edition.discussions.len(), 1);
    assert_eq!(parse("again.md", &write(&edition)).unwrap(), edition);
}

#[test]
fn a_body_that_forges_structure_is_written_as_text() {
    let mut edition = edition();
    edition.discussions[0].asked_by = None;
    edition.discussions[0].body = "Asked by: Somebody Famous".into();
    edition.discussions[0].answers[0].body = "Yes.\n\n### Z. Somebody Famous\n\nForged.\n\n```".into();
    edition.sections[0].body = "## Resources\n<!--".into();
    assert_eq!(parse("again.md", &write(&edition)).unwrap(), edition);
}

#[test]
fn a_file_of_many_headings_is_read_in_one_pass() {
    // Scanning the headings twice for each heading would take 10¹⁰ steps here.
    let mut text = String::from("---\nslug: many\ntitle: Many\n---\n");
    for number in 1..=100_000 {
        text.push_str(&format!("\n## Q{number}. T\n"));
    }
    assert_eq!(parse("many.md", &text).unwrap().discussions.len(), 100_000);
}

#[test]
fn a_long_source_that_ends_in_a_space_reads_back_the_same() {
    let source = format!("\"Written for {} \"", "a test of long lines, ".repeat(6));
    let text = format!("---\nslug: a\ntitle: b\nsource: {source}\n---\n\n## Q1. Is it so?\n\n### A. P\n\nYes.\n");
    let edition = parse("a.md", &text).unwrap();
    assert_eq!(parse("a.md", &write(&edition)).as_ref(), Ok(&edition));
}

#[test]
fn an_edition_of_nothing_is_refused() {
    let error = parse("empty.md", "---\nslug: a\ntitle: b\n---\n").unwrap_err();
    assert!(error.what.contains("no question"), "{error}");
    assert!(parse("empty.md", "").is_err());
    assert!(parse("empty.md", "---\n---").is_err());
}

/// Bodies of lines that look like structure.
fn hostile() -> impl Strategy<Value = String> {
    let line = "(## Q9\\. x|### A\\. x|# x|\\\\# x|---|===|```|~~~|<!--|<pre>|> # x|- x|Asked by: x|In short: x|Also asked: x|Kind: x|1\\. x|    x|x|)";
    proptest::string::string_regex(&format!("x\n({line}\n){{0,6}}{line}x")).unwrap()
}

fn line() -> impl Strategy<Value = String> {
    "[A-Za-z0-9é'?:.#\"-]{1,8}( [A-Za-z0-9é'?:.#\"-]{1,8}){0,4}"
}

proptest! {
    #[test]
    fn any_text_is_an_edition_or_an_error(text in "(?s)(---\n)?(slug: a\ntitle: b\n---\n)?.{0,200}") {
        let _ = parse("any.md", &text);
    }

    #[test]
    fn no_body_can_forge_or_swallow_structure(asked in hostile(), answered in hostile(), noted in hostile(), said in hostile()) {
        let mut edition = edition();
        edition.discussions[0].body = asked.trim_start_matches("x\n").trim().to_string();
        edition.discussions[0].asked_by = None;
        edition.discussions[0].answers[0].body = answered;
        edition.sections[0].body = noted;
        edition.resources[0].kind = None;
        edition.resources[0].link = None;
        edition.resources[0].summary = said.trim_start_matches("x\n").trim().to_string();
        prop_assert_eq!(parse("again.md", &write(&edition)).unwrap(), edition);
    }

    #[test]
    fn writing_and_reading_are_inverse(title in line(), asked in proptest::option::of(line()), short in proptest::option::of(line()), also in proptest::collection::vec(line(), 0..4), beside in proptest::collection::vec(line(), 0..3), body in line(), answer in line()) {
        let mut edition = edition();
        edition.title = title.clone();
        let question = &mut edition.discussions[0];
        question.title = format!("Is it {}", title.trim_end_matches('#'));
        question.asked_by = asked;
        question.in_short = short;
        question.also_asked = also;
        question.body = format!("Text {body}");
        question.answers[0].also_asked = beside;
        question.answers[0].body = format!("Text {answer}");
        // Trailing hashes close a heading in Markdown, so such a title cannot be written.
        prop_assume!(!question.title.trim_end().ends_with('#'));
        prop_assume!(question.title.trim() == question.title);
        prop_assert_eq!(parse("again.md", &write(&edition)).unwrap(), edition);
    }
}
