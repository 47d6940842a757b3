//! The HTTP client for a search cluster.
//!
//! Requests take paths and bodies, and `wire` parses the answers. Answers are limited in size and time. No redirect is
//! followed. Credentials are sent without encryption only to this machine. A request that a busy cluster refuses is
//! sent again, with a growing pause. Every request may be sent twice without harm.
//!
//! A cluster may have several addresses, one for each node. Requests go to one of them until it fails, then to the next.
//! Connections stay open between requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::{About, FORMAT, Text};
use super::error::{ClusterError, unusable};
use super::node::{ADDRESS, Node};
use super::requests::Requests;
use super::wire::{self, Page};
use super::{Place, request};
use crate::index::schema::Fields;
use crate::remote;

/// Maximum size in bytes of an answer.
const MAX_BODY: usize = 64 << 20;

/// How often a request is sent that reads. A person waits for it.
const READ_TRIES: u32 = 3;

/// How often a request is sent that writes. A cluster needs a few seconds to replace a lost node.
const WRITE_TRIES: u32 = 8;

/// The pause before the second try. It doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How long the copies of a new index may take.
const COPYING: Duration = Duration::from_secs(60);

/// Tells a cluster to fail rather than answer from the shards that it can reach.
const WHOLE: &str = "allow_partial_search_results=false";

/// A client for one cluster.
pub struct Client {
    /// At least one.
    nodes: Vec<Node>,
    /// The index of the node that requests go to.
    current: AtomicUsize,
    authorization: Option<HeaderValue>,
    requests: Requests,
}

impl Client {
    pub fn new(place: &Place) -> Result<Client, ClusterError> {
        let header = |text: &String| {
            let header = remote::authorization(text);
            header.ok_or_else(|| unusable("the key has characters that an HTTP header cannot hold", None))
        };
        let authorization = place.authorization.as_ref().map(header).transpose()?;
        let node = |url: &String| Node::new(url, place, authorization.is_some());
        let nodes = place.urls.iter().map(node).collect::<Result<Vec<Node>, _>>()?;
        if nodes.is_empty() {
            return Err(unusable("`url` names no address", Some(ADDRESS)));
        }
        Ok(Client {
            nodes,
            current: AtomicUsize::new(0),
            authorization,
            requests: Requests::new().map_err(|error| unusable(&error.to_string(), None))?,
        })
    }

    /// Returns the node that requests go to, and its index.
    fn node(&self) -> (usize, &Node) {
        let at = self.current.load(Ordering::Relaxed) % self.nodes.len();
        (at, &self.nodes[at])
    }

    /// Sends further requests to the node after `failed`, unless they go to another one already.
    fn leave(&self, failed: usize) {
        let next = (failed + 1) % self.nodes.len();
        let order = Ordering::Relaxed;
        let _ = self.current.compare_exchange(failed, next, order, order);
    }

    /// Returns the address of the node in use, without user, password and query.
    pub fn address(&self) -> String {
        remote::shown(&self.node().1.url)
    }

    /// Returns the index behind `name`, and what askpm stored about it. Returns `None` if there is no such index.
    pub fn about(&self, name: &str) -> Result<Option<(String, About)>, ClusterError> {
        let (status, body) = self.send(Method::GET, &format!("{name}/_mapping"), String::new(), READ_TRIES)?;
        match status {
            StatusCode::OK => {
                let (index, meta) = wire::about(&body).map_err(|problem| self.fault(problem, None))?;
                let about = wire::readable(&meta, &Fields::new().fingerprint(), FORMAT).map_err(|problem| {
                    let hint = "run `askpm refresh` with this version, or choose another `index` in [retriever]";
                    self.fault(format!("{index}: {problem}"), Some(hint))
                })?;
                Ok(Some((index, about)))
            }
            // A web server that is not a cluster also answers 404, but in plain words instead of JSON.
            StatusCode::NOT_FOUND if wire::is_told(&body) => Ok(None),
            _ => Err(self.refused(status, &body)),
        }
    }

    /// Creates an index, unless it exists.
    pub fn create(&self, index: &str, creation: &Value) -> Result<(), ClusterError> {
        match self.send(Method::PUT, index, creation.to_string(), WRITE_TRIES)? {
            (StatusCode::OK | StatusCode::CREATED, _) => Ok(()),
            (StatusCode::BAD_REQUEST, body) if wire::kind(&body) == "resource_already_exists_exception" => Ok(()),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Waits until every copy of `index` that a node can take is there, so that a lost node loses nothing. Returns
    /// whether the cluster still has every part of it. A cluster that needs longer than a minute is not waited for.
    pub fn is_whole(&self, index: &str) -> Result<bool, ClusterError> {
        let path =
            format!("_cluster/health/{index}?wait_for_events=languid&wait_for_no_initializing_shards=true&timeout=2s");
        let started = Instant::now();
        loop {
            let (_, body) = self.send(Method::GET, &path, String::new(), WRITE_TRIES)?;
            let health = wire::health(&body);
            if !health.timed_out || started.elapsed() > COPYING {
                return Ok(!health.red);
            }
        }
    }

    /// Deletes an index.
    pub fn delete(&self, index: &str) -> Result<(), ClusterError> {
        self.ok(Method::DELETE, index, String::new(), WRITE_TRIES).map(drop)
    }

    /// Adds documents, each the lines of a bulk request. Sends those again that a busy cluster rejects.
    pub fn bulk(&self, index: &str, mut documents: Vec<String>) -> Result<(), ClusterError> {
        let mut pause = FIRST_PAUSE;
        let mut why = String::new();
        for _ in 0..WRITE_TRIES {
            let path = format!("{index}/_bulk");
            let body = self.ok(Method::POST, &path, documents.concat(), WRITE_TRIES)?;
            let rejected = wire::rejected(&body, documents.len()).map_err(|problem| self.fault(problem, None))?;
            if rejected.at.is_empty() {
                return Ok(());
            }
            why = rejected.why;
            let mut all = documents.into_iter().map(Some).collect::<Vec<_>>();
            let again = rejected.at.into_iter().filter_map(|at| all.get_mut(at)?.take());
            documents = again.collect();
            thread::sleep(pause);
            pause *= 2;
        }
        let problem = format!("it is too busy to take {} documents: {why}", documents.len());
        Err(self.fault(
            problem,
            Some("run `askpm refresh` again later; it goes on with the same index"),
        ))
    }

    /// Makes all documents of `index` visible, and returns their number.
    pub fn complete(&self, index: &str) -> Result<u64, ClusterError> {
        self.ok(Method::POST, &format!("{index}/_refresh"), String::new(), WRITE_TRIES)?;
        let path = format!("{index}/_search?{WHOLE}");
        let body = self.ok(Method::POST, &path, request::counting().to_string(), WRITE_TRIES)?;
        wire::count(&body).map_err(|problem| self.fault(problem, None))
    }

    /// Makes `alias` the name of `index` only, in one step, and deletes the indexes in `old`.
    ///
    /// # Errors
    /// An error that is `gone` means that another writer has moved the alias in between.
    pub fn point(&self, alias: &str, index: &str, old: &[String]) -> Result<(), ClusterError> {
        let mut actions: Vec<Value> = old.iter().map(|old| json!({"remove_index": {"index": old}})).collect();
        actions.push(json!({"add": {"index": index, "alias": alias}}));
        let body = json!({ "actions": actions }).to_string();
        self.ok(Method::POST, "_aliases", body, WRITE_TRIES).map(drop)
    }

    /// Returns the indexes that `alias` names.
    pub fn named(&self, alias: &str) -> Result<Vec<String>, ClusterError> {
        match self.send(Method::GET, &format!("_alias/{alias}"), String::new(), WRITE_TRIES)? {
            (StatusCode::OK, body) => wire::names(&body).map_err(|problem| self.fault(problem, None)),
            (StatusCode::NOT_FOUND, body) if wire::is_told(&body) => Ok(Vec::new()),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Returns the passages that `body` finds.
    pub fn search(&self, index: &str, body: &Value) -> Result<Page, ClusterError> {
        // Word statistics of all shards, so that the order does not depend on how documents are spread over them.
        let path = format!("{index}/_search?search_type=dfs_query_then_fetch&{WHOLE}");
        let body = self.ok(Method::POST, &path, body.to_string(), READ_TRIES)?;
        wire::page(&body).map_err(|problem| self.fault(problem, None))
    }

    /// Returns the terms that `term` may be a misspelling of, each with the number of passages that have it.
    pub fn near(&self, index: &str, term: &str) -> Result<Vec<(String, u64)>, ClusterError> {
        let path = format!("{index}/_search?{WHOLE}");
        let body = self.ok(Method::POST, &path, request::near(term).to_string(), READ_TRIES)?;
        wire::terms(&body).map_err(|problem| self.fault(problem, None))
    }

    /// Returns the text of an edition, or `None` if there is none.
    pub fn edition(&self, index: &str, slug: &str) -> Result<Option<Text>, ClusterError> {
        let path = format!("{index}/_search?{WHOLE}");
        let body = self.ok(Method::POST, &path, request::edition(slug).to_string(), READ_TRIES)?;
        wire::edition(&body).map_err(|problem| self.fault(problem, None))
    }

    /// Returns the texts of all editions, in the order of their slugs.
    pub fn editions(&self, index: &str) -> Result<Vec<Text>, ClusterError> {
        let path = format!("{index}/_search?{WHOLE}");
        let (mut all, mut last) = (Vec::new(), Some(String::new()));
        while let Some(after) = last {
            let request = request::editions(&after).to_string();
            let body = self.ok(Method::POST, &path, request, READ_TRIES)?;
            let (texts, next) = wire::editions(&body).map_err(|problem| self.fault(problem, None))?;
            all.extend(texts);
            // A server that sends the same again would never end.
            last = next.filter(|next| *next > after);
        }
        Ok(all)
    }

    fn ok(&self, method: Method, path: &str, body: String, tries: u32) -> Result<Vec<u8>, ClusterError> {
        match self.send(method, path, body, tries)? {
            (StatusCode::OK | StatusCode::CREATED, body) => Ok(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Sends a request up to `tries` times, and once more to each further node, until the cluster is not too busy to
    /// answer.
    fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
        tries: u32,
    ) -> Result<(StatusCode, Vec<u8>), ClusterError> {
        let mut pause = FIRST_PAUSE;
        let mut others = self.nodes.len() - 1;
        let mut left = tries;
        loop {
            let (at, node) = self.node();
            let once = self.once(node, &method, path, body.clone());
            let outcome = self
                .requests
                .wait(once)
                .map_err(|error| self.fault(error.to_string(), None))?;
            // Whether another node may do better, and whether the same may do better later.
            let (elsewhere, later) = match &outcome {
                Ok((status, _)) => {
                    let failed = matches!(status.as_u16(), 502..=504);
                    (failed, failed || *status == StatusCode::TOO_MANY_REQUESTS)
                }
                // A person does not want to wait for a second timeout of the same node.
                Err(Lost::Request(error)) => (true, tries == WRITE_TRIES || !error.is_timeout()),
                Err(Lost::TooLong) => (false, false),
            };
            let at_once = elsewhere && others > 0;
            if at_once {
                others -= 1;
            } else {
                left -= 1;
                if !later || left == 0 {
                    return outcome.map_err(|lost| self.lost(lost));
                }
                thread::sleep(pause);
                pause *= 2;
            }
            if elsewhere {
                self.leave(at);
            }
        }
    }

    async fn once(
        &self,
        node: &Node,
        method: &Method,
        path: &str,
        body: String,
    ) -> Result<(StatusCode, Vec<u8>), Lost> {
        let address = format!("{}/{path}", node.url.as_str().trim_end_matches('/'));
        let kind = match path.contains("_bulk") {
            true => "application/x-ndjson",
            false => "application/json",
        };
        let mut request = node.http.request(method.clone(), address);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        let mut response = request.send().await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_BODY {
                return Err(Lost::TooLong);
            }
        }
        Ok((response.status(), bytes))
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> ClusterError {
        let said = match serde_json::from_slice::<Value>(body) {
            Ok(value) => wire::reason(&value),
            Err(_) => remote::one_line(&String::from_utf8_lossy(body)),
        };
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let hint = match status.as_u16() {
            // Also 403, but no key helps.
            _ if wire::kind(body) == "cluster_block_exception" => {
                Some("make the cluster writable: free disk space, then remove the block from its settings")
            }
            401 | 403 => Some("set the environment variable that `key_env` of [retriever] names"),
            404 => Some("check `url` in [retriever]"),
            300..=399 => Some("set `url` in [retriever] to the address that it redirects to"),
            429 | 502..=504 => Some("check the health of the cluster, or search with --by both"),
            _ => None,
        };
        ClusterError {
            gone: wire::kind(body) == "index_not_found_exception",
            ..self.fault(format!("the cluster answered {status}{said}"), hint)
        }
    }

    fn lost(&self, lost: Lost) -> ClusterError {
        let hint = "start the cluster, or search with --by both";
        match lost {
            Lost::TooLong => self.fault(format!("its answer has more than {MAX_BODY} bytes"), None),
            Lost::Request(error) if error.is_timeout() => self.fault("it did not answer in time".into(), Some(hint)),
            Lost::Request(error) => {
                let cause = remote::cause(&error.without_url());
                let certificate = cause.to_ascii_lowercase().contains("certificate");
                let authority = "set `ca` of [retriever] to the certificate of its authority";
                self.fault(cause, Some(if certificate { authority } else { hint }))
            }
        }
    }

    pub(super) fn fault(&self, problem: String, hint: Option<&'static str>) -> ClusterError {
        ClusterError {
            url: self.address(),
            problem,
            hint,
            gone: false,
        }
    }
}

/// Why there is no answer.
enum Lost {
    Request(reqwest::Error),
    TooLong,
}

impl From<reqwest::Error> for Lost {
    fn from(error: reqwest::Error) -> Lost {
        Lost::Request(error)
    }
}
