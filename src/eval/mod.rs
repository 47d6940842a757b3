//! How well retrieval finds, and how well askpm knows when it has no answer.
//!
//! In: a retriever, questions with their answers' identifiers, and a threshold. Out: a [`Report`] for each split and each
//! kind of question. Running ([`run`]) is apart from scoring ([`report`]). It must not print.
//!
//! What is ranked and judged is the discussion (a learning resource is its own): a discussion is relevant if one of its
//! answers is, and stands where its best passage stands.

pub mod metrics;
pub mod questions;

use std::collections::HashSet;

use serde::Serialize;

use crate::answer::abstain;
use crate::corpus::Id;
use crate::retrieve::{Query, RetrieveError, Retriever, Signals};
use metrics::{Estimate, estimate, mean};
use questions::{Question, Split};

/// How deep rankings are looked at.
const DEPTH: usize = 10;

/// What became of one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub id: String,
    pub kind: String,
    pub split: Split,
    /// How many discussions and resources answer it; 0: the corpus has no answer.
    pub relevant: usize,
    /// 1-based ranks of those among the first ten.
    pub ranks: Vec<usize>,
    /// What is abstained by, and what that was made of.
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
    pub recall_at_5: Estimate,
    /// Share of the questions with a relevant discussion among the first five.
    pub success_at_5: Estimate,
    pub mrr_at_10: Estimate,
    pub ndcg_at_10: Estimate,
    /// Questions that it does not.
    pub unanswerable: usize,
    pub abstention_precision: Estimate,
    pub abstention_recall: Estimate,
    pub abstention_f1: Estimate,
}

/// Searches for each question.
pub fn run(retriever: &dyn Retriever, questions: &[Question]) -> Result<Vec<Outcome>, RetrieveError> {
    questions.iter().map(|question| one(retriever, question)).collect()
}

fn one(retriever: &dyn Retriever, question: &Question) -> Result<Outcome, RetrieveError> {
    let text = question.query();
    let query = Query {
        per_discussion: 1,
        ..Query::new(&text, DEPTH)
    };
    let found = retriever.retrieve(&query)?;
    let relevant: HashSet<Id> = question.relevant.iter().map(Id::group).collect();
    let ranks = found
        .hits
        .iter()
        .filter(|hit| relevant.contains(&hit.passage.id.group()))
        .map(|hit| hit.rank);
    Ok(Outcome {
        id: question.id.clone(),
        kind: question.kind.clone(),
        split: question.split,
        relevant: relevant.len(),
        ranks: ranks.collect(),
        confidence: found.confidence,
        signals: found.signals,
    })
}

/// Scores `outcomes`: each split whole, then by kind. Abstention is decided at a confidence of `min_confidence`.
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
        .map(|o| (abstain::abstains(o.confidence, min_confidence), o.relevant == 0))
        .collect();
    let of_decisions = |at: usize| estimate(&decisions, |pairs| metrics::precision_recall_f1(pairs)[at]);
    Report {
        split: split.to_string(),
        kind: kind.to_string(),
        answerable: answerable.len(),
        recall_at_5: over(&|o| metrics::recall_at(5, &o.ranks, o.relevant)),
        success_at_5: over(&|o| metrics::success_at(5, &o.ranks)),
        mrr_at_10: over(&|o| metrics::reciprocal_rank_at(10, &o.ranks)),
        ndcg_at_10: over(&|o| metrics::ndcg_at(10, &o.ranks, o.relevant)),
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
        // It abstained once, wrongly.
        assert_eq!(
            (reports[3].abstention_precision.value, reports[3].unanswerable),
            (0.0, 0)
        );
    }
}
