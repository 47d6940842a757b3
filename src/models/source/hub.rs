//! Downloads a file of a Hugging Face repository over HTTP and resumes interrupted downloads.
//!
//! The Tokio runtime that it needs exists only within [`fetch`].
//!
//! The `hf-hub` crate looks up the commit of a branch. It does not download the file, because its
//! `download_file_stream` (version 1.0.0, by its source)
//! - returns only a length and a stream. A server that ignores `Range` (200) looks the same as one that honours it
//!   (206), and `X-Linked-Size`, if present, hides the length of the part;
//! - switches to the Xet protocol if the Hub names a Xet hash. Xet has its own connections, threads and cache, which
//!   ignore our time limits and cannot resume our downloads. The Hub serves the same file over HTTP;
//! - retries the request but not the body, and does not wait as long as `Retry-After` asks;
//! - follows redirects by itself, so the first response's `X-Linked-ETag` (the SHA-256) is lost.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{sleep, timeout};

use super::super::Progress;
use super::super::digest::{Hasher, is_commit};
use super::super::places::{Limits, Permit, Places, Token};
use super::super::store::CacheEntry;
use super::answer::{Trouble, check_linked, linked, plain, range_start, redirect, refusal, unreachable_host};
use super::partial::{Outcome, Partial};
use super::{Fault, not_listed};

/// Redirects to follow before giving up on a loop. The default of `reqwest` is 10 too.
const MAX_REDIRECTS: usize = 10;

/// The most bytes of a file to download only for its hash. The Hub states the hashes of larger files.
const MAX_UNSTATED: u64 = 64 << 20;

/// The file to fetch. The registry has checked the fields.
pub(super) struct Download<'a> {
    pub repo: &'a str,
    pub revision: &'a str,
    pub file: &'a str,
    pub what: &'a str,
}

/// Downloads `wanted` into `entry`.
pub(super) fn fetch(
    _permit: &Permit,
    wanted: &Download<'_>,
    entry: &CacheEntry,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::source(format!("cannot start the network runtime: {error}")))?;
    let hub = Hub::new(places)?;
    runtime.block_on(hub.download(wanted, entry, progress))
}

/// A file of a repository, as the Hub states it.
pub(in super::super) struct Identity {
    pub size: u64,
    pub sha256: String,
    /// The commit of a branch, if the Hub says so.
    pub commit: Option<String>,
}

/// Asks for the size and the SHA-256 of `wanted`.
pub(super) fn identify(
    _permit: &Permit,
    wanted: &Download<'_>,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<Identity, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::source(format!("cannot start the network runtime: {error}")))?;
    let hub = Hub::new(places)?;
    runtime.block_on(hub.identify(wanted, progress))
}

/// A client for one endpoint.
struct Hub<'a> {
    http: reqwest::Client,
    endpoint: Url,
    token: Option<&'a Token>,
    limits: &'a Limits,
}

impl<'a> Hub<'a> {
    fn new(places: &'a Places) -> Result<Self, Fault> {
        let endpoint = Url::parse(&places.endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let endpoint = endpoint.ok_or_else(|| Fault::Source {
            why: format!("HF_ENDPOINT is not an address: {:?}", places.endpoint),
            hint: Some("set HF_ENDPOINT to an address such as https://huggingface.co, or unset it".into()),
        })?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("askpm/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(places.limits.stall.min(Duration::from_secs(10)))
            // `Hub::get` follows redirects: it reads their headers and withholds the token from other hosts.
            .redirect(reqwest::redirect::Policy::none());
        if endpoint.host_str().is_some_and(is_loopback) {
            // A mirror on this machine is not reached through a proxy.
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| Fault::source(format!("no HTTP client: {}", plain(error))))?;
        Ok(Self {
            http,
            endpoint,
            token: places.token.as_ref(),
            limits: &places.limits,
        })
    }

    async fn download(
        &self,
        wanted: &Download<'_>,
        entry: &CacheEntry,
        progress: &mut dyn Progress,
    ) -> Result<PathBuf, Fault> {
        let commit = self.commit(wanted).await;
        let revision = commit.as_deref().unwrap_or(wanted.revision);
        let url = self.address(wanted.repo, revision, wanted.file)?;
        let mut partial = Partial::open(entry)?;
        let mut from_earlier_run = partial.length() > 0;
        loop {
            progress.begin(wanted.what, Some(entry.size), partial.length());
            let filled = self.fill(&url, entry, &mut partial, wanted.what, progress).await;
            progress.end();
            if let Err(fault) = filled {
                if partial.length() == 0 && matches!(fault, Fault::Source { .. }) {
                    // The file is empty, so there is nothing to resume.
                    partial.discard();
                }
                return Err(fault);
            }
            match partial.finish()? {
                Outcome::Right(path) => {
                    if let Some(commit) = &commit {
                        entry.write_ref(commit)?;
                    }
                    return Ok(entry.place(&path)?);
                }
                Outcome::Wrong(_) if from_earlier_run => {
                    progress.note("the partial download is damaged; starting over");
                    partial.restart()?;
                    from_earlier_run = false;
                }
                Outcome::Wrong(found) => {
                    partial.discard();
                    return Err(not_listed(&found, entry));
                }
            }
        }
    }

    /// Asks again until the Hub answers or [`Limits::fruitless_tries`] are used up.
    async fn identify(&self, wanted: &Download<'_>, progress: &mut dyn Progress) -> Result<Identity, Fault> {
        let commit = self.commit(wanted).await;
        let revision = commit.as_deref().unwrap_or(wanted.revision);
        let url = self.address(wanted.repo, revision, wanted.file)?;
        let mut fruitless = 0;
        loop {
            let (why, wait, weight) = match self.stated(&url).await {
                Ok((size, sha256)) => return Ok(Identity { size, sha256, commit }),
                Err(Trouble::Fault(fault)) => return Err(fault),
                Err(Trouble::Again { why, wait, weight }) => (why, wait, weight),
            };
            fruitless += weight;
            if fruitless >= self.limits.fruitless_tries {
                return Err(Fault::source(why));
            }
            progress.trouble(&format!("{why}; asking again"));
            sleep(wait.unwrap_or(self.limits.pause)).await;
        }
    }

    /// Returns size and SHA-256 from the Hub's headers. Without them, downloads the file and hashes it.
    async fn stated(&self, url: &Url) -> Result<(u64, String), Trouble> {
        let mut stated = None;
        let mut response = self
            .get(url, 0, |headers| {
                stated = stated.take().or_else(|| linked(headers));
                Ok(())
            })
            .await?;
        if let Some(stated) = stated {
            return Ok(stated);
        }
        if response.status() != StatusCode::OK {
            return Err(refusal(response.status(), response.headers(), self.limits));
        }
        let (mut hasher, mut size) = (Hasher::default(), 0);
        loop {
            let chunk = match timeout(self.limits.stall, response.chunk()).await {
                Err(_) => return Err(Trouble::again(self.stalled())),
                Ok(Err(error)) => return Err(Trouble::again(format!("the connection broke: {}", plain(error)))),
                Ok(Ok(None)) => return Ok((size, hasher.hex())),
                Ok(Ok(Some(chunk))) => chunk,
            };
            size += chunk.len() as u64;
            if size > MAX_UNSTATED {
                return Err(Trouble::give_up("the Hub states no sha256 for this large file"));
            }
            hasher.update(&chunk);
        }
    }

    /// Returns the commit that a branch points to now, so that all parts of the file come from the same commit.
    ///
    /// The result is `None` if the revision already is a commit, or if the lookup fails. In the latter case, the
    /// download reports what is wrong, if anything.
    async fn commit(&self, wanted: &Download<'_>) -> Option<String> {
        if is_commit(wanted.revision) {
            return None;
        }
        let (owner, name) = wanted.repo.split_once('/')?;
        // Without a token, hf-hub looks for one in the same places as `Places` did.
        let builder = hf_hub::HFClient::builder()
            .endpoint(self.endpoint.as_str())
            .client(self.http.clone())
            .cache_enabled(false)
            .retry_max_attempts(0);
        let builder = match self.token {
            Some(Token(token)) => builder.token(token.clone()),
            None => builder,
        };
        let repository = builder.build().ok()?.model(owner, name);
        let asked = repository.info().revision(wanted.revision).send();
        let info = timeout(self.limits.stall, asked).await.ok()?.ok()?;
        info.sha.filter(|sha| is_commit(sha))
    }

    /// Returns `ENDPOINT/REPO/resolve/REVISION/FILE`, percent-encoded.
    fn address(&self, repo: &str, revision: &str, file: &str) -> Result<Url, Fault> {
        let mut url = self.endpoint.clone();
        let unusable = || Fault::source(format!("HF_ENDPOINT cannot have a path: {}", self.endpoint));
        let mut segments = url.path_segments_mut().map_err(|()| unusable())?;
        segments
            .pop_if_empty()
            .extend(repo.split('/'))
            .push("resolve")
            .push(revision)
            .extend(file.split('/'));
        drop(segments);
        Ok(url)
    }

    /// Connects again and again until the file is complete.
    ///
    /// [`Limits`] bounds the attempts: all of them, and those in a row that bring no new byte.
    async fn fill(
        &self,
        url: &Url,
        entry: &CacheEntry,
        partial: &mut Partial,
        what: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), Fault> {
        let mut fruitless = 0;
        for _ in 0..self.limits.tries {
            if partial.missing() == 0 {
                return Ok(());
            }
            let before = partial.length();
            let trouble = match self.attempt(url, entry, partial, what, progress).await {
                Ok(()) if partial.missing() == 0 => return Ok(()),
                Ok(()) => Trouble::again("the connection ended before the file did"),
                Err(trouble) => trouble,
            };
            let (why, wait, weight) = match trouble {
                Trouble::Fault(fault) => return Err(fault),
                Trouble::Again { why, wait, weight } => (why, wait, weight),
            };
            fruitless = if partial.length() > before {
                0
            } else {
                fruitless + weight
            };
            if fruitless >= self.limits.fruitless_tries {
                return Err(Fault::source(why));
            }
            let pause = self
                .limits
                .pause
                .saturating_mul(1 << fruitless.min(10))
                .min(self.limits.longest_pause);
            progress.trouble(&format!("{why}; resuming from byte {}", partial.length()));
            sleep(wait.unwrap_or(pause)).await;
        }
        Err(Fault::source(format!(
            "the file was incomplete after {} connections",
            self.limits.tries
        )))
    }

    /// Makes one connection: requests the missing bytes and writes what arrives.
    async fn attempt(
        &self,
        url: &Url,
        entry: &CacheEntry,
        partial: &mut Partial,
        what: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), Trouble> {
        let from = partial.length();
        let mut response = self.get(url, from, |headers| check_linked(headers, entry)).await?;
        let starts_at = match response.status() {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => range_start(response.headers(), entry.size)?,
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => {
                // The server's file is no longer than the part on disk, so the part belongs to another file.
                partial.restart().map_err(|error| Trouble::Fault(error.into()))?;
                return Err(Trouble::again("the server has no such part (416)"));
            }
            status => return Err(refusal(status, response.headers(), self.limits)),
        };
        if starts_at != from {
            if starts_at != 0 {
                return Err(Trouble::again(format!(
                    "the server sent the part from byte {starts_at}, not {from}"
                )));
            }
            progress.note("the server cannot resume downloads; starting over");
            partial.restart().map_err(|error| Trouble::Fault(error.into()))?;
            progress.end();
            progress.begin(what, Some(entry.size), 0);
        }
        if let Some(length) = response.content_length()
            && length != partial.missing()
        {
            let whole = starts_at + length;
            return Err(Trouble::give_up(format!(
                "the file there is {whole} bytes, not the listed {}",
                entry.size
            )));
        }
        loop {
            let chunk = match timeout(self.limits.stall, response.chunk()).await {
                Err(_) => return Err(Trouble::again(self.stalled())),
                Ok(Err(error)) => return Err(Trouble::again(format!("the connection broke: {}", plain(error)))),
                Ok(Ok(None)) => return Ok(()),
                Ok(Ok(Some(chunk))) => chunk,
            };
            if chunk.len() as u64 > partial.missing() {
                return Err(Trouble::give_up(format!(
                    "the file there is longer than the listed {} bytes",
                    entry.size
                )));
            }
            partial.write(&chunk).map_err(|error| Trouble::Fault(error.into()))?;
            progress.advance(chunk.len() as u64);
        }
    }

    /// Sends a GET for the bytes from `from` on and follows redirects. Passes the headers of each response to `check`.
    /// Only the endpoint's own origin gets the token.
    async fn get(
        &self,
        url: &Url,
        from: u64,
        mut check: impl FnMut(&HeaderMap) -> Result<(), Trouble>,
    ) -> Result<Response, Trouble> {
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.http.get(at.clone());
            if let Some(Token(token)) = self.token
                && at.origin() == self.endpoint.origin()
            {
                request = request.bearer_auth(token);
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = match timeout(self.limits.stall, request.send()).await {
                Err(_) => return Err(Trouble::again(self.stalled())),
                Ok(Err(error)) => return Err(unreachable_host(error)),
                Ok(Ok(response)) => response,
            };
            check(response.headers())?;
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match location {
                Some(location) if response.status().is_redirection() => at = redirect(&at, location)?,
                _ => return Ok(response),
            }
        }
        Err(Trouble::give_up(format!("more than {MAX_REDIRECTS} redirects")))
    }

    fn stalled(&self) -> String {
        format!("no data came for {} s", self.limits.stall.as_secs_f32())
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
