//! Element-wise operations of an encoder such as BERT: biases, GELU by the error function, and layer norms. They work
//! in place, on the caller's thread.

use super::super::attention::exp2;
use super::super::path::Path;
use super::{LANES, by_path};

/// The error function to within 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26). It has no
/// branches or calls, so that the compiler can vectorize it.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let sum = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152_1 + t * 1.061_405_4))));
    (1.0 - sum * exp2(-x * x * std::f32::consts::LOG2_E)).copysign(x)
}

#[inline(always)]
fn gelu_body(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (x, bias) in row.iter_mut().zip(bias) {
            let sum = *x + bias;
            *x = sum * 0.5 * (1.0 + erf(sum * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

by_path! {
    fn gelu_by(rows: &mut [f32], bias: &[f32]) = gelu_body
}

/// Adds `bias` to each row, which is as wide, and takes `x · Φ(x)` of it (Hendrycks and Gimpel, arXiv 1606.08415).
pub fn gelu(rows: &mut [f32], bias: &[f32]) {
    if !bias.is_empty() {
        gelu_by(Path::best(), rows, bias);
    }
}

#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0f32; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for row in whole {
        for lane in 0..LANES {
            sums[lane] += of(row[lane]);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += of(*x);
    }
    let mut sum = 0.0;
    for lane in sums {
        sum += lane;
    }
    sum
}

/// A layer norm. Weight and bias are as wide as a row.
#[derive(Clone, Copy)]
pub struct Norm<'a> {
    /// Factor of each number of a row.
    pub weight: &'a [f32],
    /// Summand of each number of a row.
    pub bias: &'a [f32],
    /// Added to the variance before the root.
    pub eps: f32,
}

#[inline(always)]
fn norm_body(rows: &mut [f32], more: &[f32], bias: &[f32], norm: Norm) {
    let width = norm.weight.len();
    for (row, more) in rows.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
        for ((x, more), bias) in row.iter_mut().zip(more).zip(bias) {
            *x += more + bias;
        }
        let mean = sum(row, |x| x) / width as f32;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / width as f32;
        let scale = 1.0 / (variance + norm.eps).sqrt();
        for ((x, weight), bias) in row.iter_mut().zip(norm.weight).zip(norm.bias) {
            *x = (*x - mean) * scale * weight + bias;
        }
    }
}

by_path! {
    fn norm_by(rows: &mut [f32], more: &[f32], bias: &[f32], norm: Norm) = norm_body
}

/// Adds `more` and `bias` to the rows, then shifts each to mean 0 and variance 1 and by weight and bias (Ba et al., arXiv
/// 1607.06450).
pub fn add_and_norm(rows: &mut [f32], more: &[f32], bias: &[f32], norm: Norm) {
    if !norm.weight.is_empty() {
        norm_by(Path::best(), rows, more, bias, norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_activation_is_that_of_the_error_function() {
        // x · Φ(x), from tables of the normal distribution.
        for path in Path::all() {
            for (x, expected) in [
                (-3.0, -0.004_049_7),
                (-1.0, -0.158_655_3),
                (0.0, 0.0),
                (1.0, 0.841_344_7),
                (2.0, 1.954_499_7),
            ] {
                let mut rows = [x - 0.5; 20];
                gelu_by(path, &mut rows, &[0.5; 20]);
                assert!(
                    rows.iter().all(|found| (found - expected).abs() < 2e-6),
                    "{x}: {rows:?}"
                );
            }
            let mut rows = [50.0, -50.0];
            gelu_by(path, &mut rows, &[0.0; 2]);
            assert_eq!(rows, [50.0, 0.0]);
        }
    }

    #[test]
    fn every_row_has_the_mean_and_variance_that_it_is_given() {
        for path in Path::all() {
            let mut rows: Vec<f32> = (0..2 * 37).map(|i| (i * i % 23) as f32).collect();
            let more: Vec<f32> = (0..2 * 37).map(|i| (i % 5) as f32).collect();
            let norm = Norm {
                weight: &[2.0; 37],
                bias: &[3.0; 37],
                eps: 1e-12,
            };
            norm_by(path, &mut rows, &more, &[1.0; 37], norm);
            for row in rows.chunks_exact(37) {
                let mean = row.iter().sum::<f32>() / 37.0;
                let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 37.0;
                assert!(
                    (mean - 3.0).abs() < 1e-4 && (variance - 4.0).abs() < 1e-3,
                    "{mean} {variance}"
                );
            }
        }
    }
}
