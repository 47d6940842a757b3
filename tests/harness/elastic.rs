//! A local server that speaks the part of OpenSearch's API that askpm uses.
//!
//! It answers like OpenSearch, with a plain word count as the score, records every request, and makes faults that a real
//! cluster does not make on demand. It rejects what it does not know. It knows nothing about askpm, and unit and
//! integration tests use it.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::accept::{Accepting, request};

#[derive(Default)]
struct State {
    indexes: BTreeMap<String, Index>,
    aliases: BTreeMap<String, BTreeSet<String>>,
    requests: Vec<(String, String)>,
    /// How many connections had a request.
    connections: usize,
    /// The answer to every request, if set.
    ordered: Option<(u16, String)>,
    /// The next requests that get 503.
    busy: usize,
    /// The next answers on health say this. Each index that is `red` loses its documents.
    health: Vec<&'static str>,
    /// The status of the next documents that are rejected, and how many.
    rejecting: (u64, usize),
    /// Extra hits for every search that lists hits.
    forged: Vec<Value>,
}

#[derive(Default)]
struct Index {
    creation: Value,
    documents: BTreeMap<String, Value>,
}

/// The server. It stops when dropped.
pub struct Elastic {
    accepting: Accepting,
    state: Arc<Mutex<State>>,
}

impl Elastic {
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let accepting = Accepting::start(move |stream, _| answer(stream, &shared));
        Elastic { accepting, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.accepting.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }

    /// Returns the head and body of each request.
    pub fn requests(&self) -> Vec<(String, String)> {
        self.state().requests.clone()
    }

    /// Returns the number of connections that had a request.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// Returns the number of documents in each index.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let state = self.state();
        let all = state.indexes.iter();
        all.map(|(name, index)| (name.clone(), index.documents.len())).collect()
    }

    /// Returns the indexes that each alias names.
    pub fn aliases(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.state().aliases.clone()
    }

    /// Answers every request with this from now on.
    pub fn order(&self, status: u16, body: &str) {
        self.state().ordered = Some((status, body.into()));
    }

    /// Answers normally again.
    pub fn obey(&self) {
        self.state().ordered = None;
    }

    /// Refuses the next requests as too busy.
    pub fn be_busy(&self, requests: usize) {
        self.state().busy = requests;
    }

    /// Answers the next questions on health with these colours, from the last to the first.
    pub fn be(&self, colours: &[&'static str]) {
        self.state().health = colours.to_vec();
    }

    /// Rejects the next documents with this status.
    pub fn reject(&self, status: u64, documents: usize) {
        self.state().rejecting = (status, documents);
    }

    /// Adds this hit to every search that lists hits.
    pub fn forge(&self, hit: Value) {
        self.state().forged.push(hit);
    }

    /// Changes what every index was created with.
    pub fn change(&self, change: impl Fn(&mut Value)) {
        self.state()
            .indexes
            .values_mut()
            .for_each(|index| change(&mut index.creation));
    }
}

/// Answers the requests of one connection until the client closes it.
fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let mut is_first = true;
    while let Some((head, body)) = request(&mut input)? {
        let body = String::from_utf8_lossy(&body).into_owned();
        let (status, reply) = {
            let mut state = state.lock().expect("no test panics while it holds this");
            state.connections += usize::from(std::mem::take(&mut is_first));
            state.requests.push((head.clone(), body.clone()));
            if let Some((status, body)) = &state.ordered {
                (*status, body.clone())
            } else if state.busy > 0 {
                state.busy -= 1;
                refusal(503, "unavailable", "no cluster manager")
            } else {
                route(&mut state, &head, &body)
            }
        };
        write!(
            stream,
            "HTTP/1.1 {status} Ordered\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{reply}",
            reply.len()
        )?;
    }
    Ok(())
}

fn route(state: &mut State, head: &str, body: &str) -> (u16, String) {
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let path = path.split('?').next().unwrap_or("").trim_start_matches('/');
    let (first, second) = path.split_once('/').unwrap_or((path, ""));
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    match (method, first, second) {
        ("POST", "_aliases", "") => aliases(state, &request),
        ("GET", "_alias", alias) => match state.aliases.get(alias).filter(|all| !all.is_empty()) {
            Some(all) => (
                200,
                json!(all.iter().map(|name| (name, json!({}))).collect::<BTreeMap<_, _>>()).to_string(),
            ),
            None => (404, json!({"error": "alias missing", "status": 404}).to_string()),
        },
        ("GET", "_cluster", path) => {
            let colour = state.health.pop().unwrap_or("green");
            let index = path
                .strip_prefix("health/")
                .and_then(|name| state.indexes.get_mut(name));
            if let Some(index) = index.filter(|_| colour == "red") {
                index.documents.clear();
            }
            (200, json!({"status": colour, "timed_out": false}).to_string())
        }
        ("DELETE", index, "") => match state.indexes.remove(index) {
            Some(_) => (200, json!({"acknowledged": true}).to_string()),
            None => refusal(404, "index_not_found_exception", "no such index"),
        },
        ("PUT", index, "") => match state.indexes.contains_key(index) {
            true => refusal(400, "resource_already_exists_exception", "it exists"),
            false => {
                let index = state.indexes.entry(index.into()).or_default();
                index.creation = request;
                (200, json!({"acknowledged": true}).to_string())
            }
        },
        (_, name, verb) => {
            let named = state.aliases.get(name).and_then(|all| all.first()).cloned();
            let index = named.unwrap_or_else(|| name.to_string());
            match (method, verb) {
                ("POST", "_bulk") => bulk(state, &index, body),
                _ => match (state.indexes.get(&index), method, verb) {
                    (None, ..) => refusal(404, "index_not_found_exception", "no such index"),
                    (Some(there), "GET", "_mapping") => (
                        200,
                        json!({index: {"mappings": there.creation["mappings"]}}).to_string(),
                    ),
                    (_, "POST", "_refresh") => (200, json!({"_shards": {"failed": 0}}).to_string()),
                    (Some(there), "POST", "_search") => search(there, &state.forged, &request),
                    _ => refusal(405, "unknown", "no such endpoint"),
                },
            }
        }
    }
}

fn refusal(status: u16, kind: &str, reason: &str) -> (u16, String) {
    let error = json!({"error": {"type": kind, "reason": reason}, "status": status});
    (status, error.to_string())
}

fn aliases(state: &mut State, request: &Value) -> (u16, String) {
    for action in request["actions"].as_array().into_iter().flatten() {
        if let Some(index) = action["remove_index"]["index"].as_str() {
            if state.indexes.remove(index).is_none() {
                return refusal(404, "index_not_found_exception", "no such index");
            }
            for all in state.aliases.values_mut() {
                all.remove(index);
            }
        } else if let (Some(index), Some(alias)) = (action["add"]["index"].as_str(), action["add"]["alias"].as_str()) {
            state.aliases.entry(alias.into()).or_default().insert(index.into());
        } else {
            return refusal(400, "unknown", "unknown action");
        }
    }
    (200, json!({"acknowledged": true}).to_string())
}

fn bulk(state: &mut State, index: &str, body: &str) -> (u16, String) {
    let lines: Vec<Value> = body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_default())
        .collect();
    if !body.ends_with('\n') || !lines.len().is_multiple_of(2) {
        return refusal(400, "unknown", "a bulk request is pairs of lines");
    }
    let mut items = Vec::new();
    for pair in lines.chunks(2) {
        let Some(id) = pair[0]["create"]["_id"].as_str() else {
            return refusal(400, "unknown", "only `create` is known");
        };
        let (status, left) = state.rejecting;
        if left > 0 {
            state.rejecting.1 -= 1;
            items.push(json!({"create": {"_id": id, "status": status, "error": {"reason": "rejected"}}}));
            continue;
        }
        let all = &mut state.indexes.entry(index.into()).or_default().documents;
        let there = all.contains_key(id);
        items.push(match there {
            true => {
                json!({"create": {"_id": id, "status": 409, "error": {"type": "version_conflict_engine_exception"}}})
            }
            false => json!({"create": {"_id": id, "status": 201, "result": "created"}}),
        });
        all.entry(id.into()).or_insert_with(|| pair[1].clone());
    }
    (200, json!({"took": 1, "items": items}).to_string())
}

fn search(index: &Index, forged: &[Value], request: &Value) -> (u16, String) {
    let query = match &request["query"] {
        Value::Null => json!({"match_all": {}}),
        query => query.clone(),
    };
    let mut found = Vec::new();
    for document in index.documents.values() {
        match score(&query, document) {
            Ok(score) if score > 0.0 => found.push((score, document)),
            Ok(_) => {}
            Err(reason) => return refusal(400, "parsing_exception", &reason),
        }
    }
    let counts = request["aggs"]["with"]["filters"]["filters"].as_object();
    let count = |filter: &Value| {
        found
            .iter()
            .filter(|(_, document)| score(filter, document) > Ok(0.0))
            .count()
    };
    let buckets: serde_json::Map<String, Value> = counts
        .into_iter()
        .flatten()
        .map(|(name, filter)| (name.clone(), json!({"doc_count": count(filter)})))
        .collect();
    let total = found.len();
    let mut hits = found.clone();
    if let Some(filter) = request.get("post_filter") {
        hits.retain(|(_, document)| score(filter, document) > Ok(0.0));
    }
    // Only passages have a place, and only editions a slug.
    let key = |document: &Value| ["place", "slug"].map(|name| document[name].as_str().unwrap_or("").to_string());
    hits.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| key(a.1).cmp(&key(b.1))));
    hits.truncate(request["size"].as_u64().unwrap_or(10) as usize);
    let mut listed: Vec<Value> = hits
        .into_iter()
        .map(|(score, document)| json!({"_score": score, "_source": document, "sort": [score]}))
        .collect();
    if request["size"] != 0 {
        listed.extend(forged.iter().cloned());
    }
    let hits = json!({"total": {"value": total, "relation": "eq"}, "hits": listed});
    let near = json!({"buckets": near(index, &request["aggs"]["near"]["terms"])});
    let aggregations = json!({"with": {"buckets": buckets}, "near": near});
    let found = json!({"took": 1, "timed_out": false, "hits": hits, "aggregations": aggregations});
    (200, found.to_string())
}

/// The terms that begin like the pattern, each with the number of documents that have it.
fn near(index: &Index, terms: &Value) -> Vec<Value> {
    let first = terms["include"].as_str().and_then(|pattern| pattern.chars().next());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for document in index.documents.values() {
        let any = document["any"].as_array().into_iter().flatten();
        for term in any
            .filter_map(Value::as_str)
            .filter(|term| term.chars().next() == first)
        {
            *counts.entry(term).or_default() += 1;
        }
    }
    let bucket = |(term, count)| json!({"key": term, "doc_count": count});
    counts.into_iter().map(bucket).collect()
}

/// Returns the score of a document, 0 if it does not match. Rejects what is not known.
fn score(query: &Value, document: &Value) -> Result<f64, String> {
    let one = |value: &Value| {
        let (name, inner) = value.as_object()?.iter().next()?;
        Some((name.clone(), inner.clone()))
    };
    let (kind, inner) = one(query).ok_or("an empty query")?;
    if kind == "match_all" {
        return Ok(1.0);
    }
    if kind == "bool" {
        let list = |name: &str| inner[name].as_array().cloned().unwrap_or_default();
        for filter in list("filter") {
            if score(&filter, document)? == 0.0 {
                return Ok(0.0);
            }
        }
        let should = list("should");
        let sum = should
            .iter()
            .map(|part| score(part, document))
            .sum::<Result<f64, _>>()?;
        return Ok(if should.is_empty() { 1.0 } else { sum });
    }
    let (field, wanted) = one(&inner).ok_or("a query without a field")?;
    let there = field.split('.').fold(document, |value, name| &value[name]);
    let words = field.starts_with("words.");
    let texts: Vec<&str> = match there {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::String(text) if words => text.split(' ').collect(),
        Value::String(text) => vec![text],
        _ => Vec::new(),
    };
    let text = |value: &Value| value.as_str().unwrap_or("").to_string();
    let yes = |matches: bool| if matches { 1.0 } else { 0.0 };
    match kind.as_str() {
        "term" => {
            let (value, boost) = match wanted.as_object() {
                Some(map) => (text(&map["value"]), map["boost"].as_f64().unwrap_or(1.0)),
                None => (text(&wanted), 1.0),
            };
            Ok(boost * yes(texts.contains(&value.as_str())))
        }
        "terms" => {
            let all = wanted.as_array().ok_or("`terms` is no list")?;
            Ok(yes(all.iter().any(|value| texts.contains(&text(value).as_str()))))
        }
        "range" => {
            let least = wanted["gte"]
                .as_str()
                .is_none_or(|least| texts.iter().all(|text| *text >= least));
            let most = wanted["lte"]
                .as_str()
                .is_none_or(|most| texts.iter().all(|text| *text <= most));
            let above = wanted["gt"]
                .as_str()
                .is_none_or(|above| texts.iter().all(|text| *text > above));
            Ok(yes(!texts.is_empty() && least && most && above))
        }
        "wildcard" => {
            let part = text(&wanted["value"]);
            let part = part.trim_matches('*');
            Ok(yes(texts.iter().any(|text| text.contains(part))))
        }
        other => Err(format!("unknown query `{other}`")),
    }
}
