//! Posts JSON to a server and returns the body of its reply, for the clients of embedders and rerankers.
//!
//! A request has a time limit, and a reply a size limit. No redirect is followed.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::wire;
use crate::remote;

/// The most bytes of an error that are read.
const MAX_ERROR: usize = 4096;

/// A server in the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The table of the settings that names it, such as `[embedder]`.
    pub table: &'static str,
    /// Base address, such as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// API key, sent as a bearer token.
    pub key: Option<String>,
    /// Timeout of one request.
    pub patience: Duration,
}

/// Why a request to a server failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot use the server of {table}{url}: {problem}")]
pub struct ServedError {
    table: &'static str,
    /// ` at ADDRESS`, or empty if the settings have no valid address.
    url: String,
    problem: String,
    hint: Option<String>,
}

impl ServedError {
    /// Returns what the user can do about the error.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// A client for one address.
pub(super) struct Client {
    http: reqwest::Client,
    table: &'static str,
    url: Url,
    key: Option<HeaderValue>,
    patience: Duration,
}

impl Client {
    /// Returns a client for `path` under the address of `place`. Sends nothing.
    pub fn new(place: &Place, path: &str) -> Result<Client, ServedError> {
        let Place {
            table,
            url,
            key,
            patience,
        } = place;
        let told = |problem: &str, hint: Option<&str>| ServedError {
            table,
            url: String::new(),
            problem: problem.into(),
            hint: hint.map(str::to_string),
        };
        let url = remote::server(&format!("{}/{path}", url.trim_end_matches('/'))).ok_or_else(|| {
            let hint = "set `url` to an address such as \"http://127.0.0.1:8080/v1\"";
            told("`url` is not an http or https address", Some(hint))
        })?;
        let header = |key: &String| {
            let header = remote::authorization(&format!("Bearer {key}"));
            header.ok_or_else(|| told("the key has characters that a header cannot hold", None))
        };
        let key = key.as_ref().map(header).transpose()?;
        if key.is_some() && !remote::may_carry_key(&url) {
            let problem = "the key would be sent to another machine without encryption";
            return Err(told(problem, Some("use https")));
        }
        let http = remote::client(&url, *patience).timeout(*patience).build();
        Ok(Client {
            http: http.map_err(|error| told(&remote::cause(&error), None))?,
            table,
            url,
            key,
            patience: *patience,
        })
    }

    /// Returns the address of the server, without user, password and query.
    pub fn address(&self) -> String {
        remote::shown(&self.url)
    }

    /// Sends `body`, and returns the reply of at most `most` bytes.
    pub fn post(&self, body: &Value, most: usize) -> Result<Vec<u8>, ServedError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| self.fault(error.to_string(), None))?;
        runtime.block_on(self.reply(body, most))
    }

    async fn reply(&self, body: &Value, most: usize) -> Result<Vec<u8>, ServedError> {
        let mut request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let sent = request.body(body.to_string()).send().await;
        let mut response = sent.map_err(|error| self.unreachable(error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let mut whole = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            whole.extend_from_slice(&bytes);
            if whole.len() > most {
                return Err(self.fault(format!("it sent more than {most} bytes"), None));
            }
        }
        Ok(whole)
    }

    /// Describes a response that is not a reply.
    async fn refused(&self, mut response: Response) -> ServedError {
        let status = response.status();
        let mut body = Vec::new();
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_ERROR {
                break;
            }
        }
        let said = match serde_json::from_slice::<Value>(&body) {
            Ok(value) => wire::message(value.get("error").filter(|error| !error.is_null()).unwrap_or(&value)),
            Err(_) => remote::one_line(&String::from_utf8_lossy(&body)),
        };
        let table = self.table;
        let lower = said.to_lowercase();
        // Servers word the error for a text that is too long differently, with one of these words.
        let too_long = ["token", "context", "too large", "too long", "length"];
        let hint = match status.as_u16() {
            401 | 403 => Some(format!(
                "set the environment variable that `key_env` of {table} names to a valid key"
            )),
            404 | 405 | 501 => Some(format!(
                "check `kind`, `url` and `model` of {table} in the settings file"
            )),
            429 | 503 => Some("the server is busy: try again later, or search with --by words".into()),
            400 | 413 | 422 | 500 if too_long.iter().any(|word| lower.contains(word)) => Some(format!(
                "set `max_tokens` of {table} to the tokens that the server takes for one text"
            )),
            300..=399 => Some(format!(
                "write the address that the server redirects to as `url` of {table}"
            )),
            _ => None,
        };
        let said = if said.is_empty() { said } else { format!(": {said}") };
        self.fault(format!("it answered {status}{said}"), hint)
    }

    fn unreachable(&self, error: reqwest::Error) -> ServedError {
        if error.is_timeout() {
            let hint = format!("set a longer `timeout` in {}, or search with --by words", self.table);
            let problem = format!("it did not answer within {} s", self.patience.as_secs_f64());
            return self.fault(problem, Some(hint));
        }
        let problem = remote::cause(&error.without_url());
        self.fault(problem, Some("start the server, or search with --by words".into()))
    }

    /// Returns the error of a reply that cannot be used.
    pub fn wrong(&self, problem: String) -> ServedError {
        let hint = format!("check `kind`, `url` and `model` of {} in the settings file", self.table);
        self.fault(format!("it sent {problem}"), Some(hint))
    }

    pub fn fault(&self, problem: String, hint: Option<String>) -> ServedError {
        ServedError {
            table: self.table,
            url: format!(" at {}", self.address()),
            problem,
            hint,
        }
    }
}
