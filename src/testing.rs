//! Helpers that the unit tests of several modules share.

#[path = "../tests/harness/accept.rs"]
pub(crate) mod accept;
#[path = "../tests/harness/completions.rs"]
pub(crate) mod completions;
#[path = "../tests/harness/elastic.rs"]
pub(crate) mod elastic;

pub(crate) use askpm_fixtures::{Numbers, noted, skipped, tries};
