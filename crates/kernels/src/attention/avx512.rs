//! Attention to one page with AVX-512: computes the [`Partial`] of up to [`ROWS`] rows of queries for one head.
//!
//! Six rows by 64 keys, then six rows by 64 components, are held in 24 registers. A key or value is loaded (and
//! widened) once for all six. Each row's numbers are computed in the same order whatever the other rows are, so a
//! position's result does not depend on how many are computed together.

use std::arch::x86_64::*;

use super::page::{Element, Half, LANES, PAGE};
use super::{Partial, ROWS, Rows};

/// A number format with a way to load 16 numbers as f32.
pub(super) trait Load: Element {
    /// # Safety
    /// `at` must point to 16 numbers that can be read, and the processor must have AVX-512F.
    unsafe fn load(at: *const Self) -> __m512;
}

impl Load for Half {
    // SAFETY: the conditions are those of `Load::load`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load(at: *const Self) -> __m512 {
        // SAFETY: the caller guarantees 16 half-precision numbers, which are 32 bytes. The load needs no alignment.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(at.cast())) }
    }
}

impl Load for f32 {
    // SAFETY: the conditions are those of `Load::load`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load(at: *const Self) -> __m512 {
        // SAFETY: the caller guarantees 16 f32, which are 64 bytes. The load needs no alignment.
        unsafe { _mm512_loadu_ps(at) }
    }
}

/// Keys in a register tile.
const TILE: usize = 4 * LANES;

/// Computes the [`Partial`] of each row for one head of one page.
///
/// # Safety
/// The processor must have AVX-512F. `head` must point to a head of a page of `E`, with the shape that `rows` states.
/// Each query must have `head_dim` numbers, and each span must be within the page.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn attend<E: Load>(rows: &Rows, head: *const E, partial: &mut Partial) {
    // SAFETY: the conditions of `attend_rows` are those of this function, and `R` is the number of rows in each arm:
    // there are 1 to `ROWS`.
    unsafe {
        match rows.len() {
            1 => attend_rows::<E, 1>(rows, head, partial),
            2 => attend_rows::<E, 2>(rows, head, partial),
            3 => attend_rows::<E, 3>(rows, head, partial),
            4 => attend_rows::<E, 4>(rows, head, partial),
            5 => attend_rows::<E, 5>(rows, head, partial),
            _ => attend_rows::<E, ROWS>(rows, head, partial),
        }
    }
}

/// # Safety
/// The same as [`attend`], with `R` rows.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn attend_rows<E: Load, const R: usize>(rows: &Rows, head: *const E, partial: &mut Partial) {
    let low = rows.spans[..R].iter().map(|span| span.0).min().unwrap_or(0);
    let high = rows.spans[..R].iter().map(|span| span.1).max().unwrap_or(0);
    let mut weights = [[0f32; PAGE]; R];
    assert!(high <= PAGE && partial.values.len() >= R * rows.padded && rows.queries.len() >= R);
    let (from, to) = (low / TILE * TILE, high.next_multiple_of(TILE));
    // SAFETY: the assert limits `high` to `PAGE`, a multiple of `TILE`, so `to` is at most `PAGE`. It also gives
    // `partial.values` room for `padded` numbers of each row. The caller guarantees `head` and the queries.
    unsafe {
        for key in (from..to).step_by(TILE) {
            score::<E, R>(rows, head.add(key * rows.head_dim), key, &mut weights);
        }
        for row in 0..R {
            (partial.max[row], partial.sum[row]) = soften(&mut weights[row], rows.spans[row], from, to);
        }
        let values = head.add(PAGE * rows.head_dim);
        let out = partial.values.as_mut_ptr();
        for at in (0..rows.padded).step_by(4 * LANES) {
            match (rows.padded - at) / LANES {
                1 => weigh::<E, R, 1>(rows, &weights, values, (low, high), at, out),
                2 => weigh::<E, R, 2>(rows, &weights, values, (low, high), at, out),
                3 => weigh::<E, R, 3>(rows, &weights, values, (low, high), at, out),
                _ => weigh::<E, R, 4>(rows, &weights, values, (low, high), at, out),
            }
        }
    }
}

/// Computes the dot products of `R` queries with the 64 keys at `keys`, which are those from `key` on in the page.
///
/// # Safety
/// The same as [`attend`]. `keys` must point to the first of four blocks of the head, and `key` must be a multiple of
/// `TILE` below `PAGE`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn score<E: Load, const R: usize>(rows: &Rows, keys: *const E, key: usize, out: &mut [[f32; PAGE]; R]) {
    let block = rows.head_dim * LANES;
    let mut sums = [[_mm512_setzero_ps(); 4]; R];
    // SAFETY: `keys` has four blocks of `head_dim` vectors each, and each query has `head_dim` numbers. The four stores
    // of 16 numbers end at `key + TILE`, which is at most `PAGE`, the length of each row of `out`.
    unsafe {
        for component in 0..rows.head_dim {
            let at = keys.add(component * LANES);
            let k = [
                E::load(at),
                E::load(at.add(block)),
                E::load(at.add(2 * block)),
                E::load(at.add(3 * block)),
            ];
            for row in 0..R {
                let q = _mm512_set1_ps(*rows.queries[row].add(component));
                for (sum, k) in sums[row].iter_mut().zip(k) {
                    *sum = _mm512_fmadd_ps(q, k, *sum);
                }
            }
        }
        for row in 0..R {
            for (part, sum) in sums[row].iter().enumerate() {
                _mm512_storeu_ps(out[row][key + part * LANES..].as_mut_ptr(), *sum);
            }
        }
    }
}

/// Turns the scores from `from` to `to` into weights: 2 to the power of their difference from the largest score, or 0
/// outside the span. Returns the largest score and the sum of the weights.
#[inline]
#[target_feature(enable = "avx512f")]
fn soften(scores: &mut [f32; PAGE], (low, high): (usize, usize), from: usize, to: usize) -> (f32, f32) {
    if low >= high {
        scores.fill(0.0);
        return (f32::NEG_INFINITY, 0.0);
    }
    let hidden = _mm512_set1_ps(f32::NEG_INFINITY);
    let below = |limit: usize, at: usize| ((1u32 << limit.saturating_sub(at).min(LANES)) - 1) as u16;
    let seen = |at: usize| below(high, at) & !below(low, at);
    let mut max = hidden;
    // SAFETY: the slice has 16 numbers, because slicing checks the bounds.
    let load = |scores: &[f32; PAGE], at: usize| unsafe { _mm512_loadu_ps(scores[at..at + LANES].as_ptr()) };
    for at in (from..to).step_by(LANES) {
        max = _mm512_max_ps(max, _mm512_mask_mov_ps(hidden, seen(at), load(scores, at)));
    }
    let max = _mm512_reduce_max_ps(max);
    let (top, mut sum) = (_mm512_set1_ps(max), _mm512_setzero_ps());
    for at in (from..to).step_by(LANES) {
        let weight = exp2(_mm512_sub_ps(load(scores, at), top));
        let weight = _mm512_maskz_mov_ps(seen(at), weight);
        sum = _mm512_add_ps(sum, weight);
        // SAFETY: the slice has the 16 numbers that are written, because slicing checks the bounds.
        unsafe { _mm512_storeu_ps(scores[at..at + LANES].as_mut_ptr(), weight) };
    }
    (max, _mm512_reduce_add_ps(sum))
}

/// Same as [`super::exp2`], for 16 numbers.
#[inline]
#[target_feature(enable = "avx512f")]
fn exp2(x: __m512) -> __m512 {
    let whole = _mm512_roundscale_ps::<0>(x);
    let rest = _mm512_sub_ps(x, whole);
    let mut sum = _mm512_set1_ps(super::EXP2[0]);
    for factor in &super::EXP2[1..] {
        sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(*factor));
    }
    _mm512_scalef_ps(sum, whole)
}

/// Sums values by weight, for `R` rows and `D` vectors of components from `at` on.
///
/// # Safety
/// The same as [`attend`]. `values` must point to the head's values, and `out` must have `padded` numbers for each row.
/// `high` must be at most `PAGE`, and `at + D * LANES` at most `padded`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn weigh<E: Load, const R: usize, const D: usize>(
    rows: &Rows,
    weights: &[[f32; PAGE]; R],
    values: *const E,
    (low, high): (usize, usize),
    at: usize,
    out: *mut f32,
) {
    let mut sums = [[_mm512_setzero_ps(); D]; R];
    // SAFETY: `key` is below `high`, and so below `PAGE`, the length of each row of weights. The caller guarantees
    // `padded` numbers for each key and for each row of `out`, and that `at + D * LANES` is at most `padded`.
    unsafe {
        for key in low..high {
            let value = values.add(key * rows.padded + at);
            let mut v = [_mm512_setzero_ps(); D];
            for (part, v) in v.iter_mut().enumerate() {
                *v = E::load(value.add(part * LANES));
            }
            for row in 0..R {
                let weight = _mm512_set1_ps(*weights[row].as_ptr().add(key));
                for (sum, v) in sums[row].iter_mut().zip(v) {
                    *sum = _mm512_fmadd_ps(weight, v, *sum);
                }
            }
        }
        for row in 0..R {
            for (part, sum) in sums[row].iter().enumerate() {
                _mm512_storeu_ps(out.add(row * rows.padded + at + part * LANES), *sum);
            }
        }
    }
}
