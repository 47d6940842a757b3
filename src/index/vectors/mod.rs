//! Stores vectors of texts on disk, next to the generations of the index.
//!
//! A file is replaced as a whole and read through a memory map. A file that is missing, damaged or of another model
//! is treated as empty. This module does not know how a text becomes a vector.
//!
//! The local model has the file `vectors`. Each model on a server has a file of its own, `vectors-…`, so that the vectors
//! of one serve while those of another are made. While they are made for the first time, they are in `vectors-….part`.
//!
//! A file does not belong to a generation. A vector depends only on its text and the model. So an index that is
//! rebuilt, for example in another format, keeps its vectors, and only new texts need the model.
//!
//! `builtin` has the vectors of the built-in editions' texts, which come with the program.
//!
//! Each vector is stored twice: exactly, and as one byte per number with one scale per vector. The latter is a quarter
//! of the size, and is what a search of very many vectors reads (see `quantise`).
//!
//! ```text
//! 0    magic "askpm-vectors-2\n"          16 bytes
//! 16   identity of the model              32
//! 48   SHA-256 of all that follows it     32
//! 80   dimensions, entries, rows          3 × u64, little-endian as all numbers
//! 104  zeros up to 128
//! 128  entries, by key: key u64, first row u32, rows u32
//!      scales: rows × f32
//!      codes: rows × dimensions × i8
//!      vectors: rows × dimensions × f32
//! ```

pub(crate) mod builtin;
mod files;
mod read;
mod write;

use std::ops::Range;

use sha2::{Digest, Sha256};
use tantivy::DocAddress;

use super::{IndexError, Store};
use crate::corpus::passage::Passage;

pub(crate) use files::{USUAL, VectorsFile};
pub(crate) use read::Vectors;
pub(crate) use write::VectorsWriter;

const MAGIC: &[u8; 16] = b"askpm-vectors-2\n";
const IDENTITY: Range<usize> = 16..48;
const CHECKSUM: Range<usize> = 48..80;
const HEADER: usize = 128;
const ENTRY: usize = 16;

/// Below this size in bytes, the checksum is tested each time the file is opened, which takes milliseconds. The
/// checksum of a larger file is tested only when the file is rewritten; otherwise only its header and size are checked.
const CHECK_ALWAYS_BELOW: usize = 32 << 20;

/// Identifies a text: 64 bits of its SHA-256. A collision is unlikely below some hundred million texts, and would only
/// cost one of the two texts its own vector.
pub(crate) type Key = u64;

/// The keys of a passage's texts that have vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Its title and its text.
    pub text: Key,
    /// Its title and what was asked, the same for all answers of a discussion.
    pub question: Key,
    /// Each of the other wordings of the question, and of what the answer settles, without a title.
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
    /// Returns every passage that is not deleted, in the order of the index, with its keys. Reads no text.
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
}

/// Quantizes a vector to one byte per number. Returns the scale and the codes: `vector[i]` is about `code[i] · scale`.
/// The codes are symmetric, so that a dot product of codes needs only the two scales.
pub(crate) fn quantise(vector: impl Iterator<Item = f32> + Clone) -> (f32, Vec<i8>) {
    let most = vector.clone().map(f32::abs).fold(0.0, f32::max);
    if most == 0.0 {
        return (0.0, vector.map(|_| 0).collect());
    }
    let codes = vector.map(|x| (x / most * 127.0).round() as i8);
    (most / 127.0, codes.collect())
}

/// Reads little-endian bytes as numbers.
pub(crate) fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> + Clone + '_ {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four))
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
        let mut writer = store.new_vectors(&USUAL, MODEL, 2).unwrap();
        writer.add(9, &[vec![1.0, 2.0]]);
        writer.add(3, &[vec![3.0, 4.0], vec![5.0, 6.0]]);
        writer.write().unwrap();
    }

    fn read(vectors: &Vectors, key: Key) -> Option<Vec<f32>> {
        let rows = vectors.span(key)?;
        Some(numbers(vectors.vectors(rows)).collect())
    }

    #[test]
    fn vectors_come_back_by_key() {
        let (_dir, store) = store();
        written(&store);
        let vectors = store.vectors(&USUAL, &MODEL, 2, false);
        assert_eq!(vectors.len(), 2);
        assert_eq!(read(&vectors, 3), Some(vec![3.0, 4.0, 5.0, 6.0]));
        assert_eq!(read(&vectors, 9), Some(vec![1.0, 2.0]));
        for unknown in [0, 4, 10] {
            assert_eq!(read(&vectors, unknown), None);
        }
    }

    #[test]
    fn codes_stand_for_their_vectors_and_rows_in_the_order_asked_for() {
        let (_dir, store) = store();
        written(&store);
        let mut writer = store.new_vectors(&USUAL, MODEL, 2).unwrap();
        let missing = writer.keep(store.vectors(&USUAL, &MODEL, 2, true), vec![9, 5, 3, 9]);
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), [5]);
        writer.add(5, &[vec![0.0, -0.25], vec![7.0]]);
        writer.write().unwrap();
        let vectors = store.vectors(&USUAL, &MODEL, 2, true);
        let spans: Vec<_> = [9, 5, 3].into_iter().map(|key| vectors.span(key)).collect();
        assert_eq!(spans, [Some(0..1), Some(1..2), Some(2..4)]);
        let all: Vec<f32> = numbers(vectors.vectors(0..4)).collect();
        assert_eq!(all, [1.0, 2.0, 0.0, -0.25, 3.0, 4.0, 5.0, 6.0]);
        let codes: Vec<i8> = vectors.codes(0..4).iter().map(|code| *code as i8).collect();
        for (row, scale) in vectors.scales(0..4).enumerate() {
            for at in [2 * row, 2 * row + 1] {
                assert!(
                    (f32::from(codes[at]) * scale - all[at]).abs() <= scale / 2.0 + 1e-6,
                    "{at}"
                );
            }
        }
        assert!(vectors.vectors(3..5).is_empty() && vectors.codes(4..5).is_empty());
    }

    #[test]
    fn a_file_of_another_model_or_with_any_bit_wrong_is_as_good_as_none() {
        let (dir, store) = store();
        written(&store);
        assert_eq!(store.vectors(&USUAL, &[8; 32], 2, false).len(), 0);
        assert_eq!(store.vectors(&USUAL, &MODEL, 3, false).len(), 0);
        let path = dir.path().join(USUAL.name());
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(store.vectors(&USUAL, &MODEL, 2, false).len(), 0, "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert_eq!(store.vectors(&USUAL, &MODEL, 2, false).len(), 0, "cut at {at}");
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
