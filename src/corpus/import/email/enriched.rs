//! Reads `text/enriched` and `text/richtext` (RFC 1896, RFC 1341) as plain text.

/// Returns the text of `source` without its formatting commands.
pub(super) fn plain(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    // Number of line ends since the last character. One is a space, and each more is a line end.
    let mut ends = 0;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("<<") {
            out.push('<');
            rest = after;
            continue;
        }
        if let Some((command, after)) = command(rest) {
            // A parameter, such as the name of a color, is no text.
            let hidden = command.eq_ignore_ascii_case("param");
            let end = after.to_ascii_lowercase().find("</param>").filter(|_| hidden);
            rest = end.map_or(after, |end| &after[end + "</param>".len()..]);
            if command.eq_ignore_ascii_case("nl") {
                out.push('\n');
            }
            continue;
        }
        rest = &rest[next.len_utf8()..];
        match next {
            '\r' => {}
            '\n' => {
                ends += 1;
                out.push(if ends == 1 { ' ' } else { '\n' });
            }
            _ => {
                ends = 0;
                out.push(next);
            }
        }
    }
    out
}

/// Returns the command that `text` begins with, and the rest.
fn command(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('<')?.split_once('>')?;
    let bare = name.strip_prefix('/').unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!bare.is_empty() && bare.len() <= 60 && bare.chars().all(is_name)).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn commands_are_left_out_and_lines_are_joined() {
        for (source, text) in [
            ("<bold>No</bold> price\nwas <<5.\n\nNone.", "No price was <5. \nNone."),
            (
                "<color><param>red</param>Late</color> 4 < 5 and a<b",
                "Late 4 < 5 and a<b",
            ),
            ("One<nl>two", "One\ntwo"),
            ("<param>without an end", "without an end"),
        ] {
            assert_eq!(plain(source), text);
        }
    }
}
