//! Numbers packed as ggml's quantized blocks.
//!
//! In: 32 numbers. Out: the bytes of one block. It must not use the code under test.

/// The least power of two that is no less than `x`, and its bits in half precision. Powers of two make exact scales.
fn power_of_two(x: f32) -> (f32, u16) {
    let exponent = (-14..=15).find(|&e| 2f32.powi(e) >= x).unwrap_or(15);
    (2f32.powi(exponent), ((exponent + 15) as u16) << 10)
}

fn greatest(values: &[f32]) -> f32 {
    values.iter().fold(0f32, |m, v| m.max(v.abs()))
}

/// 32 numbers as a block of ggml's `Q8_0`: a half-precision scale, then signed bytes.
pub fn q8_0(values: &[f32]) -> Vec<u8> {
    let (scale, bits) = power_of_two(greatest(values) / 127.0);
    let mut out = bits.to_le_bytes().to_vec();
    out.extend(
        values
            .iter()
            .map(|v| (v / scale).round().clamp(-127.0, 127.0) as i8 as u8),
    );
    out
}

/// 32 numbers as a block of ggml's `Q4_0`: a half-precision scale, then two numbers a byte, 8 meaning zero.
pub fn q4_0(values: &[f32]) -> Vec<u8> {
    let (scale, bits) = power_of_two(greatest(values) / 7.0);
    let level = |v: f32| (v / scale + 8.5).clamp(0.0, 15.0) as u8;
    let mut out = bits.to_le_bytes().to_vec();
    out.extend((0..16).map(|i| level(values[i]) | (level(values[i + 16]) << 4)));
    out
}
