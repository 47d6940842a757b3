//! Aggregates the scores of one mode over many questions, with confidence intervals.
//!
//! As in ALCE, shares are computed for each answer and then averaged. Intervals are bootstrapped over questions.

use serde::Serialize;

use super::{Mode, Score};
use crate::eval::metrics::{Estimate, estimate, mean};

/// The figures of one mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub mode: Mode,
    /// The model's name. `None` if no model writes.
    pub model: Option<String>,
    pub questions: usize,
    /// Questions that got sentences.
    pub answered: usize,
    /// Answers in which no passage backed what the model wrote, so that passages were quoted.
    pub fell_back: usize,
    pub citation_recall: Estimate,
    /// Over answers that cite. `None` if none does.
    pub citation_precision: Option<Estimate>,
    /// Share of all sentences that some found passage entails.
    pub supported: Estimate,
    /// Sentences shown.
    pub sentences: usize,
    /// Sentences with quotes that are all verbatim. `None` without grounding, where nothing is quoted.
    pub verbatim: Option<usize>,
    /// Share of the key points made, over the questions that have some. An abstention makes none.
    pub coverage: Estimate,
    /// Sentences from discussions that do not answer.
    pub strays: usize,
    pub near_misses: usize,
    pub near_misses_answered: usize,
    /// Paragraphs that begin with a reference to something that is not there.
    pub dangling: usize,
    /// Sentences that are someone's speech in the corpus, shown as their author's words.
    pub lifted: usize,
    pub unanswerable: usize,
    /// Abstentions when the corpus has no answer.
    pub abstained_rightly: usize,
    pub answerable: usize,
    /// Abstentions when it has one.
    pub abstained_wrongly: usize,
    pub sentences_an_answer: f64,
    pub words_an_answer: f64,
    pub seconds_an_answer: f64,
}

/// Aggregates `scores`, all of one `mode` and `model`.
pub fn report(mode: Mode, model: Option<&str>, scores: &[Score]) -> Report {
    let answers: Vec<&Score> = scores.iter().filter(|s| s.sentences > 0).collect();
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let over = |some: &[&Score], of: &dyn Fn(&Score) -> f64| {
        let values: Vec<f64> = some.iter().map(|s| of(s)).collect();
        estimate(&values, mean)
    };
    let citing: Vec<&Score> = answers.iter().copied().filter(|s| s.citations > 0).collect();
    let asked: Vec<&Score> = scores.iter().filter(|s| s.points > 0).collect();
    let count = |test: &dyn Fn(&Score) -> bool| scores.iter().filter(|s| test(s)).count();
    let average = |of: &dyn Fn(&Score) -> f64| over(&answers, of).value;
    Report {
        mode,
        model: model.map(str::to_string),
        questions: scores.len(),
        answered: answers.len(),
        fell_back: count(&|s| s.fell_back),
        citation_recall: over(&answers, &|s| share(s.recalled, s.sentences)),
        citation_precision: (!citing.is_empty()).then(|| over(&citing, &|s| share(s.precise, s.citations))),
        supported: estimate(&answers, |some| {
            share(
                some.iter().map(|s| s.supported).sum(),
                some.iter().map(|s| s.sentences).sum(),
            )
        }),
        sentences: answers.iter().map(|s| s.sentences).sum(),
        verbatim: (mode != Mode::Ungrounded).then(|| answers.iter().map(|s| s.verbatim).sum()),
        coverage: over(&asked, &|s| share(s.covered, s.points)),
        strays: scores.iter().map(|s| s.strays).sum(),
        near_misses: count(&|s| s.near_miss),
        near_misses_answered: count(&|s| s.near_miss && !s.abstained),
        dangling: scores.iter().map(|s| s.dangling).sum(),
        lifted: scores.iter().map(|s| s.lifted).sum(),
        unanswerable: count(&|s| !s.answerable),
        abstained_rightly: count(&|s| !s.answerable && s.abstained),
        answerable: count(&|s| s.answerable),
        abstained_wrongly: count(&|s| s.answerable && s.abstained),
        sentences_an_answer: average(&|s| s.sentences as f64),
        words_an_answer: average(&|s| s.words as f64),
        seconds_an_answer: average(&|s| s.seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::questions::Split;

    fn one(answerable: bool, sentences: usize, recalled: usize) -> Score {
        Score {
            id: String::new(),
            split: Split::Report,
            answerable,
            abstained: sentences == 0,
            fell_back: false,
            sentences,
            words: 10 * sentences,
            citations: sentences,
            recalled,
            precise: recalled,
            supported: recalled,
            verbatim: sentences,
            points: if answerable { 4 } else { 0 },
            covered: recalled,
            near_miss: !answerable,
            strays: 0,
            dangling: 0,
            lifted: 0,
            seconds: 2.0,
        }
    }

    #[test]
    fn shares_are_taken_by_answer_and_abstentions_by_whether_they_are_right() {
        let scores = [
            one(true, 2, 2),
            one(true, 4, 0),
            one(true, 0, 0),
            one(false, 0, 0),
            one(false, 1, 1),
        ];
        let r = report(Mode::Llm, Some("m"), &scores);
        assert_eq!((r.questions, r.answered, r.sentences, r.verbatim), (5, 3, 7, Some(7)));
        assert!((r.citation_recall.value - 2.0 / 3.0).abs() < 1e-9);
        assert!((r.citation_precision.unwrap().value - 2.0 / 3.0).abs() < 1e-9);
        assert!((r.supported.value - 3.0 / 7.0).abs() < 1e-9);
        assert!((r.coverage.value - 0.5 / 3.0).abs() < 1e-9);
        assert_eq!(
            (r.abstained_rightly, r.unanswerable, r.abstained_wrongly, r.answerable),
            (1, 2, 1, 3)
        );
        assert!((r.sentences_an_answer - 7.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn without_a_citation_precision_is_undefined() {
        let scores = [Score {
            citations: 0,
            ..one(true, 2, 0)
        }];
        assert_eq!(report(Mode::Ungrounded, None, &scores).citation_precision, None);
        assert_eq!(report(Mode::Llm, None, &[]).answered, 0);
    }
}
