//! What can be wrong with a GGUF file, each kind with the file and the field.

use std::path::{Path, PathBuf};

/// An error of a model file: its header, its tensors, its vocabulary or its chat template. `Display` is one line.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message explains its fields")]
pub enum Error {
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

    /// Candle cannot make a tensor of the bytes.
    #[error("{}: reading tensor {name}: {problem}", path.display())]
    Tensor {
        path: PathBuf,
        name: String,
        problem: String,
    },
}

/// What a file says of itself may be of any length and hold anything; an error is one line that can be read.
pub fn shown(text: impl Into<String>) -> String {
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

impl Error {
    /// What a user can do about it, as a sentence without a full stop.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { .. } => Some("check the path, or fetch a model first"),
            Self::Gguf { .. } => Some("fetch the file again and verify it; it may be cut short or damaged"),
            Self::Tokenizer { .. } | Self::Template { .. } => {
                Some("use a GGUF conversion made for llama.cpp, with its own tokenizer and chat template")
            }
            Self::Tensor { .. } => None,
        }
    }

    /// An unusable `field` of the file.
    pub fn gguf(path: &Path, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Gguf {
            path: path.to_path_buf(),
            field: shown(field),
            problem: shown(problem),
        }
    }

    /// An unusable `field` of the vocabulary.
    pub fn tokenizer(path: &Path, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Tokenizer {
            path: path.to_path_buf(),
            field: shown(field),
            problem: shown(problem),
        }
    }

    /// Candle's errors may carry a backtrace of many lines; only the first line is kept.
    pub fn tensor(path: &Path, name: &str, source: &candle_core::Error) -> Self {
        let text = source.to_string();
        Self::Tensor {
            path: path.to_path_buf(),
            name: shown(name),
            problem: text.lines().next().unwrap_or("unknown error").to_string(),
        }
    }
}
