//! Routes a request by path and method, and submits questions to the queue.
//!
//! Every request gets a response: each error has an HTTP status.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::body::{Events, Reply, Said};
use super::reply::gone;
use super::reply::{self, ApiError};
use super::request::{self, ChatRequest};
use super::{MODEL, Server, guard, page};
use crate::answer::Sentence;
use crate::ask::Listener;
use crate::jobs::{AnswerService, Cancel, Ticket};

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
    let response = match route(server, request).await {
        Ok(response) => response,
        Err(wrong) => refused(wrong),
    };
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    (server.log)(&format!("{line} {status} after {seconds:.3} s"));
    Ok(guarded(response))
}

async fn route<B>(server: &Server, request: Request<B>) -> Result<Response<Reply>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    guard::check(request.headers(), request.uri().authority())
        .map_err(|stranger| ApiError::new(StatusCode::FORBIDDEN, "forbidden", stranger))?;
    let path = request.uri().path();
    // As OpenAI-compatible servers do.
    let path = match path.strip_suffix('/') {
        Some(without) if path.starts_with("/v1/") => without.to_string(),
        _ => path.to_string(),
    };
    let head_or_get = matches!(*request.method(), Method::GET | Method::HEAD);
    match path.as_str() {
        "/v1/chat/completions" if *request.method() == Method::POST => {
            let bytes = read(server, request.into_body()).await?;
            complete(server, request::parse(&bytes)?).await
        }
        "/v1/models" if head_or_get => Ok(json_reply(&models(server))),
        "/v1/models/askpm" if head_or_get => Ok(json_reply(&model(server))),
        "/healthz" if head_or_get => Ok(json_reply(&health(server))),
        other => match page::file(other) {
            Some(file) if head_or_get => Ok(typed(Reply::from(file.text), file.kind)),
            Some(_) => Err(not_allowed()),
            None if matches!(
                other,
                "/v1/chat/completions" | "/v1/models" | "/v1/models/askpm" | "/healthz"
            ) =>
            {
                Err(not_allowed())
            }
            None => Err(ApiError::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("there is no {other}"),
            )),
        },
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
async fn complete(server: &Server, wanted: ChatRequest) -> Result<Response<Reply>, ApiError> {
    let ChatRequest {
        ask,
        stream,
        usage,
        mut notes,
    } = wanted;
    let (say, mut said) = unbounded_channel();
    let job = move |service: &mut (dyn AnswerService + 'static), cancel: &Cancel| {
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
        // The client may have disconnected.
        let _ = say.send(last);
    };
    let ticket = server.queue.submit(job).map_err(|busy| {
        let message = "the queue is full: try again later";
        ApiError::again_after(busy.retry_after, "busy", message)
    })?;
    let stamp = server.stamp();
    if !stream {
        return whole(said, ticket, &mut notes)
            .await
            .map(|answer| json_reply(&reply::completion(&stamp, &answer, &notes)));
    }
    let first = loop {
        match said.recv().await {
            Some(Said::Note(note)) => notes.push(note),
            Some(Said::Refused(refusal)) => return Err(refusal.into()),
            Some(first) => break first,
            None => return Err(gone()),
        }
    };
    let mut events = Events::new(stamp, notes, usage, said, ticket);
    events.hear(Some(first));
    Ok(typed(
        Reply::Events(Box::new(events)),
        "text/event-stream; charset=utf-8",
    ))
}

async fn whole(
    mut said: UnboundedReceiver<Said>,
    _ticket: Ticket<dyn AnswerService>,
    notes: &mut Vec<String>,
) -> Result<Box<crate::answer::Answer>, ApiError> {
    loop {
        match said.recv().await {
            Some(Said::Done(answer)) => return Ok(answer),
            Some(Said::Refused(refusal)) => return Err(refusal.into()),
            Some(Said::Note(note)) => notes.push(note),
            Some(Said::Piece(_)) => {}
            None => return Err(gone()),
        }
    }
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
