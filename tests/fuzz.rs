//! Runs the properties of the fuzz targets on their seeds, on past findings (`fuzz/found`) and on mutated seeds.
//!
//! The mutations are the same in every run. Without the coverage feedback of `fuzz/run`, this finds less but needs no
//! extra tools. `ASKPM_FUZZ_TRIES=100000 cargo test --test main fuzz::` tries more. An input that breaks a property is
//! saved, and the test prints its path.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use crate::harness::Home;
use askpm_fixtures::{ARCHITECTURES, Numbers, TinyGguf, Weights, tries};

#[path = "../fuzz/properties.rs"]
mod properties;

/// Mutated inputs for each target, unless `ASKPM_FUZZ_TRIES` is set.
const TRIES: usize = 300;
/// The largest seed to mutate, in bytes. Larger inputs are slow and find nothing that smaller ones do not.
const LARGEST: usize = 1 << 14;

/// Returns the files in folders of this repository. A missing folder has none.
fn inputs(folders: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(root.join(folder)));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Returns a piece of `bytes`, usually short.
fn piece<'a>(numbers: &mut Numbers, bytes: &'a [u8]) -> &'a [u8] {
    let start = numbers.below(bytes.len());
    let longest = [4, 64, 1024][numbers.below(3)];
    let end = bytes.len().min(start + numbers.below(longest) + 1);
    &bytes[start.min(end)..end]
}

/// Returns one input made from the seeds by a few mutations.
fn changed(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    const SIZES: [u64; 8] = [0, 1, 0x7f, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 62, u64::MAX];
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(bytes.len() + 1);
        let rest = bytes.len() - at;
        match numbers.below(7) {
            0 if rest > 0 => bytes[at] ^= 1 << numbers.below(8),
            1 if rest > 0 => bytes[at] = numbers.number() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..at + numbers.below(rest.min(64) + 1))),
            4 => {
                let size = SIZES[numbers.below(SIZES.len())].to_le_bytes();
                let width = [1, 2, 4, 8][numbers.below(4)].min(rest);
                bytes[at..at + width].copy_from_slice(&size[..width]);
            }
            // A piece of this input or another: lines are repeated, and headers meet the wrong bodies.
            5 | 6 => {
                let from = numbers.below(seeds.len() + 1);
                let piece = piece(numbers, seeds.get(from).unwrap_or(&bytes)).to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {}
        }
    }
    bytes
}

/// Checks `property` on the seeds and on `tries` mutated ones. The first input that breaks it is saved.
fn hold(name: &str, seeds: &[Vec<u8>], property: impl Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let tries = tries(TRIES);
    let mut numbers = Numbers(1);
    let short: Vec<Vec<u8>> = seeds.iter().filter(|seed| seed.len() <= LARGEST).cloned().collect();
    let short = if short.is_empty() { seeds } else { &short };
    let made = (0..tries).map(|_| changed(short, &mut numbers));
    for input in seeds.iter().cloned().chain(made) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(&input))) {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            std::fs::write(&kept, &input).unwrap();
            eprintln!("this input breaks the property: {}", kept.display());
            resume_unwind(panic);
        }
    }
}

/// Passes bytes to a text property as its fuzz target would, but replaces invalid UTF-8 instead of skipping the input.
fn as_text(property: fn(&str)) -> impl Fn(&[u8]) {
    move |bytes| property(&String::from_utf8_lossy(bytes))
}

#[test]
fn what_holds_of_imports_holds_of_changed_ones() {
    let mut seeds = inputs(&["tests/fixtures/import", "tests/fixtures/documents", "fuzz/found/import"]);
    // The first byte chooses the kind.
    let kinds: Vec<Vec<u8>> = (0u8..)
        .zip(properties::NAMES)
        .map(|(kind, _)| [&[kind], &seeds[usize::from(kind) % 4][..]].concat())
        .collect();
    seeds.extend(kinds);
    hold("import", &seeds, properties::import);
}

#[test]
fn what_holds_of_editions_holds_of_changed_ones() {
    let seeds = inputs(&["corpus", "tests/fixtures/corpus", "fuzz/found/edition"]);
    hold("edition", &seeds, as_text(properties::edition));
}

#[test]
fn what_holds_of_settings_holds_of_changed_ones() {
    let seeds = inputs(&["fuzz/seeds/config", "fuzz/found/config"]);
    hold("config", &seeds, as_text(properties::config));
}

#[test]
fn what_holds_of_texts_holds_of_changed_ones() {
    let seeds = inputs(&["tests/fixtures/corpus", "fuzz/seeds/text", "fuzz/found/text"]);
    hold("text", &seeds, as_text(properties::text));
}

#[test]
fn what_holds_of_models_holds_of_changed_ones() {
    let home = Home::new();
    let folder = home.path("");
    let mut seeds = inputs(&["fuzz/found/gguf"]);
    seeds.extend(ARCHITECTURES.map(|architecture| TinyGguf::new(architecture, Weights::Q4_0).bytes()));
    hold("gguf", &seeds, |bytes| properties::gguf(bytes, &folder));
}
