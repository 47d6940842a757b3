//! Defines the body of a reply: complete bytes, or server-sent events while the answer is written.
//!
//! If a client disconnects, hyper drops the stream and its ticket with it, which cancels the answer.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::outcome::Outcome;
use super::record::Record;
use super::reply::{self, ApiError, Stamp};
use crate::answer::Answer;
use crate::jobs::{AnswerService, Refusal, Ticket};

/// A message from the queue while it answers.
#[derive(Debug)]
pub enum Said {
    /// The question left the queue after this time.
    Began(Duration),
    /// The next piece of text.
    Piece(String),
    /// Something that the reader should know in addition to the answer.
    Note(String),
    Done(Box<Answer>),
    Refused(Refusal),
}

/// The body of every reply.
pub enum Reply {
    Whole(Option<Bytes>),
    Events(Box<Events>),
}

impl<T: Into<Bytes>> From<T> for Reply {
    fn from(whole: T) -> Reply {
        Reply::Whole(Some(whole.into()))
    }
}

/// An answer as a stream of server-sent events.
pub struct Events {
    said: UnboundedReceiver<Said>,
    stamp: Stamp,
    notes: Vec<String>,
    usage: bool,
    ready: VecDeque<Bytes>,
    ended: bool,
    /// What was said before the head of the reply was sent.
    first: Option<Said>,
    /// Ends with the stream.
    record: Option<Record>,
    _ticket: Ticket<dyn AnswerService>,
}

impl Events {
    pub fn new(
        stamp: Stamp,
        notes: Vec<String>,
        usage: bool,
        said: UnboundedReceiver<Said>,
        ticket: Ticket<dyn AnswerService>,
        first: Said,
    ) -> Events {
        Events {
            ready: VecDeque::from([event(&reply::opening(&stamp))]),
            said,
            stamp,
            notes,
            usage,
            ended: false,
            first: Some(first),
            record: None,
            _ticket: ticket,
        }
    }

    /// Turns a message into events. `None` means that the queue dropped the job.
    fn hear(&mut self, said: Option<Said>) {
        match said {
            Some(Said::Began(wait)) => self.note(|record| record.runs(wait)),
            Some(Said::Piece(text)) => self.ready.push_back(event(&reply::piece(&self.stamp, &text))),
            Some(Said::Note(note)) => self.notes.push(note),
            Some(Said::Done(answer)) => {
                self.note(|record| record.ended(Outcome::of(&answer)));
                let chunks = reply::ending(&self.stamp, &answer, &self.notes, self.usage);
                self.ready.extend(chunks.iter().map(event));
                self.ready.push_back(Bytes::from_static(b"data: [DONE]\n\n"));
                self.ended = true;
            }
            Some(Said::Refused(refusal)) => {
                self.note(|record| record.ended(Outcome::of_refusal(&refusal)));
                self.fail(ApiError::from(refusal));
            }
            None => {
                self.note(Record::dropped);
                self.fail(reply::gone());
            }
        }
    }

    /// Takes over the record of the request, which ends with the last byte.
    pub fn carry(&mut self, record: Record) {
        self.record = Some(record);
    }

    fn note(&mut self, of: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            of(record);
        }
    }

    /// Ends the stream with an error event, because the HTTP status has been sent already.
    fn fail(&mut self, wrong: ApiError) {
        self.ready.push_back(event(&wrong.body));
        self.ended = true;
    }
}

/// Formats a value as a server-sent event. Compact JSON has no line breaks, so one `data` line is enough.
fn event(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let events = match self.get_mut() {
            Reply::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Reply::Events(events) => events,
        };
        loop {
            if let Some(bytes) = events.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if events.ended {
                return Poll::Ready(None);
            }
            if let Some(first) = events.first.take() {
                events.hear(Some(first));
                continue;
            }
            match events.said.poll_recv(cx) {
                Poll::Ready(said) => events.hear(said),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Reply::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Reply::Events(_) => SizeHint::default(),
        }
    }
}
