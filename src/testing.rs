//! Helpers that the unit tests of several modules share.

use std::fmt::Display;
use std::io::{self, Write};

#[path = "../tests/harness/accept.rs"]
pub(crate) mod accept;
#[path = "../tests/harness/completions.rs"]
pub(crate) mod completions;
#[path = "../tests/harness/elastic.rs"]
pub(crate) mod elastic;

/// Reports that a test is skipped, and why. It writes to standard error directly, because the test runner hides the
/// output of passing tests.
pub(crate) fn skipped(why: impl Display) {
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}

/// Reports something worth knowing about a test that passes.
pub(crate) fn noted(what: impl Display) {
    let _ = writeln!(io::stderr(), "NOTED: {what}");
}
