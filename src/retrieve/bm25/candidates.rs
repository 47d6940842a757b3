//! Holds passages that may be among the best, and how often each has which word.
//!
//! The documents are of one segment. Weighted occurrences are added word by word and field by field.

use tantivy::DocAddress;

use super::{Scored, worth};

/// Rounding can make a sum larger than a bound that was added up in another order, by far less than this factor.
const SLACK: f32 = 1.0001;

/// Documents in order, and a row of numbers for each.
pub(super) struct Candidates {
    words: usize,
    docs: Vec<u32>,
    /// Weighted occurrences, by document, then word.
    occurrences: Vec<f32>,
    covered: Vec<u64>,
    /// What the words that were looked up so far add.
    sums: Vec<f32>,
}

impl Candidates {
    /// Returns `docs` with no occurrences yet of any of the `words` words.
    pub fn new(words: usize, docs: Vec<u32>) -> Candidates {
        Candidates {
            words,
            occurrences: vec![0.0; docs.len() * words],
            covered: vec![0; docs.len()],
            sums: vec![0.0; docs.len()],
            docs,
        }
    }

    pub fn clear(&mut self) {
        self.docs.clear();
        self.occurrences.clear();
        self.covered.clear();
        self.sums.clear();
    }

    pub fn len(&self) -> usize {
        self.docs.len()
    }

    /// Adds a document whose known words add `sum`, with its occurrences of all words.
    pub fn push(&mut self, doc: u32, occurrences: impl Iterator<Item = f32>, covered: u64, sum: f32) {
        self.docs.push(doc);
        self.occurrences.extend(occurrences);
        self.covered.push(covered);
        self.sums.push(sum);
    }

    /// Adds the occurrences of `word` in one field. `at` returns them by document, and `covered` is the bit set for a
    /// match.
    pub fn look_up(&mut self, word: usize, covered: u64, mut at: impl FnMut(u32) -> Option<f32>) {
        let rows = self.occurrences.chunks_exact_mut(self.words.max(1));
        for ((doc, row), mask) in self.docs.iter().zip(rows).zip(&mut self.covered) {
            if let (Some(more), Some(occurrences)) = (at(*doc), row.get_mut(word)) {
                *occurrences += more;
                *mask |= covered;
            }
        }
    }

    /// Copies the first column of `other`, which must have the same documents, to the column of `word`.
    pub fn take_column(&mut self, word: usize, other: &Candidates) {
        let rows = self.occurrences.chunks_exact_mut(self.words.max(1));
        let theirs = other.occurrences.chunks_exact(other.words.max(1)).zip(&other.covered);
        for ((row, mask), (their, covered)) in rows.zip(&mut self.covered).zip(theirs) {
            if let (Some(occurrences), Some(their)) = (row.get_mut(word), their.first()) {
                *occurrences = *their;
                *mask |= (covered & 1) << word;
            }
        }
    }

    /// Adds `word` to the sums, and drops candidates that cannot reach `least` even if all remaining words add `rest`.
    pub fn settle(&mut self, word: usize, weight: f32, rest: f32, least: f32) {
        let mut kept = 0;
        for at in 0..self.docs.len() {
            let row = at * self.words;
            self.sums[at] += worth(weight, self.occurrences[row + word]);
            if reaches(self.sums[at] + rest, least) {
                self.docs[kept] = self.docs[at];
                self.covered[kept] = self.covered[at];
                self.sums[kept] = self.sums[at];
                self.occurrences.copy_within(row..row + self.words, kept * self.words);
                kept += 1;
            }
        }
        self.docs.truncate(kept);
        self.covered.truncate(kept);
        self.sums.truncate(kept);
        self.occurrences.truncate(kept * self.words);
    }

    /// Returns the scores, added up word by word in the order of the question.
    pub fn scored<'a>(&'a self, segment: u32, weights: &'a [f32]) -> impl Iterator<Item = Scored> + 'a {
        let rows = self.occurrences.chunks_exact(self.words.max(1));
        let all = self.docs.iter().zip(rows).zip(&self.covered);
        all.map(move |((doc, row), covered)| {
            let (mut score, mut found) = (0.0, 0);
            for (word, (occurrences, weight)) in row.iter().zip(weights).enumerate() {
                if *occurrences > 0.0 {
                    score += worth(*weight, *occurrences);
                    found |= 1 << word;
                }
            }
            Scored {
                score,
                words: score,
                covered: *covered,
                found,
                ..Scored::unmatched(DocAddress::new(segment, *doc))
            }
        })
    }
}

/// Returns whether a passage with a score of at most `bound` may reach `least`.
#[inline(always)]
pub(super) fn reaches(bound: f32, least: f32) -> bool {
    bound * SLACK >= least
}
