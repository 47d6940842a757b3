//! Parses the body of `POST /v1/chat/completions`.
//!
//! The fields are those of OpenAI's chat completions API. A field that asks for a feature that askpm lacks is rejected,
//! unless its value asks for what happens anyway. System and tool messages are skipped, with a note. Unknown fields are
//! ignored.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::MODEL;
use crate::ask::MAX_QUESTION_BYTES;
use crate::jobs::{Ask, Role, Turn};

/// Most messages that a request may hold.
const MAX_MESSAGES: usize = 100;

/// A valid request.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    pub ask: Ask,
    pub stream: bool,
    /// Whether a stream ends with a chunk that holds the token counts.
    pub usage: bool,
    /// Notes for the client about messages that were skipped.
    pub notes: Vec<String>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRequest {
    /// The field, if the error is about one.
    pub param: Option<&'static str>,
    /// Machine-readable kind of error.
    pub code: &'static str,
    pub message: String,
}

fn bad(param: &'static str, message: impl Into<String>) -> InvalidRequest {
    InvalidRequest {
        param: Some(param),
        code: "invalid_value",
        message: message.into(),
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    model: Option<String>,
    messages: Vec<Message>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    top_p: Option<f64>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    max_tokens: Option<i64>,
    #[serde(default)]
    max_completion_tokens: Option<i64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

/// Parses a request.
pub fn parse(bytes: &[u8]) -> Result<ChatRequest, InvalidRequest> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| InvalidRequest {
        param: None,
        code: "invalid_json",
        message: format!("the body is not a chat completion request: {error}"),
    })?;
    if let Some(model) = body.model.as_deref().filter(|model| *model != MODEL) {
        return Err(InvalidRequest {
            param: Some("model"),
            code: "model_not_found",
            message: format!("there is no model `{model}`; use `{MODEL}`"),
        });
    }
    refuse(&body.rest)?;
    let temperature = within(
        body.temperature,
        "temperature",
        |t| (0.0..=5.0).contains(&t),
        "from 0 to 5",
    )?;
    let top_p = within(body.top_p, "top_p", |p| p > 0.0 && p <= 1.0, "above 0 and up to 1")?;
    let seed = body
        .seed
        .map(|seed| u64::try_from(seed).map_err(|_| bad("seed", "`seed` must be 0 or more")))
        .transpose()?;
    // -1 means no limit, as in llama.cpp's server: then the default holds.
    let max_tokens = body
        .max_completion_tokens
        .or(body.max_tokens)
        .filter(|tokens| *tokens != -1);
    if max_tokens.is_some_and(|tokens| !(1..=4096).contains(&tokens)) {
        return Err(bad(
            "max_tokens",
            "`max_tokens` must be from 1 to 4096, or -1 for the default",
        ));
    }
    let mut notes = Vec::new();
    let (question, history) = conversation(body.messages, &mut notes)?;
    Ok(ChatRequest {
        ask: Ask {
            question,
            history,
            temperature,
            top_p,
            seed,
            max_tokens: max_tokens.and_then(|tokens| usize::try_from(tokens).ok()),
            ..Ask::default()
        },
        stream: body.stream.unwrap_or(false),
        usage: body.stream_options.and_then(|options| options.include_usage) == Some(true),
        notes,
    })
}

fn within(
    value: Option<f64>,
    name: &'static str,
    good: impl Fn(f64) -> bool,
    range: &str,
) -> Result<Option<f64>, InvalidRequest> {
    match value {
        Some(value) if !good(value) => Err(bad(name, format!("`{name}` must be {range}"))),
        value => Ok(value),
    }
}

/// Rejects fields for features that askpm lacks, unless their values ask for what happens anyway.
fn refuse(rest: &Map<String, Value>) -> Result<(), InvalidRequest> {
    let nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let harmless = |name: &str, value: &Value| match name {
        "n" => value.is_null() || value.as_u64() == Some(1),
        "response_format" => value.is_null() || value.get("type").and_then(Value::as_str) == Some("text"),
        "modalities" => value.is_null() || *value == Value::from(vec!["text"]),
        "tool_choice" | "function_call" => value.is_null() || matches!(value.as_str(), Some("none" | "auto")),
        _ => nothing(value),
    };
    for name in [
        "n",
        "response_format",
        "modalities",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "stop",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "frequency_penalty",
        "presence_penalty",
        "audio",
        "prediction",
        "web_search_options",
    ] {
        if rest.get(name).is_some_and(|value| !harmless(name, value)) {
            return Err(InvalidRequest {
                param: Some(name),
                code: "unsupported_parameter",
                message: format!("`{name}` is not supported: answers are sentences from the corpus with their sources"),
            });
        }
    }
    Ok(())
}

/// Returns the last message, which must be a question of the user, and the messages before it.
fn conversation(messages: Vec<Message>, notes: &mut Vec<String>) -> Result<(String, Vec<Turn>), InvalidRequest> {
    if messages.len() > MAX_MESSAGES {
        return Err(bad(
            "messages",
            format!("`messages` may have at most {MAX_MESSAGES} messages"),
        ));
    }
    let mut turns = Vec::new();
    let (mut passed_over, mut of_tools) = (0, 0);
    for (at, message) in messages.into_iter().enumerate() {
        let role = match message.role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" | "developer" => Role::System,
            // The output of a tool is not something that the user said.
            "tool" | "function" => {
                of_tools += 1;
                continue;
            }
            _ => {
                let want = "system, developer, user, assistant, tool or function";
                return Err(bad("messages", format!("`messages[{at}].role` must be {want}")));
            }
        };
        let text = text(message.content, at)?;
        match role {
            Role::System => passed_over += 1,
            // A message that only calls a tool has no text.
            Role::Assistant if text.trim().is_empty() => {}
            _ => turns.push(Turn { role, text }),
        }
    }
    if passed_over > 0 {
        notes.push("system messages are ignored: askpm answers from its corpus by its own rules".into());
    }
    if of_tools > 0 {
        notes.push("messages of tools are ignored: askpm answers from its corpus and calls no tools".into());
    }
    let question = match turns.pop() {
        Some(Turn { role: Role::User, text }) if !text.trim().is_empty() => text,
        _ => {
            return Err(bad(
                "messages",
                "the last message in `messages` must be a question from the user",
            ));
        }
    };
    if question.len() > MAX_QUESTION_BYTES {
        return Err(bad(
            "messages",
            format!("the question is longer than the limit of {MAX_QUESTION_BYTES} bytes"),
        ));
    }
    Ok((question, turns))
}

fn text(content: Option<Content>, at: usize) -> Result<String, InvalidRequest> {
    match content {
        None => Ok(String::new()),
        Some(Content::Text(text)) => Ok(text),
        Some(Content::Parts(parts)) => {
            let mut texts = Vec::new();
            for part in parts {
                match (part.kind.as_str(), part.text) {
                    ("text", Some(text)) => texts.push(text),
                    _ => {
                        return Err(bad(
                            "messages",
                            format!("`messages[{at}].content` may have only parts of type `text`"),
                        ));
                    }
                }
            }
            Ok(texts.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parsed(value: Value) -> Result<ChatRequest, InvalidRequest> {
        parse(value.to_string().as_bytes())
    }

    fn asking(field: &str, value: Value) -> Result<ChatRequest, InvalidRequest> {
        let mut body = json!({"messages": [{"role": "user", "content": "Why?"}]});
        body[field] = value;
        parsed(body)
    }

    #[test]
    fn the_last_message_is_the_question_and_those_before_it_are_history() {
        let wanted = parsed(json!({
            "model": "askpm", "stream": true, "stream_options": {"include_usage": true}, "user": "me",
            "temperature": 0.5, "top_p": 0.9, "seed": 3, "max_completion_tokens": 99, "max_tokens": 7,
            "messages": [
                {"role": "system", "content": "Be a pirate."},
                {"role": "user", "content": "Why?"},
                {"role": "assistant", "content": "So."},
                {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "then?"}]},
            ]
        }))
        .unwrap();
        let said = |role, text: &str| Turn {
            role,
            text: text.into(),
        };
        assert_eq!(
            wanted.ask,
            Ask {
                question: "And\nthen?".into(),
                history: vec![said(Role::User, "Why?"), said(Role::Assistant, "So.")],
                temperature: Some(0.5),
                top_p: Some(0.9),
                seed: Some(3),
                max_tokens: Some(99),
                ..Ask::default()
            }
        );
        assert!(wanted.stream && wanted.usage && wanted.notes[0].contains("system messages"));
    }

    #[test]
    fn calls_of_tools_and_what_they_gave_are_passed_over() {
        let call = json!([{"id": "c1", "type": "function", "function": {"name": "day", "arguments": "{}"}}]);
        for tool in [
            json!({"role": "tool", "tool_call_id": "c1", "content": "Monday"}),
            json!({"role": "tool", "tool_call_id": "c1", "content": [{"type": "image_url"}]}),
            json!({"role": "function", "name": "day", "content": null}),
        ] {
            let wanted = parsed(json!({"messages": [
                {"role": "user", "content": "What day is it?"},
                {"role": "assistant", "content": null, "tool_calls": call},
                tool,
                {"role": "assistant", "content": "Monday."},
                {"role": "user", "content": "How should we price an API?"},
            ]}))
            .unwrap();
            let said: Vec<_> = wanted.ask.history.iter().map(|turn| turn.text.as_str()).collect();
            assert_eq!(said, ["What day is it?", "Monday."]);
            assert_eq!(wanted.ask.question, "How should we price an API?");
            assert!(
                wanted.notes.iter().any(|note| note.contains("tools")),
                "{:?}",
                wanted.notes
            );
        }
        let only = parsed(json!({"messages": [{"role": "tool", "content": "Monday"}]})).unwrap_err();
        assert_eq!(only.param, Some("messages"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field() {
        let user = |content: Value| json!([{"role": "user", "content": content}]);
        for (field, value, param) in [
            ("model", json!("gpt-4o"), "model"),
            ("messages", json!([]), "messages"),
            ("messages", user(json!("  ")), "messages"),
            ("messages", user(json!("x".repeat(MAX_QUESTION_BYTES + 1))), "messages"),
            (
                "messages",
                user(json!([{"type": "image_url", "image_url": {}}])),
                "messages",
            ),
            (
                "messages",
                json!([{"role": "assistant", "content": "Why?"}]),
                "messages",
            ),
            ("messages", json!([{"role": "robot", "content": "Why?"}]), "messages"),
            (
                "messages",
                Value::from(vec![json!({"role": "user", "content": "x"}); 101]),
                "messages",
            ),
            ("temperature", json!(-1), "temperature"),
            ("top_p", json!(0), "top_p"),
            ("seed", json!(-1), "seed"),
            ("max_tokens", json!(0), "max_tokens"),
            ("max_tokens", json!(-2), "max_tokens"),
            ("n", json!(2), "n"),
            ("stop", json!("."), "stop"),
            ("tools", json!([{"type": "function"}]), "tools"),
            ("response_format", json!({"type": "json_object"}), "response_format"),
            ("presence_penalty", json!(0.5), "presence_penalty"),
        ] {
            let bad = asking(field, value.clone()).unwrap_err();
            assert_eq!(bad.param, Some(param), "{value}: {}", bad.message);
        }
        assert_eq!(parse(b"{").unwrap_err().code, "invalid_json");
        assert_eq!(parse(b"{}").unwrap_err().code, "invalid_json");
    }

    #[test]
    fn a_field_that_asks_for_what_happens_anyway_is_no_fault() {
        for (field, value) in [
            ("n", json!(1)),
            ("max_tokens", json!(-1)),
            ("stop", Value::Null),
            ("tools", json!([])),
            ("tool_choice", json!("auto")),
            ("response_format", json!({"type": "text"})),
            ("frequency_penalty", json!(0.0)),
            ("logprobs", json!(false)),
            ("metadata", json!({"a": "b"})),
        ] {
            assert!(asking(field, value.clone()).is_ok(), "{field}: {value}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_question_comes_through_unchanged(question in "\\PC{1,80}") {
            prop_assume!(!question.trim().is_empty());
            let wanted = asking("messages", json!([{"role": "user", "content": question}])).unwrap();
            prop_assert_eq!(wanted.ask.question, question);
        }
    }
}
