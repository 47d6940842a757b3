//! Remembers which edition each feed entry and each watched file became, so that a correction replaces it.
//!
//! For each identity it stores the slug of the edition and a hash of its text, in a hidden file next to the editions.
//! If that file is deleted, a correction becomes a second edition, and nothing is lost.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clean::key;
use crate::corpus::edition::Edition;
use crate::corpus::markdown;
use crate::hex::hex;

const NAME: &str = ".askpm-imported.json";

/// Largest file that is read, in bytes. A corpus needs far less.
const MAX_BYTES: u64 = 64 << 20;

/// The edition that an identity became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Filed {
    slug: String,
    /// Hash of the edition as [`print`] computes it.
    print: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    editions: BTreeMap<String, Filed>,
}

/// The identities of a folder of editions.
pub(super) struct Known {
    path: PathBuf,
    kept: Kept,
    changed: bool,
    /// Identities met in this import. One that repeats identifies nothing.
    met: HashSet<String>,
}

impl Known {
    pub(super) fn read(dir: &Path) -> Self {
        let path = dir.join(NAME);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
        let kept = read
            .ok()
            .and_then(|_| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Known {
            path,
            kept,
            changed: false,
            met: HashSet::new(),
        }
    }

    /// Returns the key of `identity`, unless this import has already met it.
    pub(super) fn meet(&mut self, identity: &str) -> Option<String> {
        let key = sha256(identity);
        self.met.insert(key.clone()).then_some(key)
    }

    /// Returns the slug and the hash of the edition that `key` became.
    pub(super) fn filed(&self, key: &str) -> Option<(&str, &str)> {
        let filed = self.kept.editions.get(key)?;
        Some((&filed.slug, &filed.print))
    }

    pub(super) fn set(&mut self, key: &str, edition: &Edition) {
        let filed = Filed {
            slug: edition.slug.clone(),
            print: print(edition),
        };
        if self.kept.editions.get(key) != Some(&filed) {
            self.kept.editions.insert(key.to_string(), filed);
            self.changed = true;
        }
    }

    /// Returns the path and the text of the file if something changed.
    pub(super) fn to_write(&self) -> Option<(&Path, String)> {
        let text = serde_json::to_string_pretty(&self.kept).ok().filter(|_| self.changed)?;
        Some((&self.path, text))
    }
}

/// Returns the SHA-256 of `edition` in its file format, without tags: an edition that the user only tagged is not
/// edited, and can still be corrected.
pub(super) fn print(edition: &Edition) -> String {
    let untagged = Edition {
        tags: Vec::new(),
        ..edition.clone()
    };
    sha256(&markdown::write(&untagged))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Reports whether `new` may be a correction of `old`.
///
/// It may if the titles are the same and the days do not differ. It also may if two thirds of the distinct words of the
/// shorter one are in the other. Some feeds reuse one identifier for entry after entry, and some people reuse a file
/// name.
pub(super) fn is_correction(old: &Edition, new: &Edition) -> bool {
    let said = |edition: &Edition| -> HashSet<String> {
        let text = key(&markdown::write(edition));
        text.split(' ').map(str::to_string).collect()
    };
    let same_day = old.date.is_none() || new.date.is_none() || old.date == new.date;
    if same_day && key(&old.title) == key(&new.title) {
        return true;
    }
    let (old, new) = (said(old), said(new));
    old.intersection(&new).count() * 3 >= old.len().min(new.len()) * 2
}
