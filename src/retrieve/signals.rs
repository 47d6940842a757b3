//! Defines what a search knows about a question as a whole.
//!
//! These are plain values. Other modules draw conclusions from them.

/// What a search found for a question, over all passages.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Signals {
    /// Best coverage among the best passages by words, 0 to 1; see the module `retrieve`.
    pub coverage: f32,
    /// Number of distinct content words of the question.
    pub words: usize,
    /// Best similarity of all passages, -1 to 1, if meaning was searched.
    pub similarity: Option<f32>,
}
