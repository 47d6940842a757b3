//! Serves answers over HTTP on the loopback interface: OpenAI's chat completions API and a small web page.
//!
//! A request passes these steps:
//! 1. `guard` refuses requests for other host names and from pages of other sites.
//! 2. `route` picks the handler by path and method.
//! 3. `request` parses the body into a question.
//! 4. The [`JobQueue`] answers the question.
//! 5. `reply` and `body` turn the sentences into JSON or server-sent events.
//!
//! Every resource that a client could exhaust is bounded: connections, the time for a request's head and body, the size
//! of a body, and the queue of questions.

mod body;
mod guard;
mod page;
mod reply;
mod request;
mod route;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use crate::jobs::{AnswerService, JobQueue};
use reply::Stamp;

/// The only model that the API lists. It stands for the corpus, whichever model writes.
const MODEL: &str = "askpm";

/// The limits of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// Most connections at a time. Further ones wait to be accepted.
    pub connections: usize,
    /// Longest time for a request's head to arrive, and for a connection to stay idle.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 64 << 10,
            connections: 256,
            head: Duration::from_secs(15),
        }
    }
}

/// The state that all requests share.
pub struct Server {
    queue: JobQueue<dyn AnswerService>,
    /// Name of the model that writes, or `none` if sentences are only quoted.
    writes_with: String,
    limits: Limits,
    /// Called with a line for each request.
    log: Box<dyn Fn(&str) + Send + Sync>,
    /// When the server started, in seconds since 1970.
    created: u64,
    replies: AtomicU64,
}

impl Server {
    pub fn new(
        queue: JobQueue<dyn AnswerService>,
        writes_with: String,
        limits: Limits,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Server {
        Server {
            queue,
            writes_with,
            limits,
            log: Box::new(log),
            created: now(),
            replies: AtomicU64::new(0),
        }
    }

    /// Returns an identifier that no other reply of this server has, and the current time.
    fn stamp(&self) -> Stamp {
        let number = self.replies.fetch_add(1, Ordering::Relaxed);
        Stamp {
            id: format!("chatcmpl-{:x}-{number}", self.created),
            created: now(),
        }
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

/// Listens on `port` of 127.0.0.1 only. Port 0 picks a free one.
pub fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// Serves until the process receives Ctrl-C or, on Unix, SIGTERM.
///
/// At shutdown, the answer in progress is cancelled and queued questions are dropped. Their clients get an error.
///
/// # Errors
/// Fails if the runtime or the socket cannot be set up. Errors of single connections are ignored.
pub fn run(listener: TcpListener, server: Server) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        serve(listener, Arc::new(server), told_to_end()?).await;
        Ok(())
    })
}

/// How long clients have to read the rest of their replies at shutdown.
const FAREWELL: Duration = Duration::from_millis(100);

async fn serve(listener: tokio::net::TcpListener, server: Arc<Server>, end: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(server.limits.connections));
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                // Most likely the process is out of file descriptors. Wait for connections to close.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let service = service_fn(|request| route::answer(&server, request));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(server.limits.head)
                    .max_buf_size(32 << 10)
                    .serve_connection(TokioIo::new(stream), service);
                // An error concerns only this connection.
                let _ = connection.await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = end => {}
    }
    drop(listener);
    server.queue.close();
    let all_gone = places.acquire_many(server.limits.connections as u32);
    let _ = tokio::time::timeout(FAREWELL, all_gone).await;
}

/// Resolves when the process receives Ctrl-C or SIGTERM.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
