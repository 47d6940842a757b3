//! Small JSON files in which a part of askpm remembers something between runs.
//!
//! Their loss costs time and nothing else, so a file that cannot be read counts as none.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct MemoryError {
    path: PathBuf,
    source: io::Error,
}

/// Reads the file at `path`. Returns `None` if there is none of at most `most` bytes, or if it holds something else.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, most: u64) -> Option<T> {
    let small = fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= most);
    let bytes = small.then(|| fs::read(path).ok()).flatten()?;
    serde_json::from_slice(&bytes).ok()
}

/// Replaces the file at `path` with `contents`: writes a temporary file in the same folder, whose name begins with
/// `prefix`, syncs it and renames it. Creates the folder.
pub(crate) fn write(path: &Path, prefix: &str, contents: &impl Serialize) -> Result<(), MemoryError> {
    let written = (|| {
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut file = tempfile::Builder::new().prefix(prefix).tempfile_in(dir)?;
        file.write_all(&serde_json::to_vec_pretty(contents)?)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    })();
    written.map_err(|source| MemoryError {
        path: path.to_path_buf(),
        source,
    })
}
