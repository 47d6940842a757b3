//! Vectors of the built-in editions, included in the program so that the first question need not wait for them.
//!
//! They come from `corpus/vectors.bin`, which is made when editions are written, and belong to one model.
//! `cli/meaning_tests.rs` creates the file and checks that it has everything the built-in editions need. The key of a
//! vector is the hash of its text, so a changed text has no vector here and is embedded like any other. Each vector is
//! stored as one byte per number (see [`super::quantise`]) with the scale that gives it length 1.
//!
//! ```text
//! 0    magic "askpm-builtin-1\n"          16 bytes
//! 16   identity of the model              32
//! 48   dimensions, entries, rows, zero    4 × u32, little-endian as all numbers
//! 64   entries, by key: key u64, first row u32, rows u32
//!      scales: rows × f32
//!      codes: rows × dimensions × i8
//! ```

use super::{Key, numbers};

static FILE: &[u8] = include_bytes!("../../../corpus/vectors.bin");

const MAGIC: &[u8; 16] = b"askpm-builtin-1\n";
const HEADER: usize = 64;
const ENTRY: usize = 16;

/// Vectors of one model that come with the program.
pub(crate) struct Builtin<'a> {
    dimensions: usize,
    entries: &'a [[u8; ENTRY]],
    scales: &'a [u8],
    codes: &'a [u8],
}

impl Builtin<'static> {
    /// Returns the vectors of the model `identity` with `dimensions` numbers each, or `None` if the program has those
    /// of another model.
    pub fn of(identity: &[u8; 32], dimensions: usize) -> Option<Builtin<'static>> {
        Builtin::read(FILE, identity, dimensions)
    }
}

impl<'a> Builtin<'a> {
    fn read(file: &'a [u8], identity: &[u8; 32], dimensions: usize) -> Option<Builtin<'a>> {
        let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
        let (dims, entries, rows) = (word(48)?, word(52)?, word(56)?);
        if file.get(..16)? != MAGIC || file.get(16..48)? != identity || dims != dimensions {
            return None;
        }
        let rest = file.get(HEADER..)?;
        let (entries, rest) = rest.split_at_checked(entries.checked_mul(ENTRY)?)?;
        let (scales, codes) = rest.split_at_checked(rows.checked_mul(4)?)?;
        (codes.len() == rows.checked_mul(dims)?).then_some(Builtin {
            dimensions,
            entries: entries.as_chunks().0,
            scales,
            codes,
        })
    }

    /// Returns the vectors of the text `key`, each of length 1, or `None` if there are none.
    pub fn vectors(&self, key: Key) -> Option<Vec<Vec<f32>>> {
        let at = self.entries.binary_search_by_key(&key, key_of).ok()?;
        let (first, count) = rows_of(self.entries.get(at)?);
        let row = |row: usize| {
            let scale = numbers(self.scales.get(4 * row..4 * row + 4)?).next()?;
            let codes = self.codes.get(row * self.dimensions..(row + 1) * self.dimensions)?;
            Some(codes.iter().map(|code| f32::from(code.cast_signed()) * scale).collect())
        };
        (first..first.checked_add(count)?).map(row).collect()
    }

    /// Returns the keys of the texts that have vectors here, in order.
    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.entries.iter().map(key_of)
    }
}

fn key_of(entry: &[u8; ENTRY]) -> Key {
    Key::from_le_bytes(std::array::from_fn(|i| entry[i]))
}

/// Returns the first row and the number of rows.
fn rows_of(entry: &[u8; ENTRY]) -> (usize, usize) {
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| entry[at + i])) as usize;
    (word(8), word(12))
}

/// Returns the bytes of a file with `vectors`. Vectors that were read from such a file give the same bytes again.
#[cfg(test)]
pub(crate) fn file(
    identity: &[u8; 32],
    dimensions: usize,
    vectors: &std::collections::BTreeMap<Key, Vec<Vec<f32>>>,
) -> Vec<u8> {
    let rows: usize = vectors.values().map(Vec::len).sum();
    let (mut entries, mut scales, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = 0;
    for (key, vectors) in vectors {
        entries.extend(key.to_le_bytes());
        entries.extend((first as u32).to_le_bytes());
        entries.extend((vectors.len() as u32).to_le_bytes());
        first += vectors.len();
        for vector in vectors {
            let (_, code) = super::quantise(vector.iter().copied());
            let length = code.iter().map(|code| f32::from(*code).powi(2)).sum::<f32>().sqrt();
            scales.extend(if length > 0.0 { 1.0 / length } else { 0.0 }.to_le_bytes());
            codes.extend(code.iter().map(|code| code.cast_unsigned()));
        }
    }
    let head = [dimensions, vectors.len(), rows, 0].map(|number| (number as u32).to_le_bytes());
    [&MAGIC[..], identity, head.as_flattened(), &entries, &scales, &codes].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const MODEL: [u8; 32] = [7; 32];

    fn some() -> Vec<u8> {
        file(
            &MODEL,
            2,
            &BTreeMap::from([(9, vec![vec![1.0, 0.0]]), (3, vec![vec![0.6, 0.8], vec![0.0, -1.0]])]),
        )
    }

    #[test]
    fn vectors_come_back_by_key_near_what_they_were_and_of_length_one() {
        let file = some();
        let builtin = Builtin::read(&file, &MODEL, 2).unwrap();
        assert_eq!(builtin.keys().collect::<Vec<_>>(), [3, 9]);
        assert_eq!(builtin.vectors(9), Some(vec![vec![1.0, 0.0]]));
        let two = builtin.vectors(3).unwrap();
        assert_eq!(two[1], [0.0, -1.0]);
        assert!(
            (two[0][0] - 0.6).abs() < 0.01 && (two[0][1] - 0.8).abs() < 0.01,
            "{two:?}"
        );
        assert!((two[0].iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(builtin.vectors(4), None);
    }

    #[test]
    fn what_was_read_is_written_as_it_was() {
        let before = some();
        let builtin = Builtin::read(&before, &MODEL, 2).unwrap();
        let all = builtin.keys().map(|key| (key, builtin.vectors(key).unwrap())).collect();
        assert_eq!(file(&MODEL, 2, &all), before);
    }

    #[test]
    fn a_file_of_another_model_or_cut_off_is_as_good_as_none() {
        let file = some();
        assert!(Builtin::read(&file, &[8; 32], 2).is_none() && Builtin::read(&file, &MODEL, 3).is_none());
        for cut in 0..file.len() {
            assert!(Builtin::read(&file[..cut], &MODEL, 2).is_none(), "cut at {cut}");
        }
    }

    #[test]
    fn no_byte_of_the_file_can_make_reading_it_fail() {
        let good = some();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] = 255;
            if let Some(builtin) = Builtin::read(&bad, &MODEL, 2) {
                builtin.vectors(3);
                builtin.vectors(9);
            }
        }
    }
}
