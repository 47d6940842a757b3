//! Writes what a refresh changed, as text or JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::context::Context;
use crate::index::{Change, RefreshReport, Skipped};
use crate::render::terminal::count;
use crate::render::{json, sanitise};

/// The object that `refresh --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    added: usize,
    changed: usize,
    removed: usize,
    unchanged: usize,
    passages: usize,
    took_ms: f64,
    skipped: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    why: &'a str,
}

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    /// One indented object.
    Json,
    /// One object on one line, for a stream of reports.
    JsonLine,
}

/// The most editions that the text names. The counts below them are of all.
const NAMED: usize = 20;

/// Writes what a refresh changed.
pub fn tell(out: &mut dyn Write, report: &RefreshReport, form: Form) -> io::Result<()> {
    let object = || Report {
        added: report.added,
        changed: report.changed,
        removed: report.removed,
        unchanged: report.unchanged,
        passages: report.passages,
        took_ms: report.took.as_micros() as f64 / 1_000.0,
        skipped: report
            .skipped
            .iter()
            .map(|Skipped { file, why }| Row { file, why })
            .collect(),
    };
    match form {
        Form::Json => return json::pretty(out, &object()),
        Form::JsonLine => return json::line(out, &object()),
        Form::Text => {}
    }
    for (change, slug) in report.changes.iter().take(NAMED) {
        let word = match change {
            Change::Added => "added",
            Change::Changed => "changed",
            Change::Removed => "removed",
        };
        writeln!(out, "{word} {}", sanitise::line(slug))?;
    }
    if let Some(more @ 1..) = report.changes.len().checked_sub(NAMED) {
        writeln!(out, "… and {more} more")?;
    }
    writeln!(
        out,
        "{} added, {} changed, {} removed, {} unchanged; {} indexed",
        report.added,
        report.changed,
        report.removed,
        report.unchanged,
        count(report.passages, "passage")
    )
}

/// Prints what a refresh changed as notes, where standard output is for something else.
pub fn note(context: &Context, report: &RefreshReport) -> io::Result<()> {
    let mut text = Vec::new();
    tell(&mut text, report, Form::Text)?;
    String::from_utf8_lossy(&text)
        .lines()
        .for_each(|line| context.note(line));
    Ok(())
}
