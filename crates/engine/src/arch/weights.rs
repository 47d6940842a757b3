//! Takes tensors out of a checked file, each with the shape that the configuration asks for.
//!
//! In: the file and a device. Out: linear maps and norms. It must not know what they are for.
//! It also keeps count: a tensor that nobody took means that the file is of a variant which would be computed wrongly,
//! and that is refused rather than ignored.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use askpm_gguf::{Gguf, TensorEntry};
use askpm_kernels::{Matrix, Workers};
use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Device, Module, Result as Computed, Tensor};

use super::super::error::EngineError;

type Result<T> = std::result::Result<T, EngineError>;

pub(crate) struct Weights<'a> {
    gguf: &'a Gguf,
    device: &'a Device,
    taken: RefCell<BTreeSet<String>>,
}

/// Rows from which a quantized product on the CPU is done as a dequantized one. Candle's quantized kernel streams all
/// weights again for every row; a plain matrix product streams them once, at the price of dequantizing one tensor.
const GEMM_ROWS: usize = 32;

/// A linear map with an optional bias, `(rows, in)` to `(rows, out)`.
pub(super) struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
}

impl Linear {
    pub fn forward(&self, x: &Tensor) -> Computed<Tensor> {
        let y = match &self.weight {
            QMatMul::QTensor(weight) if x.device().is_cpu() && x.dim(0)? >= GEMM_ROWS => {
                x.matmul(&weight.dequantize(x.device())?.t()?)?
            }
            weight => weight.forward(x)?,
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Root mean square norm over the last dimension. Zhang and Sennrich (2019), arXiv 1910.07467.
pub(super) struct Norm {
    weight: Tensor,
    eps: f32,
}

impl Norm {
    pub fn forward(&self, x: &Tensor) -> Computed<Tensor> {
        candle_nn::ops::rms_norm(&x.contiguous()?, &self.weight, self.eps)
    }
}

impl<'a> Weights<'a> {
    pub fn new(gguf: &'a Gguf, device: &'a Device) -> Self {
        Self {
            gguf,
            device,
            taken: RefCell::default(),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.gguf.entry(name).is_some()
    }

    /// Checks presence and shape of a tensor, and counts it as taken.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<&'a TensorEntry> {
        let fail = |problem: String| Err(EngineError::gguf(&self.gguf.path, format!("tensor {name}"), problem));
        match self.gguf.entry(name) {
            None => fail("is missing".into()),
            Some(entry) if entry.shape != shape => fail(format!(
                "has the dimensions {:?} where {shape:?} are needed",
                entry.shape
            )),
            Some(entry) => {
                self.taken.borrow_mut().insert(name.into());
                Ok(entry)
            }
        }
    }

    /// Checks presence and shape of a tensor, and reads it onto `device`.
    fn take(&self, name: &str, shape: &[usize], device: &Device) -> Result<QTensor> {
        self.check(name, shape)?;
        Ok(self.gguf.read(name, device)?)
    }

    /// The file that the tensors are of.
    pub fn path(&self) -> &Path {
        &self.gguf.path
    }

    /// A matrix, packed for the CPU's kernels; the file's own memory is given back.
    pub fn matrix(&self, name: &str, rows: usize, cols: usize, workers: &Workers) -> Result<Matrix> {
        let kind = self.check(name, &[rows, cols])?.dtype;
        let packed = Matrix::pack(kind, rows, cols, self.gguf.bytes(name)?, workers)
            .map_err(|e| EngineError::gguf(&self.gguf.path, format!("tensor {name}"), e.to_string()))?;
        self.gguf.give_back(name);
        Ok(packed)
    }

    pub(super) fn compute<T>(&self, name: &str, result: Computed<T>) -> Result<T> {
        result.map_err(|e| EngineError::compute(&self.gguf.path, format!("loading tensor {name}"), &e))
    }

    /// A small tensor, dequantized to f32.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let quantized = self.take(name, shape, self.device)?;
        self.compute(name, quantized.dequantize(self.device))
    }

    pub(super) fn norm(&self, name: &str, width: usize, eps: f32) -> Result<Norm> {
        Ok(Norm {
            weight: self.tensor(name, &[width])?,
            eps,
        })
    }

    /// `prefix.weight`, and `prefix.bias` where the file has it.
    pub(super) fn linear(&self, prefix: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let name = format!("{prefix}.weight");
        let quantized = self.take(&name, &[outputs, inputs], self.device)?;
        let weight = self.compute(&name, QMatMul::from_qtensor(quantized))?;
        let bias = format!("{prefix}.bias");
        let bias = if self.has(&bias) {
            Some(self.tensor(&bias, &[outputs])?)
        } else {
            None
        };
        Ok(Linear { weight, bias })
    }

    /// The embedding table, left quantized: rows are dequantized as they are looked up.
    pub(super) fn table(&self, name: &str, rows: usize, width: usize) -> Result<Arc<QTensor>> {
        self.take(name, &[rows, width], self.device).map(Arc::new)
    }

    /// A linear map that shares the embedding table.
    pub(super) fn tied(&self, table: Arc<QTensor>) -> Result<Linear> {
        Ok(Linear {
            weight: self.compute("token_embd.weight", QMatMul::from_arc(table))?,
            bias: None,
        })
    }

    /// A list of numbers, such as rotary divisors.
    pub fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>> {
        self.table_of_numbers(name, &[count])
    }

    /// The numbers of a small tensor, the last dimension fastest.
    pub fn table_of_numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self.tensor(name, shape)?;
        self.compute(name, tensor.flatten_all().and_then(|all| all.to_vec1()))
    }

    /// Marks a tensor as known and of no use here.
    pub fn ignore(&self, name: &str) {
        self.taken.borrow_mut().insert(name.into());
    }

    /// Refuses a file that holds more than was taken.
    pub fn all_taken(&self) -> Result<()> {
        let taken = self.taken.borrow();
        match self.gguf.tensor_names().find(|name| !taken.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(EngineError::gguf(
                &self.gguf.path,
                format!("tensor {name}"),
                "has no part in this architecture as it is built in: the model would be computed wrongly",
            )),
        }
    }
}
