//! Tests models through the library's public API: the built-in list, and the real model over a broken connection.

use std::ffi::OsString;
use std::path::Path;

use crate::harness::hub::{Fault, Hub};
use crate::harness::{Home, real_model};
use askpm::models::{self, Net, Places, Quiet, Registry, Source};

fn places(home: &Path, endpoint: &str) -> Places {
    let endpoint = OsString::from(endpoint);
    let get = |name: &str| match name {
        "HOME" => Some(home.as_os_str().to_os_string()),
        "HF_ENDPOINT" => Some(endpoint.clone()),
        "HF_HUB_DISABLE_IMPLICIT_TOKEN" => Some(OsString::from("1")),
        _ => None,
    };
    Places::from_env(get).expect("HOME is set")
}

#[test]
fn the_built_in_models_can_all_be_listed_on_a_machine_that_has_none() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::built_in().unwrap();
    let listed = models::list(&registry, &places(home.path(), "http://127.0.0.1:9"));
    assert_eq!(listed.len(), registry.models().len());
    assert!(
        listed
            .iter()
            .all(|line| line.present.is_none() && !line.verified && line.bytes == 0)
    );
    assert_eq!(
        std::fs::read_dir(home.path()).unwrap().count(),
        0,
        "listing wrote something"
    );
}

#[test]
fn the_real_model_is_resumed_after_a_broken_run_checked_and_removed() {
    let Some(file) = real_model() else { return };
    let bytes = std::fs::read(file).unwrap();
    let home = tempfile::tempdir().unwrap();
    let hub = Hub::start();
    let places = places(home.path(), &hub.endpoint());
    let registry = Registry::built_in().unwrap();
    let model = registry.default_for(None).unwrap();
    let Some(Source::Hub { repo, revision, file }) = model.sources.first() else {
        panic!("the default's first source is the Hub");
    };
    let path = format!("/{repo}/resolve/{revision}/{file}");
    hub.serve(&path, &bytes);
    hub.link(&path, model.sha256.as_deref().unwrap());
    // The first run ends half-way. No package tool is on its `PATH`.
    hub.order([Fault::CutAfter(bytes.len() / 2), Fault::Status(403)]);
    models::ensure(model, &places, Net::Online, &mut Quiet).unwrap_err();
    let fetched = models::ensure(model, &places, Net::Online, &mut Quiet).unwrap();
    let rest = format!("bytes={}-", bytes.len() / 2);
    assert_eq!(hub.ranges(), [None, Some(rest.clone()), Some(rest)]);
    assert_eq!(models::verify(model, &places, &mut Quiet).unwrap(), fetched);
    assert_eq!(
        models::ensure(model, &places, Net::Offline, &mut Quiet).unwrap(),
        fetched
    );
    assert_eq!(models::remove(model, &places, &mut Quiet).unwrap().bytes, model.size);
    models::ensure(model, &places, Net::Offline, &mut Quiet).unwrap_err();
}

#[test]
fn the_list_as_json_follows_its_schema() {
    let home = Home::new();
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/schema/models-list.json")).unwrap();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema).unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let mut list = home.askpm().args(["models", "list", "--json"]).run().ok().json();
    if let Err(error) = schemas.validate(&list, index) {
        panic!("{error:#}");
    }
    list["models"][0]["size"] = "large".into();
    assert!(schemas.validate(&list, index).is_err(), "the schema holds nothing");
}

#[test]
fn the_recommended_model_is_one_of_the_list_and_every_other_says_what_speaks_against_it() {
    let home = Home::new();
    let report = home.askpm().args(["models", "recommend", "--json"]).run().ok().json();
    let models = report["models"].as_array().unwrap();
    assert!(models.len() > 5, "{report:#}");
    let first = &models[0];
    match report["recommended"].as_str() {
        Some(name) => assert!(first["name"] == name && first["against"].is_null(), "{report:#}"),
        None => assert!(models.iter().all(|model| model["against"].is_string()), "{report:#}"),
    }
    let small = models.iter().find(|model| model["name"] == "smollm2-135m").unwrap();
    assert!(small["against"].as_str().unwrap().starts_with("too small"), "{small}");
    let text = home.askpm().args(["models", "recommend"]).run().ok().stdout;
    assert!(text.contains("smollm2-135m") && text.contains("too small"), "{text}");
}

#[test]
fn a_model_without_a_hash_is_listed_as_unverified_and_then_as_locked() {
    let (home, hub) = (Home::new(), Hub::start());
    let list = "version = 1\n[[model]]\nname = \"new\"\ntitle = \"T\"\narchitecture = \"llama\"\nquantization = \"F32\"\n\
                context = 10\nlicence = \"MIT\"\nsize = 9\nmin_memory_mb = 1\nverified = false\n[[model.source]]\n\
                kind = \"hub\"\nrepo = \"some/new\"\nrevision = \"main\"\nfile = \"new.gguf\"\n";
    home.write(".config/askpm/models.toml", list);
    hub.serve("/some/new/resolve/main/new.gguf", b"GGUF weights");
    let askpm = || home.askpm().by_default().env("HF_ENDPOINT", hub.endpoint());
    let shown = || askpm().args(["models", "list"]).run().ok().stdout;
    assert!(
        shown().contains("unverified: the first download takes its hash from the Hub"),
        "{}",
        shown()
    );
    let pulled = askpm().args(["models", "pull", "new"]).run().ok();
    assert!(
        pulled.stderr.contains("no sha256 is listed for new; the Hub states"),
        "{pulled:#?}"
    );
    let lock = std::fs::read_to_string(home.path(".config/askpm/models.lock")).unwrap();
    assert!(
        lock.contains("file = \"new.gguf\"") && lock.contains("size = 12"),
        "{lock}"
    );
    assert!(shown().contains("its hash was taken from the Hub on 2"), "{}", shown());
    askpm().args(["models", "verify", "new"]).run().ok();
    home.write(".config/askpm/models.lock", "version = 9\n");
    askpm()
        .args(["models", "list"])
        .run()
        .fails(1, &["models.lock", "version 9"]);
}
