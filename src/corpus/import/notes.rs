//! Recognizes footnote marks and powers, so that raised text is not read as part of the word before it.
//!
//! Writes `[^1]` for a footnote mark and `^6` for a power. Other raised text stays as it is (`1st`, `™`).

use super::clean::one_line;

/// Reads raised texts in page order.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The number of the last footnote mark.
    last: u32,
}

impl Notes {
    /// Returns what to write for `raised`, which follows `before`. `linked` means that it links to a place on the same
    /// page.
    pub(super) fn raised(&mut self, raised: &str, before: &str, linked: bool) -> String {
        let text = one_line(raised);
        let label = label(&text);
        if label.is_empty() {
            return raised.to_string();
        }
        if linked {
            return self.mark(label);
        }
        let Ok(number) = label.parse::<u32>() else {
            // `a` in `[a]` and `*` are marks. `st`, `th` and `TM` belong to the word.
            let sign = label.chars().all(|c| matches!(c, '*' | '†' | '‡' | '§'));
            let unsigned = label.strip_prefix(['-', '−', '–']);
            let power = unsigned.is_some_and(is_digits) || is_broken_power(unsigned.unwrap_or(label), before);
            // `42ᵃ` has a mark. `1st` and `4ᵒC` do not.
            let lettered = label.len() == 1
                && label.starts_with(|c: char| ('a'..='h').contains(&c))
                && before.ends_with(|c: char| c.is_ascii_digit());
            return match () {
                () if sign || lettered || text.starts_with('[') => self.mark(label),
                () if power && label.contains(['/', '⁄']) => format!("^({label})"),
                () if power => format!("^{label}"),
                () => raised.to_string(),
            };
        };
        let base = last_word(before);
        let letter = is_variable(base);
        let is_power =
            base == "10" || letter && number < 10 || !base.is_empty() && is_digits(base) && number != self.last + 1;
        if is_power && !text.starts_with('[') {
            return format!("^{label}");
        }
        self.mark(label)
    }

    /// Returns the mark to write for a link to a place on the same page, if its text is one.
    pub(super) fn link(&mut self, text: &str) -> Option<String> {
        let text = one_line(text);
        let label = label(&text);
        let number = is_digits(label) && label.len() <= 3;
        let sign = !label.is_empty() && label.chars().all(|c| matches!(c, '*' | '†' | '‡' | '§'));
        let letter = text.starts_with('[') && label.chars().count() == 1;
        (number || sign || letter).then(|| self.mark(label))
    }

    fn mark(&mut self, label: &str) -> String {
        if let Ok(number) = label.parse() {
            self.last = number;
        }
        format!("[^{label}]")
    }
}

/// Returns the letters and digits that `before` ends with.
fn last_word(before: &str) -> &str {
    &before[before.trim_end_matches(|c: char| c.is_alphanumeric()).len()..]
}

fn is_variable(word: &str) -> bool {
    word.chars().count() <= 2 && word.chars().any(char::is_alphabetic) && word != "I"
}

/// Reports whether `label` is a fraction or a decimal that is the power of what `before` ends with: `k` and `1/2`, `3` and
/// `0.5`. `1/2` behind a number is a part of that number.
fn is_broken_power(label: &str, before: &str) -> bool {
    let word = last_word(before);
    let fraction = label.split_once(['/', '⁄']);
    let parts = fraction.or_else(|| label.split_once('.'));
    let base = before.ends_with(')') || is_variable(word) || fraction.is_none() && is_digits(word);
    base && parts.is_some_and(|(above, below)| is_digits(above) && is_digits(below))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the label: `1` of `[1]`, `(1)` and `1.`.
fn label(text: &str) -> &str {
    text.trim_matches(['[', ']', '(', ')', '.', ' '])
}

/// Reports whether a text is an arrow that links a note back to its mark.
pub(super) fn is_way_back(text: &str) -> bool {
    let arrow = |c: char| matches!(c, '↩' | '↑' | '⤴' | '↲' | '^' | '⏎' | '\u{fe0e}' | '\u{fe0f}');
    let text = text.trim();
    !text.is_empty() && text.chars().all(arrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_powers_and_parts_of_words_are_told_apart() {
        let mut notes = Notes::default();
        assert_eq!(notes.raised("1", "retention was 40", true), "[^1]");
        assert_eq!(notes.raised("2", "fell to 3", false), "[^2]");
        assert_eq!(notes.raised("6", "We sell 10", false), "^6");
        assert_eq!(notes.raised("2", "of 40 m", false), "^2");
        assert_eq!(notes.raised("3", "after the change", false), "[^3]");
        assert_eq!(notes.raised("10", "there are 2", false), "^10");
        assert_eq!(notes.raised("st", "the 1", false), "st");
        assert_eq!(notes.raised("™", "Acme", false), "™");
        assert_eq!(notes.raised("[4]", "as they say", false), "[^4]");
        assert_eq!(notes.raised("*", "a price", false), "[^*]");
        assert_eq!(notes.raised("-6", "10", false), "^-6");
        assert_eq!(notes.raised("2/3", "the work grows with k", false), "^(2/3)");
        assert_eq!(notes.raised("-1/2", "(a + b)", false), "^(-1/2)");
        assert_eq!(notes.raised("0.7", "costs fall with 3", false), "^0.7");
        assert_eq!(notes.raised("1/2", "we took the middle", false), "1/2");
        assert_eq!(notes.raised("1/2", "we ate 2", false), "1/2");
    }

    #[test]
    fn links_within_the_page_are_marks_where_they_look_so() {
        let mut notes = Notes::default();
        assert_eq!(notes.link("1").as_deref(), Some("[^1]"));
        assert_eq!(notes.link("[a]").as_deref(), Some("[^a]"));
        assert_eq!(notes.link("2026"), None);
        assert_eq!(notes.link("above"), None);
        assert!(is_way_back("↩︎") && !is_way_back("back"));
    }
}
