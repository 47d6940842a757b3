//! How sure it is that the corpus answers a question.
//!
//! In: signals of the search. Out: a number from 0 to 1. (placeholder until fitted)

/// What a search tells about whether its hits answer the question.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Signals {
    /// Best coverage among the passages that fit best by words, 0 to 1: see the module `retrieve`.
    pub coverage: f32,
    /// Distinct content words of the question.
    pub words: usize,
    /// Best similarity of all passages, -1 to 1, where meaning was looked at.
    pub similarity: Option<f32>,
}

impl Signals {
    /// 0 to 1.
    pub fn confidence(&self) -> f32 {
        self.coverage
    }
}
