//! That answers are put together by meaning where the embedding model is there, through the real binary.

use askpm::models::{Registry, Source};

use crate::harness::{Home, Run, embedder};

/// Puts the embedding model into the cache of `home`, where there is one.
fn bring_embedder(home: &Home) -> bool {
    let Some(folder) = embedder() else { return false };
    let list = Registry::load(None).expect("the built-in list");
    let model = list.embedder().expect("an embedding model in it");
    let source = model.sources.iter().find_map(|source| match source {
        Source::Hub { repo, revision, .. } => Some((repo.replace('/', "--"), revision)),
        Source::Package { .. } => None,
    });
    let (repository, revision) = source.expect("a repository that has it");
    let snapshots = home.path(&format!(".cache/huggingface/hub/models--{repository}/snapshots"));
    std::fs::create_dir_all(&snapshots).unwrap();
    std::os::unix::fs::symlink(folder, snapshots.join(revision)).unwrap();
    true
}

/// One passage is found whatever searches; the sentence of it that answers shares no word with the question.
#[test]
fn sentences_are_compared_with_the_question_by_meaning() {
    let home = Home::new();
    if !bring_embedder(&home) {
        return;
    }
    home.write(
        "leaving/leaving.md",
        "---\nslug: leaving\ntitle: Who leaves\ndate: 2024-05-01\nsource: Written for the tests.\n---\n\n\
         ## Q1. How do I stop customers leaving?\n\nAsked by: Founder\n\n### A. Head of growth\n\n\
         A sign says stop to customers leaving the car park. Fewer clients quit once you show them value in their first \
         week. The door is red.\n",
    );
    let sign = "A sign says stop to customers leaving the car park.";
    let value = "Fewer clients quit once you show them value in their first week.";
    for command in ["ask", "chat"] {
        let quotes = |by: &str| -> Vec<String> {
            let args = [command, "-m", "none", "--json", "--corpus", "leaving", "--by", by];
            let run = home.askpm().args(args).stdin("How do I stop customers leaving?\n");
            let answer = run.run().ok().json();
            let citations = answer["citations"].as_array().unwrap().iter();
            citations
                .map(|citation| citation["quote"].as_str().unwrap().into())
                .collect()
        };
        assert_eq!(quotes("words"), [sign], "{command}");
        assert_eq!(quotes("both"), [sign, value], "{command}");
    }
}

/// The vectors of the built-in editions come with the program; those of other editions are made, once.
#[test]
fn the_first_question_to_the_built_in_editions_waits_for_no_vectors() {
    let home = Home::new();
    if !bring_embedder(&home) {
        return;
    }
    let question = "How should we price an API?";
    let ask = |run: Run| run.by_default().args(["ask", "-m", "none", question]).run().ok();
    let first = ask(home.bare());
    assert_eq!(first.stderr, "", "{first:#?}");
    let other = ask(home.askpm());
    assert!(
        other.stderr.contains("reading new texts for search by meaning"),
        "{other:#?}"
    );
    assert_eq!(ask(home.askpm()).stderr, "");
}
