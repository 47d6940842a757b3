//! Writes files atomically for the commands: settings, saved answers and conversations.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Who may read a new file. A file that is replaced keeps the permissions it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Only its owner (0600).
    Owner,
    /// Everyone that the user's umask allows.
    Anyone,
}

/// The prefix of temporary files, which identifies one that a killed process left.
pub const TEMPORARY: &str = ".askpm-";

/// Replaces `path` with `bytes`: writes a temporary file in the same folder, syncs it and renames it. Follows a link,
/// so that linked settings stay linked.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let path = target(path);
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    if let Some(permissions) = permissions(&path, readers) {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    if cfg!(unix) {
        fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Creates `dir` and its missing parents, accessible only to their owner.
pub fn private_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(unix)]
fn permissions(path: &Path, readers: Readers) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Ok(meta) = fs::metadata(path) {
        return Some(meta.permissions());
    }
    Some(fs::Permissions::from_mode(match readers {
        Readers::Owner => 0o600,
        Readers::Anyone => 0o666,
    }))
}

#[cfg(not(unix))]
fn permissions(_path: &Path, _readers: Readers) -> Option<fs::Permissions> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        replace(&path, b"one", Readers::Owner).unwrap();
        replace(&path, b"two", Readers::Owner).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(replace(&dir.path().join("no/such/a"), b"x", Readers::Owner).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn private_files_and_folders_are_their_owner_s_and_a_replaced_one_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("x/y");
        private_folder(&folder).unwrap();
        private_folder(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&dir.path().join("x"))), (0o700, 0o700));
        let path = folder.join("a");
        replace(&path, b"one", Readers::Owner).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"two", Readers::Owner).unwrap();
        assert_eq!(mode(&path), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_to_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dotfiles")).unwrap();
        let real = dir.path().join("dotfiles/a");
        fs::write(&real, "one").unwrap();
        let link = dir.path().join("a");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, b"two", Readers::Owner).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"two");
    }
}
