//! Compares who says what: one row for each contributor of the discussions that answer a question.
//!
//! Every cell is a verbatim slice of the contributor's answer, or empty. A row has a position, and a reason and a
//! condition if the contributor gives them (`answer::grounds`). Agreement and contradiction are marked where a
//! contributor states them, or where the checker finds them between two contributors (`answer::stands`).

use std::ops::Range;

use serde::Serialize;

use crate::answer::agreement::Checker;
use crate::answer::grounds::grounds;
use crate::answer::meaning::Meaning;
use crate::answer::runs::{self, Run};
use crate::answer::stands::{Stand, stands};
use crate::answer::topic::{Sentence, Topic, Verdict};
use crate::answer::{Freshness, Related};
use crate::ask::Found;
use crate::corpus::copies::AlsoIn;

/// The most discussions to compare. An answer takes as many.
const DISCUSSIONS: usize = 2;

/// What contributors say about a question. It serialises to the object that `compare --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub question: String,
    /// Whether no discussion answers the question. There are no rows then.
    pub abstained: bool,
    /// How sure askpm is that a discussion answers the question: 0..=1.
    pub confidence: f32,
    /// The confidence to answer at: 0..=1.
    pub threshold: f32,
    /// By discussion, then the strongest position first.
    pub rows: Vec<Row>,
    /// At most three discussions that are near the question. Empty if there are rows.
    pub related: Vec<Related>,
    pub corpus: Freshness,
}

/// What one contributor says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `None` for a section of an article, which is unsigned.
    pub contributor: Option<String>,
    /// What says most about the question: one to three sentences.
    pub position: String,
    /// The sentence or clause that says why.
    pub reason: Option<String>,
    /// The sentence or clause that says when it applies.
    pub condition: Option<String>,
    /// How this contributor stands to others, if it is known.
    pub stance: Option<Stand>,
    /// `YYYY-MM-DD`, if the edition has a date.
    pub date: Option<String>,
    /// The identifier to open with `askpm show ID`.
    pub id: String,
    /// Title of the discussion: the question that the contributors were asked.
    pub discussion: String,
    /// Title of the edition.
    pub edition: String,
    pub path: String,
    /// Other editions with a copy of the discussion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AlsoIn>,
}

/// Compares the contributors of the discussions that answer the question of `found`. `related` is what an abstention
/// names.
pub fn compare(found: &Found, meaning: Option<&dyn Meaning>, related: Vec<Related>) -> Comparison {
    let answering = found.topics.iter().filter(|topic| topic.verdict == Verdict::Answers);
    let topics: Vec<&Topic> = answering.take(DISCUSSIONS).collect();
    let runs = runs::everybody(&found.query, &topics);
    let stands = stands(&runs, &topics, &Checker::new(meaning));
    let of = |(run, stance)| Row {
        stance,
        ..row(run, &topics)
    };
    let rows: Vec<Row> = runs.iter().zip(stands).map(of).collect();
    Comparison {
        question: found.question.clone(),
        abstained: rows.is_empty(),
        confidence: found.confidence,
        threshold: found.threshold,
        related: if rows.is_empty() { related } else { Vec::new() },
        rows,
        corpus: found.corpus.clone(),
    }
}

/// Returns the sentences of the passage that `run` quotes.
fn sentences<'a>(run: &Run, topics: &[&'a Topic]) -> Vec<&'a Sentence> {
    let all = topics[run.topic].sentences.iter();
    all.filter(|sentence| sentence.passage == run.passage).collect()
}

fn row(run: &Run, topics: &[&Topic]) -> Row {
    let passage = run.passage(topics);
    let cut = |span: Range<usize>| passage.text[span].to_string();
    let position = runs::line(run, &passage.text);
    let grounds = grounds(&passage.text, &sentences(run, topics), &position);
    Row {
        contributor: passage.contributor.clone(),
        position: cut(position),
        reason: grounds.reason.map(cut),
        condition: grounds.condition.map(cut),
        stance: None,
        date: passage.date.clone(),
        id: passage.id.to_string(),
        discussion: passage.discussion.clone(),
        edition: passage.edition_title.clone(),
        path: passage.path.clone(),
        also_in: topics[run.topic].also_in.clone(),
    }
}
