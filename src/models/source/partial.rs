//! A download in progress: the bytes that have come, and their running hash, kept across runs.
//!
//! In: chunks, in order. Out: a synced file whose SHA-256 is the wanted one, or the news that it is not. It must not
//! know where the chunks come from.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::PathBuf;

use super::super::digest::{Hasher, hash_prefix};
use super::super::error::ModelError;
use super::super::store::{Slot, make_parent};

/// `blobs/SHA256.incomplete`, open, with the position at its end.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    length: u64,
    size: u64,
    sha256: String,
}

/// How a complete file turned out.
pub(super) enum Outcome {
    Right(PathBuf),
    /// Another hash than wanted: this one.
    Wrong(String),
}

impl Partial {
    /// Opens what an earlier run left, hashing it; anything longer than the wanted file is thrown away.
    pub fn open(slot: &Slot) -> Result<Self, ModelError> {
        let path = slot.partial();
        make_parent(&path)?;
        let opened = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path);
        let file = opened.map_err(|error| ModelError::io(&path, "cannot be opened", error))?;
        let length = file
            .metadata()
            .map_err(|error| ModelError::io(&path, "cannot be read", error))?
            .len();
        let mut partial = Self {
            path,
            file,
            hasher: Hasher::default(),
            length,
            size: slot.size,
            sha256: slot.sha256.clone(),
        };
        if length > partial.size {
            partial.restart()?;
        } else {
            hash_prefix(&mut partial.hasher, &partial.file, length)
                .map_err(|error| ModelError::io(&partial.path, "cannot be read", error))?;
        }
        Ok(partial)
    }

    /// Bytes that have come.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes still to come.
    pub fn missing(&self) -> u64 {
        self.size.saturating_sub(self.length)
    }

    /// Begins again from the first byte.
    pub fn restart(&mut self) -> Result<(), ModelError> {
        self.hasher = Hasher::default();
        self.length = 0;
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| ModelError::io(&self.path, "cannot be emptied", error))
    }

    /// Appends `chunk`. The caller has seen to it that no more than [`Partial::missing`] bytes come.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), ModelError> {
        self.file
            .write_all(chunk)
            .map_err(|error| ModelError::io(&self.path, "cannot be written", error))?;
        self.hasher.update(chunk);
        self.length += chunk.len() as u64;
        Ok(())
    }

    /// Compares the hash and syncs the file. It stays under its unfinished name either way.
    pub fn finish(&self) -> Result<Outcome, ModelError> {
        let found = self.hasher.clone().hex();
        if found != self.sha256 {
            return Ok(Outcome::Wrong(found));
        }
        self.file
            .sync_all()
            .map_err(|error| ModelError::io(&self.path, "cannot be written", error))?;
        Ok(Outcome::Right(self.path.clone()))
    }

    /// Deletes what has come.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.path);
    }
}
