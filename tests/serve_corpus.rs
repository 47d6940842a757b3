//! A server follows its corpus: editions that come and go, and an index that another process has refreshed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::Home;
use crate::harness::http::Serving;

const QUESTION: &str = "How should we price an API?";
/// The edition that answers it.
const EDITION: &str = "pricing";

/// A copy of the fixture corpus that may be changed, and a server that answers from it.
fn serving_a_copy(home: &Home) -> (PathBuf, Serving) {
    let corpus = home.path("editions");
    std::fs::create_dir(&corpus).unwrap();
    for entry in std::fs::read_dir(crate::harness::fixture("corpus")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), corpus.join(entry.file_name())).unwrap();
    }
    let run = home
        .askpm()
        .args(["serve", "--port", "0", "-m", "none", "--corpus"])
        .args([&corpus]);
    let server = Serving::start(run);
    (corpus, server)
}

/// Whether the answer to `QUESTION` cites the edition.
fn cites(server: &Serving, edition: &str) -> bool {
    let reply = server
        .post(&json!({"messages": [{"role": "user", "content": QUESTION}]}).to_string())
        .json();
    let sources = reply["sources"].as_array().unwrap();
    sources
        .iter()
        .any(|source| source["id"].as_str().unwrap().starts_with(edition))
}

#[test]
fn an_edition_that_is_deleted_while_serving_is_not_answered_from() {
    let home = Home::new();
    let (corpus, server) = serving_a_copy(&home);
    assert!(cites(&server, EDITION));
    std::fs::remove_file(corpus.join(format!("{EDITION}.md"))).unwrap();
    // The corpus is looked at again as often as that is cheap.
    while cites(&server, EDITION) {}
}

#[test]
fn an_index_that_another_process_has_refreshed_is_answered_from() {
    let home = Home::new();
    let (corpus, server) = serving_a_copy(&home);
    let path = corpus.join(format!("{EDITION}.md"));
    let text = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    while cites(&server, EDITION) {}

    std::fs::write(&path, text).unwrap();
    home.askpm().args(["refresh", "--corpus"]).args([&corpus]).run().ok();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !cites(&server, EDITION) {
        assert!(Instant::now() < deadline, "the server still answers from its old index");
    }
}
