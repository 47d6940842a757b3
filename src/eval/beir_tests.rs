//! Tests that collections are read, scored as pytrec_eval scores them, and rejected if faulty.

use super::*;
use crate::index::Store;
use crate::retrieve::ByWords;
use std::fs;

const CORPUS: &str = "{\"_id\":\"d1\",\"title\":\"Pricing\",\"text\":\"How to price an API.\"}\n\
{\"_id\":\"d2\",\"title\":\"\",\"text\":\"## Not a heading\\nchurn of customers\"}\n\
{\"_id\":\"d3\",\"title\":\"Churn #\",\"text\":\"\"}\n";
const QUERIES: &str = "{\"_id\":\"q1\",\"text\":\"churn\"}\n{\"_id\":\"q2\",\"text\":\"price\"}\n{\"_id\":\"q3\",\"text\":\"unjudged\"}\n";
const QRELS: &str = "query-id\tcorpus-id\tscore\nq1\td2\t2\nq1\td3\t1\nq1\td1\t0\nq2\td1\t1\n";

fn folder(corpus: &str, queries: &str, qrels: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("qrels")).unwrap();
    fs::write(dir.path().join("corpus.jsonl"), corpus).unwrap();
    fs::write(dir.path().join("queries.jsonl"), queries).unwrap();
    fs::write(dir.path().join("qrels/test.tsv"), qrels).unwrap();
    dir
}

#[test]
fn every_document_is_found_under_its_own_name() {
    let dir = folder(CORPUS, QUERIES, QRELS);
    let collection = Collection::read(dir.path()).unwrap();
    assert_eq!((collection.documents(), collection.queries()), (3, 2));
    let index = tempfile::tempdir().unwrap();
    let (store, report) = Store::refresh(index.path(), collection.files()).unwrap();
    assert!(report.skipped.is_empty(), "{report:?}");
    let rankings = collection.run(&ByWords { store: &store }, |_| {}).unwrap();
    let mut churn: Vec<&str> = rankings[0].documents.iter().map(|(id, _)| id.as_str()).collect();
    churn.sort_unstable();
    assert_eq!((churn, rankings[1].documents[0].0.as_str()), (vec!["d2", "d3"], "d1"));
    let scores = collection.score(&rankings);
    assert_eq!((scores.recall_at_100, scores.mrr_at_10), (1.0, 1.0));
}

#[test]
fn scores_are_those_that_pytrec_eval_gives() {
    // `eval/check_beir.py` creates this collection and run. The expected scores come from pytrec_eval-terrier.
    let fixture: serde_json::Value = serde_json::from_str(include_str!("../../tests/fixtures/beir.json")).unwrap();
    let text = |name: &str| fixture[name].as_str().unwrap();
    let dir = folder(text("corpus"), text("queries"), text("qrels"));
    let collection = Collection::read(dir.path()).unwrap();
    let run = text("run").lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut rankings: Vec<Ranking> = collection
        .queries
        .iter()
        .map(|query| Ranking {
            query: query.id.clone(),
            documents: Vec::new(),
        })
        .collect();
    for line in run {
        let of = rankings.iter_mut().find(|ranking| ranking.query == line[0]).unwrap();
        of.documents.push((line[2].to_string(), line[4].parse().unwrap()));
    }
    let scores = serde_json::to_value(collection.score(&rankings)).unwrap();
    for measure in ["ndcg_at_10", "recall_at_100", "mrr_at_10"] {
        let (ours, theirs) = (
            scores[measure].as_f64().unwrap(),
            fixture["scores"][measure].as_f64().unwrap(),
        );
        assert!((ours - theirs).abs() < 5e-5, "{measure}: {ours}, {theirs}");
        assert!(theirs > 0.1 && theirs < 0.95, "{measure}: the fixture tells nothing");
    }
    assert_eq!(trec_run(&rankings), text("run"));
}

#[test]
fn equal_scores_are_written_apart() {
    let ranking = Ranking {
        query: "q".into(),
        documents: [("a", 2.0), ("b", 2.0), ("c", 1.0)]
            .map(|(id, score)| (id.to_string(), score))
            .to_vec(),
    };
    let run = trec_run(&[ranking]);
    assert_eq!(
        run,
        "q Q0 a 1 2.0000 askpm\nq Q0 b 2 1.9999 askpm\nq Q0 c 3 1.0000 askpm\n"
    );
}

#[test]
fn faults_are_named_with_file_and_line() {
    let broken = |corpus: &str, queries: &str, qrels: &str| {
        let dir = folder(corpus, queries, qrels);
        Collection::read(dir.path()).map(|_| ()).unwrap_err().to_string()
    };
    for (error, parts) in [
        (
            broken(&format!("{CORPUS}{{"), QUERIES, QRELS),
            ["corpus.jsonl:4", "EOF"],
        ),
        (
            broken(&format!("{CORPUS}{CORPUS}"), QUERIES, QRELS),
            ["corpus.jsonl:4", "occurs twice"],
        ),
        (
            broken(CORPUS, "\n{\"_id\":\"q1\"}", QRELS),
            ["queries.jsonl:2", "missing field `text`"],
        ),
        (
            broken(CORPUS, QUERIES, &format!("{QRELS}q1 d1 1\n")),
            ["test.tsv:6", "three columns"],
        ),
        (
            broken(CORPUS, QUERIES, &format!("{QRELS}q1\td1\tyes\n")),
            ["test.tsv:6", "`yes`"],
        ),
        (
            broken(CORPUS, QUERIES, &format!("{QRELS}q9\td1\t1\n")),
            ["test.tsv", "`q9`"],
        ),
        (
            broken(CORPUS, QUERIES, "query-id\tcorpus-id\tscore\n"),
            ["test.tsv", "no query"],
        ),
    ] {
        assert!(
            parts.iter().all(|part| error.contains(part)) && error.lines().count() == 1,
            "{error}"
        );
    }
    let empty = tempfile::tempdir().unwrap();
    let error = Collection::read(empty.path()).map(|_| ()).unwrap_err();
    assert!(error.line.is_none() && error.path.ends_with("corpus.jsonl"), "{error}");
}
