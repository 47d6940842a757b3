//! Stores model files in the Hugging Face cache, in the layout that `huggingface_hub` reads and writes.
//!
//! - `models--ORG--NAME/blobs/SHA256` holds the bytes.
//! - `models--ORG--NAME/snapshots/COMMIT/FILE` is a relative link to the blob.
//! - `models--ORG--NAME/refs/BRANCH` contains the commit of a branch.
//! - `.locks/models--ORG--NAME/SHA256.lock` keeps two programs from fetching the same file.
//!
//! `huggingface_hub` names a blob by its ETag, which for large files is the SHA-256. The layout is described in
//! <https://huggingface.co/docs/huggingface_hub/guides/manage-cache>.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::Progress;
use super::digest::{Hasher, hash_reader, is_commit};
use super::error::ModelError;
use super::model::{Model, ModelKind, Source};
use super::places::Places;

/// The place of a model file in the cache. It does not depend on the source that delivers the file.
#[derive(Debug, Clone)]
pub(super) struct CacheEntry {
    pub cache: PathBuf,
    /// `CACHE/models--ORG--NAME`.
    pub repo_dir: PathBuf,
    pub file: String,
    pub sha256: String,
    pub size: u64,
    revision: String,
    note: PathBuf,
}

/// In the place of a hash that is not known yet. No blob has this name, so the file is missing.
const UNKNOWN: &str = "unknown";

/// A held lock. Dropping it releases the lock.
pub(super) struct Held(#[expect(dead_code, reason = "closing the file is what unlocks it")] Option<File>);

impl CacheEntry {
    /// Returns the entry of the model's first file.
    ///
    /// The entry follows the first Hub source, even if another source delivers the file, so that `huggingface_hub` finds
    /// the file too. A model without a Hub source gets the repository `askpm/NAME`.
    pub fn of(model: &Model, places: &Places) -> Self {
        let hub = model.sources.iter().find_map(|source| match source {
            Source::Hub { repo, revision, file } => Some((repo.clone(), revision.clone(), file.clone())),
            Source::Package { .. } | Source::Pieces(_) => None,
        });
        let own = || (format!("askpm/{}", model.name), String::new(), own_file(model));
        let (repo, revision, file) = hub.unwrap_or_else(own);
        let sha256 = model.sha256.clone().unwrap_or_else(|| UNKNOWN.into());
        Self {
            cache: places.hub_cache.clone(),
            repo_dir: places.hub_cache.join(format!("models--{}", repo.replace('/', "--"))),
            file,
            size: model.size,
            revision,
            note: places.checked.join(&sha256),
            sha256,
        }
    }

    pub fn blob(&self) -> PathBuf {
        self.repo_dir.join("blobs").join(&self.sha256)
    }

    /// The path of an unfinished download. `huggingface_hub` uses the same name.
    pub fn partial(&self) -> PathBuf {
        self.repo_dir.join("blobs").join(format!("{}.incomplete", self.sha256))
    }

    pub fn lock_file(&self) -> PathBuf {
        let repo = self.repo_dir.file_name().unwrap_or_default();
        self.cache
            .join(".locks")
            .join(repo)
            .join(format!("{}.lock", self.sha256))
    }

    /// Returns the folder of `snapshots/` for this revision.
    ///
    /// If the commit of a branch is not known, the folder is named after the file's hash. No ref points to that folder,
    /// so it makes no claim about the branch.
    fn snapshot(&self) -> PathBuf {
        let known = if is_commit(&self.revision) {
            Some(self.revision.clone())
        } else {
            self.read_ref()
        };
        let fallback = || self.sha256.get(..40).unwrap_or(&self.sha256).to_string();
        self.repo_dir.join("snapshots").join(known.unwrap_or_else(fallback))
    }

    fn read_ref(&self) -> Option<String> {
        if self.revision.is_empty() {
            return None;
        }
        let text = fs::read_to_string(self.repo_dir.join("refs").join(&self.revision)).ok()?;
        Some(text.trim().to_string()).filter(|text| is_commit(text))
    }

    /// Records the commit that a branch points to, as `huggingface_hub` does.
    pub fn write_ref(&self, commit: &str) -> Result<(), ModelError> {
        if self.revision.is_empty() || is_commit(&self.revision) || !is_commit(commit) {
            return Ok(());
        }
        let path = self.repo_dir.join("refs").join(&self.revision);
        write_atomically(&path, commit.as_bytes())
    }

    /// Returns the path of the file if it exists with the right size: its snapshot name, else its blob.
    pub fn present(&self) -> Option<PathBuf> {
        let right = |path: &PathBuf| fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() == self.size);
        if self.sha256 == UNKNOWN {
            return None;
        }
        [self.snapshot().join(&self.file), self.blob()].into_iter().find(right)
    }

    /// Returns whether `path` was hashed before and has not changed since, judged by size and modification time.
    ///
    /// The record is kept in askpm's own folder, because other programs share the cache and it may be read-only.
    /// Hashing 100 MB at every start would take longer than everything else that happens at a start.
    pub fn is_checked(&self, path: &Path) -> bool {
        let Ok(stamp) = self.stamp(path) else { return false };
        fs::read_to_string(&self.note).is_ok_and(|text| text.lines().any(|line| line == stamp))
    }

    fn stamp(&self, path: &Path) -> io::Result<String> {
        let real = fs::canonicalize(path)?;
        let meta = fs::metadata(&real)?;
        let age = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(format!("{} {} {}", meta.len(), age.as_nanos(), real.display()))
    }

    /// Records that `path` has the right hash. If that fails, the file is only hashed again next time.
    pub fn set_checked(&self, path: &Path) {
        if let Ok(stamp) = self.stamp(path) {
            let _ = write_atomically(&self.note, format!("{stamp}\n").as_bytes());
        }
    }

    /// Hashes all of `path` and records the result.
    ///
    /// # Errors
    /// [`ModelError::Damaged`], with both hashes, if the hash is wrong.
    pub fn check(&self, model: &str, path: &Path, progress: &mut dyn Progress) -> Result<(), ModelError> {
        let file = File::open(path).map_err(|error| ModelError::io(path, "cannot open", error))?;
        let mut hasher = Hasher::default();
        progress.begin(&format!("checking {model}"), Some(self.size), 0);
        let read = hash_reader(&mut hasher, file, |bytes| progress.advance(bytes));
        progress.end();
        read.map_err(|error| ModelError::io(path, "cannot read", error))?;
        let found = hasher.hex();
        if found == self.sha256 {
            self.set_checked(path);
            return Ok(());
        }
        let _ = fs::remove_file(&self.note);
        Err(ModelError::Damaged {
            model: model.to_string(),
            path: path.to_path_buf(),
            expected: self.sha256.clone(),
            found,
        })
    }

    /// Takes the lock for fetching or removing this file. If another program holds it, notes that and waits.
    ///
    /// The lock uses `flock` on the same file as `huggingface_hub`, so the two programs wait for each other.
    pub fn lock(&self, progress: &mut dyn Progress) -> Result<Held, ModelError> {
        let path = self.lock_file();
        make_parent(&path)?;
        let options = File::options().create(true).write(true).truncate(false).open(&path);
        let file = options.map_err(|error| ModelError::io(&path, "cannot open", error))?;
        match file.try_lock() {
            Ok(()) => return Ok(Held(Some(file))),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return self.unlocked(error, progress),
        }
        progress.note("another program is downloading this model; waiting for it");
        match file.lock() {
            Ok(()) => Ok(Held(Some(file))),
            Err(error) => self.unlocked(error, progress),
        }
    }

    /// Continues without a lock, because some network file systems have none. The atomic rename still keeps the file
    /// whole.
    fn unlocked(&self, error: io::Error, progress: &mut dyn Progress) -> Result<Held, ModelError> {
        progress.note(&format!(
            "the disk of the cache has no file locks ({error}); continuing without one"
        ));
        Ok(Held(None))
    }

    /// Renames a file into its place and links its snapshot name to it.
    ///
    /// The caller has checked the hash of `file` and synced it. `file` must be on the same disk as the cache.
    pub fn place(&self, file: &Path) -> Result<PathBuf, ModelError> {
        let blob = self.blob();
        make_parent(&blob)?;
        fs::rename(file, &blob).map_err(|error| ModelError::io(&blob, "cannot create", error))?;
        sync_folder(&blob);
        // Another source may have left an unfinished download.
        let _ = fs::remove_file(self.partial());
        self.link()
    }

    /// Creates the snapshot name if it is missing, and records that the file was checked.
    pub fn link(&self) -> Result<PathBuf, ModelError> {
        let pointer = self.snapshot().join(&self.file);
        if fs::metadata(&pointer).is_ok_and(|meta| meta.len() == self.size) {
            self.set_checked(&pointer);
            return Ok(pointer);
        }
        make_parent(&pointer)?;
        // A dangling link or a file of another size may be in the way.
        match fs::remove_file(&pointer) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ModelError::io(&pointer, "cannot replace", error));
            }
            _ => {}
        }
        let climb = self.file.split('/').count() + 1;
        let target = Path::new(&"../".repeat(climb)).join("blobs").join(&self.sha256);
        point(&target, &self.blob(), &pointer).map_err(|error| ModelError::io(&pointer, "cannot link", error))?;
        self.set_checked(&pointer);
        Ok(pointer)
    }

    /// Deletes the record that the file was checked.
    pub fn drop_note(&self) {
        let _ = fs::remove_file(&self.note);
    }
}

/// Returns the file name of a model without a Hub source: `NAME.gguf`, or for an embedding model the name in its wheel.
fn own_file(model: &Model) -> String {
    let member = model.sources.iter().find_map(|source| match source {
        Source::Package { member, .. } => member.rsplit('/').next(),
        Source::Hub { .. } | Source::Pieces(_) => None,
    });
    match (model.kind, member) {
        (ModelKind::Embedding, Some(member)) => member.to_string(),
        _ => format!("{}.gguf", model.name),
    }
}

/// Creates the parent folder of `path`.
pub(super) fn make_parent(path: &Path) -> Result<(), ModelError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).map_err(|error| ModelError::io(parent, "cannot create", error))
}

/// Writes to a temporary file in the same folder, syncs it, and renames it to `path`.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    make_parent(path)?;
    let fail = |error| ModelError::io(path, "cannot write", error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Syncs the folder of `path`, so that a rename survives a power failure. Not every system supports it, so errors are
/// ignored.
fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}

/// Makes `pointer` a symbolic link to the relative `target`, else a hard link to `blob`, else a copy of it.
fn point(target: &Path, blob: &Path, pointer: &Path) -> io::Result<()> {
    match symlink(target, pointer).or_else(|_| fs::hard_link(blob, pointer)) {
        // Another program created it in the meantime.
        Err(_) if fs::symlink_metadata(pointer).is_ok() => Ok(()),
        Err(_) => copy(blob, pointer),
        Ok(()) => Ok(()),
    }
}

/// Copies `blob` to a new file and renames that. A write to `pointer` could go through a link into the blob.
fn copy(blob: &Path, pointer: &Path) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(pointer.parent().unwrap_or(Path::new(".")))?;
    io::copy(&mut File::open(blob)?, &mut file)?;
    file.as_file().sync_all()?;
    file.persist(pointer)?;
    Ok(())
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Always fails: by default, Windows does not let ordinary users create symbolic links.
#[cfg(not(unix))]
fn symlink(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_that_cannot_be_a_link_is_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let (blob, pointer) = (dir.path().join("blob"), dir.path().join("pointer"));
        fs::write(&blob, "bytes").unwrap();
        copy(&blob, &pointer).unwrap();
        assert_eq!(fs::read(&pointer).unwrap(), b"bytes");
    }

    #[cfg(unix)]
    #[test]
    fn a_pointer_that_another_program_made_meanwhile_leaves_the_blob_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (blob, pointer) = (dir.path().join("blob"), dir.path().join("pointer"));
        fs::write(&blob, "bytes").unwrap();
        symlink(Path::new("blob"), &pointer).unwrap();
        point(Path::new("blob"), &blob, &pointer).unwrap();
        copy(&blob, &pointer).unwrap();
        assert_eq!(
            (fs::read(&blob).unwrap(), fs::read(&pointer).unwrap()),
            (b"bytes".to_vec(), b"bytes".to_vec())
        );
    }
}
