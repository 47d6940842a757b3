//! The kernels in plain Rust: the reference for the other paths, and the path of processors that have no other.

use super::activations::Tile;
use super::job::Job;
use super::packing::{Packing, Scales};
use super::panel::{Panel, number, scales, unpack};
use super::{BLOCK, PANEL, TILE};

/// Multiplies all of a job's panels with all of its tiles.
pub(super) fn quantised<K: Packing>(job: &Job) {
    for panel in job.panels.clone() {
        for tile in job.tiles.clone() {
            let sums = quantised_tile::<K>(job.matrix.panel(panel), job.x.tile(tile));
            store(job, panel, tile, &sums);
        }
    }
}

fn quantised_tile<K: Packing>(panel: Panel, tile: Tile) -> [[f32; PANEL]; TILE] {
    let count = tile.positions;
    let mut sums = [[0.0; PANEL]; TILE];
    for block in 0..tile.values.len() / (BLOCK * count) {
        let groups = unpack::<K>(panel.values, block);
        let scales = scales::<K>(panel.scales, block);
        let values = &tile.values[block * count * BLOCK..];
        let factors = &tile.scales[block * count * 2..];
        let value_sums = &tile.sums[block * count * 2..];
        for (p, sums) in sums.iter_mut().take(count).enumerate() {
            let values = &values[p * BLOCK..][..BLOCK];
            let offset = [value_sums[p] * K::OFFSET, value_sums[count + p] * K::OFFSET];
            let dots: [[i32; PANEL]; 2] = std::array::from_fn(|half| {
                let mut dots = [-offset[half]; PANEL];
                for g in 4 * half..4 * half + 4 {
                    for (dot, weights) in dots.iter_mut().zip(groups[g].as_chunks::<4>().0) {
                        for (weight, value) in weights.iter().zip(&values[4 * g..]) {
                            *dot += i32::from(*weight) * i32::from(*value);
                        }
                    }
                }
                dots
            });
            for row in 0..PANEL {
                let sum = &mut sums[row];
                let factor = |half: usize| scales.scale[half][row] * factors[p];
                if K::SCALES == Scales::Halves {
                    *sum = (dots[0][row] as f32).mul_add(factor(0), *sum);
                    *sum = (dots[1][row] as f32).mul_add(factor(1), *sum);
                } else {
                    *sum = ((dots[0][row] + dots[1][row]) as f32).mul_add(factor(0), *sum);
                }
                if matches!(K::SCALES, Scales::Minimum | Scales::Super) {
                    *sum = scales.minimum[row].mul_add(factors[count + p], *sum);
                }
            }
        }
    }
    sums
}

/// Same as [`quantised`], for weights that are F16, BF16 or F32.
pub(super) fn numbers(job: &Job) {
    for panel in job.panels.clone() {
        let values = job.matrix.panel(panel).values;
        for index in job.tiles.clone() {
            let tile = job.x.tile(index);
            let mut sums = [[0.0; PANEL]; TILE];
            for (col, x) in tile.floats.chunks_exact(tile.positions).enumerate() {
                let weights: [f32; PANEL] =
                    std::array::from_fn(|row| number(job.matrix.kind(), values, col * PANEL + row));
                for (sums, x) in sums.iter_mut().zip(x) {
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum = weight.mul_add(*x, *sum);
                    }
                }
            }
            store(job, panel, index, &sums);
        }
    }
}

fn store(job: &Job, panel: usize, tile: usize, sums: &[[f32; PANEL]; TILE]) {
    let rows = PANEL.min(job.matrix.rows() - panel * PANEL);
    let count = job.x.tile(tile).positions;
    for (p, sums) in sums.iter().take(count).enumerate() {
        // SAFETY: a job's panels are in no other job that runs, and the loop has one position at a time, so this is the
        // only borrow of these products.
        unsafe { job.out(tile * TILE + p, panel, rows) }.copy_from_slice(&sums[..rows]);
    }
}
