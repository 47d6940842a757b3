//! Tests through the real binary that answers use meaning if the embedding model is present.

use askpm::models::{Registry, Source};

use crate::harness::{Home, Run, embedder};

/// Puts the embedding model into the cache of `home`, if there is one.
pub fn bring_embedder(home: &Home) -> bool {
    let Some(folder) = embedder() else { return false };
    let list = Registry::load(None, None).expect("the built-in list");
    let model = list.embedder().expect("an embedding model in it");
    let source = model.sources.iter().find_map(|source| match source {
        Source::Hub { repo, revision, .. } => Some((repo.replace('/', "--"), revision)),
        Source::Package { .. } | Source::Pieces(_) => None,
    });
    let (repository, revision) = source.expect("a repository that has it");
    let snapshots = home.path(&format!(".cache/huggingface/hub/models--{repository}/snapshots"));
    std::fs::create_dir_all(&snapshots).unwrap();
    std::os::unix::fs::symlink(folder, snapshots.join(revision)).unwrap();
    true
}

/// The embedding model does not know `prd`. An edition says what it stands for.
#[test]
fn an_abbreviation_is_found_by_what_the_corpus_says_it_stands_for() {
    let home = Home::new();
    if !bring_embedder(&home) {
        return;
    }
    let ask = |question: &str| {
        home.bare()
            .by_default()
            .args(["ask", "-m", "none", "--json", question])
            .run()
    };
    let answer = ask("what is a prd").ok().json();
    let first = answer["citations"][0]["id"].as_str().unwrap();
    assert!(first.starts_with("prds-and-first-roadmaps/q1/"), "{first}");
    assert_eq!(answer["question"], "what is a prd");
    let answer = ask("what are OKRs").ok().json();
    assert!(
        answer["citations"][0]["id"]
            .as_str()
            .unwrap()
            .starts_with("okrs-that-work/")
    );
}

/// The vectors of the built-in editions are part of the program. Those of other editions are computed once.
#[test]
fn the_first_question_to_the_built_in_editions_waits_for_no_vectors() {
    let home = Home::new();
    if !bring_embedder(&home) {
        return;
    }
    let question = "How do I ask for a raise?";
    let ask = |run: Run| run.by_default().args(["ask", "-m", "none", question]).run();
    let first = ask(home.bare()).ok();
    assert_eq!(first.stderr, "", "{first:#?}");
    // Another corpus, which has nothing on it.
    let reading = "embedding new texts";
    let other = ask(home.askpm());
    assert!(other.stderr.contains(reading), "{other:#?}");
    let again = ask(home.askpm());
    assert!(!again.stderr.contains(reading), "{again:#?}");
}
