//! Cleans text of everything that is not text, and compares texts as people do.
//!
//! In: any decoded text. Out: the same words with one kind of space and of line end, and no character that a terminal
//! or a reader would act on or not see. It must not know of newsletters.

use unicode_normalization::UnicodeNormalization;

/// `text` in Unicode's composed form (NFC), with `\n` as its only line end and control character, a plain space for
/// every space, and without soft hyphens, zero-width and bidirectional controls, invisible tags and escape sequences.
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
                // Joiners carry meaning inside words of many scripts and in emoji; as padding they carry none.
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

/// Whether `text` has none of the characters that [`clean`] removes. Tabs and line ends of other systems do no harm.
pub(super) fn is_clean(text: &str) -> bool {
    !text
        .chars()
        .any(|c| is_invisible(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Skips what follows an escape character in a control sequence (ECMA-48 §5.4): parameters, then one final character.
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

/// Characters that show nothing, or change how others are shown: text can hide in them or be forged with them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
        | '\u{e0000}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// `text` on one line: every run of white space is one space, none at the ends.
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

/// How many words `text` has: runs without white space that hold a letter or a digit.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count()
}

/// What two texts have in common if they differ only in case, punctuation, quotation marks and spacing: lower-case
/// words with single spaces, compatibility forms (NFKC) resolved.
pub(super) fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        } else if !matches!(c, '\'' | '’' | '‘' | '`' | '´') {
            gap = true;
        }
    }
    out
}

/// The first `max` characters of `text`.
pub(super) fn head(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// `text` as a heading or a name: one line, at most `max` characters, cut at a word and marked where cut.
pub(super) fn bounded_line(text: &str, max: usize) -> String {
    let line = one_line(text);
    let Some((cut, _)) = line.char_indices().nth(max) else {
        return line;
    };
    let kept = &line[..cut];
    let kept = kept.rsplit_once(' ').map_or(kept, |(kept, _)| kept);
    format!("{kept}…")
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
