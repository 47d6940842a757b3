//! Decides what the words of the command line mean: a command, a question, or a command that does not exist.

use std::ffi::OsString;
use std::io;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory};

use super::args::Cli;
use super::error::Failure;
use super::{nearest, parse};

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
pub fn with_ask(mut args: Vec<OsString>) -> Vec<OsString> {
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
pub fn as_question(mut args: Vec<OsString>, error: clap::Error) -> Result<(Cli, ArgMatches), clap::Error> {
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
pub fn no_command(args: &[OsString]) -> Option<Failure> {
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

/// The command that the first word resembles. The word must have the command's first letter, so that `how` is not taken
/// for `show`. A word of fewer than five letters must have only letters of the command, because `last` is a word too.
fn mistyped(args: &[OsString]) -> Option<String> {
    let word = args.get(1)?.to_str()?.to_lowercase();
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let length = word.chars().count();
    if length < 3 || names.contains(&word.as_str()) {
        return None;
    }
    let near = nearest::nearest(&word, names.iter().copied())?;
    let slip = length >= 5 || word.chars().all(|c| near.contains(c));
    (slip && near.starts_with(word.chars().next()?)).then(|| near.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::args::Command;
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
        for (typed, meant) in [("shw", "show"), ("lsit", "list"), ("lst", "list")] {
            let told = refused(&[typed, "pricing"]).unwrap();
            assert!(
                told.contains(&format!("did you mean `askpm {meant} pricing`?")),
                "{told}"
            );
        }
        assert!(refused(&["refesh"]).unwrap().contains("did you mean `askpm refresh`?"));
        assert!(
            refused(&["otters"])
                .unwrap()
                .starts_with("error: `otters` is not an askpm command\n")
        );
        assert!(refused(&["-m", "none", "otters", "-q"]).is_some());
        for args in [
            &["search", "price"][..],
            &["How do I start?"],
            &["how", "so"],
            &["last", "raise"],
            &["as", "pm"],
            &["Why?"],
            &["价格怎么定"],
            &["serch", "for", "good", "prices"],
            &["ask", "otters"],
            &["--", "otters"],
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
