//! Computes dot products of one vector with many stored ones.
//!
//! A small number of vectors is multiplied exactly. Of a very large number, the codes are multiplied (one byte per
//! number, see `index::vectors`). Codes are a quarter of the data to read, and reading takes most of the time. Their
//! products are off by less than 0.01, so the best vectors are multiplied again exactly.

use askpm_kernels::scan;
use rayon::prelude::*;

use crate::index::vectors::{Vectors, quantise};

/// Number of independent sums: enough for the compiler to fill vector registers of any width.
const LANES: usize = 16;

/// Number of rows that one thread takes at a time.
const CHUNK: usize = 4_096;

/// Returns `Σ a[i] · b[i]` over the shorter length, where `b` is little-endian f32. The order of addition is fixed, so
/// the same vectors give the same bits on every machine.
pub(super) fn dot(a: &[f32], b: &[u8]) -> f32 {
    let mut sums = [0f32; LANES];
    let (wide, rest) = a.as_chunks::<LANES>();
    let (numbers, _) = b.as_chunks::<4>();
    let (wide_b, rest_b) = numbers.as_chunks::<LANES>();
    for (a, b) in wide.iter().zip(wide_b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * f32::from_le_bytes(b[lane]);
        }
    }
    let tail: f32 = rest.iter().zip(rest_b).map(|(a, b)| a * f32::from_le_bytes(*b)).sum();
    sums.iter().sum::<f32>() + tail
}

/// Returns the greatest product of `asked` with one of `rows`, or `None` if there are none.
pub(super) fn nearest(asked: &[f32], rows: &[u8]) -> Option<f32> {
    let rows = rows.chunks_exact(4 * asked.len().max(1));
    rows.map(|row| dot(asked, row)).reduce(f32::max)
}

/// Returns the exact product of `asked` with every row.
pub(super) fn exact(asked: &[f32], vectors: &Vectors) -> Vec<f32> {
    let width = 4 * asked.len().max(1);
    let rows = vectors.vectors(0..vectors.rows()).chunks_exact(width);
    rows.map(|row| dot(asked, row)).collect()
}

/// Returns the product of `asked` with every row, computed from their codes on all cores.
pub(super) fn coded(asked: &[f32], vectors: &Vectors) -> Vec<f32> {
    let (scale, codes) = quantise(asked.iter().copied());
    let mut out = vec![0.0; vectors.rows()];
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let rows = chunk * CHUNK..chunk * CHUNK + out.len();
        let mut products = [0; CHUNK];
        scan::products(&codes, vectors.codes(rows.clone()), &mut products);
        for ((out, product), row) in out.iter_mut().zip(products).zip(vectors.scales(rows)) {
            *out = product as f32 * row * scale;
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_the_sum_of_products_at_any_length() {
        for length in [0, 1, 15, 16, 17, 384, 400] {
            let a: Vec<f32> = (0..length).map(|i| (i % 7) as f32 - 3.0).collect();
            let b: Vec<f32> = (0..length).map(|i| (i % 5) as f32 - 1.0).collect();
            let bytes: Vec<u8> = b.iter().flat_map(|x| x.to_le_bytes()).collect();
            let plain: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&a, &bytes), plain, "{length}");
        }
    }

    proptest! {
        #[test]
        fn codes_stand_for_numbers_to_within_half_a_step(vector in proptest::collection::vec(-1.0f32..1.0, 1..64)) {
            let (scale, codes) = quantise(vector.iter().copied());
            for (x, code) in vector.iter().zip(codes) {
                prop_assert!((f32::from(code) * scale - x).abs() <= 0.501 * scale + 1e-9);
            }
        }
    }
}
