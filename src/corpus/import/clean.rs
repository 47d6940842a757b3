//! Removes characters from text that readers cannot see or that terminals act on, and normalizes text for comparison.
//!
//! Cleaned text has the same words, with one kind of space and one kind of line end.

use unicode_normalization::UnicodeNormalization;

use crate::corpus::script::is_cjk;

/// Returns `text` in Unicode's composed form (NFC), without invisible characters and escape sequences.
///
/// `\n` is the only line end and control character, and every space is a plain one. Soft hyphens, zero-width and
/// bidirectional controls and invisible tags are removed.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push('\n');
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\u{1b}' => skip_escape(&mut chars),
            '\u{200c}' | '\u{200d}' => {
                // Joiners carry meaning inside words of many scripts and in emoji. As padding they carry none.
                let joins = |c: char| !c.is_ascii() && !c.is_whitespace() && !is_invisible(c);
                if joins(previous) && chars.peek().is_some_and(|&next| joins(next)) {
                    out.push(c);
                }
            }
            c if is_invisible(c) => {}
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
        previous = c;
    }
    if out.is_ascii() { out } else { out.nfc().collect() }
}

/// Reports whether `text` has none of the characters that [`clean`] removes. Tabs and other systems' line ends are
/// allowed.
pub(super) fn is_clean(text: &str) -> bool {
    !text
        .chars()
        .any(|c| is_invisible(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Skips the rest of a control sequence after the escape character (ECMA-48 §5.4): parameters, then one final
/// character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars>) {
    if chars.peek() != Some(&'[') {
        return;
    }
    chars.next();
    while chars.peek().is_some_and(|c| (' '..='?').contains(c)) {
        chars.next();
    }
    if chars.peek().is_some_and(|c| ('@'..='~').contains(c)) {
        chars.next();
    }
}

/// Reports whether `c` shows nothing or changes how others are shown. Such characters can hide or forge text.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
        | '\u{e0000}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Returns `text` on one line. Every run of white space becomes one space, and none is left at the ends.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Counts the words of `text`: runs without white space that contain a letter or a digit.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count()
}

/// Reports whether `text` is in capitals, with at least four letters.
pub(super) fn is_in_capitals(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    letters().count() >= 4 && letters().all(char::is_uppercase)
}

/// Counts the words of `text`, also in scripts without spaces. There, two characters are about one word.
pub(super) fn weight(text: &str) -> usize {
    let unspaced = text.chars().filter(|c| is_cjk(*c)).count();
    words(text) + unspaced / 2
}

/// Returns a key that is the same for texts that differ only in case, punctuation, quotation marks and spacing.
///
/// The key has lower-case words, single spaces, and compatibility forms resolved (NFKC).
pub(super) fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    let mut push = |c: char| {
        if c.is_alphanumeric() {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        } else if !matches!(c, '\'' | '’' | '‘' | '`' | '´') {
            gap = true;
        }
    };
    // ASCII has no compatibility forms, and most text is ASCII.
    match text.is_ascii() {
        true => text.bytes().for_each(|b| push(char::from(b.to_ascii_lowercase()))),
        false => text.nfkc().flat_map(char::to_lowercase).for_each(push),
    }
    out
}

/// Returns the first `max` characters of `text`.
pub(super) fn head(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// Returns `text` as a heading or a name: on one line, cut at a word after at most `max` characters.
///
/// `…` marks a cut.
pub(super) fn bounded_line(text: &str, max: usize) -> String {
    let line = one_line(text);
    let Some((cut, _)) = line.char_indices().nth(max) else {
        return line;
    };
    let kept = &line[..cut];
    let kept = kept.rsplit_once(' ').map_or(kept, |(kept, _)| kept);
    format!("{kept}…")
}

/// Removes emphasis that opens a text (`**Question 1**`), and its end at the end of the text. Returns whether there was
/// any.
pub(super) fn unemphasised(text: &str) -> (&str, bool) {
    let text = text.trim();
    let bare = text.trim_start_matches(['*', '_']);
    if bare.len() == text.len() {
        return (text, false);
    }
    (bare.trim_end_matches(['*', '_']).trim(), true)
}

/// Returns the text after `word`, if `text` begins with it in any case.
pub(super) fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| &text[word.len()..])
}

/// Longest text between an opening and a closing sign, in bytes. Signs further apart are unrelated.
const NEAR: usize = 8_000;

/// Returns the part of `text` that is searched for a closing sign.
pub(super) fn near(text: &str) -> &str {
    let mut end = text.len().min(NEAR);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `ANA LIMA` → `Ana Lima`.
pub(super) fn capitalised(text: &str) -> String {
    let mut first = true;
    let turn = |c: char| {
        let out: Vec<char> = if first {
            c.to_uppercase().collect()
        } else {
            c.to_lowercase().collect()
        };
        first = !c.is_alphabetic();
        out
    };
    text.chars().flat_map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_seen_is_not_kept() {
        assert_eq!(clean("so\u{ad}ft\u{200b} hy\u{feff}phen"), "soft hyphen");
        assert_eq!(clean("a\u{a0}b\u{2009}c\td"), "a b c d");
        assert_eq!(clean("a\r\nb\rc\u{2028}d"), "a\nb\nc\nd");
        assert_eq!(clean("\u{1b}[31;1mred\u{1b}[0m \u{202e}txt\u{7}\u{0}"), "red txt");
        assert_eq!(clean("pad\u{200c}\u{a0}\u{200c}\u{a0}ding"), "pad  ding");
        assert_eq!(clean("tag\u{e0041}\u{e0042}s"), "tags");
    }

    #[test]
    fn words_are_counted_without_spaces() {
        assert_eq!(
            (weight("one two"), weight("図書館は開いた"), weight("한국어 책")),
            (2, 4, 4)
        );
    }

    #[test]
    fn joiners_stay_where_a_script_needs_them() {
        assert_eq!(clean("می\u{200c}خواهم"), "می\u{200c}خواهم");
    }

    #[test]
    fn accents_are_composed_and_compared() {
        assert_eq!(clean("cafe\u{301}"), "café");
        assert_eq!(key("“Who’s” AI/ML?"), key("Who's – AI ML"));
    }

    proptest! {
        #[test]
        fn clean_text_is_printable_stays_clean_and_keeps_its_plain_words(text in "(?s).{0,200}") {
            let once = clean(&text);
            prop_assert!(once.chars().all(|c| c == '\n' || !c.is_control()), "{once:?}");
            prop_assert_eq!(clean(&once), once.clone());
            let hidden = ['\u{202e}', '\u{1b}'];
            prop_assert!(!once.contains(hidden));
        }

        #[test]
        fn a_bounded_line_is_bounded(text in "(?s).{0,200}", max in 1usize..60) {
            let line = bounded_line(&text, max);
            prop_assert!(line.chars().count() <= max + 1 && !line.contains('\n'));
        }
    }
}
