//! Where a chat's lines come from: a line editor on a terminal, standard input otherwise.
//!
//! In: keys or bytes. Out: lines. Only the editor prints a prompt and keeps a history.

use std::io::{self, BufReader, IsTerminal, Stdin};

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, CompletionType, Editor};

use super::super::batch;
use super::super::context::{Context, text};
use super::super::error::Failure;
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

/// What was typed.
pub enum Typed {
    Line(String),
    /// Bytes that are no line of text; the next one may be.
    Bad(Failure),
    /// Ctrl-C on the prompt.
    Interrupted,
    End,
}

impl Input {
    /// `keeps`: whether lines are kept for the next chat. `machine`: standard output is for a program, so that the
    /// prompt may not go there.
    pub fn new(context: &Context, keeps: bool, machine: bool) -> Result<Input, Failure> {
        if !io::stdin().is_terminal() {
            return Ok(Input::Lines(BufReader::new(io::stdin())));
        }
        let terminal = |error: ReadlineError| Failure::new("terminal", error);
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
            Err(error) => context.note(&format!("what was typed before cannot be read: {error}")),
        }
        Ok(Input::Editor {
            editor: Box::new(editor),
            history,
        })
    }

    /// Whether a person types.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Input::Editor { .. })
    }

    pub fn next(&mut self, context: &Context) -> Result<Typed, Failure> {
        match self {
            Input::Lines(lines) => {
                let line = batch::next_line(lines).map_err(|error| Failure::new("standard input", error))?;
                Ok(match line.map(|bytes| text(bytes, "question")) {
                    None => Typed::End,
                    Some(Ok(line)) => Typed::Line(line),
                    Some(Err(failure)) => Typed::Bad(failure),
                })
            }
            Input::Editor { editor, history } => match editor.readline(PROMPT) {
                Ok(line) => {
                    let shown = line.trim();
                    if !shown.is_empty() && editor.add_history_entry(shown).unwrap_or(false) {
                        // The next line is worth more than this one in the next chat.
                        if let Err(error) = history.add(shown) {
                            context.detail(&format!("this line is not kept: {error}"));
                        }
                    }
                    Ok(Typed::Line(line))
                }
                Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
                Err(ReadlineError::Eof) => Ok(Typed::End),
                Err(ReadlineError::Signal(_)) => Ok(Typed::Line(String::new())),
                Err(error) => Err(Failure::new("terminal", error)),
            },
        }
    }
}

/// What `/model` takes: the models that write, and none. A list that cannot be read has no names; `/model` tells why.
fn model_names(context: &Context) -> Vec<String> {
    let registry = context.registry().ok();
    let models = registry.iter().flat_map(|registry| registry.models());
    let writing = models.filter(|model| model.kind == ModelKind::Generation);
    let names = writing.map(|model| model.name.clone());
    names.chain(["none".to_string()]).collect()
}
