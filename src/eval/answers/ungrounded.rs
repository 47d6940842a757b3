//! Lets the model answer without any check: the baseline for grounding.
//!
//! Each sentence has the passages that the model itself names as `[n]`.

use std::ops::ControlFlow;

use super::{Cited, Told};
use crate::answer::sentences::sentences;
use crate::ask::{AskError, Settings, Writer};
use crate::corpus::Passage;
use crate::engine::{Message, Role};

/// The most tokens of a prompt, the same as for grounded answers.
const PROMPT_TOKENS: usize = 1_536;

/// Lets the model of `writer` answer from `passages`, numbered, in the wording of `answer.md`.
pub fn write(question: &str, passages: &[Passage], writer: Writer, settings: &Settings) -> Result<Vec<Told>, AskError> {
    let Writer { engine, prompts, .. } = writer;
    let room = engine
        .info()
        .context_length
        .saturating_sub(settings.sampling.max_tokens);
    let texts: Vec<String> = passages
        .iter()
        .enumerate()
        .map(|(at, passage)| format!("[{}] {}", at + 1, passage.text))
        .collect();
    let count = |system: &str, user: &str| engine.count_prompt(&messages(system, user));
    let prompt = prompts.answer.fill(question, &texts, room.min(PROMPT_TOKENS), &count)?;
    let mut text = String::new();
    engine.generate(
        &messages(&prompt.system, &prompt.user),
        &settings.sampling,
        &mut |piece| {
            text.push_str(piece);
            ControlFlow::Continue(())
        },
    )?;
    Ok(told(&text, passages))
}

fn messages(system: &str, user: &str) -> [Message; 2] {
    [(Role::System, system), (Role::User, user)].map(|(role, content)| Message {
        role,
        content: content.to_string(),
    })
}

/// Returns the sentences of `text` with the passages that each names. A mark after a full stop belongs to the sentence
/// before.
fn told(text: &str, passages: &[Passage]) -> Vec<Told> {
    let mut out: Vec<Told> = Vec::new();
    for span in sentences(text) {
        let (leading, rest) = leading_marks(&text[span]);
        if let Some(before) = out.last_mut() {
            before.cited.extend(cited(&leading, passages));
        }
        let (own, bare) = marks(rest);
        if bare.chars().any(char::is_alphanumeric) {
            out.push(Told {
                opens: false,
                text: bare,
                cited: cited(&own, passages),
            });
        } else if let Some(before) = out.last_mut() {
            before.cited.extend(cited(&own, passages));
        }
    }
    for told in &mut out {
        let mut seen = Vec::new();
        told.cited.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
    }
    out
}

fn cited(numbers: &[usize], passages: &[Passage]) -> Vec<Cited> {
    let named = numbers.iter().filter_map(|n| passages.get(n.checked_sub(1)?));
    named
        .map(|passage| Cited {
            id: passage.id.to_string(),
            text: passage.text.clone(),
        })
        .collect()
}

/// Returns the marks that open `text`, and the text after them.
fn leading_marks(text: &str) -> (Vec<usize>, &str) {
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some((inner, after)) = rest.strip_prefix('[').and_then(|open| open.split_once(']')) {
        let Some(found) = list(inner) else { break };
        numbers.extend(found);
        rest = after.trim_start();
    }
    (numbers, rest)
}

/// Returns every mark in `text`, and the text without them.
fn marks(text: &str) -> (Vec<usize>, String) {
    let mut numbers = Vec::new();
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, open)) = rest.split_once('[') {
        bare.push_str(before);
        match open
            .split_once(']')
            .and_then(|(inner, after)| Some((list(inner)?, after)))
        {
            Some((found, after)) => {
                numbers.extend(found);
                rest = after;
            }
            None => {
                bare.push('[');
                rest = open;
            }
        }
    }
    bare.push_str(rest);
    (numbers, bare.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Parses `1, 3` into numbers.
fn list(inner: &str) -> Option<Vec<usize>> {
    inner
        .split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect::<Option<Vec<_>>>()
        .filter(|all| !all.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;

    #[test]
    fn a_sentence_has_the_passages_that_it_names_and_no_others() {
        let passages = [passage("e/q1/a", "One."), passage("e/q1/b", "Two.")];
        let found = told(
            "Charge by the call [1]. Publish it. [2][1] Hire [sic] nobody [9].\n- Sell credits [1, 2].",
            &passages,
        );
        let shown: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|told| (told.text.as_str(), told.cited.iter().map(|c| c.text.as_str()).collect()))
            .collect();
        assert_eq!(
            shown,
            [
                ("Charge by the call .", vec!["One."]),
                ("Publish it.", vec!["Two.", "One."]),
                ("Hire [sic] nobody .", vec![]),
                ("Sell credits .", vec!["One.", "Two."]),
            ]
        );
        assert!(told(" \n ", &passages).is_empty());
    }
}
