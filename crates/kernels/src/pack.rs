//! Packs the file's blocks of weights into panels of values and scales.

use super::packing::{Packing, Scales};
use super::source::{Source, six_bit_scales};
use super::{BLOCK, PANEL};

/// Packs up to sixteen rows of `cols` inputs. `values` and `scales` must be zero. They stay zero for rows that do not
/// exist, whose products are then 0.
pub(super) fn panel<K: Packing + Source>(bytes: &[u8], cols: usize, values: &mut [u8], scales: &mut [u8]) {
    let blocks = cols / BLOCK;
    let row_bytes = blocks / K::PARTS * K::FILE_BYTES;
    let (group_bytes, _) = K::SCALES.group();
    for (row, bytes) in bytes.chunks_exact(row_bytes).enumerate() {
        let groups = scales.chunks_exact_mut(group_bytes);
        let values = values.chunks_exact_mut(K::BYTES * K::PARTS);
        for ((block, group), values) in bytes.chunks_exact(K::FILE_BYTES).zip(groups).zip(values) {
            for (part, values) in values.chunks_exact_mut(K::BYTES).enumerate() {
                place::<K>(K::values(&block[..K::FILE_BYTES], part % K::PARTS), row, values);
            }
            place_scales::<K>(block, row, group);
        }
    }
}

#[inline(always)]
fn put(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

#[inline(always)]
fn place<K: Packing>(words: [u32; 8], row: usize, out: &mut [u8]) {
    // Lengths that are known here save the bounds checks below.
    let (row, out) = (row % PANEL, &mut out[..K::BYTES]);
    if K::BITS == 8 {
        for (g, word) in words.into_iter().enumerate() {
            put(out, 64 * g + 4 * row, word);
        }
        return;
    }
    const LOW: u32 = 0x0f0f_0f0f;
    for z in 0..4 {
        put(out, 64 * z + 4 * row, words[z] & LOW | (words[z + 4] & LOW) << 4);
    }
    let top = &mut out[256..];
    match K::BITS {
        5 => {
            for (g, word) in words.into_iter().enumerate() {
                // Gathers the fifth bits of four bytes in the top four bits.
                let four = ((word >> 4 & 0x0101_0101).wrapping_mul(0x1020_4080) >> 28) as u8;
                top[8 * g + row / 2] |= four << (4 * (row % 2));
            }
        }
        6 => {
            for c in 0..2 {
                let word = (0..4).fold(0, |all, k| all | (words[4 * c + k] >> 4 & 0x0303_0303) << (2 * k));
                put(top, 64 * c + 4 * row, word);
            }
        }
        _ => {}
    }
}

#[inline(always)]
fn place_scales<K: Packing + Source>(block: &[u8], row: usize, out: &mut [u8]) {
    let (bytes, _) = K::SCALES.group();
    let (row, block, out) = (row % PANEL, &block[..K::FILE_BYTES], &mut out[..bytes]);
    let mut pair = |place: usize, from: usize| {
        let at = 2 * PANEL * place + 2 * row;
        out[at..at + 2].copy_from_slice(&block[from..from + 2]);
    };
    match K::SCALES {
        Scales::Offset => pair(0, 0),
        Scales::Minimum => {
            pair(0, 0);
            pair(1, 2);
        }
        Scales::Super => {
            pair(0, 0);
            pair(1, 2);
            let (scales, minima) = six_bit_scales(&block[4..16]);
            for part in 0..8 {
                let at = 4 * PANEL + 2 * PANEL * part + row;
                out[at] = scales[part];
                out[at + PANEL] = minima[part];
            }
        }
        Scales::Halves => {
            pair(0, 208);
            for half in 0..16 {
                out[2 * PANEL + PANEL * half + row] = block[192 + half];
            }
        }
    }
}

/// Packs rows of numbers of `width` bytes: input by input, with the sixteen rows of an input side by side.
pub(super) fn numbers(bytes: &[u8], width: usize, cols: usize, out: &mut [u8]) {
    for (row, bytes) in bytes.chunks_exact(cols * width).enumerate() {
        for (number, column) in bytes.chunks_exact(width).zip(out.chunks_exact_mut(PANEL * width)) {
            column[row * width..(row + 1) * width].copy_from_slice(number);
        }
    }
}
