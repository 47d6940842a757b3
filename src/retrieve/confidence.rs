//! How sure it is that the corpus answers a question.
//!
//! In: signals of the search. Out: a number from 0 to 1, where 0.5 is the point to stop answering at. It must not know
//! what is done about it.
//!
//! Two logistic regressions, one for a search by words alone and one for words and meaning. A short question is
//! covered by chance more easily than a long one, and a long one that is answered is hardly ever covered whole, so the
//! number of words counts beside the share of them that was found.
//!
//! The constants come from `eval/fit_confidence.py`, which says how they are fitted: on the tune split of
//! `eval/questions.jsonl`, of which 85 questions have an answer in the corpus and 22 have none. They are to be fitted
//! again whenever coverage or similarity change their meaning.

/// Content words above this number count no more: a whole story must not seem known for its length.
const MOST_WORDS: usize = 24;

/// Intercept, and weights of coverage, ln(1 + words) and similarity.
struct Fit {
    intercept: f32,
    coverage: f32,
    words: f32,
    similarity: f32,
}

const WORDS: Fit = Fit {
    intercept: -8.485,
    coverage: 7.365,
    words: 2.761,
    similarity: 0.0,
};

const WORDS_AND_MEANING: Fit = Fit {
    intercept: -10.512,
    coverage: 5.298,
    words: 2.034,
    similarity: 10.134,
};

/// What a search tells about whether its hits answer the question.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Signals {
    /// Best coverage among the passages that fit best by words, 0 to 1: see the module `retrieve`.
    pub coverage: f32,
    /// Distinct content words of the question.
    pub words: usize,
    /// Best similarity of all passages, -1 to 1, where meaning was looked at.
    pub similarity: Option<f32>,
}

impl Signals {
    /// How sure it is that the corpus answers: 0 to 1, and 0.5 is the operating point.
    pub fn confidence(&self) -> f32 {
        let fit = if self.similarity.is_some() {
            WORDS_AND_MEANING
        } else {
            WORDS
        };
        let words = (1.0 + self.words.min(MOST_WORDS) as f32).ln();
        let sum = fit.intercept
            + fit.coverage * self.coverage
            + fit.words * words
            + fit.similarity * self.similarity.unwrap_or(0.0);
        1.0 / (1.0 + (-sum).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confidence(coverage: f32, words: usize, similarity: Option<f32>) -> f32 {
        let signals = Signals {
            coverage,
            words,
            similarity,
        };
        signals.confidence()
    }

    #[test]
    fn a_covered_question_is_answered_at_any_length() {
        for words in 1..40 {
            assert!(confidence(1.0, words, None) > 0.5, "{words}");
            assert!(confidence(1.0, words, Some(0.5)) > 0.5, "{words}");
        }
    }

    #[test]
    fn nothing_found_is_no_confidence_however_long_the_question() {
        for words in [0, 2, 10, 64, 10_000] {
            assert!(confidence(0.0, words, None) < 0.5 || words > 20, "{words}");
            assert!(confidence(0.0, words, Some(0.2)) < 0.5, "{words}");
        }
    }

    #[test]
    fn meaning_makes_up_for_words() {
        assert!(confidence(0.3, 8, Some(0.6)) > 0.5);
        assert!(confidence(0.3, 8, Some(0.2)) < 0.5);
    }
}
