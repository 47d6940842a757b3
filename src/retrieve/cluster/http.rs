//! The HTTP client for a search cluster.
//!
//! Requests take paths and bodies, and `wire` parses the answers. Answers are limited in size and time. No redirect is
//! followed. Credentials are sent without encryption only to this machine.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::{Place, wire};
use crate::remote;

/// Maximum size in bytes of an answer.
const MAX_BODY: usize = 32 << 20;

/// Why a request to a cluster failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the search cluster {url}: {problem}")]
pub struct ClusterError {
    url: String,
    problem: String,
    hint: Option<&'static str>,
}

impl ClusterError {
    /// Returns what the user can do about the error.
    pub fn hint(&self) -> Option<String> {
        self.hint.map(str::to_string)
    }
}

/// A client for one cluster.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    authorization: Option<HeaderValue>,
}

impl Client {
    pub fn new(place: &Place) -> Result<Client, ClusterError> {
        let told = |problem: &str, hint: Option<&'static str>| ClusterError {
            url: "[retriever]".into(),
            problem: problem.into(),
            hint,
        };
        let url = remote::server(place.url.trim_end_matches('/')).ok_or_else(|| {
            told(
                "`url` is not an http or https address",
                Some("set `url` to an address such as \"http://127.0.0.1:9200\""),
            )
        })?;
        let header = |text: &String| {
            let header = remote::authorization(text);
            header.ok_or_else(|| told("the key has characters that an HTTP header cannot hold", None))
        };
        let authorization = place.authorization.as_ref().map(header).transpose()?;
        if authorization.is_some() && !remote::may_carry_key(&url) {
            return Err(told(
                "the key would be sent to another machine without encryption",
                Some("use https"),
            ));
        }
        let http = remote::client(&url, place.patience).timeout(place.patience).build();
        Ok(Client {
            http: http.map_err(|error| told(&error.to_string(), None))?,
            url,
            authorization,
        })
    }

    /// Returns the address, without user, password and query.
    pub fn address(&self) -> String {
        remote::shown(&self.url)
    }

    /// Returns how many documents `index` has, or `None` if there is no such index.
    pub fn count(&self, index: &str) -> Result<Option<u64>, ClusterError> {
        let query = wire::counting().to_string();
        let (status, body) = self.send(&format!("{index}/_search"), query)?;
        match status {
            StatusCode::OK => wire::count(&body)
                .map(Some)
                .map_err(|problem| self.fault(problem, None)),
            // A web server that is not a cluster also answers 404, but in plain words instead of JSON.
            StatusCode::NOT_FOUND if wire::is_told(&body) => Ok(None),
            _ => Err(self.refused(status, &body)),
        }
    }

    /// Adds documents. With `visible`, they can be searched once this returns.
    pub fn bulk(&self, index: &str, lines: String, visible: bool) -> Result<(), ClusterError> {
        let refresh = if visible { "?refresh=wait_for" } else { "" };
        let body = self.ok(&format!("{index}/_bulk{refresh}"), lines)?;
        wire::taken(&body).map_err(|problem| self.fault(problem, None))
    }

    pub fn search(&self, index: &str, query: &Value) -> Result<Vec<(String, f32)>, ClusterError> {
        let body = self.ok(&format!("{index}/_search"), query.to_string())?;
        wire::found(&body).map_err(|problem| self.fault(problem, None))
    }

    fn ok(&self, path: &str, body: String) -> Result<Vec<u8>, ClusterError> {
        match self.send(path, body)? {
            (StatusCode::OK | StatusCode::CREATED, body) => Ok(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    fn send(&self, path: &str, body: String) -> Result<(StatusCode, Vec<u8>), ClusterError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| self.fault(error.to_string(), None))?;
        runtime.block_on(async {
            let address = format!("{}/{path}", self.url.as_str().trim_end_matches('/'));
            let kind = if path.contains("_bulk") {
                "application/x-ndjson"
            } else {
                "application/json"
            };
            let mut request = self.http.post(address).header(CONTENT_TYPE, kind).body(body);
            if let Some(value) = &self.authorization {
                request = request.header(AUTHORIZATION, value.clone());
            }
            let mut response = request.send().await.map_err(|error| self.unreachable(error))?;
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > MAX_BODY {
                    return Err(self.fault(format!("its answer has more than {MAX_BODY} bytes"), None));
                }
            }
            Ok((response.status(), bytes))
        })
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> ClusterError {
        let said = match serde_json::from_slice::<Value>(body) {
            Ok(value) => wire::reason(&value),
            Err(_) => remote::one_line(&String::from_utf8_lossy(body)),
        };
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let hint = match status.as_u16() {
            401 | 403 => Some("set the environment variable that `key_env` of [retriever] names"),
            404 => Some("check `url` in [retriever]; Quickwit needs an index template first (see the README)"),
            300..=399 => Some("set `url` in [retriever] to the address that it redirects to"),
            _ => None,
        };
        self.fault(format!("the cluster answered {status}{said}"), hint)
    }

    fn unreachable(&self, error: reqwest::Error) -> ClusterError {
        let hint = "start the cluster, or search with --by words";
        if error.is_timeout() {
            return self.fault("it did not answer in time".into(), Some(hint));
        }
        self.fault(remote::cause(&error.without_url()), Some(hint))
    }

    fn fault(&self, problem: String, hint: Option<&'static str>) -> ClusterError {
        ClusterError {
            url: self.address(),
            problem,
            hint,
        }
    }
}
