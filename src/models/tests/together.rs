//! Tests of fetching several models under one progress display.

use super::hub::Fault;
use super::*;

/// Returns a second model, of two files, which the Hub of `bench` serves as well.
fn second(bench: &Bench) -> Model {
    let file = |bytes: &[u8]| {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        (bytes.len() as u64, hasher.hex())
    };
    let (weights, vocabulary) = (vec![1; 50_000], vec![2; 10_000]);
    let at = |name: &str| FILE_PATH.replace("org/tiny", "org/pair").replace("tiny.gguf", name);
    bench.hub.serve(&at("tiny.gguf"), &weights);
    bench.hub.serve(&at("words.json"), &vocabulary);
    let (size, sha256) = file(&weights);
    let beside = file(&vocabulary);
    Model {
        name: "pair".into(),
        size,
        sha256: Some(sha256),
        files: vec![ModelFile {
            name: "words.json".into(),
            size: beside.0,
            sha256: Some(beside.1),
        }],
        sources: vec![hub_source("org/pair", COMMIT)],
        ..bench.model.clone()
    }
}

fn together(bench: &Bench, second: &Model) -> (Vec<Result<Vec<PathBuf>, ModelError>>, Seen) {
    let mut seen = Seen::default();
    let got = ensure_together(&[second, &bench.model], &bench.places, Net::Online, &mut seen);
    (got, seen)
}

#[test]
fn two_models_are_fetched_with_one_account_of_all_their_bytes() {
    let bench = Bench::new();
    let pair = second(&bench);
    let whole = amount(&[&pair, &bench.model], &bench.places);
    assert_eq!((whole.total, whole.here), (360_000, 0));
    let (got, seen) = together(&bench, &pair);
    let files: Vec<usize> = got.iter().map(|paths| paths.as_ref().unwrap().len()).collect();
    assert_eq!(files, [2, 1]);
    assert_eq!(seen.begun, [("fetching".to_string(), Some(360_000), 0)]);
    assert_eq!((seen.advanced, seen.open), (360_000, 0));
}

#[test]
fn what_an_interrupted_run_left_is_counted_before_and_never_twice() {
    let bench = Bench::new();
    let pair = second(&bench);
    bench.leave_partial(&bench.bytes[..100_000]);
    // The connection of the second file breaks. The third file has a part on disk, but is sent from its first byte.
    bench.hub.order([
        Fault::NoLength,
        Fault::CutAfter(4_000),
        Fault::NoLength,
        Fault::IgnoreRange,
    ]);
    let (got, seen) = together(&bench, &pair);
    assert!(got.iter().all(Result::is_ok), "{got:?}");
    assert_eq!(seen.begun, [("fetching".to_string(), Some(360_000), 100_000)]);
    assert_eq!(seen.advanced, 260_000);
}

#[test]
fn a_model_that_cannot_be_had_keeps_no_other_back() {
    let bench = Bench::new();
    let pair = second(&bench);
    bench.hub.order([Fault::Status(404)]);
    let (got, seen) = together(&bench, &pair);
    assert!(matches!(&got[0], Err(ModelError::AllSourcesFailed { model, .. }) if model == "pair"));
    assert_eq!(std::fs::read(&got[1].as_ref().unwrap()[0]).unwrap(), bench.bytes);
    assert_eq!((seen.advanced, seen.open), (300_000, 0));
}

#[test]
fn offline_nothing_is_asked_for() {
    let bench = Bench::new();
    let got = ensure_together(&[&bench.model], &bench.places, Net::Offline, &mut Quiet);
    assert!(matches!(got[..], [Err(ModelError::Offline { .. })]), "{got:?}");
    assert!(bench.hub.requests().is_empty());
}
