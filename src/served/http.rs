//! The HTTP client of a served model: sends a request and streams the answer.

mod models;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::Served;
use super::wire::{self, Events, Heard};
use crate::engine::{EngineError, Generation, Stop, Thoughts};
use crate::remote;

/// Longest answer, in bytes of text.
const MAX_TEXT: usize = 256 << 10;

/// Largest body, in bytes, if the response is not a stream.
const MAX_BODY: usize = 1 << 20;

/// How often a caller can stop while the server is silent.
const TICK: Duration = Duration::from_millis(50);

/// A client for one server.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    key: Option<HeaderValue>,
    patience: Duration,
}

type OnPiece<'a> = &'a mut dyn FnMut(&str) -> ControlFlow<()>;

impl Client {
    pub fn new(served: &Served) -> Result<Client, EngineError> {
        let url = address(&served.url)?;
        let fault = |problem: String| fault(&url, problem, None);
        if served.key.is_some() && !remote::may_carry_key(&url) {
            return Err(fault("a key would be sent unprotected to another machine".into()).with_hint("use https"));
        }
        let header = |key: &String| {
            let header = remote::authorization(&format!("Bearer {key}"));
            header.ok_or_else(|| fault("the key has characters that a header cannot hold".into()))
        };
        let key = served.key.as_ref().map(header).transpose()?;
        let http = remote::client(&url, served.patience).build();
        Ok(Client {
            http: http.map_err(|error| fault(plain(error)))?,
            key,
            patience: served.patience,
            url,
        })
    }

    /// Returns the address that requests go to, without user, password and query.
    pub fn address(&self) -> String {
        remote::shown(&self.url)
    }

    pub fn generate(&self, request: &Value, on_piece: OnPiece) -> Result<Generation, EngineError> {
        self.runtime()?.block_on(self.answer(request, on_piece))
    }

    /// Creates a runtime for one request. Dropping it closes its connections, so the server notices at once when an
    /// answer is cancelled.
    fn runtime(&self) -> Result<Runtime, EngineError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| self.fault(error.to_string()))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.header(AUTHORIZATION, key.clone()),
            None => request,
        }
    }

    async fn answer(&self, request: &Value, on_piece: OnPiece<'_>) -> Result<Generation, EngineError> {
        let mut answer = Answer::new(on_piece);
        let post = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json");
        let sent = self.authorized(post).body(request.to_string()).send();
        let Some(response) = self.waiting(sent, &mut answer).await? else {
            return Ok(answer.finish());
        };
        let mut response = response.map_err(|error| self.unreachable(error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let streams = kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"application/json"));
        let (mut events, mut whole) = (Events::default(), Vec::new());
        while !answer.ended() {
            let Some(chunk) = self.waiting(response.chunk(), &mut answer).await? else {
                break;
            };
            match chunk.map_err(|error| self.unreachable(error))? {
                Some(bytes) if streams => self.hear(&mut answer, events.push(&bytes))?,
                Some(bytes) => {
                    whole.extend_from_slice(&bytes);
                    if whole.len() > MAX_BODY {
                        return Err(self.fault(format!("more than {MAX_BODY} bytes")));
                    }
                }
                None if streams && answer.finish.is_none() => {
                    return Err(self.fault("the answer broke off".into()));
                }
                None => break,
            }
        }
        if !streams && !answer.ended() {
            self.hear(&mut answer, wire::heard(&whole))?;
        }
        Ok(answer.finish())
    }

    /// Waits for `future` and fails after `patience`. Returns `None` if the caller stopped meanwhile.
    async fn waiting<T>(
        &self,
        future: impl Future<Output = T>,
        answer: &mut Answer<'_>,
    ) -> Result<Option<T>, EngineError> {
        let began = Instant::now();
        let mut future = std::pin::pin!(future);
        loop {
            if let Ok(done) = timeout(TICK, &mut future).await {
                return Ok(Some(done));
            }
            if began.elapsed() >= self.patience {
                let seconds = self.patience.as_secs_f64();
                return Err(self.fault(format!("the server was silent for {seconds} s")));
            }
            if answer.tick().is_break() {
                return Ok(None);
            }
        }
    }

    fn hear(&self, answer: &mut Answer, heard: Result<Vec<Heard>, String>) -> Result<(), EngineError> {
        let heard = heard.map_err(|problem| self.fault(format!("the server sent {problem}")))?;
        for one in heard {
            if answer.ended() {
                break;
            }
            answer
                .hear(one)
                .map_err(|problem| self.fault(format!("the server stopped: {problem}")))?;
        }
        Ok(())
    }

    /// Describes a response that is not an answer.
    async fn refused(&self, mut response: Response) -> EngineError {
        let status = response.status();
        let mut body = Vec::new();
        while let Ok(Ok(Some(bytes))) = timeout(self.patience, response.chunk()).await {
            body.extend_from_slice(&bytes);
            if body.len() > 4096 {
                break;
            }
        }
        let said = match serde_json::from_slice::<Value>(&body) {
            Ok(value) => wire::message(value.get("error").unwrap_or(&value)),
            Err(_) => remote::one_line(&String::from_utf8_lossy(&body)),
        };
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let hint = match status.as_u16() {
            401 | 403 => Some("set the environment variable that `key_env` of [generator] names to a valid key"),
            404 => Some("check `url` and `model` of [generator] in the settings file"),
            429 | 503 => Some("the server is busy: ask again later, or with -m NAME for a local model"),
            // Servers word the error for a prompt that is too long differently, but all of them mention `context`.
            400 | 413 if said.contains("context") => {
                Some("set `context_length` of [generator] to the tokens that the server has room for")
            }
            300..=399 => Some("write the address that the server redirects to as `url` of [generator]"),
            _ => None,
        };
        fault(&self.url, format!("the server answered {status}{said}"), hint)
    }

    fn unreachable(&self, error: reqwest::Error) -> EngineError {
        let hint = "start the server, or ask with -m NAME for a local model, or with -m none";
        fault(&self.url, plain(error), Some(hint))
    }

    fn fault(&self, problem: String) -> EngineError {
        fault(&self.url, problem, None)
    }
}

/// Returns the address of chat completions under `url`.
fn address(url: &str) -> Result<Url, EngineError> {
    let whole = format!("{}/chat/completions", url.trim_end_matches('/'));
    remote::server(&whole).ok_or_else(|| EngineError::Served {
        url: "[generator] url".into(),
        problem: "it is not an http or https address".into(),
        hint: Some("url = \"http://127.0.0.1:8080/v1\"".into()),
    })
}

fn fault(url: &Url, problem: String, hint: Option<&str>) -> EngineError {
    EngineError::Served {
        url: remote::shown(url),
        problem,
        hint: hint.map(str::to_string),
    }
}

/// Returns the innermost cause on one line, without the address.
fn plain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".into();
    }
    remote::cause(&error.without_url())
}

/// An answer in progress.
struct Answer<'a> {
    on_piece: OnPiece<'a>,
    thoughts: Thoughts,
    text: String,
    pieces: usize,
    usage: Option<(usize, usize, usize)>,
    finish: Option<Stop>,
    done: bool,
    began: Instant,
    first: Option<Instant>,
    last: Instant,
}

impl<'a> Answer<'a> {
    fn new(on_piece: OnPiece<'a>) -> Self {
        Answer {
            on_piece,
            thoughts: Thoughts::default(),
            text: String::new(),
            pieces: 0,
            usage: None,
            finish: None,
            done: false,
            began: Instant::now(),
            first: None,
            last: Instant::now(),
        }
    }

    fn ended(&self) -> bool {
        self.done || self.finish == Some(Stop::Caller)
    }

    fn tick(&mut self) -> ControlFlow<()> {
        let flow = (self.on_piece)("");
        if flow.is_break() {
            self.finish = Some(Stop::Caller);
        }
        flow
    }

    fn hear(&mut self, heard: Heard) -> Result<(), String> {
        match heard {
            Heard::Text(text) => {
                self.last = Instant::now();
                self.first.get_or_insert(self.last);
                self.pieces += 1;
                let text = self.thoughts.push(&text);
                return self.hand_on(&text);
            }
            Heard::Finish(reason) => {
                self.finish = Some(match reason.as_str() {
                    "length" => Stop::MaxTokens,
                    _ => Stop::EndToken,
                });
            }
            Heard::Usage {
                prompt,
                cached,
                written,
            } => self.usage = Some((prompt, cached, written)),
            Heard::Error(problem) => return Err(problem),
            Heard::Done => {
                self.done = true;
                self.finish.get_or_insert(Stop::EndToken);
            }
        }
        Ok(())
    }

    fn hand_on(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        self.text.push_str(text);
        if self.text.len() > MAX_TEXT {
            return Err(format!("more than {MAX_TEXT} bytes of text"));
        }
        if (self.on_piece)(text).is_break() {
            self.finish = Some(Stop::Caller);
        }
        Ok(())
    }

    fn finish(mut self) -> Generation {
        let held = std::mem::take(&mut self.thoughts).finish();
        if !self.ended() || self.done {
            // The answer has ended, so a request to stop changes nothing, and the text exceeds its bound by less than a
            // piece.
            let _ = self.hand_on(&held);
        }
        let (prompt_tokens, cached_tokens, generated_tokens) = self.usage.unwrap_or((0, 0, self.pieces));
        let first = self.first.unwrap_or(self.last);
        Generation {
            text: self.text,
            prompt_tokens,
            cached_tokens,
            generated_tokens,
            prefill: first.duration_since(self.began),
            first_token: first.duration_since(self.began),
            decode: self.last.duration_since(first),
            stop: self.finish.unwrap_or(Stop::EndToken),
        }
    }
}
