//! SentencePiece's byte-pair encoding by scores, with byte fallback, which GGUF calls `llama`. It encodes plain text
//! and never produces a special token.
//!
//! The method is the byte-pair mode of Kudo and Richardson, "SentencePiece" (2018): the neighbours whose joint token
//! scores highest are joined first. What never becomes a token is written as its UTF-8 bytes.

use std::collections::HashMap;

use super::merge::{Join, Symbol, merge};

/// SentencePiece writes a space as this character (U+2581).
pub(super) const SPACE: char = '\u{2581}';

pub(super) struct SentencePiece {
    /// Ordinary tokens with id and score.
    pub vocabulary: HashMap<String, (u32, f32)>,
    /// The token of each byte, if there is one.
    pub bytes: Vec<Option<u32>>,
    pub unknown: Option<u32>,
    /// Whether a space is added before text that begins the prompt or follows a special token.
    pub space_prefix: bool,
}

impl SentencePiece {
    /// Appends the ids of `text`. `after_special` says that a special token, or nothing, precedes it.
    pub fn encode(&self, text: &str, after_special: bool, ids: &mut Vec<u32>) {
        let mut spelled = String::with_capacity(text.len() + 8);
        if self.space_prefix && after_special {
            spelled.push(SPACE);
        }
        spelled.extend(text.chars().map(|c| if c == ' ' { SPACE } else { c }));
        let symbols = spelled
            .char_indices()
            .map(|(start, c)| {
                let end = start + c.len_utf8();
                Symbol {
                    start,
                    end,
                    token: self.vocabulary.get(&spelled[start..end]).map(|&(id, _)| id),
                }
            })
            .collect();
        let symbols = merge(symbols, |l, r| {
            let &(token, score) = self.vocabulary.get(&spelled[l.start..r.end])?;
            Some(Join {
                eagerness: f64::from(score),
                token,
            })
        });
        for symbol in symbols {
            match symbol.token {
                Some(id) => ids.push(id),
                None => self.spell(&spelled[symbol.start..symbol.end], ids),
            }
        }
    }

    fn spell(&self, text: &str, ids: &mut Vec<u32>) {
        for byte in text.bytes() {
            ids.extend(self.bytes.get(usize::from(byte)).copied().flatten().or(self.unknown));
        }
    }
}

/// Returns the byte that a byte token such as `<0x0A>` stands for.
pub(super) fn byte_of(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2)
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}
