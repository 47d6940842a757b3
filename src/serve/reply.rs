//! Builds the JSON objects of replies, in the format of OpenAI's chat completions API.
//!
//! Two fields are added to that format. `sources` holds the citations. `askpm` holds the notes and further fields of
//! the object that `askpm ask --json` prints.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::MODEL;
use super::request::InvalidRequest;
use crate::answer::{Answer, Sentence, gap, headed, marked};
use crate::jobs::{Fault, Refusal, as_json};

/// The identifier and the time that all chunks of a reply share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
}

/// Returns the whole answer as one object.
pub fn completion(stamp: &Stamp, answer: &Answer, notes: &[String]) -> Value {
    json!({
        "id": stamp.id,
        "object": "chat.completion",
        "created": stamp.created,
        "model": MODEL,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answer.answer, "refusal": null},
            "logprobs": null,
            "finish_reason": finish(answer),
        }],
        "usage": usage(answer),
        "sources": answer.citations,
        "askpm": details(answer, notes),
    })
}

/// Why the answer ended, in the API's words.
fn finish(answer: &Answer) -> &'static str {
    match answer.cut {
        true => "length",
        false => "stop",
    }
}

fn usage(answer: &Answer) -> Value {
    let (prompt, written) = (answer.timings.prompt_tokens, answer.timings.generated_tokens);
    json!({"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written})
}

fn details(answer: &Answer, notes: &[String]) -> Value {
    json!({
        "abstained": answer.abstained,
        "mode": answer.mode,
        "lead": as_json(&answer.lead).unwrap_or_default(),
        "sentences": as_json(&answer.sentences).unwrap_or_default(),
        "voices": answer.voices,
        "related": answer.related,
        "further_reading": answer.further_reading,
        "see_also": answer.see_also,
        "corpus": answer.corpus,
        "model": answer.model,
        "timings": answer.timings,
        "notes": notes,
    })
}

fn chunk(stamp: &Stamp, choices: Value) -> Value {
    json!({
        "id": stamp.id,
        "object": "chat.completion.chunk",
        "created": stamp.created,
        "model": MODEL,
        "choices": choices,
    })
}

fn delta(stamp: &Stamp, delta: Value, finish: Value) -> Value {
    chunk(
        stamp,
        json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]),
    )
}

/// Returns the first chunk of a stream.
pub fn opening(stamp: &Stamp) -> Value {
    delta(stamp, json!({"role": "assistant", "content": ""}), Value::Null)
}

/// Returns the chunk for a piece of text.
pub fn piece(stamp: &Stamp, text: &str) -> Value {
    delta(stamp, json!({"content": text}), Value::Null)
}

/// Returns the text of a sentence for a stream, with its marks and the same separators as in [`Answer::answer`].
pub fn text(sentence: &Sentence, first: bool) -> String {
    format!("{}{}{}", gap(sentence, first), headed(sentence), marked(sentence))
}

/// Returns the chunks that end a stream: one with the sources and, if `with_usage`, one with the token counts.
pub fn ending(stamp: &Stamp, answer: &Answer, notes: &[String], with_usage: bool) -> Vec<Value> {
    let mut last = delta(stamp, json!({}), json!(finish(answer)));
    last["sources"] = json!(answer.citations);
    last["askpm"] = details(answer, notes);
    let mut chunks = vec![last];
    if with_usage {
        let mut end = chunk(stamp, json!([]));
        end["usage"] = usage(answer);
        chunks.push(end);
    }
    chunks
}

/// An error reply: the HTTP status and the JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    pub status: StatusCode,
    pub body: Value,
    /// Value of `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &str, message: impl std::fmt::Display) -> ApiError {
        let kind = match status.is_server_error() {
            true => "server_error",
            false => "invalid_request_error",
        };
        let error = json!({"message": message.to_string(), "type": kind, "param": null, "code": code});
        ApiError {
            status,
            body: json!({ "error": error }),
            retry_after: None,
        }
    }

    pub fn again_after(seconds: u64, code: &str, message: impl std::fmt::Display) -> ApiError {
        ApiError {
            retry_after: Some(seconds),
            ..ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
        }
    }
}

/// Returns the error for a request without a valid token. It does not say what is wrong with one that was sent.
pub fn no_token() -> ApiError {
    let message = "this server needs a valid token: send `Authorization: Bearer TOKEN`";
    ApiError::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
}

/// Returns the error for a token that has used up one of its bounds.
pub fn too_many(seconds: u64, message: &str) -> ApiError {
    let mut wrong = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message);
    wrong.body["error"]["type"] = json!("requests");
    wrong.retry_after = Some(seconds);
    wrong
}

impl From<InvalidRequest> for ApiError {
    fn from(bad: InvalidRequest) -> ApiError {
        let status = match bad.code {
            "model_not_found" => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut wrong = ApiError::new(status, bad.code, bad.message);
        wrong.body["error"]["param"] = json!(bad.param);
        wrong
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        match refusal.fault {
            Fault::Request => ApiError::new(StatusCode::BAD_REQUEST, "invalid_value", refusal),
            Fault::Missing => ApiError::new(StatusCode::NOT_FOUND, "not_found", refusal),
            Fault::Cancelled => gone(),
            Fault::Internal => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", refusal),
        }
    }
}

/// Returns the error for an answer that broke off or a queue that was closed.
pub fn gone() -> ApiError {
    ApiError::again_after(
        5,
        "broken_off",
        "the answer was interrupted: the server is stopping or has failed",
    )
}
