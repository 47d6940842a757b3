//! One panel of a packed matrix, and what plain Rust reads from it.

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};

use super::PANEL;
use super::packing::{Packing, Scales};

/// Sixteen rows of a matrix, as the kernels read them.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) values: &'a [u8],
    pub(super) scales: &'a [u8],
}

/// Scales of sixteen rows: one for each half of a block, and the minimum, which is multiplied with the sum of the
/// activations.
pub(super) struct BlockScales {
    pub(super) scale: [[f32; PANEL]; 2],
    pub(super) minimum: [f32; PANEL],
}

/// Unpacks block `block` of a panel: eight groups of four inputs of sixteen rows.
pub(super) fn unpack<K: Packing>(values: &[u8], block: usize) -> [[u8; 4 * PANEL]; 8] {
    let values = &values[block * K::BYTES..][..K::BYTES];
    let mut out = [[0; 4 * PANEL]; 8];
    for (g, group) in out.iter_mut().enumerate() {
        for (i, out) in group.iter_mut().enumerate() {
            if K::BITS == 8 {
                *out = values[64 * g + i];
                continue;
            }
            *out = values[64 * (g % 4) + i] >> (4 * (g / 4)) & 15;
            *out |= match K::BITS {
                5 => (values[256 + 8 * g + i / 8] >> (i % 8) & 1) << 4,
                6 => (values[256 + 64 * (g / 4) + i] >> (2 * (g % 4)) & 3) << 4,
                _ => 0,
            };
        }
    }
    out
}

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_bits(u16::from_le_bytes([bytes[at], bytes[at + 1]])).to_f32()
}

/// Returns the scales of block `block` of a panel.
pub(super) fn scales<K: Packing>(scales: &[u8], block: usize) -> BlockScales {
    let (bytes, blocks) = K::SCALES.group();
    let group = &scales[block / blocks * bytes..][..bytes];
    let part = block % blocks;
    let first = |row: usize| half_at(group, 2 * row);
    let second = |row: usize| half_at(group, 2 * PANEL + 2 * row);
    let both = |scale: [f32; PANEL], minimum| BlockScales {
        scale: [scale, scale],
        minimum,
    };
    match K::SCALES {
        Scales::Offset => both(std::array::from_fn(first), [0.0; PANEL]),
        Scales::Minimum => both(std::array::from_fn(first), std::array::from_fn(second)),
        Scales::Super => {
            let small = &group[4 * PANEL + 2 * PANEL * part..];
            both(
                std::array::from_fn(|row| first(row) * f32::from(small[row])),
                std::array::from_fn(|row| -(second(row) * f32::from(small[PANEL + row]))),
            )
        }
        Scales::Halves => {
            let small = &group[2 * PANEL + 2 * PANEL * part..];
            BlockScales {
                scale: std::array::from_fn(|half| {
                    std::array::from_fn(|row| first(row) * f32::from(small[PANEL * half + row] as i8))
                }),
                minimum: [0.0; PANEL],
            }
        }
    }
}

/// Returns number `index` of an array of F16, BF16 or F32.
pub(super) fn number(kind: GgmlDType, bytes: &[u8], index: usize) -> f32 {
    let short = |index: usize| u16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]);
    match kind {
        GgmlDType::F16 => f16::from_bits(short(index)).to_f32(),
        GgmlDType::BF16 => bf16::from_bits(short(index)).to_f32(),
        _ => f32::from_bits(u32::from(short(2 * index)) | u32::from(short(2 * index + 1)) << 16),
    }
}
