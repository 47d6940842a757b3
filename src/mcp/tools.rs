//! Defines the tools: their names, their schemas, and the parsing of their arguments.
//!
//! The schemas that clients see must match the types that parse the arguments, so both are in this file.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::jobs::{Ask, Search};
use crate::retrieve::{Filters, Since};

/// A call of a tool with valid arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Search(Search),
    Ask(Box<Ask>),
    Show(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    query: String,
    top_k: Option<usize>,
    since: Option<String>,
    edition: Option<String>,
    contributor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskArguments {
    question: String,
    since: Option<String>,
    edition: Option<String>,
    contributor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowArguments {
    id: String,
}

impl Call {
    /// Parses a call. Returns `None` if no tool has that name, and an error if the arguments are invalid.
    pub fn parse(name: &str, arguments: Value) -> Option<Result<Call, String>> {
        Some(match name {
            "search" => search(arguments),
            "ask" => ask(arguments),
            "show" => read::<ShowArguments>(arguments).map(|show| Call::Show(show.id)),
            _ => return None,
        })
    }
}

fn search(arguments: Value) -> Result<Call, String> {
    let given: SearchArguments = read(arguments)?;
    if given.top_k.is_some_and(|k| !(1..=100).contains(&k)) {
        return Err("`top_k` must be from 1 to 100".into());
    }
    Ok(Call::Search(Search {
        query: given.query,
        top_k: given.top_k,
        filters: filters(given.since, given.edition, given.contributor)?,
    }))
}

fn ask(arguments: Value) -> Result<Call, String> {
    let given: AskArguments = read(arguments)?;
    Ok(Call::Ask(Box::new(Ask {
        question: given.question,
        filters: filters(given.since, given.edition, given.contributor)?,
        ..Ask::default()
    })))
}

fn read<T: for<'a> Deserialize<'a>>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("the arguments are not valid: {error}"))
}

fn filters(since: Option<String>, edition: Option<String>, contributor: Option<String>) -> Result<Filters, String> {
    let since = since
        .map(|text| text.parse::<Since>().map_err(|error| format!("`since`: {error}")))
        .transpose()?;
    Ok(Filters {
        since,
        edition,
        contributor,
        ..Filters::default()
    })
}

/// Returns every tool, as listed to clients.
pub fn all() -> Vec<Tool> {
    let query = json!({"type": "string", "description": "What to search for, in plain words"});
    let top_k = json!({"type": "integer", "minimum": 1, "maximum": 100, "description": "Maximum number of passages"});
    let question = json!({"type": "string", "description": "A question that is clear without context"});
    let id = json!({
        "type": "string",
        "description": "EDITION, EDITION/q1, EDITION/q1/a or EDITION/r1, as `search` and `ask` return them",
    });
    vec![
        tool(
            "search",
            "Lists the newsletter passages about a topic, best first.",
            with_filters(json!({"query": query, "top_k": top_k})),
            &["query"],
            json!({"query": {"type": "string"}, "hits": {"type": "array", "items": {"type": "object"}}}),
        ),
        tool(
            "ask",
            "Answers a product manager's question from the newsletter's discussions, each sentence with its source; \
             `abstained` is true if nothing in the corpus answers it.",
            with_filters(json!({ "question": question })),
            &["question"],
            json!({
                "answer": {"type": "string"},
                "abstained": {"type": "boolean"},
                "sentences": {"type": "array", "items": {"type": "object"}},
                "citations": {"type": "array", "items": {"type": "object"}},
            }),
        ),
        tool(
            "show",
            "Returns one edition, discussion, answer or learning resource in full.",
            json!({ "id": id }),
            &["id"],
            json!({"id": {"type": "string"}, "title": {"type": "string"}, "path": {"type": "string"}}),
        ),
    ]
}

fn with_filters(mut properties: Value) -> Value {
    properties["since"] = json!({"type": "string", "description": "Only editions since YYYY, YYYY-MM or YYYY-MM-DD"});
    properties["edition"] = json!({"type": "string", "description": "Only the edition with this slug"});
    properties["contributor"] =
        json!({"type": "string", "description": "Only answers by contributors whose name contains this"});
    properties
}

fn tool(name: &'static str, about: &'static str, takes: Value, required: &[&str], gives: Value) -> Tool {
    let gives_always: Vec<String> = gives
        .as_object()
        .map(|map| map.keys().cloned().collect())
        .unwrap_or_default();
    let takes = json!({"type": "object", "properties": takes, "required": required, "additionalProperties": false});
    let gives = json!({"type": "object", "properties": gives, "required": gives_always});
    Tool::new(name, about, object(takes))
        .with_raw_output_schema(object(gives))
        .with_annotations(
            ToolAnnotations::new()
                .read_only(true)
                .idempotent(true)
                .open_world(false),
        )
}

fn object(value: Value) -> Arc<JsonObject> {
    match value {
        Value::Object(map) => Arc::new(map),
        _ => Arc::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_tool_that_is_listed_can_be_called_with_what_it_requires_and_nothing_else() {
        for tool in all() {
            let required = tool.input_schema["required"].as_array().unwrap();
            let arguments: JsonObject = required
                .iter()
                .map(|name| (name.as_str().unwrap().into(), json!("x")))
                .collect();
            let good = Value::Object(arguments.clone());
            assert!(Call::parse(&tool.name, good).unwrap().is_ok(), "{}", tool.name);
            assert!(Call::parse(&tool.name, json!({})).unwrap().is_err());
            let mut more = arguments;
            more.insert("nonsense".into(), json!(1));
            assert!(Call::parse(&tool.name, Value::Object(more)).unwrap().is_err());
        }
        assert!(Call::parse("delete", json!({})).is_none());
    }

    #[test]
    fn every_property_that_is_listed_is_read() {
        for tool in all() {
            let arguments: JsonObject = tool.input_schema["properties"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, schema)| match schema["type"].as_str() {
                    Some("integer") => (name.clone(), json!(3)),
                    _ => (name.clone(), json!("2024")),
                })
                .collect();
            let call = Call::parse(&tool.name, Value::Object(arguments)).unwrap().unwrap();
            if let Call::Search(search) = call {
                assert_eq!(
                    (search.top_k, search.filters.edition.as_deref()),
                    (Some(3), Some("2024"))
                );
                assert!(search.filters.since.is_some() && search.filters.contributor.is_some());
            }
        }
    }

    #[test]
    fn arguments_out_of_bounds_are_told() {
        let told = |arguments| Call::parse("search", arguments).unwrap().unwrap_err();
        assert!(told(json!({"query": "x", "top_k": 0})).contains("from 1 to 100"));
        assert!(told(json!({"query": "x", "since": "soon"})).contains("`since`"));
        assert!(told(json!({"query": 3})).contains("are not valid"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_question(text in ".{0,60}") {
            let call = Call::parse("ask", json!({"question": text})).unwrap().unwrap();
            prop_assert!(matches!(call, Call::Ask(ask) if ask.question == text));
        }
    }
}
