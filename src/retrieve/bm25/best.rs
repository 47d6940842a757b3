//! The best passages so far, of all threads.
//!
//! In: scored passages. Out: the best of them, and the score that a passage must have to be among them. It must not know
//! where scores come from.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::{Found, Scored};

/// How many are wanted, and what the worst of so many has, as far as is known.
pub(super) struct Best {
    most: usize,
    /// Bits of an f32 that is not negative: those are in the order of their numbers.
    least: AtomicU32,
}

impl Best {
    pub fn new(most: usize) -> Best {
        Best {
            most: most.max(1),
            least: AtomicU32::new(0),
        }
    }

    /// A passage with a lower score is not among the best. It only rises.
    pub fn least(&self) -> f32 {
        f32::from_bits(self.least.load(Relaxed))
    }

    /// Adds what may be among the best to `kept`, the list of one thread.
    pub fn keep(&self, kept: &mut Vec<Scored>, more: impl Iterator<Item = Scored>) {
        let least = self.least();
        kept.extend(more.filter(|one| one.score > 0.0 && one.score >= least));
        // Not each time: choosing takes as long as the list is.
        if kept.len() > self.most.saturating_add(self.most / 4) {
            let last = cut(kept, self.most);
            self.least.fetch_max(last.to_bits(), Relaxed);
        }
    }

    /// The best of what all threads kept.
    pub fn found(&self, kept: Vec<Vec<Scored>>) -> Found {
        let mut scored: Vec<Scored> = kept.into_iter().flatten().collect();
        let cut_off = scored.len() > self.most || self.least() > 0.0;
        let beyond = cut_off.then(|| cut(&mut scored, self.most));
        Found { scored, beyond }
    }
}

/// Keeps the `most` best and all that equal the last of them; returns what that has.
fn cut(scored: &mut Vec<Scored>, most: usize) -> f32 {
    let Some(last) = most.min(scored.len()).checked_sub(1) else {
        return 0.0;
    };
    let (_, one, _) = scored.select_nth_unstable_by(last, |a, b| b.score.total_cmp(&a.score));
    let least = one.score;
    scored.retain(|one| one.score >= least);
    least
}
