//! Tests models through the library's public API: the built-in list, and the real model over a broken connection.

use std::ffi::OsString;
use std::path::Path;

use crate::harness::hub::{Fault, Hub};
use crate::harness::real_model;
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
    hub.link(&path, &model.sha256);
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
