//! Queues questions from many clients before the one thread that owns the index and the model.
//!
//! Servers (`serve`, `mcp`) submit jobs. A [`AnswerService`] runs them one after another. If the queue is full, the job is
//! rejected with [`Busy`], which says when to retry. Dropping a job's [`Ticket`] cancels it: it leaves the queue, or
//! stops at the next token. Protocols are the servers' concern.

mod cancel;
mod figures;
mod queue;

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::Listener;
use crate::retrieve::Filters;

pub use crate::engine::Role;
pub use cancel::{Cancel, Cancellable};
pub use figures::{CorpusFigures, Figures};
pub use queue::{Busy, JobQueue, QueueWorker, Ticket};

/// Something that was said before the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub role: Role,
    pub text: String,
}

/// A question and how to answer it. Fields that are `None` use the program's settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    pub question: String,
    /// What was said before, oldest first.
    pub history: Vec<Turn>,
    pub filters: Filters,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub seed: Option<u64>,
    pub max_tokens: Option<usize>,
}

/// What to search for. Fields that are `None` use the program's settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    pub query: String,
    pub top_k: Option<usize>,
    pub filters: Filters,
}

/// An edition in the list of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionEntry {
    pub slug: String,
    pub title: String,
    /// `YYYY-MM-DD`, if it is known.
    pub date: Option<String>,
    /// The titles of its discussions, in order.
    pub discussions: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is invalid.
    Request,
    /// Nothing has that name.
    Missing,
    /// Something failed on this side.
    Internal,
    /// It was cancelled: nobody waits for it, or the queue was closed.
    Cancelled,
}

/// Why a job has no result: a message on one line, and a hint if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub fault: Fault,
    pub message: String,
    pub hint: Option<String>,
}

impl Refusal {
    pub fn new(fault: Fault, message: impl Display) -> Refusal {
        Refusal {
            fault,
            message: message.to_string(),
            hint: None,
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{} (hint: {hint})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Converts `of` to JSON with the numbers that the command line writes. `serde_json::to_value` would turn a 32-bit 0.7
/// into 0.699999988.
pub fn as_json(of: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_string(of)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|error| Refusal::new(Fault::Internal, error))
}

/// Does the work of the queue, and owns what it needs for it.
pub trait AnswerService {
    /// Answers a question and passes sentences on as they are ready. Stops soon after `cancel` is set.
    fn ask(&mut self, ask: &Ask, cancel: &Cancel, listener: &mut dyn Listener) -> Result<Answer, Refusal>;

    /// Returns the object of `askpm search --json`.
    fn search(&mut self, search: &Search) -> Result<Value, Refusal>;

    /// Returns the object of `askpm show --json` for any identifier.
    fn show(&mut self, id: &str) -> Result<Value, Refusal>;

    /// Returns what `askpm show --format md` prints for any identifier.
    fn page(&mut self, id: &str) -> Result<String, Refusal>;

    /// Returns the editions of the corpus, newest first.
    fn editions(&mut self) -> Result<Vec<EditionEntry>, Refusal>;
}
