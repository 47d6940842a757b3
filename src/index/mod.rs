//! The search index on disk: brought up to date from the corpus's files, opened read-only, never half written.
//!
//! In: [`SourceFile`](crate::corpus::SourceFile)s. Out: a [`Store`] that `retrieve` searches, and a
//! [`RefreshReport`] of what changed. It must not know of questions, models or terminals.
//!
//! The flow is `folder` (whose folder, which generation) → `manifest` (what the index was made from) → `plan`
//! (what has to change) → `refresh` (one commit) → `store` (opening), of which `statistics` counts. `vectors`
//! keeps what an embedding model made of the passages. `schema` is the only home of field names and `analyzer` of the
//! rules that turn text into terms.

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

#[cfg(test)]
pub(crate) mod tests;

use std::fmt::Write;

use sha2::{Digest, Sha256};

pub use error::IndexError;
pub use folder::is_foreign;
pub use plan::Change;
pub use refresh::RefreshReport;
pub use store::{Stats, Store};

/// The name and the rules by which text becomes terms, for who measures against tantivy alone.
pub fn tokenizer() -> (&'static str, tantivy::tokenizer::TextAnalyzer) {
    (analyzer::NAME, analyzer::analyzer())
}

/// A file of the corpus that is not in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path as shown to readers.
    pub file: String,
    /// Why, with the line where there is one.
    pub why: String,
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `bytes` as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}
