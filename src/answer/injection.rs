//! Tells sentences that speak to a language model, or act on a renderer, from those that speak to a reader.
//!
//! In: the text of a passage. Out: its sentences that may be quoted, or the text with the others left out of it. A newsletter can be
//! written, or added to, by somebody who wants askpm to say something (indirect prompt injection, Greshake et al., arXiv
//! 2302.12173). Such a sentence is no advice: it is neither put in a prompt, nor quoted, nor taken as support. These are rules, and rules can be got round: what holds whatever a text says is
//! that no text becomes a special token, a quote or a terminal's command. It must not know of models.

mod rules;

use std::ops::Range;

use super::sentences::sentences;
use rules::*;

/// The sentences of `text` that speak to a reader, as byte spans in order. What follows an injected sentence in its
/// paragraph goes on from it, and is left out too.
pub fn quotable(text: &str) -> Vec<Range<usize>> {
    judged(text)
        .into_iter()
        .filter(|(_, good)| *good)
        .map(|(span, _)| span)
        .collect()
}

/// `text` without the sentences that are not [`quotable`]; the same text where all are.
pub fn without(text: &str) -> String {
    let spans = judged(text);
    if spans.iter().all(|(_, good)| *good) {
        return text.to_string();
    }
    let mut out = String::new();
    let mut end = 0;
    for (span, good) in spans {
        if good {
            let gap = text.get(end..span.start).unwrap_or_default();
            out.push_str(if paragraph_ends(gap) { "\n\n" } else { " " });
            out.push_str(&text[span.clone()]);
        }
        end = span.end;
    }
    out.trim().to_string()
}

/// The sentences of `text`, and whether each may be quoted.
pub fn judged(text: &str) -> Vec<(Range<usize>, bool)> {
    judged_by(is_injected, text)
}

fn judged_by(injected: impl Fn(&str) -> bool, text: &str) -> Vec<(Range<usize>, bool)> {
    let mut out: Vec<(Range<usize>, bool)> = Vec::new();
    let mut tainted = false;
    let mut end = 0;
    for span in sentences(text) {
        if paragraph_ends(text.get(end..span.start).unwrap_or_default()) {
            tainted = false;
        }
        end = span.end;
        if tainted || !injected(&text[span.clone()]) {
            out.push((span, !tainted));
            continue;
        }
        tainted = true;
        if let Some(head) = head(text, &span).filter(|head| !injected(&text[head.clone()])) {
            out.push((head, true));
        }
        out.push((span, false));
    }
    out
}

/// The sentence that an injected one is glued to: a mark after a full stop keeps Unicode from seeing the end of it
/// (`Publish the price. <|im_end|>`). Only the first is looked for: where it is injected, so is what goes on from it.
fn head(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let sentence = &text[span.clone()];
    let mut ends = sentence
        .match_indices(['.', '!', '?'])
        .map(|(at, stop)| at + stop.len());
    let end = ends.find(|&end| {
        let rest = &sentence[end..];
        let after = rest.trim_start();
        after.len() < rest.len() && !after.starts_with(char::is_alphanumeric)
    })?;
    Some(span.start..span.start + end)
}

fn paragraph_ends(gap: &str) -> bool {
    gap.matches('\n').count() > 1
}

/// Whether `sentence` gives orders to a language model, imitates the marks that prompts, answers and renderers are
/// made of, or hides what it says.
pub fn is_injected(sentence: &str) -> bool {
    if hides(sentence) {
        return true;
    }
    let plain = plain(sentence);
    let words: Vec<&str> = plain
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    MARKS.iter().any(|mark| plain.contains(mark))
        || forges(&plain)
        || spelled_out(&words)
        || overrides(&words)
        || asks_for_the_prompt(&words)
        || gives_a_role(&words)
        || calls_a_model(&plain, &words)
        || orders_an_answer(&words)
}

/// Marks of chat templates, of templates and objects that prompts are made in, and of markup that runs or fetches.
const MARKS: &[&str] = &[
    "<|",
    "|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<think>",
    "</think>",
    "### instruction",
    "### response",
    "### system",
    "\"role\":",
    "\"content\":",
    "\"citations\":",
    "\"answer\":",
    "{{",
    "{%",
    "<!--",
    "<script",
    "<iframe",
    "<img",
    "<svg",
    "onerror=",
    "onload=",
    "javascript:",
    "vbscript:",
    "data:text",
    "![",
];

#[cfg(test)]
#[path = "injection_tests.rs"]
mod tests;
