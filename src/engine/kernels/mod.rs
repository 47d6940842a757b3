//! Matrix products for the CPU: weights repacked once, instructions chosen when the program runs.
//!
//! In: the bytes of a GGUF tensor, and activations in f32. Out: their product in f32. It must not know what a layer, a
//! model or a token is.
//!
//! A [`Matrix`] holds its rows in panels of sixteen; in a panel, four neighbouring inputs of sixteen rows lie side by
//! side, which is what a 512-bit register of byte dot products takes (`packing`). Weights of 4, 5 and 6 bits stay that
//! small, since decoding a token costs what reading them costs. [`Activations`] are quantised to 8 bits in blocks of
//! 32 inputs, as llama.cpp does it, and lie in tiles of positions. A kernel keeps one block of a panel in registers
//! while it goes over the positions of a tile (`avx512`, `avx2`, `neon`, `plain`).
//!
//! Every path adds the same numbers in the same order, whatever the number of positions and threads: the results are
//! equal to the last bit, so that what is read in one batch can be compared with what is read token by token.

mod activations;
pub(crate) mod attention;
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
mod matrix;
pub mod measure;
mod multiply;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod packing;
pub(crate) mod passes;
mod path;
mod plain;
pub(crate) mod scan;
mod source;
#[cfg(test)]
mod tests;
mod workers;

use candle_core::quantized::GgmlDType;

pub(crate) use activations::{Activations, Inputs};
pub(crate) use matrix::Matrix;
pub(crate) use multiply::{multiply, multiply_beside};
pub(crate) use path::features;
pub(crate) use workers::Workers;

/// Rows in a panel: the 32-bit lanes of a 512-bit register.
const PANEL: usize = 16;
/// Inputs that share one scale of an activation.
const BLOCK: usize = 32;
/// Most positions in a tile.
const TILE: usize = 8;

/// Why a tensor cannot be packed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KernelError {
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
