//! The keys and values of what all prompts begin with, kept on disk from one process to the next.
//!
//! In: a folder, a model's file, the tokens of a fixed opening. Out: the same keys and values as reading the opening
//! would make, to the last bit, or nothing. It must not know messages, or what the tokens say.
//!
//! Only openings that the program itself words are kept: the system message and the words before the first passage.
//! Passages and questions never come into a file. A file that is not whole, of another model, wording, version or
//! processor is as good as none, and is written anew; so is one that cannot be read. Nothing here can fail an answer.

mod store;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::model::Model;
use store::Store;

/// Raised when keys and values come to lie otherwise in a page, or are computed otherwise.
const FORMAT: u32 = 1;
/// Openings of fewer tokens are read sooner than looked up.
const LEAST: usize = 8;
/// Places of a model's file that are looked at to tell it from another, and bytes of each.
const PROBES: u64 = 256;
const PROBE: usize = 64;

/// The openings of one model that are kept.
pub(crate) struct Prefixes {
    store: Store,
    openings: Vec<Opening>,
}

struct Opening {
    tokens: Vec<u32>,
    key: [u8; 32],
    /// Whether the file is known to be there and right, or not worth another try.
    settled: bool,
}

impl Prefixes {
    /// For the model of the file at `model`. `None` where that cannot be read, or nothing is worth keeping.
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

    /// The tokens of the longest opening that a prompt begins with, longer than `read`, and is not all of, put into the
    /// model's cache. What was there is forgotten.
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

    /// Writes what is missing of the openings that `read`, the tokens in the model's cache, begins with.
    pub fn save(&mut self, read: &[u32], model: &mut Model) {
        for opening in &mut self.openings {
            if opening.settled || !read.starts_with(&opening.tokens) {
                continue;
            }
            // Once is enough: where it cannot be written now, the next process may try.
            opening.settled = true;
            if let Some(bytes) = model.save(opening.tokens.len()) {
                self.store.write(&opening.key, &bytes);
            }
        }
    }
}

/// What a file is called and must say of itself.
fn key(identity: &[u8; 32], tokens: &[u32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(FORMAT.to_le_bytes());
    // Another version may compute other last bits, and so may other instructions.
    hash.update(env!("CARGO_PKG_VERSION"));
    askpm_kernels::features().iter().for_each(|name| hash.update(name));
    hash.update(identity);
    tokens.iter().for_each(|id| hash.update(id.to_le_bytes()));
    hash.finalize().into()
}

/// What tells a model's file from another: its length, when it was written, and bytes from all over it. Reading all of
/// it would take longer than the opening does.
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
