//! Kernels for AVX2, with the byte dot products of AVX-VNNI if the processor has them. The products are the same as the
//! plain ones, to the last bit.
//!
//! A register holds four inputs of eight rows, so a panel is processed in two halves. Without VNNI, `vpmaddubsw`
//! multiplies unsigned weights with signed values and adds pairs in 16 bits, with saturation. A value is at most 127. A
//! pair is therefore at most 15 · 127 · 2 = 3,810 for 4 bits, and eight of these fit into 16 bits. It is at most 7,874
//! for 5 bits (four fit) and 16,002 for 6 bits (two fit). For 8 bits, the weights are made signed first, and their
//! signs are moved to the values: 128 · 127 · 2 = 32,512 fits once.

use std::arch::x86_64::*;

use candle_core::quantized::GgmlDType;

use super::activations::Tile;
use super::for_positions;
use super::job::Job;
use super::packing::{Packing, Scales};
use super::panel::Panel;
use super::{BLOCK, PANEL, TILE};

/// Rows in a register.
const HALF: usize = PANEL / 2;

/// A way to multiply groups of weights with values.
trait Dots {
    /// For eight rows, returns the sum of the products of `N` groups with four values each, which start at `values`.
    /// The type's offset is subtracted from the weights. `sum` is the sum of the values.
    ///
    /// # Safety
    /// `values` must point to `4 * N` values, and the processor must have the features that the implementation uses.
    unsafe fn dot<K: Packing, const N: usize>(weights: [__m256i; N], values: *const i8, sum: i32) -> __m256i;
}

struct Madd;
struct Vnni;

/// Returns the four values at `values + 4 * g`, eight times.
///
/// # Safety
/// The values must exist, and the processor must have AVX2.
#[inline(always)]
unsafe fn four(values: *const i8, g: usize) -> __m256i {
    // SAFETY: the caller guarantees the four bytes that are read, for which no alignment is needed, and AVX2.
    unsafe { _mm256_set1_epi32(values.add(4 * g).cast::<i32>().read_unaligned()) }
}

impl Dots for Madd {
    // SAFETY: the conditions are those of `Dots::dot`; this implementation uses AVX2.
    #[inline(always)]
    unsafe fn dot<K: Packing, const N: usize>(weights: [__m256i; N], values: *const i8, sum: i32) -> __m256i {
        // SAFETY: the caller guarantees `4 * N` values and AVX2. `four` reads no others, because `g` is below `N`.
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
    // SAFETY: the conditions are those of `Dots::dot`; this implementation uses AVX2 and AVX-VNNI.
    #[inline(always)]
    unsafe fn dot<K: Packing, const N: usize>(weights: [__m256i; N], values: *const i8, sum: i32) -> __m256i {
        // SAFETY: the caller guarantees `4 * N` values, AVX2 and AVX-VNNI. `four` reads no others, because `g` is below
        // `N`.
        unsafe {
            let mut all = _mm256_set1_epi32(-(sum * K::OFFSET));
            for (g, weights) in weights.into_iter().enumerate() {
                all = _mm256_dpbusd_avx_epi32(all, weights, four(values, g));
            }
            all
        }
    }
}

/// Multiplies all of a job's panels with all of its tiles.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantised<K: Packing>(job: &Job) {
    // SAFETY: this function enables AVX2, FMA and F16C. `Madd` uses AVX2.
    unsafe { quantised_with::<Madd, K>(job) }
}

/// Same as [`quantised`], with AVX-VNNI.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
pub(super) fn quantised_vnni<K: Packing>(job: &Job) {
    // SAFETY: this function enables AVX2, FMA and F16C, and the AVX-VNNI that `Vnni` uses besides AVX2.
    unsafe { quantised_with::<Vnni, K>(job) }
}

/// Multiplies all of a job's panels with all of its tiles, by the dot products of `D`.
///
/// # Safety
/// The processor must have AVX2, FMA, F16C and what `D` uses.
#[inline(always)]
unsafe fn quantised_with<D: Dots, K: Packing>(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for half in 0..2 {
                // SAFETY: the caller guarantees the features of the processor. A job's panels are in no other job that
                // runs at the same time, so nobody else writes to their products.
                for_positions!(x.positions, P => unsafe {
                    store(job, index, half, tile, quantised_tile::<D, K, P>(panel, half, x));
                });
            }
        }
    }
}

/// Writes a half panel's sums to the output.
///
/// # Safety
/// The processor must have AVX2, and no other borrow of this panel's products with this tile may exist.
#[inline(always)]
unsafe fn store<const P: usize>(job: &Job, panel: usize, half: usize, tile: usize, sums: [__m256; P]) {
    let rows = PANEL.min(job.matrix.rows() - panel * PANEL);
    for (p, sums) in sums.into_iter().enumerate() {
        let mut all = [0.0; HALF];
        // SAFETY: `all` has room for the eight numbers of `sums`. The caller guarantees AVX2, and that nobody else has
        // these products.
        let out = unsafe {
            _mm256_storeu_ps(all.as_mut_ptr(), sums);
            job.out(tile * TILE + p, panel, rows)
        };
        for (out, sum) in out.iter_mut().skip(HALF * half).zip(all) {
            *out = sum;
        }
    }
}

/// Returns the products of eight rows with the positions of a tile.
///
/// # Safety
/// The processor must have AVX2, FMA, F16C and what `D` uses.
#[inline(always)]
unsafe fn quantised_tile<D: Dots, K: Packing, const P: usize>(panel: Panel, half: usize, tile: Tile) -> [__m256; P] {
    let blocks = panel.values.len() / K::BYTES;
    let (group_bytes, group_blocks) = K::SCALES.group();
    assert!(tile.positions == P && tile.values.len() == blocks * P * BLOCK);
    assert!(tile.scales.len() == blocks * 2 * P && tile.sums.len() == blocks * 2 * P);
    assert!(blocks.is_multiple_of(group_blocks) && panel.scales.len() == blocks / group_blocks * group_bytes);
    // SAFETY: the caller guarantees the features of the processor. Every pointer stays inside its slice. The asserts
    // above compare the lengths of `values`, `scales` and `sums` with `blocks`, and `block` is below `blocks`.
    // `Matrix::pack` only takes whole groups of blocks.
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

/// Unpacks eight rows of the eight groups of a packed block.
///
/// # Safety
/// `values` must point to the `K::BYTES` bytes of a block, and the processor must have AVX2.
#[inline(always)]
unsafe fn unpack<K: Packing>(values: *const u8, half: usize) -> [__m256i; 8] {
    // SAFETY: the caller guarantees AVX2 and `K::BYTES` = 64 * `K::BITS` bytes. `load` reads 32 of the 64 bytes at
    // `at`. The last `at` is 64 * 7 for 8 bits, 64 * 3 for the low bits, and 256 + 64 for the top bits of 6 bits. The
    // fifth bits are in eight words of 8 bytes from 256 on.
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
            // Byte i of a group takes bit i % 8 of byte i / 8 of its word.
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

/// Returns the scales of eight rows of a block, and their minima or the scales of the second half of its inputs.
///
/// # Safety
/// `group` must point to a group of scales, `part` must be one of its blocks, and the processor must have AVX2 and
/// F16C.
#[inline(always)]
unsafe fn scales<K: Packing>(group: *const u8, part: usize, half: usize) -> (__m256, __m256) {
    // SAFETY: the caller guarantees a whole group of scales, and AVX2 and F16C. `at` is an offset of the layout that
    // `Scales` describes, where sixteen f16 or sixteen bytes follow. A load reads the half of them that `half` selects.
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

/// Same as [`quantised`], for weights that are F16, BF16 or F32.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn numbers(job: &Job) {
    for index in job.panels.clone() {
        let panel = job.matrix.panel(index);
        for tile in job.tiles.clone() {
            let x = job.x.tile(tile);
            for half in 0..2 {
                for_positions!(x.positions, P => {
                    let sums = numbers_tile::<P>(job.matrix.kind(), panel, half, x);
                    // SAFETY: this function enables AVX2, and a job's panels are in no other job that runs.
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
        // SAFETY: the assert above says that the column has eight numbers from `at` on, which is what each load reads.
        // The loads need no alignment, and this function enables AVX2 and F16C.
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
