//! Fetches RSS and Atom feeds by address, and only when they have changed.
//!
//! In: an address, what is remembered of the last fetch, and the [`Permit`] that only an online program has. Out: the
//! bytes of the feed or that they are the same as before ([`Fetched`]), or why there are none. What the bytes say is
//! not known here: they are data, whatever server sent them. A fetch is bounded in bytes, time and redirects, and goes
//! to `http` and `https` addresses only.
//!
//! Whether a feed has changed is asked by validators (RFC 9110, section 13.1): the `ETag` and `Last-Modified` of the
//! last answer go back as `If-None-Match` and `If-Modified-Since`, and 304 means that nothing did.

mod memory;

#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Response, StatusCode, Url};

pub use memory::{Memory, MemoryError, Validators};

use crate::models::Permit;

/// What bounds a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest feed, in bytes.
    pub bytes: usize,
    /// Longest time from the first connection to the last byte.
    pub time: Duration,
    /// Most redirects that are followed.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 16 << 20,
            time: Duration::from_secs(30),
            redirects: 5,
        }
    }
}

/// What a server had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The feed, and what to remember of it once it is kept.
    Feed { bytes: Vec<u8>, validators: Validators },
    /// What was fetched last is what is there.
    Unchanged,
}

/// Why a feed could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("it is no http or https address")]
    Address,
    #[error("no network client: {0}")]
    Client(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("the server answered {0}")]
    Status(StatusCode),
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
}

/// Whether `address` is one that a feed can be fetched from.
pub fn is_address(address: &str) -> bool {
    parse(address).is_some()
}

fn parse(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// `address` as it may be shown and kept: without password and query, in which a reader's own key may be.
pub fn shown(address: &str) -> String {
    match parse(address) {
        Some(url) => format!("{}://{}{}", url.scheme(), host(&url), url.path()),
        None => "a feed without an address".into(),
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or(host.to_string(), |port| format!("{host}:{port}"))
}

/// Fetches the feed at `address`, unless it is what `known` tells of.
///
/// # Errors
/// An address of another kind, a server that cannot be reached or that refuses, more bytes or time than `limits` has.
pub fn fetch(_permit: &Permit, address: &str, known: &Validators, limits: &Limits) -> Result<Fetched, FeedError> {
    let url = parse(address).ok_or(FeedError::Address)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| FeedError::Client(error.to_string()))?;
    runtime.block_on(get(url, known, limits))
}

async fn get(url: Url, known: &Validators, limits: &Limits) -> Result<Fetched, FeedError> {
    let most = limits.redirects;
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("askpm/", env!("CARGO_PKG_VERSION")))
        .timeout(limits.time)
        .redirect(Policy::custom(move |attempt| redirect(attempt, most)));
    if is_loopback(&url) {
        // A server of this machine is never behind a proxy.
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| FeedError::Client(plain(error)))?;
    let mut request = client.get(url);
    for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let response = request.send().await.map_err(unreachable_server)?;
    match response.status() {
        StatusCode::NOT_MODIFIED if !known.is_empty() => Ok(Fetched::Unchanged),
        StatusCode::OK => {
            let validators = Validators {
                etag: text(response.headers(), ETAG),
                last_modified: text(response.headers(), LAST_MODIFIED),
            };
            let bytes = body(response, limits.bytes).await?;
            Ok(Fetched::Feed { bytes, validators })
        }
        status => Err(FeedError::Status(status)),
    }
}

/// Follows `attempt` as long as it is not one too many, leads to another scheme, or from a protected address to one
/// that is not.
fn redirect(attempt: Attempt, most: usize) -> reqwest::redirect::Action {
    if attempt.previous().len() > most {
        return attempt.error(format!("more than {most} redirects"));
    }
    let from_https = attempt.previous().iter().any(|url| url.scheme() == "https");
    match attempt.url().scheme() {
        "https" => attempt.follow(),
        "http" if !from_https => attempt.follow(),
        _ => attempt.error("it redirects to an address that is not safe"),
    }
}

/// The body, as far as `most` bytes; whatever length the server promises.
async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, FeedError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable_server)? {
        if bytes.len() + chunk.len() > most {
            return Err(FeedError::TooLarge(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_string)
}

fn unreachable_server(error: reqwest::Error) -> FeedError {
    let late = error.is_timeout();
    FeedError::Unreachable(match late {
        true => "it took too long".into(),
        false => plain(error),
    })
}

/// The innermost cause, on one line, without the address, in which a key may be.
fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
