//! Reads all passages of one discussion.

use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Term};

use super::{IndexError, Store};
use crate::corpus::edition::Id;
use crate::corpus::passage::Passage;

impl Store {
    /// Returns all passages of the group that `id` belongs to, by identifier and part. A group is a discussion with its
    /// answers, or a single section or resource. The result is empty if the index has no such passage.
    ///
    /// # Errors
    /// Fails if an index file cannot be read.
    pub(crate) fn group(&self, id: &Id) -> Result<Vec<Passage>, IndexError> {
        let group = id.group();
        let term = Term::from_field_text(self.fields.edition(), group.edition());
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let found = self.searcher.search(&query, &DocSetCollector);
        let mut addresses: Vec<DocAddress> = found.map_err(|e| self.damaged(e))?.into_iter().collect();
        addresses.sort_unstable();
        let mut passages = Vec::new();
        for address in addresses {
            let passage = self.passage(address)?;
            if passage.id.group() == group {
                passages.push(passage);
            }
        }
        passages.sort_by(|a, b| (&a.id, a.part).cmp(&(&b.id, b.part)));
        Ok(passages)
    }

    /// Passes every passage of the index to `take`, in no particular order.
    ///
    /// # Errors
    /// Fails if an index file cannot be read.
    pub(crate) fn each_passage(&self, take: &mut dyn FnMut(Passage)) -> Result<(), IndexError> {
        for (segment, reader) in (0u32..).zip(self.searcher.segment_readers()) {
            for doc in reader.doc_ids_alive() {
                take(self.passage(DocAddress::new(segment, doc))?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::index::Store;
    use crate::index::tests::raw;

    #[test]
    fn a_discussion_comes_whole_and_in_order_and_a_resource_alone() {
        let text = "---\nslug: e\ntitle: T\n---\n\n## Q1. One?\n\n### A. X\n\nFirst.\n\n### B. Y\n\nSecond.\n\n## Q2. Two?\n\n\
             ### A. Z\n\nThird.\n\n## Resources\n\n### R1. Book\n\nGood.\n";
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::refresh(dir.path(), &[raw("e.md", text)]).unwrap();
        let ids = |id: &str| {
            let group = store.group(&id.parse().unwrap()).unwrap();
            group.iter().map(|p| p.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(ids("e/q1/b"), ["e/q1/a", "e/q1/b"]);
        assert_eq!(ids("e/q2"), ["e/q2/a"]);
        assert_eq!(ids("e/r1"), ["e/r1"]);
        assert!(ids("e/q9").is_empty() && ids("other/q1").is_empty());
        let mut all = Vec::new();
        store.each_passage(&mut |p| all.push(p.id.to_string())).unwrap();
        all.sort();
        assert_eq!(all, ["e/q1/a", "e/q1/b", "e/q2/a", "e/r1"]);
    }
}
