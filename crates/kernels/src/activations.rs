//! Activations in the forms that the matmul kernels read, converted once for all matrices of a step.
//!
//! Positions are split into tiles of [`TILE`]; the last tile has the rest. Within a tile, 32 inputs of the first
//! position are followed by the same inputs of the next one. All addresses in a kernel's inner loop are then constant
//! distances apart. Quantization follows ggml's Q8_0: 8 bits for each input and one scale for 32 of them. The largest
//! becomes ±127. The scale is f32 here.

use super::path::Path;
use super::quantize::quantise;
use super::workers::{Split, Workers};
use super::{BLOCK, TILE};

/// The forms in which activations are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    bytes: bool,
    floats: bool,
}

impl Inputs {
    pub(super) const BYTES: Self = Self {
        bytes: true,
        floats: false,
    };
    pub(super) const FLOATS: Self = Self {
        bytes: false,
        floats: true,
    };

    /// What either wants.
    pub fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes || other.bytes,
            floats: self.floats || other.floats,
        }
    }
}

/// Activations of `count` positions. Each [`Activations::set`] reuses the memory.
#[derive(Debug, Default)]
pub struct Activations {
    count: usize,
    cols: usize,
    inputs: Option<Inputs>,
    /// By tile, block, position and input.
    values: Vec<i8>,
    /// By tile and block: the scale of each position, then scale times sum of the values of each.
    scales: Vec<f32>,
    /// By tile and block: the sum of the first sixteen values of each position, then the sum of the others of each.
    sums: Vec<i32>,
    /// By tile, input and position.
    floats: Vec<f32>,
}

/// The positions of one tile.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    pub(super) positions: usize,
    pub(super) values: &'a [i8],
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [i32],
    pub(super) floats: &'a [f32],
}

impl Activations {
    /// Returns activations that are not set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Converts the first `count * cols` numbers of `x`, position after position, to the forms of `inputs`. A block of
    /// 32 that contains an infinity or NaN makes all of its products NaN.
    ///
    /// # Panics
    /// Where `x` is shorter, or `cols` does not divide into blocks of 32 and the byte form is wanted.
    pub fn set(&mut self, x: &[f32], count: usize, cols: usize, inputs: Inputs, workers: &Workers) {
        self.set_on(Path::best(), x, count, cols, inputs, workers);
    }

    pub(super) fn set_on(
        &mut self,
        path: Path,
        x: &[f32],
        count: usize,
        cols: usize,
        inputs: Inputs,
        workers: &Workers,
    ) {
        let x = &x[..count * cols];
        assert!(
            !inputs.bytes || cols.is_multiple_of(BLOCK),
            "{cols} inputs are no blocks of {BLOCK}"
        );
        (self.count, self.cols, self.inputs) = (count, cols, Some(inputs));
        if inputs.bytes {
            self.values.resize(count * cols, 0);
            self.scales.resize(count * cols / BLOCK * 2, 0.0);
            self.sums.resize(count * cols / BLOCK * 2, 0);
        }
        if inputs.floats {
            self.floats.resize(count * cols, 0.0);
        }
        let values = Split::new(&mut self.values, TILE * cols);
        let scales = Split::new(&mut self.scales, TILE * cols / BLOCK * 2);
        let sums = Split::new(&mut self.sums, TILE * cols / BLOCK * 2);
        let floats = Split::new(&mut self.floats, TILE * cols);
        let tiles = count.div_ceil(TILE);
        let some = |range: std::ops::Range<usize>| {
            for tile in range {
                let x = &x[tile * TILE * cols..x.len().min((tile + 1) * TILE * cols)];
                if inputs.bytes {
                    // SAFETY: each tile is in one range only, so this is the only borrow of its pieces.
                    let (values, scales, sums) = unsafe { (values.piece(tile), scales.piece(tile), sums.piece(tile)) };
                    quantise(path, x, cols, values, scales, sums);
                }
                if inputs.floats {
                    // SAFETY: each tile is in one range only, so this is the only borrow of its piece of `floats`.
                    transpose(x, cols, unsafe { floats.piece(tile) });
                }
            }
        };
        if tiles < 2 {
            some(0..tiles);
        } else {
            workers.spread(tiles, some);
        }
    }

    /// Positions.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Inputs of a position.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Returns whether the activations are set in all forms of `inputs`.
    pub(super) fn has(&self, inputs: Inputs) -> bool {
        self.inputs.is_some_and(|has| has.and(inputs) == has)
    }

    pub(super) fn tile(&self, index: usize) -> Tile<'_> {
        let first = index * TILE;
        let positions = TILE.min(self.count - first);
        fn part<T>(of: &[T], first: usize, positions: usize, each: usize) -> &[T] {
            of.get(first * each..(first + positions) * each).unwrap_or_default()
        }
        let each = self.cols / BLOCK * 2;
        Tile {
            positions,
            values: part(&self.values, first, positions, self.cols),
            scales: part(&self.scales, first, positions, each),
            sums: part(&self.sums, first, positions, each),
            floats: part(&self.floats, first, positions, self.cols),
        }
    }
}

fn transpose(x: &[f32], cols: usize, out: &mut [f32]) {
    let positions = x.len() / cols;
    for (position, x) in x.chunks_exact(cols).enumerate() {
        for (x, out) in x.iter().zip(out.chunks_exact_mut(positions)) {
            out[position] = *x;
        }
    }
}
