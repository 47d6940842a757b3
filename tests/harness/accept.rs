//! The part that the test servers of 127.0.0.1 share: accepting, a thread a connection, and stopping.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A server; it stops when dropped.
pub struct Accepting {
    pub address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Accepting {
    /// Has every connection answered by `answer`, which also gets the sign to stop.
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
                // A client that goes away is no fault of the server.
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
