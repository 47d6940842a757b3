//! Finds the question in what somebody says.

use crate::corpus::import::clean::{bounded_line, key};

/// Longest title made from a question in a longer text, in characters.
const LONGEST_TITLE: usize = 250;

/// Returns the last question in `text`, on one line.
pub(in crate::corpus::import) fn question_in(text: &str) -> Option<String> {
    let end = text.rfind('?')? + 1;
    let start = text[..end - 1]
        .rmatch_indices(['.', '!', '?', '\n'])
        .find(|(at, sign)| *sign == "\n" || text[at + sign.len()..].starts_with(' ') && !is_short(&text[..*at], sign))
        .map_or(0, |(at, sign)| at + sign.len());
    Some(bounded_line(&text[start..end], LONGEST_TITLE))
}

/// Reports whether a full stop after `text` ends an abbreviation or an initial: `Mr.`, `e.g.`, `J.`
fn is_short(text: &str, sign: &str) -> bool {
    let word = text.rsplit([' ', '\n', '(']).next().unwrap_or_default();
    let short = [
        "mr", "mrs", "ms", "dr", "prof", "st", "vs", "cf", "jr", "sr", "e g", "i e",
    ];
    sign == "." && (word.chars().count() == 1 || short.contains(&key(word).as_str()))
}
