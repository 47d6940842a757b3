//! Counts over a whole index: lengths of fields, and passages with a word.
//!
//! The numbers depend only on the passages that are not deleted, and not on how the index was built. Tantivy's totals
//! still count deleted passages, and are estimates after a merge.

use rayon::prelude::*;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{SegmentReader, Term};

use super::schema::SEARCHED;
use super::{IndexError, Store};

impl Store {
    /// Returns the average length in words of each searched field, over the passages that are not deleted. It is
    /// computed once, in the first search.
    pub(crate) fn average_lengths(&self) -> Result<[f32; SEARCHED], IndexError> {
        if let Some(lengths) = self.lengths.get() {
            return Ok(*lengths);
        }
        let fields = self.fields.searched();
        let totals: Result<Vec<u64>, IndexError> = fields
            .into_par_iter()
            .map(|searched| {
                let mut total = 0;
                for segment in self.searcher.segment_readers() {
                    let lengths = segment
                        .get_fieldnorms_reader(searched.field)
                        .map_err(|e| self.damaged(e))?;
                    let alive = segment.doc_ids_alive();
                    total += alive.map(|doc| u64::from(length(&lengths, doc))).sum::<u64>();
                }
                Ok(total)
            })
            .collect();
        let passages = self.searcher.num_docs().max(1) as f64;
        let mut lengths = [0.0; SEARCHED];
        for (length, total) in lengths.iter_mut().zip(totals?) {
            *length = (total as f64 / passages) as f32;
        }
        Ok(*self.lengths.get_or_init(|| lengths))
    }

    /// Returns the number of passages that have `term` in any searched field.
    pub(crate) fn passages_with(&self, term: &str) -> Result<u64, IndexError> {
        if let Some(whole) = self.whole() {
            return Ok(whole.with.get(term).copied().unwrap_or(0));
        }
        let segments = self.searcher.segment_readers().iter();
        segments.map(|segment| self.of_segment_with(segment, term)).sum()
    }

    fn of_segment_with(&self, segment: &SegmentReader, term: &str) -> Result<u64, IndexError> {
        let mut lists: Vec<BlockSegmentPostings> = Vec::with_capacity(SEARCHED);
        for searched in self.fields.searched() {
            let inverted = segment.inverted_index(searched.field).map_err(|e| self.damaged(e))?;
            let term = Term::from_field_text(searched.field, term);
            if let Some(info) = inverted.get_term_info(&term).map_err(|e| self.damaged(e))? {
                let list = inverted.read_block_postings_from_terminfo(&info, IndexRecordOption::Basic);
                lists.push(list.map_err(|e| self.damaged(e))?);
            }
        }
        let alive = segment.alive_bitset();
        if let ([list], None) = (&lists[..], alive) {
            return Ok(u64::from(list.doc_freq()));
        }
        // A passage that has the term in several fields counts once.
        let mut with = vec![0u64; (segment.max_doc() as usize).div_ceil(64)];
        for list in &mut lists {
            while !list.docs().is_empty() {
                for doc in list.docs() {
                    if let Some(word) = with.get_mut(*doc as usize / 64) {
                        *word |= 1 << (doc % 64);
                    }
                }
                list.advance();
            }
        }
        let Some(alive) = alive else {
            return Ok(with.iter().map(|word| u64::from(word.count_ones())).sum());
        };
        let set = |word: u64| (0..64).filter(move |bit| word & (1 << bit) != 0);
        let docs = with
            .iter()
            .zip(0u32..)
            .flat_map(|(word, group)| set(*word).map(move |bit| 64 * group + bit));
        Ok(docs.filter(|doc| alive.is_alive(*doc)).count() as u64)
    }
}

fn length(lengths: &FieldNormReader, doc: u32) -> u32 {
    FieldNormReader::id_to_fieldnorm(lengths.fieldnorm_id(doc))
}
