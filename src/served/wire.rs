//! What goes over the wire: the request's JSON, and the events of the answer.
//!
//! In: messages and sampling; bytes of a server. Out: a JSON value; [`Heard`] events. No byte of a server can make it
//! panic or grow without bound.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::{Message, Sampling};
use crate::remote;

/// Longest line of an event stream, in bytes.
const MAX_LINE: usize = 1 << 20;

/// The request of a streamed chat completion.
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

/// What an event of the stream says.
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
    /// The stream is at its end.
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

/// What one JSON object of a server says: a chunk of a stream, or a whole completion.
///
/// # Errors
/// It is no such object; the reason is one line.
pub fn heard(json: &[u8]) -> Result<Vec<Heard>, String> {
    let chunk: Chunk = serde_json::from_slice(json).map_err(|error| format!("no chat completion: {error}"))?;
    if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
        return Ok(vec![Heard::Error(message(&error))]);
    }
    let mut all = Vec::new();
    // Only the first choice is asked for.
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

/// The names in a list of models; `None` if it is no such list.
pub fn models(json: &[u8]) -> Option<Vec<String>> {
    let listed: Value = serde_json::from_slice(json).ok()?;
    let data = listed.get("data")?.as_array()?;
    let names = data.iter().filter_map(|model| model.get("id")?.as_str());
    Some(names.map(remote::one_line).collect())
}

/// The message of an error object of any server, on one short line.
pub fn message(error: &Value) -> String {
    let text = error
        .get("message")
        .or_else(|| error.get("error"))
        .and_then(Value::as_str)
        .or_else(|| error.as_str())
        .map_or_else(|| error.to_string(), str::to_string);
    remote::one_line(&text)
}

/// Cuts bytes into events by the rules of server-sent events, as far as chat completions use them.
#[derive(Default)]
pub struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// What the events that are whole with `bytes` say.
    ///
    /// # Errors
    /// An event that is no chunk of a completion, or a line that is too long.
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
    // Comments, other fields and the blank lines between events say nothing.
    let Some(data) = line.strip_prefix(b"data:") else {
        return Ok(Vec::new());
    };
    match data.trim_ascii() {
        b"" => Ok(Vec::new()),
        b"[DONE]" => Ok(vec![Heard::Done]),
        json => heard(json),
    }
}

/// Keeps back what a model thinks aloud in front of its answer, between `<think>` and `</think>`.
#[derive(Default)]
pub struct Thoughts {
    held: String,
    past: bool,
}

const OPENS: &str = "<think>";
const CLOSES: &str = "</think>";

impl Thoughts {
    /// The part of the text so far that belongs to the answer and was not handed on yet.
    pub fn push(&mut self, text: &str) -> String {
        if self.past {
            return text.to_string();
        }
        self.held.push_str(text);
        let start = self.held.trim_start();
        if let Some(thought) = start.strip_prefix(OPENS) {
            let Some((_, after)) = thought.split_once(CLOSES) else {
                // Only as much is kept as tells where the thought ends.
                let keep = thought.char_indices().rev().nth(CLOSES.len()).map_or(0, |(at, _)| at);
                self.held = format!("{OPENS}{}", &thought[keep..]);
                return String::new();
            };
            let after = after.trim_start().to_string();
            self.past = !after.is_empty();
            self.held = String::new();
            return after;
        }
        if OPENS.starts_with(start) {
            return String::new();
        }
        self.past = true;
        std::mem::take(&mut self.held)
    }

    /// What was held back and turned out to be no thought.
    pub fn finish(self) -> String {
        match self.held.trim_start().starts_with(OPENS) {
            true => String::new(),
            false => self.held,
        }
    }
}
