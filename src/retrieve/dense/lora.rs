//! The additions of an adapter to the layers of a BERT. `askpm_engine::lora` reads the file and computes them.

use askpm_engine::lora::{self, Low};
use askpm_kernels::Workers;
use candle_core::{Error, Result};

/// Returns an error of the embedder with the text of `problem`.
pub(super) fn fault(problem: impl std::fmt::Display) -> Error {
    Error::Msg(problem.to_string())
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

impl Adapter {
    /// Returns the adapter of all layers from number `askpm.from` on, for a model with `layers` layers, hidden size
    /// `hidden` and intermediate size `inner`.
    ///
    /// # Errors
    /// Fails if a tensor is missing or has the wrong size; the error gives its name.
    pub fn new(file: &lora::Adapter, [layers, hidden, inner]: [usize; 3]) -> Result<Self> {
        let workers = Workers::new(1);
        file.is_for("bert").map_err(fault)?;
        let from = file.metadata().size("askpm.from", layers).map_err(fault)?;
        let from = from.ok_or_else(|| fault("it has no askpm.from"))?;
        let low = |number: usize, part: &str, out: usize, into: usize| {
            let name = format!("blk.{number}.{part}.weight");
            let low = file.low(&name, out, into, &workers).map_err(fault)?;
            low.ok_or_else(|| fault(format!("it does not change {name}")))
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
        Ok(Self {
            from,
            layers: (from..layers).map(layer).collect::<Result<_>>()?,
        })
    }
}
