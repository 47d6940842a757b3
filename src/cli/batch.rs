//! Runs `askpm ask --batch`: reads one question per line and prints one JSON object per line. Loads the model once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::json;

use super::answering::settings;
use super::args::AskArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::model::{self, Loaded};
use super::text::{BEYOND, drop_cut_character, text};
use crate::answer::meaning::Meaning;
use crate::answer::{Answer, Sentence};
use crate::ask::{self, AskError, Listener, MAX_QUESTION_BYTES, Settings};
use crate::index::Store;
use crate::render::json;
use crate::retrieve::Retriever;

/// Answers each line. A line that fails gives an object with `error`. The status is 1 if a line failed, and 3 if every
/// question abstained.
pub fn run(context: &Context, args: &AskArgs, file: &Path) -> Result<Exit, Failure> {
    let cannot_read = |error: io::Error| Failure::new(format!("cannot read {}", file.display()), error);
    let settings = settings(context, args);
    let mut wanted = Some(model::wanted(context, &args.model)?);
    let mut input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file).map_err(cannot_read)?))
    };
    let (store, finder) = Finder::open(context, args.retrieval.by, wanted.as_ref())?;
    let retriever = finder.retriever(&store);
    let mut loaded: Option<Loaded> = None;
    let mut out = io::stdout().lock();
    let (mut asked, mut abstained, mut failed) = (0, 0, 0);
    while let Some(line) = next_line(&mut input).map_err(cannot_read)? {
        let question = match text(line, "the question") {
            Ok(question) if question.trim().is_empty() => continue,
            Ok(question) => question,
            Err(failure) => {
                failed += 1;
                json::line(&mut out, &json!({"question": null, "error": failure.lines().join(" ")}))?;
                continue;
            }
        };
        asked += 1;
        match one(
            (&store, &*retriever, finder.meaning()),
            &question,
            &settings,
            || {
                if let Some(wanted) = wanted.take() {
                    loaded = wanted.load(context)?;
                }
                Ok(loaded.as_mut())
            },
            context,
        ) {
            Ok(answer) => {
                abstained += usize::from(answer.abstained);
                json::line(&mut out, &answer)?;
            }
            Err(Step::Line(error)) => {
                failed += 1;
                let shown: String = question.chars().take(200).collect();
                json::line(&mut out, &json!({"question": shown, "error": error.to_string()}))?;
            }
            Err(Step::All(failure)) => return Err(failure),
        }
        out.flush()?;
    }
    if asked + failed == 0 {
        return Err(
            Failure::new(format!("cannot answer {}", file.display()), "it has no questions")
                .hinted("write one question per line"),
        );
    }
    Ok(match (failed, abstained == asked) {
        (1.., _) => Exit::Failed,
        (0, true) => Exit::NoAnswer,
        _ => Exit::Done,
    })
}

/// What ends one question, and what ends the batch.
enum Step {
    Line(AskError),
    All(Failure),
}

fn one<'a>(
    (store, retriever, meaning): (&Store, &dyn Retriever, Option<&dyn Meaning>),
    question: &str,
    settings: &Settings,
    model: impl FnOnce() -> Result<Option<&'a mut Loaded>, Failure>,
    context: &Context,
) -> Result<Answer, Step> {
    let found = ask::find_with(store, retriever, meaning, question, settings).map_err(Step::Line)?;
    let loaded = if found.abstains {
        None
    } else {
        model().map_err(Step::All)?
    };
    let writer = loaded.map(Loaded::writer);
    ask::write(&found, writer, meaning, settings, &mut Notes(context)).map_err(Step::Line)
}

/// Returns the next line without its line end, or `None` at the end. It drops what a line has beyond the length limit
/// of a question and a few bytes, so that no input can exhaust memory.
pub(super) fn next_line(input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    // Room for the line end, too.
    let limit = (MAX_QUESTION_BYTES + BEYOND + 2) as u64;
    if input.take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == limit {
        input.skip_until(b'\n')?;
        drop_cut_character(&mut line, MAX_QUESTION_BYTES);
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line))
}

/// Prints notes to standard error. The sentences are in the object.
struct Notes<'a>(&'a Context);

impl Listener for Notes<'_> {
    fn sentence(&mut self, _: &Sentence) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn note(&mut self, text: &str) {
        self.0.note(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_without_their_ends_and_long_ones_are_cut() {
        let long = "x".repeat(MAX_QUESTION_BYTES * 3);
        let text = format!("a\r\n\n{long}\nlast");
        let mut input: Box<dyn BufRead> = Box::new(io::Cursor::new(text.into_bytes()));
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut *input).unwrap() {
            lines.push(line.len());
        }
        assert_eq!(lines, [1, 0, MAX_QUESTION_BYTES + BEYOND + 2, 4]);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        for start in ["", "a"] {
            let text = format!("{start}{}\n", "é".repeat(MAX_QUESTION_BYTES));
            let mut input: Box<dyn BufRead> = Box::new(io::Cursor::new(text.into_bytes()));
            let line = next_line(&mut *input).unwrap().unwrap();
            assert!(line.len() > MAX_QUESTION_BYTES && String::from_utf8(line).is_ok());
        }
    }
}
