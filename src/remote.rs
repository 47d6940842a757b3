//! Shared code of the clients for servers that the settings name.
//!
//! It covers how they connect, when they may send a key, and how addresses and failures are shown.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};

/// Parses `text` as the address of a server. Returns `None` unless it is an `http` or `https` address.
pub(crate) fn server(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Returns a client for the server at `url`. It follows no redirect, so a key goes only to the address that the user
/// wrote.
pub(crate) fn client(url: &Url, patience: Duration) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("askpm/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10).min(patience))
        // Keep no idle connection: the server could close it between two questions unnoticed.
        .pool_max_idle_per_host(0)
        .redirect(Policy::none());
    match is_loopback(url.host_str()) {
        // A server on this machine is never behind a proxy.
        true => builder.no_proxy(),
        false => builder,
    }
}

/// Returns an authorization header whose value is hidden from logs, or `None` if a header cannot hold `text`.
pub(crate) fn authorization(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns whether a key may be sent to `url`: over TLS, or to this machine.
pub(crate) fn may_carry_key(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url.host_str())
}

/// Returns an address without user, password and query.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    )
}

/// Returns whether `host` is this machine. Traffic to it needs no protection and no proxy.
pub(crate) fn is_loopback(host: Option<&str>) -> bool {
    let host = host.unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Returns the innermost cause of `error`, on one line.
pub(crate) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    one_line(&cause.to_string())
}

/// Returns at most 300 characters of `text`, on one line.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(300).collect()
}

/// Returns at most `bytes` bytes of `text`, cut between characters.
pub(crate) fn start(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
