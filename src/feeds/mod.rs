//! Fetches RSS and Atom feeds by address, and only if they have changed.
//!
//! A fetch needs a [`Permit`], which only an online program has. It returns the bytes of the feed, or that they are
//! unchanged ([`Fetched`]). The bytes are untrusted data, whatever server sent them; parsing them happens elsewhere. A
//! fetch is bounded in bytes, time and redirects, and goes only to `http` and `https` addresses.
//!
//! Validators show whether a feed has changed (RFC 9110, section 13.1). The `ETag` and `Last-Modified` of the last
//! answer are sent back as `If-None-Match` and `If-Modified-Since`. A 304 means that the feed is unchanged.
//!
//! A permanent redirect (301 or 308) is reported, so that the next fetch can go to the new address. A server that is
//! busy can say when to come back (`Retry-After`, RFC 9110, section 10.2.3).

mod feed;
mod memory;
pub mod subscriptions;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Response, StatusCode, Url};

pub use crate::memory::MemoryError;
pub use feed::Feed;
pub use memory::{Known, Memory, Validators};

use crate::models::Permit;

/// What bounds a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest feed, in bytes.
    pub bytes: usize,
    /// Longest time from the first connection to the last byte.
    pub time: Duration,
    /// Most redirects to follow.
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

/// What a server returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The feed, and what to remember about it once it is stored.
    Feed { bytes: Vec<u8>, validators: Validators },
    /// The feed is the same as at the last fetch.
    Unchanged,
}

/// An answer, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub fetched: Fetched,
    /// The address that the feed has moved to for good, if it has.
    pub moved_to: Option<String>,
}

/// The longest time that a server can ask to wait. A mistaken header must not silence a feed for long.
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Why a feed could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("it is not an http or https address")]
    Address,
    #[error("cannot start the network client: {0}")]
    Client(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("the server answered {0}")]
    Status(StatusCode),
    #[error("the server answered {status} and asks to wait until {until}")]
    Busy { status: StatusCode, until: Timestamp },
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
}

/// Returns whether a feed can be fetched from `address`.
pub fn is_address(address: &str) -> bool {
    parse(address).is_some()
}

fn parse(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// Returns `address` in a form to show and store: without password and query, which may contain a secret key.
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

/// Fetches the feed at `address`, unless it is the version that `known` describes.
///
/// # Errors
/// The address is not `http` or `https`, the server cannot be reached or returns an error, or the fetch exceeds
/// `limits`.
pub fn fetch(_permit: &Permit, address: &str, known: &Validators, limits: &Limits) -> Result<Reply, FeedError> {
    let url = parse(address).ok_or(FeedError::Address)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| FeedError::Client(error.to_string()))?;
    runtime.block_on(get(url, known, limits))
}

async fn get(url: Url, known: &Validators, limits: &Limits) -> Result<Reply, FeedError> {
    let most = limits.redirects;
    let hops: Arc<Mutex<Hops>> = Arc::default();
    let seen = Arc::clone(&hops);
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("askpm/", env!("CARGO_PKG_VERSION")))
        .timeout(limits.time)
        .redirect(Policy::custom(move |attempt| {
            if let Ok(mut hops) = seen.lock() {
                hops.add(&attempt);
            }
            redirect(attempt, most)
        }));
    if is_loopback(&url) {
        // A server on this machine is never behind a proxy.
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
    let moved_to = hops.lock().ok().and_then(|hops| hops.moved_to.clone());
    let fetched = match response.status() {
        StatusCode::NOT_MODIFIED if !known.is_empty() => Fetched::Unchanged,
        StatusCode::OK => {
            let validators = Validators {
                etag: text(response.headers(), ETAG),
                last_modified: text(response.headers(), LAST_MODIFIED),
            };
            let bytes = body(response, limits.bytes).await?;
            Fetched::Feed { bytes, validators }
        }
        status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
            let wait = text(response.headers(), RETRY_AFTER).and_then(|value| retry_after(&value, Timestamp::now()));
            return Err(match wait {
                Some(until) => FeedError::Busy { status, until },
                None => FeedError::Status(status),
            });
        }
        status => return Err(FeedError::Status(status)),
    };
    Ok(Reply { fetched, moved_to })
}

/// The redirects of one fetch.
#[derive(Default)]
struct Hops {
    /// Where the permanent redirects at the beginning lead to.
    moved_to: Option<String>,
    /// Whether there was a temporary redirect. What comes after it says nothing about the feed's own address.
    temporary: bool,
}

impl Hops {
    fn add(&mut self, attempt: &Attempt) {
        let permanent = [StatusCode::MOVED_PERMANENTLY, StatusCode::PERMANENT_REDIRECT].contains(&attempt.status());
        self.temporary |= !permanent;
        if !self.temporary {
            self.moved_to = Some(attempt.url().to_string());
        }
    }
}

/// Reads a `Retry-After`: seconds or a date. Returns the time to wait until, at most [`LONGEST_WAIT`] after `now`.
fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    let until = match value.parse::<u64>() {
        Ok(seconds) => now.checked_add(Duration::from_secs(seconds).min(LONGEST_WAIT)).ok()?,
        Err(_) => jiff::fmt::rfc2822::parse(value).ok()?.timestamp(),
    };
    let latest = now.checked_add(LONGEST_WAIT).ok()?;
    (until > now).then_some(until.min(latest))
}

/// Follows a redirect unless it is one too many, leads to another scheme, or leads from `https` to `http`.
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

/// Reads the body, up to `most` bytes, whatever length the server announces.
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

/// Returns the innermost cause on one line, without the address, which may contain a key.
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
