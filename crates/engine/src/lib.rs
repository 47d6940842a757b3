//! Generates text from a GGUF model on the CPU or GPU.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use askpm_engine::{CandleEngine, DeviceChoice, Engine, Message, Role, Sampling};
//!
//! # fn main() -> Result<(), askpm_engine::EngineError> {
//! let mut engine = CandleEngine::load("model.gguf".as_ref(), DeviceChoice::Cpu)?;
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

mod arch;
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
mod measure;
mod model;
mod prefix;
mod run;
mod sampler;
mod session;
#[cfg(test)]
mod tests;
mod text_stream;
#[cfg(test)]
mod types_tests;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

pub use arch::ARCHITECTURES;
pub use askpm_gguf::{Message, Role};
pub use cpu::WITHOUT_KERNELS;
pub use decode::{CandleEngine, LoadTimes};
pub use device::DeviceChoice;
#[doc(hidden)]
pub use drafting::Written;
pub use error::EngineError;
pub use fallback::FALLBACKS;
pub use measure::cpu_features;
pub use model::Runner;

/// How the next token is chosen, and how many there may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 (or less) takes the likeliest token every time.
    pub temperature: f64,
    /// Share of probability to choose from; 1 takes all tokens.
    pub top_p: f64,
    pub seed: u64,
    /// Longest answer, in tokens.
    pub max_tokens: usize,
    /// Penalty on tokens seen in the window; 1 is off.
    pub repeat_penalty: f32,
    /// Generated tokens that the penalty looks back on.
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

/// What a loaded model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// `general.name`, or the file's name where the file does not say.
    pub name: String,
    pub file: PathBuf,
    pub architecture: String,
    /// The type that most bytes of weights are in, such as `Q4_1`.
    pub quantization: String,
    /// Prompt and answer together, in tokens.
    pub context_length: usize,
    /// `cpu`, `cuda` or `metal`.
    pub device: String,
    pub parameters: u64,
}

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The model ended its turn.
    EndToken,
    MaxTokens,
    /// Prompt and answer fill the model's context.
    ContextFull,
    /// The caller asked for it.
    Caller,
}

/// An answer and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    pub text: String,
    pub prompt_tokens: usize,
    /// Prompt tokens that were still in the KV cache and not read again.
    pub cached_tokens: usize,
    /// Tokens of the answer; the end token is not counted.
    pub generated_tokens: usize,
    /// Time to read the prompt.
    pub prefill: Duration,
    /// Time from the call to the first token.
    pub first_token: Duration,
    /// Time from the first token to the last.
    pub decode: Duration,
    pub stop: Stop,
}

/// Tells whether an answer is still waited for: true once it is not.
pub type Sign = Box<dyn Fn() -> bool + Send>;

/// Something that answers chat messages.
pub trait Engine {
    fn info(&self) -> &ModelInfo;

    /// Tokens that the rendered messages take, the opening of the answer included.
    fn count_prompt(&self, messages: &[Message]) -> Result<usize, EngineError>;

    /// Answers the messages. `on_piece` gets each new piece of text (valid UTF-8, special tokens left out); `Break` stops.
    fn generate(
        &mut self,
        messages: &[Message],
        sampling: &Sampling,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError>;

    /// Looks at `stop` between the parts of a long prompt from now on, and stops as if the caller had asked for it where it
    /// is true. What was read stays read.
    fn heed(&mut self, _stop: Option<Sign>) {}
}
