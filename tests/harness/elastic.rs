//! A local server that speaks the part of Elasticsearch's API that askpm uses: `_bulk` and `_search`.
//!
//! It answers like Elasticsearch, with a plain word count as the score, and records every request. Like Quickwit, it
//! rejects what it does not know. It knows nothing about askpm, and unit and integration tests use it.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::accept::Accepting;

#[derive(Default)]
struct State {
    /// Documents by identifier, for each index.
    indexes: BTreeMap<String, BTreeMap<String, Value>>,
    requests: Vec<(String, String)>,
    /// The answer to every request, if set.
    ordered: Option<(u16, String)>,
    /// Extra hits for every search.
    forged: Vec<Value>,
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

    /// Returns the number of documents in each index.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.state()
            .indexes
            .iter()
            .map(|(name, all)| (name.clone(), all.len()))
            .collect()
    }

    /// Answers every request with this from now on.
    pub fn order(&self, status: u16, body: &str) {
        self.state().ordered = Some((status, body.into()));
    }

    /// Adds this hit to every search.
    pub fn forge(&self, hit: Value) {
        self.state().forged.push(hit);
    }

    /// Removes a document from every index.
    pub fn lose_one(&self) {
        for all in self.state().indexes.values_mut() {
            all.pop_first();
        }
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut head = String::new();
    let mut input = BufReader::new(stream.try_clone()?);
    while input.read_line(&mut head)? > 2 {}
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    input.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("").trim_start_matches('/').to_string();
    let (index, verb) = path.split_once('/').unwrap_or((&path, ""));
    let (status, reply) = {
        let mut state = state.lock().expect("no test panics while it holds this");
        state.requests.push((head.clone(), body.clone()));
        match (&state.ordered, verb.split('?').next()) {
            (Some((status, body)), _) => (*status, body.clone()),
            (None, Some("_bulk")) => bulk(&mut state, index, &body),
            (None, Some("_search")) => search(&state, index, &body),
            _ => refusal(405, "no such endpoint"),
        }
    };
    write!(
        stream,
        "HTTP/1.1 {status} Ordered\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{reply}",
        reply.len()
    )
}

fn refusal(status: u16, reason: &str) -> (u16, String) {
    (
        status,
        json!({"error": {"type": "refused", "reason": reason}, "status": status}).to_string(),
    )
}

fn bulk(state: &mut State, index: &str, body: &str) -> (u16, String) {
    let lines: Vec<Value> = body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_default())
        .collect();
    if !body.ends_with('\n') || !lines.len().is_multiple_of(2) {
        return refusal(400, "a bulk request is pairs of lines");
    }
    let (mut items, mut errors) = (Vec::new(), false);
    for pair in lines.chunks(2) {
        let action = &pair[0]["create"];
        let (Some(name), Some(id)) = (action["_index"].as_str(), action["_id"].as_str()) else {
            return refusal(400, "only `create` is known");
        };
        if name != index {
            return refusal(400, "another index than the path's");
        }
        let all = state.indexes.entry(name.into()).or_default();
        let there = all.contains_key(id);
        errors |= there;
        items.push(match there {
            true => {
                json!({"create": {"_id": id, "status": 409, "error": {"type": "version_conflict_engine_exception"}}})
            }
            false => json!({"create": {"_id": id, "status": 201, "result": "created"}}),
        });
        all.entry(id.into()).or_insert_with(|| pair[1].clone());
    }
    (200, json!({"took": 1, "errors": errors, "items": items}).to_string())
}

fn search(state: &State, index: &str, body: &str) -> (u16, String) {
    let Some(all) = state.indexes.get(index) else {
        return refusal(404, "no such index");
    };
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    let mut hits = Vec::new();
    for (id, document) in all {
        match score(&request["query"], document) {
            Ok(score) if score > 0.0 => hits.push((score, id.as_str(), document.clone())),
            Ok(_) => {}
            Err(reason) => return refusal(400, &reason),
        }
    }
    hits.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let total = hits.len();
    hits.truncate(request["size"].as_u64().unwrap_or(10) as usize);
    let mut listed: Vec<Value> = hits
        .into_iter()
        .map(|(score, id, document)| json!({"_index": index, "_id": id, "_score": score, "_source": document, "sort": [score]}))
        .collect();
    if request["size"] != 0 {
        listed.extend(state.forged.iter().cloned());
    }
    let found = json!({"total": {"value": total, "relation": "eq"}, "hits": listed});
    (200, json!({"took": 1, "timed_out": false, "hits": found}).to_string())
}

/// Scores one point for each word of a `match` that the field has, and sums over `should`. Rejects what Quickwit
/// rejects.
fn score(query: &Value, document: &Value) -> Result<f64, String> {
    let (kind, inner) = query
        .as_object()
        .and_then(|map| map.iter().next())
        .ok_or("an empty query")?;
    match kind.as_str() {
        "match_all" => Ok(1.0),
        "bool" => {
            let fields = inner.as_object().ok_or("`bool` is no object")?;
            if let Some(name) = fields.keys().find(|name| !matches!(name.as_str(), "should" | "boost")) {
                return Err(format!("unknown field `{name}`"));
            }
            let boost = inner["boost"].as_f64().unwrap_or(1.0);
            let parts = inner["should"].as_array().ok_or("`should` is no list")?;
            Ok(boost * parts.iter().map(|part| score(part, document)).sum::<Result<f64, _>>()?)
        }
        "match" => {
            let (field, words) = inner
                .as_object()
                .and_then(|map| map.iter().next())
                .ok_or("an empty match")?;
            let extra = words
                .as_object()
                .and_then(|map| map.keys().find(|name| *name != "query"));
            if let Some(name) = extra {
                return Err(format!("unknown field `{name}`"));
            }
            let split = |text: &Value| -> Vec<String> {
                let text = text.as_str().unwrap_or("").to_lowercase();
                text.split(|c: char| !c.is_alphanumeric())
                    .filter(|w| w.len() > 2)
                    .map(str::to_string)
                    .collect()
            };
            let there = split(&document[field]);
            Ok(split(&words["query"])
                .iter()
                .filter(|word| there.contains(word))
                .count() as f64)
        }
        other => Err(format!("unknown query `{other}`")),
    }
}
