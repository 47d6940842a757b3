//! A model behind an OpenAI-compatible server (vLLM, llama-server, Ollama), as an [`Engine`].
//!
//! In: the server's address, a model's name, perhaps a key, and chat messages. Out: pieces of text as the server
//! streams them. It must not know where these come from: that offline means no server at all is its caller's to keep.
//! What the server sends is bounded in bytes and in silence.

mod http;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use crate::engine::{Engine, EngineError, Generation, Message, ModelInfo, Sampling};

/// Where a served model is, and what is known of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Served {
    /// Up to and with the API's version, such as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// As the server calls it.
    pub model: String,
    /// Sent as a bearer token.
    pub key: Option<String>,
    /// Prompt and answer together, in tokens.
    pub context_length: usize,
    /// Longest silence of the server before it is given up.
    pub patience: Duration,
}

/// A key is never shown.
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

/// Bytes of a token, at least, in English and most other text: prompts are counted too long rather than too short.
const BYTES_PER_TOKEN: usize = 3;

/// Tokens that a chat template puts around each message, at most of those that are in use.
const TOKENS_PER_MESSAGE: usize = 8;

/// An [`Engine`] whose work is done elsewhere.
pub struct ServedEngine {
    served: Served,
    info: ModelInfo,
    client: http::Client,
}

impl ServedEngine {
    /// Sets up a client; nothing is sent before the first question.
    ///
    /// # Errors
    /// The address is none of `http` or `https`, or a key would go unprotected to another machine.
    pub fn new(served: Served) -> Result<Self, EngineError> {
        let client = http::Client::new(&served)?;
        let info = ModelInfo {
            name: served.model.clone(),
            file: PathBuf::from(client.address()),
            architecture: "unknown".into(),
            quantization: "unknown".into(),
            context_length: served.context_length,
            device: "server".into(),
            // No server tells. Nobody runs a server for a model that is too small to write.
            parameters: u64::MAX,
        };
        Ok(ServedEngine { served, info, client })
    }

    /// Looks whether the server can be asked, for `most` at the longest; its model is asked nothing. The names that the
    /// server lists, or `None` where it lists none.
    ///
    /// # Errors
    /// It cannot be reached, or refuses.
    pub fn models(&self, most: Duration) -> Result<Option<Vec<String>>, EngineError> {
        self.client.models(most)
    }
}

impl Engine for ServedEngine {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// An estimate: the server's tokenizer is not known.
    fn count_prompt(&self, messages: &[Message]) -> Result<usize, EngineError> {
        let tokens = |message: &Message| TOKENS_PER_MESSAGE + message.content.len().div_ceil(BYTES_PER_TOKEN);
        Ok(messages.iter().map(tokens).sum())
    }

    /// While the server is silent, `on_piece` gets an empty piece now and then, so that it can stop.
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
