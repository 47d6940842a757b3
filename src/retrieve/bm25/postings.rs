//! Reads the lists of passages that have a word, field by field.
//!
//! A [`Cursor`] moves forwards over one list. This module knows nothing about scores.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{SegmentReader, Term};

use super::super::query::Word;
use crate::index::schema::{SEARCHED, Searched};
use crate::index::{IndexError, Store};

/// Number of documents in a full block of postings, as tantivy packs them.
const BLOCK: usize = 128;

/// Where the lists of some words are in one segment.
pub(super) struct Lists<'a> {
    ordinal: u32,
    reader: &'a SegmentReader,
    fields: Vec<Field>,
    /// By word: the fields that have it, in the order in which occurrences are summed.
    places: Vec<Vec<(usize, TermInfo)>>,
}

struct Field {
    inverted: Arc<InvertedIndexReader>,
    lengths: FieldNormReader,
    /// The weight of one occurrence at each of the 256 lengths that tantivy distinguishes.
    worth: [f32; 256],
    covers: bool,
}

impl<'a> Lists<'a> {
    /// Returns the lists of `words` in each segment.
    pub fn of_all(store: &'a Store, words: &[Word]) -> Result<Vec<Lists<'a>>, IndexError> {
        let averages = store.average_lengths()?;
        let segments = store.searcher().segment_readers().iter().enumerate();
        segments
            .map(|(ordinal, reader)| Lists::new(store, ordinal as u32, reader, words, &averages))
            .collect()
    }

    fn new(
        store: &Store,
        ordinal: u32,
        reader: &'a SegmentReader,
        words: &[Word],
        averages: &[f32; SEARCHED],
    ) -> Result<Lists<'a>, IndexError> {
        let mut fields = Vec::with_capacity(SEARCHED);
        let mut places = vec![Vec::new(); words.len()];
        for (searched, average) in store.fields.searched().iter().zip(averages) {
            let inverted = reader.inverted_index(searched.field).map_err(|e| store.damaged(e))?;
            for (places, word) in places.iter_mut().zip(words) {
                let term = Term::from_field_text(searched.field, &word.term);
                let there = inverted.get_term_info(&term).map_err(|e| store.damaged(e))?;
                places.extend(there.map(|info| (fields.len(), info)));
            }
            fields.push(Field {
                lengths: reader
                    .get_fieldnorms_reader(searched.field)
                    .map_err(|e| store.damaged(e))?,
                worth: worth(searched, *average),
                covers: searched.covers,
                inverted,
            });
        }
        Ok(Lists {
            ordinal,
            reader,
            fields,
            places,
        })
    }

    pub fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// Returns the number of documents in the segment, including deleted ones.
    pub fn documents(&self) -> u32 {
        self.reader.max_doc()
    }

    pub fn is_deleted(&self, doc: u32) -> bool {
        self.reader.is_deleted(doc)
    }

    /// Returns cursors over the lists of word number `word`, in the order in which occurrences are summed.
    pub fn cursors(&self, store: &Store, word: usize) -> Result<Vec<Cursor<'_>>, IndexError> {
        let places = self.places.get(word).into_iter().flatten();
        places
            .filter_map(|(field, info)| Some((self.fields.get(*field)?, info)))
            .map(|(field, info)| {
                let postings = field
                    .inverted
                    .read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs);
                Ok(Cursor {
                    postings: postings.map_err(|e| store.damaged(e))?,
                    field,
                })
            })
            .collect()
    }
}

/// Returns the weight of one occurrence in the field, by field length.
fn worth(field: &Searched, average: f32) -> [f32; 256] {
    std::array::from_fn(|id| {
        let length = FieldNormReader::id_to_fieldnorm(id as u8) as f32;
        let relative = if average > 0.0 { length / average } else { 1.0 };
        field.boost / (1.0 - field.b + field.b * relative)
    })
}

/// A position in the list of one word in one field. It moves forwards only.
pub(super) struct Cursor<'a> {
    postings: BlockSegmentPostings,
    field: &'a Field,
}

impl Cursor<'_> {
    /// Returns how many documents have the word in this field, including deleted ones.
    pub fn documents(&self) -> u32 {
        self.postings.doc_freq()
    }

    /// Returns whether a word found in this field is covered.
    pub fn covers(&self) -> bool {
        self.field.covers
    }

    /// Calls `tell` for each document from `start` to before `end` that has the word, with its weighted occurrences.
    pub fn each(&mut self, start: u32, end: u32, mut tell: impl FnMut(u32, f32)) {
        let mut from = self.postings.seek(start);
        loop {
            let (docs, counts) = (self.postings.docs(), self.postings.freqs());
            let full = docs.len() == BLOCK;
            let to = match docs.last() {
                Some(last) if *last >= end => docs.partition_point(|doc| *doc < end),
                _ => docs.len(),
            };
            let some = from.min(to)..to;
            let (docs, counts) = (docs.get(some.clone()), counts.get(some));
            for (doc, count) in docs.into_iter().flatten().zip(counts.into_iter().flatten()) {
                tell(*doc, self.worth(*doc, *count));
            }
            // Only the last block is not full, and it may be empty.
            if to < self.postings.docs().len() || !full {
                return;
            }
            self.postings.advance();
            from = 0;
        }
    }

    /// Returns the weighted occurrences in `doc`, if there are any.
    pub fn at(&mut self, doc: u32) -> Option<f32> {
        let place = self.postings.seek(doc);
        let there = self.postings.docs().get(place) == Some(&doc);
        there.then(|| self.worth(doc, self.postings.freq(place)))
    }

    #[inline(always)]
    fn worth(&self, doc: u32, count: u32) -> f32 {
        count as f32 * self.field.worth[usize::from(self.field.lengths.fieldnorm_id(doc))]
    }
}
