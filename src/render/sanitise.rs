//! Makes text of unknown origin safe to show. Newsletter text and model output can be hostile.
//!
//! It replaces characters that could act on a terminal, reorder what a reader sees, or hide text.

use std::borrow::Cow;

/// Returns whether `c` can harm a reader or a terminal:
///
/// - control characters that act on a terminal: C0, DEL and C1, except line feed and tab;
/// - Unicode's bidirectional controls (UAX #9), which change the displayed order, and line and paragraph separators;
/// - invisible characters that hide text from a reader: zero-width spaces, and the tag characters, which only a program
///   sees.
///
/// The zero-width joiner and non-joiner are allowed, because scripts and emoji need them.
pub fn is_hostile(c: char) -> bool {
    let bidi = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let separator = matches!(c, '\u{2028}' | '\u{2029}');
    let unseen = matches!(c, '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    (c.is_control() && c != '\n' && c != '\t') || bidi || separator || unseen
}

/// Replaces each hostile character with U+FFFD, so that a reader sees that something was there.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(is_hostile) {
        Cow::Owned(text.replace(is_hostile, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Like [`clean`], but on one line: each run of white space becomes a space.
pub fn line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_bells_and_bidi_controls_are_replaced() {
        assert_eq!(
            clean("a\u{1b}[31mb\u{7}\u{9b}2J\u{202e}c\r\u{7f}"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}2J\u{fffd}c\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn text_that_no_reader_sees_is_replaced() {
        assert_eq!(
            clean("a\u{200b}b\u{feff}c\u{e0041}\u{e007f}d"),
            "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d"
        );
    }

    #[test]
    fn ordinary_text_of_any_script_is_untouched() {
        let text = "Zoë’s “AI/ML”: 你好, שלום, 👩‍💻\n\tindented";
        assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn one_line_has_one_line() {
        assert_eq!(line(" a\n\tb\u{1b}  c "), "a b\u{fffd} c");
    }
}
