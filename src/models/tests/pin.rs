//! Tests of models that are listed without a hash.

use super::hub::Fault;
use super::*;

const REPO: &str = "/api/models/org/tiny/revision/main";

/// Returns the model of `bench` without its hash, from the branch `main`.
fn unpinned(bench: &Bench) -> Model {
    bench
        .hub
        .answer_json(REPO, &format!(r#"{{"id":"org/tiny","sha":"{COMMIT}"}}"#));
    bench.hub.link(FILE_PATH, bench.sha256());
    Model {
        size: 12,
        sha256: None,
        sources: vec![hub_source("org/tiny", "main")],
        ..bench.model.clone()
    }
}

fn lock(bench: &Bench) -> PathBuf {
    bench.dir.path().join("models.lock")
}

fn pinned(bench: &Bench, model: &Model, net: Net) -> Result<Model, ModelError> {
    pin(model, &lock(bench), &bench.places, net, &mut Seen::default())
}

/// Returns the list with only `model`, as a later start reads it.
fn reread(bench: &Bench, model: &Model) -> Model {
    let list = bench.dir.path().join("models.toml");
    let text = format!(
        "version = 1\n[[model]]\nname = \"tiny\"\ntitle = \"t\"\narchitecture = \"llama\"\nquantization = \"Q8_0\"\n\
         context = 1\nlicence = \"MIT\"\nsize = {}\nmin_memory_mb = 1\n[[model.source]]\nkind = \"hub\"\n\
         repo = \"org/tiny\"\nrevision = \"main\"\nfile = \"tiny.gguf\"\n",
        model.size
    );
    std::fs::write(&list, text).unwrap();
    let registry = Registry::load(Some(&list), Some(&lock(bench))).unwrap();
    registry.get("tiny").unwrap().clone()
}

#[test]
fn the_hub_s_hash_is_recorded_once_and_then_counts_as_listed() {
    let bench = Bench::new();
    let model = unpinned(&bench);
    assert!(path(&model, &bench.places).is_err());
    let first = pinned(&bench, &model, Net::Online).unwrap();
    assert_eq!((first.sha256.as_deref(), first.size), (Some(bench.sha256()), 300_000));
    assert_eq!(first.sources, [hub_source("org/tiny", COMMIT)], "the branch may move");
    // The hash came from the headers: the file itself was not read.
    let file = ensure(&first, &bench.places, Net::Online, &mut Seen::default()).unwrap();
    assert_eq!(std::fs::read(file).unwrap(), bench.bytes);

    let later = reread(&bench, &model);
    assert!(later.is_pinned() && later.locked.is_some());
    assert_eq!((&later.sha256, &later.sources), (&first.sha256, &first.sources));
    let asked = bench.hub.requests().len();
    assert_eq!(pinned(&bench, &later, Net::Offline).unwrap(), later);
    assert!(ensure(&later, &bench.places, Net::Offline, &mut Seen::default()).is_ok());
    assert_eq!(bench.hub.requests().len(), asked);
}

#[test]
fn another_file_under_the_recorded_name_is_refused() {
    let bench = Bench::new();
    let model = unpinned(&bench);
    pinned(&bench, &model, Net::Online).unwrap();
    let later = reread(&bench, &model);
    bench.hub.order([Fault::WrongBytes]);
    let error = ensure(&later, &bench.places, Net::Online, &mut Seen::default()).unwrap_err();
    assert!(error.to_string().contains("not the listed"), "{error}");
}

#[test]
fn a_small_file_without_a_stated_hash_is_read_for_it() {
    let bench = Bench::new();
    let model = unpinned(&bench);
    bench.hub.serve(FILE_PATH, &bench.bytes);
    let first = pinned(&bench, &model, Net::Online).unwrap();
    assert_eq!((first.sha256.as_deref(), first.size), (Some(bench.sha256()), 300_000));
}

#[test]
fn a_hub_that_fails_leaves_no_record_and_says_why() {
    let bench = Bench::new();
    let model = unpinned(&bench);
    assert!(matches!(
        pinned(&bench, &model, Net::Offline),
        Err(ModelError::Offline { .. })
    ));
    bench.hub.order([Fault::Status(403)]);
    let error = pinned(&bench, &model, Net::Online).unwrap_err();
    assert!(error.to_string().contains("access refused (403)"), "{error}");
    assert!(!lock(&bench).exists());
    // A short outage is waited out.
    bench.hub.order([Fault::Status(503), Fault::Close]);
    assert!(pinned(&bench, &model, Net::Online).unwrap().is_pinned());
}

#[test]
fn a_lock_file_that_is_broken_is_named_with_its_line() {
    let bench = Bench::new();
    for (text, why) in [
        ("version = 1\n[[file]]\nmodel = 3\n", "line 3"),
        ("version = 2\n", "version 2"),
        (
            "version = 1\n[[file]]\nmodel = \"a\"\nrepo = \"b/c\"\nfile = \"d\"\nsize = 1\nsha256 = \"x\"\ntaken = \"\"\n",
            "the entry of \"d\" is not valid",
        ),
    ] {
        std::fs::write(lock(&bench), text).unwrap();
        let error = Registry::load(None, Some(&lock(&bench))).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.hint().unwrap().contains("delete"), "{error}");
    }
}
