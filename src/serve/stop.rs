//! Decides when the server stops, and how long the running answer may still take.

use std::io;
use std::time::Duration;

/// A signal that ends the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, by which a service manager stops a service.
    #[cfg_attr(not(unix), allow(dead_code))]
    Terminate,
}

/// How long the running answer may still take after the first signal.
///
/// The server accepts no connection then and rejects the questions that wait. After that time, or at a second signal, it
/// cancels the answer and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grace {
    pub interrupt: Duration,
    pub terminate: Duration,
}

impl Grace {
    pub(super) fn after(&self, signal: Signal) -> Duration {
        match signal {
            Signal::Interrupt => self.interrupt,
            Signal::Terminate => self.terminate,
        }
    }
}

/// The signals that the process receives.
pub(super) struct Signals {
    #[cfg(unix)]
    term: tokio::signal::unix::Signal,
    #[cfg(unix)]
    int: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.int.recv() => Signal::Interrupt,
            _ = self.term.recv() => Signal::Terminate,
        }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> io::Result<Signals> {
        Ok(Signals {})
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Interrupt
    }
}
