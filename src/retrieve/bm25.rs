//! Scores every passage that has a word of the question.
//!
//! In: a [`Store`] and words. Out: [`Scored`] documents, unordered, and for each word how many passages have it. It
//! must not know of discussions, order or text.
//!
//! The score is BM25F in its simple form (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted
//! fields", CIKM 2004): the occurrences of a word are summed over the fields, each weighted and normalised by its
//! field's length, *before* they saturate, and a word has one rarity. Summing a BM25 score a field instead, as
//! tantivy's own boolean query would, counts a word in title and text twice.
//!
//! ```text
//! tf'(w, p)   = Σ_f boost_f · tf(w, f, p) / (1 - b_f + b_f · length_f(p) / average_f)
//! score(q, p) = Σ_w weight(w) · idf(w) · (k1 + 1) · tf' / (k1 + tf')
//! ```
//!
//! Terms, postings and field lengths are tantivy's. The sum is made here, word by word in a fixed order with counts of
//! passages that are there now, so that a score does not depend on segments, deletes and merges: tantivy's statistics
//! count deleted documents until they are merged away, and the order in which it adds up is that of its scorers.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, SegmentReader, TERMINATED, Term};

use super::query::{MAX_WORDS, Word};
use crate::index::schema::{SEARCHED, Searched};
use crate::index::{IndexError, Store};

/// How soon more occurrences of a word stop adding (`k1` of BM25), the usual value.
const K1: f32 = 1.2;

/// A passage with at least one word of the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub address: DocAddress,
    /// What passages are ordered by.
    pub score: f32,
    /// BM25F, with phrases once those were looked at; 0 where no word was found.
    pub words: f32,
    /// How near the passage is to the question, -1 to 1, where it was searched by meaning.
    pub similarity: Option<f32>,
    /// Bit i: the passage covers word i.
    pub covered: u64,
    /// Bit i: word i is in any field of the passage.
    pub found: u64,
}

impl Scored {
    /// A passage without a word of the question.
    pub fn unmatched(address: DocAddress) -> Scored {
        Scored {
            address,
            score: 0.0,
            words: 0.0,
            similarity: None,
            covered: 0,
            found: 0,
        }
    }
}

// A bit a word.
const _: () = assert!(MAX_WORDS <= u64::BITS as usize);

/// Scores all passages; sets `passages` and `idf` of each word.
pub(super) fn score(store: &Store, words: &mut [Word]) -> Result<Vec<Scored>, IndexError> {
    let averages = store.average_lengths()?;
    let fields = store.fields.searched();
    let mut segments = Vec::new();
    for (ordinal, reader) in store.searcher().segment_readers().iter().enumerate() {
        segments.push(Segment::new(store, ordinal as u32, reader, &fields, &averages)?);
    }
    let total = store.searcher().num_docs();
    for (bit, word) in words.iter_mut().enumerate() {
        word.passages = 0;
        for segment in &mut segments {
            word.passages += segment.count(store, &word.term, 1 << bit)?;
        }
        word.idf = idf(total, word.passages);
        for segment in &mut segments {
            segment.add(word.weight * word.idf * (K1 + 1.0));
        }
    }
    Ok(segments.into_iter().flat_map(Segment::into_scored).collect())
}

/// Rarity of a word that `with` of `total` passages have, Lucene's form, which is never negative.
fn idf(total: u64, with: u64) -> f32 {
    let (total, with) = (total as f64, with as f64);
    (1.0 + (total - with + 0.5) / (with + 0.5)).ln() as f32
}

/// What is known of one segment's passages, by document number.
struct Segment<'a> {
    ordinal: u32,
    reader: &'a SegmentReader,
    fields: Vec<(Searched, FieldNormReader, [f32; 256])>,
    scores: Vec<f32>,
    covered: Vec<u64>,
    found: Vec<u64>,
    /// Weighted occurrences of the word in hand, 0 outside `touched`.
    occurrences: Vec<f32>,
    touched: Vec<u32>,
}

impl<'a> Segment<'a> {
    fn new(
        store: &Store,
        ordinal: u32,
        reader: &'a SegmentReader,
        searched: &[Searched; SEARCHED],
        averages: &[f32; SEARCHED],
    ) -> Result<Segment<'a>, IndexError> {
        let mut fields = Vec::new();
        for (field, average) in searched.iter().zip(averages) {
            let lengths = reader
                .get_fieldnorms_reader(field.field)
                .map_err(|e| store.damaged(e))?;
            fields.push((*field, lengths, worth(field, *average)));
        }
        let passages = reader.max_doc() as usize;
        Ok(Segment {
            ordinal,
            reader,
            fields,
            scores: vec![0.0; passages],
            covered: vec![0; passages],
            found: vec![0; passages],
            occurrences: vec![0.0; passages],
            touched: Vec::new(),
        })
    }

    /// Sums up the occurrences of `term`; returns how many passages have it.
    fn count(&mut self, store: &Store, term: &str, bit: u64) -> Result<u64, IndexError> {
        for (searched, lengths, worth) in &self.fields {
            let inverted = self
                .reader
                .inverted_index(searched.field)
                .map_err(|e| store.damaged(e))?;
            let term = Term::from_field_text(searched.field, term);
            let postings = inverted
                .read_postings(&term, IndexRecordOption::WithFreqs)
                .map_err(|e| store.damaged(e))?;
            let Some(mut postings) = postings else { continue };
            let mut doc = postings.doc();
            while doc != TERMINATED {
                if !self.reader.is_deleted(doc) {
                    let at = doc as usize;
                    if self.occurrences[at] == 0.0 {
                        self.touched.push(doc);
                        self.found[at] |= bit;
                    }
                    let length = usize::from(lengths.fieldnorm_id(doc));
                    self.occurrences[at] += postings.term_freq() as f32 * worth[length];
                    if searched.covers {
                        self.covered[at] |= bit;
                    }
                }
                doc = postings.advance();
            }
        }
        Ok(self.touched.len() as u64)
    }

    /// Adds the word in hand to the scores, at `weight` for infinitely many occurrences, and lets go of it.
    fn add(&mut self, weight: f32) {
        for doc in self.touched.drain(..) {
            let occurrences = std::mem::take(&mut self.occurrences[doc as usize]);
            self.scores[doc as usize] += weight * occurrences / (K1 + occurrences);
        }
    }

    fn into_scored(self) -> impl Iterator<Item = Scored> {
        let ordinal = self.ordinal;
        let masks = self.covered.into_iter().zip(self.found);
        let scored = self.scores.into_iter().zip(masks).enumerate();
        scored
            .filter(|(_, (score, _))| *score > 0.0)
            .map(move |(doc, (score, (covered, found)))| Scored {
                address: DocAddress::new(ordinal, doc as u32),
                score,
                words: score,
                similarity: None,
                covered,
                found,
            })
    }
}

/// What one occurrence is worth in a field of each of the 256 lengths that tantivy tells apart.
fn worth(field: &Searched, average: f32) -> [f32; 256] {
    std::array::from_fn(|id| {
        let length = FieldNormReader::id_to_fieldnorm(id as u8) as f32;
        let relative = if average > 0.0 { length / average } else { 1.0 };
        field.boost / (1.0 - field.b + field.b * relative)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_word_weighs_more_and_an_unknown_one_most() {
        assert!(idf(100, 0) > idf(100, 1));
        assert!(idf(100, 1) > idf(100, 50));
        assert!(idf(100, 100) > 0.0);
        assert!(idf(0, 0).is_finite());
    }
}
