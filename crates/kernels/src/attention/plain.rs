//! Attention to one page in plain Rust, which the compiler vectorizes: the path of machines without AVX-512, and the
//! reference for the AVX-512 path.

use super::page::{Element, LANES, PAGE};
use super::{Partial, Rows, exp2};

type Lanes = [f32; LANES];

/// Returns `a * b + c`, rounded once if the machine does that as fast.
#[inline(always)]
fn fused<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Computes the [`Partial`] of each row for one head of one page.
///
/// # Safety
/// `head` must point to a head of a page of `E`, with the shape that `rows` states. Each query must have `head_dim`
/// numbers, and each span must be within the page.
#[inline(always)]
pub(super) unsafe fn attend<E: Element, const FMA: bool>(rows: &Rows, head: *const E, partial: &mut Partial) {
    for row in 0..rows.len() {
        let (low, high) = rows.spans[row];
        partial.max[row] = f32::NEG_INFINITY;
        partial.sum[row] = 0.0;
        let out = &mut partial.values[row * rows.padded..][..rows.padded];
        out.fill(0.0);
        if low >= high {
            continue;
        }
        // SAFETY: the caller guarantees `head_dim` numbers for each query.
        let query = unsafe { std::slice::from_raw_parts(rows.queries[row], rows.head_dim) };
        let mut scores = [f32::NEG_INFINITY; PAGE];
        for block in low / LANES..high.div_ceil(LANES) {
            // SAFETY: `high` is at most `PAGE`, so `block` is below `PAGE / LANES`. Each block of the head that the
            // caller guarantees has `LANES * head_dim` numbers.
            let keys =
                unsafe { std::slice::from_raw_parts(head.add(block * LANES * rows.head_dim), LANES * rows.head_dim) };
            let mut sum: Lanes = [0.0; LANES];
            for (component, keys) in query.iter().zip(keys.chunks_exact(LANES)) {
                for lane in 0..LANES {
                    sum[lane] = fused::<FMA>(*component, keys[lane].get(), sum[lane]);
                }
            }
            scores[block * LANES..][..LANES].copy_from_slice(&sum);
        }
        scores[..low].fill(f32::NEG_INFINITY);
        scores[high..].fill(f32::NEG_INFINITY);
        let max = scores
            .iter()
            .fold(f32::NEG_INFINITY, |max, &score| if score > max { score } else { max });
        partial.max[row] = max;
        let mut sums: Lanes = [0.0; LANES];
        for block in scores.chunks_exact_mut(LANES) {
            for lane in 0..LANES {
                block[lane] = exp2(block[lane] - max);
                sums[lane] += block[lane];
            }
        }
        partial.sum[row] = sums.iter().sum();
        // SAFETY: in the head that the caller guarantees, `PAGE` rows of `padded` values follow the `PAGE * head_dim`
        // keys.
        let values = unsafe { std::slice::from_raw_parts(head.add(PAGE * rows.head_dim), PAGE * rows.padded) };
        for (weight, value) in scores.iter().zip(values.chunks_exact(rows.padded)).take(high).skip(low) {
            for (out, value) in out.chunks_exact_mut(LANES).zip(value.chunks_exact(LANES)) {
                for lane in 0..LANES {
                    out[lane] = fused::<FMA>(*weight, value[lane].get(), out[lane]);
                }
            }
        }
    }
}
