//! Keeps the best passages found so far by all threads.
//!
//! It also gives the score that a passage needs to be among them.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::{Found, Scored};

/// How many passages are wanted, and the known lower bound of the score of the worst of them.
pub(super) struct Best {
    most: usize,
    /// Bits of a non-negative f32. As integers, such bits sort in the same order as the numbers.
    least: AtomicU32,
}

impl Best {
    pub fn new(most: usize) -> Best {
        Best {
            most: most.max(1),
            least: AtomicU32::new(0),
        }
    }

    /// Returns the score below which a passage is not among the best. This score only rises.
    pub fn least(&self) -> f32 {
        f32::from_bits(self.least.load(Relaxed))
    }

    /// Adds passages that may be among the best to `kept`, the list of one thread.
    pub fn keep(&self, kept: &mut Vec<Scored>, more: impl Iterator<Item = Scored>) {
        let least = self.least();
        kept.extend(more.filter(|one| one.score > 0.0 && one.score >= least));
        // Not on every call, because selection takes time proportional to the length of the list.
        if kept.len() > self.most.saturating_add(self.most / 4) {
            let last = cut(kept, self.most);
            self.least.fetch_max(last.to_bits(), Relaxed);
        }
    }

    /// Returns the best of what all threads kept.
    pub fn found(&self, kept: Vec<Vec<Scored>>) -> Found {
        let mut scored: Vec<Scored> = kept.into_iter().flatten().collect();
        let cut_off = scored.len() > self.most || self.least() > 0.0;
        let beyond = cut_off.then(|| cut(&mut scored, self.most));
        Found { scored, beyond }
    }
}

/// Keeps the `most` best and all that equal the last of them, and returns the score of that last one.
fn cut(scored: &mut Vec<Scored>, most: usize) -> f32 {
    let Some(last) = most.min(scored.len()).checked_sub(1) else {
        return 0.0;
    };
    let (_, one, _) = scored.select_nth_unstable_by(last, |a, b| b.score.total_cmp(&a.score));
    let least = one.score;
    scored.retain(|one| one.score >= least);
    least
}
