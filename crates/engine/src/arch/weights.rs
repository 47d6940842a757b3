//! Reads tensors from a checked file, each with the shape that the configuration asks for.
//!
//! It also keeps track of them. A tensor that nobody took means that the file is of a variant that would be computed
//! wrongly, so such a file is rejected.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use askpm_gguf::{Gguf, TensorEntry};
use askpm_kernels::{Matrix, Workers};
use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Device, Module, Result as Computed, Tensor};

use super::super::error::EngineError;
use super::super::lora::{Adapter, Low};

type Result<T> = std::result::Result<T, EngineError>;

pub(crate) struct Weights<'a> {
    gguf: &'a Gguf,
    device: &'a Device,
    adapter: Option<&'a Adapter>,
    taken: RefCell<BTreeSet<String>>,
}

/// Number of rows from which the CPU multiplies dequantized weights. Candle's quantized kernel streams all weights
/// again for every row. A plain matmul streams them once, at the cost of dequantizing one tensor.
const GEMM_ROWS: usize = 32;

/// A linear map with an optional bias, `(rows, in)` to `(rows, out)`.
pub(super) struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
    /// A and B of an adapter.
    low: Option<[Tensor; 2]>,
}

impl Linear {
    pub fn forward(&self, x: &Tensor) -> Computed<Tensor> {
        let y = match &self.weight {
            QMatMul::QTensor(weight) if x.device().is_cpu() && x.dim(0)? >= GEMM_ROWS => {
                x.matmul(&weight.dequantize(x.device())?.t()?)?
            }
            weight => weight.forward(x)?,
        };
        let y = match &self.low {
            Some([a, b]) => (y + x.matmul(&a.t()?)?.matmul(&b.t()?)?)?,
            None => y,
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Root mean square norm (RMSNorm) over the last dimension: Zhang and Sennrich (2019), arXiv 1910.07467.
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
        Self::adapted(gguf, None, device)
    }

    /// Same as `new`, for a model that an adapter changes.
    pub fn adapted(gguf: &'a Gguf, adapter: Option<&'a Adapter>, device: &'a Device) -> Self {
        Self {
            gguf,
            device,
            adapter,
            taken: RefCell::default(),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.gguf.entry(name).is_some()
    }

    /// Checks that a tensor is present and has this shape, and records it as taken.
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

    /// Checks that a tensor is present and has this shape, and reads it onto `device`.
    fn take(&self, name: &str, shape: &[usize], device: &Device) -> Result<QTensor> {
        self.check(name, shape)?;
        Ok(self.gguf.read(name, device)?)
    }

    /// Returns the path of the file that the tensors are in.
    pub fn path(&self) -> &Path {
        &self.gguf.path
    }

    /// Returns a matrix packed for the CPU kernels. The memory that the mapped tensor used is released.
    pub fn matrix(&self, name: &str, rows: usize, cols: usize, workers: &Workers) -> Result<Matrix> {
        let kind = self.check(name, &[rows, cols])?.dtype;
        let packed = Matrix::pack(kind, rows, cols, self.gguf.bytes(name)?, workers)
            .map_err(|e| EngineError::gguf(&self.gguf.path, format!("tensor {name}"), e.to_string()))?;
        // SAFETY: `pack` has copied the weights, and its borrow of them ended with the call. Each tensor is packed once.
        unsafe { self.gguf.give_back(name) };
        Ok(packed)
    }

    /// Returns what the adapter adds to a matrix.
    pub fn low(&self, name: &str, rows: usize, cols: usize, workers: &Workers) -> Result<Option<Low>> {
        self.adapter
            .map_or(Ok(None), |adapter| adapter.low(name, rows, cols, workers))
    }

    pub(super) fn compute<T>(&self, name: &str, result: Computed<T>) -> Result<T> {
        result.map_err(|e| EngineError::compute(&self.gguf.path, format!("loading tensor {name}"), &e))
    }

    /// Returns a small tensor, dequantized to f32.
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

    /// Returns the map of `prefix.weight`, and `prefix.bias` if the file has it.
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
        let pair = self.adapter.map(|adapter| adapter.pair(&name, outputs, inputs));
        let put = |tensor: Tensor| self.compute(&name, tensor.to_device(self.device));
        let low = match pair.transpose()?.flatten() {
            Some([a, b]) => Some([put(a)?, put(b)?]),
            None => None,
        };
        Ok(Linear { weight, bias, low })
    }

    /// Returns the embedding table. It stays quantized: rows are dequantized when they are looked up.
    pub(super) fn table(&self, name: &str, rows: usize, width: usize) -> Result<Arc<QTensor>> {
        self.take(name, &[rows, width], self.device).map(Arc::new)
    }

    /// Returns a linear map that shares the embedding table.
    pub(super) fn tied(&self, table: Arc<QTensor>) -> Result<Linear> {
        Ok(Linear {
            weight: self.compute("token_embd.weight", QMatMul::from_arc(table))?,
            bias: None,
            low: None,
        })
    }

    /// Returns a list of numbers, such as rotary divisors.
    pub fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>> {
        self.table_of_numbers(name, &[count])
    }

    /// Returns the numbers of a small tensor in row-major order.
    pub fn table_of_numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self.tensor(name, shape)?;
        self.compute(name, tensor.flatten_all().and_then(|all| all.to_vec1()))
    }

    /// Records a tensor as known but unused here.
    pub fn ignore(&self, name: &str) {
        self.taken.borrow_mut().insert(name.into());
    }

    /// Returns an error if the file has a tensor that was not taken.
    pub fn all_taken(&self) -> Result<()> {
        let taken = self.taken.borrow();
        match self.gguf.tensor_names().find(|name| !taken.contains(*name)) {
            None => self.adapter.map_or(Ok(()), Adapter::all_taken),
            Some(name) => Err(EngineError::gguf(
                &self.gguf.path,
                format!("tensor {name}"),
                "has no part in this architecture as it is built in: the model would be computed wrongly",
            )),
        }
    }
}
