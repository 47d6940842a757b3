//! Scores the passages of a part of a segment that may be among the best.
//!
//! It works on windows of a few thousand passages, so that their counts stay in the CPU's nearest caches. Words that
//! can lift a passage to the best have their lists read completely. The other words are only looked up for the
//! candidates.

use std::ops::Range;

use super::best::Best;
use super::candidates::{Candidates, reaches};
use super::postings::{Cursor, Lists};
use super::{Scored, worth};
use crate::index::{IndexError, Store};

/// Number of passages in a window. It is small in tests, so that a small corpus has many windows.
pub(super) const SPAN: u32 = if cfg!(test) { 64 } else { 1 << 12 };

/// Number of documents of a list that can be read in the time of one lookup.
const READ_FOR_A_LOOK: u64 = 4;

/// Scores the documents of `range` that have a word of the set `wanted`, if they may be among the `best`.
pub(super) fn scan(
    store: &Store,
    lists: &Lists,
    weights: &[f32],
    wanted: u64,
    range: Range<u32>,
    best: &Best,
) -> Result<Vec<Scored>, IndexError> {
    let cursors: Result<Vec<_>, _> = (0..weights.len()).map(|word| lists.cursors(store, word)).collect();
    let mut window = Window::new(lists, weights, wanted, cursors?);
    let mut kept = Vec::new();
    for start in range.clone().step_by(SPAN as usize) {
        window.score(start, range.end.min(start.saturating_add(SPAN)), best.least());
        best.keep(&mut kept, window.candidates.scored(lists.ordinal(), weights));
    }
    Ok(kept)
}

struct Window<'a> {
    lists: &'a Lists<'a>,
    weights: &'a [f32],
    /// By word.
    cursors: Vec<Vec<Cursor<'a>>>,
    /// The wanted words that are in this segment, in ascending order of weight.
    rising: Vec<usize>,
    /// The other words that are in this segment, in descending order of weight.
    unwanted: Vec<usize>,
    /// By word, then offset in the window: weighted occurrences.
    occurrences: Vec<f32>,
    covered: Vec<u64>,
    /// One bit for each offset that has a word whose list is read.
    there: Vec<u64>,
    /// Weighted occurrences of one list, by offset.
    column: Vec<f32>,
    candidates: Candidates,
}

impl<'a> Window<'a> {
    fn new(lists: &'a Lists<'a>, weights: &'a [f32], wanted: u64, cursors: Vec<Vec<Cursor<'a>>>) -> Window<'a> {
        let span = SPAN as usize;
        let by_weight = |a: &usize, b: &usize| weights[*a].total_cmp(&weights[*b]);
        let there = (0..weights.len()).filter(|word| !cursors[*word].is_empty());
        let (mut rising, mut unwanted): (Vec<usize>, Vec<usize>) = there.partition(|word| wanted & (1 << word) != 0);
        rising.sort_by(by_weight);
        unwanted.sort_by(|a, b| by_weight(b, a));
        Window {
            lists,
            weights,
            cursors,
            rising,
            unwanted,
            occurrences: vec![0.0; span * weights.len()],
            covered: vec![0; span],
            there: vec![0; span.div_ceil(64)],
            column: vec![0.0; span],
            candidates: Candidates::new(weights.len(), Vec::new()),
        }
    }

    /// Sets `candidates` to the documents from `start` to before `end` that may score at least `least`, with all their
    /// words looked up.
    fn score(&mut self, start: u32, end: u32, least: f32) {
        self.candidates.clear();
        let weight = |word: &usize| self.weights[*word];
        // Documents that have only the words before `low` score less than `least`.
        let mut bound: f32 = self.unwanted.iter().map(weight).sum();
        let mut low = 0;
        for word in &self.rising {
            bound += weight(word);
            if reaches(bound, least) {
                break;
            }
            low += 1;
        }
        let (low, high) = self.rising.split_at(low);
        let (low, high) = (low.to_vec(), high.to_vec());
        self.read(&high, start, end);
        let rest = low.iter().chain(&self.unwanted).map(weight).sum();
        self.choose(&high, start, rest, least);
        let others: Vec<usize> = low.iter().rev().chain(&self.unwanted).copied().collect();
        for (at, word) in others.iter().enumerate() {
            if self.candidates.len() == 0 {
                return;
            }
            self.look_up(*word, start, end);
            let rest = others[at + 1..].iter().map(|word| self.weights[*word]).sum();
            self.candidates.settle(*word, self.weights[*word], rest, least);
        }
    }

    /// Reads the lists of `words` in the window.
    fn read(&mut self, words: &[usize], start: u32, end: u32) {
        self.there.fill(0);
        self.covered.fill(0);
        let span = SPAN as usize;
        for word in words {
            let occurrences = &mut self.occurrences[word * span..(word + 1) * span];
            occurrences.fill(0.0);
            for cursor in &mut self.cursors[*word] {
                let covered = u64::from(cursor.covers()) << word;
                cursor.each(start, end, |doc, more| {
                    let at = (doc - start) as usize;
                    occurrences[at] += more;
                    self.covered[at] |= covered;
                    self.there[at / 64] |= 1 << (at % 64);
                });
            }
        }
    }

    /// Makes candidates of the documents that have one of `words`, whose lists were read, and that may reach `least` if
    /// the other words add `rest`.
    fn choose(&mut self, words: &[usize], start: u32, rest: f32, least: f32) {
        let span = SPAN as usize;
        for (group, bits) in self.there.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let at = 64 * group + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let of = |word: usize| self.occurrences[word * span + at];
                let sum = words.iter().map(|word| worth(self.weights[*word], of(*word))).sum();
                let doc = start + at as u32;
                if reaches(sum + rest, least) && !self.lists.is_deleted(doc) {
                    let row = (0..self.weights.len()).map(|word| if words.contains(&word) { of(word) } else { 0.0 });
                    self.candidates.push(doc, row, self.covered[at], sum);
                }
            }
        }
    }

    /// Adds the occurrences of `word` in the candidates.
    fn look_up(&mut self, word: usize, start: u32, end: u32) {
        for cursor in &mut self.cursors[word] {
            let covered = u64::from(cursor.covers()) << word;
            let read = u64::from(cursor.documents()) * u64::from(SPAN) / u64::from(self.lists.documents().max(1));
            if read > READ_FOR_A_LOOK * self.candidates.len() as u64 {
                self.candidates.look_up(word, covered, |doc| cursor.at(doc));
                continue;
            }
            self.column.fill(0.0);
            let column = &mut self.column;
            cursor.each(start, end, |doc, more| column[(doc - start) as usize] = more);
            self.candidates.look_up(word, covered, |doc| {
                Some(column[(doc - start) as usize]).filter(|more| *more > 0.0)
            });
        }
    }
}
