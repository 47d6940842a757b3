//! Takes the lead from a model's streamed text: the first sentence that a chosen run backs.
//!
//! It sees only text. The result names the run and the words that back the lead, or there is no lead.

use std::ops::{ControlFlow, Range};

use super::grounding::{Grounder, MIN_SUPPORT};
use super::meaning::Meaning;
use super::sentences::sentences;
use crate::corpus::Passage;

/// The most words of a lead. The model is asked for 25; a longer sentence summarises everything.
const MAX_LEAD_WORDS: usize = 40;

/// After this many rejected sentences, the model is repeating itself or has left the subject.
const MAX_REJECTED: usize = 2;

/// A sentence that a run backs.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    pub text: String,
    /// Index of the run among those given.
    pub run: usize,
    /// Byte span of the words that back it, in that run's text.
    pub quote: Range<usize>,
    /// See [`super::grounding::Support::score`].
    pub support: f32,
}

/// Reads a model's text until a run backs a sentence.
pub struct LeadReader<'a> {
    grounder: Grounder<'a>,
    pending: String,
    lead: Option<Lead>,
    /// Sentences that no run backs, each with its best support.
    rejected: Vec<(String, f32)>,
}

impl<'a> LeadReader<'a> {
    /// Creates a reader that grounds sentences in `runs`, passages that hold only the text of a run.
    pub fn new(runs: &'a [Passage], meaning: Option<&'a dyn Meaning>) -> Self {
        LeadReader {
            grounder: Grounder::new(runs, meaning),
            pending: String::new(),
            lead: None,
            rejected: Vec::new(),
        }
    }

    /// Takes the next `piece` of text. Breaks once a sentence is backed, or after too many rejected sentences.
    pub fn push(&mut self, piece: &str) -> ControlFlow<()> {
        self.pending.push_str(piece);
        loop {
            // A model ends a line where it ends a thought. Unlike in a wrapped paragraph, a line end is a sentence end
            // here.
            let text = self.pending.replace('\n', "\n\n");
            let spans = sentences(&text);
            let closed = spans.len() > 1 || text.trim_start().contains("\n\n");
            let Some(first) = spans.first().filter(|_| closed) else {
                return ControlFlow::Continue(());
            };
            let sentence = text[first.clone()].to_string();
            let end = first.end - text[..first.end].matches('\n').count() / 2;
            self.pending.drain(..end);
            self.judge(&sentence);
            if self.lead.is_some() || self.rejected.len() >= MAX_REJECTED {
                return ControlFlow::Break(());
            }
        }
    }

    /// Returns the lead, if any, and the rejected sentences once the model has ended. A sentence that was cut off does
    /// not count.
    pub fn finish(mut self) -> (Option<Lead>, Vec<(String, f32)>) {
        let rest = std::mem::take(&mut self.pending);
        for span in sentences(&rest) {
            let text = &rest[span];
            let open = self.lead.is_none() && self.rejected.len() < MAX_REJECTED;
            if open && text.ends_with(['.', '!', '"', '”', ')', ']']) {
                self.judge(text);
            }
        }
        (self.lead, self.rejected)
    }

    fn judge(&mut self, raw: &str) {
        let text = tidy(raw);
        if text.is_empty() || text.ends_with(['?', ':']) {
            return;
        }
        let support = self.grounder.support(&text);
        let short = text.split_whitespace().count() <= MAX_LEAD_WORDS;
        match support {
            Some(support) if support.score >= MIN_SUPPORT && short => {
                self.lead = Some(Lead {
                    text,
                    run: support.passage,
                    quote: support.quote,
                    support: support.score,
                });
            }
            support => self.rejected.push((text, support.map_or(0.0, |support| support.score))),
        }
    }
}

/// Returns a sentence without list markers, emphasis and the model's own `[1]` marks. Only grounding adds citations.
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

/// Returns `text` without the marker of a list item (`- `, `2. `, `3) `) or of a heading.
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

    const RUN: &str =
        "Learn statistics before machine learning. Talk to your users every week. Read Stratechery for news.";

    /// Returns the lead, the rejected sentences, and whether the model was stopped.
    fn read(pieces: &[&str]) -> (Option<Lead>, Vec<String>, bool) {
        let runs = [passage("e/q1/a", "Hire slowly."), passage("e/q1/b", RUN)];
        let mut reader = LeadReader::new(&runs, None);
        let stopped = pieces.iter().any(|piece| reader.push(piece).is_break());
        let (lead, rejected) = reader.finish();
        (lead, rejected.into_iter().map(|(text, _)| text).collect(), stopped)
    }

    #[test]
    fn the_first_sentence_that_a_run_backs_is_the_lead_whatever_the_pieces() {
        let text = "Talk to your users every week. Learn statistics.";
        for pieces in [vec![text.to_string()], text.chars().map(String::from).collect()] {
            let (lead, _, stopped) = read(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
            let lead = lead.unwrap();
            assert_eq!((lead.text.as_str(), lead.run), ("Talk to your users every week.", 1));
            assert_eq!(&RUN[lead.quote], "Talk to your users every week.");
            assert!(stopped);
        }
    }

    #[test]
    fn what_no_run_says_is_rejected_and_the_next_sentence_is_looked_at() {
        let (lead, rejected, _) = read(&["Buy a yacht in Monaco first. Talk to your users every week."]);
        assert_eq!(lead.unwrap().text, "Talk to your users every week.");
        assert_eq!(rejected, ["Buy a yacht in Monaco first."]);
        let (lead, rejected, stopped) = read(&["Buy a yacht. Sell the yacht. Talk to your users every week. And"]);
        assert!(lead.is_none() && rejected.len() == 2 && stopped);
    }

    #[test]
    fn questions_fragments_and_summaries_of_everything_are_no_leads() {
        assert!(read(&["Do you talk to your users every week?"]).0.is_none());
        assert!(read(&["Talk to your users every"]).0.is_none());
        let all = "Learn statistics before machine learning and talk to your users every week and read Stratechery for \
                   news and learn statistics before machine learning and talk to your users every week and read \
                   Stratechery for news and talk to your users and learn statistics before machine learning every week.";
        assert!(read(&[all]).0.is_none());
    }

    #[test]
    fn marks_and_markdown_of_the_model_are_taken_out() {
        assert_eq!(tidy("1. **Talk** to users [1], often [2, 3]."), "Talk to users, often.");
        assert_eq!(tidy("- Read it."), "Read it.");
        assert_eq!(tidy("3 weeks are enough."), "3 weeks are enough.");
        assert_eq!(tidy("2.5 points [sic] is a lot."), "2.5 points [sic] is a lot.");
    }
}
