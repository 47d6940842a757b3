//! Searches a part of the corpus: without some discussions, or only among the new ones.

use std::collections::HashSet;

use crate::corpus::Id;
use crate::retrieve::{Query, RetrieveError, Retrieved, Retriever};

/// How many discussions of the whole corpus are looked at for the new ones among them. A new discussion further down has
/// little to do with the question.
const LOOKED_AT: usize = 100;

/// A retriever that finds new discussions and, to compare them with, the best one of the others.
pub(super) struct Among<'a> {
    pub retriever: &'a dyn Retriever,
    /// The discussions to find.
    pub new: &'a HashSet<Id>,
    /// Discussions to leave out.
    pub without: &'a HashSet<Id>,
}

impl Retriever for Among<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        let limit = query.limit + query.per_discussion * (LOOKED_AT + self.without.len());
        let mut retrieved = self.retriever.retrieve(&Query { limit, ..*query })?;
        let mut other: Option<Id> = None;
        retrieved.hits.retain(|hit| {
            let id = hit.passage.id.group();
            if self.without.contains(&id) || matches!(id, Id::Resource { .. }) {
                return false;
            }
            self.new.contains(&id) || *other.get_or_insert_with(|| id.clone()) == id
        });
        retrieved.hits.truncate(query.limit);
        for (rank, hit) in (1..).zip(&mut retrieved.hits) {
            hit.rank = rank;
        }
        Ok(retrieved)
    }
}
