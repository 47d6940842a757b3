//! Parses the answers of a cluster.
//!
//! No answer of a cluster can cause a panic.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::document::{About, Received, Source, Text};
use crate::remote;

/// What a search found.
pub struct Page {
    pub passages: Vec<Received>,
    /// The number of passages with each word of the question, by its position.
    pub counts: HashMap<usize, u64>,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
    #[serde(default)]
    aggregations: Value,
}

#[derive(Deserialize)]
struct Hits {
    #[serde(default)]
    hits: Vec<Value>,
    #[serde(default)]
    total: Value,
}

fn found(body: &[u8]) -> Result<Found, String> {
    serde_json::from_slice(body).map_err(|error| format!("it did not send a search result: {error}"))
}

/// Parses the passages of a search result, and how many passages have each word.
pub fn page(body: &[u8]) -> Result<Page, String> {
    let found = found(body)?;
    let passage = |mut hit: Value| {
        let source: Source = serde_json::from_value(hit["_source"].take()).map_err(|error| error.to_string())?;
        source
            .received()
            .ok_or_else(|| "it has no valid identifier or vector".to_string())
    };
    let passages: Result<Vec<Received>, String> = found.hits.hits.into_iter().map(passage).collect();
    let buckets = found.aggregations["with"]["buckets"].as_object();
    let counts = buckets.into_iter().flatten().filter_map(|(at, bucket)| {
        let count = bucket["doc_count"].as_u64()?;
        Some((at.parse().ok()?, count))
    });
    Ok(Page {
        counts: counts.collect(),
        passages: passages.map_err(|error| format!("it sent a passage that askpm did not store: {error}"))?,
    })
}

/// Parses the terms of a dictionary, each with the number of passages that have it.
pub fn terms(body: &[u8]) -> Result<Vec<(String, u64)>, String> {
    let found = found(body)?;
    let buckets = found.aggregations["near"]["buckets"].as_array();
    let terms = buckets.into_iter().flatten().filter_map(|bucket| {
        let term = bucket["key"].as_str()?.to_string();
        Some((term, bucket["doc_count"].as_u64()?))
    });
    Ok(terms.collect())
}

/// Parses the text of an edition, if the search found one.
pub fn edition(body: &[u8]) -> Result<Option<Text>, String> {
    let Some(mut hit) = found(body)?.hits.hits.into_iter().next() else {
        return Ok(None);
    };
    let text = serde_json::from_value(hit["_source"]["text"].take());
    text.map(Some)
        .map_err(|error| format!("it sent an edition that askpm did not store: {error}"))
}

/// Parses the texts of editions, and the last slug among them.
pub fn editions(body: &[u8]) -> Result<(Vec<Text>, Option<String>), String> {
    let mut hits = found(body)?.hits.hits;
    let last = hits
        .last()
        .and_then(|hit| hit["_source"]["slug"].as_str().map(str::to_string));
    let texts = hits
        .iter_mut()
        .map(|hit| serde_json::from_value(hit["_source"]["text"].take()));
    let texts = texts.collect::<Result<_, _>>();
    let texts = texts.map_err(|error| format!("it sent an edition that askpm did not store: {error}"))?;
    Ok((texts, last))
}

/// Parses the number of documents of an index.
pub fn count(body: &[u8]) -> Result<u64, String> {
    let total = found(body)?.hits.total;
    total["value"].as_u64().ok_or_else(|| "it did not send a count".into())
}

/// Parses the mapping of the index behind an alias: the index's name, and what askpm stored about it.
pub fn about(body: &[u8]) -> Result<(String, Value), String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it did not send a mapping: {error}"))?;
    let indexes = value.as_object().ok_or("it did not send a mapping")?;
    let mut indexes = indexes.iter();
    match (indexes.next(), indexes.next()) {
        (Some((name, index)), None) => Ok((name.clone(), index["mappings"]["_meta"]["askpm"].clone())),
        (None, _) => Err("it did not send a mapping".into()),
        _ => Err("the alias has several indexes".into()),
    }
}

/// Returns what askpm stored about an index, if this version of askpm can read that.
pub fn readable(meta: &Value, fingerprint: &str, format: u32) -> Result<About, String> {
    if meta.is_null() {
        return Err("the index was not made by askpm".into());
    }
    let other = || "the index was made by another version of askpm".to_string();
    let about: About = serde_json::from_value(meta.clone()).map_err(|_| other())?;
    let same = about.format == format && about.fingerprint == fingerprint;
    same.then_some(about).ok_or_else(other)
}

/// Parses the names of the indexes that an alias has.
pub fn names(body: &[u8]) -> Result<Vec<String>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("it did not send an alias: {error}"))?;
    Ok(value
        .as_object()
        .map(|all| all.keys().cloned().collect())
        .unwrap_or_default())
}

#[derive(Deserialize)]
struct Bulk {
    #[serde(default)]
    items: Vec<Value>,
}

/// Which documents of a bulk request were rejected for now, by position, and why.
#[derive(Debug, Default, PartialEq)]
pub struct Rejected {
    pub at: Vec<usize>,
    pub why: String,
}

/// Parses the result of a bulk request of `sent` documents. A document that already exists is not an error. An error
/// means that a document will never be accepted.
pub fn rejected(body: &[u8], sent: usize) -> Result<Rejected, String> {
    let bulk: Bulk = serde_json::from_slice(body)
        .map_err(|error| format!("it did not send the result of a bulk request: {error}"))?;
    if bulk.items.len() != sent {
        return Err(format!("it answered for {} of {sent} documents", bulk.items.len()));
    }
    let mut rejected = Rejected::default();
    for (at, item) in bulk.items.iter().enumerate() {
        let item = &item["create"];
        match item["status"].as_u64().unwrap_or(0) {
            200..300 | 409 => {}
            429 | 503 => {
                rejected.at.push(at);
                rejected.why = reason(item);
            }
            _ => return Err(format!("it rejected a document: {}", reason(item))),
        }
    }
    Ok(rejected)
}

/// What a cluster says of the health of an index.
pub struct Health {
    /// Whether a part of the index is on no node.
    pub red: bool,
    /// Whether it answered before what was waited for had come.
    pub timed_out: bool,
}

/// Reads the health of an index. A cluster that does not say is taken to be well.
pub fn health(body: &[u8]) -> Health {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    Health {
        red: value["status"] == "red",
        timed_out: value["timed_out"] == true,
    }
}

/// Returns whether an error body is a JSON object, as a cluster sends it.
pub fn is_told(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|value: Value| value.is_object())
}

/// Returns the kind of an error, such as `index_not_found_exception`.
pub fn kind(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    value["error"]["type"].as_str().unwrap_or_default().to_string()
}

/// Returns why a cluster refuses, on one short line.
pub fn reason(value: &Value) -> String {
    let error = value.get("error").unwrap_or(value);
    let text = error
        .get("reason")
        .or_else(|| value.get("message"))
        .and_then(Value::as_str)
        .or_else(|| error.as_str())
        .map_or_else(|| error.to_string(), str::to_string);
    remote::one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_rejected_for_now_is_told_from_what_never_fits() {
        let item = |status: u64| json!({"create": {"status": status, "error": {"reason": format!("r{status}")}}});
        let result = |statuses: &[u64]| {
            let items: Vec<Value> = statuses.iter().map(|status| item(*status)).collect();
            rejected(json!({"items": items}).to_string().as_bytes(), statuses.len())
        };
        assert_eq!(result(&[201, 409]), Ok(Rejected::default()));
        let busy = Rejected {
            at: vec![1, 2],
            why: "r503".into(),
        };
        assert_eq!(result(&[201, 429, 503]), Ok(busy));
        assert!(result(&[201, 400]).unwrap_err().contains("r400"));
        assert!(rejected(b"{\"items\": []}", 1).unwrap_err().contains("0 of 1"));
        assert!(rejected(b"nonsense", 1).is_err());
    }
}
