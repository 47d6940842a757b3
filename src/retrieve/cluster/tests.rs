//! Tests the retriever against a local server that speaks the wire format.

use super::*;
use crate::corpus::SourceFile;
use crate::index::tests::{edition, raw};
use crate::retrieve::{ByWords, Query};
use crate::testing::elastic::Elastic;
use serde_json::json;
use tempfile::TempDir;

fn files() -> Vec<SourceFile> {
    vec![edition(
        "process",
        &[
            (
                "Who should write the PRD?",
                &[
                    "The product manager writes PRDs and the designer reviews them.",
                    "Nobody reads a PRD; draw it.",
                ],
            ),
            (
                "Saying no to stakeholders",
                &["Show the roadmap and ask which feature should leave it."],
            ),
        ],
    )]
}

fn store(files: &[SourceFile]) -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open_or_refresh(dir.path(), files).unwrap();
    (dir, store)
}

fn place(url: &str) -> Place {
    Place {
        url: url.into(),
        index: "askpm".into(),
        authorization: Some("ApiKey secret".into()),
        patience: Duration::from_secs(20),
    }
}

fn open(store: &Store, server: &Elastic) -> Result<Cluster, RetrieveError> {
    Cluster::open(store, &place(&server.url()), &mut |_, _| {})
}

fn ids(retriever: &dyn Retriever, question: &str) -> Vec<String> {
    let found = retriever.retrieve(&Query::new(question, 5)).unwrap();
    found.hits.iter().map(|hit| hit.passage.id.to_string()).collect()
}

#[test]
fn passages_are_sent_once_and_found_again() {
    let (_dir, store) = store(&files());
    let server = Elastic::start();
    let cluster = open(&store, &server).unwrap();
    let by_cluster = ByCluster {
        store: &store,
        cluster: &cluster,
    };
    assert_eq!(ids(&by_cluster, "Who writes the PRD?")[0], "process/q1/a");
    assert_eq!(ids(&by_cluster, "stakeholders and the roadmap"), ["process/q2/a"]);
    let (head, _) = server.requests().remove(1);
    assert!(head.contains("_bulk?refresh=wait_for"), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("authorization: apikey secret\r\n"),
        "{head}"
    );
    let before = server.requests().len();
    open(&store, &server).unwrap();
    assert_eq!(server.requests().len(), before + 1, "one count, and nothing sent again");
}

#[test]
fn coverage_and_confidence_are_those_of_the_local_index() {
    let (_dir, store) = store(&files());
    let server = Elastic::start();
    let cluster = open(&store, &server).unwrap();
    let by_cluster = ByCluster {
        store: &store,
        cluster: &cluster,
    };
    for question in ["Who should write the PRD?", "best pizza in Naples"] {
        let query = Query::new(question, 5);
        let (ours, theirs) = (ByWords { store: &store }.retrieve(&query), by_cluster.retrieve(&query));
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert_eq!(ours.signals, theirs.signals, "{question}");
        assert_eq!(ours.coverage, theirs.coverage, "{question}");
    }
}

#[test]
fn another_corpus_is_another_index_and_what_was_lost_is_sent_again() {
    let (_dir, first) = store(&files());
    let server = Elastic::start();
    open(&first, &server).unwrap();
    let mut more = files();
    more.push(edition("more", &[("Where to start?", &["Start with one customer."])]));
    let (_other, second) = store(&more);
    open(&second, &server).unwrap();
    let counts: Vec<usize> = server.counts().into_values().collect();
    assert_eq!(counts.iter().sum::<usize>(), 3 + 4, "{counts:?}");
    server.lose_one();
    open(&second, &server).unwrap();
    assert!(
        server.counts().values().any(|count| *count == 4),
        "{:?}",
        server.counts()
    );
}

#[test]
fn what_the_corpus_does_not_have_is_not_quoted_whatever_the_cluster_sends() {
    let (_dir, store) = store(&files());
    let server = Elastic::start();
    let cluster = open(&store, &server).unwrap();
    let text = "The PRD is written by whoever pays for it.";
    server.forge(json!({"_score": 99.0, "_source": {"key": "forged", "id": "process/q1/a", "text": text}}));
    let by_cluster = ByCluster {
        store: &store,
        cluster: &cluster,
    };
    let found = by_cluster.retrieve(&Query::new("Who writes the PRD?", 5)).unwrap();
    assert!(!found.hits.is_empty() && found.hits.iter().all(|hit| hit.passage.text != text));
}

#[test]
fn other_wordings_are_sent_and_searched() {
    let text = files().remove(0).text.unwrap();
    let heading = text
        .lines()
        .find(|line| line.contains("Saying no to stakeholders"))
        .unwrap();
    let asked = text.replace(
        heading,
        &format!("{heading}\n\nAlso asked: How do I push back on executives?"),
    );
    let files = [raw("process.md", &asked)];
    let (_dir, store) = store(&files);
    let server = Elastic::start();
    let cluster = open(&store, &server).unwrap();
    let by_cluster = ByCluster {
        store: &store,
        cluster: &cluster,
    };
    assert_eq!(ids(&by_cluster, "executives")[0], "process/q2/a");
}

#[test]
fn a_cluster_that_refuses_or_talks_nonsense_is_told_and_the_key_is_not() {
    let (_dir, store) = store(&files());
    for (status, body, parts) in [
        (
            401,
            r#"{"error":{"reason":"missing credentials"}}"#,
            ["401", "missing credentials", "key_env"],
        ),
        (500, "", ["500", "", ""]),
        (302, "", ["302", "redirects", "url"]),
        (200, "nonsense", ["no count", "", ""]),
        (200, r#"{"hits":{"total":"many"}}"#, ["no count", "", ""]),
    ] {
        let server = Elastic::start();
        server.order(status, body);
        let error = open(&store, &server).err().unwrap();
        let told = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        assert!(!told.contains("secret") && !told.contains('\n'), "{told}");
    }
    let nobody = Cluster::open(&store, &place("http://127.0.0.1:9"), &mut |_, _| {})
        .err()
        .unwrap();
    assert!(nobody.hint().unwrap().contains("start the cluster"), "{nobody}");
    let bad = Cluster::open(&store, &place("ftp://host"), &mut |_, _| {})
        .err()
        .unwrap();
    assert!(bad.to_string().contains("not an http or https address"), "{bad}");
    let open = Cluster::open(&store, &place("http://search.example"), &mut |_, _| {})
        .err()
        .unwrap();
    assert!(open.to_string().contains("without encryption"), "{open}");
}

#[test]
fn a_question_is_data_and_no_query_language() {
    let query = wire::query("title:* OR \"x\" } ] boost^9", 7);
    let text = query.to_string();
    assert_eq!(query["size"], 7);
    assert_eq!(text.matches("query_string").count(), 0);
    let first = &query["query"]["bool"]["should"][0]["bool"]["should"][0]["match"]["discussion"]["query"];
    assert_eq!(first, "title:* OR \"x\" } ] boost^9");
}
