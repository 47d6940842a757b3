//! Writes a comparison as text, Markdown, HTML or CSV.
//!
//! Text has a block for each contributor, because a table of sentences does not fit a terminal. The other formats have a
//! table with one row for each contributor. Every cell is sanitised and on one line.

use std::io::{self, Write};

use super::terminal::{self, BOLD, DIM, Look};
use super::{html, markdown, sanitise};
use crate::answer::agreement::Relation;
use crate::answer::stands::{Source, Stand};
use crate::compare::{Comparison, Row};

/// The columns of a table.
const COLUMNS: [&str; 8] = [
    "Contributor",
    "Position",
    "Reason",
    "Condition",
    "Agreement",
    "Asked",
    "Date",
    "Source",
];

/// The width of the labels of a block, with their indent.
const LABEL: usize = 13;

/// Writes one block for each contributor, below the question of their discussion.
pub fn text(out: &mut dyn Write, comparison: &Comparison, look: Look) -> io::Result<()> {
    let mut last = None;
    for row in &comparison.rows {
        if last.is_some() {
            writeln!(out)?;
        }
        if last != Some(&row.discussion) {
            let asked = look.wrap(&sanitise::line(&heading(row)), "");
            writeln!(out, "{}\n", look.style(DIM, &asked))?;
        }
        last = Some(&row.discussion);
        let name = look.wrap(&name(row), "");
        writeln!(out, "{}", look.style(BOLD, &name))?;
        cell(out, "Position", &row.position, look)?;
        for (label, text) in [("Reason", &row.reason), ("Condition", &row.condition)] {
            // A clause of the position is not worth another line.
            if let Some(text) = text.as_ref().filter(|text| !row.position.contains(text.as_str())) {
                cell(out, label, text, look)?;
            }
        }
        if let Some(stand) = &row.stance {
            cell(out, kind(stand), &stance(stand, comparison, &row.position), look)?;
        }
        let also = terminal::also_in_line(&row.also_in);
        let source = format!("{} ({}){also}", row.id, look.date(row.date.as_deref()));
        cell(out, "Source", &source, look)?;
    }
    let freshness = terminal::freshness(&comparison.corpus, look.dates);
    writeln!(out, "\n{}", look.style(DIM, &look.wrap(&freshness, "")))
}

/// Writes a table.
pub fn markdown(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    writeln!(out, "# {}\n", markdown::escape(&comparison.question))?;
    writeln!(out, "| {} |", COLUMNS.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(COLUMNS.len()))?;
    for row in &comparison.rows {
        let cells = cells(row, comparison).map(|cell| markdown::escape(&cell));
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    let freshness = terminal::freshness(&comparison.corpus, super::dates::Dates::Iso);
    writeln!(out, "\n*{}*", markdown::escape(&freshness))
}

/// Writes a page with a table.
pub fn page(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    html::begin(out, &comparison.question)?;
    let header = COLUMNS.map(|name| format!("<th scope=\"col\">{name}</th>"));
    writeln!(out, "<table>\n<thead><tr>{}</tr></thead>\n<tbody>", header.concat())?;
    for row in &comparison.rows {
        let cells = cells(row, comparison).map(|cell| format!("<td>{}</td>", html::escape(&cell)));
        writeln!(out, "<tr>{}</tr>", cells.concat())?;
    }
    let freshness = terminal::freshness(&comparison.corpus, super::dates::Dates::Iso);
    writeln!(
        out,
        "</tbody>\n</table>\n<p class=\"about\">{}</p>",
        html::escape(&freshness)
    )?;
    html::end(out)
}

/// Writes a header and one record for each contributor (RFC 4180).
///
/// A cell that a spreadsheet would run as a formula begins with an apostrophe, which spreadsheets hide.
pub fn csv(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(COLUMNS.map(str::to_lowercase))?;
    for row in &comparison.rows {
        writer.write_record(cells(row, comparison).map(|cell| inert(&cell)))?;
    }
    writer.flush()
}

/// Returns a cell that no spreadsheet runs as a formula (OWASP, CSV injection).
fn inert(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula { format!("'{cell}") } else { cell.to_string() }
}

/// The cells of a row, each on one line, in the order of [`COLUMNS`].
fn cells(row: &Row, comparison: &Comparison) -> [String; 8] {
    let cell = |text: &Option<String>| sanitise::line(text.as_deref().unwrap_or_default());
    let stance = row
        .stance
        .as_ref()
        .map(|stand| format!("{}: {}", kind(stand), stance(stand, comparison, "")));
    [
        name(row),
        sanitise::line(&row.position),
        cell(&row.reason),
        cell(&row.condition),
        cell(&stance),
        sanitise::line(&row.discussion),
        cell(&row.date),
        sanitise::line(&row.id),
    ]
}

/// Writes a label and a text that is indented below it.
fn cell(out: &mut dyn Write, label: &str, text: &str, look: Look) -> io::Result<()> {
    let text = look.wrap(&sanitise::line(text), &" ".repeat(LABEL));
    let label = format!("  {label:10} ");
    writeln!(out, "{}{}", look.style(DIM, &label), text.trim_start())
}

/// The name of a contributor. A section is unsigned and has a title.
fn name(row: &Row) -> String {
    match &row.contributor {
        Some(contributor) => sanitise::line(contributor),
        None => format!("“{}”", sanitise::line(&row.discussion)),
    }
}

fn heading(row: &Row) -> String {
    let name = match (&row.contributor, row.discussion.ends_with('?')) {
        (Some(_), true) => "Asked",
        (Some(_), false) => "Discussion",
        (None, _) => "Section",
    };
    format!("{name}: {} ({})", row.discussion, row.edition)
}

fn kind(stand: &Stand) -> &'static str {
    match stand.kind {
        Relation::Agrees => "Agrees",
        Relation::Contradicts => "Disagrees",
    }
}

/// Who or what the stance is about, and the words that show it, unless they stand in the text `above`.
fn stance(stand: &Stand, comparison: &Comparison, above: &str) -> String {
    let words = match above.contains(&stand.quote) {
        true => "in the words above".to_string(),
        false => format!("in their words: “{}”", sanitise::line(&stand.quote)),
    };
    let other = stand.with.as_ref().and_then(|id| {
        let row = comparison.rows.iter().find(|row| row.id == *id)?;
        Some(format!("{} ({})", name(row), sanitise::line(id)))
    });
    let with = other.map(|other| format!("with {other}, ")).unwrap_or_default();
    match stand.by {
        Source::Checker => format!("{with}found by comparing words, {words}"),
        Source::Author => format!("{with}{words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_made_text_and_text_stays() {
        for formula in ["=1+1", "+1", "-1", "@SUM(1)", "＝1"] {
            assert_eq!(inert(formula), format!("'{formula}"));
        }
        assert_eq!(inert("Charge = price"), "Charge = price");
    }
}
