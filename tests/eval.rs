//! Tests `askpm eval` through the real binary.

use crate::harness::Home;

const QUESTIONS: &str = r#"{"id":"1","question":"price an API","kind":"short","relevant":["pricing/q1/a","pricing/q1/b"],"split":"tune"}
{"id":"2","question":"best pizza in Naples","kind":"none","relevant":[],"split":"tune"}
{"id":"3","question":"Which metric first, activation or retention?","kind":"short","relevant":["first-steps/q2/a"],"split":"report"}
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

#[test]
fn two_ways_of_searching_are_compared_by_a_paired_test() {
    let home = Home::new();
    let file = home.write("questions.jsonl", QUESTIONS);
    let args = ["eval", "--by", "words", "--against", "words"];
    let report = home.askpm().args(args).args(["--json"]).args([&file]).run().ok().json();
    let compared = report["compared"].as_array().unwrap();
    assert_eq!(compared.len(), 2);
    for one in compared {
        assert_eq!(
            (
                &one["questions"],
                &one["recall_at_5"]["value"],
                &one["recall_at_5"]["p"]
            ),
            (&1.into(), &0.0.into(), &1.0.into())
        );
    }
    let table = home.askpm().args(args).args([&file]).run().ok();
    assert!(table.stdout.contains("Difference from `--by words`"), "{table:#?}");
}

#[test]
fn a_beir_folder_is_scored_and_its_rankings_are_written() {
    let home = Home::new();
    home.write(
        "beir/corpus.jsonl",
        "{\"_id\":\"one\",\"title\":\"\",\"text\":\"churn\"}\n{\"_id\":\"two\",\"title\":\"T\",\"text\":\"price\"}\n",
    );
    home.write("beir/queries.jsonl", "{\"_id\":\"q\",\"text\":\"price\"}\n");
    let qrels = home.write(
        "beir/qrels/test.tsv",
        "query-id\tcorpus-id\tscore\nq\ttwo\t1\nq\tone\t1\n",
    );
    let dir = qrels.parent().unwrap().parent().unwrap();
    let run = dir.join("run");
    let beir = || home.askpm().args(["eval", "--by", "words", "--beir"]).args([dir]);
    let scored = beir().args(["--run"]).args([&run]).args(["--json"]).run().ok().json();
    assert_eq!((&scored["documents"], &scored["queries"]), (&2.into(), &1.into()));
    assert_eq!(
        (&scored["scores"]["recall_at_100"], &scored["scores"]["mrr_at_10"]),
        (&0.5.into(), &1.0.into())
    );
    assert!(std::fs::read_to_string(&run).unwrap().starts_with("q Q0 two 1 "));
    std::fs::remove_file(dir.join("corpus.jsonl")).unwrap();
    assert!(
        beir()
            .run()
            .fails(1, &["corpus.jsonl"])
            .hint()
            .contains("queries.jsonl")
    );
    let ran = home.askpm().args(["eval"]).run();
    assert!(ran.status == Some(2) && ran.stderr.contains("<FILE>"), "{ran:#?}");
}
