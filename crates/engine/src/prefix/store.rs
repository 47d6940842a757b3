//! The files of stored prefixes: each is complete or absent, and their number and size are limited.
//!
//! A file consists of its magic number, the key, the bytes, and the SHA-256 of all of these.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"askpmkv1";
const SUM: usize = 32;
const HEAD: usize = MAGIC.len() + 32;

/// Largest entry, in bytes, that is worth reading.
pub(super) const LARGEST: usize = 32 << 20;
/// Maximum number of files and of their bytes. The least recently used files are removed first.
pub(super) const MOST_FILES: usize = 16;
pub(super) const MOST_BYTES: u64 = 128 << 20;

pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, key: &[u8; 32]) -> PathBuf {
        let name: String = key[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name + ".kv")
    }

    /// Returns what was written under the key, if the file is complete and unchanged.
    pub fn read(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let path = self.path(key);
        let mut file = File::open(&path).ok()?;
        let mut bytes = Vec::new();
        let most = LARGEST + HEAD + SUM;
        if file.metadata().ok()?.len() > most as u64 {
            return None;
        }
        (&mut file).take(most as u64).read_to_end(&mut bytes).ok()?;
        let sum = bytes.split_off(bytes.len().checked_sub(SUM)?);
        let head = bytes.get(..HEAD)?;
        if &head[..MAGIC.len()] != MAGIC || &head[MAGIC.len()..] != key || sum != Sha256::digest(&bytes).as_slice() {
            return None;
        }
        bytes.drain(..HEAD);
        // The time of last use is only for `evict`, so failing to set it is harmless.
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// Writes a file and removes old ones to make room. If writing fails, the entry is not stored.
    pub fn write(&self, key: &[u8; 32], bytes: &[u8]) {
        if bytes.len() > LARGEST {
            return;
        }
        let path = self.path(key);
        if self.put(&path, key, bytes).is_ok() {
            self.evict(&path);
        }
    }

    fn put(&self, path: &Path, key: &[u8; 32], bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        let mut hash = Sha256::new();
        for part in [MAGIC.as_slice(), key, bytes] {
            hash.update(part);
            file.write_all(part)?;
        }
        file.write_all(&hash.finalize())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Removes the least recently used files until the others are within bounds. Every file in the folder counts,
    /// including those that an interrupted process left behind.
    fn evict(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| {
                let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        // The newest comes last, whatever the clock says.
        files.sort_by_key(|file| (file.2 == newest, file.0));
        let mut bytes: u64 = files.iter().map(|file| file.1).sum();
        let mut left = files.len();
        for (_, size, path) in files {
            if (left <= MOST_FILES && bytes <= MOST_BYTES) || path == newest {
                return;
            }
            let _ = fs::remove_file(path);
            bytes -= size;
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(path: &Path, seconds: u64) {
        let then = SystemTime::now() - std::time::Duration::from_secs(seconds);
        File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(then)
            .unwrap();
    }

    #[test]
    fn a_file_that_is_cut_short_longer_or_changed_anywhere_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("deep/er"));
        let (key, bytes) = ([7; 32], vec![1, 2, 3, 4, 5]);
        assert_eq!(store.read(&key), None);
        store.write(&key, &bytes);
        assert_eq!(store.read(&key), Some(bytes.clone()));
        let path = store.path(&key);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(store.read(&key), None, "{length}");
        }
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &changed).unwrap();
            assert_eq!(store.read(&key), None, "{bit}");
        }
        fs::write(&path, [whole.as_slice(), &[0]].concat()).unwrap();
        assert_eq!(store.read(&key), None);
        store.write(&key, &bytes);
        assert_eq!(store.read(&key), Some(bytes));
        // A file of another key under the same name.
        let mut other = key;
        other[31] = 8;
        assert_eq!(store.path(&other), path);
        assert_eq!(store.read(&other), None);
    }

    #[test]
    fn the_files_that_were_not_used_for_longest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().into());
        let key = |n: usize| [n as u8; 32];
        for n in 0..MOST_FILES {
            store.write(&key(n), &[0; 10]);
            age(&store.path(&key(n)), 1000 - n as u64);
        }
        // The oldest file is used again, and a file of an interrupted process is old.
        store.read(&key(0)).unwrap();
        let left = folder.path().join(".tmpX");
        fs::write(&left, b"half").unwrap();
        age(&left, 5000);
        store.write(&key(100), &[0; 10]);
        assert!(!left.exists());
        assert!(store.read(&key(0)).is_some() && store.read(&key(1)).is_none() && store.read(&key(2)).is_some());
        assert!(store.read(&key(100)).is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST_FILES);
    }

    #[test]
    fn bytes_are_bounded_for_one_file_and_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().into());
        store.write(&[1; 32], &vec![0; LARGEST + 1]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // Sparse files: only their length counts.
        for n in 0..5u8 {
            let path = folder.path().join(format!("{n}.kv"));
            File::create(&path).unwrap().set_len(MOST_BYTES / 4).unwrap();
            age(&path, 100 - u64::from(n));
        }
        store.write(&[2; 32], &[0; 10]);
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(!folder.path().join("1.kv").exists() && folder.path().join("2.kv").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let store = Store::new(file.join("below"));
        store.write(&[1; 32], b"x");
        assert_eq!(store.read(&[1; 32]), None);
    }
}
