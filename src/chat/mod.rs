//! Conversations: a series of questions, each of which may depend on those before it.
//!
//! [`followup`] turns a follow-up into a question that stands alone. [`store`] and [`transcript`] save conversations in
//! files. [`command`] and [`courtesy`] parse the lines that a user types.

pub mod command;
pub mod courtesy;
pub mod followup;
pub mod store;
pub mod transcript;

use std::collections::HashSet;

use crate::answer::Citation;
use crate::ask::Reading;
use followup::Past;

pub use store::{Conversation, StoreError};
pub use transcript::Turn;

/// Returns what the answers of `turns` have shown, oldest first: the identifier of each quoted passage, and the
/// verbatim quote. Each pair occurs once.
pub fn shown(turns: &[Turn]) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    for citation in turns.iter().flat_map(|turn| &turn.citations) {
        if seen.insert((&citation.id, &citation.quote)) {
            out.push((citation.id.clone(), citation.quote.clone()));
        }
    }
    out
}

/// Returns what each mark of the last answer of `turns` cites, in the order of the marks: the identifier of its
/// discussion or section. `askpm show N` opens what `[N]` cites. Empty if no turn has citations.
pub fn sources(turns: &[Turn]) -> Vec<String> {
    let answered = turns.iter().rev().find(|turn| !turn.citations.is_empty());
    answered
        .iter()
        .flat_map(|turn| &turn.citations)
        .map(Citation::source)
        .collect()
}

/// Reads `question` after `turns` (oldest first).
pub fn read(turns: &[Turn], question: &str) -> Reading {
    let past = turns.iter().rev().map(|turn| Past {
        text: &turn.question,
        leans: Some(turn.query.is_some()),
    });
    followup::read(&past.collect::<Vec<_>>(), question)
}

#[cfg(test)]
mod tests {
    use super::transcript::testing::turn;
    use super::*;

    fn cites(all: &[(&str, &str)]) -> Turn {
        let citation = |(at, (id, quote)): (usize, &(&str, &str))| Citation {
            n: at + 1,
            id: id.to_string(),
            edition: "E".into(),
            discussion: "D".into(),
            contributor: None,
            date: None,
            quote: quote.to_string(),
            path: "e.md".into(),
            also_in: Vec::new(),
        };
        Turn {
            citations: all.iter().enumerate().map(citation).collect(),
            ..turn("Why?")
        }
    }

    #[test]
    fn each_quote_of_a_conversation_is_shown_once_with_its_passage() {
        let turns = [
            cites(&[("e/q1/a", "One."), ("e/q1/b", "Two.")]),
            turn("And?"),
            cites(&[("e/q1/a", "One."), ("e/q1/a", "Three.")]),
        ];
        let pairs = [("e/q1/a", "One."), ("e/q1/b", "Two."), ("e/q1/a", "Three.")];
        assert_eq!(
            shown(&turns),
            pairs.map(|(id, quote)| (id.to_string(), quote.to_string()))
        );
        assert!(shown(&[]).is_empty());
    }

    #[test]
    fn the_sources_are_the_discussions_that_the_marks_of_the_last_answer_cite() {
        let turns = [
            cites(&[("old/q1/a", "x")]),
            cites(&[
                ("e/q2/b", "1"),
                ("e/q1/a", "2"),
                ("e/q2/a", "3"),
                ("e/r1", "4"),
                ("no id!", "5"),
            ]),
            turn("And?"),
        ];
        assert_eq!(sources(&turns), ["e/q2", "e/q1", "e/q2", "e/r1", "no id!"]);
        assert!(sources(&turns[2..]).is_empty());
    }
}
