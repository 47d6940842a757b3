//! Remembers which editions earlier digests had, so that the next one has what came in since.
//!
//! A letter with the date of last month may arrive today, so dates do not say what is new. The record has the slug of
//! each edition with a hash of its words. It is a small JSON file that the caller reads and writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Digest, State};
use crate::corpus::{Edition, markdown};
use crate::hex::hex;

/// Changes whenever an older askpm could misread the record.
const FORMAT: u32 = 1;

/// What earlier digests had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    askpm_digest: u32,
    /// The day of the last digest, `YYYY-MM-DD`.
    pub at: String,
    /// The hash of each edition by its slug.
    editions: BTreeMap<String, String>,
}

impl Memory {
    /// Reads a record. The error says in a few words why it cannot be used.
    pub fn read(json: &[u8]) -> Result<Memory, String> {
        let memory: Memory = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        match memory.askpm_digest {
            FORMAT => Ok(memory),
            other => Err(format!("it has format {other}, and this askpm reads format {FORMAT}")),
        }
    }

    /// Returns whether an edition came in or changed since the last digest. `None` if a digest had it as it is.
    pub fn state(&self, edition: &Edition) -> Option<State> {
        match self.editions.get(&edition.slug) {
            None => Some(State::New),
            Some(hash) if *hash != print(edition) => Some(State::Changed),
            Some(_) => None,
        }
    }

    /// Returns the record after `digest` on the day `at`, for the editions `came` that it was made from.
    ///
    /// The first digest of a corpus ends with everything remembered: its archive is not news. After that, what did not fit
    /// on a page is still new for the next digest.
    pub fn after(before: Option<Memory>, digest: &Digest, came: &[Edition], at: String) -> Memory {
        let first = before.is_none();
        let mut editions = before.map(|memory| memory.editions).unwrap_or_default();
        let shown: Vec<&str> = digest.shown().collect();
        for edition in came
            .iter()
            .filter(|edition| first || shown.contains(&edition.slug.as_str()))
        {
            editions.insert(edition.slug.clone(), print(edition));
        }
        Memory {
            askpm_digest: FORMAT,
            at,
            editions,
        }
    }

    /// The record as text.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Returns the SHA-256 of the words of `edition` in hexadecimal digits. A date, a source or tags that were added later
/// are not news, nor are other wordings, which nobody reads.
fn print(edition: &Edition) -> String {
    let mut words = Edition {
        slug: String::new(),
        date: None,
        source: None,
        tags: Vec::new(),
        ..edition.clone()
    };
    for discussion in &mut words.discussions {
        discussion.also_asked.clear();
        discussion
            .answers
            .iter_mut()
            .for_each(|answer| answer.also_asked.clear());
    }
    hex(&Sha256::digest(markdown::write(&words)))
}
