//! Converts an edition's Markdown to the plain text of passages, so that quotes show no markup.
//!
//! The words stay, except for struck-out text and pictures. The marks of links, emphasis, footnotes and code are
//! removed, and each row of a table becomes a line that names its columns. The marks of list items and quotations stay,
//! because they show where a sentence begins and whose it is. pulldown-cmark finds the markup (CommonMark 0.31, with
//! GitHub's tables and strikethrough).

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// Maximum length in bytes of a body that is converted. A longer one was not written by a person and keeps its marks.
const LONGEST: usize = 1 << 20;
/// Maximum length in bytes of a footnote's name.
const LONGEST_NOTE: usize = 24;

/// Returns `body` without Markdown marks.
pub(super) fn plain(body: &str) -> Cow<'_, str> {
    if body.len() > LONGEST || !body.contains(['[', '*', '_', '`', '~', '|']) {
        return Cow::Borrowed(body);
    }
    let edits = edits(body);
    if edits.is_empty() {
        return Cow::Borrowed(body);
    }
    let mut out = String::with_capacity(body.len());
    let mut at = 0;
    for (range, text) in edits {
        if range.start < at {
            continue;
        }
        out.push_str(&body[at..range.start]);
        out.push_str(&text);
        at = range.end;
    }
    out.push_str(&body[at..]);
    Cow::Owned(out)
}

/// Returns replacements for byte ranges of `body`, in order.
fn edits(body: &str) -> Vec<(Range<usize>, Cow<'static, str>)> {
    let mut out = Vec::new();
    // Open markup: its range, and the range of the content inside it.
    let mut open: Vec<(Range<usize>, Option<Range<usize>>)> = Vec::new();
    let mut events = Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).into_offset_iter();
    let none = || Cow::Borrowed("");
    while let Some((event, range)) = events.next() {
        if let Some((_, inside)) = open.last_mut()
            && !matches!(event, Event::End(_))
        {
            let from = inside.as_ref().map_or(range.start, |inside| inside.start);
            *inside = Some(from..range.end);
        }
        match event {
            Event::Start(Tag::Table(_)) => {
                let rows = table(body, &mut events);
                out.push((range, Cow::Owned(rows)));
            }
            // Struck-out text is not what the author says, and a picture's description is nobody's words. A picture
            // within a line stays for the guard against injections, because its address may carry data that it should
            // not.
            Event::Start(tag @ (Tag::Strikethrough | Tag::Image { .. })) => {
                let end = tag.to_end();
                for (event, _) in events.by_ref() {
                    if event == Event::End(end) {
                        break;
                    }
                }
                if end == TagEnd::Strikethrough || is_line(body, &range) {
                    out.push((range, none()));
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_))) => {
                for (event, _) in events.by_ref() {
                    if event == Event::End(TagEnd::CodeBlock) {
                        break;
                    }
                }
            }
            Event::Start(Tag::Link {
                link_type: LinkType::Autolink | LinkType::Email,
                ..
            }) => {}
            // A link that does not lead to a page stays for the same reason.
            Event::Start(Tag::Link { ref dest_url, .. }) if !is_page(dest_url) => {}
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. }) => open.push((range, None)),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link) => {
                if open.last().is_some_and(|(own, _)| *own == range)
                    && let Some((own, Some(inside))) = open.pop()
                {
                    out.push((own.start..inside.start, none()));
                    out.push((inside.end..own.end, none()));
                    // The enclosing markup ends no earlier than this.
                    if let Some((_, Some(outer))) = open.last_mut() {
                        outer.end = outer.end.max(own.end);
                    }
                }
            }
            Event::Code(_) => {
                let ticks = body[range.clone()].bytes().take_while(|&b| b == b'`').count();
                if range.len() > 2 * ticks {
                    out.push((range.start..range.start + ticks, none()));
                    out.push((range.end - ticks..range.end, none()));
                }
            }
            _ => {}
        }
    }
    out.extend(notes(body));
    out.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    out
}

/// Returns whether `range` is a whole line of `body`.
fn is_line(body: &str, range: &Range<usize>) -> bool {
    let before = body[..range.start].rsplit('\n').next().unwrap_or_default();
    let after = body[range.end..].split('\n').next().unwrap_or_default();
    before.trim().is_empty() && after.trim().is_empty()
}

/// Returns whether an address leads to a web page or an e-mail address, or is relative.
fn is_page(address: &str) -> bool {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let path = |scheme: &str| scheme.contains(['/', '?', '#']);
    scheme.is_none_or(|scheme| matches!(scheme.as_str(), "http" | "https" | "mailto") || path(&scheme))
}

/// Returns replacements for footnote marks. `[^1]` is removed, or becomes `Note 1:` at the start of a line.
fn notes(body: &str) -> impl Iterator<Item = (Range<usize>, Cow<'static, str>)> {
    body.match_indices("[^").filter_map(|(at, _)| {
        let rest = &body[at + 2..];
        let name = &rest[..rest.find(']')?];
        let named = !name.is_empty() && name.len() <= LONGEST_NOTE && !name.contains(char::is_whitespace);
        let end = at + 2 + name.len() + 1;
        let opens = body[..at]
            .trim_end_matches([' ', '\t'])
            .chars()
            .next_back()
            .is_none_or(|c| c == '\n');
        let colon = opens && body[end..].starts_with(':');
        let text = if opens { format!("Note {name}:") } else { String::new() };
        named.then_some((at..end + usize::from(colon), Cow::Owned(text)))
    })
}

/// Reads the table whose events come next. Each row becomes a list item, `- Plan: Team; Price: $29.`
fn table<'a>(body: &str, events: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>) -> String {
    let (mut head, mut rows, mut row) = (Vec::new(), Vec::new(), Vec::new());
    for (event, range) in events {
        match event {
            Event::Start(Tag::TableCell) => row.push(plain(body[range].trim()).into_owned()),
            Event::End(TagEnd::TableHead) => head = std::mem::take(&mut row),
            Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::Table) => break,
            _ => {}
        }
    }
    if rows.is_empty() {
        rows.push(std::mem::take(&mut head));
    }
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        let named = cells.map(|(at, cell)| match head.get(at).filter(|name| !name.is_empty()) {
            Some(name) => format!("{}: {cell}", name.trim_end_matches(':')),
            None => cell.clone(),
        });
        let line = named.collect::<Vec<_>>().join("; ");
        let end = if line.ends_with(['.', '!', '?']) { "" } else { "." };
        if !line.is_empty() {
            out.push_str(&format!("- {line}{end}\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_go_and_words_stay() {
        for (body, read) in [
            (
                "Read [the *price* page](https://a.example/p?x=1) first.",
                "Read the price page first.",
            ),
            ("**Ana:** do _not_ name `a date`.", "Ana: do not name a date."),
            ("It was ~~$40~~ $50 a seat.", "It was  $50 a seat."),
            (
                "Retention was 40[^1] after it.\n\n[^1]: In week four.",
                "Retention was 40 after it.\n\nNote 1: In week four.",
            ),
            (
                "- [one](https://a.example)\n- **two**\n\n> *quoted*",
                "- one\n- two\n\n> quoted",
            ),
            ("![a chart](https://a.example/c.png)\nIt rose.", "\nIt rose."),
            ("***Both*** and **one *in* another**.", "Both and one in another."),
        ] {
            assert_eq!(plain(body), read, "{body}");
        }
    }

    #[test]
    fn text_that_is_no_markup_stays_as_it_is() {
        for body in [
            "They win when ___, they make money by ___, and they can't ___ without hurting ___.",
            "5 * 3 * 2 = 30, and user_id_hash is a name.",
            "Product | rolled out to 70 teachers | moving on",
            "See <https://a.example/x_y_z> or [1] or [brackets] or 10^6.",
            "    for (*p)[i] in `x`",
            "A lone ` tick, ~ about 40.",
            "[Open it](javascript:alert) or ![this](https://a.example/log?q=1) one.",
        ] {
            assert_eq!(plain(body), body);
        }
    }

    #[test]
    fn a_row_of_a_table_names_its_columns() {
        let body = "Prices:\n\n| Plan | **Price** | Share of buyers |\n| --- | --- | --- |\n| Team | $29 | 34% |\n| Firm | | 5% |\n\nThat is all.";
        let read = "Prices:\n\n- Plan: Team; Price: $29; Share of buyers: 34%.\n- Plan: Firm; Share of buyers: 5%.\n\nThat is all.";
        assert_eq!(plain(body), read);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_word_is_lost(body in "(?s)[a-c \\n*_`~|>#^!()\\[\\]:-]{0,60}|.{0,60}") {
            let letters = |text: &str| text.chars().filter(|c| ('a'..='c').contains(c)).count();
            let read = plain(&body);
            // Pictures, addresses, names of notes and struck-out text are not words of the text.
            if !body.contains(['~', '!', '^', '(', ':']) {
                prop_assert!(letters(&read) >= letters(&body), "{body:?} {read:?}");
            }
        }
    }
}
