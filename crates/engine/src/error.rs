//! Errors of the engine. Most name the file and the field that they concern.
//!
//! An [`EngineError`] displays as one line, and [`EngineError::hint`] suggests a fix.

use std::path::{Path, PathBuf};

/// An error from loading a model or from generating with it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message explains its fields")]
pub enum EngineError {
    /// The model file is absent, damaged, or holds a vocabulary or template that cannot be used.
    #[error(transparent)]
    File(#[from] askpm_gguf::Error),

    /// The file is sound, but holds a kind of model that is not built in.
    #[error("{}: the architecture `{architecture}` is not supported (supported: {}; by candle-transformers: {})", path.display(), crate::ARCHITECTURES.join(", "), crate::FALLBACKS.join(", "))]
    Architecture { path: PathBuf, architecture: String },

    /// The wanted device is not there.
    #[error("the device `{wanted}` cannot be used: {problem}")]
    Device {
        wanted: String,
        problem: String,
        hint: String,
    },

    /// The prompt leaves no room for an answer. `limit` is the length of the longest allowed prompt, in tokens.
    #[error("the prompt takes {tokens} tokens; this model reads at most {limit}")]
    PromptTooLong { tokens: usize, limit: usize },

    /// The server of a served model is misconfigured, unreachable, rejects the request or breaks off its answer.
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

impl EngineError {
    /// Returns a suggestion for fixing the error, if there is one, as a sentence without a full stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint().map(Into::into),
            Self::Architecture { .. } => Some("choose a model of a supported architecture".into()),
            Self::Device { hint, .. } => Some(hint.clone()),
            Self::PromptTooLong { .. } => Some("ask with fewer passages or a shorter question".into()),
            Self::Served { hint, .. } => hint.clone(),
            Self::Compute { .. } => None,
        }
    }

    /// The same error of a server, with the way out.
    pub fn with_hint(self, text: &str) -> Self {
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
        askpm_gguf::Error::gguf(path, field, problem).into()
    }

    /// Wraps an error of Candle. Only its first line is kept, because it can carry a backtrace of many lines.
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
