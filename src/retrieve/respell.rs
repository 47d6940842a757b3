//! Replaces a question's misspelt words by the corpus's spelling, for search by meaning.
//!
//! Search by words reads a misspelt word as a stem, but an embedding model knows words, not stems. It splits an unknown
//! word into meaningless pieces. The passage that has the stem and scores best by words supplies the spelling. What was
//! typed may be right after all, so the respelt question is used in addition to the typed one, never instead.

use super::Correction;
use super::bm25::{self, Found};
use super::query::Word;
use crate::index::analyzer::analyzer;
use crate::index::{IndexError, Store};

/// Returns `text` with each corrected word replaced, wherever it occurs as a whole word.
pub(super) fn respell(store: &Store, text: &str, words: &[Word], found: &Found) -> Result<String, IndexError> {
    let mut out = text.to_string();
    for (bit, word) in words.iter().enumerate().filter(|(_, word)| word.likeness < 1.0) {
        if let Some(spelling) = spelling_in(store, words, bit, found, false)? {
            out = replaced(&out, &word.typed, &spelling);
        }
    }
    Ok(out)
}

/// Returns `corrected` with whole words instead of stems, in the order of the words.
pub(super) fn spelled(
    store: &Store,
    words: &[Word],
    found: &Found,
    mut corrected: Vec<Correction>,
) -> Result<Vec<Correction>, IndexError> {
    let mut whole = Vec::new();
    for (bit, word) in words.iter().enumerate().filter(|(_, word)| word.likeness < 1.0) {
        let Some(at) = corrected.iter().position(|one| one.word == word.typed) else {
            continue;
        };
        let mut correction = corrected.swap_remove(at);
        // A stem means nothing to a reader.
        if let Some(spelling) = spelling_in(store, words, bit, found, true)? {
            correction.read_as = spelling.to_lowercase();
            whole.push(correction);
        }
    }
    Ok(whole)
}

/// Returns how the best passage for the misspelt word number `bit` spells it. Looks in the passages that were found; if
/// none of them has the word, in the others if there are more, or if `anywhere` is set.
fn spelling_in(
    store: &Store,
    words: &[Word],
    bit: usize,
    found: &Found,
    anywhere: bool,
) -> Result<Option<String>, IndexError> {
    let Some(word) = words.get(bit) else { return Ok(None) };
    let mut scored = found.scored.clone();
    scored.retain(|one| one.found & (1 << bit) != 0);
    if scored.is_empty() && (anywhere || found.beyond.is_some()) {
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
    let Some(passage) = first else { return Ok(None) };
    let read = [&passage.discussion, &passage.question, &passage.text]
        .into_iter()
        .chain(&passage.also_asked);
    let spellings = read.filter_map(|text| spelling(text, &word.term, &word.typed));
    // Of equal ones the first.
    Ok(spellings.min_by_key(|spelling| edits(spelling, &word.typed)))
}

/// The number of edits between two words, in whichever case.
fn edits(word: &str, typed: &str) -> usize {
    strsim::osa_distance(&word.to_lowercase(), &typed.to_lowercase())
}

/// The word of `text` with the stem `term` that is most like what was `typed`; of equal ones the first.
fn spelling(text: &str, term: &str, typed: &str) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    let mut analyzer = analyzer();
    let mut tokens = analyzer.token_stream(text);
    while tokens.advance() {
        let token = tokens.token();
        let Some(word) = text
            .get(token.offset_from..token.offset_to)
            .filter(|_| token.text == term)
        else {
            continue;
        };
        let edits = edits(word, typed);
        if best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, word));
        }
    }
    best.map(|(_, word)| word.to_string())
}

/// Replaces each whole word `typed` in `text` by `spelling`, but not the same letters within another word.
pub(super) fn replaced(text: &str, typed: &str, spelling: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    let mut analyzer = analyzer();
    analyzer.token_stream(text).process(&mut |token| {
        let before = text.get(at..token.offset_from);
        if let (Some(before), Some(true)) = (before, text.get(token.offset_from..token.offset_to).map(|w| w == typed)) {
            out.push_str(before);
            out.push_str(spelling);
            at = token.offset_to;
        }
    });
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_is_that_of_the_text() {
        assert_eq!(
            spelling("Who sets strategies, and when?", "strategi", "stratigies").as_deref(),
            Some("strategies")
        );
        assert_eq!(spelling("Who sets goals?", "strategi", "stratigies"), None);
        let text = "They manage; managing is management.";
        assert_eq!(spelling(text, "manag", "managemnet").as_deref(), Some("management"));
    }

    #[test]
    fn a_word_is_replaced_and_not_the_same_letters_in_another_word() {
        let text = "Is the serch in reserch? A serch, é serch";
        assert_eq!(
            replaced(text, "serch", "search"),
            "Is the search in reserch? A search, é search"
        );
        assert_eq!(replaced("", "a", "b"), "");
    }
}
