//! Writes the log of `askpm serve`: one JSON object on each line, to a file or to standard error.
//!
//! A thread writes, so a disk that is full or a reader that is stuck keeps no answer back. Lines that cannot be written
//! are lost, and the first loss is reported.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::super::error::Failure;
use crate::render::json;

/// The most lines that wait to be written.
const PLACES: usize = 1024;

/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// A log that is being written.
pub struct Log {
    lines: SyncSender<Vec<u8>>,
    done: Receiver<()>,
    trouble: Trouble,
}

/// Reports the first line that is lost, and no other.
#[derive(Clone)]
struct Trouble {
    told: Arc<AtomicBool>,
    tell: Tell,
}

impl Trouble {
    fn tell(&self, why: &dyn std::fmt::Display) {
        if !self.told.swap(true, Ordering::Relaxed) {
            (self.tell)(&format!("cannot write the log: {why}; lines are missing from it"));
        }
    }
}

impl Log {
    /// Opens the log at `path`, and appends to it. `-` is standard error. `tell` reports trouble.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn open(path: &Path, tell: Tell) -> Result<Log, Failure> {
        if path == Path::new("-") {
            return Log::new(Box::new(io::stderr()), tell);
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        // Names of people, and questions if they are asked for.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| {
            Failure::new(format!("cannot write the log {}", path.display()), error)
                .hinted("pass a writable file with --log FILE, or --log - for standard error")
        })?;
        Log::new(Box::new(file), tell)
    }

    fn new(mut out: Box<dyn Write + Send>, tell: Tell) -> Result<Log, Failure> {
        let (lines, waiting) = sync_channel::<Vec<u8>>(PLACES);
        let (ended, done) = sync_channel(1);
        let trouble = Trouble {
            told: Arc::default(),
            tell,
        };
        let of_thread = trouble.clone();
        thread::Builder::new().name("log".into()).spawn(move || {
            for line in waiting {
                if let Err(error) = out.write_all(&line).and_then(|()| out.flush()) {
                    of_thread.tell(&error);
                }
            }
            let _ = ended.send(());
        })?;
        Ok(Log { lines, done, trouble })
    }

    /// Returns what adds an object to the log. It never waits.
    pub fn sink(&self) -> impl Fn(&Value) + Send + Sync + use<> {
        let (lines, trouble) = (self.lines.clone(), self.trouble.clone());
        move |object| {
            let mut line = Vec::new();
            if let Err(error) = json::line(&mut line, object) {
                return trouble.tell(&error);
            }
            match lines.try_send(line) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => trouble.tell(&"nobody reads it fast enough"),
                Err(TrySendError::Disconnected(_)) => trouble.tell(&"it is closed"),
            }
        }
    }

    /// Waits a moment for the last lines. All sinks must be gone.
    pub fn finish(self) {
        drop(self.lines);
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    /// A writer that fails, or waits until it may go on.
    enum Stuck {
        Failing,
        Held(Receiver<()>),
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self {
                Stuck::Failing => Err(io::ErrorKind::StorageFull.into()),
                Stuck::Held(release) => {
                    let _ = release.recv();
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn with(out: Stuck) -> (Log, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let tell = move |line: &str| kept.lock().unwrap().push(line.to_string());
        let log = Log::new(Box::new(out), Arc::new(tell)).unwrap_or_else(|_| panic!("no thread"));
        (log, told)
    }

    #[test]
    fn a_log_is_appended_to_line_by_line_and_hostile_characters_are_escaped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for n in 0..2 {
            let log = Log::open(&path, Arc::new(|_| {})).unwrap_or_else(|_| panic!("no log"));
            log.sink()(&json!({"n": n, "text": "a\n\u{1b}[2J\u{9b}b"}));
            log.finish();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[1]["n"], &lines[1]["text"]),
            (&json!(1), &json!("a\n\u{1b}[2J\u{9b}b"))
        );
        assert!(!text.contains(['\u{1b}', '\u{9b}']), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(Log::open(&dir.path().join("no/such/log"), Arc::new(|_| {})).is_err());
    }

    #[test]
    fn lines_that_cannot_be_written_are_lost_and_reported_once() {
        let (log, told) = with(Stuck::Failing);
        let sink = log.sink();
        sink(&json!(1));
        sink(&json!(2));
        drop(sink);
        log.finish();
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("cannot write the log: "), "{told:?}");
    }

    #[test]
    fn a_reader_that_is_stuck_keeps_nobody_waiting() {
        let (release, held): (Sender<()>, _) = channel();
        let (log, told) = with(Stuck::Held(held));
        let sink = log.sink();
        // One line is with the writer, and the rest fill the places.
        for n in 0..PLACES + 2 {
            sink(&json!(n));
        }
        assert_eq!(told.lock().unwrap().len(), 1);
        drop(release);
        drop(sink);
        log.finish();
    }
}
