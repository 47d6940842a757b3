//! Runs `askpm refresh`: updates the index and prints what changed.

use std::io::{self, Write};

use serde::Serialize;

use super::args::RefreshArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::incoming::Incoming;
use super::watch;
use crate::index::{Change, RefreshReport, Skipped};
use crate::models::Net;
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

pub fn run(context: &Context, args: &RefreshArgs) -> Result<Exit, Failure> {
    let mut incoming = Incoming::new(context, args.drop.clone());
    if args.watch {
        return watch::run(context, args, incoming);
    }
    let mut skipped = incoming.feeds()?;
    skipped.extend(incoming.dropped()?);
    context.tell_skipped(&skipped);
    let (store, mut report) = context.refreshed()?;
    if let Some(table) = &context.config.retriever {
        match context.net {
            Net::Online => drop(table.open(context, &store)?),
            _ => context.note("offline: the cluster of [retriever] was not updated"),
        }
    }
    report.skipped.extend(skipped);
    let mut out = io::stdout().lock();
    tell(&mut out, &report, if args.json { Form::Json } else { Form::Text })?;
    out.flush()?;
    Ok(Exit::Done)
}

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
    for (change, slug) in &report.changes {
        let word = match change {
            Change::Added => "added",
            Change::Changed => "changed",
            Change::Removed => "removed",
        };
        writeln!(out, "{word} {}", sanitise::line(slug))?;
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
