//! Several linear maps of the same input, computed as one.
//!
//! Query, key and value, or gate and up, then share one conversion of their input and one synchronization of the
//! threads.

use askpm_kernels::{Inputs, Matrix, Workers, multiply_stacked};

use super::super::arch::weights::Weights;
use super::super::error::EngineError;
use super::super::lora::{Low, Products};
use super::Result;

/// One or more maps, and the biases of those that have one.
pub(super) struct Stack {
    parts: Vec<Matrix>,
    /// What an adapter adds, each with the row that it starts at.
    low: Vec<(usize, Low)>,
    /// The forms of activations that the maps need.
    inputs: Inputs,
    bias: Option<Vec<f32>>,
    rows: usize,
    cols: usize,
}

impl Stack {
    /// Reads `prefix.weight`, and `prefix.bias` if there is one, of each `(prefix, rows)`.
    pub fn load(weights: &Weights, parts: &[(String, usize)], cols: usize, workers: &Workers) -> Result<Self> {
        let rows = parts.iter().map(|part| part.1).sum();
        let mut bias = vec![0.0; rows];
        let mut low = Vec::new();
        let (mut at, mut biased) = (0, false);
        for (prefix, rows) in parts {
            let name = format!("{prefix}.bias");
            if weights.has(&name) {
                bias[at..at + rows].copy_from_slice(&weights.numbers(&name, *rows)?);
                biased = true;
            }
            let added = weights.low(&format!("{prefix}.weight"), *rows, cols, workers)?;
            low.extend(added.map(|added| (at, added)));
            at += rows;
        }
        let parts: Vec<Matrix> = parts
            .iter()
            .map(|(prefix, rows)| weights.matrix(&format!("{prefix}.weight"), *rows, cols, workers))
            .collect::<Result<_>>()?;
        let inputs = parts
            .iter()
            .map(Matrix::inputs)
            .chain(low.iter().map(|low| low.1.inputs()));
        let inputs = inputs.reduce(Inputs::and);
        Ok(Stack {
            inputs: inputs.ok_or_else(|| EngineError::gguf(weights.path(), "tensors", "a layer has none"))?,
            parts,
            low,
            bias: biased.then_some(bias),
            rows,
            cols,
        })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn bias(&self) -> Option<&[f32]> {
        self.bias.as_deref()
    }

    /// Multiplies `count` rows of `x` with all maps, without the biases. Each row of `out` has `rows` numbers.
    pub fn multiply(&self, x: &[f32], count: usize, to: &mut Products, out: &mut [f32], workers: &Workers) {
        to.activations.set(x, count, self.cols, self.inputs, workers);
        multiply_stacked(&self.parts, &to.activations, out, workers);
        for (first, low) in &self.low {
            low.add(to, out, *first, self.rows, workers);
        }
    }

    /// Same as `multiply`, with the biases.
    pub fn map(&self, x: &[f32], count: usize, to: &mut Products, out: &mut [f32], workers: &Workers) {
        self.multiply(x, count, to, out, workers);
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(self.rows).take(count) {
                row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias);
            }
        }
    }
}
