//! Summarizes an edition, a discussion or an article in a few of its own sentences.

use serde::Serialize;

use super::Line;
use super::lines::Quoter;
use crate::answer::meaning::Meaning;
use crate::themes::Item;

/// The sentences of a summary.
pub const SENTENCES: usize = 5;

/// A summary. It serialises to the object that `summarize --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What was summarized.
    pub id: String,
    pub title: String,
    pub date: Option<String>,
    /// At most [`SENTENCES`], in the order of the text.
    pub sentences: Vec<Line>,
}

/// Somebody who has spoken speaks again only with a sentence that is worth this share of the best one.
const AGAIN: f32 = 0.4;

/// Returns the sentences that say most in `items`, in their order. Every discussion or section speaks before one speaks
/// twice; if there are too many, the strongest are kept.
pub fn sentences(items: &[Item], meaning: Option<&dyn Meaning>) -> Vec<Line> {
    let mut quoter = Quoter::new(meaning);
    let mut chosen: Vec<(usize, Line)> = Vec::new();
    let mut told = true;
    let mut best = 0.0f32;
    while told && chosen.len() < SENTENCES {
        let mut round: Vec<(usize, f32, Line)> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let fresh = |line: &&(f32, Line)| !chosen.iter().any(|(_, known)| known.id == line.1.id);
            let lines = quoter.ranked(item);
            // Somebody who has not spoken goes first.
            let again = lines.first().filter(|(worth, _)| *worth >= AGAIN * best);
            let next = lines.iter().find(fresh).or(again).cloned();
            round.extend(next.map(|(worth, line)| (at, worth, line)));
        }
        told = !round.is_empty();
        best = round.iter().map(|(_, worth, _)| *worth).fold(best, f32::max);
        round.sort_by(|a, b| b.1.total_cmp(&a.1));
        round.truncate(SENTENCES - chosen.len());
        for (at, _, line) in round {
            quoter.show(&line);
            chosen.push((at, line));
        }
    }
    // Within a discussion, the best stays first.
    chosen.sort_by_key(|(at, _)| *at);
    chosen.into_iter().map(|(_, line)| line).collect()
}
