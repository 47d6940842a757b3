//! Tests the embedder against an independent implementation, and search by meaning with a tiny random model.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tantivy::DocAddress;

use super::*;
use crate::corpus::SourceFile;
use crate::index::tests::edition;
use crate::retrieve::{ByMeaning, ByWords, HybridRetriever, Query, Retriever};

#[path = "../../../tests/harness/tiny_bert.rs"]
mod tiny_bert;

pub(in crate::retrieve) fn load(folder: &Path, identity: u8) -> Result<Embedder, EmbedError> {
    load_as(folder, [identity; 32])
}

fn load_as(folder: &Path, identity: [u8; 32]) -> Result<Embedder, EmbedError> {
    Embedder::load(Files {
        weights: &folder.join("model.safetensors"),
        tokenizer: &folder.join("tokenizer.json"),
        config: &folder.join("config.json"),
        identity,
    })
}

/// Returns a folder with a tiny model.
pub(in crate::retrieve) fn tiny() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    tiny_bert::write(dir.path(), 7);
    dir
}

fn corpus() -> Vec<SourceFile> {
    vec![
        edition(
            "alpha",
            &[(
                "How do we price?",
                &["Ask ten customers.", "Raise the price until they leave."],
            )],
        ),
        edition("beta", &[("Who owns the roadmap?", &["The team does."])]),
    ]
}

/// Opens the vectors of `store`. Also returns how many texts were embedded.
fn open(store: &Store, model: &Path, identity: u8) -> (Dense, usize) {
    let mut embedded = 0;
    let dense = Dense::open(store, load(model, identity).unwrap(), &mut |done, _| embedded = done).unwrap();
    (dense, embedded)
}

#[test]
fn vectors_are_those_of_an_independent_implementation() {
    let Some(folder) = std::env::var_os("ASKPM_TEST_EMBEDDER").map(PathBuf::from) else {
        crate::testing::skipped("ASKPM_TEST_EMBEDDER names no folder with the files of all-MiniLM-L6-v2");
        return;
    };
    // With another identity than that of its weights, the model has no adapter.
    check(
        &load(&folder, 0).unwrap(),
        include_str!("../../../tests/fixtures/embedder/minilm_golden.json"),
        10,
    );
}

/// Compares the vectors of `embedder` with `count` vectors in a file.
fn check(embedder: &Embedder, file: &str, count: usize) {
    #[derive(serde::Deserialize)]
    struct Golden {
        text: String,
        vector: Vec<f32>,
    }
    let golden: Vec<Golden> = serde_json::from_str(file).unwrap();
    assert_eq!(golden.len(), count);
    for Golden { text, vector } in golden {
        let found = embedder.query(&text).unwrap();
        let cosine: f32 = found.iter().zip(&vector).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.9999, "{text:?}: {cosine}");
    }
}

#[test]
fn adapted_vectors_are_those_of_the_training_program() {
    let Some(folder) = std::env::var_os("ASKPM_TEST_EMBEDDER").map(PathBuf::from) else {
        crate::testing::skipped("ASKPM_TEST_EMBEDDER names no folder with the files of all-MiniLM-L6-v2");
        return;
    };
    let base: [u8; 32] = Sha256::digest(std::fs::read(folder.join("model.safetensors")).unwrap()).into();
    let embedder = load_as(&folder, base).unwrap();
    assert_eq!(embedder.identity(), finder::identity(&base));
    // Produced by `train/golden.py`, in PyTorch.
    check(
        &embedder,
        include_str!("../../../tests/fixtures/embedder/finder_golden.json"),
        4,
    );
}

#[test]
fn another_model_has_no_adapter() {
    let model = tiny();
    assert_eq!(load(model.path(), 3).unwrap().identity(), [3; 32]);
}

#[test]
fn a_text_has_one_vector_whoever_is_embedded_beside_it() {
    let model = tiny();
    let embedder = load(model.path(), 0).unwrap();
    let alone = embedder.query("How do we price?").unwrap();
    assert_eq!(alone.len(), embedder.dimensions());
    assert!((alone.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    embedder.query("the roadmap").unwrap();
    assert_eq!(embedder.query("How do we price?").unwrap(), alone);
    let beside = std::thread::scope(|scope| {
        let ask = || scope.spawn(|| embedder.query("How do we price?").unwrap());
        [ask(), ask(), ask()].map(|thread| thread.join().unwrap())
    });
    assert!(beside.iter().all(|vector| *vector == alone));
    assert_ne!(embedder.query("the roadmap").unwrap(), alone);
}

#[test]
fn a_long_passage_has_a_vector_for_each_window_and_an_empty_one_has_one() {
    let model = tiny();
    let embedder = load(model.path(), 0).unwrap();
    assert_eq!(embedder.passage("the roadmap", "").unwrap().len(), 1);
    assert_eq!(
        embedder
            .passage("the roadmap", "price ".repeat(40).as_str())
            .unwrap()
            .len(),
        1
    );
    let windows = embedder.passage("the roadmap", "price ".repeat(100).as_str()).unwrap();
    // 48 positions, two of them for the ends and two for the title.
    assert_eq!(windows.len(), 3);
    let title = "roadmap ".repeat(500);
    assert_eq!(embedder.passage(&title, "price ".repeat(46).as_str()).unwrap().len(), 2);
}

#[test]
fn any_text_has_a_vector() {
    let model = tiny();
    let embedder = load(model.path(), 0).unwrap();
    for text in [
        "",
        " ",
        "\0\u{202e}👍",
        "[CLS] [SEP] [PAD]",
        &"é".repeat(20_000),
        &"no ".repeat(50_000),
    ] {
        assert!(embedder.query(text).unwrap().iter().all(|x| x.is_finite()));
    }
}

#[test]
fn only_new_texts_are_embedded_and_the_rest_is_kept() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let (store, _) = Store::refresh(dir.path(), &corpus()).unwrap();
    let (dense, embedded) = open(&store, model.path(), 1);
    // Three answers and two questions.
    assert_eq!(embedded, 5);
    assert!(missing(&store, &dense).is_empty());
    let before = dense.nearness(&store, &["price"]).unwrap().into_pairs();
    assert_eq!(open(&store, model.path(), 1).1, 0);

    let mut files = corpus();
    files.push(edition("gamma", &[("Who owns the roadmap?", &["No team does."])]));
    let (store, _) = Store::refresh(dir.path(), &files).unwrap();
    let (dense, embedded) = open(&store, model.path(), 1);
    // One new answer; the question was asked before.
    assert_eq!(embedded, 1);
    let after = dense.nearness(&store, &["price"]).unwrap().into_pairs();
    assert_eq!(after.len(), 4);
    assert_eq!(
        before
            .iter()
            .filter(|(_, near)| after.iter().any(|(_, other)| other == near))
            .count(),
        3
    );
}

#[test]
fn an_index_that_is_made_anew_keeps_its_vectors() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let (store, _) = Store::refresh(dir.path(), &corpus()).unwrap();
    open(&store, model.path(), 1);
    drop(store);
    std::fs::write(dir.path().join("current"), "rubbish").unwrap();
    let (store, report) = Store::refresh(dir.path(), &corpus()).unwrap();
    assert!(report.rebuilt.is_some());
    assert_eq!(open(&store, model.path(), 1).1, 0);
}

#[test]
fn vectors_that_are_damaged_or_of_another_model_are_made_again() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let (store, _) = Store::refresh(dir.path(), &corpus()).unwrap();
    open(&store, model.path(), 1);
    assert_eq!(open(&store, model.path(), 2).1, 5);
    let path = dir.path().join("vectors");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(open(&store, model.path(), 2).1, 5);
    assert_eq!(open(&store, model.path(), 2).1, 0);
}

#[test]
fn texts_that_are_gone_leave_the_file_once_they_are_most_of_it() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let many: Vec<SourceFile> = (0..10)
        .map(|n| edition(&format!("e{n}"), &[(&format!("Title {n}"), &["No."])]))
        .collect();
    let (store, _) = Store::refresh(dir.path(), &many).unwrap();
    assert_eq!(open(&store, model.path(), 1).0.vectors.len(), 20);
    let (store, _) = Store::refresh(dir.path(), &many[..2]).unwrap();
    let (dense, embedded) = open(&store, model.path(), 1);
    assert_eq!((dense.vectors.len(), embedded), (4, 0));
}

#[test]
fn every_way_of_searching_gives_the_same_twice_and_says_why() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let (store, _) = Store::refresh(dir.path(), &corpus()).unwrap();
    let (dense, _) = open(&store, model.path(), 1);
    let (store, dense) = (&store, &dense);
    let ways: [Box<dyn Retriever>; 3] = [
        Box::new(ByWords { store }),
        Box::new(ByMeaning { store, dense }),
        Box::new(HybridRetriever { store, dense }),
    ];
    let query = Query::new("price", 5);
    for (way, meaning) in ways.iter().zip([false, true, true]) {
        let (one, two) = (way.retrieve(&query).unwrap(), way.retrieve(&query).unwrap());
        assert_eq!(one.hits, two.hits);
        assert!(!one.hits.is_empty());
        assert_eq!(one.signals.similarity.is_some(), meaning);
        assert!(one.hits.iter().all(|hit| hit.similarity.is_some() == meaning));
        assert!(one.hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }
}

#[test]
fn the_discussion_with_both_kinds_of_evidence_comes_first() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let (store, _) = Store::refresh(dir.path(), &corpus()).unwrap();
    let (dense, _) = open(&store, model.path(), 1);
    let fused = HybridRetriever {
        store: &store,
        dense: &dense,
    };
    let found = fused.retrieve(&Query::new("How do we price?", 5)).unwrap();
    assert_eq!(found.hits[0].passage.id.group().to_string(), "alpha/q1");
    assert_eq!(found.hits[0].words_rank.map(|rank| rank <= 2), Some(true));
}

#[test]
fn broken_model_files_are_refused_with_a_clear_line() {
    let model = tiny();
    let good = std::fs::read(model.path().join("model.safetensors")).unwrap();
    for cut in [0, 4, 8, 100, good.len() / 2, good.len() - 1] {
        std::fs::write(model.path().join("model.safetensors"), &good[..cut]).unwrap();
        let error = load(model.path(), 0).map(|_| ()).unwrap_err();
        let line = error.to_string();
        assert!(
            line.contains("model.safetensors") && line.lines().count() == 1,
            "cut at {cut}: {line}"
        );
        assert!(error.hint().is_some());
    }
    std::fs::write(model.path().join("model.safetensors"), &good).unwrap();
    let config = std::fs::read_to_string(model.path().join("config.json")).unwrap();
    for (from, to) in [
        ("\"num_attention_heads\":2", "\"num_attention_heads\":0"),
        ("\"num_attention_heads\":2", "\"num_attention_heads\":3"),
        ("\"hidden_size\":16", "\"hidden_size\":32"),
        ("\"model_type\":\"bert\"", "\"model_type\":\"gpt\""),
        ("\"vocab_size\"", "\"vocab\""),
        ("\"num_hidden_layers\":1", "\"num_hidden_layers\":2"),
        ("{", ""),
    ] {
        assert!(config.contains(from), "{from}");
        std::fs::write(model.path().join("config.json"), config.replacen(from, to, 1)).unwrap();
        let line = load(model.path(), 0).map(|_| ()).unwrap_err().to_string();
        assert_eq!(line.lines().count(), 1, "{to}: {line}");
    }
    std::fs::write(model.path().join("config.json"), &config).unwrap();
    for text in ["", "{}", "[1]"] {
        std::fs::write(model.path().join("tokenizer.json"), text).unwrap();
        let line = load(model.path(), 0).map(|_| ()).unwrap_err().to_string();
        assert!(line.contains("tokenizer.json"), "{line}");
    }
}

#[test]
fn a_misspelt_word_is_read_by_meaning_as_the_corpus_spells_it() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let (store, _) = Store::refresh(dir.path(), &corpus()).unwrap();
    let (dense, _) = open(&store, model.path(), 1);
    let by_meaning = ByMeaning {
        store: &store,
        dense: &dense,
    };
    let similarity = |text: &str| by_meaning.retrieve(&Query::new(text, 5)).unwrap().signals.similarity;
    // What was typed is read too, and the nearer of the two counts.
    assert!(similarity("roadmp") >= similarity("roadmap"));
    let near = |texts: &[&str]| dense.nearness(&store, texts).unwrap().into_pairs();
    let (typed, respelt) = (near(&["roadmp"]), near(&["roadmap"]));
    let better = |((address, a), (_, b)): (&(DocAddress, f32), &(DocAddress, f32))| (*address, a.max(*b));
    let expected: Vec<_> = typed.iter().zip(&respelt).map(better).collect();
    assert_eq!(near(&["roadmp", "roadmap"]), expected);
}

#[test]
fn a_word_that_the_model_knows_is_not_taken_for_a_misspelt_one() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let files = [edition("alpha", &[("Who owns the roadmapx?", &["A team."])])];
    let (store, _) = Store::refresh(dir.path(), &files).unwrap();
    let (dense, _) = open(&store, model.path(), 1);
    let fused = HybridRetriever {
        store: &store,
        dense: &dense,
    };
    let query = Query::new("roadmap", 5);
    assert_eq!(ByWords { store: &store }.retrieve(&query).unwrap().corrected.len(), 1);
    let found = fused.retrieve(&query).unwrap();
    assert_eq!((found.corrected, found.unknown), (vec![], vec!["roadmap".to_string()]));
    let is_word = |word: &str| dense.is_word(word) == Some(true);
    assert!(is_word("Roadmaps") && !is_word("roadmp") && !is_word(""));
}

#[test]
fn what_answers_are_asked_for_in_common_is_counted_once() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let text = "---\nslug: e\ntitle: E\ndate: 2024-01-01\nsource: Here.\n---\n\n## Q1. Why?\n\nAlso asked: one\n\
                Also asked: two\n\n### A. Ann\n\nAlso asked: three\n\nSo.\n\n### B. Ben\n\nAlso asked: four\n\nNo.\n";
    let (store, _) = Store::refresh(dir.path(), &[crate::index::tests::raw("e.md", text)]).unwrap();
    let (dense, embedded) = open(&store, model.path(), 1);
    // Two texts, the question, and four lines.
    assert_eq!((embedded, dense.table.rows_asked()), (7, 5));
}

#[test]
fn other_wordings_of_a_question_bring_its_answers_near() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let mut files = corpus();
    let with = |text: &str| {
        text.replacen(
            "## Q1. How do we price?\n",
            "## Q1. How do we price?\n\nAlso asked: team roadmap\n",
            1,
        )
    };
    let text = files[0].text.as_ref().unwrap().to_string();
    assert_ne!(with(&text), text);
    let (store, _) = Store::refresh(dir.path(), &files).unwrap();
    let (dense, _) = open(&store, model.path(), 1);
    let nearness = |dense: &Dense, store: &Store| {
        let asked = dense.encoder.questions(&["team roadmap"]).unwrap().remove(0);
        let products = similarity::exact(&asked, &dense.vectors);
        let mut entries = dense.table.addresses.iter().zip(&dense.table.passages);
        let priced = entries.find(|(at, _)| store.passage(**at).unwrap().id.to_string() == "alpha/q1/a");
        let rows = dense.table.question(priced.unwrap().1.question).flatten();
        rows.map(|row| products[row]).fold(f32::MIN, f32::max)
    };
    let before = nearness(&dense, &store);
    files[0] = crate::index::tests::raw("alpha.md", &with(&text));
    let (store, _) = Store::refresh(dir.path(), &files).unwrap();
    let (dense, embedded) = open(&store, model.path(), 1);
    assert_eq!(embedded, 1);
    let after = nearness(&dense, &store);
    // For the tiny model all texts are much alike.
    assert!(before < 0.999 && (after - 1.0).abs() < 1e-5, "{before} {after}");
    // Other wordings help to find an answer, but are not part of the text that can be quoted.
    let fused = HybridRetriever {
        store: &store,
        dense: &dense,
    };
    let found = fused.retrieve(&Query::new("team roadmap", 5)).unwrap();
    let hit = found
        .hits
        .iter()
        .find(|hit| hit.passage.id.to_string() == "alpha/q1/a")
        .unwrap();
    assert!(!hit.passage.text.contains("team roadmap"));
}

#[test]
fn of_many_vectors_the_best_are_as_near_as_if_all_were_multiplied_whole() {
    let (dir, model) = (tempfile::tempdir().unwrap(), tiny());
    let answers: Vec<String> = (0..26)
        .map(|n| format!("price team roadmap {}", "customers ".repeat(n % 7)))
        .collect();
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let (store, _) = Store::refresh(dir.path(), &[edition("e", &[("How do we price?", &answers)])]).unwrap();
    // Vectors in random directions, not those of the tiny model.
    let random = |key: u64| {
        let mut state = key;
        let mut number = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        let vector: Vec<f32> = (0..16).map(|_| number()).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.into_iter().map(|x| x / length).collect()
    };
    let embedder = load(model.path(), 3).unwrap();
    let dense = Dense::open_with(&store, embedder, Some(&random), &mut |_, _| {}).unwrap();
    let asked = random(99);
    let (whole, coded) = (
        dense.similarities(&dense.table, &asked, usize::MAX),
        dense.similarities(&dense.table, &asked, 0),
    );
    assert_eq!(whole.len(), 26);
    // All are among the best, which are made exact.
    assert_eq!(whole, coded);
    let (codes, exact) = (
        super::similarity::coded(&asked, &dense.vectors),
        super::similarity::exact(&asked, &dense.vectors),
    );
    for (code, exact) in codes.iter().zip(&exact) {
        assert!((code - exact).abs() < 0.02, "{code} {exact}");
    }
    let kept = dense.kept_by_codes(&asked, 10);
    assert!(kept.refined == 1.0 && kept.by_codes >= 0.8, "{kept:?}");
    assert_eq!(dense.kept_by_codes(&asked, 1_000).by_codes, 1.0);
}
