//! How a command ends: what is said on standard error, and the exit status.
//!
//! In: the typed errors of the library. Out: a [`Failure`] of one line and a hint, or an [`Exit`]. It must not know
//! how any command works.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use super::nearest;
use crate::ask::AskError;
use crate::chat::StoreError;
use crate::corpus::CorpusError;
use crate::engine::EngineError;
use crate::index::IndexError;
use crate::models::ModelError;
use crate::render::sanitise;
use crate::retrieve::RetrieveError;

/// How a command that did not fail ended. The numbers are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// Done, and what was looked at is not in order (`doctor`, `models verify`), or some of a batch failed.
    Failed = 1,
    /// Nothing in the corpus answers the question.
    NoAnswer = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command stopped.
#[derive(Debug)]
pub enum Failure {
    /// To be told: `askpm: what: why`, then `hint: …`.
    Told { message: String, hint: Option<String> },
    /// The command line is wrong in a way that its grammar cannot say.
    Usage(String),
    /// The reader of the output went away: nothing to tell.
    ClosedPipe,
}

impl Failure {
    pub fn new(what: impl Display, why: impl Display) -> Self {
        Failure::Told {
            message: format!("{what}: {why}"),
            hint: None,
        }
    }

    pub fn usage(message: &str) -> Self {
        Failure::Usage(message.to_string())
    }

    pub fn hinted(self, text: impl Into<String>) -> Self {
        match self {
            Failure::Told { message, .. } => Failure::Told {
                message,
                hint: Some(text.into()),
            },
            other => other,
        }
    }

    pub(super) fn with(message: String, hint: Option<String>) -> Self {
        Failure::Told { message, hint }
    }

    /// What is printed: one line, and perhaps a line with the way out.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Failure::ClosedPipe => Vec::new(),
            Failure::Usage(message) => vec![
                format!("error: {message}"),
                "For more information, try '--help'.".into(),
            ],
            Failure::Told { message, hint } => {
                let mut lines = vec![format!("askpm: {}", sanitise::line(message))];
                lines.extend(hint.iter().map(|hint| format!("hint: {}", sanitise::line(hint))));
                lines
            }
        }
    }

    /// A closed pipe ends the program quietly.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::ClosedPipe => Exit::Done.into(),
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Told { .. } => Exit::Failed.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ClosedPipe;
        }
        Failure::new("output", error)
    }
}

impl From<CorpusError> for Failure {
    fn from(error: CorpusError) -> Self {
        let hint = "name a folder of editions with --corpus DIR, or leave --corpus out for the built-in ones";
        Failure::with(error.to_string(), Some(hint.into()))
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        let elsewhere = || "set XDG_CACHE_HOME to a folder that you can write to".to_string();
        let hint = error.hint().or_else(|| Some(elsewhere()));
        Failure::with(error.to_string(), hint)
    }
}

impl From<RetrieveError> for Failure {
    fn from(error: RetrieveError) -> Self {
        let hint = error.hint();
        Failure::with(error.to_string(), hint)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let near = match &error {
            ModelError::Unknown { name, known } => nearest::did_you_mean(name, known.iter().map(String::as_str)),
            _ => String::new(),
        };
        let hint = error.hint().map(|hint| near + &hint);
        Failure::with(error.to_string(), hint)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let hint = error.hint();
        Failure::with(error.to_string(), hint)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hint = error.hint();
        Failure::with(error.to_string(), Some(hint))
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Empty => Failure::with(error.to_string(), Some("askpm \"How do I become an AI/ML PM?\"".into())),
            AskError::TooLong(_) => Failure::with(error.to_string(), Some("ask it in a few sentences".into())),
            AskError::Retrieve(error) => error.into(),
            AskError::Engine(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_a_line_and_a_hint_without_escape_sequences() {
        let failure = Failure::new("a\u{1b}[2Jb", "no\nsuch file").hinted("look");
        assert_eq!(failure.lines(), ["askpm: a\u{fffd}[2Jb: no such file", "hint: look"]);
    }

    #[test]
    fn a_closed_pipe_says_nothing() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(failure, Failure::ClosedPipe) && failure.lines().is_empty());
        assert!(matches!(
            Failure::from(io::Error::from(io::ErrorKind::StorageFull)),
            Failure::Told { .. }
        ));
    }

    #[test]
    fn statuses_are_those_of_the_contract() {
        assert_eq!([Exit::Done as u8, Exit::Failed as u8, Exit::NoAnswer as u8], [0, 1, 3]);
    }
}
