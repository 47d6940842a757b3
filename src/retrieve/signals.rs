//! What a search knows of a question as a whole.
//!
//! In: what was found. Out: plain values. It must not know what is concluded from them.

/// What a search found for a question, over all passages.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Signals {
    /// Best coverage among the passages that fit best by words, 0 to 1: see the module `retrieve`.
    pub coverage: f32,
    /// Distinct content words of the question.
    pub words: usize,
    /// Best similarity of all passages, -1 to 1, where meaning was looked at.
    pub similarity: Option<f32>,
}
