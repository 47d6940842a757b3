//! Completes commands in a chat, and model names after `/model`, when the user presses Tab. Questions are not
//! completed.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use crate::chat::command::COMMANDS;

/// Completes commands for the line editor.
pub struct Commands {
    /// The names that `/model` takes.
    models: Vec<String>,
}

impl Commands {
    pub fn new(models: Vec<String>) -> Commands {
        Commands { models }
    }

    /// Returns where the word at the end of `typed` begins, and its completions.
    fn candidates(&self, typed: &str) -> (usize, Vec<String>) {
        let Some(command) = typed.strip_prefix('/') else {
            return (0, Vec::new());
        };
        let Some((name, argument)) = command.split_once(' ') else {
            let begun = command.to_lowercase();
            let known = COMMANDS.iter().filter(|known| known.name.starts_with(&begun));
            let whole = known.map(|known| {
                let space = if known.takes.is_empty() { "" } else { " " };
                format!("/{}{space}", known.name)
            });
            return (0, whole.collect());
        };
        let models = self.models.iter().filter(|model| model.starts_with(argument));
        match name.eq_ignore_ascii_case("model") {
            true => (typed.len() - argument.len(), models.cloned().collect()),
            false => (typed.len(), Vec::new()),
        }
    }
}

impl Completer for Commands {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line.get(..at).unwrap_or(line)))
    }
}

impl Hinter for Commands {
    type Hint = String;
}

impl Highlighter for Commands {}

impl Validator for Commands {}

impl Helper for Commands {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_models_are_completed_and_questions_are_not() {
        let commands = Commands::new(vec!["small".into(), "smaller".into(), "none".into()]);
        let completed = |typed: &str| commands.candidates(typed);
        assert_eq!(completed("/sh"), (0, vec!["/show ".to_string()]));
        assert_eq!(completed("/S").1, ["/sources", "/show ", "/save "]);
        assert_eq!(completed("/").1.len(), COMMANDS.len());
        assert_eq!(
            completed("/model sm"),
            (7, vec!["small".to_string(), "smaller".to_string()])
        );
        assert_eq!(completed("/model ").1.len(), 3);
        for typed in ["", "How do I", " /sh", "/nothing", "/show 1", "/save f", "/model x"] {
            assert!(completed(typed).1.is_empty(), "{typed}");
        }
    }
}
