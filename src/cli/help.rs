//! Builds the command that clap runs: the grammar, with the commands grouped in `askpm --help`.
//!
//! clap has no groups of subcommands. The list is made from the commands themselves at run time, so that it cannot differ
//! from them.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory};

use super::args::Cli;
use super::context::variable;

/// The groups, in the order in which `askpm --help` lists them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Ask", &["ask", "chat", "search", "compare"]),
    ("Read", &["show", "list", "summarize", "digest", "topics", "export"]),
    ("Saved questions", &["save", "saved"]),
    ("Your newsletters", &["import", "feeds", "refresh", "tag"]),
    ("Connect", &["serve", "mcp"]),
    (
        "Maintain",
        &["models", "config", "doctor", "bench", "eval", "completions", "man"],
    ),
];

/// The grammar as clap runs it. An environment variable that is empty counts as unset.
pub fn command() -> Command {
    with_variables(grouped(Cli::command()), &variable)
}

/// `program` with its commands grouped in its help.
fn grouped(program: Command) -> Command {
    let list = list(&program);
    let header = program.get_styles().get_header();
    let options = format!("{header}Options:{header:#}\n{{options}}");
    let template = format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}{options}{{after-help}}");
    program.help_template(template)
}

/// The commands by group, each with its `about`.
fn list(program: &Command) -> String {
    let header = program.get_styles().get_header();
    let name_style = program.get_styles().get_literal();
    let commands = || program.get_subcommands();
    let width = commands().map(|command| command.get_name().len()).max().unwrap_or(0);
    let mut out = String::new();
    for (group, names) in GROUPS {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{header}{group}:{header:#}");
        for command in names.iter().filter_map(|name| program.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            let _ = writeln!(out, "  {name_style}{name:width$}{name_style:#}  {about}");
        }
        out.push('\n');
    }
    out
}

/// `command`, and those within it, without the variables that are set to an empty value.
fn with_variables(command: Command, get: &impl Fn(&str) -> Option<OsString>) -> Command {
    let empty = |arg: &Arg| {
        let name = arg.get_env().and_then(|name| name.to_str());
        name.and_then(get).is_some_and(|value| value.is_empty())
    };
    let command = command.mut_args(|arg| match empty(&arg) {
        true => arg.env(Resettable::Reset),
        false => arg,
    });
    command.mut_subcommands(|command| with_variables(command, get))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(command: &mut Command) -> String {
        command.render_long_help().to_string()
    }

    #[test]
    fn every_command_is_in_one_group_with_its_own_line() {
        let mut program = command();
        let names: Vec<String> = program.get_subcommands().map(|c| c.get_name().to_string()).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
        all.sort_unstable();
        assert_eq!(grouped, all);
        let help = help(&mut program);
        for (group, _) in GROUPS {
            assert!(help.contains(&format!("\n{group}:\n")), "{group}: {help}");
        }
        for command in Cli::command().get_subcommands() {
            let about = command.get_about().unwrap().to_string();
            let line = format!("\n  {:11}  {about}\n", command.get_name());
            assert_eq!(help.matches(&line).count(), 1, "{line}: {help}");
        }
        assert!(!help.contains("Commands:"), "{help}");
        assert!(help.contains("--corpus") && help.contains("Exit status:"), "{help}");
    }

    #[test]
    fn every_line_of_the_list_fits_a_terminal() {
        for line in list(&Cli::command()).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    /// The words of a line of a shell, as far as the examples need them.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut within = false;
        for c in line.chars() {
            match c {
                '"' => within = !within,
                ' ' if !within => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    /// Checks that the help of `command` has one to three examples, and that each is valid.
    fn check(command: &mut Command) {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_string();
        let help = help(command);
        let examples = help
            .split_once("Examples:\n")
            .unwrap_or_else(|| panic!("{name} has no examples"))
            .1;
        let lines: Vec<&str> = examples.lines().take_while(|line| line.starts_with("  ")).collect();
        assert!((1..=3).contains(&lines.len()), "{name}: {lines:?}");
        for line in lines {
            // What is before and after askpm is the shell's.
            let Some(at) = line.find("askpm ") else {
                assert!(line.contains("curl"), "{line}");
                continue;
            };
            let words = words(line[at..].split(['|', '>']).next().unwrap_or_default());
            if line.trim_start().starts_with("claude") {
                continue;
            }
            let args = words.iter().map(OsString::from).collect();
            assert!(
                super::super::parse(super::super::words::with_ask(args)).is_ok(),
                "{name}: {line}"
            );
        }
        for sub in command.get_subcommands_mut() {
            check(sub);
        }
    }

    #[test]
    fn the_help_of_every_command_ends_with_examples_that_are_valid() {
        let mut program = command();
        program.build();
        check(&mut program);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let names = |get: &dyn Fn(&str) -> Option<OsString>| {
            let program = with_variables(Cli::command(), &|name| get(name));
            let ask = program.find_subcommand("ask").unwrap().clone();
            let named: Vec<String> = ask
                .get_arguments()
                .chain(program.get_arguments())
                .filter_map(|arg| arg.get_env()?.to_str().map(String::from))
                .collect();
            named
        };
        let all = names(&|_| Some("x".into()));
        assert!(all.contains(&"ASKPM_MODEL".to_string()) && all.contains(&"ASKPM_CORPUS".to_string()));
        assert_eq!(names(&|_| Some("".into())), Vec::<String>::new());
        assert_eq!(names(&|_| None), all);
    }
}
