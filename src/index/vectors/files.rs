//! The files of vectors in an index folder, by model.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::{Vectors, VectorsWriter};
use crate::hex::hex;
use crate::index::{IndexError, Store};

/// The beginning of the names of files of models on servers.
const PREFIX: &str = "vectors-";

/// The end of the name of a file that is being made for the first time.
const PART: &str = ".part";

/// The most files of models on servers that are kept. Who changes back to an earlier model need not send the corpus
/// again.
const KEPT: usize = 3;

/// The file of the local model. It is used as far as it is made.
pub(crate) const USUAL: VectorsFile = VectorsFile(Cow::Borrowed("vectors"));

/// The name of a file of vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VectorsFile(Cow<'static, str>);

impl VectorsFile {
    /// Returns the file of the model `identity` on a server.
    pub fn of(identity: &[u8; 32]) -> VectorsFile {
        VectorsFile(format!("{PREFIX}{}", hex(&identity[..8])).into())
    }

    /// Returns the file in which vectors are collected until there is one for every text. The local model has none.
    pub fn part(&self) -> VectorsFile {
        match self == &USUAL {
            true => USUAL,
            false => VectorsFile(format!("{}{PART}", self.0).into()),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

impl Store {
    /// Returns the vectors of the model `identity` in `file`, with `dimensions` numbers each. `whole` tests the checksum
    /// of a large file too.
    pub(crate) fn vectors(&self, file: &VectorsFile, identity: &[u8; 32], dimensions: usize, whole: bool) -> Vectors {
        let path = self.dir.join(file.name());
        Vectors::open(&path, identity, dimensions, whole).unwrap_or(Vectors::none(dimensions))
    }

    /// Returns how many numbers a vector of the model `identity` in `file` has. Returns `None` without such a file.
    pub(crate) fn vector_dimensions(&self, file: &VectorsFile, identity: &[u8; 32]) -> Option<usize> {
        super::read::dimensions(&self.dir.join(file.name()), identity)
    }

    /// Starts a new `file` of vectors. Fails immediately if the folder cannot be written.
    pub(crate) fn new_vectors(
        &self,
        file: &VectorsFile,
        identity: [u8; 32],
        dimensions: usize,
    ) -> Result<VectorsWriter, IndexError> {
        let writer = VectorsWriter::new(self.dir.clone(), file.clone(), identity, dimensions);
        tempfile::tempfile_in(&self.dir).map_err(IndexError::io(&self.dir, "writing vectors"))?;
        Ok(writer)
    }

    /// Deletes `file`.
    ///
    /// # Errors
    /// Fails if the folder cannot be written.
    pub(crate) fn delete_vectors(&self, file: &VectorsFile) -> Result<(), IndexError> {
        fs::remove_file(self.dir.join(file.name())).map_err(IndexError::io(&self.dir, "deleting old vectors"))
    }

    /// Deletes the unfinished part of `file`, which is complete, and the oldest files of other models on servers.
    ///
    /// # Errors
    /// Fails if the folder cannot be read or written.
    pub(crate) fn forget_old_vectors(&self, file: &VectorsFile) -> Result<(), IndexError> {
        forget(&self.dir, file).map_err(IndexError::io(&self.dir, "deleting old vectors"))
    }
}

fn forget(dir: &Path, file: &VectorsFile) -> io::Result<()> {
    if file == &USUAL {
        return Ok(());
    }
    let mut others = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(PREFIX) && name != file.name() {
            let used = entry.metadata()?.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            others.push((name != file.part().name(), used, entry.path()));
        }
    }
    // The part of this file first, then the oldest.
    others.sort();
    let part = others.iter().take_while(|(other, ..)| !other).count();
    let gone = part.max(others.len().saturating_sub(KEPT - 1));
    others
        .iter()
        .take(gone)
        .try_for_each(|(.., path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_files_of_servers_are_kept_and_that_of_the_local_model() {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<VectorsFile> = (0..5).map(|n| VectorsFile::of(&[n; 32])).collect();
        for (age, file) in files.iter().enumerate() {
            let path = dir.path().join(file.name());
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 - age as u64);
            fs::File::create(path).unwrap().set_modified(time).unwrap();
        }
        fs::write(dir.path().join(files[4].part().name()), "").unwrap();
        fs::write(dir.path().join(USUAL.name()), "").unwrap();
        forget(dir.path(), &USUAL).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7);
        forget(dir.path(), &files[4]).unwrap();
        let there = |file: &VectorsFile| dir.path().join(file.name()).exists();
        let left: Vec<bool> = files.iter().map(there).collect();
        assert_eq!(left, [true, true, false, false, true]);
        assert!(there(&USUAL) && !there(&files[4].part()));
        assert_eq!(USUAL.part(), USUAL);
    }
}
