//! Reads the lines of a chat: from a line editor on a terminal, else from standard input.
//!
//! Only the editor prints a prompt and saves a history.

use std::io::{self, BufReader, IsTerminal, Stdin};

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, CompletionType, Editor};

use super::super::batch;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::text::text;
use super::complete::Commands;
use super::history::{self, History};
use crate::models::ModelKind;

const PROMPT: &str = "> ";

pub enum Input {
    Editor {
        editor: Box<Editor<Commands, MemHistory>>,
        history: History,
    },
    Lines(BufReader<Stdin>),
}

/// One input.
pub enum Typed {
    Line(String),
    /// A line that is not text. The next one may be.
    Bad(Failure),
    /// Ctrl-C on the prompt.
    Interrupted,
    End,
}

impl Input {
    /// `keeps`: whether to save lines for the next chat. `machine`: standard output is for a program, so the prompt
    /// must not go there.
    pub fn new(context: &Context, keeps: bool, machine: bool) -> Result<Input, Failure> {
        if !io::stdin().is_terminal() {
            return Ok(Input::Lines(BufReader::new(io::stdin())));
        }
        let terminal = |error: ReadlineError| Failure::new("cannot use the terminal", error);
        let elsewhere = machine || !io::stdout().is_terminal();
        let behavior = if elsewhere {
            Behavior::PreferTerm
        } else {
            Behavior::Stdio
        };
        let config = rustyline::Config::builder()
            .behavior(behavior)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true);
        let config = config.max_history_size(history::MOST).map_err(terminal)?.build();
        let mut editor = Editor::with_history(config.clone(), MemHistory::with_config(&config)).map_err(terminal)?;
        editor.set_helper(Some(Commands::new(model_names(context))));
        let history = History::new(keeps.then(|| context.folders.state.join("history")));
        match history.load() {
            Ok(lines) => {
                for line in lines {
                    editor.add_history_entry(line).map_err(terminal)?;
                }
            }
            Err(error) => context.note(&format!("cannot read the history: {error}")),
        }
        Ok(Input::Editor {
            editor: Box::new(editor),
            history,
        })
    }

    /// Whether the input is a line editor.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Input::Editor { .. })
    }

    pub fn next(&mut self, context: &Context) -> Result<Typed, Failure> {
        match self {
            Input::Lines(lines) => {
                let line = batch::next_line(lines);
                let line = line.map_err(|error| Failure::new("cannot read standard input", error))?;
                Ok(match line.map(|bytes| text(bytes, "the question")) {
                    None => Typed::End,
                    Some(Ok(line)) => Typed::Line(line),
                    Some(Err(failure)) => Typed::Bad(failure),
                })
            }
            Input::Editor { editor, history } => match editor.readline(PROMPT) {
                Ok(line) => {
                    let shown = line.trim();
                    if !shown.is_empty() && editor.add_history_entry(shown).unwrap_or(false) {
                        // A missing history is not worth an interruption.
                        if let Err(error) = history.add(shown) {
                            context.detail(&format!("cannot save this line in the history: {error}"));
                        }
                    }
                    Ok(Typed::Line(line))
                }
                Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
                Err(ReadlineError::Eof) => Ok(Typed::End),
                Err(ReadlineError::Signal(_)) => Ok(Typed::Line(String::new())),
                Err(error) => Err(Failure::new("cannot use the terminal", error)),
            },
        }
    }
}

/// The names for `/model`: the models that write, and `none`. Empty if the list cannot be read; `/model` reports why.
fn model_names(context: &Context) -> Vec<String> {
    let registry = context.registry().ok();
    let models = registry.iter().flat_map(|registry| registry.models());
    let writing = models.filter(|model| model.kind == ModelKind::Generation);
    let names = writing.map(|model| model.name.clone());
    names.chain(["none".to_string()]).collect()
}
