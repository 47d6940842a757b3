//! The gated short convolution of LFM2 (technical report, 2025, section 3) over the rows of positions.
//!
//! A row has three parts: gate, outer gate and input.

use super::super::Workers;
use super::over_rows;
use crate::workers::Split;

/// What a convolution remembers: the last gated rows.
pub struct Memory {
    /// `keep` rows, and behind them those of the pass at hand.
    line: Vec<f32>,
    width: usize,
    /// Number of earlier positions that the kernel looks back on.
    back: usize,
    keep: usize,
    /// How many of the last kept rows are valid. Before the first position, all are: they are zero.
    known: usize,
}

/// Maximum number of positions that can be taken back: more than are ever drafted.
const TAKE_BACK: usize = 64;

impl Memory {
    /// Returns an empty memory for `width` channels and a kernel of `kernel` positions.
    pub fn new(width: usize, kernel: usize) -> Self {
        let back = kernel.saturating_sub(1);
        let keep = back + TAKE_BACK;
        Memory {
            line: vec![0.0; keep * width],
            width,
            back,
            keep,
            known: keep,
        }
    }

    /// Forgets all positions.
    pub fn clear(&mut self) {
        self.line.fill(0.0);
        self.known = self.keep;
    }

    /// Returns whether the last `positions` can be taken back.
    pub fn reaches(&self, positions: usize) -> bool {
        positions + self.back <= self.known
    }

    /// Takes the last `positions` back.
    pub fn take_back(&mut self, positions: usize) {
        debug_assert!(self.reaches(positions));
        let (kept, moved) = (self.keep * self.width, positions * self.width);
        self.line.copy_within(0..kept - moved, moved);
        self.known -= positions;
    }

    /// Convolves `rows` of `3 * width` numbers with `taps`, and writes `width` numbers for each row to `out`. `taps`
    /// has `kernel * width` weights, those of the oldest position first.
    pub fn convolve(&mut self, rows: &[f32], taps: &[f32], out: &mut [f32], workers: &Workers) {
        let (width, keep, back) = (self.width, self.keep, self.back);
        let count = rows.len() / (3 * width);
        self.line.resize((keep + count) * width, 0.0);
        let (_, fresh) = self.line.split_at_mut(keep * width);
        let shared = Split::new(fresh, 1);
        let gate = |index: usize| &rows[index * 3 * width..][..3 * width];
        over_rows(workers, count, |stretch| {
            for index in stretch {
                // SAFETY: `over_rows` gives each row to one thread, so this is the only borrow of this row of `shared`.
                let line = unsafe { shared.range(index * width, width) };
                let (inner, input) = (&gate(index)[..width], &gate(index)[2 * width..]);
                for ((to, a), b) in line.iter_mut().zip(inner).zip(input) {
                    *to = a * b;
                }
            }
        });
        let (line, out) = (&self.line, Split::new(out, 1));
        over_rows(workers, count, |stretch| {
            for index in stretch {
                // SAFETY: `over_rows` gives each row to one thread, so this is the only borrow of this row of `out`.
                let out = unsafe { out.range(index * width, width) };
                out.fill(0.0);
                for (tap, weights) in taps.chunks_exact(width).enumerate() {
                    let row = &line[(keep + index + tap - back) * width..][..width];
                    for ((out, x), weight) in out.iter_mut().zip(row).zip(weights) {
                        *out += x * weight;
                    }
                }
                for (out, outer) in out.iter_mut().zip(&gate(index)[width..2 * width]) {
                    *out *= outer;
                }
            }
        });
        self.line.copy_within(count * width.., 0);
        self.line.truncate(keep * width);
        self.known = keep.min(self.known + count);
    }
}
