//! Low-rank adapters of a BERT (LoRA, Hu et al., arXiv 2106.09685), which add two small matrix products to each matrix.
//!
//! An [`Adapter`] is loaded from a GGUF file in the layout that llama.cpp reads. `general.type` is `adapter`,
//! `adapter.type` is `lora`, and each matrix `M` has `M.lora_a` (rank × inputs) and `M.lora_b` (outputs × rank). This
//! module does not know what an adapter was trained for. The matrices of the base model are not changed.

use std::io::Cursor;

use askpm_kernels::{Activations, Matrix, Workers, multiply};
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{Device, Error, Result, bail};

/// Largest rank: an adapter is small, or it is a model of its own.
const MAX_RANK: usize = 256;

/// Buffers for the products of a layer.
#[derive(Default)]
pub(super) struct Products {
    /// The inputs of the current matrix.
    pub activations: Activations,
    narrow: Vec<f32>,
    narrow_activations: Activations,
    wide: Vec<f32>,
}

/// The addition to one matrix: `scale · B A x`, with the scale folded into B.
pub(super) struct Low {
    a: Matrix,
    b: Matrix,
}

impl Low {
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

/// The additions to the matrices of one layer.
pub(super) struct LayerAdapter {
    /// Queries, keys and values.
    pub asked: [Low; 3],
    pub attended: Low,
    pub inner: Low,
    pub outer: Low,
}

/// A loaded adapter.
pub(super) struct Adapter {
    /// The first layer that the adapter changes.
    pub from: usize,
    /// The additions to that layer and to each layer after it.
    pub layers: Vec<LayerAdapter>,
}

/// An adapter's file, with only the header read.
pub(super) struct AdapterFile<'a> {
    content: Content,
    bytes: Cursor<&'a [u8]>,
}

impl<'a> AdapterFile<'a> {
    /// # Errors
    /// Fails if the file is not a GGUF file or not a LoRA adapter of a BERT.
    pub fn read(bytes: &'a [u8]) -> Result<AdapterFile<'a>> {
        let mut bytes = Cursor::new(bytes);
        let content = Content::read(&mut bytes)?;
        let file = AdapterFile { content, bytes };
        for (key, expected) in [
            ("general.type", "adapter"),
            ("adapter.type", "lora"),
            ("general.architecture", "bert"),
        ] {
            if file.text(key)? != expected {
                bail!("its {key} is not {expected}")
            }
        }
        Ok(file)
    }

    fn value(&self, key: &str) -> Result<&Value> {
        let missing = || Error::Msg(format!("it has no {key}"));
        self.content.metadata.get(key).ok_or_else(missing)
    }

    /// Returns a metadata string.
    pub fn text(&self, key: &str) -> Result<&str> {
        Ok(self.value(key)?.to_string()?)
    }

    /// Returns the adapter of all layers from number `askpm.from` on, for a model with `layers` layers, hidden
    /// size `hidden` and intermediate size `inner`.
    ///
    /// # Errors
    /// Fails if a tensor is missing or has the wrong size; the error gives its name.
    pub fn adapter(&mut self, [layers, hidden, inner]: [usize; 3]) -> Result<Adapter> {
        let workers = Workers::new(1);
        let from = self.value("askpm.from")?.to_u32()? as usize;
        let alpha = self.value("adapter.lora.alpha")?.to_f32()?;
        let mut low = |number: usize, part: &str, out: usize, into: usize| {
            let name = format!("blk.{number}.{part}.weight");
            let a = self.matrix(&format!("{name}.lora_a"))?;
            let b = self.matrix(&format!("{name}.lora_b"))?;
            let rank = a.rows;
            if a.cols != into || b.rows != out || b.cols != rank || !(1..=MAX_RANK).contains(&rank) {
                bail!("{name} of the adapter does not fit {out} × {into}")
            }
            Ok(Low {
                a: a.packed(1.0, &workers)?,
                b: b.packed(alpha / rank as f32, &workers)?,
            })
        };
        let layer = |number| {
            Ok(LayerAdapter {
                asked: [
                    low(number, "attn_q", hidden, hidden)?,
                    low(number, "attn_k", hidden, hidden)?,
                    low(number, "attn_v", hidden, hidden)?,
                ],
                attended: low(number, "attn_output", hidden, hidden)?,
                inner: low(number, "ffn_up", inner, hidden)?,
                outer: low(number, "ffn_down", hidden, inner)?,
            })
        };
        Ok(Adapter {
            from,
            layers: (from..layers).map(layer).collect::<Result<_>>()?,
        })
    }

    fn matrix(&mut self, name: &str) -> Result<Numbers> {
        let tensor = self.content.tensor(&mut self.bytes, name, &Device::Cpu)?;
        let tensor = tensor.dequantize(&Device::Cpu)?;
        let (rows, cols) = tensor.dims2()?;
        Ok(Numbers {
            rows,
            cols,
            numbers: tensor.flatten_all()?.to_vec1()?,
        })
    }
}

/// A matrix in row-major order.
struct Numbers {
    rows: usize,
    cols: usize,
    numbers: Vec<f32>,
}

impl Numbers {
    fn packed(self, scale: f32, workers: &Workers) -> Result<Matrix> {
        let numbers = self.numbers.iter();
        let bytes: Vec<u8> = numbers.flat_map(|x| (x * scale).to_le_bytes()).collect();
        Matrix::pack(GgmlDType::F32, self.rows, self.cols, &bytes, workers)
            .map_err(|error| Error::Msg(error.to_string()))
    }
}
