//! Summarizes an edition, a discussion or an article in a few of its own sentences.

use serde::Serialize;

use super::Line;
use super::lines::{Quoter, Said};
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

/// The fewest contributors to quote, where there are as many. Two sentences of three of them say more than one of five,
/// unless their answers open with the claim.
const VOICES: usize = 3;

/// Somebody who has spoken speaks again only with a point that is worth this share of the best one.
const AGAIN: f32 = 0.4;

/// Returns the sentences that say most in `items`, in their order. Every discussion or section speaks before one speaks
/// twice; if there are too many, those that say most are kept.
pub fn sentences(items: &[Item], meaning: Option<&dyn Meaning>) -> Vec<Line> {
    let mut quoter = Quoter::new(meaning);
    let said = chosen(items, &mut quoter, SENTENCES);
    let claims = said.iter().filter(|(_, said)| said.claims_first).count();
    let least = if 2 * claims > said.len() { SENTENCES } else { VOICES };
    let most = items.len().clamp(least, SENTENCES);
    let mut all = Vec::new();
    // Some points have one sentence, so that there may be room for more contributors.
    for voices in most..=SENTENCES {
        all = fitted(chosen(items, &mut quoter, voices));
        if all.iter().map(|(_, sentences, _)| sentences).sum::<usize>() >= SENTENCES {
            break;
        }
    }
    all.into_iter().map(|(_, _, line)| line).collect()
}

/// Returns what is said by at most `voices` contributors, with the index of the discussion or section.
fn chosen(items: &[Item], quoter: &mut Quoter, voices: usize) -> Vec<(usize, Said)> {
    quoter.begin_again();
    let mut chosen: Vec<(usize, Said)> = Vec::new();
    let mut told = true;
    let mut best = 0.0f32;
    while told && chosen.len() < voices {
        let mut round: Vec<(usize, Said)> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let fresh = |said: &&Said| !chosen.iter().any(|(_, known)| known.line.id == said.line.id);
            let mut said = quoter.said(item);
            said.sort_by(|a, b| b.worth.total_cmp(&a.worth));
            // Somebody who has not spoken goes first.
            let again = said.first().filter(|said| said.worth >= AGAIN * best);
            round.extend(said.iter().find(fresh).or(again).cloned().map(|said| (at, said)));
        }
        told = !round.is_empty();
        best = round.iter().map(|(_, said)| said.worth).fold(best, f32::max);
        round.sort_by(|a, b| b.1.worth.total_cmp(&a.1.worth));
        round.truncate(voices - chosen.len());
        round.iter().for_each(|(_, said)| quoter.show(&said.line));
        chosen.extend(round);
    }
    chosen
}

/// Shortens what is said to [`SENTENCES`] in all, the least worth first. Returns it in the order of the text, each with
/// the index of its discussion and the number of its sentences.
fn fitted(mut chosen: Vec<(usize, Said)>) -> Vec<(usize, usize, Line)> {
    chosen.sort_by(|a, b| b.1.worth.total_cmp(&a.1.worth));
    let mut room = SENTENCES;
    let mut fitted = Vec::new();
    for (n, (at, said)) in chosen.iter().enumerate() {
        // Each of the others needs one sentence.
        let others = chosen.len() - n - 1;
        let whole = said.sentences + others <= room || said.short.is_none();
        let (sentences, line) = match &said.short {
            Some(short) if !whole => (1, short.clone()),
            _ => (said.sentences, said.line.clone()),
        };
        if sentences <= room {
            room -= sentences;
            fitted.push((*at, sentences, line));
        }
    }
    fitted.sort_by(|a, b| (a.0, &a.2.id).cmp(&(b.0, &b.2.id)));
    fitted
}
