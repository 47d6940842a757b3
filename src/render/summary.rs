//! Writes a summary: a few sentences of a newsletter with what they cite.

use std::io::{self, Write};

use super::digest::{html as page, markdown as notes, quoted};
use super::html::{begin, end, escape, link};
use super::sanitise;
use super::terminal::{BOLD, Look};
use crate::digest::summary::Summary;

/// Writes `summary` as text.
pub fn text(out: &mut dyn Write, summary: &Summary, look: Look) -> io::Result<()> {
    let title = look.wrap(&sanitise::line(&summary.title), "");
    writeln!(out, "{}", look.style(BOLD, &title))?;
    let about = look.wrap(&about(summary, look.date(summary.date.as_deref())), "");
    writeln!(out, "{about} [{}]", sanitise::line(&summary.id))?;
    if let Some(link) = &summary.link {
        writeln!(out, "{}", sanitise::line(link))?;
    }
    writeln!(out)?;
    summary.sentences.iter().try_for_each(|line| quoted(out, line, look))
}

/// Writes `summary` as Markdown.
pub fn markdown(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let about = about(summary, summary.date.as_deref().unwrap_or("undated").into());
    writeln!(out, "# {}\n", super::markdown::escape(&summary.title))?;
    writeln!(out, "{} `{}`", super::markdown::escape(&about), summary.id)?;
    if let Some(link) = &summary.link {
        writeln!(out, "{}", super::markdown::escape(link))?;
    }
    writeln!(out)?;
    summary.sentences.iter().try_for_each(|line| notes::line(out, line))
}

/// Writes `summary` as a page.
pub fn html(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    begin(out, &summary.title)?;
    let about = escape(&about(summary, summary.date.as_deref().unwrap_or("undated").into()));
    let address = summary.link.as_deref().map(|address| format!(", {}", link(address)));
    writeln!(
        out,
        "<p class=\"about\">{about}{} <code>{}</code></p>",
        address.unwrap_or_default(),
        escape(&summary.id)
    )?;
    page::lines(out, &summary.sentences)?;
    end(out)
}

/// Date and sender.
fn about(summary: &Summary, date: String) -> String {
    let parts = [Some(date), summary.sender.clone()];
    sanitise::line(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
