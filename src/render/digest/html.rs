//! Writes digests as one HTML page, for the screen, for paper and for mail. All text of newsletters is escaped.

use std::io::{self, Write};

use super::super::html::{begin, end, escape, link};
use super::super::sanitise;
use super::super::terminal::also_in_line;
use super::{extent, further, left_out, named, said_by, summary};
use crate::digest::{Digest, EditionNews, Line, State};

/// Writes `digest` as a page that needs nothing else.
pub fn write(out: &mut dyn Write, digest: &Digest) -> io::Result<()> {
    begin(out, &summary(digest))?;
    for theme in &digest.themes {
        writeln!(
            out,
            "<h2>Theme: {} <small class=\"about\">{}</small></h2>",
            one_line(&theme.name),
            extent(theme)
        )?;
        lines(out, &theme.lines)?;
        let named = theme.named();
        if !named.is_empty() {
            writeln!(out, "<ul>")?;
            for one in named {
                writeln!(
                    out,
                    "<li>{} <code>{}</code></li>",
                    one_line(&one.title),
                    escape(&one.id)
                )?;
            }
            writeln!(out, "</ul>")?;
        }
    }
    for edition in &digest.editions {
        writeln!(
            out,
            "<h2>{} <code>{}</code></h2>",
            one_line(&edition.title),
            escape(&edition.slug)
        )?;
        writeln!(out, "<p class=\"about\">{}</p>", about(edition))?;
        for discussion in &edition.discussions {
            writeln!(
                out,
                "<h3>{} <code>{}</code></h3>",
                one_line(&discussion.title),
                escape(&discussion.id)
            )?;
            if !discussion.also_in.is_empty() {
                let also = also_in_line(&discussion.also_in);
                writeln!(
                    out,
                    "<p class=\"about\">{}</p>",
                    one_line(also.trim_start_matches("; "))
                )?;
            }
            lines(out, &discussion.lines)?;
        }
        if !edition.resources.is_empty() {
            writeln!(out, "<h3>Further reading</h3>\n<ul>")?;
            for one in &edition.resources {
                writeln!(
                    out,
                    "<li>{} <code>{}</code></li>",
                    one_line(&further(one)),
                    escape(&one.id)
                )?;
            }
            writeln!(out, "</ul>")?;
        }
    }
    if !digest.also.is_empty() {
        writeln!(out, "<h2>Also came in</h2>\n<ul>")?;
        for brief in &digest.also {
            let date = brief.date.as_deref().unwrap_or("undated");
            writeln!(
                out,
                "<li>{} <code>{}</code></li>",
                one_line(&named(brief, date)),
                escape(&brief.slug)
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    if let Some(left_out) = left_out(&digest.left_out) {
        writeln!(out, "<p class=\"about\">{}</p>", escape(&left_out))?;
    }
    end(out)
}

pub(in super::super) fn lines(out: &mut dyn Write, lines: &[Line]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul>")?;
    for line in lines {
        let by = one_line(&said_by(line));
        let by = if by.is_empty() { by } else { format!("<b>{by}</b> ") };
        writeln!(
            out,
            "<li>{by}“{}” <code>{}</code></li>",
            one_line(&line.quote),
            escape(&line.id)
        )?;
    }
    writeln!(out, "</ul>")
}

/// Date, sender, address and tags of an edition.
fn about(edition: &EditionNews) -> String {
    let date = escape(edition.date.as_deref().unwrap_or("undated"));
    let corrected = (edition.state == State::Changed).then(|| "corrected".to_string());
    let address = edition.link.as_deref().map(link);
    let tags = edition.tags.iter().map(|tag| escape(&format!("#{tag}")));
    let parts = [Some(date), edition.sender.as_deref().map(one_line), corrected, address];
    parts.into_iter().flatten().chain(tags).collect::<Vec<_>>().join(", ")
}

fn one_line(text: &str) -> String {
    escape(&sanitise::line(text))
}
