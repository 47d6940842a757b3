//! Finds, for a sentence that a model wrote, the passage that backs it and the words to quote from it.
//!
//! In: the passages of the prompt, then one sentence at a time. Out: the best [`Support`], or none. Lexical alignment
//! in the manner of post-hoc citation, the strong simple baseline of ALCE (Gao et al., arXiv 2305.14627): the score is
//! the share of the sentence's content words that the quote has too. It must not know of models or terminals.

use std::collections::HashSet;
use std::ops::Range;

use super::sentences::sentences;
use super::words::Words;
use crate::corpus::Passage;

/// Least score at which a sentence counts as supported: with two thirds of its content words in the quote a sentence
/// is a paraphrase or a cut of it; below, small models have been seen to add claims of their own.
pub const MIN_SUPPORT: f32 = 0.66;

/// A second sentence joins the quote only if it raises the score by this much: quotes stay short.
const WORTH_A_SECOND_SENTENCE: f32 = 0.15;

/// Fewer content words than this say nothing that a passage could back.
const MIN_CONTENT_WORDS: usize = 3;

/// What a conflict in numbers or in negation leaves of a score.
const CONFLICT: f32 = 0.5;

const NEGATIONS: &[&str] = &[
    "not", "no", "never", "none", "nobody", "nothing", "without", "cannot", "neither", "nor",
];

/// The words of a passage that back a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Support {
    /// Index of the passage among those given to [`Grounder::new`].
    pub passage: usize,
    /// Byte span of the quote in that passage's text: one sentence, or two that follow each other.
    pub quote: Range<usize>,
    /// Share of the sentence's content words that the quote has: 0..=1.
    pub score: f32,
}

/// Holds the prompt's passages ready for many sentences.
pub struct Grounder {
    words: Words,
    passages: Vec<Vec<Claim>>,
}

/// One sentence, as far as alignment looks at it.
struct Claim {
    span: Range<usize>,
    stems: HashSet<String>,
    numbers: HashSet<String>,
    negated: bool,
}

impl Grounder {
    pub fn new<'a>(passages: impl IntoIterator<Item = &'a Passage>) -> Self {
        let words = Words::default();
        let passages = passages
            .into_iter()
            .map(|passage| {
                let text = &passage.text;
                sentences(text)
                    .into_iter()
                    .map(|span| Claim::new(&words, text, span))
                    .collect()
            })
            .collect();
        Grounder { words, passages }
    }

    /// The passage and quote that back `sentence` best; `None` if no passage shares a word with it or if it says too
    /// little to be checked. Ties go to the shorter quote, then to the earlier one.
    pub fn support(&self, sentence: &str) -> Option<Support> {
        let claim = Claim::new(&self.words, sentence, 0..sentence.len());
        if claim.stems.len() < MIN_CONTENT_WORDS {
            return None;
        }
        let mut best: Option<Support> = None;
        for (passage, claims) in self.passages.iter().enumerate() {
            for at in 0..claims.len() {
                let one = claim.backed_by(&claims[at..=at]);
                let two = claims.get(at..=at + 1).map_or(0.0, |pair| claim.backed_by(pair));
                let (score, last) = if two >= one + WORTH_A_SECOND_SENTENCE {
                    (two, at + 1)
                } else {
                    (one, at)
                };
                let quote = claims[at].span.start..claims[last].span.end;
                // Of equals the shorter quote, then the earlier.
                let better = best.as_ref().map_or(score > 0.0, |b| {
                    score > b.score || (score == b.score && quote.len() < b.quote.len())
                });
                if better {
                    best = Some(Support { passage, quote, score });
                }
            }
        }
        best
    }
}

impl Claim {
    fn new(words: &Words, text: &str, span: Range<usize>) -> Self {
        let own = &text[span.clone()];
        let stems = words.set(own);
        let numbers = stems
            .iter()
            .filter(|s| s.bytes().any(|b| b.is_ascii_digit()))
            .cloned()
            .collect();
        let lower = own.to_lowercase();
        let negated = lower
            .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
            .any(|word| NEGATIONS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t"));
        Claim {
            span,
            stems,
            numbers,
            negated,
        }
    }

    fn backed_by(&self, quote: &[Claim]) -> f32 {
        let has = |stem: &String| quote.iter().any(|claim| claim.stems.contains(stem));
        let share = self.stems.iter().filter(|stem| has(stem)).count() as f32 / self.stems.len() as f32;
        let other_numbers = !self.numbers.iter().all(has);
        let other_sense = self.negated != quote.iter().any(|claim| claim.negated);
        if other_numbers || other_sense {
            share * CONFLICT
        } else {
            share
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;

    const ROADMAP: &str = "My roadmap is a list of possible improvements. Each one names the metric that should move. \
        It took us 11 weeks to agree on the first. Do not promise dates.";

    fn support(sentence: &str) -> Option<Support> {
        let passages = [
            passage("e/q1/a", "Unrelated words about hiring."),
            passage("e/q1/b", ROADMAP),
        ];
        Grounder::new(&passages).support(sentence)
    }

    fn quote(sentence: &str) -> &'static str {
        &ROADMAP[support(sentence).unwrap().quote]
    }

    #[test]
    fn a_copied_and_a_paraphrased_sentence_find_their_quote() {
        let copied = support("My roadmap is a list of possible improvements.").unwrap();
        assert_eq!((copied.passage, copied.score), (1, 1.0));
        assert_eq!(
            quote("The roadmap lists improvements that are possible."),
            "My roadmap is a list of possible improvements."
        );
    }

    #[test]
    fn a_sentence_that_stands_in_the_text_is_quoted_alone() {
        assert_eq!(
            quote("Each one names the metric that should move."),
            "Each one names the metric that should move."
        );
    }

    #[test]
    fn a_sentence_made_of_two_quotes_both() {
        let text = "The roadmap is a list of possible improvements, each naming the metric that should move.";
        assert_eq!(
            quote(text),
            "My roadmap is a list of possible improvements. Each one names the metric that should move."
        );
    }

    #[test]
    fn another_number_or_a_lost_negation_halves_the_support() {
        assert!(support("It took us 11 weeks to agree on the first.").unwrap().score > MIN_SUPPORT);
        assert!(support("It took us 6 weeks to agree on the first.").unwrap().score < MIN_SUPPORT);
        assert!(support("You should promise dates on the roadmap.").is_none_or(|s| s.score < MIN_SUPPORT));
    }

    #[test]
    fn what_no_passage_says_and_what_says_nothing_has_no_support() {
        assert!(support("Bananas ripen faster beside apples.").is_none());
        assert!(support("Yes, it is.").is_none());
        assert!(support("").is_none());
    }
}
