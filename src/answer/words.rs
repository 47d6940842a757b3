//! Extracts the content words of a text: what two sentences must share to say the same thing.
//!
//! Function words are left out, and the rest is stemmed (Snowball English, Porter 2). The index uses tantivy's own
//! analyser.

use std::collections::HashSet;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// English function words, and words that introduce a question.
const FUNCTION_WORDS: &str = "a about after all also am an and any are as at be been before being both but by can \
    could did do does doing done each even every few for from further get got had has have having he her here hers \
    him his how i if in into is it its itself just let like make many may me might more most much must my no nor not \
    of off often on one only onto or other our out over own per same shall she should so some such than that the \
    their them then there these they this those through to too up upon us use used using very was way we well were \
    what when where whether which while who whom why will with would you your yours";

/// Stems the content words of texts. It is cheap to create; reuse it for many texts.
pub struct Words {
    stemmer: Stemmer,
    stop: HashSet<&'static str>,
}

impl Default for Words {
    fn default() -> Self {
        Words {
            stemmer: Stemmer::create(Algorithm::English),
            stop: FUNCTION_WORDS.split_whitespace().collect(),
        }
    }
}

impl Words {
    /// Returns the stems of `text`'s content words, in order and with repeats. `AI/ML` is two words. A clitic is cut
    /// off.
    pub fn stems(&self, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        for word in text.unicode_words().flat_map(|word| word.split(['.', '_', ':'])) {
            let word = singular_acronym(word).to_lowercase().replace('’', "'");
            let word = word.strip_suffix("'s").unwrap_or(&word);
            let base = word.split_once('\'').map_or(word, |(base, _)| base);
            if base.is_empty() || self.stop.contains(base) {
                continue;
            }
            out.push(self.stemmer.stem(base).into_owned());
        }
        out
    }

    /// Returns the distinct stems of `text`.
    pub fn set(&self, text: &str) -> HashSet<String> {
        self.stems(text).into_iter().collect()
    }
}

/// Turns `PMs` into `PM`. Snowball keeps an `s` that does not follow a vowel.
fn singular_acronym(word: &str) -> &str {
    let acronym = |w: &str| w.len() > 1 && w.bytes().all(|b| b.is_ascii_uppercase());
    let consonants = |w: &str| w.len() > 1 && w.bytes().all(|b| b.is_ascii_lowercase() && !b"aeiouy".contains(&b));
    word.strip_suffix('s')
        .filter(|w| acronym(w) || consonants(w))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem_and_function_words_are_left_out() {
        let words = Words::default();
        assert_eq!(
            words.stems("How do the PMs prioritize?"),
            words.stems("A PM prioritizes")
        );
        assert_eq!(words.stems("PRDs for pms"), words.stems("a PRD for the PM"));
        assert_eq!(words.stems("What should I do with it?"), Vec::<String>::new());
    }

    #[test]
    fn slashes_possessives_and_curly_quotes_are_seen_through() {
        let words = Words::default();
        assert_eq!(words.stems("AI/ML"), ["ai", "ml"]);
        assert_eq!(words.stems("the user’s"), words.stems("user's"));
    }
}
