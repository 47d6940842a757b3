//! Compares who says what: one row for each contributor of the discussions that answer a question.
//!
//! Every cell is a verbatim slice of the contributor's answer, or empty. A row has a position, and a reason and a
//! condition if the contributor gives them (`answer::grounds`). Agreement and contradiction are marked where a
//! contributor states them, or where the checker finds them between two contributors (`answer::agreement`).

use std::ops::Range;

use serde::Serialize;

use crate::answer::agreement::{Checker, Relation};
use crate::answer::grounds::grounds;
use crate::answer::meaning::Meaning;
use crate::answer::runs::{self, Run};
use crate::answer::topic::{Sentence, Topic, Verdict};
use crate::answer::{Freshness, Related, reading};
use crate::ask::Found;
use crate::corpus::copies::AlsoIn;

/// The most discussions to compare. An answer takes as many.
const DISCUSSIONS: usize = 2;

/// The most rows.
const ROWS: usize = 10;

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

/// How one contributor stands to others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stand {
    pub kind: Relation,
    /// Who says so.
    pub by: Source,
    /// The words of the contributor that show it.
    pub quote: String,
    /// The identifier of the row that it is about. `None` if a contributor's statement names nobody whose position has the
    /// same words.
    pub with: Option<String>,
}

/// Where an agreement or a contradiction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The contributor states it.
    Author,
    /// The words of both show it.
    Checker,
}

/// Compares the contributors of the discussions that answer the question of `found`. `related` is what an abstention
/// names.
pub fn compare(found: &Found, meaning: Option<&dyn Meaning>, related: Vec<Related>) -> Comparison {
    let answering = found.topics.iter().filter(|topic| topic.verdict == Verdict::Answers);
    let topics: Vec<&Topic> = answering.take(DISCUSSIONS).collect();
    let mut runs = runs::each(&found.query, &topics);
    runs.truncate(ROWS);
    let checker = Checker::new(meaning);
    let mut rows: Vec<Row> = runs.iter().map(|run| row(run, &topics)).collect();
    let stances: Vec<Option<Stand>> = (0..rows.len())
        .map(|at| {
            let honest = honest(&runs[at], &topics);
            stated(&honest, at, &rows, &checker).or_else(|| checked(&honest, &rows[..at], &checker))
        })
        .collect();
    for (row, stance) in rows.iter_mut().zip(stances) {
        row.stance = stance;
    }
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

/// Returns the sentences of the passage that `run` quotes which may be quoted themselves.
fn honest<'a>(run: &Run, topics: &[&'a Topic]) -> Vec<&'a str> {
    let passages = &topics[run.topic].passages;
    let honest = sentences(run, topics).into_iter().filter(|sentence| sentence.honest);
    honest.map(|s| &passages[s.passage].text[s.span.clone()]).collect()
}

/// Returns what a contributor, the row number `at`, states about others in the discussion.
fn stated(honest: &[&str], at: usize, rows: &[Row], checker: &Checker) -> Option<Stand> {
    let stand = |own: &&str| {
        let kind = if reading::disagrees(own) {
            Relation::Contradicts
        } else if reading::agrees(own) {
            Relation::Agrees
        } else {
            return None;
        };
        let others = rows
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, row)| row);
        let mut same = others.filter(|row| row.discussion == rows[at].discussion);
        Some(Stand {
            kind,
            by: Source::Author,
            quote: own.to_string(),
            with: same
                .find(|row| checker.is_about(own, &row.position))
                .map(|row| row.id.clone()),
        })
    };
    honest.iter().find_map(stand)
}

/// Returns what the checker finds between a contributor and the rows above: a contradiction before an agreement.
fn checked(honest: &[&str], above: &[Row], checker: &Checker) -> Option<Stand> {
    let mut found: Vec<Stand> = Vec::new();
    for own in honest {
        found.extend(above.iter().filter_map(|row| {
            Some(Stand {
                kind: checker.relation(own, &row.position)?,
                by: Source::Checker,
                quote: own.to_string(),
                with: Some(row.id.clone()),
            })
        }));
    }
    let against = found.iter().position(|stand| stand.kind == Relation::Contradicts);
    let at = against.unwrap_or(0);
    (at < found.len()).then(|| found.swap_remove(at))
}
