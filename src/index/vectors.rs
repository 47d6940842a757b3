//! Vectors of texts on disk, beside the generations of the index: written whole, read by mapping.
//!
//! In: vectors by the key of the text they are of. Out: the same, from a file that may be missing, of another model or
//! damaged, and is then as good as empty. It must not know how a text becomes a vector.
//!
//! The file does not belong to a generation: a vector depends on its text and the model alone, so an index that is
//! made anew, in another format say, keeps its vectors, and only texts that are new need the model.
//!
//! ```text
//! 0    magic "askpm-vectors-1\n"          16 bytes
//! 16   identity of the model              32
//! 48   SHA-256 of all that follows it     32
//! 80   dimensions, entries, rows          3 × u64, little-endian as all numbers
//! 104  zeros up to 128
//! 128  entries, by key: key u64, first row u32, rows u32
//!      rows: dimensions × f32, one vector after the other
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use sha2::{Digest, Sha256};
use tantivy::DocAddress;

use super::{IndexError, Store, folder};
use crate::corpus::passage::Passage;

const NAME: &str = "vectors";
const MAGIC: &[u8; 16] = b"askpm-vectors-1\n";
const IDENTITY: std::ops::Range<usize> = 16..48;
const CHECKSUM: std::ops::Range<usize> = 48..80;
const HEADER: usize = 128;
const ENTRY: usize = 16;

/// Up to this size the checksum is tested each time the file is opened; that takes milliseconds. Of a larger file the
/// sizes are, and a refresh tests the rest.
const CHECK_ALWAYS_BELOW: usize = 32 << 20;

/// Names a text: 64 bits of its SHA-256. Two texts of one corpus with one key are not to be feared below some hundred
/// million texts, and would cost one of them its own vector.
pub(crate) type Key = u64;

/// The texts of a passage that have vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Its title and its text.
    pub text: Key,
    /// Its title and what was asked, the same for all answers of a discussion.
    pub question: Key,
    /// Each of the other wordings of the question, alone.
    pub asked: Vec<Key>,
}

impl Keys {
    pub fn of(passage: &Passage) -> Keys {
        Keys {
            text: key("text", &passage.discussion, &passage.text),
            question: key("question", &passage.discussion, &passage.question),
            asked: passage.also_asked.iter().map(|line| key("asked", "", line)).collect(),
        }
    }
}

fn key(role: &str, title: &str, text: &str) -> Key {
    let mut hasher = Sha256::new();
    for part in [role, title, text] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    Key::from_le_bytes(std::array::from_fn(|i| hash[i]))
}

impl Store {
    /// Every passage that is there now, in the order of the index, with its keys. Reads no text.
    pub(crate) fn keys(&self) -> Result<Vec<(DocAddress, Keys)>, IndexError> {
        let mut out = Vec::with_capacity(self.searcher.num_docs() as usize);
        for (ordinal, segment) in self.searcher.segment_readers().iter().enumerate() {
            let column = |name: &str| segment.fast_fields().u64(name).map_err(|e| self.damaged(e));
            let [text, question, asked] = self.fields.key_names();
            let (text, question, asked) = (column(text)?, column(question)?, column(asked)?);
            for doc in segment.doc_ids_alive() {
                let keys = text.first(doc).zip(question.first(doc));
                let (text, question) = keys.ok_or_else(|| self.damaged("a passage has no key"))?;
                let asked = asked.values_for_doc(doc).collect();
                out.push((DocAddress::new(ordinal as u32, doc), Keys { text, question, asked }));
            }
        }
        Ok(out)
    }

    /// The vectors of the model `identity` with `dimensions` numbers each. `whole`: test the checksum of a large file
    /// too.
    pub(crate) fn vectors(&self, identity: &[u8; 32], dimensions: usize, whole: bool) -> Vectors {
        Vectors::open(&self.dir.join(NAME), identity, dimensions, whole).unwrap_or(Vectors {
            map: None,
            dimensions,
            entries: 0,
        })
    }

    /// Begins a new file of vectors. An error tells at once that there is no place for it.
    pub(crate) fn new_vectors(&self, identity: [u8; 32], dimensions: usize) -> Result<VectorsWriter, IndexError> {
        let writer = VectorsWriter {
            dir: self.dir.clone(),
            identity,
            dimensions,
            entries: BTreeMap::new(),
        };
        tempfile::tempfile_in(&self.dir).map_err(IndexError::io(&self.dir, "writing vectors"))?;
        Ok(writer)
    }
}

/// Vectors read from a file, by key.
pub(crate) struct Vectors {
    /// `None`: no usable file.
    map: Option<Mmap>,
    dimensions: usize,
    entries: usize,
}

impl Vectors {
    fn open(path: &Path, identity: &[u8; 32], dimensions: usize, whole: bool) -> Option<Vectors> {
        let file = File::open(path).ok()?;
        // SAFETY: the file is mapped read-only. It is never written to once it has its name, only replaced by rename,
        // which leaves a mapping of the old one as it was.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        let number = |at: usize| usize::try_from(u64::from_le_bytes(map.get(at..at + 8)?.try_into().ok()?)).ok();
        let (dims, entries, rows) = (number(80)?, number(88)?, number(96)?);
        let size = entries
            .checked_mul(ENTRY)?
            .checked_add(rows.checked_mul(dims)?.checked_mul(4)?)?
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
            map: Some(map),
            dimensions,
            entries,
        })
    }

    pub fn len(&self) -> usize {
        self.entries
    }

    fn entry(&self, at: usize) -> Option<(Key, usize, usize)> {
        let start = HEADER + at * ENTRY;
        let bytes = self.map.as_ref()?.get(start..start + ENTRY)?;
        let word = |at: usize| {
            bytes
                .get(at..at + 4)
                .and_then(|b| b.try_into().ok())
                .map(u32::from_le_bytes)
        };
        let key = bytes.get(..8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes)?;
        Some((key, word(8)? as usize, word(12)? as usize))
    }

    /// The vectors of `key`, each as the bytes of its numbers; `None` where there are none.
    pub fn get(&self, key: Key) -> Option<impl Iterator<Item = &[u8]>> {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle)? {
                (found, ..) if found < key => low = middle + 1,
                _ => high = middle,
            }
        }
        let (found, first, rows) = self.entry(low).filter(|_| low < self.entries)?;
        let width = self.dimensions * 4;
        let start = HEADER + self.entries * ENTRY + first * width;
        let bytes = self.map.as_ref()?.get(start..start + rows * width)?;
        (found == key).then(|| bytes.chunks_exact(width))
    }
}

/// Vectors to be written.
pub(crate) struct VectorsWriter {
    dir: PathBuf,
    identity: [u8; 32],
    dimensions: usize,
    entries: BTreeMap<Key, Vec<u8>>,
}

impl VectorsWriter {
    /// Takes over the vectors of `keys` that `old` has; returns the keys that it has not.
    pub fn keep(&mut self, old: &Vectors, keys: &BTreeSet<Key>) -> BTreeSet<Key> {
        let mut missing = BTreeSet::new();
        for &key in keys {
            match old.get(key) {
                Some(rows) => drop(self.entries.insert(key, rows.flatten().copied().collect())),
                None => drop(missing.insert(key)),
            }
        }
        missing
    }

    /// Adds the vectors of `key`; vectors of another length than the file's are left out.
    pub fn add(&mut self, key: Key, vectors: &[Vec<f32>]) {
        let right = vectors.iter().filter(|vector| vector.len() == self.dimensions);
        let bytes = right.flatten().flat_map(|x| x.to_le_bytes()).collect();
        self.entries.insert(key, bytes);
    }

    /// Writes all that was added so far, in place of what was there.
    pub fn write(&self) -> Result<(), IndexError> {
        self.try_write().map_err(IndexError::io(&self.dir, "writing vectors"))
    }

    fn try_write(&self) -> io::Result<()> {
        let width = (self.dimensions * 4).max(1);
        let mut body = Vec::with_capacity(HEADER - CHECKSUM.end + self.entries.len() * ENTRY);
        let mut row = 0u64;
        let rows: usize = self.entries.values().map(|bytes| bytes.len() / width).sum();
        for number in [self.dimensions, self.entries.len(), rows] {
            body.extend((number as u64).to_le_bytes());
        }
        body.resize(HEADER - CHECKSUM.end, 0);
        for (key, bytes) in &self.entries {
            let count = (bytes.len() / width) as u64;
            let word = |n: u64| u32::try_from(n).map_err(|_| io::Error::other("too many vectors for one file"));
            body.extend(key.to_le_bytes());
            body.extend(word(row)?.to_le_bytes());
            body.extend(word(count)?.to_le_bytes());
            row += count;
        }
        let mut hasher = Sha256::new();
        hasher.update(&body);
        self.entries.values().for_each(|bytes| hasher.update(bytes));
        let checksum: [u8; 32] = hasher.finalize().into();
        folder::replace(&self.dir, NAME, |out| {
            out.write_all(MAGIC)?;
            out.write_all(&self.identity)?;
            out.write_all(&checksum)?;
            out.write_all(&body)?;
            self.entries.values().try_for_each(|bytes| out.write_all(bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::edition;
    use super::*;

    const MODEL: [u8; 32] = [7; 32];

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::refresh(dir.path(), &[edition("e", &[("Title", &["One.", "Two."])])]).unwrap();
        (dir, store)
    }

    fn written(store: &Store) {
        let mut writer = store.new_vectors(MODEL, 2).unwrap();
        writer.add(9, &[vec![1.0, 2.0]]);
        writer.add(3, &[vec![3.0, 4.0], vec![5.0, 6.0]]);
        writer.write().unwrap();
    }

    fn read(vectors: &Vectors, key: Key) -> Option<Vec<f32>> {
        let rows = vectors.get(key)?;
        let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
        Some(
            rows.flat_map(|row| row.chunks_exact(4).map(number).collect::<Vec<_>>())
                .collect(),
        )
    }

    #[test]
    fn vectors_come_back_by_key() {
        let (_dir, store) = store();
        written(&store);
        let vectors = store.vectors(&MODEL, 2, false);
        assert_eq!(vectors.len(), 2);
        assert_eq!(read(&vectors, 3), Some(vec![3.0, 4.0, 5.0, 6.0]));
        assert_eq!(read(&vectors, 9), Some(vec![1.0, 2.0]));
        for unknown in [0, 4, 10] {
            assert_eq!(read(&vectors, unknown), None);
        }
    }

    #[test]
    fn a_file_of_another_model_or_with_any_bit_wrong_is_as_good_as_none() {
        let (dir, store) = store();
        written(&store);
        assert_eq!(store.vectors(&[8; 32], 2, false).len(), 0);
        assert_eq!(store.vectors(&MODEL, 3, false).len(), 0);
        let path = dir.path().join(NAME);
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(store.vectors(&MODEL, 2, false).len(), 0, "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert_eq!(store.vectors(&MODEL, 2, false).len(), 0, "cut at {at}");
        }
    }

    #[test]
    fn answers_of_one_discussion_share_the_key_of_their_question() {
        let (_dir, store) = store();
        let keys: Vec<Keys> = store.keys().unwrap().into_iter().map(|(_, keys)| keys).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0].question, keys[1].question);
        assert_ne!(keys[0].text, keys[1].text);
        assert_ne!(keys[0].text, keys[0].question);
    }
}
