//! A question's text as words to look for.
//!
//! In: any text. Out: at most [`MAX_WORDS`] distinct words, each known to be content or mere asking. There is no query
//! language: what a user types is never an operator. It must not know what the index holds.

use std::collections::HashSet;

use crate::index::analyzer::{analyzer, is_cjk_function, is_stop_word};

/// How many distinct words of a question count, its first ones: a bit each in a 64-bit set, and more than any question
/// has; of a text of a megabyte only its beginning is asked.
pub const MAX_WORDS: usize = 64;

/// What a word that only asks is worth in ranking: enough to tell two discussions of one topic apart by how their
/// titles ask ("How does one become …?"), too little to find anything alone.
const ASKING_WEIGHT: f32 = 0.5;

/// How soon a word that the question repeats stops gaining weight: `k3` of BM25.
const K3: f32 = 8.0;

/// Of a word's places in the question, how many are kept to tell what stands next to it. A pasted page has thousands.
const MAX_POSITIONS: usize = 16;

/// Words that ask, judge or address rather than name a topic. They are in the index and rank a little, but a passage
/// need not have them to answer. `use`, `work`, `people`, `team` and `no` are left out: they are topics here.
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
    /// What is looked for: its stem, or that of the known word it was corrected to.
    pub term: String,
    /// Whether it names a topic (and so counts in coverage) or only asks.
    pub content: bool,
    /// Worth in ranking, against an exact content word that is there once.
    pub weight: f32,
    /// How alike `term` is to what was typed: 1, less where it was corrected.
    pub likeness: f32,
    /// Its first [`MAX_POSITIONS`] positions in the question, function words counted.
    pub positions: Vec<usize>,
    /// Passages that have the term, and what its rarity makes of it; 0 until scoring has counted.
    pub passages: u64,
    pub idf: f32,
}

impl Word {
    /// As typed (where it was misspelt, as the stem that it was read as), and how rare it is.
    pub fn rarity(&self) -> (String, f32) {
        let text = if self.likeness < 1.0 { &self.term } else { &self.typed };
        (text.clone(), self.idf)
    }
}

/// The words of `text`, in the order of their first occurrence.
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

/// What a word that is in the question `count` times weighs, against one that is there once: 1 for once, 1.8 for twice,
/// never 9. The query term frequency of BM25, `(k3 + 1) · count / (k3 + count)` (Robertson and Walker, "Okapi/Keenbow at
/// TREC-8", 1999): a plain count would let a pasted page be one word.
fn repeated(count: u32) -> f32 {
    (K3 + 1.0) * count as f32 / (K3 + count as f32)
}

/// The distinct words of `text` that name a topic, as typed and in order: function words and words that only ask are
/// left out.
pub fn content_words(text: &str) -> Vec<String> {
    let content = words(text).into_iter().filter(|word| word.content);
    content.map(|word| word.typed).collect()
}

/// Whether `word`, in lower case, is one that English sentences are held together by, or one that only asks.
pub(super) fn is_function_word(word: &str) -> bool {
    is_stop_word(word) || ASKING.split_whitespace().any(|asking| asking == word)
}

/// `typed` as the list of asking words writes it.
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
        // A word that only asks gains nothing by asking again.
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
