//! `askpm chat` on a pseudo-terminal, as a person types into it.
//!
//! In: keys. Out: what was shown. It knows nothing of what chats say.

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

/// `askpm chat` on a terminal. It is not the terminal that controls the program's session, so that Ctrl-C while no line
/// is edited must be sent as the signal that it is.
pub struct Terminal {
    keyboard: fs::File,
    child: Child,
    shown: Receiver<Vec<u8>>,
    seen: String,
}

/// How long a terminal is waited for: far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

impl Terminal {
    /// `askpm chat --offline` with more `args`.
    pub fn new(home: &Home, args: &[&str]) -> Terminal {
        Terminal::online(home, &[&["--offline"], args].concat())
    }

    /// `askpm chat` with `args`, which may ask servers of this machine.
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

    /// Types, which is for the line editor only once its prompt was seen.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub fn interrupt(&self) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, Signal::SIGINT).unwrap();
    }

    /// Waits until `part` was shown since the last call, and forgets what came before its end.
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
