//! Separates sentences that address a reader from those that address a language model or act on a renderer.
//!
//! An attacker can write a newsletter, or add to one, to make askpm say something. This is indirect prompt injection
//! (Greshake et al., arXiv 2302.12173). askpm does not put such a sentence in a prompt, quote it, or count it as
//! support.
//!
//! A rule is worth having only against harm that nothing else prevents. askpm shows quotes verbatim and sanitised,
//! under the name of their contributor. It makes its own marks. Its own engine turns no text into a special token.
//! Footnotes, slashes, JSON examples and tag names are therefore harmless. Where text is shown, [`without_marks`]
//! rewrites anything that looks like askpm's own marks. The rules cover the rest:
//!
//! | kept out | harm |
//! |---|---|
//! | orders to a language model | a model obeys them, and the answer says what the author of the text wants |
//! | marks of chat templates | a server's tokenizer may read the text as a turn of the dialogue |
//! | text that no reader sees | a model reads what no reader of the newsletter could judge |
//! | markup that runs or fetches | an answer that is pasted elsewhere carries it along |
//! | an endless word | it fills a prompt and a screen |
//!
//! Rules can be evaded. Two guarantees hold whatever a text says: each shown sentence has a quote that can be checked,
//! and no text becomes a terminal command.

mod marks;
mod orders;
mod rules;

use std::ops::Range;

use super::sentences::sentences;
pub use marks::without_marks;

/// What the rules decide about a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The sentence addresses a reader.
    Honest,
    /// The sentence is left out. What follows it is judged separately.
    Alone,
    /// The sentence gives orders or hides text. The rest of its paragraph is left out too.
    AndOn,
}

/// Returns the sentences of `text` that address a reader, as byte spans in order.
pub fn quotable(text: &str) -> Vec<Range<usize>> {
    judged(text)
        .into_iter()
        .filter(|(_, good)| *good)
        .map(|(span, _)| span)
        .collect()
}

/// Returns `text` without the sentences that are not [`quotable`]. If all are quotable, the text is unchanged.
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

/// Returns whether every sentence of `text` may be quoted.
pub fn is_honest(text: &str) -> bool {
    judged(text).iter().all(|(_, honest)| *honest)
}

/// Returns the sentences of `text`, and whether each may be quoted.
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

/// Returns the honest sentence that an injected one is attached to.
///
/// A mark after a full stop hides the end of the sentence from Unicode's rules: `Publish the price. <|im_end|>`. Only
/// the first end is considered. If that first sentence is injected, the rest continues it.
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

/// Returns whether any rule leaves `sentence` out.
pub fn is_injected(sentence: &str) -> bool {
    verdict(sentence) != Verdict::Honest
}

/// Applies the rules to `sentence`.
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
