//! The forward pass of BERT (Devlin et al., arXiv 1810.04805) on one text, for its last layer.
//!
//! In: a safetensors file with the tensor names of transformers, its sizes, token identifiers. Out: one vector a token.
//! It must not know how tokens come about nor what is done with the vectors.
//!
//! The matrix products are Candle's. What lies between them is plain code on slices: Candle's own BERT hands each small
//! step to threads that wait for each other by spinning, and of the time to embed a corpus of 471 passages on two cores
//! nearly half was spent there. The table of word vectors, half of the file, is read where it is mapped: a question
//! needs a few of its rows.

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Error, Result, Tensor, bail};
use serde::Deserialize;

/// The parts of transformers' `config.json` that matter here.
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
    weight: Tensor,
    bias: Vec<f32>,
}

/// Shifts a row to mean 0 and variance 1, then by weight and bias (Ba et al., arXiv 1607.06450).
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
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
    /// Of the first token type, the only one that a single text has.
    token_type: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

const WORDS: &str = "embeddings.word_embeddings.weight";

impl Bert {
    /// # Errors
    /// A tensor that is missing or not of the size that `config` asks for, by name.
    pub fn load(file: MmapedSafetensors, config: &Config) -> Result<Bert> {
        let read = Reader {
            file: &file,
            epsilon: config.layer_norm_eps as f32,
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
            file,
        })
    }

    /// The last layer, token by token: `ids.len()` × hidden numbers. There must be a position for every token.
    pub fn forward(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let mut x = self.embed(ids)?;
        self.norm.apply(&mut x);
        for layer in &self.layers {
            x = self.layer(layer, x)?;
        }
        Ok(x)
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

    fn layer(&self, layer: &Layer, x: Vec<f32>) -> Result<Vec<f32>> {
        let tokens = x.len() / self.hidden;
        let input = Tensor::from_slice(&x, (tokens, self.hidden), &Device::Cpu)?;
        let mixed = self.attend(layer, &input, tokens)?;
        let mut attended = layer.attended.apply(&mixed)?;
        add(&mut attended, &x);
        layer.attention_norm.apply(&mut attended);
        let input = Tensor::from_slice(&attended, (tokens, self.hidden), &Device::Cpu)?;
        let mut inner = layer.inner.apply(&input)?;
        inner.iter_mut().for_each(|x| *x = gelu(*x));
        let width = inner.len() / tokens.max(1);
        let mut out = layer
            .outer
            .apply(&Tensor::from_vec(inner, (tokens, width), &Device::Cpu)?)?;
        add(&mut out, &attended);
        layer.output_norm.apply(&mut out);
        Ok(out)
    }

    /// Softmax(Q Kᵀ / √d) V, every token attending to every one, head by head; (tokens, hidden).
    fn attend(&self, layer: &Layer, x: &Tensor, tokens: usize) -> Result<Tensor> {
        let width = self.hidden / self.heads;
        let by_head = |linear: &Linear| {
            let rows = linear.apply(x)?;
            Tensor::from_vec(
                regroup(&rows, tokens, self.heads, width),
                (self.heads, tokens, width),
                &Device::Cpu,
            )
        };
        let (query, key, value) = (by_head(&layer.query)?, by_head(&layer.key)?, by_head(&layer.value)?);
        let mut weights = query.matmul(&key.t()?)?.flatten_all()?.to_vec1::<f32>()?;
        let scale = 1.0 / (width as f32).sqrt();
        weights
            .chunks_exact_mut(tokens.max(1))
            .for_each(|row| softmax(row, scale));
        let weights = Tensor::from_vec(weights, (self.heads, tokens, tokens), &Device::Cpu)?;
        let mixed = weights.matmul(&value)?.flatten_all()?.to_vec1::<f32>()?;
        Tensor::from_vec(
            regroup(&mixed, self.heads, tokens, width),
            (tokens, self.hidden),
            &Device::Cpu,
        )
    }
}

/// (a, b, width) as (b, a, width).
fn regroup(rows: &[f32], a: usize, b: usize, width: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len());
    for j in 0..b {
        for i in 0..a {
            let start = (i * b + j) * width;
            out.extend_from_slice(rows.get(start..start + width).unwrap_or_default());
        }
    }
    out
}

fn add(to: &mut [f32], other: &[f32]) {
    to.iter_mut().zip(other).for_each(|(x, y)| *x += y);
}

fn softmax(row: &mut [f32], scale: f32) {
    let most = row.iter().copied().fold(f32::MIN, f32::max);
    row.iter_mut().for_each(|x| *x = ((*x - most) * scale).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

/// `x · Φ(x)`, the exact form (Hendrycks and Gimpel, arXiv 1606.08415).
fn gelu(x: f32) -> f32 {
    x * 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function to within 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26).
fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let sum = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152_1 + t * 1.061_405_4))));
    (1.0 - sum * (-x * x).exp()).copysign(x)
}

impl Linear {
    /// (tokens, in) to tokens × out numbers.
    fn apply(&self, x: &Tensor) -> Result<Vec<f32>> {
        let mut out = x.matmul(&self.weight.t()?)?.flatten_all()?.to_vec1::<f32>()?;
        out.chunks_exact_mut(self.bias.len().max(1))
            .for_each(|row| add(row, &self.bias));
        Ok(out)
    }
}

impl Norm {
    fn apply(&self, rows: &mut [f32]) {
        let width = self.weight.len().max(1);
        for row in rows.chunks_exact_mut(width) {
            let mean = row.iter().sum::<f32>() / width as f32;
            let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / width as f32;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            for ((x, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *x = (*x - mean) * scale * weight + bias;
            }
        }
    }
}

/// Takes tensors out of the file.
struct Reader<'a> {
    file: &'a MmapedSafetensors,
    epsilon: f32,
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

    fn linear(&self, name: &str, out: usize, into: usize) -> Result<Linear> {
        let weight = format!("{name}.weight");
        self.check(&weight, &[out, into])?;
        Ok(Linear {
            weight: self.tensor(&weight)?,
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
        Ok(Layer {
            query: self.linear(&at("attention.self.query"), hidden, hidden)?,
            key: self.linear(&at("attention.self.key"), hidden, hidden)?,
            value: self.linear(&at("attention.self.value"), hidden, hidden)?,
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
    fn the_activation_is_that_of_the_error_function() {
        // From tables of the normal distribution: x · Φ(x).
        for (x, expected) in [
            (-3.0, -0.004_049_7),
            (-1.0, -0.158_655_3),
            (0.0, 0.0),
            (1.0, 0.841_344_7),
            (2.0, 1.954_499_7),
        ] {
            assert!((gelu(x) - expected).abs() < 1e-6, "{x}: {}", gelu(x));
        }
        assert_eq!((gelu(50.0), gelu(-50.0)), (50.0, 0.0));
    }

    #[test]
    fn softmax_sums_to_one_whatever_the_size_of_its_input() {
        let mut row = [1e30, -1e30, 1e30];
        softmax(&mut row, 1.0);
        assert_eq!(row, [0.5, 0.0, 0.5]);
    }

    #[test]
    fn regrouping_twice_is_nothing() {
        let rows: Vec<f32> = (0..24).map(|n| n as f32).collect();
        let other = regroup(&rows, 3, 4, 2);
        assert_eq!(other[..6], [0.0, 1.0, 8.0, 9.0, 16.0, 17.0]);
        assert_eq!(regroup(&other, 4, 3, 2), rows);
    }
}
