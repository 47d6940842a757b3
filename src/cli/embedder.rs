//! Reads `[embedder]` of the settings file: a server whose model takes the place of the built-in embedding model.
//!
//! `vectors` sends it the corpus.

use std::env;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::served::{self, failed, within};
use crate::models::Net;
use crate::retrieve::dense::{Encoder as _, Input, ServedEmbedder};
use crate::served::Embeddings;

/// The `[embedder]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderTable {
    pub kind: Kind,
    /// The address with the API version: `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// The server's name for the model.
    pub model: String,
    /// The name of the environment variable with the key.
    pub key_env: Option<String>,
    /// The timeout of one request, in seconds.
    pub timeout: Option<u32>,
    /// What the model wants before a question.
    pub query_prefix: Option<String>,
    /// What the model wants before a passage.
    pub passage_prefix: Option<String>,
    /// The longest text that the server takes, in tokens.
    pub max_tokens: Option<u32>,
    /// The most texts of one request.
    pub batch: Option<u32>,
}

/// The server's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// OpenAI's embeddings API, which vLLM, llama-server, Ollama and text-embeddings-inference also implement.
    Openai,
}

const TABLE: &str = "[embedder]";

impl EmbedderTable {
    /// Returns a client for the model on the server. Sends nothing.
    ///
    /// # Errors
    /// Offline mode, an invalid setting, or a key that is missing or would be sent without encryption.
    pub fn client(&self, net: Net) -> Result<(Embeddings, Input), Failure> {
        self.client_with(net, |name| env::var(name).ok())
    }

    fn client_with(&self, net: Net, get: impl Fn(&str) -> Option<String>) -> Result<(Embeddings, Input), Failure> {
        let (key_env, timeout) = (self.key_env.as_deref(), self.timeout);
        let place = served::place(TABLE, &self.url, key_env, timeout, net, get)?;
        let Kind::Openai = self.kind;
        let input = Input {
            query_prefix: self.query_prefix.clone().unwrap_or_default(),
            passage_prefix: self.passage_prefix.clone().unwrap_or_default(),
            max_tokens: within(TABLE, "max_tokens", self.max_tokens.unwrap_or(512), 32, 1 << 20)?,
            batch: within(TABLE, "batch", self.batch.unwrap_or(32), 1, 2048)?,
        };
        let client = Embeddings::new(&place, &self.model).map_err(failed)?;
        Ok((client, input))
    }

    /// Returns the length of the vectors that the server sends, after asking for one within `most`.
    ///
    /// # Errors
    /// As for [`EmbedderTable::client`], or a server that cannot be reached or sends something else.
    pub fn look(&self, most: Duration) -> Result<usize, Failure> {
        let timeout = served::short(self.timeout, most);
        let (client, input) = EmbedderTable {
            timeout,
            ..self.clone()
        }
        .client(Net::Online)?;
        let model =
            ServedEmbedder::connect(client, input).map_err(|error| Failure::with(error.to_string(), error.hint()))?;
        Ok(model.dimensions())
    }

    /// Returns the address that texts go to.
    pub fn address(&self) -> String {
        let client = self.client_with(Net::Online, |_| Some("-".into()));
        client.map_or(self.url.clone(), |(client, _)| client.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: &str) -> Result<EmbedderTable, toml::de::Error> {
        toml::from_str(&format!(
            "kind = \"openai\"\nurl = \"https://llm.example/v1\"\nmodel = \"m\"\n{extra}"
        ))
    }

    #[test]
    fn a_table_becomes_a_client() {
        let table = read("key_env = \"KEY\"\nquery_prefix = \"query: \"\nmax_tokens = 8192\nbatch = 8").unwrap();
        let get = |name: &str| (name == "KEY").then(|| "k".into());
        let (client, input) = table.client_with(Net::Online, get).unwrap();
        assert_eq!(
            (client.address().as_str(), client.model()),
            ("https://llm.example/v1/embeddings", "m")
        );
        assert_eq!(
            (input.query_prefix.as_str(), input.max_tokens, input.batch),
            ("query: ", 8192, 8)
        );
    }

    #[test]
    fn what_keeps_the_server_from_being_asked_is_told_with_the_way_out() {
        let told = |table: &EmbedderTable, net, key: Option<&str>| {
            let failure = table.client_with(net, |_| key.map(str::to_string)).err().unwrap();
            failure.lines().join(" ")
        };
        let table = read("key_env = \"KEY\"").unwrap();
        let offline = told(&table, Net::Offline, Some("k"));
        assert!(
            offline.contains("cannot be reached in offline mode") && offline.contains("--by words"),
            "{offline}"
        );
        for key in [None, Some("")] {
            assert!(told(&table, Net::Online, key).contains("KEY is not set"));
        }
        assert!(told(&table, Net::Online, Some("a\nb")).contains("a header cannot hold"));
        let open = EmbedderTable {
            url: "http://llm.example/v1".into(),
            ..table.clone()
        };
        let open = told(&open, Net::Online, Some("secret"));
        assert!(open.contains("without encryption") && open.contains("use https") && !open.contains("secret"));
        let nowhere = EmbedderTable {
            url: "file:///x".into(),
            ..table
        };
        assert!(told(&nowhere, Net::Online, Some("k")).contains("not an http or https address"));
        for (extra, part) in [
            ("batch = 0", "`batch` must be from 1"),
            ("max_tokens = 8", "`max_tokens` must be from 32"),
        ] {
            assert!(told(&read(extra).unwrap(), Net::Online, None).contains(part), "{extra}");
        }
    }

    #[test]
    fn a_key_in_the_file_and_other_kinds_are_refused() {
        assert!(read("key = \"secret\"").is_err());
        assert!(toml::from_str::<EmbedderTable>("kind = \"tei\"\nurl = \"u\"\nmodel = \"m\"").is_err());
    }
}
