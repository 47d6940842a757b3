//! The adapter that comes with the program, for all-MiniLM-L6-v2.
//!
//! It was trained to bring a question nearer to the discussion that answers it than to those that only share its words
//! or its subject. `train/README.md` says how.

use askpm_engine::lora;
use candle_core::Result;
use sha2::{Digest, Sha256};

use super::lora::{Adapter, fault};
use crate::hex::hex;

static FILE: &[u8] = include_bytes!("../../../adapters/finder.gguf");

/// Returns the adapter if it is for the model whose weights have the SHA-256 `base`. `sizes` are those of the model.
///
/// # Errors
/// Fails if the file is damaged or does not fit the model that it names.
pub(super) fn built_in(base: &[u8; 32], sizes: [usize; 3]) -> Result<Option<Adapter>> {
    let file = lora::Adapter::built_in("adapters/finder.gguf", FILE).map_err(fault)?;
    if file.metadata().need_text("askpm.base.sha256").map_err(fault)? != hex(base) {
        return Ok(None);
    }
    Adapter::new(&file, sizes).map(Some)
}

/// Returns what distinguishes the vectors of the model `base` with the adapter from those of any other model.
pub(crate) fn identity(base: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(base).chain_update(FILE).finalize().into()
}
