//! Reads a set of questions with the identifiers that answer each.
//!
//! In: a JSONL file's text. Out: [`Question`]s, or the first fault with its line. It must not know how they are scored.

use serde::{Deserialize, Serialize};

use crate::corpus::Id;

/// Which part of a set a question belongs to: settings are chosen on one, figures are reported on the other.
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

/// One question as a person would type it, and what answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub id: String,
    pub text: String,
    /// The questions asked before it, oldest first, which it may lean on.
    pub history: Vec<String>,
    /// `short`, `typo`, `paraphrase`, …: what makes it hard.
    pub kind: String,
    /// Every answer and resource that answers it, best first; none where the corpus has no answer.
    pub relevant: Vec<Id>,
    pub split: Split,
}

impl Question {
    /// What is searched for: the question, after those it may lean on.
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
    /// 1-based.
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
    split: Split,
    /// For people.
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

/// Reads one question a line; blank lines are passed over.
pub fn parse(text: &str) -> Result<Vec<Question>, QuestionError> {
    let mut questions: Vec<Question> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |what: String| QuestionError { line: number + 1, what };
        let line: Line = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
        if questions.iter().any(|q| q.id == line.id) {
            return Err(fault(format!("id `{}` is there twice", line.id)));
        }
        if line.question.trim().is_empty() {
            return Err(fault("the question is empty".into()));
        }
        let relevant = line
            .relevant
            .iter()
            .map(|id| id.parse::<Id>())
            .collect::<Result<_, _>>();
        questions.push(Question {
            relevant: relevant.map_err(|error| fault(error.to_string()))?,
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
            what: "no question in it".into(),
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
    fn faults_are_named_with_their_line() {
        for (text, line, what) in [
            (String::new(), 1, "no question"),
            (format!("{GOOD}\n{GOOD}"), 2, "there twice"),
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
