//! A door for `benches/kernels.rs`, which is outside the crate and measures what the crate keeps to itself.
//!
//! In: a tensor's bytes. Out: something to run and time. It must not be used by anything else.

use candle_core::quantized::GgmlDType;

use super::{Activations, Matrix, Workers, multiply};

/// The product of a matrix with activations of some positions, quantisation of the activations included.
pub struct Product {
    matrix: Matrix,
    x: Vec<f32>,
    activations: Activations,
    out: Vec<f32>,
    workers: Workers,
}

impl Product {
    /// Of `rows` × `cols` weights, as a GGUF of `kind` has them, with `x`: some positions of `cols` numbers.
    ///
    /// # Errors
    /// Where the sizes do not fit, in words.
    pub fn new(
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
    pub fn run(&mut self) -> &[f32] {
        let (count, cols) = (self.x.len() / self.matrix.cols(), self.matrix.cols());
        let inputs = self.matrix.inputs();
        self.activations.set(&self.x, count, cols, inputs, &self.workers);
        multiply(&self.matrix, &self.activations, &mut self.out, &self.workers);
        &self.out
    }

    /// Packs the weights once more. Out: the bytes that they take.
    ///
    /// # Errors
    /// As [`Product::new`].
    pub fn pack(&self, bytes: &[u8]) -> Result<usize, String> {
        let (kind, rows, cols) = (self.matrix.kind(), self.matrix.rows(), self.matrix.cols());
        let matrix = Matrix::pack(kind, rows, cols, bytes, &self.workers).map_err(|e| e.to_string())?;
        Ok(matrix.bytes())
    }
}

/// The instruction sets that are used here.
pub fn features() -> &'static [&'static str] {
    super::features()
}
