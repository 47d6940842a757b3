//! Activations in the forms that the matmul kernels read, converted once for all matrices of a step.
//!
//! Positions are split into tiles of [`TILE`]; the last tile has the rest. Within a tile, 32 inputs of the first
//! position are followed by the same inputs of the next one. All addresses in a kernel's inner loop are then constant
//! distances apart. Quantization follows ggml's Q8_0: 8 bits for each input and one scale for 32 of them. The largest
//! becomes ±127. The scale is f32 here.

use super::path::Path;
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

fn quantise(path: Path, x: &[f32], cols: usize, values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
    match path {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every path comes from `Path::all`, which offers `Avx512` only if it has detected every feature that
        // `quantise_avx512` enables.
        Path::Avx512 => unsafe { quantise_avx512(x, cols, values, scales, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every path comes from `Path::all`, which offers these two paths only if it has detected AVX2 and FMA.
        Path::AvxVnni | Path::Avx2 => unsafe { quantise_avx2(x, cols, values, scales, sums) },
        // The compiler uses NEON for plain code on this architecture.
        #[cfg(target_arch = "aarch64")]
        Path::Neon => quantise_tile(x, cols, values, scales, sums, quantise_block),
        Path::Plain => quantise_tile(x, cols, values, scales, sums, quantise_block),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
fn quantise_avx512(x: &[f32], cols: usize, values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
    let block = |x: &[f32; BLOCK], out: &mut [i8; BLOCK]| super::avx512::quantise_block(x, out);
    quantise_tile(x, cols, values, scales, sums, block);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn quantise_avx2(x: &[f32], cols: usize, values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
    quantise_tile(x, cols, values, scales, sums, quantise_block);
}

/// Quantizes a tile. This is inlined into one function for each path. `quantise` returns the scale of a block and the
/// sums of its two halves.
#[inline(always)]
fn quantise_tile(
    x: &[f32],
    cols: usize,
    values: &mut [i8],
    scales: &mut [f32],
    sums: &mut [i32],
    quantise: impl Fn(&[f32; BLOCK], &mut [i8; BLOCK]) -> (f32, [i32; 2]),
) {
    let positions = x.len() / cols;
    let values = values.as_chunks_mut::<BLOCK>().0;
    for (position, x) in x.chunks_exact(cols).enumerate() {
        let values = values.chunks_exact_mut(positions);
        let scales = scales.chunks_exact_mut(2 * positions);
        let sums = sums.chunks_exact_mut(2 * positions);
        for (((x, values), scales), sums) in x.as_chunks::<BLOCK>().0.iter().zip(values).zip(scales).zip(sums) {
            let (scale, halves) = quantise(x, &mut values[position]);
            scales[position] = scale;
            scales[positions + position] = scale * (halves[0] + halves[1]) as f32;
            sums[position] = halves[0];
            sums[positions + position] = halves[1];
        }
    }
}

/// Returns the scale of a block and its inverse, or `None` if the largest magnitude is not finite.
#[inline(always)]
pub(super) fn scale_and_inverse(largest: f32) -> Option<(f32, f32)> {
    // A block of the tiniest numbers has no finite inverse, so all of it becomes 0.
    let inverse = 127.0 / largest;
    let inverse = if inverse.is_finite() { inverse } else { 0.0 };
    largest.is_finite().then_some((largest / 127.0, inverse))
}

/// Quantizes a block. Returns its scale and the sums of its two halves.
#[inline(always)]
fn quantise_block(x: &[f32; BLOCK], out: &mut [i8; BLOCK]) -> (f32, [i32; 2]) {
    // As integers, the magnitudes of floats have the same order, and NaN is above infinity.
    let largest = x.iter().fold(0, |most, x| most.max(x.to_bits() & 0x7fff_ffff));
    let Some((scale, inverse)) = scale_and_inverse(f32::from_bits(largest)) else {
        *out = [0; BLOCK];
        return (f32::NAN, [0, 0]);
    };
    // The last bit of a float of this size is worth 1. Adding it rounds to the nearest integer, ties to even, which is
    // then in the lowest byte.
    const ROUND: f32 = 12_582_912.0;
    let mut sums = [0, 0];
    for (half, sum) in sums.iter_mut().enumerate() {
        for i in 16 * half..16 * half + 16 {
            let value = (x[i] * inverse + ROUND).to_bits() as i8;
            out[i] = value;
            *sum += i32::from(value);
        }
    }
    (scale, sums)
}
