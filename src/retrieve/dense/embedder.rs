//! Turns text into vectors whose dot product measures how near two texts are in meaning.
//!
//! The model is a BERT sentence embedder; all-MiniLM-L6-v2 is the one that is listed. Vectors have length 1. This
//! module knows nothing about an index, nor where the model files come from.
//!
//! The method is that of sentence-transformers for this model (Reimers and Gurevych, "Sentence-BERT", EMNLP 2019):
//! WordPiece tokens between `[CLS]` and `[SEP]`, at most 256 in all, and the mean of the last layer over them, scaled
//! to length 1. A longer passage is cut into windows, each preceded by the title. Its similarity is that of its nearest
//! window.
//!
//! Each window runs separately, and texts run in parallel on several threads. In a batch, the last digits of a text's
//! vector would depend on the other texts, and the same corpus would not always give the same order of hits. A window
//! of 200 tokens fills the matrix products by itself, without padding.

use std::path::{Path, PathBuf};

use candle_core::safetensors::MmapedSafetensors;
use tokenizers::Tokenizer;

use super::bert::{Bert, Config};
use super::finder;
use super::lora::Adapter;
use crate::served::ServedError;

/// The `model_type` of a `config.json` that can be run.
pub const ARCHITECTURE: &str = "bert";

/// Maximum input in tokens, including `[CLS]` and `[SEP]`: what the model was trained with (its model card).
const MAX_TOKENS: usize = 256;
/// Maximum number of title tokens before each window.
const MAX_TITLE: usize = 64;
/// Maximum length in bytes of a question that is tokenized: far more than fills a window.
const MAX_QUERY_BYTES: usize = 8 << 10;
/// Maximum size in bytes of a `config.json` that is read.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Why there is no embedder or no vector.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A file cannot be used.
    #[error("cannot load the embedding model {}: {what}", path.display())]
    File { path: PathBuf, what: String },
    /// The model could not be run on a text.
    #[error("cannot run the embedding model: {0}")]
    Run(String),
    /// The server of the model cannot be used.
    #[error(transparent)]
    Served(#[from] ServedError),
}

impl EmbedError {
    /// Returns what the user can do about the error.
    pub fn hint(&self) -> Option<String> {
        if let EmbedError::Served(error) = self {
            return error.hint();
        }
        Some(
            "run `askpm models verify`; replace a damaged model with `askpm models remove` and `askpm models pull`"
                .into(),
        )
    }
}

/// The files of an embedding model.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// `model.safetensors`, f32.
    pub weights: &'a Path,
    /// `tokenizer.json` of the Hugging Face tokenizers library.
    pub tokenizer: &'a Path,
    /// `config.json` of transformers.
    pub config: &'a Path,
    /// Distinguishes this model's vectors from another's: the SHA-256 of the weights.
    pub identity: [u8; 32],
}

/// A loaded embedding model.
pub struct Embedder {
    model: Bert,
    /// Trained to find discussions, if the program has one for this model.
    adapter: Option<Adapter>,
    tokenizer: Tokenizer,
    first: u32,
    last: u32,
    /// The token for a piece that the vocabulary lacks.
    unknown: Option<u32>,
    max_tokens: usize,
    dimensions: usize,
    identity: [u8; 32],
    weights: PathBuf,
}

/// The vectors of one text, in order of its windows.
pub type Vectors = Vec<Vec<f32>>;

impl Embedder {
    /// Loads a model onto the CPU.
    ///
    /// # Errors
    /// Fails if a file is missing, truncated or of another kind. The error names the file and the problem.
    pub fn load(files: Files<'_>) -> Result<Embedder, EmbedError> {
        let config = read_config(files.config)?;
        let tokenizer = read_tokenizer(files.tokenizer, config.vocab_size)?;
        let special = |token: &str| {
            tokenizer
                .token_to_id(token)
                .ok_or_else(|| fault(files.tokenizer, format!("it has no token {token}")))
        };
        let (first, last) = (special("[CLS]")?, special("[SEP]")?);
        let model = read_weights(files.weights, &config)?;
        let adapter = finder::built_in(&files.identity, model.sizes()).map_err(|error| fault(files.weights, error))?;
        Ok(Embedder {
            identity: adapter
                .as_ref()
                .map_or(files.identity, |_| finder::identity(&files.identity)),
            adapter,
            model,
            first,
            last,
            unknown: tokenizer.token_to_id("[UNK]"),
            max_tokens: MAX_TOKENS.min(config.max_position_embeddings),
            dimensions: config.hidden_size,
            weights: files.weights.to_path_buf(),
            tokenizer,
        })
    }

    /// Returns the length of every vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Distinguishes the vectors of this model, with its adapter, from those of another.
    pub fn identity(&self) -> [u8; 32] {
        self.identity
    }

    /// Returns the path of the weights, for messages.
    pub fn path(&self) -> &Path {
        &self.weights
    }

    /// Returns the vector of a question. Text that does not fit the model's input is cut off.
    pub fn query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let mut end = text.len().min(MAX_QUERY_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut tokens = self.tokens(&text[..end])?;
        tokens.truncate(self.room());
        self.run(&[], &tokens)
    }

    /// Returns the vectors of a passage, one for each of its windows. There is at least one.
    pub fn passage(&self, title: &str, text: &str) -> Result<Vectors, EmbedError> {
        let mut title = self.tokens(title)?;
        title.truncate(MAX_TITLE.min(self.room() / 2));
        let text = self.tokens(text)?;
        let windows = windows(text.len(), self.room() - title.len());
        windows.map(|window| self.run(&title, &text[window])).collect()
    }

    /// Returns whether the vocabulary has `word`, or `word` without a plural `s`, as one piece.
    pub fn knows(&self, word: &str) -> bool {
        let whole = |word: &str| {
            let pieces = self.tokens(word).unwrap_or_default();
            pieces.len() == 1 && pieces.first().copied() != self.unknown
        };
        whole(word) || word.strip_suffix(['s', 'S']).is_some_and(whole)
    }

    /// Returns the number of tokens that fit between `[CLS]` and `[SEP]`.
    fn room(&self) -> usize {
        self.max_tokens - 2
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, EmbedError> {
        let encoding = self.tokenizer.encode_fast(text, false);
        Ok(encoding
            .map_err(|error| EmbedError::Run(error.to_string()))?
            .get_ids()
            .to_vec())
    }

    fn run(&self, title: &[u32], text: &[u32]) -> Result<Vec<f32>, EmbedError> {
        let ids = [&[self.first], title, text, &[self.last]].concat();
        let vector = self
            .forward(&ids)
            .map_err(|error| EmbedError::Run(one_line(&error.to_string())))?;
        unit(vector).ok_or_else(|| EmbedError::Run("its numbers are not finite".into()))
    }

    /// Returns the mean of the last layer over all tokens.
    fn forward(&self, ids: &[u32]) -> candle_core::Result<Vec<f32>> {
        let last = match &self.adapter {
            None => self.model.forward(ids)?,
            Some(adapter) => {
                let mut states = self.model.below(ids, adapter.from)?;
                self.model.above(&mut states, adapter);
                states
            }
        };
        let mut mean = vec![0f32; self.dimensions];
        for row in last.chunks_exact(self.dimensions) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= ids.len() as f32);
        Ok(mean)
    }
}

/// Scales `vector` to length 1. Returns `None` if it has no direction.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt() as f32;
    vector.iter_mut().for_each(|x| *x /= length);
    vector.iter().all(|x| x.is_finite()).then_some(vector)
}

/// Cuts `length` tokens into windows of at most `room`, as even as possible, so that none is a short tail. A text
/// without tokens is one empty window.
fn windows(length: usize, room: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = length.div_ceil(room.max(1)).max(1);
    (0..count).map(move |n| length * n / count..length * (n + 1) / count)
}

fn fault(path: &Path, what: impl std::fmt::Display) -> EmbedError {
    EmbedError::File {
        path: path.to_path_buf(),
        what: one_line(&what.to_string()),
    }
}

/// Candle's messages can include a backtrace; the first line says what is wrong.
pub(super) fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_string()
}

fn read_config(path: &Path) -> Result<Config, EmbedError> {
    let size = std::fs::metadata(path).map_err(|error| fault(path, error))?.len();
    if size > MAX_CONFIG_BYTES {
        return Err(fault(
            path,
            format!("it has {size} bytes, too many for a configuration"),
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| fault(path, error))?;
    let config: Config = serde_json::from_slice(&bytes).map_err(|error| fault(path, error))?;
    let known = config.model_type.as_deref().unwrap_or(ARCHITECTURE) == ARCHITECTURE;
    // Loading divides by these sizes or allocates from them without further checks.
    let sound = (1..=8_192).contains(&config.hidden_size)
        && (1..=config.hidden_size).contains(&config.num_attention_heads)
        && config.hidden_size.is_multiple_of(config.num_attention_heads)
        && (1..=128).contains(&config.num_hidden_layers)
        && (16..=1 << 20).contains(&config.max_position_embeddings);
    let known = known && config.hidden_act == "gelu";
    match (known, sound) {
        (false, _) => Err(fault(path, format!("it is not a {ARCHITECTURE} model with gelu"))),
        (_, false) => Err(fault(path, "its sizes do not fit together")),
        _ => Ok(config),
    }
}

fn read_tokenizer(path: &Path, vocabulary: usize) -> Result<Tokenizer, EmbedError> {
    let mut tokenizer = Tokenizer::from_file(path).map_err(|error| fault(path, error))?;
    // The file asks for padding to 128 tokens and for truncation. Windows are cut here, without padding.
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|error| fault(path, error))?;
    let tokens = tokenizer.get_vocab_size(true);
    if tokens > vocabulary {
        return Err(fault(
            path,
            format!("it has {tokens} tokens, but the model has {vocabulary}"),
        ));
    }
    Ok(tokenizer)
}

fn read_weights(path: &Path, config: &Config) -> Result<Bert, EmbedError> {
    // SAFETY: the file is mapped read-only. Model files are put in place by rename and not written to afterwards. A
    // program that truncates one while it is mapped could end this process, as with every mapped file.
    let mapped = unsafe { MmapedSafetensors::new(path) }.map_err(|error| fault(path, error))?;
    Bert::load(mapped, config).map_err(|error| fault(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_everything_in_even_parts() {
        let cut = |length, room| windows(length, room).map(|w| (w.start, w.end)).collect::<Vec<_>>();
        assert_eq!(cut(0, 10), [(0, 0)]);
        assert_eq!(cut(10, 10), [(0, 10)]);
        assert_eq!(cut(11, 10), [(0, 5), (5, 11)]);
        assert_eq!(cut(30, 10), [(0, 10), (10, 20), (20, 30)]);
    }

    #[test]
    fn a_vector_is_scaled_to_length_one_or_refused() {
        assert_eq!(unit(vec![3.0, 4.0]), Some(vec![0.6, 0.8]));
        assert_eq!(unit(vec![0.0, 0.0]), None);
        assert_eq!(unit(vec![f32::NAN, 1.0]), None);
    }
}
