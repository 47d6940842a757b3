//! Handles Ctrl-C in a chat: it ends the answer that is being written, and at any other time the program.
//!
//! The line editor reads Ctrl-C as a key and handles it itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

pub struct Interrupt {
    pressed: Arc<AtomicBool>,
    /// Whether SIGINT ends the program, as it does by default.
    ends: Arc<AtomicBool>,
}

impl Interrupt {
    pub fn new() -> io::Result<Interrupt> {
        let (pressed, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        flag::register_conditional_default(SIGINT, ends.clone())?;
        flag::register(SIGINT, pressed.clone())?;
        Ok(Interrupt { pressed, ends })
    }

    /// Until the returned value is dropped, Ctrl-C is only recorded.
    pub fn listen(&self) -> Listening<'_> {
        self.pressed.store(false, Ordering::SeqCst);
        self.ends.store(false, Ordering::SeqCst);
        Listening(self)
    }
}

pub struct Listening<'a>(&'a Interrupt);

impl Listening<'_> {
    pub fn pressed(&self) -> bool {
        self.0.pressed.load(Ordering::SeqCst)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.ends.store(true, Ordering::SeqCst);
    }
}
