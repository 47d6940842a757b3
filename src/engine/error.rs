//! What can go wrong in the engine, each kind with the file and the field it is about.
//!
//! In: a path, a field, a plain description. Out: [`EngineError`], whose `Display` is one line, and its [`EngineError::hint`].
//! It must not know commands, exit statuses or how errors are printed.

use std::path::{Path, PathBuf};

/// An error of loading a model or of generating with it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file cannot be opened or read (absent, a directory, no permission, an I/O error).
    #[error("cannot read the model file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },

    /// The file is not GGUF, or is damaged, or leaves out something that its architecture needs.
    #[error("{} is not a usable GGUF model: {field}: {problem}", path.display())]
    Gguf {
        path: PathBuf,
        field: String,
        problem: String,
    },

    /// The file is sound, but holds a kind of model that is not built in.
    #[error("{}: the architecture `{architecture}` is not supported (supported: {}; by candle-transformers: {})", path.display(), super::arch::ARCHITECTURES.join(", "), super::fallback::FALLBACKS.join(", "))]
    Architecture { path: PathBuf, architecture: String },

    /// The vocabulary in the file cannot be used.
    #[error("{}: tokenizer: {field}: {problem}", path.display())]
    Tokenizer {
        path: PathBuf,
        field: String,
        problem: String,
    },

    /// The chat template in the file cannot be parsed, or refuses the messages.
    #[error("{}: tokenizer.chat_template: {problem}", path.display())]
    Template { path: PathBuf, problem: String },

    /// The wanted device is not there.
    #[error("the device `{wanted}` cannot be used: {problem}")]
    Device {
        wanted: String,
        problem: String,
        hint: String,
    },

    /// The prompt leaves no room for an answer. `limit` is the longest prompt, in tokens, that does.
    #[error("the prompt takes {tokens} tokens; this model reads at most {limit}")]
    PromptTooLong { tokens: usize, limit: usize },

    /// A server that a model is asked of is not there, refuses, or breaks off.
    #[error("{url}: {problem}")]
    Served {
        url: String,
        problem: String,
        hint: Option<String>,
    },

    /// A tensor operation failed, or its result is not a number.
    #[error("{}: {doing}: {problem}", path.display())]
    Compute {
        path: PathBuf,
        doing: String,
        problem: String,
    },
}

/// What a file says of itself may be of any length and hold anything; an error is one line that can be read.
pub(super) fn shown(text: impl Into<String>) -> String {
    const LONGEST: usize = 300;
    let text: String = text.into();
    if text.len() <= LONGEST && !text.contains(char::is_control) {
        return text;
    }
    let line = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut out: String = line.clone().take(LONGEST).collect();
    if line.count() > LONGEST {
        out.push('…');
    }
    out
}

impl EngineError {
    /// The way out, where there is one, as a sentence without a full stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("check the path, or fetch a model first".into()),
            Self::Gguf { .. } => Some("fetch the file again and verify it; it may be cut short or damaged".into()),
            Self::Architecture { .. } => Some("choose a model of a supported architecture".into()),
            Self::Tokenizer { .. } | Self::Template { .. } => {
                Some("use a GGUF conversion made for llama.cpp, with its own tokenizer and chat template".into())
            }
            Self::Device { hint, .. } => Some(hint.clone()),
            Self::PromptTooLong { .. } => Some("ask with fewer passages or a shorter question".into()),
            Self::Served { hint, .. } => hint.clone(),
            Self::Compute { .. } => None,
        }
    }

    /// The same error of a server, with the way out.
    pub(crate) fn with_hint(self, text: &str) -> Self {
        match self {
            Self::Served { url, problem, .. } => Self::Served {
                url,
                problem,
                hint: Some(text.into()),
            },
            other => other,
        }
    }

    pub(crate) fn gguf(path: &Path, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Gguf {
            path: path.to_path_buf(),
            field: shown(field),
            problem: shown(problem),
        }
    }

    pub(crate) fn tokenizer(path: &Path, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Tokenizer {
            path: path.to_path_buf(),
            field: shown(field),
            problem: shown(problem),
        }
    }

    /// Candle's errors can carry a backtrace over many lines; only the first line is kept.
    pub(crate) fn compute(path: &Path, doing: impl Into<String>, source: &candle_core::Error) -> Self {
        let text = source.to_string();
        let problem = text.lines().next().unwrap_or("unknown error").to_string();
        Self::Compute {
            path: path.to_path_buf(),
            doing: doing.into(),
            problem,
        }
    }
}
