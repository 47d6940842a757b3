//! Finds the passage that backs a sentence written by a model, and the words to quote from it.
//!
//! The method is lexical alignment, as in post-hoc citation, the strong simple baseline of ALCE (Gao et al., arXiv
//! 2305.14627). The score is the share of the sentence's content words that also occur in the quote. If an embedding
//! model is loaded, a quote that is near in meaning backs a sentence in other words.
//!
//! Numbers, names and negations must agree in both cases (see `claim`). Otherwise a quote could back a sentence that
//! says the opposite in nearly the same words.

use std::ops::Range;

use super::claim::Claim;
use super::injection::quotable;
use super::meaning::Meaning;
use super::words::Words;
use crate::corpus::Passage;

/// The lowest score at which a sentence counts as supported.
///
/// A sentence that shares two thirds of its content words with the quote is a paraphrase of it or a part of it. Below
/// this score, small models were seen to add claims.
pub const MIN_SUPPORT: f32 = 0.66;

/// The rise in score that a second sentence must bring to join the quote. This keeps quotes short.
const WORTH_A_SECOND_SENTENCE: f32 = 0.15;

/// A sentence with fewer content words than this says too little to be backed.
const MIN_CONTENT_WORDS: usize = 3;

/// The factor applied to a score when numbers, names or negations conflict.
const CONFLICT: f32 = 0.5;

/// The cosine from which two sentences say the same, if they also share [`MIN_SHARE`] of the words.
///
/// The words matter because sentences on one subject are near each other, whatever they say. This was checked with
/// all-MiniLM-L6-v2 on pairs made by hand. Of ten pairs that say the same in other words, four reach this value. Of ten
/// pairs that say different things on one subject, none does; the nearest has 0.82.
const SAME_MEANING: f32 = 0.85;

/// The lowest share of content words at which meaning counts.
const MIN_SHARE: f32 = 0.4;

/// The most quotes to compare by meaning. Each costs a run of the embedding model.
const LOOKED_AT: usize = 3;

/// The words of a passage that back a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Support {
    /// Index of the passage among those given to [`Grounder::new`].
    pub passage: usize,
    /// Byte span of the quote in that passage's text: one sentence, or two consecutive ones.
    pub quote: Range<usize>,
    /// How well the quote backs the sentence: 0..=1.
    ///
    /// This is the share of the sentence's content words that the quote has. Below [`MIN_SUPPORT`], a quote that says
    /// the same in other words has its cosine as its score. Conflicting numbers, names or negations halve the share.
    pub score: f32,
}

/// Prepares the prompt's passages for grounding many sentences.
pub struct Grounder<'a> {
    words: Words,
    passages: Vec<(&'a str, Vec<Claim>)>,
    meaning: Option<&'a dyn Meaning>,
}

impl<'a> Grounder<'a> {
    pub fn new(passages: impl IntoIterator<Item = &'a Passage>, meaning: Option<&'a dyn Meaning>) -> Self {
        let words = Words::default();
        let claims = |text: &str| {
            let spans = quotable(text).into_iter();
            spans.map(|span| Claim::new(&words, text, span)).collect()
        };
        let passages = passages
            .into_iter()
            .map(|passage| (passage.text.as_str(), claims(&passage.text)))
            .collect();
        Grounder {
            words,
            passages,
            meaning,
        }
    }

    /// Returns the passage and quote that best back `sentence`.
    ///
    /// Returns `None` if no passage shares a word with it, or if it says too little to be checked. Ties go to the
    /// shorter quote, then to the earlier one.
    pub fn support(&self, sentence: &str) -> Option<Support> {
        let claim = Claim::new(&self.words, sentence, 0..sentence.len());
        if claim.stems.len() < MIN_CONTENT_WORDS {
            return None;
        }
        let mut all: Vec<Support> = Vec::new();
        for (passage, (text, claims)) in self.passages.iter().enumerate() {
            all.extend((0..claims.len()).filter_map(|at| {
                let (score, last) = by_words(&claim, text, claims, at);
                let quote = claims[at].span.start..claims[last].span.end;
                (score > 0.0).then_some(Support { passage, quote, score })
            }));
        }
        // The sort is stable: among equals, the shorter quote comes first, then the earlier one.
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.quote.len().cmp(&b.quote.len())));
        let best = all.first()?;
        if best.score < MIN_SUPPORT
            && let Some(same) = self.by_meaning(sentence, &claim, &all)
        {
            return Some(same);
        }
        all.into_iter().next()
    }

    /// Returns the nearest in meaning of the best few quotes, if it says the same as the sentence.
    fn by_meaning(&self, sentence: &str, claim: &Claim, best: &[Support]) -> Option<Support> {
        let meaning = self.meaning?;
        let near = best.iter().take(LOOKED_AT);
        let near: Vec<_> = near
            .filter(|support| support.score >= MIN_SHARE && !self.conflicts(claim, support))
            .collect();
        if near.is_empty() {
            return None;
        }
        let quote = |support: &Support| &self.passages[support.passage].0[support.quote.clone()];
        let texts: Vec<&str> = std::iter::once(sentence)
            .chain(near.iter().map(|support| quote(support)))
            .collect();
        let vectors = meaning.vectors(&texts)?;
        let (asked, quotes) = vectors.split_first()?;
        let scored = near.into_iter().zip(quotes).filter_map(|(support, vector)| {
            let score = meaning.scale().cosine(asked, vector);
            (score >= SAME_MEANING).then(|| Support {
                score,
                ..support.clone()
            })
        });
        scored.max_by(|a, b| a.score.total_cmp(&b.score))
    }

    fn conflicts(&self, claim: &Claim, support: &Support) -> bool {
        let (_, claims) = &self.passages[support.passage];
        let quoted = |c: &&Claim| support.quote.start <= c.span.start && c.span.end <= support.quote.end;
        let first = claims.iter().position(|c| quoted(&c)).unwrap_or(0);
        let count = claims[first..].iter().take_while(quoted).count();
        claim.backed_by(&claims[first..first + count]).conflict
    }
}

/// Scores the sentence at `at`, or that sentence and the next, by words. Also returns the index of the last one used.
fn by_words(claim: &Claim, text: &str, claims: &[Claim], at: usize) -> (f32, usize) {
    let score = |quote: &[Claim]| {
        let backing = claim.backed_by(quote);
        if backing.conflict {
            backing.share * CONFLICT
        } else {
            backing.share
        }
    };
    let one = score(&claims[at..=at]);
    // Text that was left out between two sentences must not be quoted with them.
    let adjacent = |pair: &&[Claim]| text[pair[0].span.end..pair[1].span.start].trim().is_empty();
    let two = claims.get(at..=at + 1).filter(adjacent).map_or(0.0, score);
    if two >= one + WORTH_A_SECOND_SENTENCE {
        (two, at + 1)
    } else {
        (one, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::meaning::testing::FirstLetter;
    use crate::answer::testing::passage;

    const ROADMAP: &str = "My roadmap is a list of possible improvements. Each one names the metric that should move. \
        It took us 11 weeks to agree on the first. Do not promise dates.";

    fn support(sentence: &str) -> Option<Support> {
        let passages = [
            passage("e/q1/a", "Unrelated words about hiring."),
            passage("e/q1/b", ROADMAP),
        ];
        Grounder::new(&passages, None).support(sentence)
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

    #[test]
    fn a_quote_that_is_near_in_meaning_backs_other_words_but_no_other_number() {
        let passages = [passage("e/q1/b", ROADMAP)];
        let (plain, near) = (
            Grounder::new(&passages, None),
            Grounder::new(&passages, Some(&FirstLetter)),
        );
        let other_words = "My roadmap lists possible gains as ideas.";
        assert!(plain.support(other_words).unwrap().score < MIN_SUPPORT);
        let support = near.support(other_words).unwrap();
        assert_eq!(
            (support.score, &ROADMAP[support.quote]),
            (1.0, "My roadmap is a list of possible improvements.")
        );
        assert!(
            near.support("My roadmap lists 40 possible gains as ideas.")
                .unwrap()
                .score
                < MIN_SUPPORT
        );
        assert!(
            near.support("My bananas ripen beside other fruit.")
                .is_none_or(|s| s.score < MIN_SUPPORT)
        );
    }

    #[test]
    fn an_invented_name_halves_the_support() {
        let score = |sentence: &str| support(sentence).unwrap().score;
        assert!(score("It took us 11 weeks to agree on the first one.") > MIN_SUPPORT);
        assert!(score("It took us at Netflix 11 weeks to agree on the first.") < MIN_SUPPORT);
    }
}
