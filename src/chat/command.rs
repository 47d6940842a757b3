//! Parses a line typed in a conversation: a question, or a command that starts with `/`.
//!
//! An unknown command gets a suggestion. The caller carries commands out.

use super::courtesy::{Courtesy, courtesy};

/// A line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// Only white space.
    Nothing,
    Question(&'a str),
    /// Thanks and the like, with the reply.
    Polite(&'static str),
    Help,
    Sources,
    /// The number of a source of the last answer, or an identifier.
    Show(&'a str),
    /// The model to continue with, or `None` to print the current one.
    Model(Option<&'a str>),
    /// The file to write to.
    Save(&'a str),
    New,
    Quit,
}

/// A command, its argument, and what it does.
pub struct Command {
    pub name: &'static str,
    pub takes: &'static str,
    pub does: &'static str,
}

const fn command(name: &'static str, takes: &'static str, does: &'static str) -> Command {
    Command { name, takes, does }
}

/// All commands.
pub const COMMANDS: [Command; 7] = [
    command("help", "", "list the commands"),
    command("sources", "", "show the sources of the last answer with their quotes"),
    command(
        "show",
        "N|ID",
        "show source N of the last answer, or the item ID, in full",
    ),
    command("model", "[NAME]", "show the model, or switch to a name, a path or none"),
    command("save", "FILE", "save this conversation to FILE as Markdown"),
    command("new", "", "start a new conversation"),
    command("quit", "", "exit; so do exit, bye and Ctrl-D"),
];

/// Why a line is not a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("cannot run /{name}: there is no such command; did you mean /{nearest}?")]
    Unknown { name: String, nearest: &'static str },
    #[error("cannot run /{name}: it takes {takes}")]
    Takes { name: &'static str, takes: &'static str },
}

/// Parses one line. A question that starts with `/` must have a space before it.
///
/// # Errors
/// The command does not exist, lacks its argument, or has one that it does not take.
pub fn parse(line: &str) -> Result<Line<'_>, CommandError> {
    let Some(command) = line.strip_prefix('/') else {
        let text = line.trim();
        return Ok(match courtesy(text) {
            Some(Courtesy::Leave) => Line::Quit,
            Some(polite) => polite.reply().map_or(Line::Nothing, Line::Polite),
            None if text.is_empty() => Line::Nothing,
            None => Line::Question(text),
        });
    };
    let (typed, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    let name = typed.to_lowercase();
    let name = match name.as_str() {
        "?" | "h" => "help",
        "exit" | "q" | "bye" => "quit",
        "source" => "sources",
        other => other,
    };
    let Some(known) = COMMANDS.iter().find(|one| one.name == name) else {
        return Err(CommandError::Unknown {
            name: typed.chars().take(40).collect(),
            nearest: nearest(name),
        });
    };
    let wrong = |takes| {
        Err(CommandError::Takes {
            name: known.name,
            takes,
        })
    };
    match (known.name, rest) {
        ("show" | "save", "") => wrong(known.takes),
        ("help" | "sources" | "new" | "quit", rest) if !rest.is_empty() => wrong("nothing"),
        ("help", _) => Ok(Line::Help),
        ("sources", _) => Ok(Line::Sources),
        ("show", rest) => Ok(Line::Show(rest)),
        ("model", rest) => Ok(Line::Model((!rest.is_empty()).then_some(rest))),
        ("save", rest) => Ok(Line::Save(rest)),
        ("new", _) => Ok(Line::New),
        _ => Ok(Line::Quit),
    }
}

/// Returns the command closest to `name`: one that starts with it, else the one with the fewest edits. On a tie, the
/// same first letter wins.
fn nearest(name: &str) -> &'static str {
    let name: String = name.chars().take(40).collect();
    let key = |command: &&Command| {
        let begins = !name.is_empty() && command.name.starts_with(&name);
        let alike = name.chars().next() == command.name.chars().next();
        (!begins, strsim::osa_distance(&name, command.name), !alike)
    };
    COMMANDS.iter().min_by_key(key).map_or("help", |command| command.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn questions_and_commands_are_told_apart() {
        assert_eq!(parse("  How so? "), Ok(Line::Question("How so?")));
        assert_eq!(parse(" /etc is a folder?"), Ok(Line::Question("/etc is a folder?")));
        assert_eq!(parse("\t "), Ok(Line::Nothing));
        assert_eq!(parse("/show  2 "), Ok(Line::Show("2")));
        assert_eq!(parse("/MODEL none"), Ok(Line::Model(Some("none"))));
        assert_eq!(parse("/model"), Ok(Line::Model(None)));
        assert_eq!(parse("/save a b.md"), Ok(Line::Save("a b.md")));
        assert_eq!(parse("/exit"), Ok(Line::Quit));
        assert_eq!(parse(" bye! "), Ok(Line::Quit));
        assert!(matches!(parse("great, thanks!"), Ok(Line::Polite(_))));
    }

    #[test]
    fn an_unknown_command_says_the_nearest() {
        for (typed, near) in [
            ("/sorces", "sources"),
            ("/qiut", "quit"),
            ("/mod", "model"),
            ("/hlep x", "help"),
            ("/", "new"),
        ] {
            match parse(typed) {
                Err(CommandError::Unknown { nearest, .. }) => assert_eq!(nearest, near, "{typed}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_a_command_takes_is_asked_for() {
        assert_eq!(
            parse("/show").unwrap_err().to_string(),
            "cannot run /show: it takes N|ID"
        );
        assert_eq!(
            parse("/new york").unwrap_err().to_string(),
            "cannot run /new: it takes nothing"
        );
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in "\\PC{0,80}") {
            if let Ok(Line::Question(text)) = parse(&line) {
                prop_assert_eq!(text, line.trim());
            }
        }
    }
}
