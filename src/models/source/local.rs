//! Checks a model file that the user names by path.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::super::error::ModelError;

/// Checks that `path` is a readable, non-empty file, and returns it. Does not look at the contents.
pub(in super::super) fn check(path: &Path) -> Result<PathBuf, ModelError> {
    let refuse = |why: String| {
        Err(ModelError::Local {
            path: path.to_path_buf(),
            why,
        })
    };
    let opened = File::open(path).and_then(|file| file.metadata());
    match opened {
        Ok(meta) if meta.is_dir() => refuse("it is a folder, not a model file".into()),
        Ok(meta) if meta.is_file() && meta.len() == 0 => refuse("it is empty".into()),
        Ok(_) => Ok(path.to_path_buf()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => refuse("no such file".into()),
        Err(error) => refuse(format!("it cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_empty_files_and_folders_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let why = |path: &Path| check(path).unwrap_err().to_string();
        assert!(why(dir.path()).ends_with("is a folder, not a model file"));
        let file = dir.path().join("m.gguf");
        assert!(why(&file).ends_with("no such file"));
        std::fs::write(&file, b"").unwrap();
        assert!(why(&file).ends_with("is empty"));
        std::fs::write(&file, b"GGUF").unwrap();
        assert_eq!(check(&file).unwrap(), file);
    }
}
