//! Reads `[reranker]` of the settings file: a server that gives the best passages a second look.

use std::env;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::served::{self, failed, within};
use crate::models::Net;
use crate::served::{Form, Reranker};

/// The `[reranker]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RerankerTable {
    pub kind: Kind,
    /// The address with the API version: `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// The server's name for the model.
    pub model: String,
    /// The name of the environment variable with the key.
    pub key_env: Option<String>,
    /// The timeout of one request, in seconds.
    pub timeout: Option<u32>,
    /// The longest question with a passage that the server takes, in tokens.
    pub max_tokens: Option<u32>,
}

/// The server's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `/v1/rerank` of llama-server and vLLM.
    Openai,
    /// `/rerank` of text-embeddings-inference.
    Tei,
}

const TABLE: &str = "[reranker]";

impl RerankerTable {
    /// Returns a client for the reranker. Sends nothing.
    ///
    /// # Errors
    /// Offline mode, an invalid setting, or a key that is missing or would be sent without encryption.
    pub fn client(&self, net: Net) -> Result<Reranker, Failure> {
        self.client_with(net, |name| env::var(name).ok())
    }

    fn client_with(&self, net: Net, get: impl Fn(&str) -> Option<String>) -> Result<Reranker, Failure> {
        let (key_env, timeout) = (self.key_env.as_deref(), self.timeout);
        let place = served::place(TABLE, &self.url, key_env, timeout, net, get)?;
        let form = match self.kind {
            Kind::Openai => Form::Documents,
            Kind::Tei => Form::Texts,
        };
        let max_tokens = within(TABLE, "max_tokens", self.max_tokens.unwrap_or(512), 32, 1 << 20)?;
        Reranker::new(&place, form, &self.model, max_tokens).map_err(failed)
    }

    /// Asks the server to score one short text within `most`. Returns its address.
    ///
    /// # Errors
    /// As for [`RerankerTable::client`], or a server that cannot be reached or sends something else.
    pub fn look(&self, most: Duration) -> Result<String, Failure> {
        let timeout = served::short(self.timeout, most);
        let client = RerankerTable {
            timeout,
            ..self.clone()
        }
        .client(Net::Online)?;
        client
            .scores("product", &["product management".into()])
            .map_err(failed)?;
        Ok(client.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, extra: &str) -> Result<RerankerTable, toml::de::Error> {
        toml::from_str(&format!(
            "kind = \"{kind}\"\nurl = \"http://127.0.0.1:8080\"\nmodel = \"m\"\n{extra}"
        ))
    }

    #[test]
    fn a_table_becomes_a_client_or_the_reason_why_not() {
        for kind in ["openai", "tei"] {
            let client = read(kind, "").unwrap().client_with(Net::Online, |_| None).unwrap();
            assert_eq!(client.address(), "http://127.0.0.1:8080/rerank");
        }
        let told = |extra: &str, net| {
            let failure = read("tei", extra).unwrap().client_with(net, |_| None).err().unwrap();
            failure.lines().join(" ")
        };
        let offline = told("", Net::Offline);
        assert!(
            offline.contains("offline mode") && offline.contains("--by words"),
            "{offline}"
        );
        assert!(told("key_env = \"KEY\"", Net::Online).contains("KEY is not set"));
        assert!(told("max_tokens = 0", Net::Online).contains("`max_tokens` must be"));
        assert!(read("cohere", "").is_err() && read("tei", "key = \"k\"").is_err());
    }
}
