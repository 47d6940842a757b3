//! Splits a question's text into words to look for.
//!
//! A question has at most [`MAX_WORDS`] distinct words. Each one either names a topic or only asks. There is no query
//! language: nothing that a user types is an operator. This module does not look at the index.

use std::collections::HashSet;

use crate::index::analyzer::{analyzer, is_cjk_function, is_stop_word};

/// Maximum number of distinct words of a question; later ones are ignored. Each word takes a bit of a 64-bit set. No
/// ordinary question has more, and only the beginning of a megabyte of text is searched for.
pub const MAX_WORDS: usize = 64;

/// Ranking weight of a word that only asks. It is enough to distinguish two discussions of one topic by how their
/// titles ask ("How does one become …?"), but too little to find anything by itself.
const ASKING_WEIGHT: f32 = 0.5;

/// Limits the weight that a word gains by repetition in the question: `k3` of BM25.
const K3: f32 = 8.0;

/// Maximum number of a word's positions that are stored to find its neighbours. A word of a pasted page can have
/// thousands.
const MAX_POSITIONS: usize = 16;

/// Words that ask, judge or address rather than name a topic. They are in the index and count a little in ranking, but
/// a passage can answer without them. `use`, `work`, `people`, `team` and `no` are not in the list: here they are
/// topics.
const ASKING: &str = "about advice advise anybody anyone anything ask became become becomes becoming best better came \
    come consider describe discuss ever everybody everyone everything exactly explain feel find gave get gets getting \
    give given go goes going good got great guys happen hello help here hey hi how important know knows let lets like \
    look looking made make makes making many may me might more most much must myself need needs now okay one ones \
    please possible question questions really recommend recommended right say says should shouldnt some somebody \
    someone something start still suggest suggested suggestion suggestions sure take tell thank thanks thing things \
    think thinking tip tips too try trying understand want wants way ways well what whats when where whether which who \
    whom whose why";

/// A distinct word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    /// As typed.
    pub typed: String,
    /// The term to look for: the word's stem, or the stem of the known word it was corrected to.
    pub term: String,
    /// Whether the word names a topic, and so counts in coverage, or only asks.
    pub content: bool,
    /// Weight in ranking, relative to an exact content word that occurs once.
    pub weight: f32,
    /// Similarity of `term` to what was typed: 1, or less if it was corrected.
    pub likeness: f32,
    /// The first [`MAX_POSITIONS`] positions in the question. Function words count as positions.
    pub positions: Vec<usize>,
    /// Number of passages that have the term, and the inverse document frequency that follows; 0 until `bm25::count`
    /// sets them.
    pub passages: u64,
    pub idf: f32,
}

impl Word {
    /// Returns the word as typed, or as the stem it was read as if it was misspelt, and its rarity.
    pub fn rarity(&self) -> (String, f32) {
        let text = if self.likeness < 1.0 { &self.term } else { &self.typed };
        (text.clone(), self.idf)
    }
}

/// Returns the words of `text`, in the order of their first occurrence.
pub(super) fn words(text: &str) -> Vec<Word> {
    let asking: HashSet<&str> = ASKING.split_whitespace().collect();
    let mut words: Vec<Word> = Vec::new();
    let mut counts: Vec<u32> = Vec::new();
    let mut analyzer = analyzer();
    let mut tokens = analyzer.token_stream(text);
    while tokens.advance() {
        let token = tokens.token();
        let mut known = words.iter_mut().zip(&mut counts);
        if let Some((word, count)) = known.find(|(word, _)| word.term == token.text) {
            *count += 1;
            if word.positions.len() < MAX_POSITIONS {
                word.positions.push(token.position);
            }
            continue;
        }
        if words.len() == MAX_WORDS {
            break;
        }
        let typed = text
            .get(token.offset_from..token.offset_to)
            .unwrap_or(&token.text)
            .to_string();
        let content = !asking.contains(plain(&typed).as_str()) && !is_cjk_function(&typed);
        words.push(Word {
            typed,
            term: token.text.clone(),
            content,
            weight: if content { 1.0 } else { ASKING_WEIGHT },
            likeness: 1.0,
            positions: vec![token.position],
            passages: 0,
            idf: 0.0,
        });
        counts.push(1);
    }
    for (word, count) in words.iter_mut().zip(counts).filter(|(word, _)| word.content) {
        word.weight *= repeated(count);
    }
    words
}

/// Returns the weight of a word that occurs `count` times in the question, relative to one that occurs once: 1 for
/// once, 1.8 for twice, always below 9. This is the query term frequency of BM25, `(k3 + 1) · count / (k3 + count)`
/// (Robertson and Walker, "Okapi/Keenbow at TREC-8", 1999). With a plain count, one repeated word of a pasted page
/// would outweigh all others.
fn repeated(count: u32) -> f32 {
    (K3 + 1.0) * count as f32 / (K3 + count as f32)
}

/// Returns the distinct words of `text` that name a topic, as typed and in order. Function words and words that only
/// ask are left out.
pub fn content_words(text: &str) -> Vec<String> {
    let content = words(text).into_iter().filter(|word| word.content);
    content.map(|word| word.typed).collect()
}

/// Returns whether `word`, in lower case, is an English stop word or a word that only asks.
pub(super) fn is_function_word(word: &str) -> bool {
    is_stop_word(word) || ASKING.split_whitespace().any(|asking| asking == word)
}

/// Converts `typed` to the form used in [`ASKING`]: lower case, letters and digits only.
fn plain(typed: &str) -> String {
    let letters = typed.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(text: &str) -> Vec<String> {
        words(text).into_iter().filter(|w| w.content).map(|w| w.term).collect()
    }

    #[test]
    fn words_that_only_ask_are_no_content() {
        assert_eq!(content("How does one become an AI/ML PM?"), ["ai", "ml", "pm"]);
        assert_eq!(content("What should I do to get better at saying no?"), ["say", "no"]);
        assert_eq!(content("best pizza in Naples"), ["pizza", "napl"]);
        assert!(content("What is the best way to do it?").is_empty());
    }

    #[test]
    fn operators_are_text() {
        assert_eq!(
            content(r#"title:roadmap AND "launch plan"~2 OR -beta* [a TO b] \"#),
            ["titl", "roadmap", "launch", "plan", "2", "beta", "b"]
        );
    }

    #[test]
    fn a_word_is_reported_as_typed_without_its_clitic() {
        let typed: Vec<_> = words("The user's A/B test, we’re in C++")
            .into_iter()
            .map(|w| w.typed)
            .collect();
        assert_eq!(typed, ["user", "A/B", "test", "C++"]);
    }

    #[test]
    fn a_repeated_word_is_one_word_that_weighs_more_and_keeps_its_positions() {
        let words = words("metrics, metric and more metrics for growth");
        assert_eq!(words.iter().filter(|w| w.term == "metric").count(), 1);
        assert_eq!(words[0].positions, [0, 1, 4]);
        assert_eq!(words.last().map(|w| w.weight), Some(1.0));
        assert!((words[0].weight - 9.0 * 3.0 / 11.0).abs() < 1e-6, "{}", words[0].weight);
    }

    #[test]
    fn a_pasted_page_of_one_word_weighs_no_more_than_the_formula_allows() {
        let words = words(&"roadmap churn why ".repeat(50_000));
        assert!(words.iter().all(|w| w.weight < K3 + 1.0), "{words:?}");
        assert!(words.iter().all(|w| w.positions.len() <= MAX_POSITIONS));
        // A word that only asks gains no weight by repetition.
        assert_eq!(words[2].weight, ASKING_WEIGHT);
    }

    #[test]
    fn of_a_megabyte_the_first_distinct_words_count() {
        let text: String = (0..100_000).map(|i| format!("word{i} ")).collect();
        let words = words(&text);
        assert_eq!(words.len(), MAX_WORDS);
        assert_eq!(words[63].typed, "word63");
    }

    proptest! {
        #[test]
        fn any_text_gives_bounded_distinct_words(text in "\\PC{0,300}") {
            let words = words(&text);
            prop_assert!(words.len() <= MAX_WORDS);
            let distinct: HashSet<_> = words.iter().map(|w| &w.term).collect();
            prop_assert_eq!(distinct.len(), words.len());
        }
    }
}
