//! CPU kernels for quantized models: packed matmul, attention, element-wise operations and a thread pool.
//!
//! ```
//! use askpm_kernels::{Activations, Matrix, Workers, multiply};
//! use candle_core::quantized::GgmlDType;
//!
//! # fn main() -> Result<(), askpm_kernels::KernelError> {
//! let workers = Workers::new(2);
//! // A matrix of 16 rows and 32 columns, all weights 0.5, as a GGUF file stores F32.
//! let weights: Vec<u8> = (0..16 * 32).flat_map(|_| 0.5f32.to_le_bytes()).collect();
//! let matrix = Matrix::pack(GgmlDType::F32, 16, 32, &weights, &workers)?;
//!
//! let x = vec![1.0; 32];
//! let mut activations = Activations::new();
//! activations.set(&x, 1, 32, matrix.inputs(), &workers);
//! let mut out = vec![0.0; 16];
//! multiply(&matrix, &activations, &mut out, &workers);
//! assert_eq!(out, vec![16.0; 16]);
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows nothing about layers, models or tokens. The engine and the embedder both use it.
//!
//! # Layout
//!
//! A [`Matrix`] is packed once, when a model is loaded. It holds its rows in panels of sixteen. In a panel, four
//! neighbouring inputs of sixteen rows lie side by side, which is what a 512-bit byte dot product takes. Weights of 4, 5
//! and 6 bits keep their size, because decoding a token costs as much as reading them. [`Activations`] are quantized to
//! 8 bits in blocks of 32 inputs, as in llama.cpp, and lie in tiles of positions. A kernel keeps one block of a panel in
//! registers while it goes over the positions of a tile.
//!
//! The instruction set is chosen when the program starts: AVX-512, AVX2, NEON or plain Rust ([`features`]), or the one
//! that [`choose`] names. Every path adds the same numbers in the same order, whatever the number of positions and
//! threads. So a prompt that is read in one batch and one that is read token by token give results that are equal to the
//! last bit.

#![warn(missing_docs)]

mod activations;
pub mod attention;
#[cfg(target_arch = "x86_64")]
#[allow(
    clippy::needless_range_loop,
    reason = "positions are constants that index several arrays"
)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(
    clippy::needless_range_loop,
    reason = "positions are constants that index several arrays"
)]
mod avx512;
mod buffer;
pub mod elementwise;
mod job;
mod matrix;
mod multiply;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod packing;
mod panel;
mod path;
mod plain;
mod quantize;
pub mod scan;
mod source;
#[cfg(test)]
mod tests;
mod workers;

use candle_core::quantized::GgmlDType;

pub use activations::{Activations, Inputs};
pub use matrix::Matrix;
pub use multiply::{multiply, multiply_stacked};
pub use path::{PathError, choose, features, path, paths};
pub use workers::Workers;

/// Rows in a panel: the 32-bit lanes of a 512-bit register.
const PANEL: usize = 16;
/// Inputs that share one scale of the activations.
const BLOCK: usize = 32;
/// Maximum number of positions in a tile.
const TILE: usize = 8;

/// Why a tensor cannot be packed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message explains its fields")]
pub enum KernelError {
    #[error("no kernel multiplies {0:?} weights")]
    Kind(GgmlDType),
    #[error("a {kind:?} matrix of {rows} x {cols} has no {bytes} bytes")]
    Size {
        kind: GgmlDType,
        rows: usize,
        cols: usize,
        bytes: usize,
    },
    #[error("no memory for a matrix of {0} bytes")]
    Memory(usize),
}

/// Runs `$run` with the number of positions of a tile as the constant `$P`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! for_positions {
    ($positions:expr, $P:ident => $run:expr) => {
        match $positions {
            1 => {
                const $P: usize = 1;
                $run
            }
            2 => {
                const $P: usize = 2;
                $run
            }
            3 => {
                const $P: usize = 3;
                $run
            }
            4 => {
                const $P: usize = 4;
                $run
            }
            5 => {
                const $P: usize = 5;
                $run
            }
            6 => {
                const $P: usize = 6;
                $run
            }
            7 => {
                const $P: usize = 7;
                $run
            }
            _ => {
                const $P: usize = 8;
                $run
            }
        }
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use for_positions;
