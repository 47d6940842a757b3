//! Parses the command line, runs the command and reports how it ended.
//!
//! Each command is in its own file. Nothing here is of use to a user of the library.

mod answering;
mod args;
mod ask;
mod batch;
mod beir;
mod bench;
mod chat;
mod cluster;
mod compare;
mod config;
mod context;
mod conversation;
mod digest;
mod doctor;
mod edit;
mod editions;
mod embedder;
mod error;
mod eval;
mod eval_answers;
mod export;
mod feeds;
mod files;
mod filters;
mod generator;
mod guide;
mod help;
mod imap;
mod import;
mod incoming;
mod list;
mod man;
mod mcp;
mod meaning;
mod memory;
mod mend;
mod model;
mod models;
mod nearest;
mod offer;
mod pager;
mod progress;
mod publish;
mod reader;
mod recommend;
mod refresh;
mod report;
mod reranker;
mod save;
mod saved;
mod search;
mod secret;
mod serve;
mod served;
mod service;
mod settings;
mod show;
mod summarize;
mod tag;
mod text;
mod timer;
mod topics;
mod vectors;
mod watch;
mod words;

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use args::{Cli, Command};
use context::Context;
use error::{Exit, Failure};

use crate::engine;
use crate::render::sanitise;

/// Runs the program with `args`, the first being its own name.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    if let Some(done) = reader::run(&args) {
        return done;
    }
    memory::share_one_region(&args);
    if args.len() == 1 && guide::can_be_seen() && greeted() {
        return ExitCode::SUCCESS;
    }
    if let Some(failure) = words::no_command(&args) {
        return report(&failure);
    }
    let parsed = parse(words::with_ask(args.clone()));
    let (cli, matches) = match parsed.or_else(|error| words::as_question(args, error)) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    // A bug in askpm ends like any other failure: one line, status 1.
    let panics = Panics::listen();
    let ended = catch_unwind(AssertUnwindSafe(|| dispatch(cli, &matches)));
    match ended.unwrap_or_else(|_| Err(panics.failure())) {
        Ok(exit) => exit.into(),
        Err(failure) => report(&failure),
    }
}

/// Prints a failure and returns its exit status.
fn report(failure: &Failure) -> ExitCode {
    for line in failure.lines() {
        // If standard error is closed, only the exit status reports the failure.
        let _ = writeln!(io::stderr(), "{line}");
    }
    failure.exit_code()
}

/// Shows the guide if `askpm` was typed without arguments for the first time; returns whether it did. Settings with
/// errors are reported elsewhere.
fn greeted() -> bool {
    let global = parse(vec!["askpm".into(), "ask".into()]).map(|(cli, _)| cli.global);
    let context = global.ok().and_then(|global| Context::new(&global).ok());
    context.is_some_and(|context| guide::alone(&context).unwrap_or(true))
}

/// The message of the last panic. It is reported only if nothing handles the panic: a damaged index can make the search
/// engine panic, for example, and is then rebuilt. With `RUST_BACKTRACE`, Rust's own report of each panic is printed
/// instead.
#[derive(Clone, Default)]
struct Panics(Arc<Mutex<String>>);

impl Panics {
    fn listen() -> Panics {
        let panics = Panics::default();
        if context::variable("RUST_BACKTRACE").is_none_or(|value| value.is_empty() || value == "0") {
            let last = panics.clone();
            panic::set_hook(Box::new(move |panicked| {
                if let Ok(mut line) = last.0.lock() {
                    *line = sanitise::line(&panicked.to_string());
                }
            }));
        }
        panics
    }

    fn failure(&self) -> Failure {
        let line = self.0.lock().map(|line| line.clone()).unwrap_or_default();
        Failure::new("internal error", line)
            .hinted("this is a bug in askpm: please report it with the command that caused it")
    }
}

/// Parses the arguments. Also returns clap's record of where each value came from.
fn parse(args: Vec<OsString>) -> Result<(Cli, ArgMatches), clap::Error> {
    let matches = help::command().try_get_matches_from(args)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut help::command()))?;
    Ok((cli, matches))
}

/// Checks whether `text` is a valid `config.toml`.
///
/// # Errors
/// The lines that a user would see: the error with its line, and a hint.
pub fn check_settings(text: &str) -> Result<(), Vec<String>> {
    match config::Config::parse(text, std::path::Path::new("config.toml")) {
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.lines()),
    }
}

fn dispatch(cli: Cli, matches: &ArgMatches) -> Result<Exit, Failure> {
    match cli.command {
        // These must work with invalid settings, so that the user can fix them.
        Command::Config(args) => settings::run(&cli.global, matches, &args.action),
        Command::Completions { shell } => completions(shell),
        Command::Man { command } => man::run(&command),
        command => {
            if let Command::Doctor(args) = &command {
                return doctor::run(&cli.global, args);
            }
            choose_cpu_path()?;
            let context = Context::new(&cli.global)?;
            match command {
                Command::Ask(args) => ask::run(&context, &args),
                Command::Chat(args) => chat::run(&context, &args),
                Command::Search(args) => search::run(&context, &args),
                Command::Compare(args) => compare::run(&context, &args),
                Command::Save(args) => saved::save(&context, &args),
                Command::Saved(args) => saved::run(&context, &args),
                Command::Show(args) => show::run(&context, &args),
                Command::List(args) => list::run(&context, &args),
                Command::Digest(args) => digest::run(&context, &args),
                Command::Export(args) => export::run(&context, &args),
                Command::Summarize(args) => summarize::run(&context, &args),
                Command::Topics(args) => topics::run(&context, &args),
                Command::Tag(args) => tag::run(&context, &args),
                Command::Refresh(args) => refresh::run(&context, &args),
                Command::Import(args) => import::run(&context, &args),
                Command::Feeds(args) => feeds::run(&context, &args),
                Command::Models(args) => models::run(&context, &args),
                Command::Bench(args) => bench::run(&context, &args),
                Command::Eval(args) => eval::run(&context, &args),
                Command::Mcp(args) => mcp::run(context, args),
                Command::Serve(args) => serve::run(context, args),
                Command::Completions { .. } | Command::Man { .. } | Command::Config(_) | Command::Doctor(_) => {
                    Ok(Exit::Done)
                }
            }
        }
    }
}

/// Makes the kernels use the instruction set that `ASKPM_CPU` names. They must not have run before.
fn choose_cpu_path() -> Result<(), Failure> {
    let Some(wanted) = context::variable("ASKPM_CPU").filter(|wanted| !wanted.is_empty()) else {
        return Ok(());
    };
    let wanted = wanted.to_string_lossy();
    engine::choose_cpu_path(&wanted).map_err(|why| {
        Failure::new(format!("cannot compute with ASKPM_CPU={wanted}"), why).hinted(format!(
            "this processor has {}: choose one of these, or unset ASKPM_CPU",
            engine::cpu_paths().join(", ")
        ))
    })
}

/// Prints clap's message. Help and version are status 0, a wrong command line is status 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(io) if io.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "askpm", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }
}
