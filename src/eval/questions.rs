//! Parses a JSONL set of questions with the identifiers that answer each.
//!
//! The first fault is reported with its line.

use serde::{Deserialize, Serialize};

use crate::corpus::Id;

/// The part of a set that a question belongs to. Settings are chosen on one part, and figures are reported on the
/// other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    Tune,
    Report,
}

impl Split {
    pub fn name(self) -> &'static str {
        match self {
            Split::Tune => "tune",
            Split::Report => "report",
        }
    }
}

/// A question as a person would type it, and what answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub id: String,
    pub text: String,
    /// The questions asked before it, oldest first. It may depend on them.
    pub history: Vec<String>,
    /// What makes it hard: `short`, `typo`, `paraphrase`, …
    pub kind: String,
    /// Every answer and resource that bears on it, best first. Empty if the corpus has no answer.
    pub relevant: Vec<Id>,
    /// The discussions and resources that answer it by themselves. If nobody judged that, the groups of `relevant`.
    pub full: Vec<Id>,
    /// Discussions on a related subject that do not answer it.
    pub related: Vec<Id>,
    /// What a good answer says, most important first. Empty if nobody wrote it down.
    pub points: Vec<Point>,
    pub split: Split,
}

/// Something that a good answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// In the words of the person who judged.
    pub text: String,
    /// Where the corpus says it. Any one is enough.
    pub evidence: Vec<Evidence>,
}

/// The words of a passage that make a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub id: Id,
    /// Verbatim.
    pub quote: String,
}

impl Question {
    /// The text to search for: the questions before it, then the question.
    pub fn query(&self) -> String {
        self.history
            .iter()
            .chain([&self.text])
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// What is wrong with a question file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct QuestionError {
    /// Counted from 1.
    pub line: usize,
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    question: String,
    #[serde(default)]
    history: Vec<String>,
    kind: String,
    relevant: Vec<String>,
    #[serde(default)]
    full: Vec<String>,
    #[serde(default)]
    related: Vec<String>,
    #[serde(default)]
    points: Vec<PointLine>,
    split: Split,
    /// A note for human readers.
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointLine {
    text: String,
    evidence: Vec<EvidenceLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceLine {
    id: String,
    quote: String,
}

fn ids(texts: &[String]) -> Result<Vec<Id>, String> {
    let read = texts.iter().map(|id| id.parse::<Id>()).collect::<Result<_, _>>();
    read.map_err(|error| error.to_string())
}

/// Returns the groups of `relevant`, each once, in order.
fn groups(relevant: &[Id]) -> Vec<Id> {
    let mut groups: Vec<Id> = Vec::new();
    for group in relevant.iter().map(Id::group) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// Parses `full` if the file has it, else returns every group of `relevant`.
fn full(texts: &[String], relevant: &[Id]) -> Result<Vec<Id>, String> {
    let listed = groups(relevant);
    if texts.is_empty() {
        return Ok(listed);
    }
    let full = ids(texts)?;
    match full.iter().find(|id| !listed.contains(id)) {
        Some(id) => Err(format!("`{id}` is in `full` but not in `relevant`")),
        None => Ok(full),
    }
}

fn points(lines: Vec<PointLine>) -> Result<Vec<Point>, String> {
    let evidence = |line: EvidenceLine| {
        Ok(Evidence {
            id: line.id.parse::<Id>().map_err(|error| error.to_string())?,
            quote: line.quote,
        })
    };
    let point = |line: PointLine| {
        let evidence = line
            .evidence
            .into_iter()
            .map(evidence)
            .collect::<Result<Vec<_>, String>>()?;
        if evidence.is_empty() {
            return Err(format!("no evidence for the point \"{}\"", line.text));
        }
        Ok(Point {
            text: line.text,
            evidence,
        })
    };
    lines.into_iter().map(point).collect()
}

/// Parses one question a line. Blank lines are skipped.
pub fn parse(text: &str) -> Result<Vec<Question>, QuestionError> {
    let mut questions: Vec<Question> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |what: String| QuestionError { line: number + 1, what };
        let line: Line = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
        if questions.iter().any(|q| q.id == line.id) {
            return Err(fault(format!("id `{}` occurs twice", line.id)));
        }
        if line.question.trim().is_empty() {
            return Err(fault("the question is empty".into()));
        }
        let relevant = ids(&line.relevant).map_err(fault)?;
        questions.push(Question {
            full: full(&line.full, &relevant).map_err(fault)?,
            points: points(line.points).map_err(fault)?,
            related: ids(&line.related).map_err(fault)?,
            relevant,
            id: line.id,
            text: line.question,
            history: line.history,
            kind: line.kind,
            split: line.split,
        });
    }
    if questions.is_empty() {
        return Err(QuestionError {
            line: 1,
            what: "there is no question".into(),
        });
    }
    Ok(questions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"{"id":"1","question":"Why?","kind":"short","relevant":["e/q1/a"],"split":"tune"}"#;

    #[test]
    fn questions_are_read_and_a_follow_up_is_searched_with_its_history() {
        let follow = r#"{"id":"2","question":"And then?","history":["Why?"],"kind":"followup","relevant":[],"split":"report","note":"x"}"#;
        let questions = parse(&format!("{GOOD}\n\n{follow}\n")).unwrap();
        assert_eq!(questions.len(), 2);
        assert_eq!(questions[1].query(), "Why?\nAnd then?");
        assert_eq!(questions[0].relevant[0].to_string(), "e/q1/a");
    }

    #[test]
    fn what_answers_by_itself_is_read_or_else_all_that_bears_on_it() {
        let judged = GOOD.replace(
            r#"["e/q1/a"]"#,
            r#"["e/q1/a","e/q1/b","e/r1"],"full":["e/q1"],"points":[{"text":"t","evidence":[{"id":"e/q1/a","quote":"v"}]}]"#,
        );
        let questions = parse(&format!("{judged}\n{}", GOOD.replace(r#""1""#, r#""2""#))).unwrap();
        let full = |at: usize| questions[at].full.iter().map(Id::to_string).collect::<Vec<_>>();
        assert_eq!((full(0), full(1)), (vec!["e/q1".to_string()], vec!["e/q1".to_string()]));
        assert_eq!(questions[0].points[0].evidence[0].quote, "v");
        let error = parse(&judged.replace(r#"["e/q1"]"#, r#"["e/q2"]"#)).unwrap_err();
        assert!(error.what.contains("`e/q2` is in `full`"), "{error}");
        let error = parse(&judged.replace(r#"[{"id":"e/q1/a","quote":"v"}]"#, "[]")).unwrap_err();
        assert!(error.what.contains("no evidence"), "{error}");
    }

    #[test]
    fn faults_are_named_with_their_line() {
        for (text, line, what) in [
            (String::new(), 1, "no question"),
            (format!("{GOOD}\n{GOOD}"), 2, "occurs twice"),
            (format!("\n{}", GOOD.replace("e/q1/a", "e/x")), 2, "not an identifier"),
            (GOOD.replace("tune", "test"), 1, "unknown variant"),
            (GOOD.replace("kind", "knid"), 1, "unknown field"),
            (GOOD.replace("Why?", " "), 1, "empty"),
        ] {
            let error = parse(&text).unwrap_err();
            assert_eq!((error.line, error.what.contains(what)), (line, true), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_set_or_an_error(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }
    }
}
