//! `askpm refresh`: brings the index up to date and prints what changed.

use std::io::{self, Write};

use serde::Serialize;

use super::args::OutputArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use crate::index::{Change, Skipped};
use crate::render::terminal::count;
use crate::render::{json, sanitise};

/// The contract's object for `refresh --json`.
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

pub fn run(context: &Context, args: &OutputArgs) -> Result<Exit, Failure> {
    let (_, report) = context.store()?;
    let mut out = io::stdout().lock();
    if args.json {
        let rows = report.skipped.iter().map(|Skipped { file, why }| Row { file, why });
        json::pretty(
            &mut out,
            &Report {
                added: report.added,
                changed: report.changed,
                removed: report.removed,
                unchanged: report.unchanged,
                passages: report.passages,
                took_ms: report.took.as_micros() as f64 / 1_000.0,
                skipped: rows.collect(),
            },
        )?;
    } else {
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
        )?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
