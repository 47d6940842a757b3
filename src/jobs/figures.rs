//! What a service answers from, for other threads to see.

use std::sync::{Arc, Mutex, PoisonError};

/// Figures of the corpus. Times are in seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CorpusFigures {
    pub editions: usize,
    pub passages: usize,
    /// Date of the newest edition that has a date.
    pub newest: Option<i64>,
    /// When the index last changed.
    pub indexed_at: Option<i64>,
}

/// The figures as the last question saw them. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Figures(Arc<Mutex<CorpusFigures>>);

impl Figures {
    pub fn set(&self, figures: CorpusFigures) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = figures;
    }

    pub fn get(&self) -> CorpusFigures {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
