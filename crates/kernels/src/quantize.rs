//! Quantizes activations to 8 bits: one scale for 32 inputs, as ggml's Q8_0.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::BLOCK;
use super::path::Path;

/// Quantizes the positions of a tile. `values`, `scales` and `sums` get the layout of `activations::Tile`.
pub(super) fn quantise(path: Path, x: &[f32], cols: usize, values: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
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
    let block = |x: &[f32; BLOCK], out: &mut [i8; BLOCK]| quantise_block_avx512(x, out);
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
fn scale_and_inverse(largest: f32) -> Option<(f32, f32)> {
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

/// Quantizes a block of activations as `quantise_block` does, with AVX-512. Returns its scale and the sums of its two
/// halves.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
#[inline]
fn quantise_block_avx512(x: &[f32; BLOCK], out: &mut [i8; BLOCK]) -> (f32, [i32; 2]) {
    // SAFETY: `x` has 32 numbers, which are read as two times sixteen, and `out` has the 32 bytes that are written. No
    // load or store needs alignment.
    unsafe {
        let x = [_mm512_loadu_ps(x.as_ptr()), _mm512_loadu_ps(x.as_ptr().add(16))];
        // As integers, the magnitudes of floats have the same order, and NaN is above infinity.
        let magnitude = |x| _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(i32::MAX));
        let largest = _mm512_reduce_max_epu32(_mm512_max_epu32(magnitude(x[0]), magnitude(x[1])));
        let Some((scale, inverse)) = scale_and_inverse(f32::from_bits(largest)) else {
            *out = [0; BLOCK];
            return (f32::NAN, [0, 0]);
        };
        let whole = |x| _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(inverse))));
        let values = _mm256_set_m128i(whole(x[1]), whole(x[0]));
        _mm256_storeu_si256(out.as_mut_ptr().cast(), values);
        let fours = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(1), values);
        let pairs = _mm256_hadd_epi32(fours, fours);
        let halves = _mm256_hadd_epi32(pairs, pairs);
        (
            scale,
            [_mm256_extract_epi32::<0>(halves), _mm256_extract_epi32::<4>(halves)],
        )
    }
}
