//! Repairs a JSON Feed so that feed-rs can read it.
//!
//! The result has the field types of <https://www.jsonfeed.org/version/1.1/>. Without the repair, a numeric identifier
//! or a missing title would cost every entry.

use serde_json::{Map, Value, json};

use super::super::clean::words;

/// Reports whether `text` is a JSON Feed.
pub(in crate::corpus::import) fn is_feed(text: &str) -> bool {
    parsed(text).is_some()
}

fn parsed(text: &str) -> Option<Map<String, Value>> {
    let Ok(Value::Object(feed)) = serde_json::from_str(text.trim_start_matches('\u{feff}')) else {
        return None;
    };
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default();
    let named = version.contains("jsonfeed.org");
    let items = feed.get("items").and_then(Value::as_array);
    let looks = |item: &Value| item.get("content_html").or(item.get("content_text")).is_some();
    (named && items.is_some() || items.is_some_and(|items| items.iter().any(looks))).then_some(feed)
}

/// Returns the repaired feed with its first `max` entries, and the number of entries in `text`.
pub(super) fn repaired(text: &str, max: usize) -> Option<(String, usize)> {
    let feed = parsed(text)?;
    let items = feed.get("items").and_then(Value::as_array)?;
    let count = items.len();
    let item = |item: &Value| {
        let mut out = Map::new();
        for name in [
            "id",
            "url",
            "external_url",
            "title",
            "content_html",
            "content_text",
            "summary",
            "date_published",
            "date_modified",
        ] {
            if let Some(text) = item.get(name).and_then(text_of) {
                out.insert(name.into(), text.into());
            }
        }
        // feed-rs reads one content. The text may be the article where the HTML only leads to it.
        let html = out.get("content_html").and_then(Value::as_str).map_or(0, words);
        let text = out.get("content_text").and_then(Value::as_str).map_or(0, words);
        if html < text / 2 {
            out.remove("content_html");
        }
        let authors = item.get("authors").and_then(Value::as_array).into_iter().flatten();
        let name = authors
            .chain(item.get("author"))
            .find_map(|author| author.get("name").and_then(text_of));
        if let Some(name) = name {
            out.insert("authors".into(), json!([{ "name": name }]));
        }
        Value::Object(out)
    };
    let items: Vec<Value> = items.iter().take(max).map(item).collect();
    let title = feed.get("title").and_then(text_of).unwrap_or_default();
    let out = json!({ "version": "https://jsonfeed.org/version/1.1", "title": title, "items": items });
    Some((out.to_string(), count))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
