//! Runs `askpm chat` in a pseudo-terminal, as a person would use it.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Home;

/// `askpm chat` in a terminal. This is not the controlling terminal of the program's session. Ctrl-C outside of line
/// editing must therefore be sent as a signal.
pub struct Terminal {
    keyboard: fs::File,
    child: Child,
    shown: Receiver<Vec<u8>>,
    seen: String,
}

/// How long to wait for output: far longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(120);

impl Terminal {
    /// Starts `askpm chat --offline` with further `args`.
    pub fn new(home: &Home, args: &[&str]) -> Terminal {
        Terminal::online(home, &[&["--offline"], args].concat())
    }

    /// Starts `askpm chat` with `args`. It may connect to local servers.
    pub fn online(home: &Home, args: &[&str]) -> Terminal {
        let size = Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let mut command = home.askpm().env("TERM", "xterm").args(["chat"]).args(args).command();
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keyboard = fs::File::from(pty.master);
        let mut screen = keyboard.try_clone().unwrap();
        let (send, shown) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = screen.read(&mut bytes) {
                if send.send(bytes[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            keyboard,
            child,
            shown,
            seen: String::new(),
        }
    }

    /// Types keys. They reach the line editor only after its prompt was shown.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub fn interrupt(&self) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, Signal::SIGINT).unwrap();
    }

    /// Waits until `part` is shown, and forgets everything up to its end.
    #[track_caller]
    pub fn sees(&mut self, part: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.seen.contains(part) {
            let left = until.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(error) => panic!("{part:?} was not shown ({error}): {:?}", self.seen),
            }
        }
        let end = self.seen.find(part).unwrap() + part.len();
        self.seen.drain(..end);
    }

    pub fn ends(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}
