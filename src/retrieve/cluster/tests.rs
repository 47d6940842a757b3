//! Tests the retriever against a local server that speaks the wire format. `tests/cluster.rs` uses a real cluster.

use super::*;
use crate::corpus::SourceFile;
use crate::index::tests::{edition, raw};
use crate::retrieve::dense::tests::{load, tiny};
use crate::retrieve::{ByWords, Filters, HybridRetriever};
use crate::testing::elastic::Elastic;
use serde_json::json;
use tempfile::TempDir;

fn files() -> Vec<SourceFile> {
    let asked = "---\nslug: no\ntitle: No\ndate: 2024-05-01\n---\n\n## Q1. Saying no to stakeholders\n\n\
        Also asked: How do I push back on executives?\n\n### A. Zoë Lima\n\n\
        Show the roadmap and ask which feature should leave it.\n";
    vec![
        edition(
            "process",
            &[(
                "Who should write the PRD?",
                &[
                    "The product manager writes PRDs and the designer reviews them.",
                    "Nobody reads a PRD; draw it.",
                ],
            )],
        ),
        raw("no.md", asked),
    ]
}

fn store(files: &[SourceFile]) -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open_or_refresh(dir.path(), files).unwrap();
    (dir, store)
}

fn place(url: &str) -> Place {
    Place {
        urls: vec![url.into()],
        index: "askpm".into(),
        authorization: Some("ApiKey secret".into()),
        ca: None,
        patience: Duration::from_secs(20),
    }
}

fn send(files: &[SourceFile], server: &Elastic) -> Result<Published, RetrieveError> {
    let (_dir, store) = store(files);
    publish(&store, None, files, &place(&server.url()), &mut |_, _| {})
}

fn find(server: &Elastic, question: &str) -> Result<Retrieved, RetrieveError> {
    let cluster = Cluster::open(&place(&server.url()))?;
    ByCluster { cluster: &cluster }.retrieve(&Query::new(question, 5))
}

fn ids(found: &Retrieved) -> Vec<String> {
    found.hits.iter().map(|hit| hit.passage.id.to_string()).collect()
}

const QUESTIONS: [&str; 6] = [
    "Who should write the PRD?",
    "stakeholders and the roadmap",
    "executives",
    "the stakehodlers and a raodmap",
    "best pizza in Naples",
    "What should I do?",
];

fn same(ours: Retrieved, theirs: Retrieved, question: &str) {
    let timeless = |found: Retrieved| Retrieved {
        took: Duration::ZERO,
        ..found
    };
    assert_eq!(timeless(ours), timeless(theirs), "{question}");
}

#[test]
fn hits_scores_and_signals_are_those_of_the_local_index() {
    let (_dir, store) = store(&files());
    let server = Elastic::start();
    send(&files(), &server).unwrap();
    for question in QUESTIONS {
        let ours = ByWords { store: &store }.retrieve(&Query::new(question, 5)).unwrap();
        same(ours, find(&server, question).unwrap(), question);
    }
    let (head, _) = server.requests().remove(0);
    assert!(
        head.to_ascii_lowercase().contains("authorization: apikey secret\r\n"),
        "{head}"
    );
}

#[test]
fn filters_are_those_of_the_local_index() {
    let (_dir, store) = store(&files());
    let server = Elastic::start();
    send(&files(), &server).unwrap();
    let cluster = Cluster::open(&place(&server.url())).unwrap();
    let none = Filters::default;
    for filters in [
        Filters {
            since: Some("2024-05".parse().unwrap()),
            ..none()
        },
        Filters {
            until: Some("2024-04".parse().unwrap()),
            ..none()
        },
        Filters {
            edition: Some("process".into()),
            ..none()
        },
        Filters {
            contributor: Some("ZOE".into()),
            ..none()
        },
        Filters {
            tags: vec!["x".into()],
            ..none()
        },
    ] {
        let query = Query {
            filters: &filters,
            ..Query::new("the PRD and the roadmap", 5)
        };
        let ours = ByWords { store: &store }.retrieve(&query).unwrap();
        let theirs = ByCluster { cluster: &cluster }.retrieve(&query).unwrap();
        same(ours, theirs, &format!("{filters:?}"));
    }
}

#[test]
fn meaning_is_that_of_the_local_index() {
    let (_dir, store) = store(&files());
    let server = Elastic::start();
    let dense = Dense::open(&store, load(tiny().path(), 4).unwrap(), &mut |_, _| {}).unwrap();
    let place = place(&server.url());
    let published = publish(&store, Some(&dense), &files(), &place, &mut |_, _| {}).unwrap();
    assert!(published.vectors);
    let mut cluster = Cluster::open(&place).unwrap();
    assert!(cluster.has_vectors() && cluster.embed_with(load(tiny().path(), 4).unwrap()));
    let by_cluster = ByCluster { cluster: &cluster };
    // All three passages have one of these words.
    let query = Query::new("PRD roadmap", 5);
    let ours = HybridRetriever {
        store: &store,
        dense: &dense,
    }
    .retrieve(&query)
    .unwrap();
    assert_eq!(ours.hits.len(), 3);
    same(ours.clone(), by_cluster.retrieve(&query).unwrap(), query.text);
    for hit in &ours.hits {
        assert_eq!(cluster.indexed(&hit.passage), dense.indexed(&hit.passage));
    }
    let groups: Vec<Id> = ["no/q1", "process/q1", "process/q9"]
        .map(|id| id.parse().unwrap())
        .into();
    assert_eq!(
        by_cluster.groups(&store, &groups).unwrap(),
        HybridRetriever {
            store: &store,
            dense: &dense
        }
        .groups(&store, &groups)
        .unwrap()
    );
    assert_eq!(by_cluster.stats(&store).passages, 3);
}

#[test]
fn the_same_corpus_is_sent_once_and_another_replaces_it_in_one_step() {
    let server = Elastic::start();
    let first = send(&files(), &server).unwrap();
    assert!(!first.unchanged);
    let before = server.requests().len();
    let again = send(&files(), &server).unwrap();
    assert!(again.unchanged && again.index == first.index);
    assert_eq!(server.requests().len(), before + 1, "one look, and nothing sent again");
    let mut more = files();
    more.push(edition("more", &[("Where to start?", &["Start with one customer."])]));
    let second = send(&more, &server).unwrap();
    // Passages and editions.
    assert_eq!(server.counts(), [(second.index.clone(), 4 + 3)].into());
    assert_eq!(server.aliases()["askpm"], [second.index].into());
    more.remove(0);
    send(&more, &server).unwrap();
    assert_eq!(ids(&find(&server, "PRD").unwrap()), [""; 0]);
    let all = editions(&place(&server.url())).unwrap();
    let paths: Vec<&str> = all.iter().map(|text| text.path.as_str()).collect();
    assert_eq!(paths, ["more.md", "no.md"]);
    let text = edition_of(&server, "more").unwrap();
    assert!(text.markdown.contains("Start with one customer."));
    assert_eq!(edition_of(&server, "process"), None);
}

fn edition_of(server: &Elastic, slug: &str) -> Option<Text> {
    super::edition(&place(&server.url()), slug).unwrap()
}

#[test]
fn what_a_busy_cluster_rejects_is_sent_again() {
    let server = Elastic::start();
    server.be_busy(2);
    server.reject(429, 3);
    let published = send(&files(), &server).unwrap();
    assert_eq!(server.counts()[&published.index], 3 + 2);
}

#[test]
fn a_refresh_that_stopped_leaves_the_old_index_and_is_continued() {
    let server = Elastic::start();
    let first = send(&files(), &server).unwrap();
    let mut more = files();
    more.push(edition("more", &[("Where to start?", &["Start with one customer."])]));
    server.reject(400, 1);
    let error = send(&more, &server).err().unwrap().to_string();
    assert!(error.contains("rejected a document"), "{error}");
    assert_eq!(server.aliases()["askpm"], [first.index].into());
    assert_eq!(ids(&find(&server, "customer").unwrap()), [""; 0]);
    send(&more, &server).unwrap();
    assert_eq!(ids(&find(&server, "customer").unwrap()), ["more/q1/a"]);
    assert_eq!(server.counts().len(), 1, "{:?}", server.counts());
}

#[test]
fn an_index_that_loses_a_part_is_filled_again_and_never_named() {
    let server = Elastic::start();
    // It is whole when it is created, and has lost a part when it is full. The second time it stays whole.
    server.be(&["green", "green", "red", "green"]);
    send(&files(), &server).unwrap();
    let counts = server.counts();
    assert!(
        counts.len() == 1 && counts.values().all(|&count| count > 0),
        "{counts:?}"
    );
    assert!(!ids(&find(&server, QUESTIONS[0]).unwrap()).is_empty());
    let before = server.aliases();
    let changed: Vec<SourceFile> = files().into_iter().take(1).collect();
    server.be(&["red"; 10]);
    let error = send(&changed, &server).unwrap_err().to_string();
    assert!(error.contains("lost a part of"), "{error}");
    assert_eq!(server.aliases(), before);
    assert_eq!(server.counts(), counts);
}

#[test]
fn what_another_version_made_and_what_askpm_did_not_store_are_errors() {
    let server = Elastic::start();
    send(&files(), &server).unwrap();
    server.forge(json!({"_score": 99.0, "_source": {"passage": {"id": "no such identifier"}}}));
    let error = find(&server, "PRD").err().unwrap().to_string();
    assert!(error.contains("askpm did not store"), "{error}");
    server.change(|creation| creation["mappings"]["_meta"]["askpm"]["format"] = json!(99));
    let error = find(&server, "PRD").err().unwrap();
    assert!(error.to_string().contains("another version of askpm"), "{error}");
    server.change(|creation| creation["mappings"]["_meta"] = json!(null));
    let error = find(&server, "PRD").err().unwrap();
    assert!(error.to_string().contains("not made by askpm"), "{error}");
}

#[test]
fn a_cluster_that_refuses_or_talks_nonsense_is_told_and_the_key_is_not() {
    let blocked = r#"{"error":{"type":"cluster_block_exception","reason":"read-only"}}"#;
    for (status, body, parts) in [
        (
            401,
            r#"{"error":{"reason":"missing credentials"}}"#,
            ["401", "missing credentials", "key_env"],
        ),
        (403, blocked, ["403", "read-only", "writable"]),
        (500, "", ["500", "", ""]),
        (503, "", ["503", "health", ""]),
        (302, "", ["302", "redirects", "url"]),
        (404, "<html>", ["404", "url", ""]),
        (
            404,
            r#"{"error":{"reason":"no such index"}}"#,
            ["no index askpm", "askpm refresh", ""],
        ),
        (200, "nonsense", ["did not send a mapping", "", ""]),
    ] {
        let server = Elastic::start();
        server.order(status, body);
        let error = find(&server, "PRD").err().unwrap();
        let told = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        assert!(!told.contains("secret") && !told.contains('\n'), "{told}");
    }
    let open = |url: &str| Cluster::open(&place(url)).err().unwrap();
    assert!(open("http://127.0.0.1:9").hint().unwrap().contains("start the cluster"));
    assert!(open("ftp://host").to_string().contains("not an http or https address"));
    assert!(open("http://search.example").to_string().contains("without encryption"));
    let ca = Place {
        ca: Some(b"nonsense".to_vec()),
        ..place("https://127.0.0.1:9")
    };
    assert!(check(&ca).unwrap_err().to_string().contains("no certificate"));
}

#[test]
fn a_question_is_asked_again_until_a_replaced_index_is_known_everywhere() {
    let server = Elastic::start();
    send(&files(), &server).unwrap();
    let cluster = Cluster::open(&place(&server.url())).unwrap();
    let asked = |gone: u32| {
        let times = std::cell::Cell::new(0);
        let done = cluster.now(false, |index, _| {
            times.set(times.get() + 1);
            let index = if times.get() <= gone { "replaced" } else { index };
            Ok(cluster
                .client
                .search(index, &request::candidates(&[], &Filters::default(), 1))?
                .passages
                .len())
        });
        (done.is_ok(), times.get())
    };
    assert_eq!(asked(0), (true, 1));
    assert_eq!(asked(3), (true, 4));
    assert_eq!(asked(u32::MAX), (false, MOVED_TRIES));
}

#[test]
fn a_question_takes_three_requests_on_one_connection_and_goes_to_another_node_if_one_is_lost() {
    let server = Elastic::start();
    send(&files(), &server).unwrap();
    let (requests, connections) = (server.requests().len(), server.connections());
    let nowhere = "http://127.0.0.1:9".to_string();
    let urls = vec![nowhere.clone(), server.url(), nowhere];
    let place = Place {
        urls,
        ..place(&server.url())
    };
    let cluster = Cluster::open(&place).unwrap();
    let ask = || {
        let by_cluster = ByCluster { cluster: &cluster };
        let found = by_cluster
            .retrieve(&Query::new("Who should write the PRD?", 5))
            .unwrap();
        let groups: Vec<Id> = found.hits.iter().map(|hit| hit.passage.id.group()).collect();
        (
            found.hits.len(),
            by_cluster.groups(&cluster.store().unwrap(), &groups).unwrap().len(),
        )
    };
    // What was read when the corpus was opened serves the first question.
    assert!(ask().0 > 0 && ask().1 > 0);
    assert_eq!(server.requests().len() - requests, 3 + 3);
    assert_eq!(server.connections() - connections, 1);
}
