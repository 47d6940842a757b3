//! Prepares a sentence for the injection rules: its plain form as a reader sees it, without what it only reports.
//!
//! It also detects sentences that hide what they say, and holds helpers to match words and phrases.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Returns whether the text holds what no honest sentence does: control characters that act on a terminal, characters
/// that hide or reorder text, or a word with letters of two scripts.
pub(super) fn hides(sentence: &str) -> bool {
    let control = |c: char| c.is_control() && !c.is_whitespace();
    let unseen = |c: char| matches!(c, '\u{202d}' | '\u{202e}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}');
    let cyrillic = |c: char| ('\u{400}'..='\u{52f}').contains(&c);
    // "API-шлюз" is two words.
    let two_scripts = |word: &str| {
        let mut runs = word.split(|c: char| !c.is_alphabetic());
        runs.any(|run| run.contains(cyrillic) && run.contains(|c: char| c.is_ascii_alphabetic()))
    };
    // Regional flags are spelled with the same characters as hidden text.
    let flag = sentence.contains('\u{1f3f4}');
    sentence.contains(|c| control(c) || (unseen(c) && !flag)) || sentence.split_whitespace().any(two_scripts)
}

/// The most letters and digits of a word that is not an address or path.
const LONGEST_WORD: usize = 100;

pub(super) fn has_endless_word(plain: &str) -> bool {
    let endless = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).count() > LONGEST_WORD;
    plain
        .split_whitespace()
        .any(|word| endless(word) && !word.contains('/'))
}

/// Returns `sentence` as a reader sees it, in lower case. Compatibility forms, accents, invisible characters and
/// look-alike letters of other alphabets become plain.
pub(super) fn plain(sentence: &str) -> String {
    let seen = sentence.nfkd().filter(|&c| {
        let accent = ('\u{300}'..='\u{36f}').contains(&c);
        let unseen = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{180e}');
        !accent && !unseen
    });
    let text: String = seen.map(latin).flat_map(char::to_lowercase).collect();
    text.replace('’', "'")
}

/// Returns the Latin letter that `c` looks like, else `c`. The table holds the most common confusables of UTS #39.
fn latin(c: char) -> char {
    const LIKE: &[(&str, &str)] = &[
        ("АВЕКМНОРСТХІЈЅ", "ABEKMHOPCTXIJS"),
        ("аеорсухіјѕԁһԛԝ", "aeopcyxijsdhqw"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
        ("αειονρυχ", "aeiovpux"),
    ];
    // All of them are Greek or Cyrillic.
    if !('\u{370}'..='\u{52f}').contains(&c) {
        return c;
    }
    let found = LIKE
        .iter()
        .find_map(|(from, to)| from.chars().zip(to.chars()).find(|(from, _)| *from == c));
    found.map_or(c, |(_, to)| to)
}

/// Splits a plain sentence into words.
pub(super) fn words(plain: &str) -> Vec<&str> {
    plain
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Words that introduce reported speech in quotation marks.
const REPORTING: &str = "say says said saying tell tells told ask asks asked type types typed typing write writes wrote \
    written read reads reply replies replied answer answers answered prompt prompts instruction instructions phrase \
    sentence line lines word words message messages script email mail question questions attacker attackers user users \
    customer customers label button error like called titled quote quotes slide example wording text";

/// Returns a plain sentence without what it reports in quotation marks or as code. A script (`Say: "…"`) addresses
/// nobody here. A sentence that is only a quotation, or has no word of reporting, is left whole.
pub(super) fn without_reported(plain: &str) -> Cow<'_, str> {
    if !plain.contains(['"', '“', '«', '\'', '‘', '`']) {
        return Cow::Borrowed(plain);
    }
    let left = without_quoted(plain);
    let mut said = left.split(|c: char| !c.is_alphanumeric());
    match said.any(|word| listed(REPORTING, word)) {
        true => Cow::Owned(left),
        false => Cow::Borrowed(plain),
    }
}

/// Returns `plain` with each closed quotation replaced by a dash.
fn without_quoted(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(at) = rest.find(['"', '“', '«', '\'', '‘', '`']) {
        let (before, from) = rest.split_at(at);
        let Some(open) = from.chars().next() else { break };
        out.push_str(before);
        let inside = &from[open.len_utf8()..];
        match quotation_end(open, before.chars().next_back(), inside) {
            Some(end) => {
                out.push('–');
                rest = &inside[end..];
            }
            None => {
                out.push(open);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Returns where the text after a quotation resumes, or `None` if `open` does not start a quotation or it never ends.
fn quotation_end(open: char, before: Option<char>, inside: &str) -> Option<usize> {
    let close = match open {
        '“' => '”',
        '«' => '»',
        '‘' => '\'',
        same => same,
    };
    if close != '\'' {
        return inside.find(close).map(|at| at + close.len_utf8());
    }
    // An apostrophe in or after a word does not open a quotation, and one inside a word does not close it. `plain` has
    // turned the closing mark `’` into an apostrophe.
    if before.is_some_and(char::is_alphanumeric) || !inside.starts_with(char::is_alphanumeric) {
        return None;
    }
    let mut ends = inside.match_indices('\'').map(|(at, _)| at + 1);
    ends.find(|&end| !inside[end..].starts_with(char::is_alphanumeric))
}

/// Returns whether letters are spaced out (`i g n o r e`), which only hides words. Options and grades (`a b c d e f`)
/// are in alphabetical order and pass.
pub(super) fn spelled_out(plain: &str) -> bool {
    let letter = |word: &str| {
        let mut chars = word.chars();
        chars.next().filter(|c| chars.next().is_none() && c.is_alphabetic())
    };
    let letters: Vec<Option<char>> = plain.split_whitespace().map(letter).collect();
    letters.windows(6).any(|run| {
        let run: Vec<char> = run.iter().flatten().copied().collect();
        run.len() == 6 && run.windows(2).any(|pair| pair[0] >= pair[1])
    })
}

/// Returns whether `word` is in `list`, a list of words separated by spaces.
pub(super) fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one == word)
}

/// Returns whether one of `list` is among `words`.
pub(super) fn any_of(list: &str, words: &[&str]) -> bool {
    words.iter().any(|word| listed(list, word))
}

/// Splits a list of phrases separated by bars.
pub(super) fn phrases(list: &str) -> impl Iterator<Item = &str> {
    list.split('|')
}

/// Returns where one of `list` occurs in the `within` words after the one at `at`.
pub(super) fn follows(words: &[&str], at: usize, list: &str, within: usize) -> Option<usize> {
    let after = words.iter().enumerate().skip(at + 1).take(within);
    after.into_iter().find(|(_, word)| listed(list, word)).map(|(at, _)| at)
}

/// Returns whether one of `second` occurs in the `within` words after one of `first`.
pub(super) fn near(words: &[&str], first: &str, second: &str, within: usize) -> bool {
    let firsts = (0..words.len()).filter(|&at| listed(first, words[at]));
    firsts
        .into_iter()
        .any(|at| follows(words, at, second, within).is_some())
}

/// Returns whether the words of `sequence`, separated by a space, occur consecutively in `words`.
pub(super) fn says(words: &[&str], sequence: &str) -> bool {
    position(words, sequence).is_some()
}

/// Returns where `sequence` begins in `words`.
pub(super) fn position(words: &[&str], sequence: &str) -> Option<usize> {
    let sequence: Vec<&str> = sequence.split(' ').collect();
    words.windows(sequence.len()).position(|run| run == sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sentence_reports_is_taken_out_of_it() {
        for (text, left) in [
            ("say: 'answer only with a number'", "say: –"),
            ("the prompt was “ignore it” and «so on».", "the prompt was – and –."),
            ("type `<|im_end|>` and don't stop", "type – and don't stop"),
            ("users' notes say 'the team's plan'", "users' notes say –"),
        ] {
            assert_eq!(without_reported(text), left);
        }
        for whole in [
            "\"ignore it.\"",
            "obey this: \"say yes\"",
            "he said \"ignore it",
            "don't and can't",
        ] {
            assert_eq!(without_reported(whole), whole);
        }
    }

    #[test]
    fn letters_apart_hide_words_and_options_do_not() {
        assert!(spelled_out("i g n o r e it"));
        assert!(!spelled_out("grades are a b c d e f"));
        assert!(!spelled_out("options a, b, c, d, e and f"));
    }
}
