//! The common part of the local test servers: accepting connections, one thread for each, reading requests, and stopping.

use std::io::{self, BufRead};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Reads the head and the body of the next request. Returns `None` if the client has closed the connection.
pub fn request(input: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut head = String::new();
    while input.read_line(&mut head)? > 2 {}
    if head.is_empty() {
        return Ok(None);
    }
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    input.read_exact(&mut body)?;
    Ok(Some((head, body)))
}

/// A server. It stops when dropped.
pub struct Accepting {
    pub address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Accepting {
    /// Calls `answer` for every connection, with a flag that is set when the server stops.
    pub fn start(answer: impl Fn(TcpStream, &AtomicBool) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stopped = Arc::new(AtomicBool::new(false));
        let (answer, stop) = (Arc::new(answer), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, stop) = (Arc::clone(&answer), Arc::clone(&stop));
                // A client that disconnects is not an error.
                std::thread::spawn(move || drop(answer(stream, &stop)));
            }
        });
        Self { address, stopped }
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}
