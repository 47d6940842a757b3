//! Runs `askpm man`: prints the manual page of the program or of a command, in roff.

use std::io::{self, Write};

use clap::{Command, CommandFactory};

use super::args::Cli;
use super::error::{Exit, Failure};
use super::nearest;

/// Prints the page of the command at `path`, or of the program if `path` is empty.
pub fn run(path: &[String]) -> Result<Exit, Failure> {
    io::stdout().write_all(&page(path)?)?;
    Ok(Exit::Done)
}

fn page(path: &[String]) -> Result<Vec<u8>, Failure> {
    // Otherwise each `help` command would need a page.
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives each command its full name and the global options.
    program.build();
    let mut command = &program;
    for name in path {
        command = command.find_subcommand(name).ok_or_else(|| unknown(command, name))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

fn unknown(command: &Command, name: &str) -> Failure {
    let known = || command.get_subcommands().map(Command::get_name);
    let whose = command.get_bin_name().unwrap_or(command.get_name());
    let way_out = match known().collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => format!("`askpm man{}` prints its page", whose.trim_start_matches("askpm")),
        names => format!("{}its commands are {names}", nearest::did_you_mean(name, known())),
    };
    Failure::usage(&format!("`{whose}` has no command `{name}`; {way_out}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(path: &[&str]) -> Result<String, Failure> {
        let path: Vec<String> = path.iter().map(|name| name.to_string()).collect();
        page(&path).map(|page| String::from_utf8(page).unwrap())
    }

    /// Each command has a page under the name by which the one above refers to it, and no other is referred to.
    fn check(command: &Command, path: &[&str]) {
        let page = printed(path).unwrap();
        let name = [&["askpm"], path].concat().join("-");
        assert!(page.contains(&format!(".TH {name} 1")), "{name}: {page}");
        let within: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        assert_eq!(page.matches("(1)").count(), within.len(), "{page}");
        for sub in command.get_subcommands() {
            let reference = format!("{name}-{}(1)", sub.get_name()).replace('-', "\\-");
            assert!(page.contains(&reference), "{reference} is not in {page}");
            check(sub, &[path, &[sub.get_name()]].concat());
        }
    }

    #[test]
    fn every_command_has_a_page_and_no_page_refers_to_one_that_is_not_there() {
        check(&Cli::command(), &[]);
        assert!(printed(&["models", "pull"]).unwrap().contains("\\-\\-offline"));
    }

    #[test]
    fn a_command_that_is_not_there_is_told_with_the_nearest_and_with_all() {
        let told = |path: &[&str]| printed(path).unwrap_err().lines().join("\n");
        let slip = told(&["serch"]);
        assert!(
            slip.contains("did you mean `search`? its commands are ask, chat, "),
            "{slip}"
        );
        assert!(told(&["models", "fly"]).contains("`askpm models` has no command `fly`; its commands are "));
        assert!(told(&["ask", "me"]).contains("`askpm ask` has no command `me`; `askpm man ask` prints its page"));
    }
}
