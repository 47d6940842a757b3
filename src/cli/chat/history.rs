//! Stores the lines typed in chats, for the arrow keys: a text file in the state folder, readable only by its owner.
//!
//! Control characters are removed, so that a line cannot act on a terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::super::files::{self, Readers};
use crate::render::sanitise;

/// The number of lines to keep.
pub const MOST: usize = 1_000;

/// How many bytes to read from the end of the file.
const READ: u64 = 1 << 20;

/// The path of the history, or `None` to save nothing.
pub struct History(Option<PathBuf>);

impl History {
    pub fn new(path: Option<PathBuf>) -> History {
        History(path)
    }

    /// Returns the last lines, oldest first. Shortens a file that has more than twice the lines to keep.
    pub fn load(&self) -> io::Result<Vec<String>> {
        let Some(path) = &self.0 else {
            return Ok(Vec::new());
        };
        let text = match tail(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let all: Vec<String> = text
            .lines()
            .map(sanitise::line)
            .filter(|line| !line.is_empty())
            .collect();
        let last = all[all.len().saturating_sub(MOST)..].to_vec();
        if all.len() > 2 * MOST {
            files::replace(path, (last.join("\n") + "\n").as_bytes(), Readers::Owner)?;
        }
        Ok(last)
    }

    /// Adds a line.
    pub fn add(&self, line: &str) -> io::Result<()> {
        let Some(path) = &self.0 else {
            return Ok(());
        };
        if let Some(folder) = path.parent() {
            files::private_folder(folder)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all((sanitise::line(line) + "\n").as_bytes())
    }
}

/// The end of the file, without the partial line that it may start with.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(READ)))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if length > READ => rest.to_string(),
        _ => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn lines_come_back_without_control_characters_and_the_file_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("askpm/history");
        let history = History::new(Some(path.clone()));
        assert!(history.load().unwrap().is_empty());
        history.add("one").unwrap();
        history.add("two\u{1b}[2J").unwrap();
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"th\x1bree\n\n")
            .unwrap();
        assert_eq!(history.load().unwrap(), ["one", "two\u{fffd}[2J", "th\u{fffd}ree"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn the_file_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history");
        let lines: String = (0..2 * MOST + 1).map(|n| format!("line {n}\n")).collect();
        fs::write(&path, lines).unwrap();
        let history = History::new(Some(path.clone()));
        let last = history.load().unwrap();
        assert_eq!((last.len(), last.last().unwrap().as_str()), (MOST, "line 2000"));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), MOST);
        assert!(History::new(None).add("x").is_ok());
    }
}
