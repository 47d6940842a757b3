//! Stores the KV cache of the prompts' common openings on disk, from one process to the next.
//!
//! A restored opening has the same keys and values, to the last bit, as one that is read again. Only openings that the
//! program words itself are stored: the system message and the words before the first passage. Passages and questions
//! never reach a file.
//!
//! A file is ignored, and a new one is written, if it is incomplete, unreadable, or made for another model, opening,
//! version or set of processor features. Nothing in this module can make an answer fail.

mod store;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::model::Model;
use store::Store;

/// Raise this when the layout of keys and values in a page changes, or the way they are computed.
const FORMAT: u32 = 1;
/// Openings with fewer tokens are faster to read than to look up.
const LEAST: usize = 8;
/// Number of samples of a model's file that identify it, and bytes in each.
const PROBES: u64 = 256;
const PROBE: usize = 64;

/// The openings of one model that are stored.
pub(crate) struct Prefixes {
    store: Store,
    openings: Vec<Opening>,
}

struct Opening {
    tokens: Vec<u32>,
    key: [u8; 32],
    /// Whether the file is known to be valid, or another attempt is not worthwhile.
    settled: bool,
}

impl Prefixes {
    /// Stores openings for the model file at `model`. Returns `None` if that file cannot be read or no opening is long
    /// enough.
    pub fn new(folder: PathBuf, model: &Path, openings: Vec<Vec<u32>>) -> Option<Self> {
        let identity = identity(model)?;
        let opening = |tokens: Vec<u32>| Opening {
            key: key(&identity, &tokens),
            tokens,
            settled: false,
        };
        let openings: Vec<Opening> = openings
            .into_iter()
            .filter(|tokens| tokens.len() >= LEAST)
            .map(opening)
            .collect();
        (!openings.is_empty()).then(|| Self {
            store: Store::new(folder),
            openings,
        })
    }

    /// Restores the longest opening that the prompt begins with into the model's cache, and returns its tokens. The
    /// opening must have more than `read` tokens and fewer than the prompt. The cache's previous contents are
    /// forgotten.
    pub fn restore(&mut self, prompt: &[u32], read: usize, model: &mut Model) -> Option<&[u32]> {
        let begins = |opening: &&mut Opening| {
            opening.tokens.len() > read && prompt.len() > opening.tokens.len() && prompt.starts_with(&opening.tokens)
        };
        let opening = self
            .openings
            .iter_mut()
            .filter(begins)
            .max_by_key(|opening| opening.tokens.len())?;
        let restored = self
            .store
            .read(&opening.key)
            .is_some_and(|bytes| model.restore(opening.tokens.len(), &bytes));
        opening.settled |= restored;
        restored.then_some(opening.tokens.as_slice())
    }

    /// Writes the openings that are not stored yet and that `read`, the tokens in the model's cache, begins with.
    pub fn save(&mut self, read: &[u32], model: &mut Model) {
        for opening in &mut self.openings {
            if opening.settled || !read.starts_with(&opening.tokens) {
                continue;
            }
            // One attempt is enough: if writing fails now, the next process may try again.
            opening.settled = true;
            if let Some(bytes) = model.save(opening.tokens.len()) {
                self.store.write(&opening.key, &bytes);
            }
        }
    }
}

/// Returns the key of an opening, from which its file gets its name and which the file repeats.
fn key(identity: &[u8; 32], tokens: &[u32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(FORMAT.to_le_bytes());
    // Another version may compute different last bits, and so may other instructions.
    hash.update(env!("CARGO_PKG_VERSION"));
    askpm_kernels::features().iter().for_each(|name| hash.update(name));
    hash.update(identity);
    tokens.iter().for_each(|id| hash.update(id.to_le_bytes()));
    hash.finalize().into()
}

/// Identifies a model's file by its length, its modification time and samples from all over it. Reading all of it would
/// take longer than reading the opening.
fn identity(path: &Path) -> Option<[u8; 32]> {
    let mut file = File::open(path).ok()?;
    let about = file.metadata().ok()?;
    let written = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let mut hash = Sha256::new();
    hash.update(about.len().to_le_bytes());
    hash.update(written.as_nanos().to_le_bytes());
    let last = about.len().saturating_sub(PROBE as u64);
    for probe in 0..PROBES {
        file.seek(SeekFrom::Start(last / PROBES.saturating_sub(1).max(1) * probe))
            .ok()?;
        let mut bytes = Vec::with_capacity(PROBE);
        (&mut file).take(PROBE as u64).read_to_end(&mut bytes).ok()?;
        hash.update(&bytes);
    }
    Some(hash.finalize().into())
}

#[cfg(test)]
mod tests;
