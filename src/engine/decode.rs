//! The engine on Candle: loads a GGUF file and answers messages with it.
//!
//! In: a path and a device, then messages. Out: text in pieces and a [`Generation`]. It must not know what is asked.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::arch::{ARCHITECTURES, Model};
use super::chat::ChatTemplate;
use super::choose::{Choices, allow_only};
use super::device::DeviceChoice;
use super::error::EngineError;
use super::gguf::Gguf;
use super::sampler::Sampler;
use super::text_stream::TextStream;
use super::tokenizer::Tokenizer;
use super::{Engine, Generation, Message, ModelInfo, Sampling, Stop};

type Result<T> = std::result::Result<T, EngineError>;

/// A model in memory, ready to answer.
pub struct CandleEngine {
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    model: Model,
}

/// What the token loop reports, times counted from its start.
struct Run {
    tokens: usize,
    prefill: Duration,
    first: Duration,
    total: Duration,
    stop: Stop,
}

impl Run {
    /// The answer that the loop made out of a prompt of `prompt_tokens`, `before` it began having gone by.
    fn generation(self, text: String, prompt_tokens: usize, before: Duration) -> Generation {
        Generation {
            text,
            prompt_tokens,
            cached_tokens: 0,
            generated_tokens: self.tokens,
            prefill: self.prefill,
            first_token: before + self.first,
            decode: self.total.saturating_sub(self.first),
            stop: self.stop,
        }
    }
}

impl CandleEngine {
    /// Loads a GGUF file. The header, the vocabulary and every tensor's shape are checked before any weight is read.
    ///
    /// # Errors
    /// Each kind of [`EngineError`] but `PromptTooLong`.
    pub fn load(path: &Path, device: DeviceChoice) -> Result<Self> {
        let (device, device_name) = device.open()?;
        let gguf = Gguf::open(path)?;
        let architecture = gguf.metadata.need_text("general.architecture")?;
        if !ARCHITECTURES.contains(&architecture) {
            return Err(EngineError::Architecture {
                path: path.to_path_buf(),
                architecture: architecture.into(),
            });
        }
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let source = match gguf.metadata.text("tokenizer.chat_template") {
            Err(EngineError::Gguf { path, problem, .. }) => return Err(EngineError::Template { path, problem }),
            other => other?,
        };
        let template = ChatTemplate::new(path, source, tokenizer.start_text(), tokenizer.end_text())?;
        let model = Model::load(&gguf, tokenizer.len(), &device)?;
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
            model,
        })
    }

    /// Token ids of the messages as the chat template renders them, the opening of the answer included.
    pub fn encode_prompt(&self, messages: &[Message]) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode_prompt(&self.template.render(messages)?))
    }

    /// Token ids of plain text: no start token, and no special token whatever the text says.
    pub fn encode_text(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode_text(text)
    }

    fn compute<T>(&self, doing: &str, result: candle_core::Result<T>) -> Result<T> {
        result.map_err(|e| EngineError::compute(&self.info.file, doing, &e))
    }

    /// Reads a prompt into an empty cache, in chunks, and gives the logits after it.
    fn prefill(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        // State of an earlier prompt would otherwise be attended to.
        self.model.clear();
        let mut rest = ids;
        loop {
            let size = self.model.chunk();
            if rest.len() <= size {
                let logits = self.model.logits(rest);
                return self.compute("reading the prompt", logits);
            }
            let (now, later) = rest.split_at(size);
            let read = self.model.read(now);
            self.compute("reading the prompt", read)?;
            rest = later;
        }
    }

    /// The token loop: `on_token` gets each token but the one that ends the turn.
    fn run(
        &mut self,
        ids: &[u32],
        sampling: &Sampling,
        on_token: &mut dyn FnMut(&Tokenizer, u32) -> ControlFlow<()>,
    ) -> Result<Run> {
        let started = Instant::now();
        self.fits(ids)?;
        let mut logits = self.prefill(ids)?;
        let prefill = started.elapsed();
        let mut sampler = Sampler::new(sampling);
        let mut made: Vec<u32> = Vec::new();
        let mut first = None;
        let stop = loop {
            if made.len() >= sampling.max_tokens {
                break Stop::MaxTokens;
            }
            let id = sampler.next(&mut logits, &made).ok_or_else(|| self.no_number())?;
            first.get_or_insert_with(|| started.elapsed());
            if self.tokenizer.is_end(id) {
                break Stop::EndToken;
            }
            made.push(id);
            if on_token(&self.tokenizer, id).is_break() {
                break Stop::Caller;
            }
            if made.len() >= sampling.max_tokens {
                break Stop::MaxTokens;
            }
            if self.model.past() >= self.info.context_length {
                break Stop::ContextFull;
            }
            let next = self.model.logits(&[id]);
            logits = self.compute("making the next token", next)?;
        };
        let total = started.elapsed();
        Ok(Run {
            tokens: made.len(),
            prefill,
            first: first.unwrap_or(total),
            total,
            stop,
        })
    }
}

/// The fewest choices of an answer, before which the model cannot end it: one alone is hardly ever the whole answer.
const FEWEST_CHOICES: usize = 3;

impl CandleEngine {
    /// Whether a prompt leaves room for an answer.
    fn fits(&self, ids: &[u32]) -> Result<()> {
        let limit = self.info.context_length.saturating_sub(1);
        if ids.len() <= limit {
            return Ok(());
        }
        Err(EngineError::PromptTooLong {
            tokens: ids.len(),
            limit,
        })
    }

    fn no_number(&self) -> EngineError {
        EngineError::Compute {
            path: self.info.file.clone(),
            doing: "choosing a token".into(),
            problem: "the model's output holds no number".into(),
        }
    }

    /// The loop of [`Engine::choose`]: a step takes a token, or all that are left of the one choice still open.
    fn run_choices(
        &mut self,
        ids: &[u32],
        choices: &mut Choices,
        most: usize,
        sampling: &Sampling,
        on_choice: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Run> {
        let started = Instant::now();
        self.fits(ids)?;
        let mut logits = self.prefill(ids)?;
        let prefill = started.elapsed();
        let mut sampler = Sampler::new(sampling);
        let (mut made, mut first) = (0, None);
        let ends = self.tokenizer.end_tokens();
        let stop = 'choices: loop {
            let context = self.info.context_length.saturating_sub(self.model.past());
            let mut open = choices.open(context.min(sampling.max_tokens.saturating_sub(made)));
            if choices.taken >= most || open.is_empty() {
                break Stop::MaxTokens;
            }
            if choices.taken == 0 {
                open.truncate(1);
            }
            let mut depth = 0;
            let chosen = loop {
                if let Some(ended) = choices.ended(&open, depth) {
                    break ended;
                }
                if let [only] = open[..]
                    && (depth > 0 || choices.taken < FEWEST_CHOICES)
                {
                    break only;
                }
                let mut allowed = choices.next_tokens(&open, depth);
                if depth == 0 && choices.taken >= FEWEST_CHOICES {
                    allowed.extend(ends.iter().copied());
                }
                allow_only(&mut logits, &allowed);
                let token = sampler.next(&mut logits, &[]).ok_or_else(|| self.no_number())?;
                if ends.contains(&token) {
                    break 'choices Stop::EndToken;
                }
                first.get_or_insert_with(|| started.elapsed());
                open = choices.with(&open, depth, token);
                depth += 1;
                made += 1;
                let next = self.model.logits(&[token]);
                logits = self.compute("making the next token", next)?;
            };
            let rest = choices.take(chosen, depth);
            if on_choice(chosen).is_break() {
                break Stop::Caller;
            }
            first.get_or_insert_with(|| started.elapsed());
            made += rest.len();
            if !rest.is_empty() && choices.taken < most {
                let next = self.model.logits(&rest);
                logits = self.compute("reading a choice", next)?;
            }
        };
        let total = started.elapsed();
        Ok(Run {
            tokens: made,
            prefill,
            first: first.unwrap_or(total),
            total,
            stop,
        })
    }
}

impl Engine for CandleEngine {
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
        let mut text = String::new();
        let mut first = true;
        let run = self.run(&ids, sampling, &mut |tokenizer, id| {
            let bytes = tokenizer.bytes(id);
            let drop_space = first && tokenizer.drops_first_space();
            let bytes = bytes.strip_prefix(b" ").filter(|_| drop_space).unwrap_or(&bytes);
            first = false;
            let piece = stream.push(bytes);
            text.push_str(&piece);
            if piece.is_empty() {
                ControlFlow::Continue(())
            } else {
                on_piece(&piece)
            }
        })?;
        let rest = stream.finish();
        if !rest.is_empty() && run.stop != Stop::Caller {
            text.push_str(&rest);
            // Generation is over: there is nothing left to stop.
            let _ = on_piece(&rest);
        }
        Ok(run.generation(text, ids.len(), before))
    }

    fn choose(
        &mut self,
        messages: &[Message],
        choices: &[String],
        most: usize,
        sampling: &Sampling,
        on_choice: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Generation> {
        let called = Instant::now();
        let ids = self.encode_prompt(messages)?;
        let mut open = Choices::new(choices, |text| self.tokenizer.encode_text(text));
        let before = called.elapsed();
        let mut chosen: Vec<&str> = Vec::new();
        let run = self.run_choices(&ids, &mut open, most, sampling, &mut |choice| {
            chosen.push(&choices[choice]);
            on_choice(choice)
        })?;
        Ok(run.generation(chosen.join(" "), ids.len(), before))
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
