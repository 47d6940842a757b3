//! Decides, before any model runs, whether the corpus touches a question at all.
//!
//! In: how much of the question the best passage covers. Out: answer or abstain. Asking a small model to refuse does
//! not work (Sufficient Context, arXiv 2411.06037), so the signal is the retriever's.

/// Share of the question's weight that the best passage must cover, see `retrieve` for its definition.
///
/// Below one half, most of what the question is about occurs nowhere in the passage.
pub const MIN_COVERAGE: f32 = 0.5;

/// Whether a best coverage of `coverage` is too little to answer from, at a threshold of `minimum` (both 0..=1).
pub fn abstains(coverage: f32, minimum: f32) -> bool {
    // Not `coverage < minimum`: an undefined coverage must abstain too.
    !(coverage >= minimum && coverage > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_nothing_and_nonsense_abstain() {
        assert!(abstains(0.49, MIN_COVERAGE));
        assert!(abstains(0.0, 0.0));
        assert!(abstains(f32::NAN, 0.0));
        assert!(!abstains(0.5, MIN_COVERAGE));
        assert!(!abstains(1.0, MIN_COVERAGE));
    }
}
