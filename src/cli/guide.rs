//! What is told to somebody who is new here: what askpm is, where things are, and what to type next. Once, on a
//! terminal.
//!
//! In: the surroundings. Out: a few lines. That they were shown is remembered by an empty file in the state folder;
//! where that cannot be made, nothing is shown, rather than each time.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use super::context::Context;
use super::error::Failure;
use super::{doctor, files};
use crate::answer::Answer;
use crate::render::sanitise;

/// What is remembered by.
const SHOWN: &str = "guide-shown";

/// Three things to type, and what each does.
const NEXT: [(&str, &str); 3] = [
    ("askpm \"How do I become an AI/ML PM?\"", "an answer, with its sources"),
    ("askpm search pricing", "what the corpus has on something"),
    ("askpm import FILE", "a newsletter of your own, beside the others"),
];

/// Whether somebody sits before a terminal.
pub fn can_be_seen() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows the guide to whoever types `askpm` alone for the first time. False: it was shown before.
pub fn alone(context: &Context) -> Result<bool, Failure> {
    if !is_first(context) {
        return Ok(false);
    }
    let mut out = io::stdout().lock();
    let what = "askpm answers product managers' questions from newsletter discussions, on this machine. Each sentence \
        has its source, and what the corpus does not answer is not answered.";
    writeln!(out, "{}\n", context.look().wrap(what, ""))?;
    for (name, place) in doctor::places(context) {
        writeln!(out, "  {name:9} {}", sanitise::line(&place))?;
    }
    writeln!(out, "\nNext:")?;
    for (command, does) in NEXT {
        writeln!(out, "  {command:38} {does}")?;
    }
    let more = "`askpm --help` lists everything, `askpm doctor` tells what is missing. This is shown once.";
    writeln!(out, "\n{}", context.look().wrap(more, ""))?;
    out.flush()?;
    Ok(true)
}

/// Says on a terminal what can be typed after `answer`: the first time all there is, and then how to read on.
pub fn after_an_answer(context: &Context, answer: &Answer) {
    if !context.draws() || !io::stdout().is_terminal() {
        return;
    }
    let next = match is_first(context) {
        true => "That was your first answer. `askpm show 1` opens its first source, `askpm ask -c \"…\"` goes on from it, \
            `askpm chat` is a conversation, `askpm import FILE` adds newsletters of your own, and `askpm doctor` says where \
            things are. This is shown once."
            .to_string(),
        false => {
            let source = answer.citations.len().min(2);
            format!("Next: `askpm show {source}` opens source {source}, `askpm ask -c \"…\"` goes on from this answer.")
        }
    };
    // An answer that was given is not undone by a closed standard error.
    let look = context.error_look();
    let _ = writeln!(io::stderr(), "\n{}", look.wrap(&next, ""));
}

/// Whether nothing was shown yet; from now on it was.
fn is_first(context: &Context) -> bool {
    let folder = &context.folders.state;
    files::private_folder(folder).is_ok() && File::create_new(folder.join(SHOWN)).is_ok()
}
