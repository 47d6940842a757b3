//! `askpm eval` through the real binary.

use crate::harness::Home;

const QUESTIONS: &str = r#"{"id":"1","question":"price an API","kind":"short","relevant":["pricing/q1/a","pricing/q1/b"],"split":"tune"}
{"id":"2","question":"best pizza in Naples","kind":"none","relevant":[],"split":"tune"}
{"id":"3","question":"weekly retention of new users","kind":"short","relevant":["first-steps/q2/a"],"split":"report"}
{"id":"4","question":"do bananas ripen faster","kind":"none","relevant":[],"split":"report"}
"#;

#[test]
fn each_split_is_scored_with_intervals() {
    let home = Home::new();
    let file = home.write("questions.jsonl", QUESTIONS);
    let report = home.askpm().args(["eval", "--json"]).args([&file]).run().ok().json();
    let all: Vec<_> = report["reports"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["kind"] == "all")
        .collect();
    assert_eq!(
        all.iter().map(|r| r["split"].as_str().unwrap()).collect::<Vec<_>>(),
        ["tune", "report"]
    );
    for one in all {
        assert_eq!((&one["answerable"], &one["unanswerable"]), (&1.into(), &1.into()));
        for measure in [
            "recall_at_5",
            "mrr_at_10",
            "ndcg_at_10",
            "abstention_precision",
            "abstention_recall",
        ] {
            assert_eq!(one[measure]["value"], 1.0, "{measure} of {one:#}");
        }
    }
    let table = home.askpm().args(["eval"]).args([&file]).run().ok();
    assert!(
        table.stdout.contains("recall@5") && table.stdout.contains("report  all"),
        "{table:#?}"
    );
}

#[test]
fn a_question_file_with_a_fault_is_named_with_its_line() {
    let home = Home::new();
    let file = home.write("questions.jsonl", format!("{QUESTIONS}{{\"id\": 5}}\n"));
    let ran = home
        .askpm()
        .args(["eval"])
        .args([&file])
        .run()
        .fails(1, &["questions.jsonl", "line 5"]);
    assert!(ran.hint().contains("\"split\""), "{ran:#?}");
    home.askpm()
        .args(["eval", "nowhere.jsonl"])
        .run()
        .fails(1, &["nowhere.jsonl"]);
}
