//! Kernels for AVX-512 with byte dot products (VNNI). The products are the same as the plain ones, to the last bit.
//!
//! A register holds four inputs of sixteen rows. `vpdpbusd` multiplies them with four values of an activation and adds
//! the products. A block's weights are unpacked into eight registers once for all positions of a tile, whose f32 sums
//! stay in registers as well.

use std::arch::x86_64::*;

use candle_core::quantized::GgmlDType;

use super::activations::Tile;
use super::for_positions;
use super::job::Job;
use super::packing::{Packing, Scales};
use super::panel::Panel;
use super::{BLOCK, PANEL, TILE};

/// Multiplies all of a job's panels with all of its tiles.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn quantised<K: Packing>(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for_positions!(x.positions, P => store(job, index, tile, quantised_tile::<K, P>(panel, x)));
        }
    }
}

/// Same as [`quantised`], for weights that are F16, BF16 or F32.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn numbers(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for_positions!(x.positions, P => store(job, index, tile, match job.matrix.kind() {
                GgmlDType::F16 => numbers_tile::<F16, P>(panel, x),
                GgmlDType::BF16 => numbers_tile::<BF16, P>(panel, x),
                _ => numbers_tile::<F32, P>(panel, x),
            }));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
#[inline]
fn store<const P: usize>(job: &Job, panel: usize, tile: usize, sums: [__m512; P]) {
    let rows = PANEL.min(job.matrix.rows() - panel * PANEL);
    let mask = (u32::MAX >> (32 - rows)) as __mmask16;
    for (p, sums) in sums.into_iter().enumerate() {
        // SAFETY: a job's panels are in no other job that runs, so this is the only borrow of these products. The
        // assert gives `out` as many elements as the mask has bits, and the store writes no others.
        unsafe {
            let out = job.out(tile * TILE + p, panel, rows);
            assert!(out.len() == rows);
            _mm512_mask_storeu_ps(out.as_mut_ptr(), mask, sums);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
#[inline]
fn quantised_tile<K: Packing, const P: usize>(panel: Panel, tile: Tile) -> [__m512; P] {
    let blocks = panel.values.len() / K::BYTES;
    let (group_bytes, group_blocks) = K::SCALES.group();
    assert!(tile.positions == P && tile.values.len() == blocks * P * BLOCK);
    assert!(tile.scales.len() == blocks * 2 * P && tile.sums.len() == blocks * 2 * P);
    assert!(blocks.is_multiple_of(group_blocks) && panel.scales.len() == blocks / group_blocks * group_bytes);
    let mut sums = [_mm512_setzero_ps(); P];
    for block in 0..blocks {
        // SAFETY: every pointer stays inside its slice. The asserts above compare the lengths of `values`, `scales` and
        // `sums` with `blocks`, and `block` is below `blocks`. `Matrix::pack` only takes whole groups of blocks.
        unsafe {
            let weights = unpack::<K>(panel.values.as_ptr().add(block * K::BYTES));
            let group = panel.scales.as_ptr().add(block / group_blocks * group_bytes);
            let (scale, second) = scales::<K>(group, block % group_blocks);
            let values = tile.values.as_ptr().add(block * P * BLOCK);
            let factors = tile.scales.as_ptr().add(block * 2 * P);
            let value_sums = tile.sums.as_ptr().add(block * 2 * P);
            for (p, total) in sums.iter_mut().enumerate() {
                let four = |g: usize| _mm512_set1_epi32(values.add(p * BLOCK + 4 * g).cast::<i32>().read_unaligned());
                let first_sum = *value_sums.add(p);
                let second_sum = *value_sums.add(P + p);
                let factor = _mm512_set1_ps(*factors.add(p));
                if let Scales::Halves = K::SCALES {
                    let mut dot = [
                        _mm512_set1_epi32(-(first_sum * K::OFFSET)),
                        _mm512_set1_epi32(-(second_sum * K::OFFSET)),
                    ];
                    for g in 0..4 {
                        dot[0] = _mm512_dpbusd_epi32(dot[0], weights[g], four(g));
                        dot[1] = _mm512_dpbusd_epi32(dot[1], weights[4 + g], four(4 + g));
                    }
                    *total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[0]), _mm512_mul_ps(scale, factor), *total);
                    *total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[1]), _mm512_mul_ps(second, factor), *total);
                    continue;
                }
                let mut dot = match K::OFFSET {
                    0 => _mm512_setzero_si512(),
                    offset => _mm512_set1_epi32(-((first_sum + second_sum) * offset)),
                };
                for (g, weights) in weights.into_iter().enumerate() {
                    dot = _mm512_dpbusd_epi32(dot, weights, four(g));
                }
                *total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), _mm512_mul_ps(scale, factor), *total);
                if let Scales::Minimum | Scales::Super = K::SCALES {
                    let sum = _mm512_set1_ps(*factors.add(P + p));
                    *total = _mm512_fmadd_ps(second, sum, *total);
                }
            }
        }
    }
    sums
}

/// Unpacks the eight groups of a packed block.
///
/// # Safety
/// `values` must point to the `K::BYTES` bytes of a block.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
#[inline]
unsafe fn unpack<K: Packing>(values: *const u8) -> [__m512i; 8] {
    let load = |at: usize| {
        // SAFETY: the block has 64 * `K::BITS` bytes, and 64 are read at `at`. The last `at` is 64 * 7 for 8 bits, 64 *
        // 3 for the low bits, and 256 + 64 for the top bits of 6 bits.
        unsafe { _mm512_loadu_si512(values.add(at).cast()) }
    };
    let mut groups = [_mm512_setzero_si512(); 8];
    if K::BITS == 8 {
        for (g, group) in groups.iter_mut().enumerate() {
            *group = load(64 * g);
        }
        return groups;
    }
    let low = _mm512_set1_epi8(15);
    for z in 0..4 {
        let packed = load(64 * z);
        groups[z] = _mm512_and_si512(packed, low);
        groups[z + 4] = _mm512_and_si512(_mm512_srli_epi16::<4>(packed), low);
    }
    if K::BITS == 5 {
        let fifth = _mm512_set1_epi8(16);
        for (g, group) in groups.iter_mut().enumerate() {
            // SAFETY: a block of 5 bits has 320 bytes. Eight words of 8 bytes follow its 256 bytes of low bits.
            let bits = unsafe { values.add(256 + 8 * g).cast::<u64>().read_unaligned() };
            *group = _mm512_mask_add_epi8(*group, bits, *group, fifth);
        }
    }
    if K::BITS == 6 {
        let top = _mm512_set1_epi8(0x30);
        for c in 0..2 {
            let bits = load(256 + 64 * c);
            let placed = [
                _mm512_slli_epi16::<4>(bits),
                _mm512_slli_epi16::<2>(bits),
                bits,
                _mm512_srli_epi16::<2>(bits),
            ];
            for (k, bits) in placed.into_iter().enumerate() {
                groups[4 * c + k] = _mm512_or_si512(groups[4 * c + k], _mm512_and_si512(bits, top));
            }
        }
    }
    groups
}

/// Returns the scales of a block's rows, and their minima or the scales of the second half of its inputs.
///
/// # Safety
/// `group` must point to a group of scales, and `part` must be one of its blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
#[inline]
unsafe fn scales<K: Packing>(group: *const u8, part: usize) -> (__m512, __m512) {
    // SAFETY: `at` is an offset of the layout that `Scales` describes, where sixteen f16 (32 bytes) follow.
    let halfs = |at: usize| unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(group.add(at).cast())) };
    // SAFETY: the 16 bytes at these places are in the group, as above.
    let bytes = |at: usize| unsafe { _mm_loadu_si128(group.add(at).cast()) };
    let unsigned = |at: usize| _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes(at)));
    let signed = |at: usize| _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes(at)));
    match K::SCALES {
        Scales::Offset => (halfs(0), _mm512_setzero_ps()),
        Scales::Minimum => (halfs(0), halfs(2 * PANEL)),
        Scales::Super => {
            let at = 4 * PANEL + 2 * PANEL * part;
            let minimum = _mm512_mul_ps(halfs(2 * PANEL), unsigned(at + PANEL));
            let negative = _mm512_xor_ps(minimum, _mm512_set1_ps(-0.0));
            (_mm512_mul_ps(halfs(0), unsigned(at)), negative)
        }
        Scales::Halves => {
            let at = 2 * PANEL + 2 * PANEL * part;
            let scale = halfs(0);
            (
                _mm512_mul_ps(scale, signed(at)),
                _mm512_mul_ps(scale, signed(at + PANEL)),
            )
        }
    }
}

/// How sixteen numbers of a type are loaded as f32.
trait Number {
    const BYTES: usize;
    /// # Safety
    /// `from` must point to sixteen numbers, and the processor must have AVX-512F.
    unsafe fn load(from: *const u8) -> __m512;
}

struct F16;
struct BF16;
struct F32;

impl Number for F16 {
    const BYTES: usize = 2;
    // SAFETY: the conditions are those of `Number::load`.
    #[inline(always)]
    unsafe fn load(from: *const u8) -> __m512 {
        // SAFETY: the caller guarantees sixteen f16, which are 32 bytes, and AVX-512F. The load needs no alignment.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }
}

impl Number for BF16 {
    const BYTES: usize = 2;
    // SAFETY: the conditions are those of `Number::load`.
    #[inline(always)]
    unsafe fn load(from: *const u8) -> __m512 {
        // SAFETY: the caller guarantees sixteen bf16, which are 32 bytes, and AVX-512F. The load needs no alignment. A
        // bf16 is the upper half of an f32.
        unsafe {
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        }
    }
}

impl Number for F32 {
    const BYTES: usize = 4;
    // SAFETY: the conditions are those of `Number::load`.
    #[inline(always)]
    unsafe fn load(from: *const u8) -> __m512 {
        // SAFETY: the caller guarantees sixteen f32, which are 64 bytes, and AVX-512F. The load needs no alignment.
        unsafe { _mm512_loadu_ps(from.cast()) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
#[inline]
fn numbers_tile<N: Number, const P: usize>(panel: Panel, tile: Tile) -> [__m512; P] {
    let cols = panel.values.len() / (PANEL * N::BYTES);
    assert!(tile.floats.len() == cols * P);
    let mut sums = [_mm512_setzero_ps(); P];
    for col in 0..cols {
        // SAFETY: `cols` comes from the length of `panel.values`, and the assert above compares the length of
        // `tile.floats` with it. `col` is below `cols` and `p` below `P`, so both reads are inside.
        unsafe {
            let weights = N::load(panel.values.as_ptr().add(col * PANEL * N::BYTES));
            for (p, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_ps(weights, _mm512_set1_ps(*tile.floats.get_unchecked(col * P + p)), *sum);
            }
        }
    }
    sums
}
