//! A Hub that sends wrong data, refuses, is slow, or falls silent.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::Outcome;
use crate::harness::hub::{Fault, Hub};
use crate::harness::{Home, Ran, Run};

const REPO: &str = "some/tiny";
const COMMIT: &str = "1111111111111111111111111111111111111111";

/// Returns bytes without repeated parts. A pull does not look inside them.
pub fn model_bytes() -> Vec<u8> {
    (0u32..40_000)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

/// A home whose only model is `tiny`, and the Hub that serves it.
pub struct Pull {
    pub home: Home,
    pub hub: Hub,
    sha256: String,
}

impl Pull {
    pub fn new(bytes: &[u8]) -> Pull {
        let (home, hub) = (Home::new(), Hub::start());
        let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        hub.serve(&format!("/{REPO}/resolve/{COMMIT}/tiny.gguf"), bytes);
        let size = bytes.len();
        home.write(
            ".config/askpm/models.toml",
            format!(
                "version = 1\n[[model]]\nname = \"tiny\"\ntitle = \"T\"\narchitecture = \"llama\"\n\
                 quantization = \"F32\"\ncontext = 4096\nlicence = \"MIT\"\nsize = {size}\nsha256 = \"{sha256}\"\n\
                 min_memory_mb = 1\n[[model.source]]\nkind = \"hub\"\nrepo = \"{REPO}\"\n\
                 revision = \"{COMMIT}\"\nfile = \"tiny.gguf\"\n"
            ),
        );
        Pull { home, hub, sha256 }
    }

    pub fn askpm(&self) -> Run {
        self.home.bare().env("HF_ENDPOINT", self.hub.endpoint())
    }

    pub fn pull(&self) -> Ran {
        self.askpm().args(["models", "pull", "tiny"]).run()
    }

    fn repo(&self) -> PathBuf {
        self.home.path(".cache/huggingface/hub/models--some--tiny")
    }

    /// Returns the path of the model's file under its readable name, if it exists.
    pub fn file(&self) -> Option<PathBuf> {
        Some(self.repo().join("snapshots").join(COMMIT).join("tiny.gguf")).filter(|path| path.exists())
    }

    pub fn partial(&self) -> PathBuf {
        self.repo().join("blobs").join(format!("{}.incomplete", self.sha256))
    }
}

/// Pulls with `faults`, which may fail; then without faults, which must bring the right file.
fn survives(outcome: &mut Outcome, faults: Vec<Fault>, partial: Option<usize>) {
    survives_waiting(outcome, faults, partial, "30");
}

/// Like [`survives`], with a timeout of `seconds`.
fn survives_waiting(outcome: &mut Outcome, faults: Vec<Fault>, partial: Option<usize>, seconds: &str) {
    let bytes = model_bytes();
    let pull = Pull::new(&bytes);
    if let Some(length) = partial {
        pull.home.write(
            &pull
                .partial()
                .strip_prefix(pull.home.path(""))
                .unwrap()
                .to_string_lossy(),
            &bytes[..length],
        );
    }
    pull.hub.order(faults);
    let patience = ("HF_HUB_DOWNLOAD_TIMEOUT", seconds);
    let ran = pull
        .askpm()
        .env(patience.0, patience.1)
        .args(["models", "pull", "tiny"])
        .run();
    outcome.ends(&pull.home, &ran);
    assert!(
        pull.file().is_none_or(|file| std::fs::read(file).unwrap() == bytes),
        "a wrong file has the model's name: {ran:#?}"
    );
    // The server behaves again.
    pull.hub.forgive();
    pull.pull().ok();
    pull.askpm().args(["models", "verify", "tiny"]).run().ok();
    outcome.lost += usize::from(std::fs::read(pull.file().unwrap()).unwrap() != bytes);
}

pub fn wrong_bytes() -> Outcome {
    let mut outcome = Outcome::new();
    survives(&mut outcome, vec![Fault::WrongBytes], None);
    survives(&mut outcome, vec![Fault::CutAfter(50_000), Fault::WrongBytes], None);
    survives(&mut outcome, vec![Fault::WrongBytes; 4], Some(1_000));
    outcome
}

pub fn wrong_length() -> Outcome {
    let mut outcome = Outcome::new();
    for faults in [
        vec![Fault::TooLong(1)],
        vec![Fault::TooLong(100_000)],
        vec![Fault::NoLengthTooLong(100_000)],
        vec![Fault::NoLength],
        vec![Fault::CutAfter(1), Fault::CutAfter(0), Fault::CutAfter(0)],
        vec![Fault::IgnoreRange],
        vec![Fault::WrongPart],
    ] {
        survives(&mut outcome, faults.clone(), None);
        survives(&mut outcome, faults, Some(70_000));
    }
    outcome
}

pub fn refusals() -> Outcome {
    let mut outcome = Outcome::new();
    let away = || Fault::Redirect("file:///etc/passwd".into());
    for faults in [
        vec![Fault::Status(416)],
        vec![Fault::Busy(429, 1)],
        vec![Fault::Busy(429, 86_400)],
        vec![Fault::Busy(503, u64::MAX)],
        vec![Fault::Status(500), Fault::Status(502)],
        vec![Fault::Status(403)],
        vec![Fault::Status(204)],
        vec![Fault::Close],
        vec![away()],
        vec![Fault::Redirect("http://127.0.0.1:9/closed".into())],
        vec![Fault::Redirect(format!("/{REPO}/resolve/{COMMIT}/tiny.gguf")); 40],
    ] {
        survives(&mut outcome, faults, Some(70_000));
    }
    outcome
}

pub fn slow() -> Outcome {
    let mut outcome = Outcome::new();
    // Many connections. Each sends a little and then closes.
    survives(&mut outcome, vec![Fault::CutAfter(3_000); 12], None);
    survives(&mut outcome, vec![Fault::CutAfter(1); 4], Some(100));
    outcome
}

pub fn silent() -> Outcome {
    let mut outcome = Outcome::new();
    survives_waiting(&mut outcome, vec![Fault::StallAfter(50_000)], None, "1");
    survives_waiting(&mut outcome, vec![Fault::StallAfter(0); 4], Some(1_000), "1");
    outcome
}
