//! Writes digests as Markdown. All text of newsletters is escaped.

use std::io::{self, Write};

use super::super::markdown::escape;
use super::super::terminal::also_in_line;
use super::{about, extent, further, left_out, named, said_by, summary};
use crate::digest::{Digest, Line};

/// Writes `digest` as Markdown.
pub fn write(out: &mut dyn Write, digest: &Digest) -> io::Result<()> {
    writeln!(out, "# {}", escape(&summary(digest)))?;
    for theme in &digest.themes {
        writeln!(out, "\n## Theme: {} ({})\n", escape(&theme.name), extent(theme))?;
        theme.lines.iter().try_for_each(|one| line(out, one))?;
        for one in theme.named() {
            writeln!(out, "- {} `{}`", escape(&one.title), one.id)?;
        }
    }
    for edition in &digest.editions {
        writeln!(out, "\n## {}\n", escape(&edition.title))?;
        let date = edition.date.as_deref().unwrap_or("undated").to_string();
        writeln!(out, "{} `{}`", escape(&about(edition, date)), edition.slug)?;
        if let Some(link) = &edition.link {
            writeln!(out, "{}", escape(link))?;
        }
        for discussion in &edition.discussions {
            let also = escape(&also_in_line(&discussion.also_in));
            writeln!(out, "\n### {} `{}`{also}\n", escape(&discussion.title), discussion.id)?;
            discussion.lines.iter().try_for_each(|one| line(out, one))?;
        }
        if !edition.resources.is_empty() {
            writeln!(out, "\nFurther reading:\n")?;
        }
        for one in &edition.resources {
            writeln!(out, "- {} `{}`", escape(&further(one)), one.id)?;
        }
    }
    if !digest.also.is_empty() {
        writeln!(out, "\n## Also came in\n")?;
    }
    for brief in &digest.also {
        let date = brief.date.as_deref().unwrap_or("undated");
        writeln!(out, "- {} `{}`", escape(&named(brief, date)), brief.slug)?;
    }
    match left_out(&digest.left_out) {
        Some(left_out) => writeln!(out, "\n*{}*", escape(&left_out)),
        None => Ok(()),
    }
}

pub(in super::super) fn line(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    let by = said_by(line);
    let by = if by.is_empty() {
        by
    } else {
        format!("**{}** ", escape(&by))
    };
    writeln!(out, "- {by}“{}” `{}`", escape(&line.quote), line.id)
}
