//! Writes a summary: a few sentences of a newsletter with what they cite.

use std::io::{self, Write};

use super::digest::{html as page, markdown as notes, quoted};
use super::html::{begin, end, escape};
use super::sanitise;
use super::terminal::{BOLD, Look};
use crate::digest::summary::Summary;

/// Writes `summary` as text.
pub fn text(out: &mut dyn Write, summary: &Summary, look: Look) -> io::Result<()> {
    let title = look.wrap(&sanitise::line(&summary.title), "");
    writeln!(out, "{}", look.style(BOLD, &title))?;
    writeln!(
        out,
        "{} [{}]\n",
        look.date(summary.date.as_deref()),
        sanitise::line(&summary.id)
    )?;
    summary.sentences.iter().try_for_each(|line| quoted(out, line, look))
}

/// Writes `summary` as Markdown.
pub fn markdown(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let date = summary.date.as_deref().unwrap_or("undated");
    writeln!(out, "# {}\n", super::markdown::escape(&summary.title))?;
    writeln!(out, "{} `{}`\n", super::markdown::escape(date), summary.id)?;
    summary.sentences.iter().try_for_each(|line| notes::line(out, line))
}

/// Writes `summary` as a page.
pub fn html(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    begin(out, &summary.title)?;
    let date = escape(summary.date.as_deref().unwrap_or("undated"));
    writeln!(
        out,
        "<p class=\"about\">{date} <code>{}</code></p>",
        escape(&summary.id)
    )?;
    page::lines(out, &summary.sentences)?;
    end(out)
}
