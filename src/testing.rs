//! What unit tests of several parts share.

use std::fmt::Display;
use std::io::{self, Write};

#[path = "../tests/harness/accept.rs"]
pub(crate) mod accept;
#[path = "../tests/harness/completions.rs"]
pub(crate) mod completions;
#[path = "../tests/harness/elastic.rs"]
pub(crate) mod elastic;

/// Says that a test is skipped, and why: past the test runner, which keeps back what a passing test prints.
pub(crate) fn skipped(why: impl Display) {
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}

/// Says what a test saw that is worth knowing though it passes.
pub(crate) fn noted(what: impl Display) {
    let _ = writeln!(io::stderr(), "NOTED: {what}");
}
