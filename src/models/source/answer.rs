//! Interprets the Hub's response to a request: whether to go on, to retry or to give up.

use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};

use super::super::digest::is_sha256;
use super::super::places::Limits;
use super::super::store::CacheEntry;
use super::Fault;

/// Why a connection did not deliver the whole file.
pub(super) enum Trouble {
    /// Another attempt may work, after `wait` if the server asked for that. `weight` is how many fruitless attempts it
    /// counts as.
    Again {
        why: String,
        wait: Option<Duration>,
        weight: u32,
    },
    /// Another attempt is no use.
    Fault(Fault),
}

impl Trouble {
    pub fn again(why: impl Into<String>) -> Self {
        Self::Again {
            why: why.into(),
            wait: None,
            weight: 1,
        }
    }

    pub fn give_up(why: impl Into<String>) -> Self {
        Self::Fault(Fault::source(why))
    }
}

/// Returns the target of a redirect. A redirect from https to http is refused, because the address may be signed.
pub(super) fn redirect(at: &Url, location: &str) -> Result<Url, Trouble> {
    let next = at
        .join(location)
        .map_err(|_| Trouble::give_up("it redirected to an invalid address"))?;
    match (at.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => Ok(next),
        _ => Err(Trouble::give_up(format!(
            "it redirected from https to {}",
            next.scheme()
        ))),
    }
}

/// Returns the size and the SHA-256 of a large file, from `X-Linked-Size` and `X-Linked-ETag`.
pub(super) fn linked(headers: &HeaderMap) -> Option<(u64, String)> {
    Some((linked_size(headers)?, linked_sha256(headers)?))
}

fn linked_sha256(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get("x-linked-etag")?.to_str().ok()?;
    let tag = tag.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
    is_sha256(&tag).then_some(tag)
}

fn linked_size(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-linked-size")?.to_str().ok()?.parse().ok()
}

/// Checks the hash and size in the response headers against the listed ones.
///
/// For a large file, the Hub sends its SHA-256 as `X-Linked-ETag` before the first byte. A plain `ETag` is not checked,
/// because it may be another kind of hash of the same length.
pub(super) fn check_linked(headers: &HeaderMap, entry: &CacheEntry) -> Result<(), Trouble> {
    if let Some(tag) = linked_sha256(headers).filter(|tag| *tag != entry.sha256) {
        return Err(Trouble::give_up(format!(
            "the file there has sha256 {tag}, not the listed {}",
            entry.sha256
        )));
    }
    match linked_size(headers).filter(|size| *size != entry.size) {
        Some(size) => Err(Trouble::give_up(format!(
            "the file there is {size} bytes, not the listed {}",
            entry.size
        ))),
        None => Ok(()),
    }
}

/// Returns the position of a part's first byte, from `Content-Range: bytes START-END/SIZE` (RFC 9110, 14.4).
///
/// Fails if there is no such header, or if its SIZE is not `size`.
pub(super) fn range_start(headers: &HeaderMap, size: u64) -> Result<u64, Trouble> {
    let text = headers
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let parsed = text.strip_prefix("bytes ").and_then(|rest| {
        let (range, whole) = rest.split_once('/')?;
        let (start, _) = range.split_once('-')?;
        Some((start.trim().parse::<u64>().ok()?, whole.trim().parse::<u64>().ok()))
    });
    match parsed {
        None => Err(Trouble::give_up("the server sent a part of the file without its range")),
        Some((_, Some(whole))) if whole != size => Err(Trouble::give_up(format!(
            "the file there is {whole} bytes, not the listed {size}"
        ))),
        Some((start, _)) => Ok(start),
    }
}

/// Interprets a status other than success.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, limits: &Limits) -> Trouble {
    let code = status.as_u16();
    match code {
        401 | 403 => Trouble::Fault(Fault::Source {
            why: format!("access refused ({code}): the repository is private or gated, or the token is wrong"),
            hint: Some("accept the model's terms on the Hub, then set HF_TOKEN to a token with read access".into()),
        }),
        404 | 410 => Trouble::give_up(format!("no such repository, revision or file ({code})")),
        408 | 429 | 500..=599 => {
            // The date form of Retry-After is ignored, because the Hub sends seconds.
            let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            match wait.filter(|wait| *wait > limits.longest_pause) {
                Some(wait) => Trouble::give_up(format!("it is busy ({code}) and asks to wait {} s", wait.as_secs())),
                None => Trouble::Again {
                    why: format!("the server answered {code}"),
                    wait,
                    weight: 1,
                },
            }
        }
        _ => Trouble::give_up(format!("the server answered {code}")),
    }
}

/// Interprets a request that got no response.
///
/// A failed connection counts double, because an unreachable host rarely comes back within seconds.
pub(super) fn unreachable_host(error: reqwest::Error) -> Trouble {
    if error.is_builder() {
        return Trouble::Fault(Fault::Source {
            why: "the token has characters that an HTTP header cannot hold".into(),
            hint: Some("check HF_TOKEN".into()),
        });
    }
    let weight = if error.is_connect() { 2 } else { 1 };
    Trouble::Again {
        why: format!("the server cannot be reached: {}", plain(error)),
        wait: None,
        weight,
    }
}

/// Returns the innermost cause on one line, without the URL. A signed URL must not end up in a log.
pub(super) fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(text: &str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(CONTENT_RANGE, text.parse().unwrap())]);
        range_start(&headers, 100).ok()
    }

    #[test]
    fn the_start_of_a_part_is_read_and_parts_of_other_files_refused() {
        assert_eq!(start("bytes 7-99/100"), Some(7));
        assert_eq!(start("bytes 7-99/*"), Some(7));
        for text in ["bytes 7-98/99", "bytes */100", "items 7-99/100", "bytes -99/100", ""] {
            assert_eq!(start(text), None, "{text}");
        }
    }

    #[test]
    fn redirects_are_followed_from_http_to_https_but_not_back() {
        let leads = |from: &str, to: &str| redirect(&Url::parse(from).unwrap(), to).ok().map(String::from);
        assert_eq!(leads("https://a/b/c", "/d"), Some("https://a/d".into()));
        assert_eq!(leads("http://a/b", "https://c/d"), Some("https://c/d".into()));
        assert_eq!(leads("https://a/b", "http://a/b"), None);
        assert_eq!(leads("http://a/b", "file:///d"), None);
    }
}
