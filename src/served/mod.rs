//! Models behind an OpenAI-compatible server (vLLM, llama-server, Ollama, text-embeddings-inference).
//!
//! One that writes is an [`Engine`]; its answer is streamed. `embeddings` asks one that turns texts into vectors, and
//! `rerank` one that scores passages. What a server sends is bounded in bytes, and so is how long it may be silent. The
//! caller must make sure that no server is used in offline mode.

mod embeddings;
mod http;
mod post;
mod rerank;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use crate::engine::{Engine, EngineError, Generation, Message, ModelInfo, Sampling};

pub use embeddings::Embeddings;
pub use post::{Place, ServedError};
pub use rerank::{Form, Reranker};

/// The address of a served model and how to use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Served {
    /// Base address, up to and including the API version, such as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// The model's name on the server.
    pub model: String,
    /// API key, sent as a bearer token.
    pub key: Option<String>,
    /// The context window in tokens, prompt and answer together.
    pub context_length: usize,
    /// Longest silence before askpm gives up on the server.
    pub patience: Duration,
}

/// Never shows the key.
impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.key.as_ref().map(|_| "…");
        f.debug_struct("Served")
            .field("url", &self.url)
            .field("model", &self.model)
            .field("key", &key)
            .finish_non_exhaustive()
    }
}

/// Bytes per token. English and most other text has more, so the length of a prompt is overestimated rather than
/// underestimated.
const BYTES_PER_TOKEN: usize = 3;

/// Most tokens that a chat template in use puts around each message.
const TOKENS_PER_MESSAGE: usize = 8;

/// An [`Engine`] that asks a server.
pub struct ServedEngine {
    served: Served,
    info: ModelInfo,
    client: http::Client,
}

impl ServedEngine {
    /// Sets up a client. It sends nothing before the first question.
    ///
    /// # Errors
    /// The address is not `http` or `https`, a header cannot hold the key, or the key would be sent unencrypted to
    /// another machine.
    pub fn new(served: Served) -> Result<Self, EngineError> {
        let client = http::Client::new(&served)?;
        let info = ModelInfo {
            name: served.model.clone(),
            file: PathBuf::from(client.address()),
            architecture: "unknown".into(),
            quantization: "unknown".into(),
            context_length: served.context_length,
            device: "server".into(),
            // Servers do not report it. Assume a model that is large enough to write answers.
            parameters: u64::MAX,
        };
        Ok(ServedEngine { served, info, client })
    }

    /// Checks for at most `most` whether the server accepts requests, without asking its model anything. Returns the
    /// names that the server lists, or `None` if it lists none.
    ///
    /// # Errors
    /// The server is unreachable or rejects the request.
    pub fn models(&self, most: Duration) -> Result<Option<Vec<String>>, EngineError> {
        self.client.models(most)
    }
}

impl Engine for ServedEngine {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Returns an estimate, because the server's tokenizer is unknown.
    fn count_prompt(&self, messages: &[Message]) -> Result<usize, EngineError> {
        let tokens = |message: &Message| TOKENS_PER_MESSAGE + message.content.len().div_ceil(BYTES_PER_TOKEN);
        Ok(messages.iter().map(tokens).sum())
    }

    /// While the server is silent, `on_piece` receives an empty piece now and then, so that it can stop generation.
    fn generate(
        &mut self,
        messages: &[Message],
        sampling: &Sampling,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError> {
        let request = wire::request(&self.served.model, messages, sampling);
        self.client.generate(&request, on_piece)
    }
}
