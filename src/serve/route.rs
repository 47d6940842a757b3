//! Routes a request by path and method, and submits questions to the queue.
//!
//! Every request gets a response: each error has an HTTP status.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::body::{Events, Reply, Said};
use super::bounds::TooMany;
use super::guard::{self, Called};
use super::outcome::Outcome;
use super::record::{Record, given_id};
use super::reply::{self, ApiError, gone, no_token, too_many};
use super::request::{self, ChatRequest};
use super::{MODEL, Server, metrics, page};
use crate::answer::Sentence;
use crate::ask::Listener;
use crate::jobs::{AnswerService, Cancel, Refusal, Ticket};

/// Longest time for a request's body to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Answers one request.
pub async fn answer<B>(server: &Server, request: Request<B>) -> Result<Response<Reply>, Infallible>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let started = Instant::now();
    let line = format!("{} {}", request.method(), request.uri().path());
    let id = given_id(request.headers()).map_or_else(|| server.request_id(), str::to_string);
    let mut record = Record::begin(&server.watch, id, request.method());
    let mut response = match route(server, request, &mut record).await {
        Ok(response) => response,
        Err(wrong) => refused(wrong),
    };
    if let Ok(id) = HeaderValue::from_str(record.id()) {
        response.headers_mut().insert("x-request-id", id);
    }
    record.replied(response.status().as_u16());
    if let Reply::Events(events) = response.body_mut() {
        events.carry(record);
    }
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    if let Some(detail) = &server.detail {
        detail(&format!("{line} {status} after {seconds:.3} s"));
    }
    Ok(guarded(response))
}

async fn route<B>(server: &Server, request: Request<B>, record: &mut Record) -> Result<Response<Reply>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let called = guard::check(request.headers(), request.uri().authority(), &server.hosts)
        .map_err(|stranger| ApiError::new(StatusCode::FORBIDDEN, "forbidden", stranger))?;
    let path = request.uri().path();
    // As OpenAI-compatible servers do.
    let path = match path.strip_suffix('/') {
        Some(without) if path.starts_with("/v1/") => without.to_string(),
        _ => path.to_string(),
    };
    record.route = known(&path);
    let token = permit(server, record, called, request.headers())?;
    let head_or_get = matches!(*request.method(), Method::GET | Method::HEAD);
    match path.as_str() {
        "/v1/chat/completions" if *request.method() == Method::POST => {
            let bytes = read(server, request.into_body()).await?;
            complete(server, request::parse(&bytes)?, token, record).await
        }
        "/v1/models" if head_or_get => Ok(json_reply(&models(server))),
        "/v1/models/askpm" if head_or_get => Ok(json_reply(&model(server))),
        "/healthz" if head_or_get => Ok(json_reply(&health(server))),
        "/metrics" if head_or_get => {
            let text = server.watch.metrics.text(server.queue.load(), &server.corpus.get());
            let failed = |error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", error);
            Ok(typed(Reply::from(text.map_err(failed)?), metrics::MEDIA_TYPE))
        }
        "/" if head_or_get => Ok(typed(Reply::from(server.page.clone()), page::HTML)),
        other => match page::file(other) {
            Some(file) if head_or_get => Ok(typed(Reply::from(file.text), file.kind)),
            _ if record.route != "other" => Err(not_allowed()),
            _ => Err(ApiError::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("there is no {other}"),
            )),
        },
    }
}

/// Returns `path` if the server has it, else `other`.
fn known(path: &str) -> &'static str {
    const KNOWN: [&str; 8] = [
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/askpm",
        "/healthz",
        "/metrics",
        "/",
        "/page.js",
        "/page.css",
    ];
    KNOWN.into_iter().find(|known| *known == path).unwrap_or("other")
}

/// Returns the number of the token that the request has. Without tokens, all requests count as one.
///
/// The page and the state of the server are open to all, because neither has anything of the corpus. So are the figures,
/// for a program on this machine.
fn permit(server: &Server, record: &mut Record, called: Called, headers: &HeaderMap) -> Result<usize, ApiError> {
    if server.tokens.is_empty() {
        return Ok(0);
    }
    let token = server.tokens.find(headers);
    record.token = token.and_then(|token| server.tokens.name(token)).map(str::to_string);
    let open = match record.route {
        "/v1/chat/completions" | "/v1/models" | "/v1/models/askpm" => false,
        "/metrics" => server.loopback && called == Called::Local,
        _ => true,
    };
    match (token, open) {
        (Some(token), _) => Ok(token),
        (None, true) => Ok(0),
        (None, false) => Err(no_token()),
    }
}

fn not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "use POST for chat completions and GET for everything else",
    )
}

/// Reads the whole body, within the limits of size and time.
async fn read<B>(server: &Server, body: B) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let most = server.limits.body_bytes;
    let too_large = || {
        let message = format!("the body is larger than {most} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    match timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "broken_off",
            "the body ended early",
        )),
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the body took too long",
        )),
    }
}

/// Has the queue answer the question.
///
/// Nothing is sent before the first sentence, so that an earlier error gets its own HTTP status.
async fn complete(
    server: &Server,
    wanted: ChatRequest,
    token: usize,
    record: &mut Record,
) -> Result<Response<Reply>, ApiError> {
    let ChatRequest {
        ask,
        stream,
        usage,
        mut notes,
    } = wanted;
    record.asks(&ask.question, Arc::clone(&server.answering).try_acquire_owned().ok());
    record.ended(Outcome::Rejected);
    let pass = server
        .bounds
        .admit(token, Instant::now())
        .map_err(|bound| match bound {
            TooMany::AtOnce => too_many(server.queue.next_done(), "too many questions of this token at a time"),
            TooMany::Rate { seconds } => too_many(seconds, "too many questions in a minute"),
        })?;
    let (say, mut said) = unbounded_channel();
    let submitted = Instant::now();
    let job = move |service: &mut (dyn AnswerService + 'static), cancel: &Cancel| {
        let _ = say.send(Said::Began(submitted.elapsed()));
        let mut teller = Teller {
            say: &say,
            cancel,
            first: true,
        };
        let last = match service.ask(&ask, cancel, &mut teller) {
            Ok(answer) => {
                if teller.first {
                    // An abstention has no sentences, so its text is sent instead.
                    let _ = say.send(Said::Piece(answer.answer.clone()));
                }
                Said::Done(Box::new(answer))
            }
            Err(refusal) => Said::Refused(refusal),
        };
        // Before the client can ask again.
        drop(pass);
        // The client may have disconnected.
        let _ = say.send(last);
    };
    let ticket = server.queue.submit(job).map_err(|busy| {
        server.bounds.refund(token);
        if busy.closed {
            return gone();
        }
        let message = "the queue is full: try again later";
        ApiError::again_after(busy.retry_after, "busy", message)
    })?;
    record.waits();
    let stamp = server.stamp();
    if !stream {
        return whole(said, ticket, &mut notes, record)
            .await
            .map(|answer| json_reply(&reply::completion(&stamp, &answer, &notes)));
    }
    let first = loop {
        match said.recv().await {
            Some(Said::Began(wait)) => record.runs(wait),
            Some(Said::Note(note)) => notes.push(note),
            Some(Said::Refused(refusal)) => return Err(failed(record, refusal)),
            Some(first) => break first,
            None => return Err(dropped(record)),
        }
    };
    let events = Events::new(stamp, notes, usage, said, ticket, first);
    Ok(typed(
        Reply::Events(Box::new(events)),
        "text/event-stream; charset=utf-8",
    ))
}

async fn whole(
    mut said: UnboundedReceiver<Said>,
    _ticket: Ticket<dyn AnswerService>,
    notes: &mut Vec<String>,
    record: &mut Record,
) -> Result<Box<crate::answer::Answer>, ApiError> {
    loop {
        match said.recv().await {
            Some(Said::Done(answer)) => {
                record.ended(Outcome::of(&answer));
                return Ok(answer);
            }
            Some(Said::Began(wait)) => record.runs(wait),
            Some(Said::Refused(refusal)) => return Err(failed(record, refusal)),
            Some(Said::Note(note)) => notes.push(note),
            Some(Said::Piece(_)) => {}
            None => return Err(dropped(record)),
        }
    }
}

fn failed(record: &mut Record, refusal: Refusal) -> ApiError {
    record.ended(Outcome::of_refusal(&refusal));
    refusal.into()
}

fn dropped(record: &mut Record) -> ApiError {
    record.dropped();
    gone()
}

/// Passes sentences from the queue's thread to the server's.
struct Teller<'a> {
    say: &'a UnboundedSender<Said>,
    cancel: &'a Cancel,
    first: bool,
}

impl Listener for Teller<'_> {
    fn sentence(&mut self, sentence: &Sentence) -> ControlFlow<()> {
        self.cancel.flow()?;
        let piece = reply::text(sentence, std::mem::take(&mut self.first));
        match self.say.send(Said::Piece(piece)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn note(&mut self, text: &str) {
        let _ = self.say.send(Said::Note(text.to_string()));
    }
}

fn model(server: &Server) -> Value {
    json!({"id": MODEL, "object": "model", "created": server.created, "owned_by": "askpm"})
}

fn models(server: &Server) -> Value {
    json!({"object": "list", "data": [model(server)]})
}

fn health(server: &Server) -> Value {
    let (waiting, running) = server.queue.load();
    json!({
        "status": "ok",
        "model": server.writes_with,
        "queue": {"waiting": waiting, "places": server.queue.places(), "running": running},
    })
}

fn typed(body: Reply, kind: &'static str) -> Response<Reply> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn json_reply(value: &Value) -> Response<Reply> {
    typed(Reply::from(format!("{value}\n")), "application/json")
}

fn refused(wrong: ApiError) -> Response<Reply> {
    let mut response = json_reply(&wrong.body);
    *response.status_mut() = wrong.status;
    if let Some(seconds) = wrong.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if wrong.status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"askpm\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if wrong.status == StatusCode::PAYLOAD_TOO_LARGE || wrong.status == StatusCode::REQUEST_TIMEOUT {
        // The rest of the body is not read, so the connection cannot be used again.
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Adds the security headers that every reply carries.
///
/// They forbid browsers from loading content of other sites, showing the page in a frame, guessing content types,
/// sending a referrer and storing the reply.
fn guarded(mut response: Response<Reply>) -> Response<Reply> {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
