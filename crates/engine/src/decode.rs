//! The local engine: loads a GGUF file with Candle and answers chat messages with it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use askpm_gguf::{ChatTemplate, Gguf, Tokenizer};
use askpm_kernels::attention::Precision;

use super::device::DeviceChoice;
use super::error::EngineError;
use super::lookup;
use super::lora::Adapter;
use super::model::{Model, Runner};
use super::prefix::Prefixes;
use super::session::Session;
use super::text_stream::TextStream;
use super::thoughts::Thoughts;
use super::{Engine, Generation, Message, ModelInfo, Sampling, Stop, StopSignal};

type Result<T> = std::result::Result<T, EngineError>;

/// A model in memory, ready to answer.
pub struct LocalEngine {
    pub(super) info: ModelInfo,
    pub(super) tokenizer: Tokenizer,
    template: ChatTemplate,
    pub(super) session: Session,
    /// Maximum number of tokens to draft ahead in greedy decoding; 0 turns drafts off.
    pub(super) longest_draft: usize,
    load: LoadTimes,
    /// Whether an adapter changes the model.
    adapted: bool,
}

/// How long each part of loading took. The vocabulary and the weights load in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadTimes {
    /// Reading and checking the header.
    pub header: Duration,
    /// Reading the vocabulary, at the same time as the weights.
    pub vocabulary: Duration,
    /// Reading and packing the weights.
    pub weights: Duration,
}

impl LocalEngine {
    /// Loads a GGUF file. It checks the header before it reads anything else, and each tensor's shape before its
    /// weights.
    ///
    /// # Errors
    /// Any [`EngineError`] except `PromptTooLong` and `Served`.
    pub fn load(path: &Path, device: DeviceChoice) -> Result<Self> {
        Self::load_with(path, None, device, Precision::Half)
    }

    /// Same as `load`, for a model that `adapter` changes.
    ///
    /// # Errors
    /// As `load`; also if the adapter is for another model.
    pub fn load_adapted(path: &Path, adapter: &Adapter, device: DeviceChoice) -> Result<Self> {
        Self::load_with(path, Some(adapter), device, Precision::Half)
    }

    /// Same as `load`, but stores keys and values in `precision`.
    pub(super) fn load_with(
        path: &Path,
        adapter: Option<&Adapter>,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Self> {
        let started = Instant::now();
        let (device, device_name) = device.open()?;
        let gguf = Gguf::open(path)?;
        let architecture = gguf.metadata.need_text("general.architecture")?;
        if Runner::of(architecture, "").is_none() {
            return Err(EngineError::Architecture {
                path: path.to_path_buf(),
                architecture: askpm_gguf::shown(architecture),
            });
        }
        adapter.map_or(Ok(()), |adapter| adapter.is_for(architecture))?;
        let header = started.elapsed();
        let tokens = gguf.metadata.raw_texts("tokenizer.ggml.tokens")?.map_or(0, <[_]>::len);
        // The vocabulary keeps one thread busy, and packing weights is bound by memory more than by computation.
        let (vocabulary, model, weights) = thread::scope(|scope| {
            let vocabulary = scope.spawn(|| {
                let begun = Instant::now();
                (Tokenizer::from_gguf(&gguf), begun.elapsed())
            });
            let begun = Instant::now();
            let model = Model::load(&gguf, adapter, tokens, &device, precision);
            let weights = begun.elapsed();
            (vocabulary.join(), model, weights)
        });
        let (tokenizer, vocabulary) = vocabulary.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let tokenizer = tokenizer?;
        let template = ChatTemplate::from_gguf(&gguf, &tokenizer)?;
        let model = model?;
        let file_name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let info = ModelInfo {
            name: gguf
                .metadata
                .text("general.name")?
                .filter(|n| !n.is_empty())
                .map_or(file_name, String::from),
            file: path.to_path_buf(),
            architecture: architecture.into(),
            quantization: gguf.quantization(),
            context_length: model.context_length(),
            device: device_name.into(),
            parameters: gguf.parameters(),
        };
        Ok(Self {
            info,
            tokenizer,
            template,
            session: Session::new(model),
            longest_draft: lookup::MOST,
            adapted: adapter.is_some(),
            load: LoadTimes {
                header,
                vocabulary,
                weights,
            },
        })
    }

    /// Stores the KV cache of the prompts' openings in `folder`, so that the next process does not read them again. An
    /// opening is a list of messages whose last one continues differently in each prompt. If an opening cannot be
    /// stored, it is read as before. A model with an adapter stores none.
    pub fn keep_openings(&mut self, folder: PathBuf, openings: &[Vec<Message>]) {
        // The file does not tell which adapter changed the keys and values.
        if self.adapted {
            return;
        }
        let tokens = openings.iter().filter_map(|messages| self.opening(messages)).collect();
        let prefixes = Prefixes::new(folder, &self.info.file, tokens);
        self.session.keep(prefixes);
    }

    /// Returns the tokens that all prompts with this opening have in common: the common prefix of two different
    /// continuations.
    fn opening(&self, messages: &[Message]) -> Option<Vec<u32>> {
        let going_on = |rest: &str| {
            let mut messages = messages.to_vec();
            messages.last_mut()?.content.push_str(rest);
            self.encode_prompt(&messages).ok()
        };
        let (one, other) = (going_on("Aa a")?, going_on("1. 1")?);
        let common = one.iter().zip(&other).take_while(|(a, b)| a == b);
        Some(common.map(|(id, _)| *id).collect())
    }

    /// Returns the token ids of the messages as the chat template renders them, including the opening of the answer.
    pub fn encode_prompt(&self, messages: &[Message]) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode_prompt(&self.template.render(messages)?))
    }

    /// Returns how long loading took.
    pub fn load_times(&self) -> LoadTimes {
        self.load
    }

    /// Returns the token ids of plain text, without a start token. No text becomes a special token.
    pub fn encode_text(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode_text(text)
    }
}

impl Engine for LocalEngine {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_prompt(&self, messages: &[Message]) -> Result<usize> {
        self.encode_prompt(messages).map(|ids| ids.len())
    }

    fn generate(
        &mut self,
        messages: &[Message],
        sampling: &Sampling,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation> {
        let called = Instant::now();
        let ids = self.encode_prompt(messages)?;
        let before = called.elapsed();
        let mut stream = TextStream::default();
        let mut thoughts = Thoughts::default();
        let mut text = String::new();
        let mut first = true;
        let run = self.run(&ids, sampling, &mut |tokenizer, id| {
            let bytes = tokenizer.bytes(id);
            let drop_space = first && tokenizer.drops_first_space();
            first = false;
            let bytes = bytes.strip_prefix(b" ").filter(|_| drop_space).unwrap_or(&bytes);
            let piece = thoughts.push(&stream.push(bytes));
            text.push_str(&piece);
            if piece.is_empty() {
                ControlFlow::Continue(())
            } else {
                on_piece(&piece)
            }
        })?;
        let rest = thoughts.push(&stream.finish()) + &thoughts.finish();
        if !rest.is_empty() && run.stop != Stop::Caller {
            text.push_str(&rest);
            // Generation has ended, so a request to stop changes nothing.
            let _ = on_piece(&rest);
        }
        self.session.save();
        Ok(run.generation(text, ids.len(), before))
    }

    fn set_stop_signal(&mut self, stop: Option<StopSignal>) {
        self.session.stop = stop;
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
pub(super) mod tests;
