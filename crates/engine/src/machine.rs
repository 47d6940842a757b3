//! Measures how fast this machine runs quantized models, without a model.

use std::time::Instant;

use askpm_kernels::{Activations, Matrix, Workers, multiply};
use candle_core::quantized::GgmlDType;

/// The side of a measured matrix: about the width of a model with 4 billion parameters.
const SIDE: usize = 2048;
/// So many matrices of [`SIDE`] × [`SIDE`] do not fit into the caches of most processors, like the weights of a model.
const MATRICES: usize = 24;
/// Positions that are multiplied at once, as in a prefill.
const POSITIONS: usize = 128;
/// Q4_0 stores 32 weights in 18 bytes.
const BYTES: usize = SIDE * SIDE / 32 * 18;

/// The speed of the matrix products of Q4_0 weights on all cores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineSpeed {
    /// Multiply-adds per second with 128 positions at once, as in a prefill.
    pub multiply_adds: f64,
    /// Bytes of weights per second with one position, as in decoding.
    pub bytes: f64,
}

impl MachineSpeed {
    /// Measures about a tenth of a second of work. Returns `None` if there is no memory for it (60 MB).
    pub fn measure() -> Option<Self> {
        let workers = Workers::for_machine();
        let block = [0x00, 0x3c].into_iter().chain((0..16).map(|at| at * 17));
        let weights: Vec<u8> = block.cycle().take(BYTES).collect();
        let pack = || Matrix::pack(GgmlDType::Q4_0, SIDE, SIDE, &weights, &workers).ok();
        let matrices: Vec<Matrix> = (0..MATRICES).map_while(|_| pack()).collect();
        let first = matrices.first().filter(|_| matrices.len() == MATRICES)?;
        let values: Vec<f32> = (0..POSITIONS * SIDE).map(|at| (at % 17) as f32 - 8.0).collect();
        let mut out = vec![0.0; POSITIONS * SIDE];
        let mut seconds = |positions: usize| {
            let mut x = Activations::new();
            x.set(&values[..positions * SIDE], positions, SIDE, first.inputs(), &workers);
            let mut pass = || {
                let started = Instant::now();
                for matrix in &matrices {
                    multiply(matrix, &x, &mut out[..positions * SIDE], &workers);
                }
                started.elapsed().as_secs_f64()
            };
            // The first pass wakes the threads. The faster of two others has fewer disturbances.
            pass();
            pass().min(pass()).max(1e-9)
        };
        let all = (MATRICES * SIDE * SIDE) as f64;
        Some(Self {
            multiply_adds: all * POSITIONS as f64 / seconds(POSITIONS),
            bytes: (MATRICES * BYTES) as f64 / seconds(1),
        })
    }

    /// Estimates the seconds to read `prompt` tokens and to write `answer` tokens with a model of `parameters` weights in
    /// a file of `bytes` bytes. Attention, the vocabulary and the load are not in it.
    pub fn seconds(&self, parameters: u64, bytes: u64, prompt: u32, answer: u32) -> f64 {
        let prefill = f64::from(prompt) * parameters as f64 / self.multiply_adds;
        prefill + f64::from(answer) * bytes as f64 / self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_speed_and_more_work_takes_longer() {
        let speed = MachineSpeed::measure().unwrap();
        assert!(speed.multiply_adds > 0.0 && speed.bytes > 0.0, "{speed:?}");
        let speed = MachineSpeed {
            multiply_adds: 1e9,
            bytes: 1e8,
        };
        assert_eq!(speed.seconds(1_000_000, 50_000_000, 500, 4), 2.5);
    }
}
