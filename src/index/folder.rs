//! Manages the index folder: its ownership, its current generation, and the write lock.
//!
//! ```text
//! DIR/askpm-index   marks the folder as ours: nothing is ever deleted in a folder without it
//! DIR/lock          held by the process that is writing
//! DIR/current       name of the generation that readers use, replaced by rename
//! DIR/gen-N/        an index; a rebuild makes the next N, then swaps `current`
//! DIR/vectors       vectors of passages, if there is a model that makes them; shared by all generations
//! DIR/vectors-X     the same of a model on a server, and vectors-X.part until they are complete
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::IndexError;

const MARKER: &str = "askpm-index";
const MARKER_TEXT: &str = "This folder is askpm's search index. It may be deleted; askpm rebuilds it.\n";
const LOCK: &str = "lock";
const CURRENT: &str = "current";
const GENERATION: &str = "gen-";
/// Prefix of temporary files, so that one left by a killed process is recognized as ours.
const TEMPORARY: &str = ".askpm-";

/// Makes `dir` an index folder, or checks that it is one. Rejects a file, and a folder with other content.
pub(super) fn prepare(dir: &Path) -> Result<(), IndexError> {
    if dir.exists() && !dir.is_dir() {
        return Err(IndexError::NotAFolder { path: dir.into() });
    }
    fs::create_dir_all(dir).map_err(IndexError::io(dir, "create"))?;
    let ours = || is_ours(dir);
    if ours() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).map_err(IndexError::io(dir, "list"))? {
        let entry = entry.map_err(IndexError::io(dir, "list"))?;
        if !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // The marker is always the first file. Another askpm may have created it since the first check.
            return if ours() {
                Ok(())
            } else {
                Err(IndexError::NotOurs { path: dir.into() })
            };
        }
    }
    write_atomically(dir, MARKER, MARKER_TEXT).map_err(IndexError::io(dir, "write to"))
}

/// Returns whether `dir` has content but no marker of an index folder. Nothing is ever written to such a folder.
pub fn is_foreign(dir: &Path) -> bool {
    let is_temporary = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(TEMPORARY);
    let things = fs::read_dir(dir).into_iter().flatten().flatten();
    things.filter(|entry| !is_temporary(entry)).count() > 0 && !is_ours(dir)
}

fn is_ours(dir: &Path) -> bool {
    dir.join(MARKER).is_file()
}

/// Returns the folder of the generation that readers use, or `None` if no index was ever completed.
pub(super) fn current(dir: &Path) -> Result<Option<PathBuf>, String> {
    let name = match fs::read_to_string(dir.join(CURRENT)) {
        Ok(name) => name,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(format!("its `{CURRENT}` cannot be read: {e}")),
    };
    match number(name.trim()) {
        Some(_) if dir.join(MARKER).is_file() => Ok(Some(dir.join(name.trim()))),
        Some(_) => Ok(None),
        None => Err(format!("its `{CURRENT}` names no generation")),
    }
}

/// Returns the path of a generation that does not exist yet.
pub(super) fn next(dir: &Path) -> Result<PathBuf, IndexError> {
    let last = generations(dir)?.into_iter().map(|(n, _)| n).max().unwrap_or(0);
    Ok(dir.join(format!("{GENERATION}{}", last.saturating_add(1))))
}

/// Makes `generation` current. Readers that opened the previous one keep it.
pub(super) fn publish(dir: &Path, generation: &Path) -> Result<(), IndexError> {
    let name = generation.file_name().unwrap_or_default().to_string_lossy();
    write_atomically(dir, CURRENT, &format!("{name}\n")).map_err(IndexError::io(dir, "write to"))
}

/// Removes every generation except `keep`. One that cannot be removed now (on some systems, if it is open) is removed
/// the next time.
pub(super) fn remove_others(dir: &Path, keep: &Path) -> Result<(), IndexError> {
    for (_, path) in generations(dir)? {
        if path != keep {
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

fn generations(dir: &Path) -> Result<Vec<(u64, PathBuf)>, IndexError> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).map_err(IndexError::io(dir, "list"))? {
        let entry = entry.map_err(IndexError::io(dir, "list"))?;
        if let Some(n) = entry.file_name().to_str().and_then(number) {
            out.push((n, entry.path()));
        }
    }
    Ok(out)
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(GENERATION)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Waits up to `patience` for the write lock. The lock is released when the file is dropped or the process ends.
pub(super) fn lock(dir: &Path, patience: Duration) -> Result<File, IndexError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK))
        .map_err(IndexError::io(dir, "lock"))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(e)) => return Err(IndexError::io(dir, "lock")(e)),
            Err(TryLockError::WouldBlock) if started.elapsed() >= patience => {
                return Err(IndexError::Busy {
                    path: dir.into(),
                    waited: patience,
                });
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn write_atomically(dir: &Path, name: &str, content: &str) -> io::Result<()> {
    replace(dir, name, |out| out.write_all(content.as_bytes()))
}

/// Replaces `DIR/name` with the output of `write`, atomically.
pub(super) fn replace(dir: &Path, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(dir)?;
    let mut buffered = io::BufWriter::new(file.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.as_file().sync_all()?;
    file.persist(dir.join(name)).map_err(|e| e.error)?;
    sync_folder(dir)
}

/// Makes a rename in `dir` survive a power failure. Only Unix has such a call.
fn sync_folder(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_other_peoples_files_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("gen-1")).unwrap();
        fs::write(dir.path().join("gen-1/thesis.txt"), "mine").unwrap();
        assert!(matches!(prepare(dir.path()), Err(IndexError::NotOurs { .. })));
        assert!(is_foreign(dir.path()) && !is_foreign(&dir.path().join("nowhere")));
        assert_eq!(fs::read_to_string(dir.path().join("gen-1/thesis.txt")).unwrap(), "mine");
        assert!(!dir.path().join(MARKER).exists());
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("index");
        fs::write(&file, "x").unwrap();
        assert!(matches!(prepare(&file), Err(IndexError::NotAFolder { .. })));
        assert!(prepare(&file.join("below")).is_err());
    }

    #[test]
    fn a_temporary_file_left_by_a_killed_process_is_no_stranger() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".askpm-x1"), "").unwrap();
        prepare(dir.path()).unwrap();
        prepare(dir.path()).unwrap();
        assert!(!is_foreign(dir.path()));
    }

    #[test]
    fn the_pointer_names_a_generation_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(current(dir.path()), Ok(None));
        prepare(dir.path()).unwrap();
        let first = next(dir.path()).unwrap();
        fs::create_dir(&first).unwrap();
        publish(dir.path(), &first).unwrap();
        assert_eq!(current(dir.path()), Ok(Some(first.clone())));
        assert_ne!(next(dir.path()).unwrap(), first);
        for bad in ["", "gen-", "gen-x", "../gen-1", "gen-+1", "gen-1/.."] {
            fs::write(dir.path().join(CURRENT), bad).unwrap();
            assert!(current(dir.path()).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn only_other_generations_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path()).unwrap();
        for name in ["gen-1", "gen-2", "gen-old", "notes"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        remove_others(dir.path(), &dir.path().join("gen-2")).unwrap();
        let left = |name: &str| dir.path().join(name).exists();
        assert!(!left("gen-1") && left("gen-2") && left("gen-old") && left("notes"));
    }

    #[test]
    fn a_second_writer_waits_and_then_says_who_it_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path(), Duration::ZERO).unwrap();
        let error = lock(dir.path(), Duration::ZERO).unwrap_err();
        assert!(matches!(error, IndexError::Busy { .. }), "{error}");
        drop(held);
        lock(dir.path(), Duration::ZERO).unwrap();
    }
}
