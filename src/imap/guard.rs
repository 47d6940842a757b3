//! The connection as the IMAP client sees it: only whole and checked responses come through, within a limit.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::{Fault, Framer, Heard};

/// A connection to a server, with or without TLS.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Wire for T {}

/// The bytes of IMAP that went over a connection, without what TLS adds.
#[derive(Debug, Default)]
pub struct Traffic {
    pub received: AtomicU64,
    pub sent: AtomicU64,
}

/// A [`Wire`] whose responses are checked.
#[derive(Debug)]
pub struct Guard {
    wire: Box<dyn Wire>,
    framer: Framer,
    /// A checked response, and how much of it the client has.
    response: Vec<u8>,
    given: usize,
    traffic: Arc<Traffic>,
    /// The most bytes for one command, and how many are left.
    allowance: u64,
    left: u64,
}

impl Guard {
    /// Guards `wire`. One literal has at most `literal` bytes, and the answers to one command have `allowance`.
    pub fn new(wire: Box<dyn Wire>, literal: usize, allowance: u64, traffic: Arc<Traffic>) -> Self {
        Guard {
            wire,
            framer: Framer::new(literal),
            response: Vec::new(),
            given: 0,
            traffic,
            allowance,
            left: allowance,
        }
    }

    /// Begins a command, which may use the whole allowance.
    pub fn begin(&mut self) {
        self.left = self.allowance;
    }

    /// What the responses so far said.
    pub fn heard(&self) -> &Heard {
        &self.framer.heard
    }

    /// Returns the connection, for TLS to begin on it.
    ///
    /// # Errors
    /// The server sent something that the client has not read. Someone on the way may have put it there, so that it
    /// would count as sent under TLS.
    pub fn into_wire(self) -> Result<Box<dyn Wire>, Fault> {
        match self.framer.is_empty() && self.given == self.response.len() {
            true => Ok(self.wire),
            false => Err(Fault::Early),
        }
    }

    /// Reads once from the connection. Returns whether it has ended.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [0; 16 << 10];
        let mut space = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.wire).poll_read(context, &mut space))?;
        let bytes = space.filled();
        let count = bytes.len() as u64;
        self.traffic.received.fetch_add(count, Ordering::Relaxed);
        self.left = match self.left.checked_sub(count) {
            Some(left) => left,
            None => return Poll::Ready(Err(io::Error::other(Fault::Endless(self.allowance)))),
        };
        self.framer.push(bytes);
        Poll::Ready(Ok(count == 0))
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let rest = self.response.get(self.given..).unwrap_or_default();
            if !rest.is_empty() {
                let part = rest.get(..into.remaining()).unwrap_or(rest);
                into.put_slice(part);
                let count = part.len();
                self.given += count;
                return Poll::Ready(Ok(()));
            }
            match self.framer.next_response() {
                Ok(Some(response)) => (self.response, self.given) = (response, 0),
                Ok(None) => {
                    if ready!(self.poll_fill(context))? {
                        // The client takes no bytes for the end.
                        return Poll::Ready(match self.framer.is_empty() {
                            true => Ok(()),
                            false => Err(io::ErrorKind::UnexpectedEof.into()),
                        });
                    }
                }
                Err(fault) => return Poll::Ready(Err(io::Error::other(fault))),
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.wire).poll_write(context, bytes))?;
        self.traffic.sent.fetch_add(count as u64, Ordering::Relaxed);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}
