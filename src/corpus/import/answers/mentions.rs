//! Knows which words a letter uses in lower case, as names are not, and which as parts of longer names.

use std::collections::HashSet;

use crate::corpus::import::block::Block;
use crate::corpus::import::names::{self, Trust};

/// The words of a letter.
pub(super) struct Mentions {
    lower: HashSet<String>,
    names: HashSet<String>,
}

impl Mentions {
    pub(super) fn of(blocks: &[Block]) -> Self {
        let (mut lower, mut found) = (HashSet::new(), HashSet::new());
        let capital = |word: &str| word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
        for block in blocks.iter().filter(|block| block.is_seen()) {
            let mut previous = "";
            for spaced in block.text.split_whitespace() {
                let word = spaced.trim_matches(|c: char| !c.is_alphanumeric());
                if word.starts_with(char::is_lowercase) {
                    lower.insert(word.to_string());
                }
                let pair = || names::trust(&format!("{previous} {word}")) >= Trust::Shape;
                if capital(word) && capital(previous) && pair() {
                    found.extend([previous.to_string(), word.to_string()]);
                }
                // A name does not go on behind a full stop or a colon.
                let ends = spaced.ends_with(|c: char| c.is_ascii_punctuation() && c != '\'');
                previous = if ends { "" } else { word };
            }
        }
        Mentions { lower, names: found }
    }

    /// Reports whether the letter uses `word` in lower case.
    pub(super) fn is_common(&self, word: &str) -> bool {
        self.lower.contains(&word.to_lowercase())
    }

    /// Reports whether the letter has `word` in a longer name.
    pub(super) fn is_introduced(&self, word: &str) -> bool {
        self.names.contains(word)
    }
}
