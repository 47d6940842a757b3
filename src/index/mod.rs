//! The search index on disk, built from the corpus's files.
//!
//! Refreshing brings it up to date and reports what changed in a [`RefreshReport`]. An index is opened read-only as a
//! [`Store`], which `retrieve` searches, and is never visible half written. It is built from
//! [`SourceFile`](crate::corpus::SourceFile)s and knows nothing about questions, models or terminals.
//!
//! - `folder` manages the index folder and its generations.
//! - `manifest` records what the index was made from.
//! - `plan` decides what has to change.
//! - `refresh` makes the changes in one commit.
//! - `store` opens the index, and `statistics` counts over it.
//! - `vectors` stores an embedding model's vectors of the passages.
//! - `schema` is the only place that defines field names.
//! - `analyzer` has the rules that turn text into terms.

pub(crate) mod analyzer;
mod error;
mod folder;
mod group;
mod manifest;
mod open;
mod plan;
mod readable;
mod refresh;
pub(crate) mod schema;
mod statistics;
mod store;
pub(crate) mod vectors;
pub(crate) mod whole;

#[cfg(test)]
pub(crate) mod tests;

use sha2::{Digest, Sha256};

pub use error::IndexError;
pub use folder::is_foreign;
pub use plan::Change;
pub use refresh::RefreshReport;
pub(crate) use store::Whole;
pub use store::{Stats, Store};

/// Returns the name and the analyzer that turns text into terms, for benchmarks against tantivy itself.
pub fn tokenizer() -> (&'static str, tantivy::tokenizer::TextAnalyzer) {
    (analyzer::NAME, analyzer::analyzer())
}

/// A file of the corpus that is not in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path, as shown to users.
    pub file: String,
    /// The reason, with the line if there is one.
    pub why: String,
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
