//! Decides, before any model runs, whether the corpus touches a question at all.
//!
//! In: how confident the retriever is that its passages answer. Out: answer or abstain. Asking a small model to refuse
//! does not work (Sufficient Context, arXiv 2411.06037), so the signal is the retriever's.

/// The confidence to stop answering below: `retrieve::Signals::confidence` is scaled so that this is its operating
/// point, whatever the signals are that it was made of.
pub const MIN_CONFIDENCE: f32 = 0.5;

/// Whether `confidence` is too little to answer from, at a threshold of `minimum` (both 0..=1).
pub fn abstains(confidence: f32, minimum: f32) -> bool {
    // Not `confidence < minimum`: an undefined confidence must abstain too.
    !(confidence >= minimum && confidence > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_nothing_and_nonsense_abstain() {
        assert!(abstains(0.49, MIN_CONFIDENCE));
        assert!(abstains(0.0, 0.0));
        assert!(abstains(f32::NAN, 0.0));
        assert!(!abstains(0.5, MIN_CONFIDENCE));
        assert!(!abstains(1.0, MIN_CONFIDENCE));
    }
}
