//! Remembers how far each folder was read, in a small JSON file that is replaced atomically.
//!
//! If the file is lost, the folders are read again, and their editions are recognised. A file that cannot be read
//! therefore counts as empty.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Account;
use crate::memory::{self, MemoryError};

/// The largest file to read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// How far a folder was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The number of the folder's numbering; 0 if it was never read.
    pub uid_validity: u32,
    /// The number of the first message that was not read.
    pub uid_next: u32,
    /// The bounds within which it was read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bounds: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Contents {
    folders: BTreeMap<String, Known>,
}

/// How far folders were read.
pub struct Memory {
    path: PathBuf,
    contents: Contents,
}

impl Memory {
    /// Reads the file at `path`. The result is empty if there is no such file.
    pub fn read(path: &Path) -> Memory {
        Memory {
            path: path.to_path_buf(),
            contents: memory::read(path, MAX_FILE).unwrap_or_default(),
        }
    }

    /// Returns how far the folder of `account` was read.
    pub fn of(&self, account: &Account) -> Known {
        self.contents
            .folders
            .get(&account.identity())
            .cloned()
            .unwrap_or_default()
    }

    /// Stores how far the folder of `account` was read.
    pub fn keep(&mut self, account: &Account, known: Known) -> Result<(), MemoryError> {
        self.contents.folders.insert(account.identity(), known);
        memory::write(&self.path, ".mail-", &self.contents)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::imap::{Bounds, Login, Security};

    fn account(folder: &str) -> Account {
        Account {
            host: "mail.example.org".into(),
            port: 993,
            security: Security::Tls,
            user: "me".into(),
            login: Login::Password("secret".into()),
            folder: folder.into(),
            ca: None,
            bounds: Bounds::default(),
            patience: Duration::from_secs(1),
        }
    }

    const FAR: Known = Known {
        uid_validity: 7,
        uid_next: 12,
        bounds: String::new(),
    };

    #[test]
    fn each_folder_is_remembered_and_no_secret_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/mail.json");
        Memory::read(&path).keep(&account("INBOX"), FAR).unwrap();
        let read = Memory::read(&path);
        assert_eq!(read.of(&account("INBOX")), FAR);
        assert_eq!(read.of(&account("Other")), Known::default());
        assert!(!fs::read_to_string(&path).unwrap().contains("secret"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_empty_and_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail.json");
        for contents in [
            "",
            "{",
            "[1]",
            "\0\u{1}",
            r#"{"folders":{"a":{"uid_validity":-1,"uid_next":1}}}"#,
        ] {
            fs::write(&path, contents).unwrap();
            let mut memory = Memory::read(&path);
            assert_eq!(memory.of(&account("INBOX")), Known::default(), "{contents}");
            memory.keep(&account("INBOX"), FAR).unwrap();
            assert_eq!(Memory::read(&path).of(&account("INBOX")), FAR);
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let path = dir.path().join("file/mail.json");
        let error = Memory::read(&path).keep(&account("INBOX"), FAR).unwrap_err();
        assert!(error.to_string().contains("mail.json"), "{error}");
    }
}
