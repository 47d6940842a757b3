//! A conversation: questions one after the other, each of which may lean on those before it.
//!
//! In: what was asked and answered so far, and a new turn. Out: the turn as a question that stands alone
//! ([`followup`]), conversations kept in files ([`store`], [`transcript`]), and what a line typed asks for
//! ([`command`], [`courtesy`]). It knows what is asked and answered, and must not know of terminals, models or command lines.

pub mod command;
pub mod courtesy;
pub mod followup;
pub mod store;
pub mod transcript;

use std::collections::HashSet;

use crate::answer::Citation;

pub use store::{Conversation, StoreError};
pub use transcript::Turn;

/// What the answers of `turns` have shown already, oldest first: the identifier of each passage that was quoted, and the
/// quote, word for word; each pair once.
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

/// What each mark of the last answer of `turns` cites, in the order of the marks: the identifier of its discussion or
/// section, whole. `askpm show N` opens what `[N]` cites. Empty where nothing was answered.
pub fn sources(turns: &[Turn]) -> Vec<String> {
    let answered = turns.iter().rev().find(|turn| !turn.citations.is_empty());
    answered
        .iter()
        .flat_map(|turn| &turn.citations)
        .map(Citation::source)
        .collect()
}

/// `question` as it is to be searched for after `turns`, oldest first; `None` where it stands alone.
pub fn standalone(turns: &[Turn], question: &str) -> Option<String> {
    let past: Vec<&str> = turns.iter().rev().map(|turn| turn.question.as_str()).collect();
    followup::standalone(&past, question)
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
