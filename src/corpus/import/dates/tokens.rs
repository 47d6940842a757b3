//! Splits a text into the words and the numbers that a date may consist of.

use std::ops::Range;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub at: Range<usize>,
    pub number: Option<u32>,
}

/// Splits text into runs of digits and runs of letters.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let kind = |c: char| {
        if c.is_ascii_digit() {
            1
        } else {
            2 * u8::from(c.is_alphabetic())
        }
    };
    let mut out: Vec<Token> = Vec::new();
    let mut open: Option<(usize, u8)> = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        // Chinese, Japanese and Korean write the unit after each number.
        let unit = matches!(c, '年' | '月' | '日' | '년' | '월' | '일');
        let now = if unit { 0 } else { kind(c) };
        if let Some((start, kind)) = open.filter(|(_, kind)| *kind != now) {
            let word = &text[start..at];
            let number = if kind == 1 && word.len() <= 8 {
                word.parse().ok()
            } else {
                None
            };
            out.push(Token {
                text: word,
                at: start..at,
                number,
            });
            open = None;
        }
        if now != 0 && open.is_none() {
            open = Some((at, now));
        }
    }
    out
}
