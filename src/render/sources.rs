//! Writes what follows an answer: further reading, other discussions and sources; or related discussions if there is no
//! answer.
//!
//! All text is sanitised.

use std::io::{self, Write};

use super::sanitise;
use super::terminal::{self, BOLD, DIM, Look, MARK};
use crate::answer::{Answer, Citation, Further, NEAREST, one_line};

/// Writes further reading, other discussions, one line for each source, and how fresh the corpus is.
pub fn sources(out: &mut dyn Write, answer: &Answer, look: Look) -> io::Result<()> {
    for (heading, named) in lists(answer) {
        writeln!(out, "\n{}", look.style(BOLD, heading))?;
        for one in named {
            let id = look.style(BOLD, &sanitise::line(one.id));
            writeln!(out, "{id}  {}", sanitise::line(&one.text))?;
            if let Some(short) = one.in_short {
                writeln!(out, "{}", look.style(DIM, &look.wrap(&sanitise::line(short), "    ")))?;
            }
        }
    }
    writeln!(out, "\n{}", look.style(BOLD, "Sources"))?;
    brief(out, &answer.citations, look)?;
    writeln!(
        out,
        "\n{}",
        look.style(DIM, &look.wrap(&terminal::freshness(&answer.corpus, look.dates), ""))
    )
}

/// What an answer names and does not quote.
pub struct Named<'a> {
    pub id: &'a str,
    /// Its title, and what else says what it is.
    pub text: String,
    /// The edition's own summary of it.
    pub in_short: Option<&'a str>,
}

/// A heading, and what stands below it.
type List<'a> = (&'static str, Vec<Named<'a>>);

/// Returns what an answer names and does not quote: further reading and other discussions. Leaves out what has nothing
/// to name.
pub fn lists(answer: &Answer) -> impl Iterator<Item = List<'_>> {
    let reading = answer.further_reading.iter().map(|one| Named {
        id: &one.id,
        text: further(one),
        in_short: None,
    });
    let others = answer.see_also.iter().map(|one| Named {
        id: &one.id,
        text: one.discussion.clone(),
        in_short: one.in_short.as_deref(),
    });
    let lists = [
        ("Further reading", reading.collect()),
        ("See also", others.collect::<Vec<_>>()),
    ];
    lists.into_iter().filter(|(_, named)| !named.is_empty())
}

/// Formats a learning resource on one line: `Title, book, https://…`.
pub fn further(one: &Further) -> String {
    let parts = [Some(&one.title), one.kind.as_ref(), one.link.as_ref()];
    parts
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes the discussions related to an abstention, each with its summary or best line. Writes nothing if there are none.
pub fn related(out: &mut dyn Write, answer: &Answer, look: Look) -> io::Result<()> {
    if answer.related.is_empty() {
        return Ok(());
    }
    writeln!(out, "{NEAREST}:")?;
    for one in &answer.related {
        let id = look.style(BOLD, &sanitise::line(&one.id));
        writeln!(out, "{id}  {}", sanitise::line(&one.discussion))?;
        let quote = look.wrap(&format!("“{}”", sanitise::line(&one.quote)), "    ");
        writeln!(out, "{}", look.style(DIM, &quote))?;
    }
    writeln!(out, "`askpm show ID` opens one.")
}

/// Writes each of `citations` with its quote.
pub fn citations(out: &mut dyn Write, citations: &[Citation], look: Look) -> io::Result<()> {
    for citation in citations {
        let by = citation.by();
        let date = look.date(citation.date.as_deref());
        let mark = look.style(MARK, &format!("[{}]", citation.n));
        let id = look.style(BOLD, &sanitise::line(&citation.id));
        let id = look.link(&id, &file_address(&citation.path));
        writeln!(out, "{mark} {id}  {}", sanitise::line(by))?;
        let place = format!("{}, in {} ({date})", citation.discussion, citation.edition);
        writeln!(out, "{}", look.wrap(&sanitise::line(&place), "    "))?;
        terminal::also_in(out, &citation.also_in, look)?;
        let quote = look.wrap(&format!("“{}”", sanitise::line(&citation.quote)), "    ");
        writeln!(out, "{}", look.style(DIM, &quote))?;
    }
    Ok(())
}

/// Returns the sources of `citations` in their order, each with its identifier and its citations.
pub fn by_source(citations: &[Citation]) -> Vec<(String, Vec<&Citation>)> {
    let mut sources: Vec<(String, Vec<&Citation>)> = Vec::new();
    for citation in citations {
        let id = citation.source();
        match sources.iter_mut().find(|(known, _)| *known == id) {
            Some((_, its)) => its.push(citation),
            None => sources.push((id, vec![citation])),
        }
    }
    sources
}

/// Returns whether a sentence of `answer` is part of the quote of `citation`. If so, a reader has read the quote.
pub fn is_read(answer: &Answer, citation: &Citation) -> bool {
    let quote = one_line(&citation.quote);
    let mut citing = answer.sentences.iter().filter(|s| s.citations.contains(&citation.n));
    citing.any(|sentence| quote.contains(&one_line(&sentence.text)))
}

/// Writes one line for each source, with all its marks and its edition: `[1] [2] e/q1  Edition (2024-01-01)`.
pub fn brief(out: &mut dyn Write, citations: &[Citation], look: Look) -> io::Result<()> {
    for (source, same) in by_source(citations) {
        let first = same[0];
        let marks: Vec<String> = same.iter().map(|c| look.style(MARK, &format!("[{}]", c.n))).collect();
        let id = look.style(BOLD, &sanitise::line(&source));
        let id = look.link(&id, &file_address(&first.path));
        let date = look.date(first.date.as_deref());
        let title = sanitise::line(&format!("{} ({date})", first.edition));
        writeln!(out, "{} {id}  {title}", marks.join(" "))?;
        terminal::also_in(out, &first.also_in, look)?;
    }
    Ok(())
}

/// Returns the `file:` address (RFC 8089) of an absolute path. It is empty for others, such as built-in editions.
fn file_address(path: &str) -> String {
    if !path.starts_with('/') {
        return String::new();
    }
    let mut out = String::from("file://");
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation(n: usize, id: &str, discussion: &str) -> Citation {
        Citation {
            n,
            id: id.into(),
            edition: format!("Edition {n}\u{1b}[2J"),
            discussion: discussion.into(),
            contributor: Some("A PM".into()),
            date: Some("2024-01-01".into()),
            quote: "So.".into(),
            path: "builtin:e.md".into(),
            also_in: Vec::new(),
        }
    }

    #[test]
    fn sources_are_a_line_a_discussion_with_all_its_marks() {
        let citations = [
            citation(1, "e/q1/a", "Why?"),
            citation(2, "e/q2/a", "How?"),
            citation(3, "e/q1/b", "Why?"),
            citation(4, "e/s1", "Note"),
        ];
        let mut out = Vec::new();
        brief(&mut out, &citations, Look::PLAIN).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "[1] [3] e/q1  Edition 1\u{fffd}[2J (2024-01-01)");
        assert!(
            lines[1].starts_with("[2] e/q2  Edition 2") && !text.contains('\u{1b}'),
            "{text:?}"
        );
        assert!(lines[2].starts_with("[4] e/s1  Edition 4") && lines.len() == 3);
    }

    #[test]
    fn the_address_of_a_file_is_that_of_an_absolute_path() {
        assert_eq!(file_address("/a b/ü%.md"), "file:///a%20b/%C3%BC%25.md");
        assert_eq!(
            (file_address("builtin:a.md"), file_address("a.md")),
            (String::new(), String::new())
        );
    }
}
