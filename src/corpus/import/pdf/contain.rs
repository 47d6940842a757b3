//! Runs the reader of PDF files where it can do no harm: in a process with little memory and time, or else in a thread.
//!
//! The process is askpm itself, called with [`READER`]. It gets the file on standard input, so it needs no other file.
//! On Unix it gives up the right to open files and connections, to start processes and to write files before it reads
//! the first byte. The system lets root start processes all the same. If it crashes, runs out of memory or time, or prints nonsense, the import of that file fails and
//! nothing else.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::glyphs::{self, Head, Page};
use crate::corpus::import::{self, Limits};

/// The argument with which askpm reads a PDF from standard input and prints what is on its pages.
pub const READER: &str = "--read-pdf-from-stdin";

/// Most memory of the process, as address space.
#[cfg(unix)]
const MEMORY: u64 = 2 << 30;
/// Most bytes that the process may print for each byte of text that an edition may have.
const OUTPUT: u64 = 24;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub head: Head,
    pub pages: Vec<Page>,
}

/// A line of the result.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Head(Head),
    Page(Page),
    /// All pages were read, or the reason why not.
    End(Option<String>),
}

/// Reads the pages of the PDF `bytes`, or says why not.
pub(super) fn pages(bytes: &[u8], limits: &Limits) -> Result<Found, String> {
    let (sender, receiver) = channel();
    match &limits.reader {
        Some(Err(why)) => Err(format!("the process that reads PDF files could not be started: {why}")),
        Some(Ok(program)) => {
            let mut child = start(program, bytes, limits, sender)?;
            let found = gather(&receiver, limits.document_time);
            // It has ended, or it is ended now.
            let _ = child.kill();
            let _ = child.wait();
            found
        }
        None => {
            let (bytes, most) = (bytes.to_vec(), limits.text_bytes);
            let run = move || read(bytes, most, &mut |line| sender.send(line).is_ok());
            import::start(run)?;
            gather(&receiver, limits.document_time)
        }
    }
}

/// Reads a PDF from standard input and prints what is on its pages. `pages` starts the process that does so.
pub fn serve(most: usize) -> io::Result<()> {
    let mut bytes = Vec::new();
    restrict();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let mut out = io::stdout().lock();
    read(bytes, most, &mut |line| {
        serde_json::to_writer(&mut out, &line).is_ok() && out.write_all(b"\n").is_ok()
    });
    out.flush()
}

fn read(bytes: Vec<u8>, most: usize, tell: &mut dyn FnMut(Line) -> bool) {
    let tell = std::cell::RefCell::new(tell);
    let mut head = |head| {
        (tell.borrow_mut())(Line::Head(head));
    };
    let mut page = |page| {
        (tell.borrow_mut())(Line::Page(page));
    };
    let end = glyphs::read(bytes, most, &mut head, &mut page).err();
    (tell.borrow_mut())(Line::End(end));
}

/// Gives up what a reader of standard input does not need. A limit that the system refuses is left as it is.
fn restrict() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        for (resource, most) in [
            (Resource::As, MEMORY),
            (Resource::Core, 0),
            (Resource::Fsize, 0),
            (Resource::Nofile, 0),
            (Resource::Nproc, 0),
        ] {
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            let _ = setrlimit(resource, limit);
        }
    }
}

fn start(program: &Path, bytes: &[u8], limits: &Limits, sender: Sender<Line>) -> Result<Child, String> {
    let failed = |error: io::Error| format!("the process that reads PDF files could not be started: {error}");
    let mut command = Command::new(program);
    command
        .arg(READER)
        .arg(limits.text_bytes.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if cfg!(unix) {
        command.env_clear();
    }
    let mut child = command.spawn().map_err(failed)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let bytes = bytes.to_vec();
    let feed = move || {
        // If the process ends before it has read all, its end says so.
        let _ = stdin.map(|mut stdin| stdin.write_all(&bytes));
    };
    let most = OUTPUT.saturating_mul(limits.text_bytes as u64).saturating_add(1 << 20);
    let listen = move || {
        let Some(stdout) = stdout else { return };
        for line in BufReader::new(stdout.take(most)).lines() {
            let line = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            if line.is_none_or(|line| sender.send(line).is_err()) {
                return;
            }
        }
    };
    let threads = thread::Builder::new()
        .spawn(feed)
        .and_then(|_| thread::Builder::new().spawn(listen));
    if let Err(error) = threads {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(error));
    }
    Ok(child)
}

/// Collects the result until it is whole, its sender is gone, or `time` is over.
fn gather(receiver: &Receiver<Line>, time: Duration) -> Result<Found, String> {
    let until = Instant::now() + time;
    let mut found = Found::default();
    let late = || {
        let seconds = time.as_secs();
        format!("reading it takes more than {seconds} seconds: print it to a new PDF, and import that")
    };
    loop {
        // Lines that wait are received without waiting, however late it is. So the time is checked first.
        let left = until.checked_duration_since(Instant::now()).ok_or_else(late)?;
        match receiver.recv_timeout(left) {
            Ok(Line::Head(head)) => found.head = head,
            Ok(Line::Page(page)) => found.pages.push(page),
            Ok(Line::End(None)) => return Ok(found),
            Ok(Line::End(Some(why))) => return Err(why),
            Err(RecvTimeoutError::Timeout) => return Err(late()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(
                    "the reader of PDF files failed on it, because it is damaged or needs too much memory: open it in a \
                     PDF viewer, print it to a new PDF, and import that"
                        .into(),
                );
            }
        }
    }
}
