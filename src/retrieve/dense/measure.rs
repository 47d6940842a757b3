//! How much the codes of vectors give away, for whoever measures it.
//!
//! In: the vectors of an index and one to ask with. Out: shares. No search comes this way.

use std::collections::HashSet;

use super::similarity::{coded, exact};
use super::{Dense, EXACT_ROWS, REFINED};

/// Of the vectors that are nearest by exact products, those that codes find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// Among as many of the nearest by codes alone.
    pub by_codes: f64,
    /// Among those whose products are made exact before they are put in order, which is what a search does.
    pub refined: f64,
}

impl Dense {
    /// What of the `n` rows nearest to `asked` a search by codes keeps.
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

    /// How many vectors there are, and whether a search multiplies them by codes first.
    pub fn size(&self) -> (usize, bool) {
        (self.vectors.rows(), self.vectors.rows() > EXACT_ROWS)
    }
}
