//! Tests matmuls against the product of Candle's dequantized weights in f64, for every type, shape and path.
//!
//! The error bound: an 8-bit value is off by at most half its scale, so a block's sum is off by at most `scale / 2`
//! times the sum of its weights' magnitudes. f32 rounding comes on top: each of a row's additions and factors is off by
//! at most 2^-24 of the sum of magnitudes.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::multiply::multiply_on;
use super::path::Path;
use super::{Activations, BLOCK, KernelError, Matrix, Workers};

const KINDS: [GgmlDType; 11] = [
    GgmlDType::Q4_0,
    GgmlDType::Q4_1,
    GgmlDType::Q5_0,
    GgmlDType::Q5_1,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
    GgmlDType::F16,
    GgmlDType::BF16,
    GgmlDType::F32,
];

/// Returns numbers between -1 and 1, the same every time.
pub(super) fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Returns a tensor's bytes as in a GGUF file, and its dequantized weights.
fn tensor(kind: GgmlDType, rows: usize, cols: usize) -> (Vec<u8>, Vec<f32>) {
    // Rows differ in size and mean, so that scales and minima differ.
    let weights: Vec<f32> = numbers(7, rows * cols)
        .iter()
        .enumerate()
        .map(|(i, x)| (x + 0.3 * ((i / 32) % 5) as f32 - 0.5) * (1.0 + (i / cols % 7) as f32))
        .collect();
    let weights = Tensor::from_vec(weights, (rows, cols), &Device::Cpu).unwrap();
    let quantised = QTensor::quantize(&weights, kind).unwrap();
    let floats = quantised.dequantize(&Device::Cpu).unwrap();
    let floats = floats.flatten_all().unwrap().to_vec1().unwrap();
    (quantised.data().unwrap().to_vec(), floats)
}

fn columns(kind: GgmlDType) -> &'static [usize] {
    match kind.block_size() {
        256 => &[256, 768],
        32 => &[32, 96, 576],
        _ => &[32, 33, 100],
    }
}

/// Returns the largest error that 8 bits and f32 may cause in the product of `weights` and `x`.
fn bound(kind: GgmlDType, weights: &[f32], x: &[f32]) -> f64 {
    let magnitude = |w: &[f32], x: &[f32]| -> f64 { w.iter().zip(x).map(|(w, x)| f64::from((w * x).abs())).sum() };
    let eighth_bit: f64 = if kind.block_size() == 1 {
        0.0
    } else {
        let blocks = weights.chunks(BLOCK).zip(x.chunks(BLOCK));
        blocks
            .map(|(w, x)| {
                let largest = x.iter().fold(0f32, |most, x| most.max(x.abs()));
                f64::from(largest) / 127.0 * 0.5 * w.iter().map(|w| f64::from(w.abs())).sum::<f64>()
            })
            .sum()
    };
    // The scaled part and the minimum may each be larger than their sum: 64 covers the widest types.
    let rounding = (weights.len() as f64 + 4.0) * f64::from(f32::EPSILON) / 2.0 * (64.0 * magnitude(weights, x));
    eighth_bit * 1.0001 + rounding
}

fn product(path: Path, matrix: &Matrix, x: &[f32], count: usize, workers: &Workers) -> Vec<f32> {
    let mut activations = Activations::new();
    activations.set_on(path, x, count, matrix.cols(), matrix.inputs(), workers);
    let mut out = vec![f32::NAN; count * matrix.rows()];
    multiply_on(path, [(matrix, &mut out[..])], &activations, workers);
    out
}

#[test]
fn every_type_and_shape_is_within_the_bound_of_the_dequantised_product_on_every_path() {
    let workers = Workers::new(2);
    for kind in KINDS {
        for &cols in columns(kind) {
            for rows in [1, 5, 17, 50] {
                let (bytes, weights) = tensor(kind, rows, cols);
                let matrix = Matrix::pack(kind, rows, cols, &bytes, &workers).unwrap();
                for count in 1..=9 {
                    let x = numbers(count as u64, count * cols);
                    let plain = product(Path::Plain, &matrix, &x, count, &workers);
                    for (i, out) in plain.iter().enumerate() {
                        let (position, row) = (i / rows, i % rows);
                        let (w, x) = (&weights[row * cols..][..cols], &x[position * cols..][..cols]);
                        let exact: f64 = w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                        let (off, bound) = ((exact - f64::from(*out)).abs(), bound(kind, w, x));
                        assert!(
                            off <= bound,
                            "{kind:?} {rows}x{cols}, {count}: {out} is {off} off {exact}, not {bound}"
                        );
                    }
                    for path in Path::all() {
                        let out = product(path, &matrix, &x, count, &workers);
                        assert_eq!(out, plain, "{path:?}: {kind:?} {rows}x{cols}, {count} positions");
                    }
                }
            }
        }
    }
}

#[test]
fn many_positions_give_the_same_numbers_on_every_path() {
    let workers = Workers::new(2);
    for kind in KINDS {
        let cols = match kind.block_size() {
            256 => 768,
            32 => 41 * 32,
            _ => 100,
        };
        for rows in [5, 50] {
            let (bytes, _) = tensor(kind, rows, cols);
            let matrix = Matrix::pack(kind, rows, cols, &bytes, &workers).unwrap();
            let x = numbers(13, 40 * cols);
            let plain = product(Path::Plain, &matrix, &x, 40, &workers);
            for path in Path::all() {
                for count in 1..=40 {
                    let out = product(path, &matrix, &x, count, &workers);
                    let same = out
                        .iter()
                        .zip(&plain)
                        .all(|(out, plain)| out.to_bits() == plain.to_bits());
                    assert!(same, "{path:?}: {kind:?} {rows}x{cols}, {count} positions");
                }
            }
        }
    }
}

#[test]
fn a_row_is_equal_to_the_last_bit_to_candles_dequantisation() {
    let workers = Workers::new(2);
    for kind in KINDS {
        for &cols in columns(kind) {
            let (bytes, weights) = tensor(kind, 19, cols);
            let matrix = Matrix::pack(kind, 19, cols, &bytes, &workers).unwrap();
            let mut row = vec![0.0; cols];
            for (index, weights) in weights.chunks(cols).enumerate() {
                matrix.row(index, &mut row);
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&row), bits(weights), "{kind:?} {cols}, row {index}");
            }
        }
    }
}

#[test]
fn extreme_weights_and_activations_do_not_overflow_on_any_path() {
    // Weight bytes with all bits clear, all set, or only the top bit set or clear, under activations that are all at
    // one end: this gives the largest sums.
    let workers = Workers::new(1);
    for kind in KINDS.into_iter().filter(|kind| kind.block_size() > 1) {
        for fill in [0x00, 0xff, 0x80, 0x7f] {
            let block = kind.type_size();
            let mut bytes = vec![fill; 16 * 2 * block];
            for block in bytes.chunks_exact_mut(block) {
                // Scales and minima of 1 let the sums through unchanged.
                let (one, two) = if kind == GgmlDType::Q6K { (208, 208) } else { (0, 2) };
                block[one..one + 2].copy_from_slice(&0x3c00u16.to_le_bytes());
                if matches!(
                    kind,
                    GgmlDType::Q4_1 | GgmlDType::Q5_1 | GgmlDType::Q4K | GgmlDType::Q5K
                ) {
                    block[two..two + 2].copy_from_slice(&0x3c00u16.to_le_bytes());
                }
            }
            let cols = 2 * kind.block_size();
            let matrix = Matrix::pack(kind, 16, cols, &bytes, &workers).unwrap();
            for sign in [1.0, -1.0] {
                for count in [1, 3, 8, 16] {
                    let x: Vec<f32> = (0..count * cols).map(|_| sign).collect();
                    let mut row = vec![0.0; cols];
                    matrix.row(0, &mut row);
                    let exact: f64 = row.iter().map(|w| f64::from(*w) * f64::from(sign)).sum();
                    for path in Path::all() {
                        let out = product(path, &matrix, &x, count, &workers)[0];
                        let off = (exact - f64::from(out)).abs();
                        assert!(
                            off <= 1e-5 * exact.abs(),
                            "{path:?} {kind:?} {fill:#x}: {out}, not {exact}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_position_gives_the_same_numbers_alone_and_among_others_on_any_number_of_threads() {
    for kind in KINDS {
        let cols = columns(kind)[1];
        let (one, three) = (Workers::new(1), Workers::new(3));
        let (bytes, _) = tensor(kind, 50, cols);
        let matrix = Matrix::pack(kind, 50, cols, &bytes, &three).unwrap();
        let x = numbers(3, 21 * cols);
        let together = product(Path::best(), &matrix, &x, 21, &three);
        for (x, together) in x.chunks(cols).zip(together.chunks(50)) {
            assert_eq!(product(Path::best(), &matrix, x, 1, &one), together, "{kind:?}");
        }
    }
}

#[test]
fn several_matrices_in_one_go_give_what_each_gives_alone() {
    let workers = Workers::new(2);
    let matrices: Vec<Matrix> = [(GgmlDType::Q4_1, 50), (GgmlDType::Q8_0, 5), (GgmlDType::Q5_0, 33)]
        .iter()
        .map(|(kind, rows)| Matrix::pack(*kind, *rows, 64, &tensor(*kind, *rows, 64).0, &workers).unwrap())
        .collect();
    let x = numbers(11, 9 * 64);
    let mut activations = Activations::new();
    activations.set(&x, 9, 64, matrices[0].inputs(), &workers);
    let mut outs: Vec<Vec<f32>> = matrices.iter().map(|m| vec![0.0; 9 * m.rows()]).collect();
    let [a, b, c] = outs.get_disjoint_mut([0, 1, 2]).unwrap();
    super::multiply::multiply_all(
        [(&matrices[0], a), (&matrices[1], b), (&matrices[2], c)],
        &activations,
        &workers,
    );
    for (matrix, out) in matrices.iter().zip(&outs) {
        assert_eq!(&product(Path::best(), matrix, &x, 9, &workers), out);
    }
}

#[test]
fn a_number_that_is_none_makes_none_of_its_products_and_leaves_other_positions_alone() {
    let workers = Workers::new(1);
    let (bytes, _) = tensor(GgmlDType::Q4_1, 16, 64);
    let matrix = Matrix::pack(GgmlDType::Q4_1, 16, 64, &bytes, &workers).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = numbers(5, 17 * 64);
        x[40] = bad;
        for (path, count) in Path::all().into_iter().flat_map(|path| [(path, 2), (path, 17)]) {
            let out = product(path, &matrix, &x, count, &workers);
            assert!(out[..16].iter().all(|x| x.is_nan()), "{path:?} {bad}");
            assert!(out[16..].iter().all(|x| x.is_finite()), "{path:?} {bad}");
        }
    }
}

#[test]
fn numbers_too_small_to_scale_are_nought_and_not_infinite() {
    let workers = Workers::new(1);
    let (bytes, _) = tensor(GgmlDType::Q4_1, 16, 32);
    let matrix = Matrix::pack(GgmlDType::Q4_1, 16, 32, &bytes, &workers).unwrap();
    for tiny in [0.0, f32::from_bits(1), f32::MIN_POSITIVE / 64.0] {
        for path in Path::all() {
            let out = product(path, &matrix, &[tiny; 32], 1, &workers);
            assert!(out.iter().all(|x| x.abs() < 1e-30), "{path:?} {tiny:e}: {out:?}");
        }
    }
}

#[test]
fn what_is_no_matrix_is_refused() {
    let workers = Workers::new(1);
    let pack = |kind, rows, cols, bytes: usize| Matrix::pack(kind, rows, cols, &vec![0; bytes], &workers).map(|_| ());
    for (kind, rows, cols, bytes) in [
        (GgmlDType::Q4_1, 2, 32, 39),
        (GgmlDType::Q4_1, 2, 32, 41),
        (GgmlDType::Q4_1, 0, 32, 0),
        (GgmlDType::Q4_1, 2, 0, 0),
        (GgmlDType::Q4_1, 2, 33, 40),
        (GgmlDType::Q6K, 1, 32, 210),
        (GgmlDType::Q6K, usize::MAX / 16, 256, 210),
        (GgmlDType::F32, usize::MAX / 4, usize::MAX / 2, 16),
        (GgmlDType::Q8_0, 1, usize::MAX - 31, 34),
    ] {
        let refused = pack(kind, rows, cols, bytes);
        assert!(
            matches!(refused, Err(KernelError::Size { .. })),
            "{kind:?} {rows}x{cols} of {bytes}"
        );
    }
    assert!(matches!(pack(GgmlDType::Q2K, 1, 256, 84), Err(KernelError::Kind(_))));
}

#[test]
fn a_panic_in_a_part_reaches_the_caller_and_the_threads_go_on() {
    let workers = Workers::new(2);
    for bad in [0, 1] {
        let run = || workers.run(|part, _| assert!(part != bad, "part {bad}"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    // A task within a task runs too.
    workers.run(|_, _| {
        workers.run(|_, _| {
            done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        });
    });
    assert_eq!(done.into_inner(), 4);
}

#[test]
fn threads_that_fell_asleep_wake_up_for_work() {
    let workers = Workers::new(3);
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let done = std::sync::atomic::AtomicUsize::new(0);
        workers.run(|part, parts| {
            assert_eq!(parts, 3);
            done.fetch_add(1 << (8 * part), std::sync::atomic::Ordering::SeqCst);
        });
        assert_eq!(done.into_inner(), 0x0001_0101);
    }
}
