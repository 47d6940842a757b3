//! Which vectors are whose: each passage of an index, and the rows of its text and of the questions that it answers.
//!
//! In: a [`Store`] and its vectors. Out: a [`Table`], or the texts that have no vectors. It must not know of questions
//! or of similarity.

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
    /// Title and question of the discussion that this passage is of.
    Question(DocAddress),
    /// One of the other wordings of the question, or of what the answer settles, by its place among them.
    Asked(DocAddress, usize),
}

/// A passage that has vectors.
pub(super) struct Entry {
    text: (u32, u32),
    /// What it answers: see [`Table::question`].
    pub question: u32,
}

impl Entry {
    /// The rows of its text.
    pub fn text(&self) -> Range<usize> {
        range(self.text)
    }
}

/// The passages of one view of an index, in its order.
pub(super) struct Table {
    view: View,
    pub addresses: Vec<DocAddress>,
    /// As many.
    pub passages: Vec<Entry>,
    /// Rows of what was asked: a discussion's question, each other wording, and what an answer settles beside; once for
    /// passages that follow each other and have the same. One such set after the other.
    asked: Vec<(u32, u32)>,
    /// Where each set begins in `asked`, and where the last one ends.
    starts: Vec<u32>,
}

/// What tells one view of an index from another: its segments, and how many passages of each are there.
type View = Vec<(SegmentId, u32)>;

fn view(store: &Store) -> View {
    let segments = store.searcher().segment_readers().iter();
    segments.map(|s| (s.segment_id(), s.num_docs())).collect()
}

fn range((first, count): (u32, u32)) -> Range<usize> {
    first as usize..(first + count) as usize
}

impl Table {
    /// The table of `store`, without the passages that lack a vector; whether none does.
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

    /// Whether this is the table of `store` as it is.
    pub fn is_of(&self, store: &Store) -> bool {
        self.view == view(store)
    }

    /// How many rows what was asked has in all. Sets share rows: the answers of a discussion have its questions in common.
    pub fn rows_asked(&self) -> usize {
        let mut asked = self.asked.clone();
        asked.sort_unstable();
        asked.dedup();
        asked.iter().map(|(_, count)| *count as usize).sum()
    }

    /// The rows of set number `at` of what was asked.
    pub fn question(&self, at: u32) -> impl Iterator<Item = Range<usize>> + '_ {
        let bound = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let (from, to) = (bound(at as usize), bound(at as usize + 1));
        self.asked.get(from..to).into_iter().flatten().map(|rows| range(*rows))
    }
}

/// Every text of `store` once, and the keys in the order in which a search comes to need them.
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
