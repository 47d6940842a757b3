//! The dot product: all that an exact search does.
//!
//! In: a vector, and another one as the bytes it is stored as. Out: their product. It must not know what they mean.

/// Sums that run side by side: enough for the compiler to fill vector registers of any width.
const LANES: usize = 16;

/// `Σ a[i] · b[i]`, where `b` is little-endian f32; of the shorter length. The order of adding is fixed, so the same
/// vectors give the same bits on every machine.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
