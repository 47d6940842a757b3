//! Tests `askpm compare` through the real binary: who says what, in every format.

use crate::harness::{Home, Run, fixture};

/// Text on one line, as every cell is.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A corpus in which contributors agree, contradict each other, give reasons and set conditions.
const EDITION: &str = "---
slug: bills
title: On bills
date: 2024-05-06
---

## Q1. Should we publish the price of our zeppelin rental?

### A. Fleet manager

Publish the price of every zeppelin rental on one page, because pilots compare before they call. Nobody likes to ask.

### B. Hangar owner, north coast

Never publish the price of a zeppelin rental on any page unless a rival does it first. A price without a talk scares pilots away.

### C. =HYPERLINK(\"http://evil.example\")

=1+1 is what a zeppelin rental price looks like to a spreadsheet, and you should publish the rental price with care.

### D. Broker

I disagree with the idea that a zeppelin rental has a price. Publish a range for the rental if the season is short, and keep the rest for the call.
";

const QUESTION: &str = "Should we publish the price of our zeppelin rental?";

fn home() -> Home {
    let home = Home::new();
    home.write("corpus/bills.md", EDITION);
    home
}

fn askpm(home: &Home) -> Run {
    home.bare().env("ASKPM_CORPUS", home.path("corpus"))
}

#[test]
fn every_contributor_has_a_row_and_every_cell_is_verbatim() {
    let home = home();
    let json = askpm(&home).args(["compare", "--json", QUESTION]).run().ok().json();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{json:#}");
    let whole = one_line(EDITION);
    for row in rows {
        for cell in ["position", "reason", "condition"] {
            if let Some(text) = row[cell].as_str() {
                assert!(whole.contains(&one_line(text)), "{cell} of {row:#}");
            }
        }
        assert!(
            row["id"].as_str().unwrap().starts_with("bills/q1/") && row["date"] == "2024-05-06",
            "{row:#}"
        );
    }
    let of = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(of("bills/q1/a")["reason"], "because pilots compare before they call.");
    assert_eq!(of("bills/q1/b")["condition"], "unless a rival does it first.");
    assert_eq!(of("bills/q1/d")["stance"]["by"], "author");
    // The checker compares with the rows above, whichever of the two comes first.
    let pair = [of("bills/q1/a"), of("bills/q1/b")];
    let marked: Vec<_> = pair
        .iter()
        .filter(|row| row["stance"]["kind"] == "contradicts")
        .collect();
    assert_eq!(marked.len(), 1, "{json:#}");
    assert_eq!(marked[0]["stance"]["by"], "checker");
}

#[test]
fn nobody_is_missing_and_a_digest_marks_the_same_contradictions() {
    let home = Home::new();
    let letter = |answers: &[&str]| {
        let mut text =
            "---\nslug: w1\ntitle: W1\ndate: 2026-11-25\n---\n\n## Q1. How do I price an AI feature?\n".to_string();
        for (letter, (name, answer)) in
            ('A'..).zip(["Dana, consultant", "Omar, head of product", "Lea"].iter().zip(answers))
        {
            text += &format!("\n### {letter}. {name}\n\n{answer}\n");
        }
        home.write("corpus/w1.md", text);
    };
    let first =
        "Charge for the AI feature per seat, because small customers fear surprise bills. Start with ten dollars.";
    for second in [
        "I disagree with Dana: never charge for the AI feature per seat, because usage varies too much. Charge by use.",
        "I disagree with Dana. Usage varies too much for seats. Charge by use and show a meter to everybody.",
        "Never charge for the AI feature per seat. Charge by use and show a meter to everybody who pays.",
    ] {
        letter(&[first, second, "Bundle it."]);
        let json = askpm(&home)
            .args(["compare", "--json", "How do I price an AI feature?"])
            .run()
            .ok()
            .json();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 3, "{json:#}");
        let of = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
        assert_eq!(of("w1/q1/b")["stance"]["kind"], "contradicts", "{json:#}");
        assert_eq!(of("w1/q1/b")["stance"]["with"], "w1/q1/a", "{json:#}");
        assert_eq!(of("w1/q1/c")["position"], "Bundle it.");
        let digest = askpm(&home)
            .args(["digest", "--since", "2026", "--all", "--json"])
            .run()
            .ok()
            .json();
        let lines = digest["editions"][0]["discussions"][0]["lines"].as_array().unwrap();
        let stance = |id: &str| lines.iter().find(|line| line["id"] == id).unwrap()["stance"].clone();
        assert_eq!((lines.len(), stance("w1/q1/b")), (3, "dissents".into()), "{digest:#}");
        assert_eq!(
            (stance("w1/q1/a"), stance("w1/q1/c")),
            ("supports".into(), "supports".into()),
            "{digest:#}"
        );
        let own = askpm(&home)
            .args(["digest", "--since", "2026", "--contributor", "omar", "--json"])
            .run()
            .ok()
            .json();
        assert_eq!(
            own["editions"][0]["discussions"][0]["lines"].as_array().unwrap().len(),
            1,
            "{own:#}"
        );
    }
}

#[test]
fn text_has_a_block_for_each_contributor_and_the_other_formats_a_table() {
    let home = home();
    let run = |format: &str| {
        askpm(&home)
            .args(["compare", "--format", format, QUESTION])
            .run()
            .ok()
            .stdout
    };
    let text = run("text");
    for part in [
        "Asked: Should we publish",
        "\nFleet manager\n  Position   Publish the price of every zeppelin rental on one page",
        "\n  Disagrees  in their words: “I disagree with the idea",
        "found by comparing words",
        "\n  Source     bills/q1/a (2024-05-06)",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let markdown = run("markdown");
    assert!(
        markdown.contains("| Contributor | Position | Reason | Condition |"),
        "{markdown}"
    );
    assert_eq!(
        markdown.lines().filter(|line| line.starts_with("| ")).count(),
        5,
        "{markdown}"
    );
    let html = run("html");
    assert!(
        html.contains("<th scope=\"col\">Position</th>") && html.matches("<tr>").count() == 5,
        "{html}"
    );
    assert!(
        html.contains("default-src 'none'") && !html.contains("<script"),
        "{html}"
    );
}

#[test]
fn a_cell_of_csv_is_never_a_formula() {
    let home = home();
    let text = askpm(&home)
        .args(["compare", "--format", "csv", QUESTION])
        .run()
        .ok()
        .stdout;
    let mut lines = text.split("\r\n");
    let header = "contributor,position,reason,condition,agreement,asked,date,source";
    assert_eq!(lines.next(), Some(header));
    assert_eq!(lines.clone().filter(|line| !line.is_empty()).count(), 4, "{text}");
    let cell = lines.find(|line| line.contains("HYPERLINK")).unwrap();
    assert!(
        cell.starts_with("\"'=HYPERLINK(\"\"http://evil.example\"\")\",\"'=1+1 is what"),
        "{cell}"
    );
}

#[test]
fn a_question_that_nothing_answers_has_status_3_and_no_rows() {
    let home = Home::new();
    let ran = home.askpm().args(["compare", "How do I bake bread at home?"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{ran:#?}");
    assert!(
        ran.stderr.contains("nothing in the corpus answers this question"),
        "{ran:#?}"
    );
    let ran = home
        .askpm()
        .args(["compare", "--json", "How do I bake bread at home?"])
        .run();
    assert_eq!(ran.status, Some(3));
    assert_eq!(
        (&ran.json()["abstained"], ran.json()["rows"].as_array().unwrap().len()),
        (&true.into(), 0)
    );
}

#[test]
fn the_fixture_corpus_is_compared_verbatim() {
    let home = Home::new();
    let run = home.askpm().args(["compare", "--json", "How should we price an API?"]);
    let json = run.run().ok().json();
    let whole = one_line(&std::fs::read_to_string(fixture("corpus").join("pricing.md")).unwrap());
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{json:#}");
    for row in rows {
        assert!(whole.contains(&one_line(row["position"].as_str().unwrap())), "{row:#}");
    }
}
