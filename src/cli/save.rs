//! Implements `ask --save FILE`: saves an answer as a document, atomically, in the format of the file's extension.

use std::io::{self, Write};
use std::path::Path;

use super::args::Format;
use super::error::Failure;
use super::files::{self, Readers};
use crate::answer::Answer;
use crate::render::terminal::Look;
use crate::render::{html, json, markdown, sanitise, sources};

/// The format of the extension of `path`.
pub fn format_of(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("md" | "markdown") => Ok(Format::Md),
        Some("html" | "htm") => Ok(Format::Html),
        Some("json") => Ok(Format::Json),
        Some("txt") => Ok(Format::Text),
        _ => Err(Failure::usage(
            "`--save` needs a file name that ends in .md, .html, .json or .txt",
        )),
    }
}

/// Writes `answer` to `path`.
pub fn save(answer: &Answer, path: &Path) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    write(&mut bytes, answer, format_of(path)?)?;
    files::replace(path, &bytes, Readers::Anyone).map_err(|error| {
        Failure::new(format!("cannot save {}", path.display()), error)
            .hinted("choose a file in a writable folder; the answer is on standard output")
    })
}

/// Writes the whole answer in the given format.
pub fn write(out: &mut dyn Write, answer: &Answer, format: Format) -> io::Result<()> {
    match format {
        Format::Md => markdown::answer(out, answer),
        Format::Html => html::answer(out, answer),
        Format::Json => json::pretty(out, answer),
        Format::Text => {
            writeln!(
                out,
                "{}\n\n{}",
                sanitise::line(&answer.question),
                sanitise::line(&answer.answer)
            )?;
            sources::sources(out, answer, Look::PLAIN)
        }
    }
}
