//! Spells a question's misspelt words as the corpus spells them, for reading by meaning.
//!
//! In: the question, its words with what they were read as, the best passages that words found. Out: the question's text.
//! It must not know what reads it.
//!
//! Search by words reads a misspelt word as a stem, and an embedding model knows words, not stems; of a word that it
//! does not know it makes syllables without sense. The passage that fits best by words and has the stem has the word.

use super::bm25::{self, Found};
use super::query::Word;
use crate::index::analyzer::analyzer;
use crate::index::{IndexError, Store};

/// `text` with each corrected word replaced.
pub(super) fn respell(store: &Store, text: &str, words: &[Word], found: &Found) -> Result<String, IndexError> {
    let mut out = text.to_string();
    for (bit, word) in words.iter().enumerate().filter(|(_, word)| word.likeness < 1.0) {
        let mut scored = found.scored.clone();
        scored.retain(|one| one.found & (1 << bit) != 0);
        if scored.is_empty() && found.beyond.is_some() {
            scored = bm25::best(store, words, 1 << bit, 1)?.scored;
        }
        let with = || scored.iter();
        let most = with().map(|one| one.words).fold(0.0, f32::max);
        // Which of equal ones comes first in the index differs with how it was made: the identifier decides.
        let equal = with().filter(|one| one.words == most);
        let passages: Result<Vec<_>, _> = equal.map(|one| store.passage(one.address)).collect();
        let first = passages?
            .into_iter()
            .min_by(|a, b| (&a.id, a.part).cmp(&(&b.id, b.part)));
        let Some(passage) = first else { continue };
        let read = [&passage.discussion, &passage.question, &passage.text];
        if let Some(spelling) = read.into_iter().find_map(|text| spelling(text, &word.term)) {
            out = out.replace(&word.typed, &spelling);
        }
    }
    Ok(out)
}

/// The first word of `text` that has the stem `term`.
fn spelling(text: &str, term: &str) -> Option<String> {
    let mut analyzer = analyzer();
    let mut tokens = analyzer.token_stream(text);
    while tokens.advance() {
        let token = tokens.token();
        if token.text == term {
            return text.get(token.offset_from..token.offset_to).map(str::to_string);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_is_that_of_the_text() {
        assert_eq!(
            spelling("Who sets strategies, and when?", "strategi").as_deref(),
            Some("strategies")
        );
        assert_eq!(spelling("Who sets goals?", "strategi"), None);
    }
}
