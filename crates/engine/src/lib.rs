//! Generates text from a GGUF model on the CPU or GPU.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use askpm_engine::{LocalEngine, DeviceChoice, Engine, Message, Role, Sampling};
//!
//! # fn main() -> Result<(), askpm_engine::EngineError> {
//! let mut engine = LocalEngine::load("model.gguf".as_ref(), DeviceChoice::Cpu)?;
//! let messages = [Message { role: Role::User, content: "Why is the sky blue?".into() }];
//! let generation = engine.generate(&messages, &Sampling::default(), &mut |piece| {
//!     print!("{piece}");
//!     ControlFlow::Continue(())
//! })?;
//! println!("\n{} tokens", generation.generated_tokens);
//! # Ok(())
//! # }
//! ```
//!
//! # How a prompt becomes text
//!
//! 1. [`askpm_gguf`] checks the file and turns messages into token ids.
//! 2. `session` knows which tokens the KV cache holds, and `prefix` restores what all prompts begin with.
//! 3. `model` computes logits: on [`askpm_kernels`] (`cpu`), on Candle's tensors (`arch`), or with the models of
//!    candle-transformers (`fallback`).
//! 4. `sampler` picks a token. `run` is the loop; `lookup` drafts tokens that repeat the prompt, and one pass checks them.
//! 5. `text_stream` turns the bytes of tokens into valid UTF-8.

#![warn(missing_docs)]

mod arch;
mod architectures;
#[cfg(test)]
mod broken_files_tests;
mod cpu;
mod decode;
mod device;
mod drafting;
mod error;
mod fallback;
#[cfg(test)]
mod greedy_tests;
mod lookup;
pub mod lora;
mod machine;
mod measure;
mod model;
mod prefix;
#[cfg(test)]
mod real_tests;
mod run;
mod sampler;
mod session;
#[cfg(test)]
mod tests;
mod text_stream;
mod thoughts;
#[cfg(test)]
mod types_tests;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

pub use architectures::{ARCHITECTURES, FALLBACKS};
pub use askpm_gguf::{Message, Role};
pub use cpu::WITHOUT_KERNELS;
pub use decode::{LoadTimes, LocalEngine};
pub use device::DeviceChoice;
#[doc(hidden)]
pub use drafting::Written;
pub use error::EngineError;
pub use machine::MachineSpeed;
pub use measure::{PathError, choose_cpu_path, cpu_features, cpu_path, cpu_paths};
pub use model::Runner;
pub use thoughts::Thoughts;

/// How to choose the next token, and how many tokens to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 or less is greedy: it always takes the likeliest token.
    pub temperature: f64,
    /// Share of the probability to choose from; 1 allows all tokens.
    pub top_p: f64,
    /// Seed of the random choice. The same seed gives the same answer.
    pub seed: u64,
    /// Longest answer, in tokens.
    pub max_tokens: usize,
    /// Penalty on tokens in the repeat window; 1 turns it off.
    pub repeat_penalty: f32,
    /// Number of latest generated tokens that the penalty applies to.
    pub repeat_window: usize,
}

impl Default for Sampling {
    /// Greedy, seed 0, 256 tokens, no repeat penalty.
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
            max_tokens: 256,
            repeat_penalty: 1.0,
            repeat_window: 64,
        }
    }
}

/// A description of a loaded model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// `general.name`, or the file's name if the file does not state one.
    pub name: String,
    /// Path of the model file.
    pub file: PathBuf,
    /// `general.architecture` of the file.
    pub architecture: String,
    /// The type that stores the most bytes of weights, such as `Q4_1`.
    pub quantization: String,
    /// The context window in tokens, prompt and answer together.
    pub context_length: usize,
    /// `cpu`, `cuda` or `metal`; `server` for a served model.
    pub device: String,
    /// Number of weights.
    pub parameters: u64,
}

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The model ended its turn.
    EndToken,
    /// [`Sampling::max_tokens`] were generated.
    MaxTokens,
    /// Prompt and answer fill the model's context window.
    ContextFull,
    /// The caller stopped generation.
    Caller,
}

/// An answer with its token counts and timings.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// The whole answer.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Prompt tokens that were already in the KV cache, so they were not read again.
    pub cached_tokens: usize,
    /// Tokens of the answer, without the end token.
    pub generated_tokens: usize,
    /// Time to read the prompt.
    pub prefill: Duration,
    /// Time from the call to the first token.
    pub first_token: Duration,
    /// Time from the first token to the last.
    pub decode: Duration,
    /// Why generation ended.
    pub stop: Stop,
}

/// Returns true once nobody waits for the answer any more.
pub type StopSignal = Box<dyn Fn() -> bool + Send>;

/// A model that answers chat messages.
pub trait Engine {
    /// Returns what is known about the model.
    fn info(&self) -> &ModelInfo;

    /// Returns the number of tokens in the rendered messages, including the opening of the answer.
    fn count_prompt(&self, messages: &[Message]) -> Result<usize, EngineError>;

    /// Answers the messages. `on_piece` receives each new piece of text (valid UTF-8, without special tokens). `Break`
    /// stops generation. Reasoning in front of the answer is left out, in the pieces and in the text.
    fn generate(
        &mut self,
        messages: &[Message],
        sampling: &Sampling,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError>;

    /// Checks `stop` between the chunks of a long prompt from now on. If it returns true, generation ends with
    /// [`Stop::Caller`], and the part of the prompt that was read stays in the cache. The default implementation
    /// ignores `stop`.
    fn set_stop_signal(&mut self, _stop: Option<StopSignal>) {}
}
