//! Tells sentences that speak to a language model, or act on a renderer, from those that speak to a reader.
//!
//! In: the text of a passage. Out: its sentences that may be quoted, or the text with the others left out of it. A
//! newsletter can be written, or added to, by somebody who wants askpm to say something (indirect prompt injection,
//! Greshake et al., arXiv 2302.12173). Such a sentence is no advice: it is neither put in a prompt, nor quoted, nor taken
//! as support. It must not know of models.
//!
//! A rule is worth having only for harm that nothing else prevents. A quote is shown verbatim and sanitised, under the
//! name of its contributor; askpm makes its own marks; and no text becomes a special token of askpm's own engine. So a
//! text does no harm by footnotes, slashes, examples of JSON or the name of a tag, and [`without_marks`] is there for what
//! could pass for askpm's own where text is shown. What is left for the rules:
//!
//! | kept out | harm |
//! |---|---|
//! | orders to a language model | a model obeys them: the answer says what the author of the text wants |
//! | marks of chat templates | a server's tokenizer may take the text for a turn of the dialogue |
//! | text that no reader sees | a model reads what no reader of the newsletter could judge |
//! | markup that runs or fetches | an answer that is pasted elsewhere carries it along |
//! | a word without end | it fills a prompt and a screen |
//!
//! These are rules, and rules can be got round. What holds whatever a text says is that every sentence shown has a
//! quote that can be checked, and that no text becomes a terminal's command.

mod marks;
mod orders;
mod rules;

use std::ops::Range;

use super::sentences::sentences;
pub use marks::without_marks;

/// What the rules make of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It speaks to a reader.
    Honest,
    /// It is left out, and what follows it is judged by itself.
    Alone,
    /// It gives orders, or hides some: what follows in its paragraph goes on from it and is left out too.
    AndOn,
}

/// The sentences of `text` that speak to a reader, as byte spans in order.
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
    judged_by(verdict, text)
}

fn judged_by(verdict: impl Fn(&str) -> Verdict, text: &str) -> Vec<(Range<usize>, bool)> {
    let mut out: Vec<(Range<usize>, bool)> = Vec::new();
    let mut tainted = false;
    let mut end = 0;
    for span in sentences(text) {
        if paragraph_ends(text.get(end..span.start).unwrap_or_default()) {
            tainted = false;
        }
        end = span.end;
        let found = if tainted {
            Verdict::AndOn
        } else {
            verdict(&text[span.clone()])
        };
        if found == Verdict::Honest {
            out.push((span, true));
            continue;
        }
        let mut rest = span.clone();
        if !tainted && let Some(head) = head(text, &span).filter(|head| verdict(&text[head.clone()]) == Verdict::Honest)
        {
            rest.start = head.end;
            out.push((head, true));
        }
        tainted = found == Verdict::AndOn;
        out.push((rest, false));
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

/// Whether `sentence` is left out by any rule.
pub fn is_injected(sentence: &str) -> bool {
    verdict(sentence) != Verdict::Honest
}

/// What the rules make of `sentence`.
pub fn verdict(sentence: &str) -> Verdict {
    if rules::hides(sentence) {
        return Verdict::AndOn;
    }
    let plain = rules::plain(sentence);
    let spoken = rules::without_reported(&plain);
    let words = rules::words(&spoken);
    let goes_on = marks::imitates_a_template(&spoken)
        || marks::breaks_off_in_an_image(&plain)
        || rules::spelled_out(&spoken)
        || orders::to_a_model(&spoken, &words);
    if goes_on {
        return Verdict::AndOn;
    }
    let alone = marks::imitates_a_template(&plain)
        || marks::runs_or_fetches(&plain)
        || rules::has_endless_word(&plain)
        || orders::an_answer(&spoken, &words);
    if alone { Verdict::Alone } else { Verdict::Honest }
}

#[cfg(test)]
#[path = "injection_tests.rs"]
mod tests;
