//! What the clients of servers that the settings name have in common: which addresses are this machine's, and how an
//! address and a failure are told.
//!
//! In: parts of addresses, errors, texts of servers. Out: answers and short lines. It must not know what is asked of a
//! server, nor by which client.

use std::error::Error;
use std::net::IpAddr;

/// Whether `host` is this machine itself: what goes there needs no protection, and no proxy is between.
pub(crate) fn is_loopback(host: Option<&str>) -> bool {
    let host = host.unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a key may be sent: protected, or to this machine.
pub(crate) fn may_carry_key(scheme: &str, host: Option<&str>) -> bool {
    scheme == "https" || is_loopback(host)
}

/// An address without user, password and query.
pub(crate) fn address(scheme: &str, host: Option<&str>, port: Option<u16>, path: &str) -> String {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}{path}", host.unwrap_or_default())
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
