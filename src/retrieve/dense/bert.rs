//! Computes the last layer of BERT (Devlin et al., arXiv 1810.04805) for one text.
//!
//! The weights come from a safetensors file with the tensor names of transformers. The input is token identifiers and
//! optionally an [`Adapter`]. The output is one vector per token.
//!
//! Matrix products and attention use `crate::kernels`, in f32. Attention there is causal over positions, but here every
//! token attends to every token. So all tokens of a head are passed as query heads of one last position, which sees
//! every key. The table of word vectors, half of the file, is read from the memory map, because a question needs only a
//! few of its rows.

use std::f32::consts::LOG2_E;

use askpm_engine::lora::{Low, Products};
use askpm_kernels::{
    Matrix, Workers,
    attention::store::{Turn, turn_and_store},
    attention::{PAGE, Page, Precision, Queries, Scratch, Shape, attend},
    elementwise::encoder,
    multiply, multiply_stacked,
};
use candle_core::quantized::GgmlDType;
use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Error, Result, Tensor, bail};
use serde::Deserialize;

use super::lora::{Adapter, LayerAdapter};

/// The fields of transformers' `config.json` that are needed here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub model_type: Option<String>,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub hidden_act: String,
    pub max_position_embeddings: usize,
    pub layer_norm_eps: f64,
}

/// `y = x Wᵀ + b`, with `W` (out, in).
struct Linear {
    weight: Matrix,
    bias: Vec<f32>,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

struct Layer {
    /// Queries, keys and values.
    asked: [Matrix; 3],
    asked_bias: Vec<f32>,
    attended: Linear,
    attention_norm: Norm,
    inner: Linear,
    outer: Linear,
    output_norm: Norm,
}

/// A loaded model.
pub(super) struct Bert {
    file: MmapedSafetensors,
    hidden: usize,
    heads: usize,
    positions: Vec<f32>,
    /// The vector of the first token type, the only one in a single text.
    token_type: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    /// A single thread, the caller's, because texts are embedded in parallel.
    alone: Workers,
}

/// Buffers for the layers of one text.
struct Work {
    products: Products,
    shape: Shape,
    pages: Vec<Page>,
    scratch: Scratch,
    rows: Vec<f32>,
    by_head: Vec<f32>,
    out: Vec<f32>,
    inner: Vec<f32>,
}

const WORDS: &str = "embeddings.word_embeddings.weight";

impl Bert {
    /// # Errors
    /// Fails if a tensor is missing or does not have the size given by `config`; the error gives its name.
    pub fn load(file: MmapedSafetensors, config: &Config) -> Result<Bert> {
        let alone = Workers::new(1);
        let read = Reader {
            file: &file,
            epsilon: config.layer_norm_eps as f32,
            workers: &alone,
        };
        let hidden = config.hidden_size;
        read.check(WORDS, &[config.vocab_size, hidden])?;
        let positions = read.numbers(
            "embeddings.position_embeddings.weight",
            &[config.max_position_embeddings, hidden],
        )?;
        let types = read
            .tensor("embeddings.token_type_embeddings.weight")?
            .to_vec2::<f32>()?;
        let token_type = types.into_iter().next().filter(|row| row.len() == hidden);
        let layers = (0..config.num_hidden_layers).map(|number| read.layer(number, hidden, config.intermediate_size));
        Ok(Bert {
            hidden,
            heads: config.num_attention_heads,
            positions,
            token_type: token_type.ok_or_else(|| Error::Msg("the token types are not of the model's size".into()))?,
            norm: read.norm("embeddings.LayerNorm", hidden)?,
            layers: layers.collect::<Result<_>>()?,
            alone,
            file,
        })
    }

    /// Returns the number of layers, the hidden size and the intermediate size, which an adapter must fit.
    pub fn sizes(&self) -> [usize; 3] {
        let inner = self.layers.first().map_or(0, |layer| layer.inner.bias.len());
        [self.layers.len(), self.hidden, inner]
    }

    /// Returns the last layer, token by token: `ids.len()` × hidden numbers. There must be a position for every token.
    pub fn forward(&self, ids: &[u32]) -> Result<Vec<f32>> {
        self.below(ids, self.layers.len())
    }

    /// Like [`Bert::forward`], but returns the states after the first `layers` layers.
    pub fn below(&self, ids: &[u32], layers: usize) -> Result<Vec<f32>> {
        let mut x = self.embed(ids)?;
        if !ids.is_empty() {
            let nothing = vec![0.0; x.len()];
            encoder::add_and_norm(&mut x, &nothing, &nothing[..self.hidden], self.norm.kernel());
            self.run(&mut x, self.layers.iter().take(layers).map(|layer| (layer, None)));
        }
        Ok(x)
    }

    /// Runs the layers of `adapter` on `x`, the token states below them, adding the adapter's products to those of the
    /// matrices. The adapter must fit the model's [sizes](Bert::sizes).
    pub fn above(&self, x: &mut [f32], adapter: &Adapter) {
        let layers = self.layers.iter().skip(adapter.from);
        self.run(x, layers.zip(adapter.layers.iter().map(Some)));
    }

    fn run<'a>(&self, x: &mut [f32], layers: impl Iterator<Item = (&'a Layer, Option<&'a LayerAdapter>)>) {
        let tokens = x.len() / self.hidden;
        let shape = Shape {
            kv_heads: self.heads,
            head_dim: self.hidden / self.heads,
            precision: Precision::Full,
        };
        let mut work = Work {
            products: Products::default(),
            pages: (0..tokens.div_ceil(PAGE)).map(|_| Page::new(&shape)).collect(),
            shape,
            scratch: Scratch::default(),
            rows: vec![0.0; 3 * x.len()],
            by_head: vec![0.0; x.len()],
            out: vec![0.0; x.len()],
            inner: Vec::new(),
        };
        for (layer, low) in layers {
            self.layer(layer, low, x, tokens, &mut work);
        }
    }

    fn embed(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let words = self.file.get(WORDS)?;
        let table = words.data();
        let width = self.hidden * 4;
        let mut out = Vec::with_capacity(ids.len() * self.hidden);
        for (id, position) in ids.iter().zip(self.positions.chunks_exact(self.hidden)) {
            let start = *id as usize * width;
            let Some(row) = table.get(start..start + width) else {
                bail!("token {id} is not in the model's vocabulary")
            };
            let (numbers, _) = row.as_chunks::<4>();
            let parts = numbers.iter().zip(position).zip(&self.token_type);
            out.extend(parts.map(|((word, position), kind)| f32::from_le_bytes(*word) + position + kind));
        }
        if out.len() != ids.len() * self.hidden {
            bail!("{} tokens are more than the model has positions for", ids.len())
        }
        Ok(out)
    }

    fn layer(&self, layer: &Layer, low: Option<&LayerAdapter>, x: &mut [f32], tokens: usize, work: &mut Work) {
        self.attend(layer, low, x, tokens, work);
        let (products, out) = (&mut work.products, &mut work.out);
        let added = low.map(|low| &low.attended);
        self.product(&layer.attended, added, &work.by_head, tokens, products, out);
        encoder::add_and_norm(x, out, &layer.attended.bias, layer.attention_norm.kernel());
        work.inner.resize(tokens * layer.inner.bias.len(), 0.0);
        let added = low.map(|low| &low.inner);
        self.product(&layer.inner, added, x, tokens, products, &mut work.inner);
        encoder::gelu(&mut work.inner, &layer.inner.bias);
        let added = low.map(|low| &low.outer);
        self.product(&layer.outer, added, &work.inner, tokens, products, out);
        encoder::add_and_norm(x, out, &layer.outer.bias, layer.output_norm.kernel());
    }

    /// Sets `out` to the product of `linear` with `x`, without the bias, plus what `low` adds.
    fn product(
        &self,
        linear: &Linear,
        low: Option<&Low>,
        x: &[f32],
        tokens: usize,
        products: &mut Products,
        out: &mut [f32],
    ) {
        let weight = &linear.weight;
        products
            .activations
            .set(x, tokens, weight.cols(), weight.inputs(), &self.alone);
        multiply(weight, &products.activations, out, &self.alone);
        if let Some(low) = low {
            low.add(products, out, 0, weight.rows(), &self.alone);
        }
    }

    /// Computes Softmax(Q Kᵀ / √d) V head by head, with every token attending to every token. The result, (tokens,
    /// hidden), is in `work.by_head`.
    fn attend(&self, layer: &Layer, low: Option<&LayerAdapter>, x: &[f32], tokens: usize, work: &mut Work) {
        let [query, ..] = &layer.asked;
        let products = &mut work.products;
        products
            .activations
            .set(x, tokens, query.cols(), query.inputs(), &self.alone);
        multiply_stacked(&layer.asked, &products.activations, &mut work.rows, &self.alone);
        for (at, low) in low.iter().flat_map(|low| low.asked.iter().enumerate()) {
            low.add(products, &mut work.rows, at * self.hidden, 3 * self.hidden, &self.alone);
        }
        let width = work.shape.head_dim;
        let how = Turn {
            bias: Some(&layer.asked_bias),
            norms: None,
            eps: 0.0,
            angles: None,
            scale: LOG2_E / (width as f32).sqrt(),
        };
        turn_and_store(
            &mut work.rows,
            self.heads,
            0,
            &how,
            &mut work.pages,
            &work.shape,
            &self.alone,
        );
        let queries = work.rows.chunks_exact(3 * self.hidden).map(|row| &row[..self.hidden]);
        regroup(queries, tokens, width, &mut work.by_head);
        let queries = Queries {
            numbers: &work.by_head,
            stride: work.by_head.len(),
            heads: self.heads * tokens,
            past: tokens - 1,
            count: 1,
            window: None,
        };
        let (pages, shape) = (&work.pages, &work.shape);
        attend(&queries, pages, shape, &mut work.out, &mut work.scratch, &self.alone);
        let by_head = work.out.chunks_exact(tokens * width);
        regroup(by_head, self.heads, width, &mut work.by_head);
    }
}

/// Transposes `count` rows of groups of `width` numbers. The output has the first group of each row, then the second
/// group of each row, and so on.
fn regroup<'a>(rows: impl Iterator<Item = &'a [f32]>, count: usize, width: usize, out: &mut [f32]) {
    for (at, row) in rows.enumerate() {
        let places = out.chunks_exact_mut(width).skip(at).step_by(count);
        for (group, place) in row.chunks_exact(width).zip(places) {
            place.copy_from_slice(group);
        }
    }
}

impl Norm {
    fn kernel(&self) -> encoder::Norm<'_> {
        encoder::Norm {
            weight: &self.weight,
            bias: &self.bias,
            eps: self.epsilon,
        }
    }
}

/// Reads tensors from the file.
struct Reader<'a> {
    file: &'a MmapedSafetensors,
    epsilon: f32,
    workers: &'a Workers,
}

impl Reader<'_> {
    fn tensor(&self, name: &str) -> Result<Tensor> {
        self.file.load(name, &Device::Cpu)
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<()> {
        let view = self.file.get(name)?;
        let kind = DType::try_from(view.dtype())?;
        if view.shape() != shape || kind != DType::F32 {
            bail!(
                "{name} is {:?} of {kind:?} where {shape:?} of F32 is wanted",
                view.shape()
            )
        }
        Ok(())
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.check(name, shape)?;
        self.tensor(name)?.flatten_all()?.to_vec1()
    }

    fn matrix(&self, name: &str, out: usize, into: usize) -> Result<Matrix> {
        let name = format!("{name}.weight");
        self.check(&name, &[out, into])?;
        let view = self.file.get(&name)?;
        Matrix::pack(GgmlDType::F32, out, into, view.data(), self.workers)
            .map_err(|error| Error::Msg(error.to_string()))
    }

    fn linear(&self, name: &str, out: usize, into: usize) -> Result<Linear> {
        Ok(Linear {
            weight: self.matrix(name, out, into)?,
            bias: self.numbers(&format!("{name}.bias"), &[out])?,
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm> {
        Ok(Norm {
            weight: self.numbers(&format!("{name}.weight"), &[width])?,
            bias: self.numbers(&format!("{name}.bias"), &[width])?,
            epsilon: self.epsilon,
        })
    }

    fn layer(&self, number: usize, hidden: usize, inner: usize) -> Result<Layer> {
        let at = |part: &str| format!("encoder.layer.{number}.{part}");
        let asked = ["query", "key", "value"].map(|kind| at(&format!("attention.self.{kind}")));
        let [query, key, value] = &asked;
        let mut asked_bias = Vec::with_capacity(3 * hidden);
        for name in &asked {
            asked_bias.extend(self.numbers(&format!("{name}.bias"), &[hidden])?);
        }
        Ok(Layer {
            asked: [
                self.matrix(query, hidden, hidden)?,
                self.matrix(key, hidden, hidden)?,
                self.matrix(value, hidden, hidden)?,
            ],
            asked_bias,
            attended: self.linear(&at("attention.output.dense"), hidden, hidden)?,
            attention_norm: self.norm(&at("attention.output.LayerNorm"), hidden)?,
            inner: self.linear(&at("intermediate.dense"), inner, hidden)?,
            outer: self.linear(&at("output.dense"), hidden, inner)?,
            output_norm: self.norm(&at("output.LayerNorm"), hidden)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regrouping_twice_is_nothing() {
        let rows: Vec<f32> = (0..24).map(|n| n as f32).collect();
        let (mut other, mut back) = ([0.0; 24], [0.0; 24]);
        regroup(rows.chunks_exact(8), 3, 2, &mut other);
        assert_eq!(other[..6], [0.0, 1.0, 8.0, 9.0, 16.0, 17.0]);
        regroup(other.chunks_exact(6), 4, 2, &mut back);
        assert_eq!(back[..], rows);
    }
}
