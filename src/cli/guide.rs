//! Prints what askpm is and what to type next, once, to a new user on a terminal.
//!
//! An empty file in the state folder records that the guide was shown. If that file cannot be made, nothing is shown:
//! the guide must not appear each time.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use super::context::Context;
use super::error::Failure;
use super::{doctor, files};
use crate::answer::Answer;
use crate::render::sanitise;

/// The file that records it.
const SHOWN: &str = "guide-shown";

/// Three things to type, and what each does.
const NEXT: [(&str, &str); 3] = [
    ("askpm \"How do I become an AI/ML PM?\"", "an answer, with its sources"),
    ("askpm search pricing", "what the corpus says about a topic"),
    ("askpm import FILE", "adds a newsletter of yours"),
];

/// Whether standard input and output are terminals.
pub fn can_be_seen() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows the guide when `askpm` is typed without arguments for the first time. Returns false if it was shown before.
pub fn alone(context: &Context) -> Result<bool, Failure> {
    if !is_first(context) {
        return Ok(false);
    }
    let mut out = io::stdout().lock();
    let what = "askpm answers product managers' questions from newsletter discussions, on this machine. Each sentence \
        cites its source. If the corpus has no answer, askpm says so.";
    writeln!(out, "{}\n", context.look().wrap(what, ""))?;
    for (name, place) in doctor::places(context) {
        writeln!(out, "  {name:9} {}", sanitise::line(&place))?;
    }
    writeln!(out, "\nNext:")?;
    for (command, does) in NEXT {
        writeln!(out, "  {command:38} {does}")?;
    }
    let more = "`askpm --help` lists the commands, `askpm doctor` checks the setup. This message is shown once.";
    writeln!(out, "\n{}", context.look().wrap(more, ""))?;
    out.flush()?;
    Ok(true)
}

/// Prints on a terminal what to type after `answer`: all of it the first time, then a short line.
pub fn after_an_answer(context: &Context, answer: &Answer) {
    if !context.draws() || !io::stdout().is_terminal() {
        return;
    }
    let next = match is_first(context) {
        true => "That was your first answer. `askpm show 1` opens its first source, `askpm ask -c \"…\"` asks a \
            follow-up, `askpm chat` starts a conversation, `askpm import FILE` adds your newsletters, and `askpm doctor` \
            shows where files are. This message is shown once."
            .to_string(),
        false => {
            let source = answer.citations.len().min(2);
            format!("Next: `askpm show {source}` opens source {source}, `askpm ask -c \"…\"` asks a follow-up.")
        }
    };
    // A closed standard error does not matter: the answer was printed.
    let look = context.error_look();
    let _ = writeln!(io::stderr(), "\n{}", look.wrap(&next, ""));
}

/// Returns true the first time, and records that the guide was shown.
fn is_first(context: &Context) -> bool {
    let folder = &context.folders.state;
    files::private_folder(folder).is_ok() && File::create_new(folder.join(SHOWN)).is_ok()
}
