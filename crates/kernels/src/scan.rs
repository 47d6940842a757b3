//! Dot products of one vector of bytes with very many others. They are integers and the same on every path.
//!
//! The instructions that multiply bytes take one side as unsigned. A signed byte with its top bit flipped is 128 more
//! and unsigned, so `Σ a·b = Σ a·(b + 128) - 128·Σ a`. Four such products are added in 32 bits without saturation. Each
//! row is read once and not kept, so the time is that of reading the rows from memory.

use super::path::Path;

/// Most numbers of a row: sums of that many products fit into 32 bits, flipped or not.
pub const MOST: usize = 1 << 16;

/// Computes `out[r] = Σ a[i] · rows[r][i]`. A row has as many signed bytes as `a` has numbers. If `rows` has fewer rows
/// than `out`, the rest of `out` stays as it is.
///
/// # Panics
/// Where `a` has more than [`MOST`] numbers.
pub fn products(a: &[i8], rows: &[u8], out: &mut [i32]) {
    products_on(Path::best(), a, rows, out);
}

fn products_on(path: Path, a: &[i8], rows: &[u8], out: &mut [i32]) {
    assert!(a.len() <= MOST, "{} numbers are too many for sums of 32 bits", a.len());
    if a.is_empty() {
        return;
    }
    match path {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every path comes from `Path::all`, which offers `Avx512` only if it has detected every feature that
        // this function enables.
        Path::Avx512 => unsafe { avx512(a, rows, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every path comes from `Path::all`, which offers these two paths only if it has detected AVX2, FMA and
        // F16C.
        Path::AvxVnni | Path::Avx2 => unsafe { avx2(a, rows, out) },
        // There is no kernel for Arm yet.
        #[cfg(target_arch = "aarch64")]
        Path::Neon => plain(a, rows, out),
        Path::Plain => plain(a, rows, out),
    }
}

#[inline(always)]
fn product(a: &[i8], row: &[u8]) -> i32 {
    let numbers = a.iter().zip(row);
    numbers.map(|(a, b)| i32::from(*a) * i32::from(b.cast_signed())).sum()
}

fn plain(a: &[i8], rows: &[u8], out: &mut [i32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(a.len())) {
        *out = product(a, row);
    }
}

/// The plain loop, compiled for 256-bit registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn avx2(a: &[i8], rows: &[u8], out: &mut [i32]) {
    let wide: Vec<i16> = a.iter().map(|a| i16::from(*a)).collect();
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(a.len())) {
        let numbers = wide.iter().zip(row);
        *out = numbers.map(|(a, b)| i32::from(*a) * i32::from(b.cast_signed())).sum();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn avx512(a: &[i8], rows: &[u8], out: &mut [i32]) {
    use std::arch::x86_64::{
        _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_reduce_add_epi32, _mm512_set1_epi8,
        _mm512_setzero_si512, _mm512_xor_si512,
    };
    const WIDE: usize = 64;
    let (chunks, tail) = a.as_chunks::<WIDE>();
    let lift = 128 * chunks.as_flattened().iter().map(|a| i32::from(*a)).sum::<i32>();
    let flip = _mm512_set1_epi8(i8::MIN);
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(a.len())) {
        let (row, row_tail) = row.as_chunks::<WIDE>();
        // Two sums, so that an addition does not wait for the one before.
        let mut sums = [_mm512_setzero_si512(); 2];
        for (at, (a, row)) in chunks.iter().zip(row).enumerate() {
            // SAFETY: `as_chunks` made arrays of 64 bytes, which is what each load reads. The loads need no alignment.
            let (a, row) = unsafe {
                (
                    _mm512_loadu_si512(a.as_ptr().cast()),
                    _mm512_loadu_si512(row.as_ptr().cast()),
                )
            };
            sums[at % 2] = _mm512_dpbusd_epi32(sums[at % 2], _mm512_xor_si512(row, flip), a);
        }
        let sum = _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]));
        *out = sum - lift + product(tail, row_tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_numbers_of_the_longest_row_do_not_overflow() {
        for (a, row) in [(i8::MIN, i8::MIN), (i8::MAX, i8::MIN), (i8::MIN, i8::MAX)] {
            for path in Path::all() {
                let mut out = [0];
                products_on(path, &vec![a; MOST], &vec![row.cast_unsigned(); MOST], &mut out);
                assert_eq!(
                    i64::from(out[0]),
                    i64::from(a) * i64::from(row) * MOST as i64,
                    "{path:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn products_are_the_same_on_every_path(
            a in proptest::collection::vec(any::<i8>(), 1..200), rows in proptest::collection::vec(any::<u8>(), 0..900)
        ) {
            let count = rows.len() / a.len();
            let expected: Vec<i32> = rows.chunks_exact(a.len()).map(|row| product(&a, row)).collect();
            for path in Path::all() {
                // One element more than there are rows.
                let mut out = vec![7; count + 1];
                products_on(path, &a, &rows, &mut out);
                prop_assert_eq!((&out[..count], out[count]), (&expected[..], 7));
            }
        }
    }
}
