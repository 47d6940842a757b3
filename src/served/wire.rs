//! The wire format: the JSON of a request, and the events of an answer.
//!
//! No bytes from a server can cause a panic or unbounded growth.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::{Message, Sampling};
use crate::remote;

/// Longest line of an event stream, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Returns the request for a streamed chat completion.
pub fn request(model: &str, messages: &[Message], sampling: &Sampling) -> Value {
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| json!({"role": message.role.name(), "content": message.content}))
        .collect();
    json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": sampling.temperature.max(0.0),
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "max_tokens": sampling.max_tokens,
    })
}

/// What an event of the stream says. One event can say several things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// Why the choice ended.
    Finish(String),
    Usage {
        prompt: usize,
        cached: usize,
        written: usize,
    },
    Error(String),
    /// The stream has ended.
    Done,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, alias = "message")]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: usize,
    #[serde(default)]
    completion_tokens: usize,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<usize>,
}

/// Parses a JSON object from a server: a chunk of a stream, or a whole completion.
///
/// # Errors
/// The JSON is not such an object; the reason is one line.
pub fn heard(json: &[u8]) -> Result<Vec<Heard>, String> {
    let chunk: Chunk = serde_json::from_slice(json).map_err(|error| format!("no chat completion: {error}"))?;
    if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
        return Ok(vec![Heard::Error(message(&error))]);
    }
    let mut all = Vec::new();
    // The request asks for only one choice.
    if let Some(choice) = chunk.choices.into_iter().next() {
        let text = choice
            .delta
            .and_then(|delta| delta.content)
            .filter(|text| !text.is_empty());
        all.extend(text.map(Heard::Text));
        all.extend(choice.finish_reason.map(Heard::Finish));
    }
    all.extend(chunk.usage.map(|usage| Heard::Usage {
        prompt: usage.prompt_tokens,
        cached: usage.prompt_tokens_details.and_then(|d| d.cached_tokens).unwrap_or(0),
        written: usage.completion_tokens,
    }));
    Ok(all)
}

/// Returns the names in a list of models, or `None` if it is not such a list.
pub fn models(json: &[u8]) -> Option<Vec<String>> {
    let listed: Value = serde_json::from_slice(json).ok()?;
    let data = listed.get("data")?.as_array()?;
    let names = data.iter().filter_map(|model| model.get("id")?.as_str());
    Some(names.map(remote::one_line).collect())
}

/// Returns the message of any server's error object, on one short line.
pub fn message(error: &Value) -> String {
    let text = error
        .get("message")
        .or_else(|| error.get("error"))
        .and_then(Value::as_str)
        .or_else(|| error.as_str())
        .map_or_else(|| error.to_string(), str::to_string);
    remote::one_line(&text)
}

/// Splits bytes into server-sent events, as far as chat completions use them.
#[derive(Default)]
pub struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// Parses the events that `bytes` complete.
    ///
    /// # Errors
    /// An event is not a chunk of a completion, or a line is too long.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Heard>, String> {
        self.rest.extend_from_slice(bytes);
        let mut all = Vec::new();
        let mut from = 0;
        while let Some(length) = self.rest[from..].iter().position(|byte| *byte == b'\n') {
            all.extend(line(&self.rest[from..from + length])?);
            from += length + 1;
        }
        self.rest.drain(..from);
        if self.rest.len() > MAX_LINE {
            return Err(format!("a line of more than {MAX_LINE} bytes"));
        }
        Ok(all)
    }
}

fn line(line: &[u8]) -> Result<Vec<Heard>, String> {
    // Comments, other fields and the blank lines between events carry no text.
    let Some(data) = line.strip_prefix(b"data:") else {
        return Ok(Vec::new());
    };
    match data.trim_ascii() {
        b"" => Ok(Vec::new()),
        b"[DONE]" => Ok(vec![Heard::Done]),
        json => heard(json),
    }
}
