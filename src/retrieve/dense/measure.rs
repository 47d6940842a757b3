//! Measures how much accuracy the codes of vectors lose.
//!
//! This is for benchmarks; no search uses it.

use std::collections::HashSet;

use super::similarity::{coded, exact};
use super::{Dense, EXACT_ROWS, REFINED};

/// The share of the vectors nearest by exact products that a search by codes finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// Among the same number of nearest vectors by codes only.
    pub by_codes: f64,
    /// Among the vectors whose products are made exact before they are ordered, which is what a search does.
    pub refined: f64,
}

impl Dense {
    /// Returns the share of the `n` rows nearest to `asked` that a search by codes keeps.
    pub fn kept_by_codes(&self, asked: &[f32], n: usize) -> Kept {
        let best = |products: &[f32], n: usize| {
            let mut rows: Vec<usize> = (0..products.len()).collect();
            let n = n.min(rows.len());
            if n < rows.len() {
                rows.select_nth_unstable_by(n, |a, b| products[*b].total_cmp(&products[*a]));
            }
            rows.truncate(n);
            rows.into_iter().collect::<HashSet<usize>>()
        };
        let nearest = best(&exact(asked, &self.vectors), n);
        let codes = coded(asked, &self.vectors);
        let share = |found: HashSet<usize>| nearest.intersection(&found).count() as f64 / nearest.len().max(1) as f64;
        Kept {
            by_codes: share(best(&codes, n)),
            refined: share(best(&codes, n.max(REFINED))),
        }
    }

    /// Returns the number of vectors, and whether a search multiplies them by codes first.
    pub fn size(&self) -> (usize, bool) {
        (self.vectors.rows(), self.vectors.rows() > EXACT_ROWS)
    }
}
