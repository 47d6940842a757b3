//! Stores conversations in a folder of transcripts. The one modified last is the one to continue.
//!
//! Only the owner can read the files. Each turn is on disk before the next is asked. The number of files is bounded.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::transcript::{self, TranscriptError, Turn};

/// The most conversations to keep. The least recently used are deleted first.
pub const MOST: usize = 200;

/// The longest file to read, in bytes: some thousands of turns.
const LONGEST: u64 = 32 << 20;

/// How file names begin and end. Other files in the folder are left alone.
const PREFIX: &str = "conversation-";
const SUFFIX: &str = ".jsonl";

/// Why a conversation cannot be saved or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        path: PathBuf,
        what: &'static str,
        source: io::Error,
    },
    #[error("cannot read {}: {source}", path.display())]
    Broken { path: PathBuf, source: TranscriptError },
    #[error("cannot read {}: it is longer than {} MiB", path.display(), LONGEST >> 20)]
    TooLong { path: PathBuf },
}

impl StoreError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            StoreError::Io { .. } => "set XDG_DATA_HOME to a writable folder, or pass --no-history".into(),
            StoreError::Broken { .. } => "correct or delete that line, or start a new conversation without -c".into(),
            StoreError::TooLong { .. } => "start a new conversation without -c".into(),
        }
    }
}

/// A conversation and the file that stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Oldest first.
    pub turns: Vec<Turn>,
    /// `None` until the first turn is saved, and for a conversation that is not saved.
    path: Option<PathBuf>,
    /// `None` if nothing is saved.
    folder: Option<PathBuf>,
}

impl Conversation {
    /// Creates an empty conversation. It is saved in `folder` from its first turn on, or not at all without a folder.
    pub fn new(folder: Option<&Path>) -> Conversation {
        Conversation {
            turns: Vec::new(),
            path: None,
            folder: folder.map(Path::to_path_buf),
        }
    }

    /// Loads the conversation of `folder` that was modified last. Returns `None` if there is none. Further turns are
    /// saved if `keep` is true.
    ///
    /// # Errors
    /// The folder or file cannot be read, or a line of the file is invalid.
    pub fn last(folder: &Path, keep: bool) -> Result<Option<Conversation>, StoreError> {
        let Some(path) = files(folder)?.pop() else {
            return Ok(None);
        };
        let mut file = File::open(&path).map_err(io_error(&path, "open"))?;
        let (turns, _) = read(&mut file, &path)?;
        Ok(Some(Conversation {
            turns,
            path: keep.then_some(path),
            folder: keep.then(|| folder.to_path_buf()),
        }))
    }

    /// Adds a turn and saves it.
    ///
    /// # Errors
    /// The turn could not be saved. It is part of the conversation nevertheless.
    pub fn push(&mut self, turn: Turn) -> Result<(), StoreError> {
        let line = transcript::line(&turn);
        self.turns.push(turn);
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        match &self.path {
            Some(path) => append(path, &line),
            None => {
                // Earlier turns that could not be saved are lost. The file begins with this one.
                self.path = Some(begin(folder, &line)?);
                prune(folder)
            }
        }
    }
}

fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { path, what, source }
}

fn read(file: &mut File, path: &Path) -> Result<(Vec<Turn>, usize), StoreError> {
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(io_error(path, "read"))?;
    if bytes.len() as u64 > LONGEST {
        return Err(StoreError::TooLong { path: path.into() });
    }
    transcript::read(&bytes).map_err(|source| StoreError::Broken {
        path: path.into(),
        source,
    })
}

/// Creates the folder and a file with a first turn. The file appears whole or not at all.
fn begin(folder: &Path, line: &str) -> Result<PathBuf, StoreError> {
    private_folder(folder).map_err(io_error(folder, "create"))?;
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3f");
    let write = || -> io::Result<PathBuf> {
        // `tempfile` creates files that only the owner can read.
        let mut file = tempfile::Builder::new().prefix(".askpm-").tempfile_in(folder)?;
        file.write_all(transcript::header().as_bytes())?;
        file.write_all(line.as_bytes())?;
        file.as_file().sync_all()?;
        let mut file = Some(file);
        for n in 0..100 {
            let path = folder.join(format!("{PREFIX}{now}-{n:02}{SUFFIX}"));
            let Some(temporary) = file.take() else { break };
            match temporary.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = Some(error.file),
                Err(error) => return Err(error.error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    };
    write().map_err(io_error(folder, "write to"))
}

/// Appends a line to a transcript, after cutting off what a crash left unfinished.
fn append(path: &Path, line: &str) -> Result<(), StoreError> {
    let open = OpenOptions::new().read(true).write(true).open(path);
    let mut file = open.map_err(io_error(path, "open"))?;
    file.lock().map_err(io_error(path, "lock"))?;
    let (_, whole) = read(&mut file, path)?;
    let write = |file: &mut File| -> io::Result<()> {
        file.set_len(whole as u64)?;
        let mut last = [b'\n'];
        if whole > 0 {
            file.seek(SeekFrom::Start(whole as u64 - 1))?;
            file.read_exact(&mut last)?;
        }
        let start = if whole == 0 {
            transcript::header()
        } else {
            String::new()
        };
        let end = if last == [b'\n'] { "" } else { "\n" };
        file.seek(SeekFrom::End(0))?;
        // A single write: a crash damages at most one line.
        file.write_all(format!("{start}{end}{line}").as_bytes())?;
        file.sync_data()
    };
    write(&mut file).map_err(io_error(path, "write to"))
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Returns the transcripts of `folder`, the one modified last at the end.
fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(folder, "list")(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io_error(folder, "list"))?;
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        // Another askpm may have just removed the file.
        let Some(metadata) = entry.metadata().ok().filter(|m| ours && m.is_file()) else {
            continue;
        };
        files.push((metadata.modified().ok(), entry.path()));
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

fn prune(folder: &Path) -> Result<(), StoreError> {
    let files = files(folder)?;
    for path in &files[..files.len().saturating_sub(MOST)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(path, "delete")(error)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::transcript::testing::turn;
    use super::*;

    fn last(folder: &Path) -> Conversation {
        Conversation::last(folder, true).unwrap().unwrap()
    }

    fn only_file(folder: &Path) -> PathBuf {
        let files = files(folder).unwrap();
        assert_eq!(files.len(), 1);
        files[0].clone()
    }

    #[test]
    fn turns_are_kept_and_the_last_conversation_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        assert_eq!(Conversation::last(&folder, true).unwrap(), None);
        let mut one = Conversation::new(Some(&folder));
        one.push(turn("first")).unwrap();
        one.push(turn("second")).unwrap();
        let mut again = last(&folder);
        assert_eq!(again.turns, [turn("first"), turn("second")]);
        again.push(turn("third")).unwrap();
        assert_eq!(last(&folder).turns.len(), 3);
        only_file(&folder);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("conversations");
        Conversation::new(Some(&folder)).push(turn("a")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&only_file(&folder))), (0o700, 0o600));
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let mut conversation = Conversation::new(None);
        conversation.push(turn("a")).unwrap();
        assert_eq!(conversation.turns.len(), 1);
        let dir = tempfile::tempdir().unwrap();
        Conversation::new(Some(dir.path())).push(turn("a")).unwrap();
        let mut read_only = Conversation::last(dir.path(), false).unwrap().unwrap();
        read_only.push(turn("b")).unwrap();
        assert_eq!(last(dir.path()).turns, [turn("a")]);
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_then_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut conversation = Conversation::new(Some(dir.path()));
        conversation.push(turn("a")).unwrap();
        conversation.push(turn("b")).unwrap();
        let path = only_file(dir.path());
        let bytes = fs::read(&path).unwrap();
        for cut in [bytes.len() - 1, bytes.len() - 9, 5, 0] {
            fs::write(&path, &bytes[..cut]).unwrap();
            let mut torn = last(dir.path());
            let before = torn.turns.len();
            torn.push(turn("c")).unwrap();
            let after = last(dir.path()).turns;
            assert_eq!(
                (after.len(), after.last()),
                (before + 1, Some(&turn("c"))),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_broken_file_is_named_with_its_line_and_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let mut conversation = Conversation::new(Some(dir.path()));
        conversation.push(turn("a")).unwrap();
        let path = only_file(dir.path());
        let text = fs::read_to_string(&path).unwrap() + "oops\n";
        fs::write(&path, &text).unwrap();
        let error = Conversation::last(dir.path(), true).unwrap_err();
        assert!(error.to_string().contains(".jsonl: line 3: "), "{error}");
        assert!(error.hint().contains("without -c"));
        assert!(conversation.push(turn("b")).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn no_more_than_so_many_are_kept_and_other_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.jsonl"), "mine").unwrap();
        for n in 0..MOST + 3 {
            Conversation::new(Some(dir.path())).push(turn(&n.to_string())).unwrap();
        }
        assert_eq!(files(dir.path()).unwrap().len(), MOST);
        assert!(dir.path().join("notes.jsonl").exists());
    }
}
