//! What the clients of servers that the settings name have in common: how they connect and what they send a key to, and
//! how an address and a failure are told.
//!
//! In: addresses, keys, errors, texts of servers. Out: an HTTP client, headers and short lines. It must not know what is
//! asked of a server.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};

/// `text` as the address of a server; `None` where it is no http or https address.
pub(crate) fn server(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A client of the server at `url`. It follows no redirect: a key goes to the address that the user wrote, and nowhere
/// else.
pub(crate) fn client(url: &Url, patience: Duration) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("askpm/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10).min(patience))
        // No connection is kept: between two questions nobody would notice that the server closed it.
        .pool_max_idle_per_host(0)
        .redirect(Policy::none());
    match is_loopback(url.host_str()) {
        // A server of this machine is never behind a proxy.
        true => builder.no_proxy(),
        false => builder,
    }
}

/// What authorises, as a header that is not told; `None` where a header cannot hold it.
pub(crate) fn authorization(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether what authorises may be sent: protected, or to this machine.
pub(crate) fn may_carry_key(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url.host_str())
}

/// An address without user, password and query.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    )
}

/// Whether `host` is this machine itself: what goes there needs no protection, and no proxy is between.
fn is_loopback(host: Option<&str>) -> bool {
    let host = host.unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The innermost cause of `error`, on one line.
pub(crate) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    one_line(&cause.to_string())
}

/// At most 300 characters of `text`, on one line.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(300).collect()
}
