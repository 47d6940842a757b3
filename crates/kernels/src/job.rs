//! The unit of work of a matmul kernel, which all paths share.

use std::ops::Range;

use super::PANEL;
use super::activations::Activations;
use super::matrix::Matrix;
use super::workers::Split;

/// Work for one call of a kernel: some panels of a matrix times some tiles of positions.
pub(super) struct Job<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) x: &'a Activations,
    pub(super) panels: Range<usize>,
    pub(super) tiles: Range<usize>,
    pub(super) out: &'a Split<'a, f32>,
    /// Index of the first row's products in `out`, and the distance to those of the next position.
    pub(super) first: usize,
    pub(super) stride: usize,
}

impl Job<'_> {
    /// Returns the place for the products of `rows` rows of a panel with a position.
    ///
    /// # Safety
    /// No other borrow of the same panel's products with the same position may exist, on any thread.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that no two borrows overlap")]
    #[inline(always)]
    pub(super) unsafe fn out(&self, position: usize, panel: usize, rows: usize) -> &mut [f32] {
        // SAFETY: the caller has the only borrow of this panel and position. Those of other panels, matrices and
        // positions are different elements: `first` and `stride` put the rows of all matrices side by side for each
        // position.
        unsafe {
            self.out
                .range(position * self.stride + self.first + panel * PANEL, rows)
        }
    }
}
