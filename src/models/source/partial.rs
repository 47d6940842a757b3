//! Writes a download in progress to disk and hashes it on the way.
//!
//! The file is kept across runs, so that a later run can resume it.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::PathBuf;

use super::super::digest::{Hasher, hash_prefix};
use super::super::error::ModelError;
use super::super::store::{CacheEntry, make_parent};

/// The open file `blobs/SHA256.incomplete`, with the write position at its end.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    length: u64,
    size: u64,
    sha256: String,
}

/// The result of comparing a complete file's hash.
pub(super) enum Outcome {
    Right(PathBuf),
    /// The hash is this one, not the listed one.
    Wrong(String),
}

impl Partial {
    /// Opens and hashes what an earlier run left. If that is longer than the listed file, it is discarded.
    pub fn open(entry: &CacheEntry) -> Result<Self, ModelError> {
        let path = entry.partial();
        make_parent(&path)?;
        let opened = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path);
        let file = opened.map_err(|error| ModelError::io(&path, "cannot open", error))?;
        let length = file
            .metadata()
            .map_err(|error| ModelError::io(&path, "cannot read", error))?
            .len();
        let mut partial = Self {
            path,
            file,
            hasher: Hasher::default(),
            length,
            size: entry.size,
            sha256: entry.sha256.clone(),
        };
        if length > partial.size {
            partial.restart()?;
        } else {
            hash_prefix(&mut partial.hasher, &partial.file, length)
                .map_err(|error| ModelError::io(&partial.path, "cannot read", error))?;
        }
        Ok(partial)
    }

    /// Returns the number of bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the number of bytes still missing.
    pub fn missing(&self) -> u64 {
        self.size.saturating_sub(self.length)
    }

    /// Empties the file, to start over from the first byte.
    pub fn restart(&mut self) -> Result<(), ModelError> {
        self.restart_at(0)
    }

    /// Shortens the file to its first `length` bytes.
    pub fn cut(&mut self, length: u64) -> Result<(), ModelError> {
        self.restart_at(length)?;
        self.file
            .rewind()
            .and_then(|()| hash_prefix(&mut self.hasher, &self.file, length))
            .map_err(|error| ModelError::io(&self.path, "cannot read", error))
    }

    fn restart_at(&mut self, length: u64) -> Result<(), ModelError> {
        self.hasher = Hasher::default();
        self.length = length;
        let cut = self.file.set_len(length).and_then(|()| self.file.rewind());
        cut.map_err(|error| ModelError::io(&self.path, "cannot shorten", error))
    }

    /// Appends `chunk`. The caller ensures that it is no longer than [`Partial::missing`].
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), ModelError> {
        self.file
            .write_all(chunk)
            .map_err(|error| ModelError::io(&self.path, "cannot write", error))?;
        self.hasher.update(chunk);
        self.length += chunk.len() as u64;
        Ok(())
    }

    /// Compares the hash and, if it is right, syncs the file. The file keeps its unfinished name in either case.
    pub fn finish(&self) -> Result<Outcome, ModelError> {
        let found = self.hasher.clone().hex();
        if found != self.sha256 {
            return Ok(Outcome::Wrong(found));
        }
        self.file
            .sync_all()
            .map_err(|error| ModelError::io(&self.path, "cannot write", error))?;
        Ok(Outcome::Right(self.path.clone()))
    }

    /// Deletes the file.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.path);
    }
}
