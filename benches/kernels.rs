//! Compares matmul with candle's `QMatMul`, on the shapes of SmolLM2-135M and, for types in blocks of 256, of
//! Qwen3-0.6B.
//!
//! For each type, shape and number of positions, the two take turns. The bench prints medians and their ratio.
//! Quantising the activations counts for both. Candle and these kernels both use all cores. Then packing is timed.
//!
//! `cargo bench --bench kernels`; `cargo bench --bench kernels -- Q4_1` for one type. `ASKPM_CPU=avx2` measures another
//! path than the fastest.

use std::time::Instant;

use askpm_kernels::{Activations, Matrix, Workers, choose, features, multiply};
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

const TURNS: usize = 11;
const POSITIONS: [usize; 4] = [1, 5, 64, 512];
const SMOLLM2: [(usize, usize); 5] = [(576, 576), (192, 576), (1536, 576), (576, 1536), (49152, 576)];
const QWEN3: [(usize, usize); 4] = [(2048, 1024), (1024, 2048), (3072, 1024), (1024, 3072)];

fn main() {
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    if let Some(path) = std::env::var("ASKPM_CPU").ok().filter(|path| !path.is_empty()) {
        choose(&path).expect("a path of this processor");
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{threads} threads, {}", features().join(" "));
    println!("type, rows x inputs, positions: candle, askpm (ratio, GFLOP/s)");
    for kind in [
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
    ] {
        if only.as_ref().is_some_and(|only| *only != format!("{kind:?}")) {
            continue;
        }
        let shapes: &[_] = if kind.block_size() == 256 { &QWEN3 } else { &SMOLLM2 };
        for &(rows, cols) in shapes {
            compare(kind, rows, cols, threads);
        }
    }
}

fn compare(kind: GgmlDType, rows: usize, cols: usize, threads: usize) {
    let weights = Tensor::from_vec(numbers(rows * cols), (rows, cols), &Device::Cpu).expect("a tensor");
    let weights = QTensor::quantize(&weights, kind).expect("weights");
    let bytes = weights.data().expect("bytes").to_vec();
    let theirs = QMatMul::from_qtensor(weights).expect("a matrix");
    for positions in POSITIONS {
        // The output matrix is used for one position, or for a few that verify a draft.
        if rows > 10_000 && positions > 8 {
            continue;
        }
        let x = numbers(positions * cols);
        let tensor = Tensor::from_slice(&x, (positions, cols), &Device::Cpu).expect("a tensor");
        let mut ours = Product::new(kind, (rows, cols), &bytes, x, threads).expect("a product");
        let flop = (2 * rows * cols * positions) as f64;
        // One turn takes a few milliseconds.
        let times = ((2e8 / flop) as usize).clamp(1, 200);
        let (mut candle, mut askpm) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            candle.push(time(times, || drop(theirs.forward(&tensor).expect("a product"))));
            askpm.push(time(times, || {
                std::hint::black_box(ours.run());
            }));
        }
        let (candle, askpm) = (median(candle), median(askpm));
        println!(
            "{kind:?} {rows}x{cols} {positions}: {:.1} us, {:.1} us ({:.1}, {:.0})",
            candle * 1e6,
            askpm * 1e6,
            candle / askpm,
            flop / askpm / 1e9
        );
    }
    let product = Product::new(kind, (rows, cols), &bytes, vec![0.0; cols], threads).expect("a product");
    let pack = median((0..TURNS).map(|_| time(1, || drop(product.pack(&bytes)))).collect());
    println!(
        "{kind:?} {rows}x{cols} pack: {:.2} ms ({:.1} GB/s)",
        pack * 1e3,
        bytes.len() as f64 / pack / 1e9
    );
}

/// Returns the seconds of one run, averaged over `times` in a row.
fn time(times: usize, mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..times).for_each(|_| run());
    start.elapsed().as_secs_f64() / times as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Returns the same numbers every time, between -1 and 1 (xorshift).
fn numbers(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

/// The product of a matrix with activations of some positions, quantisation of the activations included.
struct Product {
    matrix: Matrix,
    x: Vec<f32>,
    activations: Activations,
    out: Vec<f32>,
    workers: Workers,
}

impl Product {
    /// Of `rows` × `cols` weights, as a GGUF of `kind` has them, with `x`: some positions of `cols` numbers.
    fn new(
        kind: GgmlDType,
        (rows, cols): (usize, usize),
        bytes: &[u8],
        x: Vec<f32>,
        threads: usize,
    ) -> Result<Self, String> {
        let workers = Workers::new(threads);
        let matrix = Matrix::pack(kind, rows, cols, bytes, &workers).map_err(|e| e.to_string())?;
        Ok(Self {
            out: vec![0.0; x.len() / cols * rows],
            matrix,
            x,
            activations: Activations::new(),
            workers,
        })
    }

    /// Computes it. Out: position after position, `rows` numbers each.
    fn run(&mut self) -> &[f32] {
        let (count, cols) = (self.x.len() / self.matrix.cols(), self.matrix.cols());
        let inputs = self.matrix.inputs();
        self.activations.set(&self.x, count, cols, inputs, &self.workers);
        multiply(&self.matrix, &self.activations, &mut self.out, &self.workers);
        &self.out
    }

    /// Packs the weights once more. Out: the bytes that they take.
    fn pack(&self, bytes: &[u8]) -> Result<usize, String> {
        let (kind, rows, cols) = (self.matrix.kind(), self.matrix.rows(), self.matrix.cols());
        let matrix = Matrix::pack(kind, rows, cols, bytes, &self.workers).map_err(|e| e.to_string())?;
        Ok(matrix.bytes())
    }
}
