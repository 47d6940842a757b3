//! Reads vectors: from a file through a memory map, or from memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;
use sha2::{Digest, Sha256};

use super::{CHECK_ALWAYS_BELOW, CHECKSUM, ENTRY, HEADER, IDENTITY, Key, MAGIC, numbers};

/// Returns how many numbers a vector has in the file at `path`, if it is one of the model `identity`.
pub(super) fn dimensions(path: &Path, identity: &[u8; 32]) -> Option<usize> {
    let mut head = [0; HEADER];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    let ours = head.get(..16)? == MAGIC && head.get(IDENTITY)? == identity;
    let dimensions = u64::from_le_bytes(head.get(80..88)?.try_into().ok()?);
    usize::try_from(dimensions).ok().filter(|_| ours)
}

/// Vectors read from a file, by key.
#[derive(Clone)]
pub(crate) struct Vectors {
    /// In the format of the file. `None` if there is no usable file.
    map: Option<Arc<dyn AsRef<[u8]> + Send + Sync>>,
    dimensions: usize,
    entries: usize,
    rows: usize,
}

impl Vectors {
    /// Returns the same as an empty file would give.
    pub fn none(dimensions: usize) -> Vectors {
        Vectors {
            map: None,
            dimensions,
            entries: 0,
            rows: 0,
        }
    }

    /// Returns the vectors of `texts`, each the bytes of its rows. They have no codes, which only a search of very many
    /// vectors reads.
    pub fn of(dimensions: usize, texts: &BTreeMap<Key, Vec<u8>>) -> Vectors {
        let width = 4 * dimensions.max(1);
        let rows: usize = texts.values().map(|bytes| bytes.len() / width).sum();
        let mut bytes = vec![0; HEADER];
        let mut first = 0;
        for (key, vectors) in texts {
            let count = vectors.len() / width;
            bytes.extend(key.to_le_bytes());
            bytes.extend((first as u32).to_le_bytes());
            bytes.extend((count as u32).to_le_bytes());
            first += count;
        }
        bytes.resize(bytes.len() + rows * (4 + dimensions), 0);
        for vectors in texts.values() {
            let whole = vectors.len() / width * width;
            bytes.extend(vectors.get(..whole).unwrap_or_default());
        }
        Vectors {
            map: Some(Arc::new(bytes)),
            dimensions,
            entries: texts.len(),
            rows,
        }
    }

    pub(super) fn open(path: &Path, identity: &[u8; 32], dimensions: usize, whole: bool) -> Option<Vectors> {
        let file = File::open(path).ok()?;
        // SAFETY: the file is mapped read-only. Once it has its name it is never written to, only replaced by rename,
        // which does not change a mapping of the old file.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        let number = |at: usize| usize::try_from(u64::from_le_bytes(map.get(at..at + 8)?.try_into().ok()?)).ok();
        let (dims, entries, rows) = (number(80)?, number(88)?, number(96)?);
        let a_row = dims.checked_mul(5)?.checked_add(4)?;
        let size = entries
            .checked_mul(ENTRY)?
            .checked_add(rows.checked_mul(a_row)?)?
            .checked_add(HEADER)?;
        let ours = map.get(..16)? == MAGIC && map.get(IDENTITY)? == identity && dims == dimensions;
        if !ours || map.len() != size {
            return None;
        }
        let checked = whole || map.len() < CHECK_ALWAYS_BELOW;
        if checked && map.get(CHECKSUM)? != Sha256::digest(map.get(CHECKSUM.end..)?).as_slice() {
            return None;
        }
        Some(Vectors {
            map: Some(Arc::new(map)),
            dimensions,
            entries,
            rows,
        })
    }

    /// Returns the number of texts that have vectors.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Returns the number of vectors.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn entry(&self, at: usize) -> Option<(Key, usize, usize)> {
        let start = HEADER + at * ENTRY;
        let bytes = self.bytes().get(start..start + ENTRY)?;
        let word = |at: usize| {
            bytes
                .get(at..at + 4)
                .and_then(|b| b.try_into().ok())
                .map(u32::from_le_bytes)
        };
        let key = bytes.get(..8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes)?;
        Some((key, word(8)? as usize, word(12)? as usize))
    }

    /// Returns the rows of `key`, or `None` if there are none.
    pub fn span(&self, key: Key) -> Option<Range<usize>> {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle)? {
                (found, ..) if found < key => low = middle + 1,
                _ => high = middle,
            }
        }
        let (found, first, rows) = self.entry(low).filter(|_| low < self.entries)?;
        (found == key && first + rows <= self.rows).then_some(first..first + rows)
    }

    /// Returns the bytes of the vectors of `rows`, one after the other; empty if a row does not exist.
    pub fn vectors(&self, rows: Range<usize>) -> &[u8] {
        let start = HEADER + self.entries * ENTRY + self.rows * (4 + self.dimensions);
        self.part(start, rows, 4 * self.dimensions)
    }

    /// Returns the same vectors as codes, which are signed bytes.
    pub fn codes(&self, rows: Range<usize>) -> &[u8] {
        let start = HEADER + self.entries * ENTRY + self.rows * 4;
        self.part(start, rows, self.dimensions)
    }

    /// Returns the factor for the codes of each of `rows`.
    pub fn scales(&self, rows: Range<usize>) -> impl Iterator<Item = f32> + '_ {
        numbers(self.part(HEADER + self.entries * ENTRY, rows, 4))
    }

    fn part(&self, start: usize, rows: Range<usize>, width: usize) -> &[u8] {
        let range = start + rows.start * width..start + rows.end * width;
        let there = rows.end <= self.rows;
        self.bytes().get(range).filter(|_| there).unwrap_or_default()
    }

    fn bytes(&self) -> &[u8] {
        self.map.as_ref().map_or(&[], |map| (**map).as_ref())
    }
}
