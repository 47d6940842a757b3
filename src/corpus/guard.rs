//! Keeps the text of a body from being read as structure. A body may contain any line, but none may become a heading or
//! hide one.
//!
//! A body is the text of a question, answer, section or resource. [`escape`] puts a backslash before the lines that
//! Markdown would read as structure. [`unescape`] is its inverse for every text.

use std::borrow::Cow;

use pulldown_cmark::{Event, Parser, Tag};

/// The names of the `Name: value` lines that may open a body.
const FIELDS: [&str; 5] = ["Asked by:", "In short:", "Also asked:", "Kind:", "Link:"];

/// Returns `body` as it is written to a file. A body that Markdown reads only as text keeps its lines as they are,
/// including code blocks. In any other body, each line that could be structure is escaped.
pub(super) fn escape(body: &str) -> String {
    let unsafe_body = !is_plain(body);
    let lines = body.split('\n').enumerate().map(|(at, line)| {
        let (indent, slashes, rest) = parts(line);
        // A line that already has a backslash there gets one more, because `unescape` removes one.
        let guard = (is_structure(rest) || is_field(rest)) && slashes > 0
            || at == 0 && is_field(rest)
            || unsafe_body && is_structure(rest);
        if guard {
            Cow::Owned(format!("{}\\{}", &line[..indent], &line[indent..]))
        } else {
            Cow::Borrowed(line)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the body that [`escape`] wrote as `text`.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_string();
    }
    let lines = text.split('\n').map(|line| {
        let (indent, slashes, rest) = parts(line);
        if slashes > 0 && (is_structure(rest) || is_field(rest)) {
            Cow::Owned(format!("{}{}", &line[..indent], &line[indent + 1..]))
        } else {
            Cow::Borrowed(line)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the width of a line's indent, the number of backslashes after it, and the rest.
fn parts(line: &str) -> (usize, usize, &str) {
    let text = line.trim_start_matches([' ', '\t']);
    let rest = text.trim_start_matches('\\');
    (line.len() - text.len(), text.len() - rest.len(), rest)
}

/// Returns whether a line may open or underline a heading, open a code block, or open raw HTML (CommonMark 0.31
/// §4.2–4.6).
fn is_structure(rest: &str) -> bool {
    let line = rest.trim_end();
    let underline = |c: char| !line.is_empty() && line.chars().all(|l| l == c);
    rest.starts_with(['#', '<'])
        || rest.starts_with("```")
        || rest.starts_with("~~~")
        || underline('=')
        || underline('-')
}

fn is_field(rest: &str) -> bool {
    FIELDS.iter().any(|name| rest.starts_with(name))
}

/// Returns whether `body` contains no heading, and a heading after it would still be one.
fn is_plain(body: &str) -> bool {
    // Most bodies have no such line at all, which is cheap to check.
    if !body.split('\n').any(|line| is_structure(parts(line).2)) {
        return true;
    }
    let probe = format!("{body}\n\n## Q1. x\n");
    let headings = headings(&probe);
    matches!(headings[..], [(_, ref range)] if range.start == body.len() + 2)
}

/// Returns level and range of every heading of `text` that is not part of a quotation or a list.
pub(super) fn headings(text: &str) -> Vec<(pulldown_cmark::HeadingLevel, std::ops::Range<usize>)> {
    let mut depth = 0usize;
    let mut found = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if let Tag::Heading { level, .. } = tag
                    && depth == 0
                {
                    found.push((level, range));
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_forges_no_structure_stays_as_it_is() {
        for body in [
            "Plain.",
            "- a list\n- of two",
            "```\n## in a code block\n```",
            "1 < 2",
            "a -- b",
            "\\section",
        ] {
            assert_eq!(escape(body), body);
        }
    }

    #[test]
    fn text_that_looks_like_structure_is_marked_as_text() {
        for (body, written) in [
            ("## Q9. Forged", "\\## Q9. Forged"),
            ("Forged\n---", "Forged\n\\---"),
            ("Forged\n===", "Forged\n\\==="),
            ("```\nnever closed", "\\```\nnever closed"),
            ("<!-- never closed", "\\<!-- never closed"),
            ("Asked by: nobody", "\\Asked by: nobody"),
            ("\\# already", "\\\\# already"),
        ] {
            assert_eq!(escape(body), written);
            assert_eq!(unescape(written), body);
        }
    }

    proptest! {
        #[test]
        fn escaping_is_undone_and_leaves_no_heading(
            body in "( {0,4}(\\\\{0,2})(#{1,3} x|```|~~~|---|===|-|<!--|<pre>|</pre>|Kind: x|> # x|- # y|- ```|text|)\n){0,8}end"
        ) {
            let written = escape(&body);
            prop_assert_eq!(unescape(&written), body.clone());
            let whole = format!("## Q1. x\n\n{written}\n\n## Q2. y\n");
            prop_assert_eq!(headings(&whole).len(), 2, "{}", whole);
        }
    }
}
