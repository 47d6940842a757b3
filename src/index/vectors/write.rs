//! Writes a complete file of vectors.
//!
//! The new file has new vectors and those taken over from the older file, which it replaces.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::super::{IndexError, folder};
use super::{CHECKSUM, ENTRY, HEADER, Key, MAGIC, Vectors, VectorsFile, numbers, quantise};

/// Vectors to be written.
pub(crate) struct VectorsWriter {
    dir: PathBuf,
    file: VectorsFile,
    identity: [u8; 32],
    dimensions: usize,
    entries: BTreeMap<Key, Rows>,
    /// The file from which vectors are taken over. They are copied only when they are written.
    old: Vectors,
    /// The order in which rows are written, which is that in which a search needs them.
    order: Vec<Key>,
}

/// The vectors of one text.
enum Rows {
    Old(Range<usize>),
    New(Vec<u8>),
}

impl VectorsWriter {
    pub(super) fn new(dir: PathBuf, file: VectorsFile, identity: [u8; 32], dimensions: usize) -> VectorsWriter {
        VectorsWriter {
            dir,
            file,
            identity,
            dimensions,
            entries: BTreeMap::new(),
            old: Vectors::none(dimensions),
            order: Vec::new(),
        }
    }

    /// Takes over the vectors of `keys` that `old` has, and returns the keys that it does not have. Rows are written in
    /// the order of `keys`, which may contain duplicates.
    pub fn keep(&mut self, old: Vectors, keys: Vec<Key>) -> BTreeSet<Key> {
        let mut missing = BTreeSet::new();
        for &key in &keys {
            match old.span(key) {
                Some(rows) => drop(self.entries.insert(key, Rows::Old(rows))),
                None => drop(missing.insert(key)),
            }
        }
        self.old = old;
        self.order = keys;
        missing
    }

    /// Adds the vectors of `key`. Vectors with another length than the file's are left out.
    pub fn add(&mut self, key: Key, vectors: &[Vec<f32>]) {
        let right = vectors.iter().filter(|vector| vector.len() == self.dimensions);
        let bytes = right.flatten().flat_map(|x| x.to_le_bytes()).collect();
        self.entries.insert(key, Rows::New(bytes));
    }

    /// Writes all vectors added so far, replacing the old file.
    pub fn write(&self) -> Result<(), IndexError> {
        self.write_as(&self.file)
    }

    /// The same, under another name.
    pub fn write_as(&self, file: &VectorsFile) -> Result<(), IndexError> {
        self.try_write(file)
            .map_err(IndexError::io(&self.dir, "writing vectors"))
    }

    fn try_write(&self, file: &VectorsFile) -> io::Result<()> {
        let width = (self.dimensions * 4).max(1);
        // Every entry once: those in `order` first.
        let (mut placed, mut places) = (Vec::with_capacity(self.entries.len()), BTreeMap::new());
        let mut row = 0u64;
        for key in self.order.iter().chain(self.entries.keys()) {
            let Some(bytes) = self.entries.get(key).map(|rows| self.bytes(rows)) else {
                continue;
            };
            let count = (bytes.len() / width) as u64;
            if let Entry::Vacant(place) = places.entry(*key) {
                place.insert((row, count));
                placed.push(bytes);
                row += count;
            }
        }
        let mut head = Vec::with_capacity(HEADER - CHECKSUM.end + places.len() * ENTRY);
        for number in [self.dimensions as u64, places.len() as u64, row] {
            head.extend(number.to_le_bytes());
        }
        head.resize(HEADER - CHECKSUM.end, 0);
        for (key, (first, count)) in &places {
            let word = |n: u64| u32::try_from(n).map_err(|_| io::Error::other("too many vectors for one file"));
            head.extend(key.to_le_bytes());
            head.extend(word(*first)?.to_le_bytes());
            head.extend(word(*count)?.to_le_bytes());
        }
        let coded = || {
            let rows = placed.iter().flat_map(|bytes| bytes.chunks_exact(width));
            rows.map(|row| quantise(numbers(row)))
        };
        let scales: Vec<u8> = coded().flat_map(|(scale, _)| scale.to_le_bytes()).collect();
        let mut hasher = Sha256::new();
        hasher.update(&head);
        hasher.update(&scales);
        coded().for_each(|(_, codes)| hasher.update(bytes_of(&codes)));
        placed.iter().for_each(|bytes| hasher.update(bytes));
        let checksum: [u8; 32] = hasher.finalize().into();
        folder::replace(&self.dir, file.name(), |out| {
            out.write_all(MAGIC)?;
            out.write_all(&self.identity)?;
            out.write_all(&checksum)?;
            out.write_all(&head)?;
            out.write_all(&scales)?;
            coded().try_for_each(|(_, codes)| out.write_all(&bytes_of(&codes)))?;
            placed.iter().try_for_each(|bytes| out.write_all(bytes))
        })
    }

    fn bytes<'a>(&'a self, rows: &'a Rows) -> &'a [u8] {
        match rows {
            Rows::Old(rows) => self.old.vectors(rows.clone()),
            Rows::New(bytes) => bytes,
        }
    }
}

fn bytes_of(codes: &[i8]) -> Vec<u8> {
    codes.iter().map(|code| code.cast_unsigned()).collect()
}
