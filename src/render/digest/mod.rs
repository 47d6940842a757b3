//! Writes digests for people. This file has the text for terminals and pipes, and what all forms share.

pub mod html;
pub mod markdown;

use std::io::{self, Write};

use super::sanitise;
use super::terminal::{BOLD, DIM, Look, also_in, count, from};
use crate::answer::{Further, Stance};
use crate::corpus::copies::AlsoIn;
use crate::digest::{Brief, Digest, EditionNews, LeftOut, Line, State, ThemeNews};

/// Writes `digest` as text.
pub fn text(out: &mut dyn Write, digest: &Digest, look: Look) -> io::Result<()> {
    let head = look.wrap(&sanitise::line(&summary(digest)), "");
    writeln!(out, "{}", look.style(BOLD, &head))?;
    for theme in &digest.themes {
        writeln!(out)?;
        let name = sanitise::line(&theme.name);
        let about = format!("Theme: {name} ({})", extent(theme));
        writeln!(out, "{}", look.style(BOLD, &look.wrap(&about, "")))?;
        theme.lines.iter().try_for_each(|line| quoted(out, line, look))?;
        for one in theme.named() {
            let title = look.wrap(&sanitise::line(&one.title), "    ");
            writeln!(out, "{}", cited(&title, &one.id, look))?;
        }
    }
    for edition in &digest.editions {
        writeln!(out)?;
        writeln!(
            out,
            "{}",
            look.style(BOLD, &look.wrap(&sanitise::line(&edition.title), ""))
        )?;
        let about = cited(
            &look.wrap(&about(edition, look.date(edition.date.as_deref())), ""),
            &edition.slug,
            look,
        );
        writeln!(out, "{about}")?;
        address(out, edition.link.as_deref(), "")?;
        for discussion in &edition.discussions {
            let title = look.wrap(&sanitise::line(&discussion.title), "  ");
            writeln!(out, "\n{}", cited(&title, &discussion.id, look))?;
            also_in(out, &discussion.also_in, look)?;
            discussion.lines.iter().try_for_each(|line| quoted(out, line, look))?;
        }
        if !edition.resources.is_empty() {
            writeln!(out)?;
        }
        for one in &edition.resources {
            let named = Further {
                link: None,
                ..one.clone()
            };
            let text = look.wrap(&sanitise::line(&format!("Further reading: {}", further(&named))), "  ");
            writeln!(out, "{}", cited(&text, &one.id, look))?;
            address(out, one.link.as_deref(), "  ")?;
        }
    }
    if !digest.also.is_empty() {
        writeln!(out, "\n{}", look.style(BOLD, "Also came in"))?;
        for brief in &digest.also {
            let text = look.wrap(&sanitise::line(&named(brief, &look.date(brief.date.as_deref()))), "  ");
            writeln!(out, "{}", cited(&text, &brief.slug, look))?;
        }
    }
    if let Some(left_out) = left_out(&digest.left_out) {
        writeln!(out, "\n{}", look.style(DIM, &look.wrap(&left_out, "")))?;
    }
    Ok(())
}

/// Writes the line of a contributor.
pub(super) fn quoted(out: &mut dyn Write, line: &Line, look: Look) -> io::Result<()> {
    let text = format!("{}“{}”", said_by(line), sanitise::line(&line.quote));
    let wrapped = look.wrap(&sanitise::line(&text), "    ");
    writeln!(out, "{}", cited(&wrapped, &line.id, look))
}

/// Writes an address on a line of its own, so that it is never broken.
fn address(out: &mut dyn Write, link: Option<&str>, indent: &str) -> io::Result<()> {
    link.map_or(Ok(()), |link| writeln!(out, "{indent}{}", sanitise::line(link)))
}

/// Puts the identifier of what a text cites after it.
fn cited(text: &str, id: &str, look: Look) -> String {
    let id = format!("[{}]", sanitise::line(id));
    let last = text.rsplit('\n').next().unwrap_or_default();
    let width = unicode_width::UnicodeWidthStr::width;
    let full = look
        .width
        .is_some_and(|most| width(last) + 1 + width(id.as_str()) > most);
    let indent = text.len() - text.trim_start().len();
    let gap = if full {
        format!("\n{}", " ".repeat(indent))
    } else {
        " ".to_string()
    };
    format!("{text}{gap}{}", look.style(DIM, &id))
}

/// The first line: what it is called and how much came in.
pub fn summary(digest: &Digest) -> String {
    let counts = digest.came_in;
    format!(
        "{}: {}, {}",
        digest.title,
        count(counts.editions, "edition"),
        count(counts.discussions, "discussion")
    )
}

/// How large a theme is: `3 discussions in 2 editions`.
pub(super) fn extent(theme: &ThemeNews) -> String {
    format!(
        "{} in {}",
        count(theme.discussions.len(), "discussion"),
        count(theme.editions, "edition")
    )
}

/// Who says a line: `Another view, Head of product: `. Empty for a section of an article.
pub(super) fn said_by(line: &Line) -> String {
    let view = match line.stance {
        Stance::Dissents => Some("Another view"),
        Stance::Condition => Some("With a condition"),
        Stance::Supports => None,
    };
    let parts: Vec<&str> = view.into_iter().chain(line.contributor.as_deref()).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("{}: ", parts.join(", "))
    }
}

/// Date, sender and tags of an edition on one line.
fn about(edition: &EditionNews, date: String) -> String {
    let corrected = (edition.state == State::Changed).then(|| "corrected".to_string());
    let tags = edition.tags.iter().map(|tag| format!("#{tag}"));
    let parts = [Some(date), edition.sender.clone(), corrected];
    let parts: Vec<String> = parts.into_iter().flatten().chain(tags).collect();
    sanitise::line(&parts.join(", "))
}

/// Returns an edition that is only named: its title and date.
pub(super) fn named(brief: &Brief, date: &str) -> String {
    let corrected = if brief.state == State::Changed {
        ", corrected"
    } else {
        ""
    };
    let place = |other: &AlsoIn| format!("{}{}", other.edition, from(other));
    let mut copies: Vec<String> = brief.copy_of.iter().map(place).collect();
    copies.sort_unstable();
    copies.dedup();
    let copies = match copies.is_empty() {
        true => String::new(),
        false => format!("; the same as in {}", copies.join(" and ")),
    };
    format!("{} ({date}{corrected}{copies})", brief.title)
}

/// Formats a resource on one line: `Title, book, https://…`.
pub(super) fn further(one: &Further) -> String {
    super::sources::further(one)
}

/// Says how much is left out. `None` if nothing is.
pub fn left_out(left_out: &LeftOut) -> Option<String> {
    let parts = [
        (left_out.editions, "more edition"),
        (left_out.discussions, "more discussion"),
        (left_out.voices, "more contributor"),
        (left_out.resources, "more resource"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| count(n, noun))
        .collect();
    (!parts.is_empty()).then(|| format!("Left out of this page: {}.", parts.join(", ")))
}
