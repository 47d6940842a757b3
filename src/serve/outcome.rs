//! Says how a question ended, in few words, for the log and the metrics.

use crate::answer::Answer;
use crate::jobs::{Fault, Refusal};

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    /// The corpus does not answer it, but has related discussions.
    Related,
    Nothing,
    Error,
    /// The client left, or the server stopped.
    Cancelled,
    /// A bound was reached, or the server was stopping.
    Rejected,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Answered,
        Outcome::Related,
        Outcome::Nothing,
        Outcome::Error,
        Outcome::Cancelled,
        Outcome::Rejected,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Related => "related",
            Outcome::Nothing => "nothing",
            Outcome::Error => "error",
            Outcome::Cancelled => "cancelled",
            Outcome::Rejected => "rejected",
        }
    }

    pub fn is_answer(self) -> bool {
        matches!(self, Outcome::Answered | Outcome::Related | Outcome::Nothing)
    }

    pub fn of(answer: &Answer) -> Outcome {
        match (answer.abstained, answer.related.is_empty()) {
            (false, _) => Outcome::Answered,
            (true, false) => Outcome::Related,
            (true, true) => Outcome::Nothing,
        }
    }

    pub fn of_refusal(refusal: &Refusal) -> Outcome {
        match refusal.fault {
            Fault::Cancelled => Outcome::Cancelled,
            _ => Outcome::Error,
        }
    }
}
