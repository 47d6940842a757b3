//! Tests that `corpus/vectors.bin` has the vectors of the built-in editions, and makes that file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::corpus::{Corpus, parse, passages};
use crate::index::vectors::builtin::{self, Builtin};
use crate::index::vectors::{Key, Keys};
use crate::models::Registry;
use crate::retrieve::dense::adapted;

/// The path of the file.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/vectors.bin");

/// The dimensions of all-MiniLM-L6-v2.
const DIMENSIONS: usize = 384;

const HOW: &str = "after a change of corpus/, `ASKPM_TEST_EMBEDDER=FOLDER cargo test --lib -- --ignored \
                   the_built_in_vectors_are_made` makes corpus/vectors.bin again (CONTRIBUTING.md)";

/// The title and text of everything that is embedded from the built-in editions.
fn texts() -> BTreeMap<Key, (String, String)> {
    let imported = PathBuf::from("/nowhere");
    let mut texts = BTreeMap::new();
    for file in (Corpus::Builtin { imported }).files().unwrap() {
        let edition = parse(&file.path, &file.text.unwrap()).unwrap();
        for passage in passages(&edition, &file.path) {
            let keys = Keys::of(&passage);
            let title = passage.discussion;
            texts.insert(keys.text, (title.clone(), passage.text));
            texts.insert(keys.question, (title, passage.question));
            let asked = keys.asked.into_iter().zip(passage.also_asked);
            texts.extend(asked.map(|(key, line)| (key, (String::new(), line))));
        }
    }
    texts
}

fn model() -> [u8; 32] {
    adapted(&identity(
        Registry::built_in()
            .unwrap()
            .embedder()
            .unwrap()
            .sha256
            .as_deref()
            .unwrap(),
    ))
}

/// The real model, from the folder in `ASKPM_TEST_EMBEDDER`.
fn embedder() -> Option<Embedder> {
    let Some(folder) = std::env::var_os("ASKPM_TEST_EMBEDDER").map(PathBuf::from) else {
        crate::testing::skipped("ASKPM_TEST_EMBEDDER names no folder with the files of all-MiniLM-L6-v2");
        return None;
    };
    let weights = folder.join("model.safetensors");
    let files = Files {
        weights: &weights,
        tokenizer: &folder.join("tokenizer.json"),
        config: &folder.join("config.json"),
        identity: Sha256::digest(std::fs::read(&weights).unwrap()).into(),
    };
    Some(Embedder::load(files).unwrap())
}

#[test]
fn every_text_of_the_built_in_editions_came_with_its_vectors() {
    let builtin = Builtin::of(&model(), DIMENSIONS).unwrap_or_else(|| panic!("no vectors of the listed model: {HOW}"));
    let texts = texts();
    let missing: Vec<_> = texts
        .iter()
        .filter(|(key, _)| builtin.vectors(**key).is_none())
        .collect();
    let shown = missing.first().map(|(_, (title, text))| format!("{title:?} {text:?}"));
    assert!(
        missing.is_empty(),
        "{} of {} texts have no vectors, the first: {}\n{HOW}",
        missing.len(),
        texts.len(),
        shown.unwrap_or_default()
    );
    let stale = builtin.keys().filter(|key| !texts.contains_key(key)).count();
    assert_eq!(stale, 0, "vectors of texts that do not exist\n{HOW}");
}

#[test]
fn the_built_in_vectors_are_those_that_the_model_makes() {
    let Some(embedder) = embedder() else { return };
    assert_eq!(embedder.identity(), model());
    let builtin = Builtin::of(&model(), DIMENSIONS).expect(HOW);
    let texts = texts();
    let some: Vec<_> = texts.iter().step_by(97).collect();
    some.par_iter().for_each(|(key, (title, text))| {
        let made = embedder.passage(title, text).unwrap();
        let kept = builtin.vectors(**key).unwrap();
        assert_eq!(made.len(), kept.len(), "{text:?}");
        for (made, kept) in made.iter().zip(&kept) {
            let cosine: f32 = made.iter().zip(kept).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.999, "{text:?}: {cosine}");
        }
    });
}

/// Not a test: makes the file. Existing vectors are kept. Without the file, all are made.
#[test]
#[ignore = "writes corpus/vectors.bin"]
fn the_built_in_vectors_are_made() {
    let embedder = embedder().expect("the embedding model makes the vectors");
    assert_eq!(
        embedder.identity(),
        model(),
        "another model than the one that models.toml lists"
    );
    assert_eq!(embedder.dimensions(), DIMENSIONS);
    let there = Builtin::of(&model(), DIMENSIONS);
    let of = |(key, (title, text)): (Key, (String, String))| {
        let kept = there.as_ref().and_then(|there| there.vectors(key));
        (key, kept.unwrap_or_else(|| embedder.passage(&title, &text).unwrap()))
    };
    let vectors = texts().into_par_iter().map(of).collect();
    let bytes = builtin::file(&model(), DIMENSIONS, &vectors);
    assert!(Path::new(FILE).parent().unwrap().is_dir(), "{FILE}");
    std::fs::write(FILE, bytes).unwrap();
}
