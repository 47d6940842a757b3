//! Reads and writes the Markdown form of an [`Edition`].
//!
//! A file has YAML front matter, then a heading for each question, answer, section and resource. `corpus/README.md`
//! describes the format. [`write()`] and [`parse`] are inverse for every edition that `parse` returns. This module does
//! not access the file system.

use std::collections::HashSet;
use std::fmt::Write as _;

use pulldown_cmark::HeadingLevel;

use super::edition::{
    Answer, Discussion, Edition, MAX_ALSO_ASKED, MAX_ALSO_ASKED_BYTES, MAX_IN_SHORT_BYTES, Resource, Section,
    answer_letter, ordinal,
};
use super::front::{Fault, front, front_matter, header};
use super::guard;

pub use super::front::is_day;

/// Why a file is not an edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {what}")]
pub struct EditionError {
    pub path: String,
    /// 1-based line of the file.
    pub line: usize,
    /// What is wrong there and what would be right, in one line.
    pub what: String,
}

/// Parses an edition from `text`. Errors give `path` as the name of the file.
pub fn parse(path: &str, text: &str) -> Result<Edition, EditionError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // In Markdown, a carriage return alone ends a line as well. It must not hide a heading from `guard.rs`.
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    parse_unix(&unix).map_err(|(line, what)| EditionError {
        path: path.to_string(),
        line,
        what,
    })
}

fn parse_unix(text: &str) -> Result<Edition, Fault> {
    let (yaml, body_start) = front_matter(text)?;
    let mut edition = header(yaml)?;
    let body = &text[body_start..];
    let first_line = line_of(text, body_start);

    let parts = parts(body);
    let before = parts.first().map_or(body, |p| &body[..p.start]);
    if let Some(at) = before.find(|c: char| !c.is_whitespace()) {
        let line = first_line + before[..at].matches('\n').count();
        return Err((
            line,
            "there is text before the first heading `## Q1. …` or `## S1. …`".into(),
        ));
    }

    let mut seen = Seen::default();
    let (mut line, mut counted) = (first_line, 0);
    for part in &parts {
        line += body[counted..part.start].matches('\n').count();
        counted = part.start;
        add(&mut edition, &mut seen, part).map_err(|what| (line, what))?;
    }
    if edition.discussions.is_empty() && edition.sections.is_empty() && edition.resources.is_empty() {
        return Err((
            first_line,
            "no question (`## Q1. …`), no section (`## S1. …`) and no resource (`## Resources`) found".into(),
        ));
    }
    Ok(edition)
}

/// The kind of part that is being read, and the numbers used so far.
#[derive(Default)]
struct Seen {
    in_section: bool,
    in_resources: bool,
    questions: HashSet<u32>,
    sections: HashSet<u32>,
    resources: HashSet<u32>,
}

/// Adds the content of `part` to `edition`, or returns what is wrong with it.
fn add(edition: &mut Edition, seen: &mut Seen, part: &Part) -> Result<(), String> {
    match (part.level, seen.in_resources) {
        (HeadingLevel::H2, false) if part.title == "Resources" => {
            seen.in_resources = true;
            if !part.body.is_empty() {
                return Err("there is text directly under `Resources`: put it under a heading `### R1. …`".into());
            }
        }
        (HeadingLevel::H2, false) => {
            seen.in_section = numbered(part.title, 'S').is_some();
            if seen.in_section {
                edition.sections.push(section(part, seen)?);
            } else {
                edition.discussions.push(discussion(part, seen)?);
            }
        }
        (HeadingLevel::H3, true) => edition.resources.push(resource(part, seen)?),
        (HeadingLevel::H3, false) => {
            let Some(discussion) = edition.discussions.last_mut().filter(|_| !seen.in_section) else {
                return Err("an answer (`### A. Name`) must come under a question (`## Q1. …`)".into());
            };
            let answer = answer(part, discussion)?;
            discussion.answers.push(answer);
        }
        (HeadingLevel::H2, true) => return Err("a heading of level 2 after `## Resources`: resources come last".into()),
        _ => {
            return Err(
                "only headings of level 2 (`## Q1. …`, `## S1. …`, `## Resources`) and 3 (`### A. …`) are allowed"
                    .into(),
            );
        }
    }
    Ok(())
}

/// Returns `text`, the file of an edition, with `tags` in its front matter. All after the front matter stays as it is.
///
/// # Errors
/// Fails if the front matter is not that of an edition. Errors give `path` as the name of the file.
pub fn retagged(path: &str, text: &str, tags: &[String]) -> Result<String, EditionError> {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let unix = unix.strip_prefix('\u{feff}').unwrap_or(&unix);
    let fault = |(line, what): Fault| EditionError {
        path: path.to_string(),
        line,
        what,
    };
    let (yaml, body) = front_matter(unix).map_err(fault)?;
    let edition = header(yaml).map_err(fault)?;
    let tagged = Edition {
        tags: tags.to_vec(),
        ..edition
    };
    Ok(format!("{}{}", front(&tagged), &unix[body..]))
}

/// A heading and the text under it, up to the next heading.
struct Part<'a> {
    level: HeadingLevel,
    title: &'a str,
    /// Byte offset of the heading in the body.
    start: usize,
    /// As it is in the file.
    body: &'a str,
}

fn parts(body: &str) -> Vec<Part<'_>> {
    let headings = guard::headings(body);
    let ends = headings
        .iter()
        .skip(1)
        .map(|(_, range)| range.start)
        .chain([body.len()]);
    headings
        .iter()
        .zip(ends)
        .map(|((level, range), end)| Part {
            level: *level,
            title: body[range.clone()].trim().trim_start_matches('#').trim(),
            start: range.start,
            body: body[range.end.min(end)..end].trim(),
        })
        .collect()
}

/// Splits `Q12. Title` into 12 and the title.
fn numbered(title: &str, prefix: char) -> Option<(u32, &str)> {
    let (label, rest) = title.split_once('.')?;
    let number = ordinal(label.trim().strip_prefix(prefix)?)?;
    Some((number, rest.trim())).filter(|(_, rest)| !rest.is_empty())
}

fn discussion(part: &Part, seen: &mut Seen) -> Result<Discussion, String> {
    let Some((number, title)) = numbered(part.title, 'Q') else {
        return Err("a heading of level 2 must be `## Qn. Title`, `## Sn. Title` or `## Resources`".into());
    };
    if !seen.questions.insert(number) {
        return Err(format!("question Q{number} occurs twice"));
    }
    let ([asked_by, in_short], rest) = open_fields(part.body, ["Asked by", "In short"]);
    if let Some(long) = in_short.as_ref().filter(|line| line.len() > MAX_IN_SHORT_BYTES) {
        return Err(format!(
            "the line `In short:` of Q{number} has {} bytes; the limit is {MAX_IN_SHORT_BYTES}",
            long.len()
        ));
    }
    let (also_asked, body) = also_asked(rest, || format!("Q{number}"))?;
    Ok(Discussion {
        number,
        title: title.to_string(),
        asked_by,
        in_short,
        also_asked,
        body: guard::unescape(body),
        answers: Vec::new(),
    })
}

fn answer(part: &Part, discussion: &Discussion) -> Result<Answer, String> {
    let label = part
        .title
        .split_once('.')
        .map(|(letter, name)| (answer_letter(letter.trim()), name.trim()));
    let Some((Some(letter), contributor)) = label.filter(|(_, name)| !name.is_empty()) else {
        return Err("an answer's heading must be `### A. Contributor`".into());
    };
    if discussion.answers.iter().any(|a| a.letter == letter) {
        return Err(format!(
            "answer {} of Q{} occurs twice",
            letter.to_ascii_uppercase(),
            discussion.number
        ));
    }
    let (also_asked, body) = also_asked(part.body, || format!("the answer by {contributor}"))?;
    if body.is_empty() {
        return Err(format!("the answer by {contributor} has no text"));
    }
    Ok(Answer {
        letter,
        contributor: contributor.to_string(),
        also_asked,
        body: guard::unescape(body),
    })
}

fn section(part: &Part, seen: &mut Seen) -> Result<Section, String> {
    let Some((number, title)) = numbered(part.title, 'S') else {
        return Err("a section's heading must be `## Sn. Title`".into());
    };
    if !seen.sections.insert(number) {
        return Err(format!("section S{number} occurs twice"));
    }
    if part.body.is_empty() {
        return Err(format!("section S{number} has no text"));
    }
    Ok(Section {
        number,
        title: title.to_string(),
        body: guard::unescape(part.body),
    })
}

fn resource(part: &Part, seen: &mut Seen) -> Result<Resource, String> {
    let Some((number, title)) = numbered(part.title, 'R') else {
        return Err("a resource's heading must be `### Rn. Title`".into());
    };
    if !seen.resources.insert(number) {
        return Err(format!("resource R{number} occurs twice"));
    }
    let ([kind, link], summary) = fields(part.body, ["Kind", "Link"]);
    Ok(Resource {
        number,
        title: title.to_string(),
        kind,
        link,
        summary,
    })
}

/// Reads the `Also asked:` lines at the start of `body`, and returns them and the rest as it is in the file. If there
/// are too many, or one is too long, the error names `whose`.
fn also_asked(body: &str, whose: impl Fn() -> String) -> Result<(Vec<String>, &str), String> {
    let (mut lines, mut rest) = (Vec::new(), body);
    while let Some((line, after)) = field_line(rest, "Also asked") {
        lines.push(line.to_string());
        rest = after;
    }
    if lines.len() > MAX_ALSO_ASKED {
        return Err(format!(
            "{} has {} lines `Also asked:`; the limit is {MAX_ALSO_ASKED}",
            whose(),
            lines.len()
        ));
    }
    if let Some(long) = lines.iter().find(|line| line.len() > MAX_ALSO_ASKED_BYTES) {
        return Err(format!(
            "a line `Also asked:` of {} has {} bytes; the limit is {MAX_ALSO_ASKED_BYTES}",
            whose(),
            long.len()
        ));
    }
    Ok((lines, rest.trim()))
}

/// Returns the value of the line `name: value` at the start of `text`, if there is one, and the text after it.
fn field_line<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let value = line.strip_prefix(name)?.strip_prefix(':')?.trim();
    (!value.is_empty()).then_some((value, after))
}

/// Reads the `Name: value` lines at the start of `body`, each name once, and returns the values and the unescaped rest.
fn fields<const N: usize>(body: &str, names: [&str; N]) -> ([Option<String>; N], String) {
    let (values, rest) = open_fields(body, names);
    (values, guard::unescape(rest.trim()))
}

/// Like [`fields`], but returns the rest as it is in the file.
fn open_fields<'a, const N: usize>(body: &'a str, names: [&str; N]) -> ([Option<String>; N], &'a str) {
    let mut values = [const { None }; N];
    let mut rest = body;
    'lines: loop {
        for (value, name) in values.iter_mut().zip(names).filter(|(value, _)| value.is_none()) {
            if let Some((found, after)) = field_line(rest, name) {
                *value = Some(found.to_string());
                rest = after;
                continue 'lines;
            }
        }
        return (values, rest);
    }
}

/// Returns the 1-based line of byte `at` in `text`.
fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Writes `edition` in the form that [`parse`] reads: questions, then sections, then resources. A line of a body that
/// Markdown would take for structure is written with a backslash before it.
pub fn write(edition: &Edition) -> String {
    let mut out = front(edition);
    for discussion in &edition.discussions {
        let _ = write!(out, "\n## Q{}. {}\n", discussion.number, discussion.title);
        if discussion.asked_by.is_some() || discussion.in_short.is_some() || !discussion.also_asked.is_empty() {
            out.push('\n');
        }
        field(&mut out, "Asked by", discussion.asked_by.as_deref());
        field(&mut out, "In short", discussion.in_short.as_deref());
        for line in &discussion.also_asked {
            field(&mut out, "Also asked", Some(line));
        }
        paragraphs(&mut out, &discussion.body);
        for answer in &discussion.answers {
            let _ = write!(
                out,
                "\n### {}. {}\n",
                answer.letter.to_ascii_uppercase(),
                answer.contributor
            );
            if !answer.also_asked.is_empty() {
                out.push('\n');
            }
            for line in &answer.also_asked {
                field(&mut out, "Also asked", Some(line));
            }
            paragraphs(&mut out, &answer.body);
        }
    }
    for section in &edition.sections {
        let _ = write!(out, "\n## S{}. {}\n", section.number, section.title);
        paragraphs(&mut out, &section.body);
    }
    if !edition.resources.is_empty() {
        out.push_str("\n## Resources\n");
    }
    for resource in &edition.resources {
        let _ = write!(out, "\n### R{}. {}\n", resource.number, resource.title);
        if resource.kind.is_some() || resource.link.is_some() {
            out.push('\n');
        }
        field(&mut out, "Kind", resource.kind.as_deref());
        field(&mut out, "Link", resource.link.as_deref());
        paragraphs(&mut out, &resource.summary);
    }
    out
}

fn field(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name}: {value}");
    }
}

fn paragraphs(out: &mut String, text: &str) {
    if !text.is_empty() {
        let _ = write!(out, "\n{}\n", guard::escape(text));
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
