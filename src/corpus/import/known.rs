//! Remembers which edition each entry of a feed, and each dropped file, became: so a correction replaces it.
//!
//! In: a folder of editions. Out: for an identity, the slug of its edition and what was filed then. Kept in a hidden
//! file beside the editions, which may be deleted: a correction is then a second edition, and nothing is lost.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clean::key;
use crate::corpus::edition::Edition;
use crate::corpus::markdown;

const NAME: &str = ".askpm-imported.json";

/// Largest file that is read, in bytes: far more than a corpus needs.
const MAX_BYTES: u64 = 64 << 20;

/// What an identity became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Filed {
    slug: String,
    /// What was filed, as [`print`] gives it.
    print: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    editions: BTreeMap<String, Filed>,
}

/// The identities of a folder.
pub(super) struct Known {
    path: PathBuf,
    kept: Kept,
    changed: bool,
    /// Identities of this import: one that comes twice tells nothing apart.
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

    /// The key of `identity`, unless it was met in this import before.
    pub(super) fn meet(&mut self, identity: &str) -> Option<String> {
        let key = hex(identity);
        self.met.insert(key.clone()).then_some(key)
    }

    /// The slug and the print of what `key` became.
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

    /// The file and its text, where there is something new to keep.
    pub(super) fn to_write(&self) -> Option<(&Path, String)> {
        let text = serde_json::to_string_pretty(&self.kept).ok().filter(|_| self.changed)?;
        Some((&self.path, text))
    }
}

/// SHA-256 of `edition` as a file has it.
pub(super) fn print(edition: &Edition) -> String {
    hex(&markdown::write(edition))
}

fn hex(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Whether `new` may be a correction of `old`: it has its title and day, or most of its words. Some
/// feeds give one identifier to entry after entry, and some people one name to file after file.
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
