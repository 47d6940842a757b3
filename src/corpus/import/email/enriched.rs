//! Reads `text/enriched` and `text/richtext` (RFC 1896, RFC 1341) as plain text.

use crate::corpus::import::clean::strip_word;

/// Returns the text of `source` without its formatting commands.
pub(super) fn plain(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    // Number of line ends since the last character. One is a space, and each more is a line end.
    let mut ends = 0;
    // After one parameter without an end, no other has one.
    let mut closed = true;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("<<") {
            out.push('<');
            rest = after;
            continue;
        }
        if let Some((command, after)) = command(rest) {
            // A parameter, such as the name of a color, is no text.
            rest = after;
            if closed && command.eq_ignore_ascii_case("param") {
                let end = after_parameter(after);
                closed = end.is_some();
                rest = end.unwrap_or(after);
            }
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

/// Returns the text behind the end of a parameter.
fn after_parameter(text: &str) -> Option<&str> {
    let mut ends = text.match_indices("</");
    ends.find_map(|(at, sign)| strip_word(&text[at + sign.len()..], "param>"))
}

/// The longest name of a command (RFC 1896, section 3).
const LONGEST: usize = 60;

/// Returns the command that `text` begins with, and the rest.
fn command(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('<')?;
    // A text full of `<` must not be searched to its end for each one.
    let end = text.bytes().take(LONGEST + 2).position(|byte| byte == b'>')?;
    let (name, rest) = (&text[..end], &text[end + 1..]);
    let bare = name.strip_prefix('/').unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!bare.is_empty() && bare.len() <= LONGEST && bare.chars().all(is_name)).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::plain;

    /// Each would take minutes if the rest of the text were searched for every sign.
    #[test]
    fn a_text_of_signs_is_read_once() {
        for unit in ["<b>", "<a", "<param>", "</", "<param></"] {
            plain(&unit.repeat(300_000));
        }
    }

    #[test]
    fn commands_are_left_out_and_lines_are_joined() {
        for (source, text) in [
            ("<bold>No</bold> price\nwas <<5.\n\nNone.", "No price was <5. \nNone."),
            (
                "<color><param>red</param>Late</color> 4 < 5 and a<b",
                "Late 4 < 5 and a<b",
            ),
            ("One<nl>two", "One\ntwo"),
            ("<param>without an end<PARAM>", "without an end"),
            ("<x><Param>red</x></PARAM>Late", "Late"),
        ] {
            assert_eq!(plain(source), text);
        }
    }
}
