//! Turns the text that a model writes, piece by piece, into sentences that a passage backs.
//!
//! In: the passages of the prompt, then pieces of text as they come. Out: each supported sentence as soon as it ends,
//! with its citation, and when to stop the model or to have a sentence written anew. It must not know of models: it sees
//! text only.

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

/// How the model is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    Stop,
    /// All text from this byte on is to be written anew: what comes next begins there.
    Again(usize),
}

/// Takes a model's text and keeps the sentences that hold.
pub struct Composer<'a> {
    passages: &'a [&'a Passage],
    grounder: Grounder<'a>,
    keep_unsupported: bool,
    /// Whether a sentence that does not hold may be written anew.
    again: bool,
    draft: Draft,
    /// Text that is not judged yet, and at which byte of all text it begins.
    pending: String,
    at: usize,
    /// What is pending is the second try.
    tried: bool,
    rejected_in_a_row: usize,
    /// Sentences that no passage backed.
    pub unsupported: usize,
}

/// What becomes of a sentence.
enum Verdict {
    Holds,
    /// Another says the same already, or no passage backs it, but for a share of it.
    Repeats,
    Unbacked(f32),
    /// The answer is full, or nobody listens any more.
    Enough,
}

impl<'a> Composer<'a> {
    /// `keep_unsupported`: sentences that no passage backs are shown too, marked as such. `again`: they are first written
    /// anew once, for a model that can take text back.
    pub fn new(
        passages: &'a [&'a Passage],
        meaning: Option<&'a dyn Meaning>,
        keep_unsupported: bool,
        again: bool,
    ) -> Self {
        Composer {
            passages,
            grounder: Grounder::new(passages.iter().copied(), meaning),
            keep_unsupported,
            again,
            draft: Draft::default(),
            pending: String::new(),
            at: 0,
            tried: false,
            rejected_in_a_row: 0,
            unsupported: 0,
        }
    }

    /// Takes the next `piece` of text; `show` gets each sentence that is accepted. Stops when the answer is full or the
    /// model has gone astray.
    pub fn push(&mut self, piece: &str, show: Show) -> Flow {
        self.pending.push_str(piece);
        loop {
            // A model ends a line where it ends a thought: unlike in a wrapped paragraph, a line end is an end here.
            let text = self.pending.replace('\n', "\n\n");
            let spans = sentences(&text);
            // The last sentence may go on, unless a line end closes it.
            let closed = spans.len() > 1 || text.trim_start().contains("\n\n");
            let Some(first) = spans.first().filter(|_| closed) else {
                return Flow::GoOn;
            };
            let verdict = self.judge(&text[first.clone()], show);
            if self.again && !self.tried && matches!(verdict, Verdict::Repeats | Verdict::Unbacked(_)) {
                self.tried = true;
                self.pending.clear();
                return Flow::Again(self.at);
            }
            let end = first.end - text[..first.end].matches('\n').count() / 2;
            self.pending.drain(..end);
            self.at += end;
            self.tried = false;
            if self.settle(&text[first.clone()], verdict, show).is_break() {
                return Flow::Stop;
            }
        }
    }

    /// Takes what is left when the model has ended; a sentence that was cut off is dropped.
    pub fn finish(mut self, show: Show) -> (Draft, usize) {
        let rest = std::mem::take(&mut self.pending);
        for span in sentences(&rest) {
            let text = &rest[span];
            if !text.ends_with(['.', '!', '?', '"', '”', ')', ']']) {
                continue;
            }
            let verdict = self.judge(text, show);
            if self.settle(text, verdict, show).is_break() {
                break;
            }
        }
        (self.draft, self.unsupported)
    }

    /// Looks whether a sentence holds, and shows it if it does.
    fn judge(&mut self, raw: &str, show: Show) -> Verdict {
        let text = tidy(raw);
        let words = text.split_whitespace().count();
        if words > 0 && self.draft.words() + words > MAX_WORDS {
            return Verdict::Enough;
        }
        if self.draft.repeats(&text) {
            return Verdict::Repeats;
        }
        match self.grounder.support(&text) {
            Some(support) if support.score >= MIN_SUPPORT => {
                let passage = self.passages[support.passage];
                let shown = show(self.draft.add(&text, passage, support.quote, support.score));
                if shown.is_break() {
                    Verdict::Enough
                } else {
                    Verdict::Holds
                }
            }
            support => Verdict::Unbacked(support.map_or(0.0, |support| support.score)),
        }
    }

    /// Counts a sentence, and shows one that does not hold where that is wanted. Breaks when nothing more is to come.
    fn settle(&mut self, raw: &str, verdict: Verdict, show: Show) -> ControlFlow<()> {
        match verdict {
            Verdict::Enough => return ControlFlow::Break(()),
            Verdict::Holds => {
                self.rejected_in_a_row = 0;
                return ControlFlow::Continue(());
            }
            Verdict::Repeats => {}
            Verdict::Unbacked(share) => {
                self.unsupported += 1;
                let text = tidy(raw);
                if self.keep_unsupported && !text.is_empty() {
                    show(self.draft.add_unsupported(&text, share))?;
                }
            }
        }
        self.rejected_in_a_row += 1;
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
        let mut composer = Composer::new(&passages, None, keep_unsupported, false);
        let mut shown = Vec::new();
        let mut show = |s: &Sentence| {
            shown.push(s.text.clone());
            ControlFlow::Continue(())
        };
        let stopped = pieces.iter().any(|piece| composer.push(piece, &mut show) == Flow::Stop);
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
    fn what_does_not_hold_is_written_anew_once_from_where_it_began() {
        let passage = passage("e/q1/a", TEXT);
        let passages = [&passage];
        let mut composer = Composer::new(&passages, None, true, true);
        let mut shown = Vec::new();
        let mut push = |piece: &str| {
            composer.push(piece, &mut |s| {
                shown.push((s.text.clone(), s.supported));
                ControlFlow::Continue(())
            })
        };
        assert_eq!(push("Talk to your users every week.\n"), Flow::GoOn);
        assert_eq!(push("2. Buy a yacht in Monaco.\nAnd"), Flow::Again(30));
        assert_eq!(push("\n2. Read Stratechery for news."), Flow::GoOn);
        assert_eq!(push(" Talk to your users every week. And"), Flow::Again(60));
        // The second try is taken for what it is.
        assert_eq!(push(" Buy a yacht in Monaco. Now"), Flow::GoOn);
        assert_eq!(push(" sell the yacht. Then"), Flow::Again(83));
        let expected = [
            ("Talk to your users every week.", true),
            ("Read Stratechery for news.", true),
            ("Buy a yacht in Monaco.", false),
        ];
        assert_eq!(shown, expected.map(|(text, holds)| (text.to_string(), holds)));
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
