//! One desk for many who ask: a bounded queue before the one thread that owns the index and the model.
//!
//! In: jobs from servers (`serve`, `mcp`), as many as there are places. Out: each job run, one after another, by a
//! [`Clerk`]; or [`Busy`], with the time after which to ask again. A job whose [`Ticket`] is dropped is cancelled: it
//! leaves the queue, or stops at the next token. It must not know of protocols.

mod cancel;
mod queue;

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::Listener;
use crate::retrieve::Filters;

pub use crate::engine::Role;
pub use cancel::{Cancel, Cancellable};
pub use queue::{Busy, Desk, Seat, Ticket};

/// Something that was said before the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub role: Role,
    pub text: String,
}

/// A question and how to answer it. What is `None` is as the program was started.
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

/// What to search for. What is `None` is as the program was started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    pub query: String,
    pub top_k: Option<usize>,
    pub filters: Filters,
}

/// Whose fault it is that there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request cannot be honoured as it is.
    Request,
    /// There is nothing of that name.
    Missing,
    /// Something here does not work.
    Here,
    /// It was cancelled: nobody waits for it, or the desk was closed.
    Cancelled,
}

/// Why a job has no result: one line, and the way out where there is one.
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

/// `of` as the command line writes it. Not by way of `serde_json::to_value`, which makes 0.699999988 of a 0.7 in 32 bits.
pub fn as_json(of: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_string(of)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|error| Refusal::new(Fault::Here, error))
}

/// Who sits at the desk: owns what answering needs.
pub trait Clerk {
    /// Answers, and hands sentences on as they come; stops soon after `cancel` is set.
    fn ask(&mut self, ask: &Ask, cancel: &Cancel, listener: &mut dyn Listener) -> Result<Answer, Refusal>;

    /// The object of `askpm search --json`.
    fn search(&mut self, search: &Search) -> Result<Value, Refusal>;

    /// The object of `askpm show --json` for an edition, a discussion, an answer or a resource.
    fn show(&mut self, id: &str) -> Result<Value, Refusal>;
}
