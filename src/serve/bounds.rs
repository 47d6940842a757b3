//! Bounds what each token may ask: questions at a time, and questions a minute.
//!
//! The rate is a token bucket. It holds as many questions as are allowed a minute, and fills evenly. Callers pass the
//! time, so tests do not wait.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The bounds that hold for each token. `None` is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerToken {
    /// Most questions that wait or run.
    pub questions: Option<usize>,
    /// Most questions a minute.
    pub rate: Option<NonZeroU32>,
}

/// Why a question is not accepted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMany {
    /// As many questions wait or run as may.
    AtOnce,
    /// The rate is used up for this many seconds.
    Rate { seconds: u64 },
}

/// What one token has used.
#[derive(Debug, Clone, Copy)]
struct Used {
    inside: usize,
    /// How many questions the bucket allows now.
    left: f64,
    seen: Instant,
}

struct Shared {
    per_token: PerToken,
    used: Mutex<Vec<Used>>,
}

impl Shared {
    fn used(&self) -> MutexGuard<'_, Vec<Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the questions of each token.
pub struct Bounds(Arc<Shared>);

/// A question that was accepted. Dropping it frees its place.
pub struct Pass {
    shared: Arc<Shared>,
    token: usize,
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(used) = self.shared.used().get_mut(self.token) {
            used.inside = used.inside.saturating_sub(1);
        }
    }
}

impl Bounds {
    /// Creates full buckets for `tokens` tokens, which are numbered from 0.
    pub fn new(tokens: usize, per_token: PerToken, now: Instant) -> Bounds {
        let full = Used {
            inside: 0,
            left: per_token.rate.map_or(0.0, |rate| f64::from(rate.get())),
            seen: now,
        };
        Bounds(Arc::new(Shared {
            per_token,
            used: Mutex::new(vec![full; tokens]),
        }))
    }

    /// Accepts a question of a token.
    ///
    /// # Errors
    /// [`TooMany`] if a bound is reached. Nothing is counted then.
    pub fn admit(&self, token: usize, now: Instant) -> Result<Pass, TooMany> {
        let PerToken { questions, rate } = self.0.per_token;
        let mut all = self.0.used();
        let Some(used) = all.get_mut(token) else {
            return Err(TooMany::AtOnce);
        };
        if questions.is_some_and(|most| used.inside >= most) {
            return Err(TooMany::AtOnce);
        }
        if let Some(rate) = rate {
            let rate = f64::from(rate.get());
            let elapsed = now.saturating_duration_since(used.seen).as_secs_f64();
            used.left = (used.left + elapsed * rate / 60.0).min(rate);
            used.seen = used.seen.max(now);
            // A sum of fractions may be a little below the whole number that it stands for.
            if used.left < 1.0 - 1e-9 {
                let seconds = ((1.0 - used.left) * 60.0 / rate).ceil() as u64;
                return Err(TooMany::Rate {
                    seconds: seconds.max(1),
                });
            }
            used.left = (used.left - 1.0).max(0.0);
        }
        used.inside += 1;
        Ok(Pass {
            shared: Arc::clone(&self.0),
            token,
        })
    }

    /// Gives the token back a question that the queue then rejected.
    pub fn refund(&self, token: usize) {
        if let Some(used) = self.0.used().get_mut(token) {
            used.left += 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn bounds(questions: usize, rate: u32) -> (Bounds, Instant) {
        let start = Instant::now();
        let per_token = PerToken {
            questions: (questions > 0).then_some(questions),
            rate: NonZeroU32::new(rate),
        };
        (Bounds::new(2, per_token, start), start)
    }

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_token_has_so_many_questions_at_a_time_and_another_has_its_own() {
        let (bounds, now) = bounds(2, 0);
        let first = bounds.admit(0, now).ok().unwrap();
        let _second = bounds.admit(0, now).ok().unwrap();
        assert_eq!(bounds.admit(0, now).err(), Some(TooMany::AtOnce));
        assert!(bounds.admit(1, now).is_ok());
        drop(first);
        assert!(bounds.admit(0, now).is_ok());
        assert_eq!(bounds.admit(9, now).err(), Some(TooMany::AtOnce));
    }

    #[test]
    fn a_rate_allows_so_many_at_once_and_then_one_after_another() {
        let (bounds, start) = bounds(0, 6);
        for _ in 0..6 {
            assert!(bounds.admit(0, start).is_ok());
        }
        assert_eq!(bounds.admit(0, start).err(), Some(TooMany::Rate { seconds: 10 }));
        assert!(bounds.admit(1, start).is_ok(), "another token has its own rate");
        assert_eq!(
            bounds.admit(0, after(start, 4.0)).err(),
            Some(TooMany::Rate { seconds: 6 })
        );
        assert!(bounds.admit(0, after(start, 10.0)).is_ok());
        assert!(bounds.admit(0, after(start, 10.0)).is_err());
        // However long the pause, the bucket does not overflow.
        for _ in 0..6 {
            assert!(bounds.admit(0, after(start, 1e6)).is_ok());
        }
        assert!(bounds.admit(0, after(start, 1e6)).is_err());
    }

    #[test]
    fn what_was_refused_or_given_back_does_not_count_against_the_rate() {
        let (bounds, start) = bounds(1, 2);
        let pass = bounds.admit(0, start).ok().unwrap();
        for _ in 0..9 {
            assert_eq!(bounds.admit(0, start).err(), Some(TooMany::AtOnce));
        }
        drop(pass);
        drop(bounds.admit(0, start).ok().unwrap());
        bounds.refund(0);
        assert!(bounds.admit(0, start).is_ok());
        assert_eq!(bounds.admit(0, start).err(), Some(TooMany::Rate { seconds: 30 }));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let (bounds, start) = bounds(0, 1);
        assert!(bounds.admit(0, after(start, 100.0)).is_ok());
        assert_eq!(bounds.admit(0, start).err(), Some(TooMany::Rate { seconds: 60 }));
    }
}
