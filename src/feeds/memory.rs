//! Remembers what is known of feeds between fetches, in a small JSON file that is replaced atomically: HTTP validators,
//! where a feed has moved to, and when its server may be asked again.
//!
//! Fetching every feed once more recreates the file, so a file that cannot be read counts as empty.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::memory::{self, MemoryError};

/// The longest validator to keep, in bytes, so that a server cannot fill the disk.
const MAX_BYTES: usize = 1_024;

/// The largest file to read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// HTTP validators, which identify the version of a feed that is already known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validators {
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// What is known of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    #[serde(flatten)]
    pub validators: Validators,
    /// The address that it has moved to for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// Before this time its server is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<Timestamp>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Contents {
    /// The version of askpm that wrote it. Another version may import a feed differently, so it fetches the feed again.
    askpm: String,
    feeds: BTreeMap<String, Known>,
}

/// What is known of feeds, by address.
pub struct Memory {
    path: PathBuf,
    contents: Contents,
}

impl Memory {
    /// Reads the file at `path`. The result is empty if there is no such file or another version wrote it.
    pub fn read(path: &Path) -> Memory {
        let contents = memory::read::<Contents>(path, MAX_FILE);
        let contents = contents.filter(|contents| contents.askpm == env!("CARGO_PKG_VERSION"));
        Memory {
            path: path.to_path_buf(),
            contents: contents.unwrap_or_default(),
        }
    }

    /// Returns what is known about the feed at `address`.
    pub fn of(&self, address: &str) -> Known {
        self.contents.feeds.get(address).cloned().unwrap_or_default()
    }

    /// Stores what is `known` about the feed at `address`. Overlong values are dropped, and if nothing is left, the feed
    /// is forgotten.
    pub fn set(&mut self, address: &str, mut known: Known) {
        let fits = |value: &String| value.len() <= MAX_BYTES;
        known.validators.etag = known.validators.etag.filter(fits);
        known.validators.last_modified = known.validators.last_modified.filter(fits);
        known.moved_to = known.moved_to.filter(fits);
        if known == Known::default() {
            self.contents.feeds.remove(address);
        } else {
            self.contents.feeds.insert(address.to_string(), known);
        }
    }

    /// Replaces the file.
    pub fn write(&mut self) -> Result<(), MemoryError> {
        self.contents.askpm = env!("CARGO_PKG_VERSION").into();
        memory::write(&self.path, ".feeds-", &self.contents)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tagged(etag: &str) -> Known {
        Known {
            validators: Validators {
                etag: Some(etag.into()),
                last_modified: None,
            },
            moved_to: Some("https://moved/".into()),
            wait_until: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_a_long_validator_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/feeds.json");
        let mut memory = Memory::read(&path);
        memory.set("https://a/", tagged("\"1\""));
        let long = Some("x".repeat(MAX_BYTES + 1));
        memory.set(
            "https://b/",
            Known {
                moved_to: long.clone(),
                validators: Validators {
                    etag: long,
                    last_modified: None,
                },
                wait_until: None,
            },
        );
        memory.write().unwrap();
        let read = Memory::read(&path);
        assert_eq!(read.of("https://a/"), tagged("\"1\""));
        assert_eq!(read.of("https://b/"), Known::default());
    }

    #[test]
    fn a_file_that_cannot_be_read_or_is_of_another_version_is_empty_and_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("feeds.json");
        let other = r#"{"askpm":"0.0.0","feeds":{"https://a/":{"etag":"1"}}}"#;
        for contents in ["", "{", "[1]", "\0\u{1}", other] {
            fs::write(&path, contents).unwrap();
            let mut memory = Memory::read(&path);
            assert_eq!(memory.of("https://a/"), Known::default(), "{contents}");
            memory.set("https://a/", tagged("2"));
            memory.write().unwrap();
            assert_eq!(Memory::read(&path).of("https://a/"), tagged("2"));
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = Memory::read(&dir.path().join("file/feeds.json")).write().unwrap_err();
        assert!(error.to_string().contains("feeds.json"), "{error}");
    }
}
