//! Runs `askpm save` and `askpm saved`, and reports saved questions for `askpm refresh`.
//!
//! The questions are in `saved.toml` in the configuration folder. What was seen is in the data folder, one file for
//! each corpus. It is written after the whole report: a program that is killed before may report something again, but
//! loses nothing.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{By, OutputArgs, SaveArgs, SavedAction, SavedArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::files::{self, Readers};
use super::meaning::Finder;
use super::nearest;
use super::text::words_or_stdin;
use crate::answer::one_line;
use crate::ask::{MAX_QUESTION_BYTES, Settings};
use crate::render::{json, sanitise, saved as view};
use crate::saved::list::{self, ListError, Question};
use crate::saved::news::{News, Search};
use crate::saved::state::{self, Said, State};

/// Saves a question.
pub fn save(context: &Context, args: &SaveArgs) -> Result<Exit, Failure> {
    let question = one_line(&words_or_stdin(&args.question, MAX_QUESTION_BYTES, "question")?);
    let cannot = |why: &str| Failure::new("cannot save the question", why);
    if question.is_empty() || question.len() > MAX_QUESTION_BYTES {
        let why = if question.is_empty() {
            "it is empty"
        } else {
            "it is too long"
        };
        return Err(cannot(why).hinted("type a question, such as `askpm save \"How do I price an AI feature?\"`"));
    }
    let path = path(context);
    let text = read(&path)?;
    let all = list::parse(&text).map_err(|error| wrong(&path, &error))?;
    if let Some(known) = all.iter().find(|known| known.question == question) {
        context.note(&format!("the question is already saved as `{}`", known.name));
        return Ok(Exit::Done);
    }
    let taken: HashSet<&str> = all.iter().map(|known| known.name.as_str()).collect();
    let name = match &args.name {
        Some(name) if !list::is_name(name) => {
            return Err(Failure::usage("`--name` takes at most 64 letters, digits, `-` and `_`"));
        }
        Some(name) if taken.contains(name.as_str()) => {
            return Err(cannot(&format!("`{name}` is the name of another question"))
                .hinted(format!("choose another name, or run `askpm saved remove {name}` first")));
        }
        Some(name) => name.clone(),
        None => list::name_for(&question, &taken),
    };
    write(
        &path,
        &list::add(&text, &name, &question).map_err(|error| wrong(&path, &error))?,
    )?;
    writeln!(io::stdout(), "saved as {name}")?;
    context.note("`askpm saved run` prints what answers it now; `askpm refresh --saved` reports what is new later");
    Ok(Exit::Done)
}

/// Runs `askpm saved`.
pub fn run(context: &Context, args: &SavedArgs) -> Result<Exit, Failure> {
    match &args.action {
        SavedAction::List(output) => show(context, output),
        SavedAction::Run(args) => report(context, args.name.as_deref(), args.by, args.json),
        SavedAction::Remove { name } => remove(context, name),
    }
}

/// The object that `saved list --json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    path: String,
    questions: &'a [Question],
}

fn show(context: &Context, output: &OutputArgs) -> Result<Exit, Failure> {
    let path = path(context);
    let all = questions(&path)?;
    let mut out = io::stdout().lock();
    if output.json {
        let shown = Shown {
            path: path.display().to_string(),
            questions: &all,
        };
        json::pretty(&mut out, &shown)?;
        return Ok(Exit::Done);
    }
    let width = all.iter().map(|question| question.name.len()).max().unwrap_or(0);
    for Question { name, question } in &all {
        writeln!(out, "{name:width$}  {}", sanitise::line(question))?;
    }
    if all.is_empty() {
        none_saved(context);
    }
    Ok(Exit::Done)
}

fn remove(context: &Context, name: &str) -> Result<Exit, Failure> {
    let path = path(context);
    let text = read(&path)?;
    let all = list::parse(&text).map_err(|error| wrong(&path, &error))?;
    known(&all, name)?;
    write(&path, &list::remove(&text, name).map_err(|error| wrong(&path, &error))?)?;
    writeln!(io::stdout(), "removed {name}")?;
    Ok(Exit::Done)
}

/// Reports what is new for all saved questions, or for the one called `name`.
pub fn report(context: &Context, name: Option<&str>, by: Option<By>, json: bool) -> Result<Exit, Failure> {
    if tell_news(context, name, by, json)? {
        return Ok(Exit::Done);
    }
    match questions(&path(context))?.is_empty() {
        true => none_saved(context),
        false => context.note("nothing is new for the saved questions"),
    }
    Ok(Exit::NoAnswer)
}

/// Prints what is new since the last run, with `json` one object a line, and then records that it was seen. Returns
/// whether there was anything.
pub fn tell_news(context: &Context, name: Option<&str>, by: Option<By>, json: bool) -> Result<bool, Failure> {
    let all = questions(&path(context))?;
    let wanted: Vec<&Question> = match name {
        Some(name) => vec![known(&all, name)?],
        None => all.iter().collect(),
    };
    if wanted.is_empty() {
        return Ok(false);
    }
    let store = context.store()?;
    let now = state::snapshot(&store)?;
    let finder = Finder::new(context, &store, by, None)?;
    let retriever = finder.retriever(&store);
    let default = Settings::default();
    let settings = Settings {
        min_confidence: context.config.min_score.unwrap_or(default.min_confidence),
        ..default
    };
    let mut state = old_state(context)?;
    let search = Search {
        store: &store,
        retriever: &*retriever,
        meaning: finder.meaning(),
        settings: &settings,
        now: &now,
    };
    let mut out = io::stdout().lock();
    let mut ran: Vec<(String, Vec<Said>)> = Vec::new();
    let mut told = false;
    for question in wanted {
        let news = search.news(question, state.last(&question.question))?;
        if !news.discussions.is_empty() {
            if json {
                json::line(&mut out, &news)?;
            } else {
                let gap = if told { "\n" } else { "" };
                write!(out, "{gap}")?;
                view::news(&mut out, &news, context.look())?;
            }
            told = true;
        }
        ran.push((question.question.clone(), said(&news)));
    }
    out.flush()?;
    // Only now: what was not printed must be reported by the next run.
    state.record(ran, now, &all);
    keep(context, &state)?;
    Ok(told)
}

/// Writes what was seen.
fn keep(context: &Context, state: &State) -> Result<(), Failure> {
    let path = state_path(context);
    let written = path.parent().map_or(Ok(()), files::private_folder);
    let written = written.and_then(|()| files::replace(&path, &state.bytes(), Readers::Owner));
    written.map_err(|error| {
        Failure::new(format!("cannot write {}", path.display()), error)
            .hinted("free some space or correct the permissions; the next run reports the same again")
    })
}

/// The quotes that `news` reports.
fn said(news: &News) -> Vec<Said> {
    let all = news.discussions.iter().flat_map(|item| &item.evidence);
    all.map(|evidence| evidence.said.clone()).collect()
}

/// Reads what was seen. A damaged file counts as none, with a warning.
fn old_state(context: &Context) -> Result<State, Failure> {
    let path = state_path(context);
    match fs::read(&path) {
        Ok(bytes) => Ok(State::read(&bytes).unwrap_or_else(|| {
            let text = "is damaged or of another version of askpm; every saved question reports what answers now";
            context.warn(&format!("{} {text}", path.display()));
            State::default()
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(error) => Err(Failure::new(format!("cannot read {}", path.display()), error)
            .hinted("correct its permissions, or delete it to start again")),
    }
}

/// The file of saved questions.
fn path(context: &Context) -> PathBuf {
    context.folders.config.join("saved.toml")
}

/// The file of what was seen of the current corpus.
fn state_path(context: &Context) -> PathBuf {
    context.folders.data.join("saved").join(context.key() + ".json")
}

fn questions(path: &Path) -> Result<Vec<Question>, Failure> {
    list::parse(&read(path)?).map_err(|error| wrong(path, &error))
}

/// Reads the file. One that does not exist has no questions.
fn read(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::new(format!("cannot read {}", path.display()), error)
            .hinted("make it a readable file of UTF-8 text")),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), files::private_folder);
    written
        .and_then(|()| files::replace(path, text.as_bytes(), Readers::Owner))
        .map_err(|error| {
            Failure::new(format!("cannot write {}", path.display()), error)
                .hinted("correct the permissions of its folder")
        })
}

fn wrong(path: &Path, error: &ListError) -> Failure {
    Failure::new(format!("cannot read {}:{}", path.display(), error.line), error)
        .hinted("write each question as a line NAME = \"QUESTION\"")
}

fn known<'a>(all: &'a [Question], name: &str) -> Result<&'a Question, Failure> {
    all.iter().find(|question| question.name == name).ok_or_else(|| {
        let near = nearest::did_you_mean(name, all.iter().map(|question| question.name.as_str()));
        Failure::new(format!("cannot find `{name}`"), "no saved question has this name")
            .hinted(near + "`askpm saved list` lists them")
    })
}

fn none_saved(context: &Context) {
    context.note("no questions are saved; `askpm save \"QUESTION\"` saves one");
}
