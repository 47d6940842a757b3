//! Maps each passage of an index to the vectors of its text and of the questions that it answers.
//!
//! A [`Table`] is built from a [`Store`] and its vectors. This module knows nothing about a user's question or
//! similarity.

use std::collections::BTreeMap;
use std::ops::Range;

use tantivy::DocAddress;
use tantivy::index::SegmentId;

use crate::index::vectors::{Key, Vectors};
use crate::index::{IndexError, Store};

/// A text that needs vectors.
pub(super) enum Text {
    /// Title and text of the passage at this address.
    Passage(DocAddress),
    /// Title and question of the discussion of this passage.
    Question(DocAddress),
    /// One of the other wordings of the question, or of what the answer settles, by its index among them.
    Asked(DocAddress, usize),
}

/// A passage that has vectors.
pub(super) struct Entry {
    text: (u32, u32),
    /// Number of the set of what it answers; see [`Table::question`].
    pub question: u32,
}

impl Entry {
    /// Returns the rows of its text.
    pub fn text(&self) -> Range<usize> {
        range(self.text)
    }
}

/// The passages of one view of an index, in its order.
pub(super) struct Table {
    view: View,
    pub addresses: Vec<DocAddress>,
    /// One entry for each address.
    pub passages: Vec<Entry>,
    /// Rows of what was asked, set after set. A set has a discussion's question, each other wording, and what an answer
    /// settles in addition. Consecutive passages with the same set share it.
    asked: Vec<(u32, u32)>,
    /// Where each set begins in `asked`, and where the last one ends.
    starts: Vec<u32>,
}

/// Identifies a view of an index: its segments, and the number of passages in each.
type View = Vec<(SegmentId, u32)>;

fn view(store: &Store) -> View {
    let segments = store.searcher().segment_readers().iter();
    segments.map(|s| (s.segment_id(), s.num_docs())).collect()
}

fn range((first, count): (u32, u32)) -> Range<usize> {
    first as usize..(first + count) as usize
}

impl Table {
    /// Returns the table of `store`, and whether every text has vectors. A passage is left out if its text has no
    /// vectors, or if nothing that it answers has any.
    pub fn new(store: &Store, vectors: &Vectors) -> Result<(Table, bool), IndexError> {
        let mut table = Table {
            view: view(store),
            addresses: Vec::new(),
            passages: Vec::new(),
            asked: Vec::new(),
            starts: vec![0],
        };
        let rows = |key: Key| vectors.span(key).map(|rows| (rows.start as u32, rows.len() as u32));
        let mut complete = true;
        let mut last = None;
        for (address, keys) in store.keys()? {
            if last.as_ref() != Some(&(keys.question, keys.asked.clone())) {
                for key in keys.asked.iter().chain([&keys.question]) {
                    let there = rows(*key);
                    complete &= there.is_some();
                    table.asked.extend(there);
                }
                table.starts.push(table.asked.len() as u32);
                last = Some((keys.question, keys.asked));
            }
            let question = (table.starts.len() - 2) as u32;
            let asked = table.question(question).next().is_some();
            match rows(keys.text) {
                Some(text) if asked => {
                    table.addresses.push(address);
                    table.passages.push(Entry { text, question });
                }
                _ => complete = false,
            }
        }
        Ok((table, complete))
    }

    /// Returns whether this is the table of `store` in its current state.
    pub fn is_of(&self, store: &Store) -> bool {
        self.view == view(store)
    }

    /// Returns the number of distinct rows of what was asked. Sets share rows, because the answers of a discussion have
    /// its questions in common.
    pub fn rows_asked(&self) -> usize {
        let mut asked = self.asked.clone();
        asked.sort_unstable();
        asked.dedup();
        asked.iter().map(|(_, count)| *count as usize).sum()
    }

    /// Returns the rows of set number `at` of what was asked.
    pub fn question(&self, at: u32) -> impl Iterator<Item = Range<usize>> + '_ {
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let (from, to) = (bound(at as usize), bound(at as usize + 1));
        self.asked.get(from..to).into_iter().flatten().map(|rows| range(*rows))
    }
}

/// Returns every text of `store` once, and the keys in the order in which a search needs them.
pub(super) fn texts(store: &Store) -> Result<(BTreeMap<Key, Text>, Vec<Key>), IndexError> {
    let (mut texts, mut order) = (BTreeMap::new(), Vec::new());
    for (address, keys) in store.keys()? {
        order.push(keys.text);
        texts.entry(keys.text).or_insert(Text::Passage(address));
        order.push(keys.question);
        texts.entry(keys.question).or_insert(Text::Question(address));
        for (at, key) in keys.asked.into_iter().enumerate() {
            order.push(key);
            texts.entry(key).or_insert(Text::Asked(address, at));
        }
    }
    Ok((texts, order))
}
