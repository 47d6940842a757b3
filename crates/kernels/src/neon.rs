//! Kernels for 64-bit Arm with byte dot products (`dotprod`, of Armv8.2). The products are the same as the plain ones,
//! to the last bit.
//!
//! A register holds four inputs of four rows, so a panel is processed in quarters. `sdot` multiplies signed bytes with
//! four values that it selects from a register of sixteen. Weights of 4, 5 and 6 bits are small enough to be signed as
//! they are, and those of 8 bits are made signed. Two instructions are inline assembly, because their intrinsics are
//! not stable yet.

use std::arch::aarch64::*;
use std::arch::asm;

use candle_core::quantized::GgmlDType;

use super::activations::Tile;
use super::for_positions;
use super::job::Job;
use super::packing::{Packing, Scales};
use super::panel::Panel;
use super::{BLOCK, PANEL, TILE};

/// Rows in a register: a quarter of a panel.
const QUARTER: usize = PANEL / 4;

/// Multiplies all of a job's panels with all of its tiles.
#[target_feature(enable = "neon,dotprod")]
pub(super) fn quantised<K: Packing>(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for quarter in 0..4 {
                for_positions!(x.positions, P => {
                    store(job, index, quarter, tile, quantised_tile::<K, P>(panel, quarter, x))
                });
            }
        }
    }
}

/// Same as [`quantised`], for weights that are F16, BF16 or F32.
#[target_feature(enable = "neon,dotprod")]
pub(super) fn numbers(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for quarter in 0..4 {
                for_positions!(x.positions, P => {
                    store(job, index, quarter, tile, numbers_tile::<P>(job.matrix.kind(), panel, quarter, x))
                });
            }
        }
    }
}

/// Writes the sums of a quarter of a panel to the output.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn store<const P: usize>(job: &Job, panel: usize, quarter: usize, tile: usize, sums: [float32x4_t; P]) {
    let rows = PANEL.min(job.matrix.rows() - panel * PANEL);
    for (p, sums) in sums.into_iter().enumerate() {
        let mut all = [0.0; QUARTER];
        // SAFETY: `all` has room for the four numbers of `sums`. A job's panels are in no other job that runs, so this
        // is the only borrow of these products.
        let out = unsafe {
            vst1q_f32(all.as_mut_ptr(), sums);
            job.out(tile * TILE + p, panel, rows)
        };
        for (out, sum) in out.iter_mut().skip(QUARTER * quarter).zip(all) {
            *out = sum;
        }
    }
}

/// Adds to each of four sums the product of its row's four weights with the four values at `4 * G` of `values`.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dot<const G: i32>(mut sums: int32x4_t, weights: int8x16_t, values: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction reads and writes only the registers that are named here, and this function enables
    // `dotprod`.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {values:v}.4b[{group}]",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            values = in(vreg) values,
            group = const G,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}

/// Adds the products of four groups of weights with sixteen values.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dots(sums: int32x4_t, weights: &[int8x16_t], values: int8x16_t) -> int32x4_t {
    let sums = dot::<0>(sums, weights[0], values);
    let sums = dot::<1>(sums, weights[1], values);
    let sums = dot::<2>(sums, weights[2], values);
    dot::<3>(sums, weights[3], values)
}

/// Converts four half-precision numbers to f32.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn widen(halfs: uint16x4_t) -> float32x4_t {
    let wide: float32x4_t;
    // SAFETY: the instruction reads and writes only the registers that are named here, and every 64-bit Arm processor
    // has it.
    unsafe {
        asm!(
            "fcvtl {wide:v}.4s, {halfs:v}.4h",
            wide = lateout(vreg) wide,
            halfs = in(vreg) halfs,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    wide
}

#[target_feature(enable = "neon,dotprod")]
#[inline]
fn quantised_tile<K: Packing, const P: usize>(panel: Panel, quarter: usize, tile: Tile) -> [float32x4_t; P] {
    let blocks = panel.values.len() / K::BYTES;
    let (group_bytes, group_blocks) = K::SCALES.group();
    assert!(tile.positions == P && tile.values.len() == blocks * P * BLOCK);
    assert!(tile.scales.len() == blocks * 2 * P && tile.sums.len() == blocks * 2 * P);
    assert!(blocks.is_multiple_of(group_blocks) && panel.scales.len() == blocks / group_blocks * group_bytes);
    // Values of 8 bits have 128 added, which `unpack` subtracts.
    let offset = if K::BITS == 8 { 0 } else { K::OFFSET };
    let mut sums = [vdupq_n_f32(0.0); P];
    for block in 0..blocks {
        // SAFETY: every pointer stays inside its slice. The asserts above compare the lengths of `values`, `scales` and
        // `sums` with `blocks`, and `block` is below `blocks`. `Matrix::pack` only takes whole groups of blocks.
        unsafe {
            let weights = unpack::<K>(panel.values.as_ptr().add(block * K::BYTES), quarter);
            let group = panel.scales.as_ptr().add(block / group_blocks * group_bytes);
            let (scale, second) = scales::<K>(group, block % group_blocks, quarter);
            let values = tile.values.as_ptr().add(block * P * BLOCK);
            let factors = tile.scales.as_ptr().add(block * 2 * P);
            let value_sums = tile.sums.as_ptr().add(block * 2 * P);
            for (p, total) in sums.iter_mut().enumerate() {
                let values = values.add(p * BLOCK);
                let halves = [vld1q_s8(values), vld1q_s8(values.add(BLOCK / 2))];
                let (first_sum, second_sum) = (*value_sums.add(p), *value_sums.add(P + p));
                let factor = vdupq_n_f32(*factors.add(p));
                if let Scales::Halves = K::SCALES {
                    let first = dots(vdupq_n_s32(-(first_sum * offset)), &weights[..4], halves[0]);
                    let last = dots(vdupq_n_s32(-(second_sum * offset)), &weights[4..], halves[1]);
                    *total = vfmaq_f32(*total, vcvtq_f32_s32(first), vmulq_f32(scale, factor));
                    *total = vfmaq_f32(*total, vcvtq_f32_s32(last), vmulq_f32(second, factor));
                    continue;
                }
                let all = vdupq_n_s32(-((first_sum + second_sum) * offset));
                let all = dots(dots(all, &weights[..4], halves[0]), &weights[4..], halves[1]);
                *total = vfmaq_f32(*total, vcvtq_f32_s32(all), vmulq_f32(scale, factor));
                if let Scales::Minimum | Scales::Super = K::SCALES {
                    *total = vfmaq_f32(*total, second, vdupq_n_f32(*factors.add(P + p)));
                }
            }
        }
    }
    sums
}

/// Unpacks four rows of the eight groups of a packed block.
///
/// # Safety
/// `values` must point to the `K::BYTES` bytes of a block.
#[target_feature(enable = "neon,dotprod")]
#[inline]
unsafe fn unpack<K: Packing>(values: *const u8, quarter: usize) -> [int8x16_t; 8] {
    let load = |at: usize| {
        // SAFETY: the 64 bytes at `at` are inside the block, which has 64 * `K::BITS` bytes. `quarter` is below 4 and
        // selects sixteen of them.
        unsafe { vld1q_u8(values.add(at + 16 * quarter)) }
    };
    let mut groups = [vdupq_n_u8(0); 8];
    if K::BITS == 8 {
        for (g, group) in groups.iter_mut().enumerate() {
            *group = veorq_u8(load(64 * g), vdupq_n_u8(0x80));
        }
        return groups.map(|group| vreinterpretq_s8_u8(group));
    }
    for z in 0..4 {
        let packed = load(64 * z);
        groups[z] = vandq_u8(packed, vdupq_n_u8(15));
        groups[z + 4] = vshrq_n_u8::<4>(packed);
    }
    if K::BITS == 5 {
        let bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
        for (g, group) in groups.iter_mut().enumerate() {
            // SAFETY: a block of 5 bits has 320 bytes. Eight words of 8 bytes follow its 256 bytes of low bits, and two
            // bytes of each word are for these rows.
            let (first, second) = unsafe {
                let from = values.add(256 + 8 * g + 2 * quarter);
                (*from, *from.add(1))
            };
            let bits = vcombine_u8(vdup_n_u8(first), vdup_n_u8(second));
            *group = vorrq_u8(*group, vandq_u8(vtstq_u8(bits, bit), vdupq_n_u8(16)));
        }
    }
    if K::BITS == 6 {
        for c in 0..2 {
            let bits = load(256 + 64 * c);
            let placed = [
                vshlq_n_u8::<4>(bits),
                vshlq_n_u8::<2>(bits),
                bits,
                vshrq_n_u8::<2>(bits),
            ];
            for (k, bits) in placed.into_iter().enumerate() {
                groups[4 * c + k] = vorrq_u8(groups[4 * c + k], vandq_u8(bits, vdupq_n_u8(0x30)));
            }
        }
    }
    groups.map(|group| vreinterpretq_s8_u8(group))
}

/// Returns the scales of four rows of a block, and their minima or the scales of the second half of its inputs.
///
/// # Safety
/// `group` must point to a group of scales, and `part` must be one of its blocks.
#[target_feature(enable = "neon,dotprod")]
#[inline]
unsafe fn scales<K: Packing>(group: *const u8, part: usize, quarter: usize) -> (float32x4_t, float32x4_t) {
    // SAFETY: `at` is an offset of the layout that `Scales` describes, where sixteen f16 follow. `quarter` selects four
    // of them, which are 8 bytes.
    let halfs = |at: usize| widen(unsafe { vreinterpret_u16_u8(vld1_u8(group.add(at + 2 * QUARTER * quarter))) });
    let bytes = |at: usize| {
        // SAFETY: `at` is an offset of the layout that `Scales` describes, where sixteen bytes follow for each `part`.
        // `quarter` selects four of them.
        let four = unsafe { group.add(at + QUARTER * quarter).cast::<u32>().read_unaligned() };
        vcreate_u8(u64::from(four))
    };
    let unsigned = |at: usize| vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes(at)))));
    let signed = |at: usize| vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(bytes(at))))));
    match K::SCALES {
        Scales::Offset => (halfs(0), vdupq_n_f32(0.0)),
        Scales::Minimum => (halfs(0), halfs(2 * PANEL)),
        Scales::Super => {
            let at = 4 * PANEL + 2 * PANEL * part;
            let minimum = vmulq_f32(halfs(2 * PANEL), unsigned(at + PANEL));
            (vmulq_f32(halfs(0), unsigned(at)), vnegq_f32(minimum))
        }
        Scales::Halves => {
            let at = 2 * PANEL + 2 * PANEL * part;
            let scale = halfs(0);
            (vmulq_f32(scale, signed(at)), vmulq_f32(scale, signed(at + PANEL)))
        }
    }
}

#[target_feature(enable = "neon,dotprod")]
#[inline]
fn numbers_tile<const P: usize>(kind: GgmlDType, panel: Panel, quarter: usize, tile: Tile) -> [float32x4_t; P] {
    let mut sums = [vdupq_n_f32(0.0); P];
    let columns = panel.values.chunks_exact(PANEL * kind.type_size());
    for (x, column) in tile.floats.as_chunks::<P>().0.iter().zip(columns) {
        let at = QUARTER * quarter * kind.type_size();
        assert!(column.len() >= at + QUARTER * kind.type_size());
        // SAFETY: the assert above says that the column has four numbers from `at` on, which is what each load reads.
        let weights = unsafe {
            let from = column.as_ptr().add(at);
            match kind {
                GgmlDType::F16 => widen(vreinterpret_u16_u8(vld1_u8(from))),
                GgmlDType::BF16 => vreinterpretq_f32_u32(vshll_n_u16::<16>(vreinterpret_u16_u8(vld1_u8(from)))),
                _ => vreinterpretq_f32_u8(vld1q_u8(from)),
            }
        };
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum = vfmaq_f32(*sum, weights, vdupq_n_f32(*x));
        }
    }
    sums
}
