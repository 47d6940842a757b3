//! Parses the command line, runs the command and reports how it ended.
//!
//! Each command is in its own file. Nothing here is of use to a user of the library.

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
mod help;
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

use clap::error::{ContextKind, ContextValue, ErrorKind};
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
    if let Some(failure) = no_command(&args) {
        return report(&failure);
    }
    let parsed = parse(with_ask(args.clone()));
    let (cli, matches) = match parsed.or_else(|error| as_question(args, error)) {
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

/// Prints clap's message. Help and version are status 0, a wrong command line is status 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(io) if io.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

/// The positions of the words among the arguments, skipping flags and their values. Ends after a `--`, whose position is
/// the last one returned. `None` if help or the version is requested.
fn words(args: &[OsString]) -> Option<Vec<usize>> {
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
    let mut words = Vec::new();
    let mut at = 1;
    while let Some(arg) = args.get(at).map(|arg| arg.to_string_lossy().into_owned()) {
        match arg.as_str() {
            "-h" | "--help" | "-V" | "--version" => return None,
            "--" => {
                words.push(at);
                break;
            }
            flag if flag.starts_with('-') && flag != "-" => at += usize::from(takes_value(flag)),
            _ => words.push(at),
        }
        at += 1;
    }
    Some(words)
}

/// The word at `at`, if it is text.
fn word(args: &[OsString], at: usize) -> Option<&str> {
    args.get(at).and_then(|word| word.to_str())
}

/// `askpm QUESTION…` is short for `askpm ask QUESTION…`: inserts `ask` if the first word is not a command. `askpm` without
/// arguments shows the help, unless a question is piped in.
fn with_ask(mut args: Vec<OsString>) -> Vec<OsString> {
    let Some(words) = words(&args) else { return args };
    let first = words.first().and_then(|&at| word(&args, at));
    let known = first.is_some_and(|word| Cli::command().find_subcommand(word).is_some());
    let lone = args.len() <= 1 && io::IsTerminal::is_terminal(&io::stdin());
    if !known && !lone {
        args.insert(1.min(args.len()), "ask".into());
    }
    args
}

/// Words that follow `show` and `list` in a question: `show me how…`, `list the ways…`.
const ASKING: [&str; 20] = [
    "me", "us", "the", "a", "an", "all", "some", "any", "my", "our", "your", "how", "what", "which", "why", "when",
    "where", "who", "ways", "people",
];

/// Parses a question that begins with `show` or `list` and that clap rejected with `error` as that command.
fn as_question(mut args: Vec<OsString>, error: clap::Error) -> Result<(Cli, ArgMatches), clap::Error> {
    let words: Vec<usize> = words(&args).unwrap_or_default();
    let word = |n: usize| words.get(n).and_then(|&at| word(&args, at)).unwrap_or_default();
    let begins = matches!(word(0), "show" | "list") && ASKING.contains(&word(1).to_lowercase().as_str());
    let extra = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(extra)) => !extra.starts_with('-'),
        _ => false,
    };
    if !(begins && extra && words.len() > 2 && error.kind() == ErrorKind::UnknownArgument) {
        return Err(error);
    }
    args.insert(1.min(args.len()), "ask".into());
    parse(args)
}

/// The failure of words that look like a command which does not exist: a single word, or two to three words of which the
/// first resembles a command. A model must not answer a typing error.
fn no_command(args: &[OsString]) -> Option<Failure> {
    let all = words(args)?;
    let first = word(args, *all.first()?)?;
    let command = Cli::command();
    let letters = |c: char| c.is_ascii_alphabetic() || c == '-';
    if command.find_subcommand(first).is_some() || first.starts_with('-') || !first.chars().all(letters) {
        return None;
    }
    let rest = args.get(*all.first()? + 1..)?;
    let rest: String = rest
        .iter()
        .map(|arg| format!(" {}", quoted(&arg.to_string_lossy())))
        .collect();
    let lone = all.len() == 1;
    let near = mistyped(args).filter(|_| all.len() <= 3);
    let message = match near {
        Some(near) => format!("`{first}` is not an askpm command; did you mean `askpm {near}{rest}`?"),
        None if lone => format!("`{first}` is not an askpm command"),
        None => return None,
    };
    let hint = format!("run `askpm ask {first}{rest}` to ask it as a question, or `askpm --help` to list the commands");
    Some(Failure::usage(&message).hinted(hint))
}

/// `text` as it can be pasted into a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=@%+".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The command that the first word resembles. The word must have at least five letters and the command's first letter, so
/// that `how` is not taken for `show`.
fn mistyped(args: &[OsString]) -> Option<String> {
    let word = args.get(1)?.to_str()?.to_lowercase();
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    if word.chars().count() < 5 || names.contains(&word.as_str()) {
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
    fn a_word_that_is_not_a_command_is_refused_with_a_suggestion_and_a_question_is_not() {
        let refused = |args: &[&str]| {
            let args: Vec<OsString> = ["askpm"].iter().chain(args).map(OsString::from).collect();
            no_command(&args).map(|failure| failure.lines().join("\n"))
        };
        let told = refused(&["serch", "price", "--json"]).unwrap();
        assert_eq!(
            told,
            "error: `serch` is not an askpm command; did you mean `askpm search price --json`?\n\
             hint: run `askpm ask serch price --json` to ask it as a question, or `askpm --help` to list the commands"
        );
        assert!(refused(&["refesh"]).unwrap().contains("did you mean `askpm refresh`?"));
        assert!(
            refused(&["digest"])
                .unwrap()
                .starts_with("error: `digest` is not an askpm command\n")
        );
        assert!(refused(&["-m", "none", "digest", "-q"]).is_some());
        for args in [
            &["search", "price"][..],
            &["How do I start?"],
            &["how", "so"],
            &["Why?"],
            &["价格怎么定"],
            &["serch", "for", "good", "prices"],
            &["ask", "digest"],
            &["--", "digest"],
            &["-"],
            &["--help"],
            &["-q"],
            &[],
        ] {
            assert_eq!(refused(args), None, "{args:?}");
        }
    }

    #[test]
    fn a_question_that_begins_like_a_command_is_asked_and_a_wrong_command_stays_one() {
        let parsed = |args: &[&str]| {
            let args: Vec<OsString> = ["askpm"].iter().chain(args).map(OsString::from).collect();
            parse(with_ask(args.clone())).or_else(|error| as_question(args, error))
        };
        for args in [
            &["show", "me", "how", "to", "price"][..],
            &["list", "the", "ways", "to", "price"],
            &["-m", "none", "show", "me", "pricing"],
        ] {
            let (cli, _) = parsed(args).unwrap();
            assert!(matches!(cli.command, Command::Ask(_)), "{args:?}");
        }
        for args in [
            &["show", "one", "two"][..],
            &["list", "--nothing"],
            &["models", "list", "the", "x"],
            &["show", "me", "how", "--nothing"],
        ] {
            assert!(parsed(args).is_err(), "{args:?}");
        }
        assert!(matches!(parsed(&["show", "me"]).unwrap().0.command, Command::Show(_)));
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
