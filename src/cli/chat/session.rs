//! Runs the lines of one `askpm chat`. A line that fails is reported, and the session continues.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde_json::json;

use super::super::answering;
use super::super::args::{ChatArgs, ModelChoice};
use super::super::ask::{self as asking, Voice};
use super::super::context::Context;
use super::super::conversation;
use super::super::error::{Exit, Failure};
use super::super::files::{self, Readers};
use super::super::meaning::Finder;
use super::super::model::{self, ModelSelection};
use super::super::show;
use super::interrupt::Interrupt;
use super::worker::{Event, Worker};
use crate::answer::Answer;
use crate::ask::{self, Found, Listener, Settings};
use crate::chat::command::{self, COMMANDS, Line};
use crate::chat::{self, Conversation, Turn};
use crate::index::Store;
use crate::render::conversation::{MARK, markdown};
use crate::render::{json, sanitise, sources, terminal};
use crate::retrieve;

/// How often to check for Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

/// Whether the session continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    Leave,
}

/// The state of the model.
enum Model {
    Unloaded(Box<ModelSelection>),
    Ready(Worker),
    /// Loading failed. The next question tries again.
    Missing,
}

pub struct Session<'a> {
    context: &'a Context,
    args: &'a ChatArgs,
    /// Only on a terminal. In a pipe, Ctrl-C ends the program.
    interrupt: Option<Interrupt>,
    settings: Settings,
    store: Store,
    finder: Arc<Finder>,
    choice: ModelChoice,
    model: Model,
    /// Whether answers are only quoted.
    quotes: bool,
    conversation: Conversation,
    /// Whether the user was warned that turns are not saved.
    told: bool,
    asked: usize,
    unanswered: usize,
    failed: usize,
}

impl<'a> Session<'a> {
    pub fn new(context: &'a Context, args: &'a ChatArgs, on_terminal: bool) -> Result<Session<'a>, Failure> {
        let choice = args.model.clone();
        let wanted = model::wanted(context, &choice)?;
        let (store, finder) = Finder::open(context, args.retrieval.by, Some(&wanted))?;
        let interrupt = on_terminal.then(Interrupt::new).transpose();
        Ok(Session {
            context,
            args,
            interrupt: interrupt.map_err(|error| Failure::new("cannot handle Ctrl-C", error))?,
            settings: answering::settings_of(context, &args.retrieval, (&args.filters).into(), &args.sampling),
            store,
            finder: Arc::new(finder),
            choice,
            quotes: wanted.is_none(),
            model: Model::Unloaded(Box::new(wanted)),
            conversation: begin(context, args)?,
            told: false,
            asked: 0,
            unanswered: 0,
            failed: 0,
        })
    }

    /// The exit status: in a pipe as for a batch, on a terminal always 0.
    pub fn end(self) -> Exit {
        match (self.interrupt.is_some(), self.failed, self.asked) {
            (true, ..) => Exit::Done,
            (_, 1.., _) => Exit::Failed,
            (_, _, 1..) if self.unanswered == self.asked => Exit::NoAnswer,
            _ => Exit::Done,
        }
    }

    /// Runs one line.
    ///
    /// # Errors
    /// Output that cannot be written. Other failures are printed.
    pub fn line(&mut self, line: &str) -> Result<Flow, Failure> {
        let done = match command::parse(line) {
            Ok(Line::Quit) => return Ok(Flow::Leave),
            Ok(Line::Nothing) => return Ok(Flow::GoOn),
            Ok(Line::Polite(reply)) => {
                self.context.note(reply);
                return Ok(Flow::GoOn);
            }
            Ok(Line::Question(question)) => self.ask(question),
            Ok(command) => self.command(&command),
            Err(error) => Err(Failure::with(
                error.to_string(),
                Some("type /help to list the commands".into()),
            )),
        };
        match done {
            Ok(()) => Ok(Flow::GoOn),
            Err(Failure::ClosedPipe) => Err(Failure::ClosedPipe),
            Err(failure) => self.failed(Some(line), &failure),
        }
    }

    /// Reports the failure of a line.
    pub fn failed(&mut self, line: Option<&str>, failure: &Failure) -> Result<Flow, Failure> {
        self.failed += 1;
        self.context.tell(failure);
        if self.args.json && line.is_none_or(|line| !line.starts_with('/')) {
            let shown = line.map(|line| line.chars().take(200).collect::<String>());
            let mut out = io::stdout().lock();
            json::line(
                &mut out,
                &json!({"question": shown, "error": failure.lines().join(" ")}),
            )?;
            out.flush()?;
        }
        Ok(Flow::GoOn)
    }

    fn ask(&mut self, question: &str) -> Result<(), Failure> {
        let reading = chat::read(&self.conversation.turns, question);
        self.settings.shown = conversation::shown(&self.conversation);
        let retriever = self.finder.retriever(&self.store);
        let search = ask::Search {
            store: &self.store,
            retriever: &*retriever,
            meaning: self.finder.meaning(),
        };
        let (found, leaning) = search.find_turn(question, reading, &mut self.settings)?;
        drop(retriever);
        conversation::tell_leaning(self.context, leaning.as_deref());
        if let Some(line) = retrieve::language_note(question, &self.store) {
            self.context.note(&line);
        }
        let Some(answer) = self.answer(found)? else {
            self.context.note("cancelled");
            return Ok(());
        };
        self.asked += 1;
        self.unanswered += usize::from(answer.abstained);
        self.keep(Turn::new(question, leaning, &answer));
        asking::tell_timings(self.context, &answer);
        Ok(())
    }

    /// Answers, and prints the answer as it is written. Returns `None` if Ctrl-C ended it.
    fn answer(&mut self, found: Found) -> Result<Option<Answer>, Failure> {
        // An abstention needs no model.
        if !found.abstains {
            self.load()?;
        }
        let context = self.context;
        let listening = self.interrupt.as_ref().map(Interrupt::listen);
        let mut out = io::stdout().lock();
        let mut voice = Voice::new(context, &mut out, (!self.args.json).then(|| context.look()));
        let pending = match &self.model {
            Model::Ready(worker) if !found.abstains => {
                worker.begin(found, self.settings.clone(), Arc::clone(&self.finder))
            }
            _ => Worker::new(None).begin(found, self.settings.clone(), Arc::clone(&self.finder)),
        };
        let answered = loop {
            match pending.events.recv_timeout(TICK) {
                Ok(Event::Sentence(sentence)) => {
                    if voice.sentence(&sentence).is_break() {
                        break None;
                    }
                }
                Ok(Event::Note(text)) => voice.note(&text),
                Ok(Event::Done(answered)) => break Some((*answered)?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.model = Model::Missing;
                    let hint = "ask again; the next question reloads the model";
                    return Err(Failure::new("cannot answer", "the model stopped working").hinted(hint));
                }
            }
            if listening.as_ref().is_some_and(|ctrl_c| ctrl_c.pressed()) {
                break None;
            }
        };
        voice.finish()?;
        if let Some(answer) = &answered {
            if self.args.json {
                json::line(&mut out, answer)?;
            } else if answer.abstained {
                asking::tell_abstention(context, answer)?;
            } else {
                sources::brief(&mut out, &answer.citations, context.look())?;
            }
        }
        out.flush()?;
        Ok(answered)
    }

    /// Loads the model if it is not loaded yet.
    fn load(&mut self) -> Result<(), Failure> {
        let wanted = match std::mem::replace(&mut self.model, Model::Missing) {
            Model::Ready(worker) => {
                self.model = Model::Ready(worker);
                return Ok(());
            }
            Model::Unloaded(wanted) => *wanted,
            Model::Missing => model::wanted(self.context, &self.choice)?,
        };
        self.model = Model::Ready(Worker::new(wanted.load(self.context)?));
        Ok(())
    }

    fn keep(&mut self, turn: Turn) {
        if let Err(error) = self.conversation.push(turn)
            && !std::mem::replace(&mut self.told, true)
        {
            let hint = error.hint();
            self.context
                .note(&format!("this conversation is not saved: {error}; {hint}"));
        }
    }

    fn command(&mut self, command: &Line) -> Result<(), Failure> {
        let prints = matches!(command, Line::Help | Line::Sources | Line::Show(_) | Line::Model(None));
        if prints && self.args.json {
            let why = "with --json, standard output is only for answers";
            return Err(Failure::new("cannot run the command", why)
                .hinted("use the citations of each answer, and `askpm show ID`"));
        }
        match command {
            Line::Help => help()?,
            Line::Sources => self.sources()?,
            Line::Show(what) => self.show(what)?,
            Line::Model(None) => {
                let name = self.choice.model.as_ref().or(self.context.config.model.as_ref());
                let name = name.map_or(
                    "the default for this machine; `askpm models list` shows it",
                    String::as_str,
                );
                writeln!(io::stdout(), "{}", sanitise::line(name))?;
            }
            Line::Model(Some(name)) => self.change_model(name)?,
            Line::Save(file) => self.save(Path::new(file))?,
            Line::New => {
                self.conversation = conversation::new(self.context, &self.args.conversation);
                self.context.note("started a new conversation");
            }
            Line::Nothing | Line::Question(_) | Line::Polite(_) | Line::Quit => {}
        }
        Ok(())
    }

    fn sources(&self) -> Result<(), Failure> {
        let mut turns = self.conversation.turns.iter().rev();
        let answered = turns.find(|turn| !turn.citations.is_empty());
        let turn = answered.ok_or_else(|| {
            Failure::new("cannot show sources", "no question has been answered yet").hinted("ask first")
        })?;
        sources::citations(&mut io::stdout().lock(), &turn.citations, self.context.look())?;
        Ok(())
    }

    /// Shows a source by its number in the last answer, or any item by its identifier.
    fn show(&self, what: &str) -> Result<(), Failure> {
        let id = match show::number(what) {
            Some(n) => show::source(&self.conversation.turns, n)?,
            None => what.to_string(),
        };
        let view = show::view(self.context, &id)?;
        let mut out = io::stdout().lock();
        view.write(&mut out, self.context.look())?;
        Ok(out.flush()?)
    }

    /// Switches to another model, which must be available.
    fn change_model(&mut self, name: &str) -> Result<(), Failure> {
        let choice = ModelChoice {
            model: Some(name.to_string()),
            // An adapter belongs to one model.
            adapter: None,
            device: self.choice.device.clone(),
        };
        let wanted = model::wanted(self.context, &choice)?;
        // Drop the old model first: memory may not hold two.
        let before = std::mem::replace(&mut self.model, Model::Missing);
        self.quotes = wanted.is_none();
        if let Model::Unloaded(_) = before {
            self.model = Model::Unloaded(Box::new(wanted));
        } else {
            drop(before);
            self.model = Model::Ready(Worker::new(wanted.load(self.context)?));
        }
        self.choice = choice;
        let shown = if self.quotes {
            "no model; answers are quotes"
        } else {
            name
        };
        self.context.note(&format!("now using {shown}"));
        Ok(())
    }

    /// Saves the conversation. Overwrites a file only if it is a saved conversation.
    fn save(&self, path: &Path) -> Result<(), Failure> {
        let what = || format!("cannot save {}", path.display());
        if self.conversation.turns.is_empty() {
            return Err(Failure::new(what(), "no question has been asked yet"));
        }
        match std::fs::read(path) {
            Ok(bytes) if !bytes.starts_with(MARK.as_bytes()) => {
                let why = "the file exists and is not a saved conversation";
                return Err(Failure::new(what(), why).hinted("choose another name"));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Failure::new(what(), error)),
            _ => {}
        }
        let mut bytes = Vec::new();
        markdown(&mut bytes, &self.conversation.turns)?;
        files::replace(path, &bytes, Readers::Anyone)
            .map_err(|error| Failure::new(what(), error).hinted("choose a file in a writable folder"))?;
        let turns = terminal::count(self.conversation.turns.len(), "question");
        self.context.note(&format!("saved {turns} to {}", path.display()));
        Ok(())
    }
}

/// Starts a new conversation, or resumes the last one.
fn begin(context: &Context, args: &ChatArgs) -> Result<Conversation, Failure> {
    let resumed = match args.conversation.resume {
        true => conversation::last(context, &args.conversation)?,
        false => None,
    };
    match resumed {
        Some(conversation) => {
            if let Some(turn) = conversation.turns.last() {
                let count = terminal::count(conversation.turns.len(), "question");
                context.note(&format!("continuing after {count}; the last was: {}", turn.question));
            }
            Ok(conversation)
        }
        None => {
            if args.conversation.resume {
                context.note("there is no earlier conversation; starting a new one");
            }
            Ok(conversation::new(context, &args.conversation))
        }
    }
}

fn help() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Type a question. It may refer to earlier ones.")?;
    for command in &COMMANDS {
        let usage = format!("/{} {}", command.name, command.takes);
        writeln!(out, "  {usage:16} {}", command.does)?;
    }
    out.flush()
}
