//! Low-rank adapters (LoRA, Hu et al., arXiv 2106.09685): each adds two small matrix products to a matrix of a base model.
//!
//! An [`Adapter`] is a GGUF file in the layout that llama.cpp reads. `general.type` is `adapter`, `adapter.type` is
//! `lora`, and each matrix `M` that the adapter changes has `M.lora_a` (rank × inputs) and `M.lora_b` (outputs × rank).
//! The matrices of the base model stay as they are, quantized or not. This module does not know what an adapter was
//! trained for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use askpm_gguf::{Gguf, Metadata};
use askpm_kernels::{Activations, Inputs, Matrix, Workers, multiply};
use candle_core::quantized::GgmlDType;
use candle_core::{Device, Tensor};

use super::error::EngineError;

type Result<T> = std::result::Result<T, EngineError>;

/// Largest rank: an adapter is small, or it is a model of its own.
const MAX_RANK: usize = 256;

/// An adapter's file, with its header checked.
#[derive(Debug)]
pub struct Adapter {
    gguf: Gguf,
    alpha: f64,
    taken: RefCell<BTreeSet<String>>,
}

impl Adapter {
    /// Opens an adapter's file.
    ///
    /// # Errors
    /// [`EngineError::File`] if it cannot be read, or is not a LoRA adapter.
    pub fn open(path: &Path) -> Result<Self> {
        Self::new(Gguf::open(path)?)
    }

    /// Reads an adapter that is built into the program. Errors call it `name`.
    ///
    /// # Errors
    /// [`EngineError::File`] if it is not a LoRA adapter.
    pub fn built_in(name: &str, bytes: &'static [u8]) -> Result<Self> {
        Self::new(Gguf::built_in(name, bytes)?)
    }

    fn new(gguf: Gguf) -> Result<Self> {
        for (key, expected) in [("general.type", "adapter"), ("adapter.type", "lora")] {
            if gguf.metadata.need_text(key)? != expected {
                gguf.metadata
                    .fail(key, format!("is not `{expected}`: this is no adapter"))?;
            }
        }
        Ok(Self {
            alpha: gguf.metadata.need_positive("adapter.lora.alpha")?,
            gguf,
            taken: RefCell::default(),
        })
    }

    /// Returns what the header says, such as the base model.
    pub fn metadata(&self) -> &Metadata {
        &self.gguf.metadata
    }

    /// Checks that the adapter is for models of this architecture.
    ///
    /// # Errors
    /// [`EngineError::File`] if it is for another.
    pub fn is_for(&self, architecture: &str) -> Result<()> {
        let own = self.gguf.metadata.need_text("general.architecture")?;
        if own != architecture {
            let problem = format!(
                "the adapter is for `{}`, the model is `{architecture}`",
                askpm_gguf::shown(own)
            );
            self.gguf.metadata.fail("general.architecture", problem)?;
        }
        Ok(())
    }

    /// Returns the addition to the matrix `name` of `rows` × `cols`, or `None` if the adapter does not change it.
    ///
    /// # Errors
    /// [`EngineError::File`] if the sizes do not fit; the error gives the name.
    pub fn low(&self, name: &str, rows: usize, cols: usize, workers: &Workers) -> Result<Option<Low>> {
        let Some([a, b]) = self.pair(name, rows, cols)? else {
            return Ok(None);
        };
        let packed = |tensor: &Tensor| {
            let (rows, cols) = self.compute(name, tensor.dims2())?;
            let numbers: Vec<f32> = self.compute(name, tensor.flatten_all().and_then(|all| all.to_vec1()))?;
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            Matrix::pack(GgmlDType::F32, rows, cols, &bytes, workers).map_err(|e| self.fault(name, e.to_string()))
        };
        Ok(Some(Low {
            a: packed(&a)?,
            b: packed(&b)?,
        }))
    }

    /// Returns A (rank × `cols`) and B (`rows` × rank, with the scale folded in) of the matrix `name`.
    pub(crate) fn pair(&self, name: &str, rows: usize, cols: usize) -> Result<Option<[Tensor; 2]>> {
        let (a, b) = (format!("{name}.lora_a"), format!("{name}.lora_b"));
        let (a_entry, b_entry) = match (self.gguf.entry(&a), self.gguf.entry(&b)) {
            (None, None) => return Ok(None),
            (Some(a), Some(b)) => (a, b),
            (None, _) => return Err(self.fault(&a, "is missing")),
            (_, None) => return Err(self.fault(&b, "is missing")),
        };
        let [rank, inputs] = a_entry.shape[..] else {
            return Err(self.fault(&a, "is not a matrix"));
        };
        if !(1..=MAX_RANK).contains(&rank) || inputs != cols || b_entry.shape != [rows, rank] {
            let problem = format!(
                "and its lora_b have the dimensions {:?} and {:?}",
                a_entry.shape, b_entry.shape
            );
            return Err(self.fault(&a, format!("{problem}, which do not fit a matrix of {rows} × {cols}")));
        }
        let read = |name: &str| {
            let tensor = self.gguf.read(name, &Device::Cpu)?;
            self.compute(name, tensor.dequantize(&Device::Cpu))
        };
        let scaled = self.compute(&b, read(&b)? * (self.alpha / rank as f64))?;
        let pair = [read(&a)?, scaled];
        self.taken.borrow_mut().extend([a, b]);
        Ok(Some(pair))
    }

    /// Returns an error if the file has a tensor that nothing took: the adapter is for another model.
    ///
    /// # Errors
    /// [`EngineError::File`] with the name of such a tensor.
    pub fn all_taken(&self) -> Result<()> {
        let taken = self.taken.borrow();
        match self.gguf.tensor_names().find(|name| !taken.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(self.fault(name, "changes nothing that the base model has")),
        }
    }

    fn compute<T>(&self, name: &str, result: candle_core::Result<T>) -> Result<T> {
        result.map_err(|e| EngineError::compute(&self.gguf.path, format!("loading tensor {name}"), &e))
    }

    fn fault(&self, name: &str, problem: impl Into<String>) -> EngineError {
        EngineError::gguf(&self.gguf.path, format!("tensor {name}"), problem)
    }
}

/// The inputs of a matrix, and buffers for what an adapter adds to its outputs.
#[derive(Default)]
pub struct Products {
    /// The inputs of the current matrix.
    pub activations: Activations,
    narrow: Vec<f32>,
    narrow_activations: Activations,
    wide: Vec<f32>,
}

/// The addition to one matrix: `scale · B A x`, with the scale folded into B.
pub struct Low {
    a: Matrix,
    b: Matrix,
}

impl Low {
    /// Returns the form of inputs that the addition needs.
    pub fn inputs(&self) -> Inputs {
        self.a.inputs()
    }

    /// Adds the product with the activations of `products` to `out`. `out` has rows of `stride` numbers, and the
    /// addition starts at number `first` of each row.
    pub fn add(&self, products: &mut Products, out: &mut [f32], first: usize, stride: usize, workers: &Workers) {
        let count = products.activations.count();
        let (rank, rows) = (self.a.rows(), self.b.rows());
        products.narrow.resize(count * rank, 0.0);
        multiply(&self.a, &products.activations, &mut products.narrow, workers);
        let narrow = &mut products.narrow_activations;
        narrow.set(&products.narrow, count, rank, self.b.inputs(), workers);
        products.wide.resize(count * rows, 0.0);
        multiply(&self.b, narrow, &mut products.wide, workers);
        for (out, added) in out.chunks_exact_mut(stride).zip(products.wide.chunks_exact(rows)) {
            let place = &mut out[first..first + rows];
            place.iter_mut().zip(added).for_each(|(sum, x)| *sum += x);
        }
    }
}

#[cfg(test)]
#[path = "lora_tests.rs"]
mod tests;
