//! Kernels for AVX2, with the byte dot products of AVX-VNNI where the processor has them.
//!
//! In: panels and tiles. Out: products, the same to the last bit as the plain ones. It must not know how work is split.
//!
//! A register holds four inputs of eight rows, so a panel is gone through in two halves. Without VNNI,
//! `vpmaddubsw` multiplies unsigned weights with signed values and adds pairs in 16 bits, and saturates. A value is at
//! most 127, so a pair is at most 15 · 127 · 2 = 3,810 for 4 bits (eight of which fit into 16 bits), 7,874 for 5 bits
//! (four fit), 16,002 for 6 bits (two fit). For 8 bits the weights are made signed first, and their signs moved to
//! the values: 128 · 127 · 2 = 32,512 fits once.

use std::arch::x86_64::*;

use candle_core::quantized::GgmlDType;

use super::activations::Tile;
use super::for_positions;
use super::matrix::Panel;
use super::multiply::Job;
use super::packing::{Packing, Scales};
use super::{BLOCK, PANEL, TILE};

/// Rows of a register.
const HALF: usize = PANEL / 2;

/// How groups of weights are multiplied with values.
trait Dots {
    /// For eight rows, the sum of the products of `N` groups with four values each from `values` on, with the type's
    /// offset taken off the weights. `sum` is the sum of the values.
    ///
    /// # Safety
    /// `values` has `4 * N` values, and the processor what the implementation uses.
    unsafe fn dot<K: Packing, const N: usize>(weights: [__m256i; N], values: *const i8, sum: i32) -> __m256i;
}

struct Madd;
struct Vnni;

/// Four values from `values + 4 * g` on, eight times.
///
/// # Safety
/// They are there, and the processor has AVX2.
#[inline(always)]
unsafe fn four(values: *const i8, g: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe { _mm256_set1_epi32(values.add(4 * g).cast::<i32>().read_unaligned()) }
}

impl Dots for Madd {
    // SAFETY: what the trait asks for.
    #[inline(always)]
    unsafe fn dot<K: Packing, const N: usize>(weights: [__m256i; N], values: *const i8, sum: i32) -> __m256i {
        // SAFETY: the caller's promise.
        unsafe {
            let ones = _mm256_set1_epi16(1);
            if K::BITS == 8 {
                let mut all = _mm256_setzero_si256();
                for (g, weights) in weights.into_iter().enumerate() {
                    let signed = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
                    let values = _mm256_sign_epi8(four(values, g), signed);
                    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(signed), values);
                    all = _mm256_add_epi32(all, _mm256_madd_epi16(pairs, ones));
                }
                return all;
            }
            let mut all = _mm256_set1_epi32(-(sum * K::OFFSET));
            let together = match K::BITS {
                4 => 8,
                5 => 4,
                _ => 2,
            };
            let mut pairs = _mm256_setzero_si256();
            for (g, weights) in weights.into_iter().enumerate() {
                pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(weights, four(values, g)));
                if (g + 1) % together == 0 || g + 1 == N {
                    all = _mm256_add_epi32(all, _mm256_madd_epi16(pairs, ones));
                    pairs = _mm256_setzero_si256();
                }
            }
            all
        }
    }
}

impl Dots for Vnni {
    // SAFETY: what the trait asks for.
    #[inline(always)]
    unsafe fn dot<K: Packing, const N: usize>(weights: [__m256i; N], values: *const i8, sum: i32) -> __m256i {
        // SAFETY: the caller's promise.
        unsafe {
            let mut all = _mm256_set1_epi32(-(sum * K::OFFSET));
            for (g, weights) in weights.into_iter().enumerate() {
                all = _mm256_dpbusd_avx_epi32(all, weights, four(values, g));
            }
            all
        }
    }
}

/// All of a job's panels with all of its tiles.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantised<K: Packing>(job: &Job) {
    // SAFETY: this function is compiled for what `Madd` uses.
    unsafe { quantised_with::<Madd, K>(job) }
}

/// The same with VNNI.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
pub(super) fn quantised_vnni<K: Packing>(job: &Job) {
    // SAFETY: this function is compiled for what `Vnni` uses.
    unsafe { quantised_with::<Vnni, K>(job) }
}

#[inline(always)]
unsafe fn quantised_with<D: Dots, K: Packing>(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for half in 0..2 {
                // SAFETY: the caller's promise.
                for_positions!(x.positions, P => unsafe {
                    store(job, index, half, tile, quantised_tile::<D, K, P>(panel, half, x));
                });
            }
        }
    }
}

/// Puts a half panel's sums where they belong.
///
/// # Safety
/// The processor has AVX2, and nobody else has this panel.
#[inline(always)]
unsafe fn store<const P: usize>(job: &Job, panel: usize, half: usize, tile: usize, sums: [__m256; P]) {
    let rows = PANEL.min(job.matrix.rows() - panel * PANEL);
    for (p, sums) in sums.into_iter().enumerate() {
        let mut all = [0.0; HALF];
        // SAFETY: eight numbers go to eight; each panel belongs to one range of work.
        let out = unsafe {
            _mm256_storeu_ps(all.as_mut_ptr(), sums);
            job.out(tile * TILE + p, panel, rows)
        };
        for (out, sum) in out.iter_mut().skip(HALF * half).zip(all) {
            *out = sum;
        }
    }
}

/// The products of eight rows with the positions of a tile.
///
/// # Safety
/// The processor has AVX2, FMA, F16C and what `D` uses.
#[inline(always)]
unsafe fn quantised_tile<D: Dots, K: Packing, const P: usize>(panel: Panel, half: usize, tile: Tile) -> [__m256; P] {
    let blocks = panel.values.len() / K::BYTES;
    let (group_bytes, group_blocks) = K::SCALES.group();
    assert!(tile.positions == P && tile.values.len() == blocks * P * BLOCK);
    assert!(tile.scales.len() == blocks * 2 * P && tile.sums.len() == blocks * 2 * P);
    assert!(panel.scales.len() == blocks / group_blocks * group_bytes);
    // SAFETY: the pointers stay inside the slices, whose lengths for `blocks` blocks were compared above.
    unsafe {
        let mut sums = [_mm256_setzero_ps(); P];
        for block in 0..blocks {
            let weights = unpack::<K>(panel.values.as_ptr().add(block * K::BYTES), half);
            let group = panel.scales.as_ptr().add(block / group_blocks * group_bytes);
            let (scale, second) = scales::<K>(group, block % group_blocks, half);
            let values = tile.values.as_ptr().add(block * P * BLOCK);
            let factors = tile.scales.as_ptr().add(block * 2 * P);
            let value_sums = tile.sums.as_ptr().add(block * 2 * P);
            for (p, total) in sums.iter_mut().enumerate() {
                let values = values.add(p * BLOCK);
                let (first_sum, second_sum) = (*value_sums.add(p), *value_sums.add(P + p));
                let factor = _mm256_set1_ps(*factors.add(p));
                if let Scales::Halves = K::SCALES {
                    let [a, b, c, d, e, f, g, h] = weights;
                    let first = D::dot::<K, 4>([a, b, c, d], values, first_sum);
                    let last = D::dot::<K, 4>([e, f, g, h], values.add(BLOCK / 2), second_sum);
                    *total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(first), _mm256_mul_ps(scale, factor), *total);
                    *total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(last), _mm256_mul_ps(second, factor), *total);
                    continue;
                }
                let dot = D::dot::<K, 8>(weights, values, first_sum + second_sum);
                *total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_mul_ps(scale, factor), *total);
                if let Scales::Minimum | Scales::Super = K::SCALES {
                    *total = _mm256_fmadd_ps(second, _mm256_set1_ps(*factors.add(P + p)), *total);
                }
            }
        }
        sums
    }
}

/// Eight rows of the eight groups of a packed block.
///
/// # Safety
/// `values` has a block's bytes, and the processor AVX2.
#[inline(always)]
unsafe fn unpack<K: Packing>(values: *const u8, half: usize) -> [__m256i; 8] {
    // SAFETY: `values` has a block's bytes, and the caller has AVX2.
    unsafe {
        let load = |at: usize| _mm256_loadu_si256(values.add(at + 32 * half).cast());
        let mut groups = [_mm256_setzero_si256(); 8];
        if K::BITS == 8 {
            for (g, group) in groups.iter_mut().enumerate() {
                *group = load(64 * g);
            }
            return groups;
        }
        let low = _mm256_set1_epi8(15);
        for z in 0..4 {
            let packed = load(64 * z);
            groups[z] = _mm256_and_si256(packed, low);
            groups[z + 4] = _mm256_and_si256(_mm256_srli_epi16::<4>(packed), low);
        }
        if K::BITS == 5 {
            // Byte i of a group looks at bit i % 8 of byte i / 8 of its word.
            let place = _mm256_set_epi64x(0x0303_0303_0303_0303, 0x0202_0202_0202_0202, 0x0101_0101_0101_0101, 0);
            let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
            for (g, group) in groups.iter_mut().enumerate() {
                let word = values.add(256 + 8 * g + 4 * half).cast::<i32>().read_unaligned();
                let bits = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), place), bit);
                let fifth = _mm256_and_si256(_mm256_cmpeq_epi8(bits, bit), _mm256_set1_epi8(16));
                *group = _mm256_or_si256(*group, fifth);
            }
        }
        if K::BITS == 6 {
            for c in 0..2 {
                let bits = load(256 + 64 * c);
                let placed = [
                    _mm256_slli_epi16::<4>(bits),
                    _mm256_slli_epi16::<2>(bits),
                    bits,
                    _mm256_srli_epi16::<2>(bits),
                ];
                for (k, bits) in placed.into_iter().enumerate() {
                    let top = _mm256_and_si256(bits, _mm256_set1_epi8(0x30));
                    groups[4 * c + k] = _mm256_or_si256(groups[4 * c + k], top);
                }
            }
        }
        groups
    }
}

/// The scales of eight rows of a block, and their minima or the scales of the second half of its inputs.
///
/// # Safety
/// `group` has a group's bytes, and the processor AVX2 and F16C.
#[inline(always)]
unsafe fn scales<K: Packing>(group: *const u8, part: usize, half: usize) -> (__m256, __m256) {
    // SAFETY: `group` has the bytes of a group of scales, the places are those of `Scales`; the caller has AVX2 and F16C.
    unsafe {
        let halfs = |at: usize| _mm256_cvtph_ps(_mm_loadu_si128(group.add(at + 2 * HALF * half).cast()));
        let bytes = |at: usize| _mm_loadl_epi64(group.add(at + HALF * half).cast());
        let unsigned = |at: usize| _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes(at)));
        let signed = |at: usize| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes(at)));
        match K::SCALES {
            Scales::Offset => (halfs(0), _mm256_setzero_ps()),
            Scales::Minimum => (halfs(0), halfs(2 * PANEL)),
            Scales::Super => {
                let at = 4 * PANEL + 2 * PANEL * part;
                let minimum = _mm256_mul_ps(halfs(2 * PANEL), unsigned(at + PANEL));
                let negative = _mm256_xor_ps(minimum, _mm256_set1_ps(-0.0));
                (_mm256_mul_ps(halfs(0), unsigned(at)), negative)
            }
            Scales::Halves => {
                let at = 2 * PANEL + 2 * PANEL * part;
                let scale = halfs(0);
                (
                    _mm256_mul_ps(scale, signed(at)),
                    _mm256_mul_ps(scale, signed(at + PANEL)),
                )
            }
        }
    }
}

/// The same for weights that are F16, BF16 or F32.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn numbers(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for half in 0..2 {
                for_positions!(x.positions, P => {
                    let sums = numbers_tile::<P>(job.matrix.kind(), panel, half, x);
                    // SAFETY: this function is compiled for AVX2.
                    unsafe { store(job, index, half, tile, sums) }
                });
            }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn numbers_tile<const P: usize>(kind: GgmlDType, panel: Panel, half: usize, tile: Tile) -> [__m256; P] {
    let mut sums = [_mm256_setzero_ps(); P];
    let columns = panel.values.chunks_exact(PANEL * kind.type_size());
    for (x, column) in tile.floats.as_chunks::<P>().0.iter().zip(columns) {
        let at = HALF * half * kind.type_size();
        assert!(column.len() >= at + HALF * kind.type_size());
        // SAFETY: eight numbers of the column are left from `at` on.
        let weights = unsafe {
            let from = column.as_ptr().add(at);
            match kind {
                GgmlDType::F16 => _mm256_cvtph_ps(_mm_loadu_si128(from.cast())),
                GgmlDType::BF16 => {
                    let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
                    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide))
                }
                _ => _mm256_loadu_ps(from.cast()),
            }
        };
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum = _mm256_fmadd_ps(weights, _mm256_set1_ps(*x), *sum);
        }
    }
    sums
}
