//! Turns the text that a model writes, piece by piece, into sentences that a passage backs.
//!
//! In: the passages of the prompt, then pieces of text as they come. Out: each supported sentence as soon as it ends,
//! with its citation, and when to stop the model. It must not know of models: it sees text only.

use std::ops::ControlFlow;

use super::grounding::{Grounder, MIN_SUPPORT};
use super::meaning::Meaning;
use super::sentences::sentences;
use super::{Draft, MAX_WORDS, Sentence};
use crate::corpus::Passage;

/// So many rejected sentences in a row mean that the model repeats itself or talks of something else.
const MAX_REJECTED: usize = 4;

/// Gets each accepted sentence; breaks when nobody listens any more.
pub type Show<'s> = &'s mut dyn FnMut(&Sentence) -> ControlFlow<()>;

/// Takes a model's text and keeps the sentences that hold.
pub struct Composer<'a> {
    passages: &'a [&'a Passage],
    grounder: Grounder<'a>,
    keep_unsupported: bool,
    draft: Draft,
    pending: String,
    rejected_in_a_row: usize,
    /// Sentences that no passage backed.
    pub unsupported: usize,
}

impl<'a> Composer<'a> {
    /// `keep_unsupported`: sentences that no passage backs are shown too, marked as such.
    pub fn new(passages: &'a [&'a Passage], meaning: Option<&'a dyn Meaning>, keep_unsupported: bool) -> Self {
        Composer {
            passages,
            grounder: Grounder::new(passages.iter().copied(), meaning),
            keep_unsupported,
            draft: Draft::default(),
            pending: String::new(),
            rejected_in_a_row: 0,
            unsupported: 0,
        }
    }

    /// Takes the next `piece` of text; `show` gets each sentence that is accepted. Breaks when the answer is full or
    /// the model has gone astray.
    pub fn push(&mut self, piece: &str, show: Show) -> ControlFlow<()> {
        // A model ends a line where it ends a thought: unlike in a wrapped paragraph, a line end is an end here.
        self.pending.push_str(&piece.replace('\n', "\n\n"));
        loop {
            let spans = sentences(&self.pending);
            // The last sentence may go on, unless a line end closes it.
            let closed = spans.len() > 1 || self.pending.trim_start().contains("\n\n");
            let Some(first) = spans.first().filter(|_| closed) else {
                return ControlFlow::Continue(());
            };
            let end = first.end;
            let text = self.pending[first.clone()].to_string();
            self.pending.drain(..end);
            self.take(&text, show)?;
        }
    }

    /// Takes what is left when the model has ended; a sentence that was cut off is dropped.
    pub fn finish(mut self, show: Show) -> (Draft, usize) {
        let rest = std::mem::take(&mut self.pending);
        for span in sentences(&rest) {
            let text = &rest[span];
            if text.ends_with(['.', '!', '?', '"', '”', ')', ']']) && self.take(text, show).is_break() {
                break;
            }
        }
        (self.draft, self.unsupported)
    }

    fn take(&mut self, raw: &str, show: Show) -> ControlFlow<()> {
        let text = tidy(raw);
        let words = text.split_whitespace().count();
        if words > 0 && self.draft.words() + words > MAX_WORDS {
            return ControlFlow::Break(());
        }
        let repeats = self.draft.repeats(&text);
        let support = self.grounder.support(&text);
        if let Some(support) = support.as_ref().filter(|s| s.score >= MIN_SUPPORT && !repeats) {
            self.rejected_in_a_row = 0;
            let passage = self.passages[support.passage];
            return show(self.draft.add(&text, passage, support.quote.clone(), support.score));
        }
        self.rejected_in_a_row += 1;
        if !repeats {
            self.unsupported += 1;
            if self.keep_unsupported && words > 0 {
                show(self.draft.add_unsupported(&text, support.map_or(0.0, |s| s.score)))?;
            }
        }
        if self.rejected_in_a_row >= MAX_REJECTED {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// A sentence without list numbers, emphasis, and the model's own `[1]` marks: citations are given by grounding
/// alone.
fn tidy(raw: &str) -> String {
    let text = without_marker(raw.trim());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let inner = &rest[open + 1..];
        match inner
            .find(']')
            .filter(|&close| inner[..close].chars().all(|c| c.is_ascii_digit() || ", ".contains(c)))
        {
            Some(close) => {
                out.push_str(rest[..open].trim_end());
                rest = &inner[close + 1..];
            }
            None => {
                out.push_str(&rest[..=open]);
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    let plain = out.replace("**", "").replace("__", "");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` without the marker of a list item (`- `, `2. `, `3) `) or of a heading.
fn without_marker(text: &str) -> &str {
    let after_digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let markers: &[&str] = if after_digits.len() < text.len() {
        &[". ", ") "]
    } else {
        &["- ", "* ", "+ "]
    };
    let item = markers.iter().find_map(|marker| after_digits.strip_prefix(marker));
    item.unwrap_or(text).trim_start_matches('#').trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;

    const TEXT: &str =
        "Learn statistics before machine learning. Talk to your users every week. Read Stratechery for news.";

    fn compose(pieces: &[&str]) -> (Vec<String>, usize, bool) {
        let (draft, unsupported, stopped) = draft(pieces, false);
        (
            draft.sentences.into_iter().map(|s| s.text).collect(),
            unsupported,
            stopped,
        )
    }

    fn draft(pieces: &[&str], keep_unsupported: bool) -> (Draft, usize, bool) {
        let passage = passage("e/q1/a", TEXT);
        let passages = [&passage];
        let mut composer = Composer::new(&passages, None, keep_unsupported);
        let mut shown = Vec::new();
        let mut show = |s: &Sentence| {
            shown.push(s.text.clone());
            ControlFlow::Continue(())
        };
        let stopped = pieces.iter().any(|piece| composer.push(piece, &mut show).is_break());
        let (draft, unsupported) = composer.finish(&mut show);
        let texts: Vec<_> = draft.sentences.iter().map(|s| s.text.clone()).collect();
        assert_eq!(shown, texts);
        (draft, unsupported, stopped)
    }

    #[test]
    fn sentences_are_shown_as_they_end_whatever_the_pieces() {
        let whole = "Learn statistics before machine learning. Talk to your users every week.";
        let expected = [
            "Learn statistics before machine learning.",
            "Talk to your users every week.",
        ];
        assert_eq!(compose(&[whole]).0, expected);
        let letters: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(
            compose(&letters.iter().map(String::as_str).collect::<Vec<_>>()).0,
            expected
        );
    }

    #[test]
    fn what_no_passage_says_is_dropped_and_counted() {
        let (texts, unsupported, _) = compose(&["Buy a yacht in Monaco first. Talk to your users every week."]);
        assert_eq!(
            (texts, unsupported),
            (vec!["Talk to your users every week.".to_string()], 1)
        );
    }

    #[test]
    fn what_no_passage_says_is_shown_on_demand_without_citation() {
        let pieces = ["Buy a yacht in Monaco first. Talk to your users every week."];
        let (draft, unsupported, _) = draft(&pieces, true);
        let told: Vec<_> = draft
            .sentences
            .iter()
            .map(|s| (s.supported, s.citations.len()))
            .collect();
        assert_eq!((told, unsupported), (vec![(false, 0), (true, 1)], 1));
        assert_eq!(draft.citations.len(), 1);
    }

    #[test]
    fn a_model_that_repeats_itself_is_stopped() {
        let again = "Talk to your users every week. ".repeat(10);
        let (texts, unsupported, stopped) = compose(&[&again]);
        assert_eq!((texts.len(), unsupported, stopped), (1, 0, true));
    }

    #[test]
    fn a_sentence_that_was_cut_off_is_dropped() {
        assert_eq!(
            compose(&["Talk to your users every week. Read Stratechery for"])
                .0
                .len(),
            1
        );
    }

    #[test]
    fn marks_and_markdown_of_the_model_are_taken_out() {
        assert_eq!(tidy("1. **Talk** to users [1], often [2, 3]."), "Talk to users, often.");
        assert_eq!(tidy("- Read it."), "Read it.");
        assert_eq!(tidy("3 weeks are enough."), "3 weeks are enough.");
        assert_eq!(tidy("2.5 points [sic] is a lot."), "2.5 points [sic] is a lot.");
    }
}
