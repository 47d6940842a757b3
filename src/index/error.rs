//! The errors of an index on disk, with a hint on how to fix them if there is one.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why an index could not be opened or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the index folder {} cannot be used: {doing}: {source}", .path.display())]
    Io {
        path: PathBuf,
        /// The action that failed, such as `writing the index`.
        doing: &'static str,
        source: io::Error,
    },
    #[error("{} is a file, not a folder for the index", .path.display())]
    NotAFolder { path: PathBuf },
    #[error("{} holds other files and no askpm index, so nothing was written there", .path.display())]
    NotOurs { path: PathBuf },
    #[error("another askpm has been updating the index {} for over {} s", .path.display(), .waited.as_secs())]
    Busy { path: PathBuf, waited: Duration },
    /// The current index cannot be read; refreshing rebuilds it.
    #[error("the index {} is damaged: {what}", .path.display())]
    Damaged { path: PathBuf, what: String },
    /// The search engine failed for a reason that neither the disk nor the index's state explains.
    #[error("the index {} cannot be updated: {what}", .path.display())]
    Engine { path: PathBuf, what: String },
}

impl IndexError {
    /// Returns what the user can do about the error, in one line without a full stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            IndexError::Io { source, path, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(format!(
                    "free some space on the disk of {}, or set XDG_CACHE_HOME to a folder on another disk",
                    path.display()
                )),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Some(format!(
                    "make {} writable, or set XDG_CACHE_HOME to a folder that is",
                    path.display()
                )),
                _ => None,
            },
            IndexError::NotAFolder { path } => Some(format!("move {} away", path.display())),
            IndexError::NotOurs { .. } => Some("choose an empty folder, or one that does not exist yet".into()),
            IndexError::Busy { .. } => Some("wait for it to end, then try again".into()),
            IndexError::Damaged { .. } => Some("run `askpm refresh`, which rebuilds it".into()),
            IndexError::Engine { .. } => None,
        }
    }

    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> IndexError {
        let path = path.to_path_buf();
        move |source| IndexError::Io { path, doing, source }
    }
}
