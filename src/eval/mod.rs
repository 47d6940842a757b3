//! Measures how well retrieval finds answers, and how well askpm knows that it has none.
//!
//! [`run`] searches for each question, and [`report`] scores the outcomes for each split and kind of question. Nothing
//! here prints.
//!
//! What is ranked and judged is the discussion; a learning resource counts as one. A discussion is relevant if one of
//! its answers is, and ranks where its best passage ranks. Some relevant discussions answer the question by themselves:
//! recall, success and the reciprocal rank count only those. The others only bear on it. nDCG counts both, with the
//! gain `2^grade - 1`: 3 for what answers, 1 for what bears on it.

pub mod answers;
pub mod beir;
pub mod features;
pub mod metrics;
pub mod questions;

use std::collections::HashSet;

use serde::Serialize;

use crate::answer::judge;
use crate::answer::meaning::Meaning;
use crate::ask::{self, AskError, Settings};
use crate::corpus::Id;
use crate::index::Store;
use crate::retrieve::{Query, Retriever, Signals};
use metrics::{Difference, Estimate, estimate, mean};
use questions::{Question, Split};

/// The depth of rankings.
const DEPTH: usize = 10;

/// The outcome of one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub id: String,
    pub kind: String,
    pub split: Split,
    /// How many discussions and resources bear on it. 0 means that the corpus has no answer.
    pub relevant: usize,
    /// Ranks of those among the first ten, from 1.
    pub ranks: Vec<usize>,
    /// How many of them answer it by themselves.
    pub full: usize,
    /// Ranks of those.
    pub full_ranks: Vec<usize>,
    /// The confidence that decides whether to abstain. `signals` holds what the search knows about the question.
    pub confidence: f32,
    pub signals: Signals,
}

/// Scores over a set of questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub split: String,
    /// `all`, or a kind of question.
    pub kind: String,
    /// Questions that the corpus answers.
    pub answerable: usize,
    /// Share of what answers a question by itself that is among the first five.
    pub recall_at_5: Estimate,
    /// The same for everything that bears on it, including partial answers.
    pub recall_at_5_with_partial: Estimate,
    /// Share of the questions with something that answers them among the first five.
    pub success_at_5: Estimate,
    pub mrr_at_10: Estimate,
    pub ndcg_at_10: Estimate,
    /// Questions that the corpus does not answer.
    pub unanswerable: usize,
    pub abstention_precision: Estimate,
    pub abstention_recall: Estimate,
    pub abstention_f1: Estimate,
}

/// Searches for each question, and judges what was found.
pub fn run(
    store: &Store,
    retriever: &dyn Retriever,
    meaning: Option<&dyn Meaning>,
    questions: &[Question],
) -> Result<Vec<Outcome>, AskError> {
    questions
        .iter()
        .map(|question| one(store, retriever, meaning, question))
        .collect()
}

fn one(
    store: &Store,
    retriever: &dyn Retriever,
    meaning: Option<&dyn Meaning>,
    question: &Question,
) -> Result<Outcome, AskError> {
    let text = question.query();
    let judged = ask::find_with(store, retriever, meaning, &text, &Settings::default())?;
    let query = Query {
        per_discussion: 1,
        ..Query::new(&text, DEPTH)
    };
    let found = retriever.retrieve(&query)?;
    let relevant: HashSet<Id> = question.relevant.iter().map(Id::group).collect();
    let full: HashSet<Id> = question.full.iter().map(Id::group).collect();
    let ranks_of = |wanted: &HashSet<Id>| {
        let hits = found.hits.iter();
        let wanted = hits.filter(|hit| wanted.contains(&hit.passage.id.group()));
        wanted.map(|hit| hit.rank).collect()
    };
    Ok(Outcome {
        id: question.id.clone(),
        kind: question.kind.clone(),
        split: question.split,
        relevant: relevant.len(),
        ranks: ranks_of(&relevant),
        full: full.len(),
        full_ranks: ranks_of(&full),
        confidence: judged.confidence,
        signals: found.signals,
    })
}

impl Outcome {
    fn recall_at_5(&self) -> f64 {
        metrics::recall_at(5, &self.full_ranks, self.full)
    }

    fn reciprocal_rank(&self) -> f64 {
        metrics::reciprocal_rank_at(DEPTH, &self.full_ranks)
    }

    fn ndcg(&self) -> f64 {
        let grade = |full: bool| metrics::gain(if full { 2 } else { 1 });
        let found = self
            .ranks
            .iter()
            .map(|rank| (*rank, grade(self.full_ranks.contains(rank))));
        let all: Vec<f64> = (0..self.relevant).map(|at| grade(at < self.full)).collect();
        metrics::ndcg_at(DEPTH, &found.collect::<Vec<_>>(), &all)
    }
}

/// How one way of searching compares with another on the answerable questions of a split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub split: String,
    pub questions: usize,
    pub recall_at_5: Difference,
    pub success_at_5: Difference,
    pub mrr_at_10: Difference,
    pub ndcg_at_10: Difference,
}

/// Compares `outcomes` with `others` by a paired test. Both must hold the same questions in the same order.
pub fn compare(outcomes: &[Outcome], others: &[Outcome]) -> Vec<Comparison> {
    let of_split = |split: Split| {
        let pairs = outcomes.iter().zip(others);
        let pairs: Vec<_> = pairs.filter(|(a, _)| a.split == split && a.relevant > 0).collect();
        let test = |measure: &dyn Fn(&Outcome) -> f64| {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(a, b)| (measure(a), measure(b))).unzip();
            metrics::paired(&a, &b)
        };
        Comparison {
            split: split.name().to_string(),
            questions: pairs.len(),
            recall_at_5: test(&Outcome::recall_at_5),
            success_at_5: test(&|o| metrics::success_at(5, &o.full_ranks)),
            mrr_at_10: test(&Outcome::reciprocal_rank),
            ndcg_at_10: test(&Outcome::ndcg),
        }
    };
    let both = [Split::Tune, Split::Report].map(of_split);
    both.into_iter().filter(|one| one.questions > 0).collect()
}

/// Scores `outcomes`: each split as a whole, then by kind. Below a confidence of `min_confidence`, it counts as
/// abstained.
pub fn report(outcomes: &[Outcome], min_confidence: f32) -> Vec<Report> {
    let mut reports = Vec::new();
    for split in [Split::Tune, Split::Report] {
        let of_split: Vec<&Outcome> = outcomes.iter().filter(|o| o.split == split).collect();
        if of_split.is_empty() {
            continue;
        }
        reports.push(score(split.name(), "all", &of_split, min_confidence));
        let mut kinds: Vec<&str> = of_split.iter().map(|o| o.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            let of_kind: Vec<&Outcome> = of_split.iter().copied().filter(|o| o.kind == kind).collect();
            reports.push(score(split.name(), kind, &of_kind, min_confidence));
        }
    }
    reports
}

fn score(split: &str, kind: &str, outcomes: &[&Outcome], min_confidence: f32) -> Report {
    let answerable: Vec<&Outcome> = outcomes.iter().copied().filter(|o| o.relevant > 0).collect();
    let over = |measure: &dyn Fn(&Outcome) -> f64| {
        let values: Vec<f64> = answerable.iter().map(|o| measure(o)).collect();
        estimate(&values, mean)
    };
    let decisions: Vec<(bool, bool)> = outcomes
        .iter()
        .map(|o| (judge::abstains(o.confidence, min_confidence), o.relevant == 0))
        .collect();
    let of_decisions = |at: usize| estimate(&decisions, |pairs| metrics::precision_recall_f1(pairs)[at]);
    Report {
        split: split.to_string(),
        kind: kind.to_string(),
        answerable: answerable.len(),
        recall_at_5: over(&Outcome::recall_at_5),
        recall_at_5_with_partial: over(&|o| metrics::recall_at(5, &o.ranks, o.relevant)),
        success_at_5: over(&|o| metrics::success_at(5, &o.full_ranks)),
        mrr_at_10: over(&Outcome::reciprocal_rank),
        ndcg_at_10: over(&Outcome::ndcg),
        unanswerable: outcomes.len() - answerable.len(),
        abstention_precision: of_decisions(0),
        abstention_recall: of_decisions(1),
        abstention_f1: of_decisions(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(split: Split, kind: &str, relevant: usize, ranks: &[usize], confidence: f32) -> Outcome {
        Outcome {
            id: String::new(),
            kind: kind.into(),
            split,
            relevant,
            ranks: ranks.to_vec(),
            full: relevant,
            full_ranks: ranks.to_vec(),
            confidence,
            signals: Signals::default(),
        }
    }

    #[test]
    fn splits_and_kinds_are_scored_apart() {
        let outcomes = [
            outcome(Split::Tune, "short", 1, &[1], 1.0),
            outcome(Split::Tune, "none", 0, &[], 0.1),
            outcome(Split::Report, "short", 2, &[2], 0.9),
            outcome(Split::Report, "typo", 1, &[], 0.2),
        ];
        let reports = report(&outcomes, 0.5);
        let names: Vec<_> = reports.iter().map(|r| format!("{} {}", r.split, r.kind)).collect();
        assert_eq!(
            names,
            [
                "tune all",
                "tune none",
                "tune short",
                "report all",
                "report short",
                "report typo"
            ]
        );
        assert_eq!(
            (reports[0].recall_at_5.value, reports[0].abstention_f1.value),
            (1.0, 1.0)
        );
        assert_eq!((reports[3].recall_at_5.value, reports[3].mrr_at_10.value), (0.25, 0.25));
        assert_eq!(reports[3].recall_at_5_with_partial.value, 0.25);
        // It abstained once, wrongly.
        assert_eq!(
            (reports[3].abstention_precision.value, reports[3].unanswerable),
            (0.0, 0)
        );
    }

    #[test]
    fn what_answers_by_itself_is_asked_for_and_the_rest_counts_less() {
        let mut partial = outcome(Split::Report, "short", 3, &[1, 4], 1.0);
        (partial.full, partial.full_ranks) = (1, vec![4]);
        let mut missed = partial.clone();
        missed.full_ranks = Vec::new();
        missed.ranks = vec![1];
        let reports = report(&[partial.clone()], 0.5);
        let values =
            |r: &Report| [r.recall_at_5, r.success_at_5, r.mrr_at_10, r.recall_at_5_with_partial].map(|e| e.value);
        assert_eq!(values(&reports[0]), [1.0, 1.0, 0.25, 2.0 / 3.0]);
        // (1 + 3/log2 5) / (3 + 1/log2 3 + 1/2).
        assert!(
            (reports[0].ndcg_at_10.value - 0.554_846_0).abs() < 1e-6,
            "{}",
            reports[0].ndcg_at_10.value
        );
        let compared = compare(&[partial], &[missed]);
        assert_eq!((compared.len(), compared[0].questions), (1, 1));
        assert_eq!(
            (compared[0].recall_at_5.value, compared[0].mrr_at_10.value),
            (1.0, 0.25)
        );
    }
}
