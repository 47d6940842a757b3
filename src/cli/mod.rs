//! The command line: parses it, runs the command, tells how it ended.
//!
//! In: the program's arguments. Out: an exit status. Each command is a file of its own; none holds anything that a
//! library user would want.

mod args;
mod ask;
mod batch;
mod beir;
mod bench;
mod chat;
mod cluster;
mod config;
mod context;
mod conversation;
mod desk;
mod doctor;
mod edit;
mod error;
mod eval;
mod eval_answers;
mod files;
mod generator;
mod guide;
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
mod pager;
mod progress;
mod refresh;
mod save;
mod search;
mod serve;
mod settings;
mod show;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use args::{Cli, Command};
use context::Context;
use error::{Exit, Failure};

use crate::render::sanitise;

/// Runs the program with `args`, the first being its own name.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    memory::share_one_region(&args);
    if args.len() == 1 && guide::can_be_seen() && greeted() {
        return ExitCode::SUCCESS;
    }
    let mistyped = mistyped(&args);
    let (cli, matches) = match parse(with_ask(args)) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    if let Some(command) = mistyped.filter(|_| !cli.global.quiet) {
        let _ = writeln!(
            io::stderr(),
            "askpm: this is asked as a question; did you mean `askpm {command}`?"
        );
    }
    // A fault of askpm's own ends like any other failure: one line, status 1.
    let panics = Panics::listen();
    let ended = catch_unwind(AssertUnwindSafe(|| dispatch(cli, &matches)));
    match ended.unwrap_or_else(|_| Err(panics.failure())) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            for line in failure.lines() {
                // A standard error that is closed takes no message; the exit status still tells.
                let _ = writeln!(io::stderr(), "{line}");
            }
            failure.exit_code()
        }
    }
}

/// Whether whoever typed `askpm` alone is new here, and was shown the guide. Settings that are wrong are told elsewhere.
fn greeted() -> bool {
    let global = parse(vec!["askpm".into(), "ask".into()]).map(|(cli, _)| cli.global);
    let context = global.ok().and_then(|global| Context::new(&global).ok());
    context.is_some_and(|context| guide::alone(&context).unwrap_or(true))
}

/// What went wrong inside, last; told only where nobody handles it: a damaged index, say, can make the search engine
/// panic, and is made again. Whoever asks for a backtrace gets Rust's own report of each.
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
            .hinted("this is a fault of askpm: please report it with the command that led to it")
    }
}

/// The arguments, and what clap knows of how each was given.
fn parse(args: Vec<OsString>) -> Result<(Cli, ArgMatches), clap::Error> {
    let matches = Cli::command().try_get_matches_from(args)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))?;
    Ok((cli, matches))
}

/// Whether `text` would do as `config.toml`.
///
/// # Errors
/// The lines that a user would see: what is wrong, with its line, and a hint.
pub fn check_settings(text: &str) -> Result<(), Vec<String>> {
    match config::Config::parse(text, std::path::Path::new("config.toml")) {
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.lines()),
    }
}

fn dispatch(cli: Cli, matches: &ArgMatches) -> Result<Exit, Failure> {
    match cli.command {
        // Settings that are wrong must not keep anybody from mending them.
        Command::Config(args) => settings::run(&cli.global, matches, &args.action),
        Command::Completions { shell } => completions(shell),
        Command::Man { command } => man::run(&command),
        command => {
            if let Command::Doctor(args) = &command {
                return doctor::run(&cli.global, args);
            }
            let context = Context::new(&cli.global)?;
            match command {
                Command::Ask(args) => ask::run(&context, &args),
                Command::Chat(args) => chat::run(&context, &args),
                Command::Search(args) => search::run(&context, &args),
                Command::Show(args) => show::run(&context, &args),
                Command::List(args) => list::run(&context, &args),
                Command::Refresh(args) => refresh::run(&context, &args),
                Command::Import(args) => import::run(&context, &args),
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

/// Help and version are answers; a wrong command line is status 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(io) if io.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

/// `askpm QUESTION…` is short for `askpm ask QUESTION…`: puts `ask` in where the first word is no command. A lone
/// `askpm` shows the help, unless a question is piped in.
fn with_ask(mut args: Vec<OsString>) -> Vec<OsString> {
    let command = Cli::command();
    let ask = command.find_subcommand("ask");
    let takes_value = |flag: &str| {
        let known = command
            .get_arguments()
            .chain(ask.iter().flat_map(|ask| ask.get_arguments()));
        known.filter(|arg| arg.get_action().takes_values()).any(|arg| {
            let long = flag.strip_prefix("--").is_some_and(|name| {
                arg.get_long() == Some(name) || arg.get_visible_aliases().is_some_and(|all| all.contains(&name))
            });
            let short = flag.strip_prefix('-').and_then(|rest| rest.chars().next());
            long || (flag.len() == 2 && short.is_some() && arg.get_short() == short)
        })
    };
    let mut at = 1;
    while let Some(arg) = args.get(at).map(|arg| arg.to_string_lossy().into_owned()) {
        match arg.as_str() {
            "-h" | "--help" | "-V" | "--version" => return args,
            "-" | "--" => break,
            flag if flag.starts_with('-') => at += 1 + usize::from(takes_value(flag)),
            word if command.find_subcommand(word).is_some() => return args,
            _ => break,
        }
    }
    let lone = args.len() <= 1 && io::IsTerminal::is_terminal(&io::stdin());
    if !lone {
        args.insert(1.min(args.len()), "ask".into());
    }
    args
}

/// The command that the first word of a question is a slip of. Only words of some length, with the same first letter:
/// `how` is no slip of `show`.
fn mistyped(args: &[OsString]) -> Option<String> {
    let word = args.get(1)?.to_str()?.to_lowercase();
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    if word.chars().count() < 5 || names.contains(&word.as_str()) || args.len() > 4 {
        return None;
    }
    let near = nearest::nearest(&word, names.iter().copied())?;
    near.starts_with(word.chars().next()?).then(|| near.to_string())
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

    fn expanded(args: &[&str]) -> Vec<String> {
        let all = ["askpm"].iter().chain(args).map(OsString::from).collect();
        with_ask(all)
            .iter()
            .skip(1)
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_question_without_a_command_is_asked() {
        assert_eq!(expanded(&["How do I start?"]), ["ask", "How do I start?"]);
        assert_eq!(expanded(&["--json", "How", "so?"]), ["ask", "--json", "How", "so?"]);
        assert_eq!(expanded(&["--corpus", "search", "-m", "none", "Why?"])[0], "ask");
        assert_eq!(expanded(&["-n3", "Why?"])[0], "ask");
        assert_eq!(expanded(&["--threshold", "show", "Why?"])[0], "ask");
        assert_eq!(expanded(&["-"]), ["ask", "-"]);
        assert_eq!(expanded(&["--", "search"]), ["ask", "--", "search"]);
    }

    #[test]
    fn a_slip_in_a_command_is_noticed_and_a_question_is_none() {
        let told = |args: &[&str]| mistyped(&["askpm"].iter().chain(args).map(OsString::from).collect::<Vec<_>>());
        assert_eq!(told(&["serch", "price"]).as_deref(), Some("search"));
        assert_eq!(told(&["refesh"]).as_deref(), Some("refresh"));
        for args in [
            &["search", "price"][..],
            &["How do I start?"],
            &["how", "so"],
            &["-q", "x"],
            &[],
        ] {
            assert_eq!(told(args), None, "{args:?}");
        }
    }

    #[test]
    fn a_command_stays_a_command() {
        for args in [
            &["search", "x"][..],
            &["--corpus", "d", "search", "x"],
            &["-q", "models", "list"],
            &["--help"],
        ] {
            assert_eq!(expanded(args), args);
        }
    }
}
