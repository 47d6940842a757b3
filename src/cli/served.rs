//! What `[embedder]` and `[reranker]` of the settings file have in common: a server that search asks.

use std::time::Duration;

use super::error::Failure;
use super::generator;
use crate::models::Net;
use crate::served::{Place, ServedError};

/// What makes a search without the server possible.
pub const WITHOUT: &str = "search with --by words";

/// The usual timeout of one request, in seconds.
const TIMEOUT: u32 = 60;

/// Returns the server at `url` that `table` names. `get` returns an environment variable.
///
/// # Errors
/// Offline mode, or a key that is missing.
pub fn place(
    table: &'static str,
    url: &str,
    key_env: Option<&str>,
    timeout: Option<u32>,
    net: Net,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Place, Failure> {
    if net != Net::Online {
        let why = format!("the server of {table} cannot be reached in offline mode");
        return Err(Failure::new("cannot search", why).hinted(WITHOUT));
    }
    Ok(Place {
        table,
        url: url.to_string(),
        key: generator::key(table, key_env, "server", get)?,
        patience: Duration::from_secs(timeout.unwrap_or(TIMEOUT).clamp(1, 3600).into()),
    })
}

/// Returns the timeout of a request that only looks whether the server answers, for at most `most`.
pub fn short(timeout: Option<u32>, most: Duration) -> Option<u32> {
    let seconds = u32::try_from(most.as_secs()).unwrap_or(u32::MAX);
    Some(timeout.unwrap_or(TIMEOUT).min(seconds))
}

/// Returns `value` if it is in range.
pub fn within(table: &str, name: &str, value: u32, least: u32, most: u32) -> Result<usize, Failure> {
    let why = format!("`{name}` must be from {least} to {most}");
    let found = (least..=most).contains(&value).then_some(value as usize);
    found.ok_or_else(|| Failure::new(format!("cannot use {table}"), why).hinted(format!("correct `{name}` in {table}")))
}

pub fn failed(error: ServedError) -> Failure {
    let hint = error.hint();
    Failure::with(error.to_string(), hint)
}
