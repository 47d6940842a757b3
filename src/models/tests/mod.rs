//! Tests of `models`, with a Hub on 127.0.0.1 and fake package tools.

mod cache;
mod download;
mod leftovers;
mod package;
mod pin;
mod together;

#[path = "../../../tests/harness/hub.rs"]
mod hub;
#[path = "../../../tests/harness/wheel.rs"]
mod wheel;

use crate::testing::accept;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::digest::Hasher;
use super::*;
use hub::Hub;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const FILE_PATH: &str = "/org/tiny/resolve/0123456789abcdef0123456789abcdef01234567/tiny.gguf";

/// A cache, a Hub that serves a model file, and the model.
struct Bench {
    dir: tempfile::TempDir,
    hub: Hub,
    places: Places,
    model: Model,
    bytes: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hub = Hub::start();
        // The bytes vary everywhere, so that a part in the wrong place is noticed.
        let bytes: Vec<u8> = (0..300_000u64)
            .map(|i| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        hub.serve(FILE_PATH, &bytes);
        let places = places(dir.path(), &hub.endpoint());
        let mut hasher = Hasher::default();
        hasher.update(&bytes);
        let model = Model {
            name: "tiny".into(),
            kind: ModelKind::Generation,
            title: "for tests".into(),
            architecture: "llama".into(),
            quantization: "Q8_0".into(),
            parameters: None,
            context: 128,
            licence: "MIT".into(),
            size: bytes.len() as u64,
            sha256: Some(hasher.hex()),
            min_memory_mb: 1,
            default: true,
            verified: true,
            locked: None,
            hallucinated: None,
            notes: None,
            files: Vec::new(),
            sources: vec![hub_source("org/tiny", COMMIT)],
        };
        Self {
            dir,
            hub,
            places,
            model,
            bytes,
        }
    }

    fn ensure(&self) -> (Result<PathBuf, ModelError>, Seen) {
        let mut seen = Seen::default();
        (ensure(&self.model, &self.places, Net::Online, &mut seen), seen)
    }

    /// Fetches, and returns why the first source failed.
    fn failure(&self) -> SourceFailure {
        match self.ensure().0 {
            Err(ModelError::AllSourcesFailed { failures, .. }) => failures.into_iter().next().unwrap(),
            other => panic!("expected a failure of the source, got {other:?}"),
        }
    }

    /// Fetches, and asserts that the file is right and that no unfinished download is left.
    fn fetched(&self) -> Seen {
        let (path, seen) = self.ensure();
        assert_eq!(std::fs::read(path.unwrap()).unwrap(), self.bytes);
        assert!(!self.partial().exists());
        seen
    }

    fn sha256(&self) -> &str {
        self.model.sha256.as_deref().unwrap()
    }

    fn repo(&self) -> PathBuf {
        self.places.hub_cache.join("models--org--tiny")
    }

    fn blob(&self) -> PathBuf {
        self.repo().join("blobs").join(self.sha256())
    }

    fn partial(&self) -> PathBuf {
        self.repo().join("blobs").join(format!("{}.incomplete", self.sha256()))
    }

    fn pointer(&self) -> PathBuf {
        self.repo().join("snapshots").join(COMMIT).join("tiny.gguf")
    }

    /// Leaves an unfinished download, as an interrupted run would.
    fn leave_partial(&self, bytes: &[u8]) {
        std::fs::create_dir_all(self.partial().parent().unwrap()).unwrap();
        std::fs::write(self.partial(), bytes).unwrap();
    }

    /// Puts a blob into the cache, as `huggingface_hub` would.
    fn put_in_cache(&self, bytes: &[u8]) {
        std::fs::create_dir_all(self.blob().parent().unwrap()).unwrap();
        std::fs::write(self.blob(), bytes).unwrap();
    }
}

fn places(home: &Path, endpoint: &str) -> Places {
    let vars = [
        ("HF_HUB_CACHE", home.join("hub").into_os_string()),
        ("XDG_CACHE_HOME", home.join("cache").into_os_string()),
        ("HF_ENDPOINT", OsString::from(endpoint)),
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", OsString::from("1")),
    ];
    let mut places = Places::from_env(|name| {
        vars.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone())
    })
    .unwrap();
    places.limits = Limits {
        stall: Duration::from_secs(5),
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(2),
        ..Limits::default()
    };
    places
}

fn hub_source(repo: &str, revision: &str) -> Source {
    Source::Hub {
        repo: repo.into(),
        revision: revision.into(),
        file: "tiny.gguf".into(),
    }
}

/// A [`Progress`] that records its calls.
#[derive(Debug, Default)]
struct Seen {
    begun: Vec<(String, Option<u64>, u64)>,
    advanced: u64,
    notes: Vec<String>,
    open: i32,
}

impl Seen {
    fn noted(&self, part: &str) -> bool {
        self.notes.iter().any(|note| note.contains(part))
    }
}

impl Progress for Seen {
    fn begin(&mut self, what: &str, total: Option<u64>, already: u64) {
        self.begun.push((what.to_string(), total, already));
        self.open += 1;
    }
    fn advance(&mut self, bytes: u64) {
        assert_eq!(self.open, 1, "advanced outside begin and end");
        self.advanced += bytes;
    }
    fn note(&mut self, text: &str) {
        self.notes.push(text.to_string());
    }
    fn end(&mut self) {
        self.open -= 1;
    }
}

/// Returns a registry with only `model` in it, parsed from text.
fn list_of(model: &Model) -> Registry {
    let file = |file: &ModelFile| {
        let ModelFile { name, size, sha256 } = file;
        let sha256 = sha256.as_deref().unwrap();
        format!("[[model.file]]\nname = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n")
    };
    let files: String = model.files.iter().map(file).collect();
    let (size, sha256) = (model.size, model.sha256.as_deref().unwrap());
    let text = format!(
        "version = 1\n[[model]]\nname = \"tiny\"\ntitle = \"t\"\narchitecture = \"llama\"\nquantization = \"Q8_0\"\n\
         context = 1\nlicence = \"MIT\"\nsize = {size}\nsha256 = \"{sha256}\"\nmin_memory_mb = 1\n{files}\
         [[model.source]]\nkind = \"hub\"\nrepo = \"org/tiny\"\nrevision = \"{COMMIT}\"\nfile = \"tiny.gguf\"\n"
    );
    Registry::parse(&text, Path::new("test.toml")).unwrap()
}
