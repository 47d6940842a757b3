//! Reads `[generator]` of the settings file: a server that writes the answers instead of a local model.
//!
//! The key is in an environment variable that the file names, never in the file. Without the table, askpm never
//! contacts a server.

use std::env;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Failure;
use crate::models::Net;
use crate::served::{Served, ServedEngine};

/// The `[generator]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    pub kind: Kind,
    /// The address with the API version: `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// The server's name for the model.
    pub model: String,
    /// The name of the environment variable with the key.
    pub key_env: Option<String>,
    /// The context window of prompt and answer, in tokens.
    pub context_length: Option<u32>,
    /// The longest wait for the next data from the server, in seconds.
    pub timeout: Option<u32>,
}

/// The server's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// OpenAI's chat completions API, which vLLM, llama-server and Ollama also implement.
    Openai,
}

impl Generator {
    /// Returns the engine that asks the server. Sends nothing yet.
    ///
    /// # Errors
    /// Offline mode, an invalid address, or a key that is missing or would be sent without encryption.
    pub fn engine(&self, net: Net) -> Result<ServedEngine, Failure> {
        self.engine_with(net, |name| env::var(name).ok())
    }

    fn engine_with(&self, net: Net, get: impl Fn(&str) -> Option<String>) -> Result<ServedEngine, Failure> {
        if net != Net::Online {
            let why = "the server of [generator] cannot be reached in offline mode";
            return Err(Failure::new("cannot write an answer", why)
                .hinted("use a model on this machine with -m NAME, or -m none"));
        }
        let key = key("[generator]", self.key_env.as_deref(), "server", get)?;
        let Kind::Openai = self.kind;
        Ok(ServedEngine::new(Served {
            url: self.url.clone(),
            model: self.model.clone(),
            key,
            context_length: self.context_length.unwrap_or(4096) as usize,
            patience: Duration::from_secs(self.timeout.unwrap_or(60).clamp(1, 3600).into()),
        })?)
    }
}

/// Returns the key from the environment variable that `table` names, for the `whom` that needs it.
pub(super) fn key(
    table: &str,
    variable: Option<&str>,
    whom: &str,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, Failure> {
    let Some(name) = variable else {
        return Ok(None);
    };
    let key = get(name).filter(|key| !key.is_empty());
    key.map(Some).ok_or_else(|| {
        Failure::new(
            format!("cannot use {table}"),
            format!("the environment variable {name} is not set"),
        )
        .hinted(format!("set {name}, or remove `key_env` if the {whom} needs no key"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine as _;

    fn read(extra: &str) -> Result<Generator, toml::de::Error> {
        toml::from_str(&format!(
            "kind = \"openai\"\nurl = \"https://llm.example/v1\"\nmodel = \"m\"\n{extra}"
        ))
    }

    #[test]
    fn a_table_becomes_an_engine() {
        let generator = read("key_env = \"KEY\"\ncontext_length = 9000\ntimeout = 5").unwrap();
        let engine = generator
            .engine_with(Net::Online, |name| (name == "KEY").then(|| "k".into()))
            .unwrap();
        assert_eq!((engine.info().name.as_str(), engine.info().context_length), ("m", 9000));
    }

    #[test]
    fn what_keeps_the_server_from_being_asked_is_told_with_the_way_out() {
        let generator = read("key_env = \"KEY\"").unwrap();
        let told = |net, key: Option<&str>| {
            let failure = generator.engine_with(net, |_| key.map(str::to_string)).err().unwrap();
            failure.lines().join(" ")
        };
        assert!(told(Net::Offline, Some("k")).contains("cannot be reached in offline mode"));
        for key in [None, Some("")] {
            assert!(told(Net::Online, key).contains("KEY is not set"));
        }
        assert!(told(Net::Online, Some("a\nb")).contains("a header cannot hold"));
    }

    #[test]
    fn a_key_in_the_file_and_other_kinds_are_refused() {
        assert!(read("key = \"secret\"").is_err());
        assert!(toml::from_str::<Generator>("kind = \"magic\"\nurl = \"u\"\nmodel = \"m\"").is_err());
    }
}
