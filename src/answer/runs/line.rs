//! Shortens a run to one line where a whole run is too much: a cell of a table, or an item of a report.

use std::ops::Range;

use super::super::Stance;
use super::super::reading;
use super::{FEWEST_WORDS, Run};

/// Openings of a sentence in which a contributor reports of themselves before they advise.
const OF_ONESELF: [&str; 6] = ["i", "i've", "i'd", "my", "we", "our"];

/// Returns the span of the sentence of `run` that says most, or of the whole run if that sentence cannot be understood by
/// itself. `text` is the text of its passage.
///
/// A sentence of a run of several is not enough if it is short, ends in the middle of a thought, only takes a side ("I
/// agree with the answer before mine."), or reports of its author.
pub fn line(run: &Run, text: &str) -> Range<usize> {
    let [start, end] = [run.sentences.first(), run.sentences.last()].map(|span| span.cloned().unwrap_or_default());
    let whole = start.start..end.end;
    let Some(lead) = run.sentences.get(run.lead).cloned() else {
        return whole;
    };
    let own = &text[lead.clone()];
    let words = reading::words(own);
    let of_oneself = words.first().is_some_and(|word| OF_ONESELF.contains(&word.as_str()));
    let takes_side = reading::agrees(own) || reading::stance(own) == Stance::Dissents;
    let stands = words.len() >= FEWEST_WORDS
        && !reading::refers_back(own)
        && reading::can_end(own)
        && reading::holds_its_speech(own)
        && !of_oneself
        && !takes_side;
    if stands { lead } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of a run of all sentences of `text`, with the given lead.
    fn of(text: &str, lead: usize) -> &str {
        let run = Run {
            topic: 0,
            passage: 0,
            sentences: super::super::super::sentences::sentences(text),
            stance: Stance::Supports,
            introduces: false,
            lead,
            worth: 1.0,
            strength: 1.0,
        };
        &text[line(&run, text)]
    }

    #[test]
    fn a_sentence_that_stands_is_enough_and_another_is_not() {
        let text = "Prices are hard. Charge for the unit that your customer already counts.";
        assert_eq!(of(text, 1), "Charge for the unit that your customer already counts.");
        for text in [
            "I agree entirely with the answer before mine. Experience counts for more than parameters do.",
            "I work as a manager now and used to be an engineer. Read the papers that your team reads.",
            "Nobody agrees on the price. This is what makes it so hard to publish one.",
            "Fit is a matter of degree and belongs to one segment, so \"do we have it?\" The other way is a score.",
        ] {
            let lead = usize::from(text.starts_with("Nobody"));
            assert_eq!(of(text, lead), text);
        }
    }
}
