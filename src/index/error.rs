//! The errors of an index on disk, with a hint on how to fix them if there is one.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why an index could not be opened or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("cannot {doing} the index folder {}: {source}", .path.display())]
    Io {
        path: PathBuf,
        /// What was being done, such as `write to`.
        doing: &'static str,
        source: io::Error,
    },
    #[error("cannot use {} for the index: it is a file, not a folder", .path.display())]
    NotAFolder { path: PathBuf },
    #[error("cannot use {} for the index: it has other files and no askpm index", .path.display())]
    NotOurs { path: PathBuf },
    #[error("cannot update the index {}: another askpm has been updating it for more than {} s", .path.display(), .waited.as_secs())]
    Busy { path: PathBuf, waited: Duration },
    /// The index cannot be read although it is the newest one; refreshing rebuilds it.
    #[error("cannot read the index {}: it is damaged: {what}", .path.display())]
    Damaged { path: PathBuf, what: String },
    /// The search engine refused for a reason that neither the disk nor the index's state explains.
    #[error("cannot update the index {}: {what}", .path.display())]
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
                    "make {} writable, or set XDG_CACHE_HOME to a writable folder",
                    path.display()
                )),
                _ => None,
            },
            IndexError::NotAFolder { path } => Some(format!("move {} to another place", path.display())),
            IndexError::NotOurs { .. } => Some("choose an empty folder, or one that does not exist yet".into()),
            IndexError::Busy { .. } => Some("wait until it ends, then try again".into()),
            IndexError::Damaged { .. } => Some("run `askpm refresh` to rebuild it".into()),
            IndexError::Engine { .. } => None,
        }
    }

    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> IndexError {
        let path = path.to_path_buf();
        move |source| IndexError::Io { path, doing, source }
    }
}
