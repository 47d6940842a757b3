//! Summarizes an edition, a discussion or an article in a few of its own sentences.
//!
//! Of discussions, it quotes what their contributors advise, and one who contradicts. Of a text by one author, it quotes
//! the sentences that say most of the whole (`answer::central`).

use serde::Serialize;

use super::Line;
use super::lines::{Quoter, Said, question};
use super::page::order;
use crate::answer::Stance;
use crate::answer::central::{central, honest};
use crate::answer::meaning::Meaning;
use crate::answer::topic::{Found, Topic};
use crate::corpus::Id;
use crate::themes::Item;

/// The sentences of a summary.
pub const SENTENCES: usize = 5;

/// The most sentences to compare by meaning, which takes the time.
const COMPARED: usize = 600;

/// The most discussions to compare by meaning if there are too many sentences.
const DISCUSSIONS: usize = 2 * SENTENCES;

/// A summary. It serialises to the object that `summarize --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What was summarized.
    pub id: String,
    pub title: String,
    /// Who the edition is from, as it says.
    pub sender: Option<String>,
    pub date: Option<String>,
    /// The address of the edition on the web.
    pub link: Option<String>,
    /// At most [`SENTENCES`], in the order of the text.
    pub sentences: Vec<Line>,
}

/// What was read for a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub sentences: usize,
    /// Those that were compared by meaning, if there is a model.
    pub compared: usize,
}

/// The fewest contributors to quote, where there are as many. Two sentences of three of them say more than one of five,
/// unless their answers open with the claim.
const VOICES: usize = 3;

/// Somebody who has spoken speaks again only with a point that is worth this share of the best one.
const AGAIN: f32 = 0.4;

/// Returns the sentences that say most in `items`, in their order.
///
/// Every discussion or section speaks before one speaks twice, and with what its contributors advise; one who contradicts
/// follows. If there are too many discussions, those that say most are kept.
pub fn sentences(items: &[Item], meaning: Option<&dyn Meaning>) -> (Vec<Line>, Extent) {
    let one_author = items.iter().all(|item| matches!(item.id, Id::Section { .. }))
        || (items.len() == 1 && items.iter().all(|item| item.voices() == 1));
    if one_author {
        return of_author(items, meaning);
    }
    let counts: Vec<usize> = items.iter().map(sentence_count).collect();
    let all = counts.iter().sum();
    if meaning.is_none() || all <= COMPARED {
        let extent = Extent {
            sentences: all,
            compared: all,
        };
        return (of_voices(items, meaning), extent);
    }
    // Words choose the discussions, and meaning what they say.
    let mut quoter = Quoter::new(None);
    let mut best: Vec<(usize, f32)> = (0..items.len())
        .map(|at| {
            (
                at,
                quoter
                    .said(&items[at])
                    .iter()
                    .map(|said| said.worth)
                    .fold(0.0, f32::max),
            )
        })
        .collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (mut kept, mut compared) = (Vec::new(), 0);
    for (at, _) in best.into_iter().take(DISCUSSIONS) {
        if compared + counts[at] <= COMPARED {
            compared += counts[at];
            kept.push(at);
        }
    }
    kept.sort_unstable();
    let extent = Extent {
        sentences: all,
        compared,
    };
    let kept: Vec<Item> = kept.into_iter().map(|at| items[at].clone()).collect();
    match kept.is_empty() {
        true => (of_voices(items, None), extent),
        false => (of_voices(&kept, meaning), extent),
    }
}

fn sentence_count(item: &Item) -> usize {
    let count = |text: &str| crate::answer::sentences::sentences(text).len();
    item.passages.iter().map(|passage| count(&passage.text)).sum()
}

/// Summarizes a text by one author.
fn of_author(items: &[Item], meaning: Option<&dyn Meaning>) -> (Vec<Line>, Extent) {
    let topic = |item: &Item| Topic::new(item.id.clone(), item.passages.clone(), Found::default());
    let topics: Vec<Topic> = items.iter().filter_map(topic).collect();
    let title = items.first().map(question).unwrap_or_default();
    let (runs, compared) = central(&topics, &title, meaning, SENTENCES, COMPARED);
    let topics: Vec<&Topic> = topics.iter().collect();
    let lines = runs.iter().map(|run| {
        let passage = run.cut(&topics);
        Line {
            id: passage.id.to_string(),
            contributor: passage.contributor,
            discussion: passage.discussion,
            quote: passage.text,
            stance: run.stance,
        }
    });
    let extent = Extent {
        sentences: honest(&topics),
        compared,
    };
    (lines.collect(), extent)
}

/// Summarizes discussions, of which each contributor says something.
fn of_voices(items: &[Item], meaning: Option<&dyn Meaning>) -> Vec<Line> {
    let mut quoter = Quoter::new(meaning);
    let said = chosen(items, &mut quoter, SENTENCES);
    let claims = said.iter().filter(|(_, said)| said.claims_first).count();
    let least = if 2 * claims > said.len() { SENTENCES } else { VOICES };
    let dissents = said.iter().any(|(_, said)| said.line.stance == Stance::Dissents);
    let most = (items.len() + usize::from(dissents)).clamp(least, SENTENCES);
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

/// Returns what is said by at most `voices` contributors, with the index of the discussion or section: first what each
/// discussion advises, then one who contradicts, then the others.
fn chosen(items: &[Item], quoter: &mut Quoter, voices: usize) -> Vec<(usize, Said)> {
    quoter.begin_again();
    let mut chosen: Vec<(usize, Said)> = Vec::new();
    let mut best = 0.0f32;
    for turn in 0.. {
        let mut round: Vec<(usize, Said)> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let fresh = |said: &&Said| !chosen.iter().any(|(_, known)| known.line.id == said.line.id);
            let said = quoter.said(item);
            let ordered = order(&said);
            let mut said = ordered.iter().map(|at| &said[*at]);
            let dissents = |said: &&Said| said.line.stance == Stance::Dissents;
            let next = match turn {
                0 => said.next(),
                1 => said.filter(dissents).find(fresh),
                _ => {
                    let others: Vec<&Said> = said.filter(|said| !dissents(said)).collect();
                    // Somebody who has not spoken goes first.
                    let fresh = others.iter().copied().find(fresh).filter(|said| said.worth > 0.0);
                    let again = others.first().copied().filter(|said| said.worth >= AGAIN * best);
                    fresh.or(again)
                }
            };
            round.extend(next.cloned().map(|said| (at, said)));
        }
        best = round.iter().map(|(_, said)| said.worth).fold(best, f32::max);
        round.sort_by(|a, b| b.1.worth.total_cmp(&a.1.worth));
        if turn == 1 {
            round.truncate(1);
        }
        round.truncate(voices - chosen.len());
        round.iter().for_each(|(_, said)| quoter.show(&said.line));
        let told = !round.is_empty();
        chosen.extend(round);
        if chosen.len() == voices || (!told && turn > 1) {
            break;
        }
    }
    chosen
}

/// Shortens what is said to [`SENTENCES`] in all: what each discussion says first has room before the rest, and then
/// what is worth most. Returns it in the order of the text, each with
/// the index of its discussion and the number of its sentences. Who contradicts comes last in a discussion.
fn fitted(chosen: Vec<(usize, Said)>) -> Vec<(usize, usize, Line)> {
    let (mut first, mut rest): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for one in chosen {
        match first.iter().any(|(at, _)| *at == one.0) {
            true => rest.push(one),
            false => first.push(one),
        }
    }
    for part in [&mut first, &mut rest] {
        part.sort_by(|a: &(usize, Said), b| b.1.worth.total_cmp(&a.1.worth));
    }
    let chosen = [first, rest].concat();
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
    let place = |one: &(usize, usize, Line)| (one.0, one.2.stance == Stance::Dissents, one.2.id.clone());
    fitted.sort_by_key(place);
    fitted
}
