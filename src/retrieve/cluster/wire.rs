//! Builds request bodies for a cluster and parses its answers.
//!
//! No answer of a cluster can cause a panic.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::corpus::passage::Passage;
use crate::remote;

/// The searched fields and their boosts, in the ratios of the local index.
const FIELDS: [(&str, f64); 6] = [
    ("discussion", 1.5),
    ("text", 1.0),
    ("question", 1.0),
    ("also_asked", 1.0),
    ("edition_title", 0.4),
    ("contributor", 0.3),
];

/// Returns two lines of a bulk request that create this passage under this key.
pub fn create(index: &str, key: &str, passage: &Passage) -> String {
    let action = json!({"create": {"_index": index, "_id": key}});
    let document = json!({
        "key": key,
        "id": passage.id.to_string(),
        "part": passage.part,
        "date": passage.date,
        "edition_title": passage.edition_title,
        "discussion": passage.discussion,
        "question": passage.question,
        "also_asked": passage.also_asked.join("\n"),
        "contributor": passage.contributor,
        "text": passage.text,
    });
    format!("{action}\n{document}\n")
}

/// Returns a search for any of the words of `text`, in any field. The text is data, because `match` has no query
/// language.
pub fn query(text: &str, most: usize) -> Value {
    // Quickwit accepts a boost around a query, but rejects one within `match`.
    let in_field = |(field, boost): (&str, f64)| {
        let words = json!({"match": {field: {"query": text}}});
        json!({"bool": {"should": [words], "boost": boost}})
    };
    let should: Vec<Value> = FIELDS.into_iter().map(in_field).collect();
    json!({
        "size": most,
        "query": {"bool": {"should": should}},
        "sort": [{"_score": {"order": "desc"}}],
    })
}

/// Returns a search that matches all documents and lists none, to count them.
pub fn counting() -> Value {
    json!({"size": 0, "track_total_hits": true, "query": {"match_all": {}}})
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    #[serde(default)]
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_score")]
    score: Option<f32>,
    #[serde(rename = "_source")]
    source: Source,
    #[serde(default)]
    sort: Vec<Value>,
}

#[derive(Deserialize)]
struct Source {
    key: String,
}

/// Parses the keys and scores of a search result.
pub fn found(body: &[u8]) -> Result<Vec<(String, f32)>, String> {
    let found: Found =
        serde_json::from_slice(body).map_err(|error| format!("it did not send a search result: {error}"))?;
    let score = |hit: &Hit| {
        // With a sort order, a cluster may give the score only as the sort value.
        let sorted = hit.sort.first().and_then(Value::as_f64).map(|score| score as f32);
        hit.score.or(sorted).filter(|score| score.is_finite()).unwrap_or(0.0)
    };
    Ok(found
        .hits
        .hits
        .into_iter()
        .map(|hit| (score(&hit), hit))
        .map(|(score, hit)| (hit.source.key, score))
        .collect())
}

#[derive(Deserialize)]
struct Count {
    hits: Total,
}

#[derive(Deserialize)]
struct Total {
    total: Value,
}

/// Parses the number of documents of an index.
pub fn count(body: &[u8]) -> Result<u64, String> {
    let count: Count = serde_json::from_slice(body).map_err(|error| format!("no count: {error}"))?;
    let total = count.hits.total;
    let value = total.get("value").unwrap_or(&total);
    value.as_u64().ok_or_else(|| "no count".into())
}

#[derive(Deserialize)]
struct Bulk {
    #[serde(default)]
    errors: bool,
    #[serde(default)]
    items: Vec<Value>,
}

/// Checks that all passages were accepted. A passage that already exists is not an error.
pub fn taken(body: &[u8]) -> Result<(), String> {
    let bulk: Bulk = serde_json::from_slice(body)
        .map_err(|error| format!("it did not send the result of a bulk request: {error}"))?;
    if !bulk.errors {
        return Ok(());
    }
    let fault = bulk.items.iter().filter_map(|item| item.get("create")).find(|item| {
        let status = item.get("status").and_then(Value::as_u64).unwrap_or(0);
        item.get("error").is_some_and(|error| !error.is_null()) && status != 409
    });
    match fault {
        None => Ok(()),
        Some(item) => Err(format!("it rejected a passage: {}", reason(item))),
    }
}

/// Returns whether an error body is a JSON object, as a cluster sends it.
pub fn is_told(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|value: Value| value.is_object())
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
