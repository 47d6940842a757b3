//! Defines the result of the pass over a newsletter.

use crate::corpus::edition::Edition;
use crate::corpus::import::Dropped;
use crate::corpus::import::why::Reason;

/// An edition without a slug, and the account of how it was made.
#[derive(Debug, Default)]
pub(in crate::corpus::import) struct Built {
    pub edition: Edition,
    pub words_in: usize,
    pub words_kept: usize,
    pub dropped: Vec<Dropped>,
    pub why: Vec<Reason>,
}
