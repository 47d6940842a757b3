//! Maps typed library errors to what a command prints on standard error and to its exit status.
//!
//! A failure is one line, `askpm: cannot X: cause`, and an optional `hint:` line.

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

/// How a command that did not fail ended. The numbers are part of askpm's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// The command ran and found a problem (`doctor`, `models verify`), or a part of a batch failed.
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
    /// Printed as `askpm: cannot X: cause`, then `hint: …`.
    Told { message: String, hint: Option<String> },
    /// The command line is wrong in a way that the grammar cannot express.
    Usage { message: String, hint: Option<String> },
    /// The reader of the output closed it. Nothing is printed.
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
        Failure::Usage {
            message: message.to_string(),
            hint: None,
        }
    }

    pub fn hinted(self, text: impl Into<String>) -> Self {
        match self {
            Failure::Told { message, .. } => Failure::Told {
                message,
                hint: Some(text.into()),
            },
            Failure::Usage { message, .. } => Failure::Usage {
                message,
                hint: Some(text.into()),
            },
            other => other,
        }
    }

    pub(super) fn with(message: String, hint: Option<String>) -> Self {
        Failure::Told { message, hint }
    }

    /// The lines to print: the error, and a hint if there is one.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Failure::ClosedPipe => Vec::new(),
            Failure::Usage { message, hint } => vec![
                format!("error: {}", sanitise::line(message)),
                match hint {
                    Some(hint) => format!("hint: {}", sanitise::line(hint)),
                    None => "For more information, try '--help'.".into(),
                },
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
            Failure::Usage { .. } => ExitCode::from(2),
            Failure::Told { .. } => Exit::Failed.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ClosedPipe;
        }
        Failure::new("cannot write the output", error)
    }
}

impl From<CorpusError> for Failure {
    fn from(error: CorpusError) -> Self {
        let hint = "pass a folder of editions with --corpus DIR, or omit --corpus to use the built-in ones";
        Failure::with(error.to_string(), Some(hint.into()))
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        let elsewhere = || "set XDG_CACHE_HOME to a writable folder".to_string();
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
            AskError::Empty => Failure::new("cannot answer", error)
                .hinted("ask a question, such as `askpm \"How do I become an AI/ML PM?\"`"),
            AskError::TooLong(_) => Failure::new("cannot answer", error).hinted("ask it in a few sentences"),
            AskError::Retrieve(error) => error.into(),
            AskError::Engine(error) => error.into(),
            AskError::Meaning(why) => Failure::with(why.message, why.hint),
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
