//! Deletes a model's file from the cache.
//!
//! It never follows a link that leads out of the cache.

use std::fs;
use std::path::{Path, PathBuf};

use super::Progress;
use super::error::ModelError;
use super::store::CacheEntry;

/// A summary of what [`remove`](super::remove()) deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Number of files and links.
    pub files: u32,
    /// Bytes freed.
    pub bytes: u64,
}

/// Deletes the blob, the links to it in every snapshot and the unfinished download.
///
/// It then deletes folders that are empty and refs whose snapshot no longer exists.
pub(super) fn remove(entry: &CacheEntry, progress: &mut dyn Progress) -> Result<Removed, ModelError> {
    let mut removed = Removed::default();
    let Some(repo) = inside(entry, &entry.repo_dir)? else {
        return Ok(removed);
    };
    let _held = entry.lock(progress)?;
    let snapshots = repo.join("snapshots");
    for folder in folders(&snapshots) {
        let pointer = folder.join(&entry.file);
        // The file name may contain folders, and one of them may be a link that leads out of the cache.
        let Some(parent) = pointer.parent() else { continue };
        if inside(entry, parent)?.is_some() && points_here(entry, &pointer) {
            delete(&pointer, &mut removed)?;
            prune(parent, &snapshots);
        }
    }
    for name in [entry.blob(), entry.partial()] {
        if let Some(parent) = name.parent()
            && inside(entry, parent)?.is_some()
        {
            delete(&name, &mut removed)?;
        }
    }
    drop_stale_refs(&repo);
    for folder in ["blobs", "snapshots", "refs"] {
        let _ = fs::remove_dir(repo.join(folder));
    }
    let _ = fs::remove_dir(&repo);
    entry.drop_note();
    Ok(removed)
}

/// Deletes a damaged file and, if it is a link, the blob it points to.
pub(super) fn discard(entry: &CacheEntry, path: &Path) -> Result<(), ModelError> {
    let real = inside(entry, path)?;
    for name in real.iter().map(PathBuf::as_path).chain([path]) {
        delete(name, &mut Removed::default())?;
    }
    Ok(())
}

/// Returns the real path of `path`, or `None` if `path` does not exist.
///
/// # Errors
/// [`ModelError::OutsideCache`] if the real path is not inside the cache.
pub(super) fn inside(entry: &CacheEntry, path: &Path) -> Result<Option<PathBuf>, ModelError> {
    let (Ok(cache), Ok(real)) = (fs::canonicalize(&entry.cache), fs::canonicalize(path)) else {
        return Ok(None);
    };
    if real.starts_with(&cache) && real != cache {
        Ok(Some(real))
    } else {
        Err(ModelError::OutsideCache {
            path: path.to_path_buf(),
        })
    }
}

/// Returns whether `pointer` is a link to the blob, judged by name, or a plain file of the same size.
///
/// A plain file of that size is taken for the copy that is made where links are not supported.
fn points_here(entry: &CacheEntry, pointer: &Path) -> bool {
    match fs::read_link(pointer) {
        Ok(target) => target.file_name().is_some_and(|name| name == entry.sha256.as_str()),
        Err(_) => fs::metadata(pointer).is_ok_and(|meta| meta.is_file() && meta.len() == entry.size),
    }
}

fn delete(path: &Path, removed: &mut Removed) -> Result<(), ModelError> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    fs::remove_file(path).map_err(|error| ModelError::io(path, "cannot delete", error))?;
    removed.files += 1;
    removed.bytes += if meta.is_file() { meta.len() } else { 0 };
    Ok(())
}

/// Deletes `folder` and its parents below `root`, as long as they are empty.
fn prune(folder: &Path, root: &Path) {
    let mut at = folder;
    while at != root && at.starts_with(root) && fs::remove_dir(at).is_ok() {
        let Some(parent) = at.parent() else { return };
        at = parent;
    }
}

/// Deletes refs to commits whose snapshot no longer exists.
fn drop_stale_refs(repo: &Path) {
    let Ok(entries) = fs::read_dir(repo.join("refs")) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let stale = |commit: String| !repo.join("snapshots").join(commit.trim()).exists();
        if fs::read_to_string(&path).is_ok_and(stale) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}
