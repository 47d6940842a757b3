//! Answers over HTTP on this machine: OpenAI's chat completions API, and a small page to ask from.
//!
//! In: a listening socket of the loopback interface and a [`Desk`] where questions are answered. Out: replies with
//! sources. Everything that a client can make grow is bounded: connections, the time for a request's head and body, the
//! size of a body, the questions that wait. It must not know how questions are answered, nor of the command line.
//!
//! The way of a request: `guard` (is it for this machine, from its own page?) → `route` → `request` (body → question) →
//! the desk → `reply` and `body` (sentences → JSON or server-sent events).

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

use crate::desk::{Clerk, Desk};
use reply::Stamp;

/// The one model that the API lists: the corpus, whatever writes.
const MODEL: &str = "askpm";

/// What bounds the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest body of a request.
    pub body_bytes: usize,
    /// Most connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Longest time for the head of a request, and for a connection to lie idle.
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

/// What all requests share.
pub struct House {
    desk: Desk<dyn Clerk>,
    /// The name of the model that writes, `none` where sentences are quoted.
    writes_with: String,
    limits: Limits,
    /// Is told of each request.
    log: Box<dyn Fn(&str) + Send + Sync>,
    /// When the server was started, in seconds since 1970.
    created: u64,
    replies: AtomicU64,
}

impl House {
    pub fn new(
        desk: Desk<dyn Clerk>,
        writes_with: String,
        limits: Limits,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> House {
        House {
            desk,
            writes_with,
            limits,
            log: Box::new(log),
            created: now(),
            replies: AtomicU64::new(0),
        }
    }

    /// A name for a reply that no other reply of this server has.
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

/// Listens on `port` of 127.0.0.1, and on no other interface; 0 takes a free port.
pub fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// Serves until the process is told to end (Ctrl-C, or SIGTERM where there is one). Answers that are being made then
/// end with an error event, and what waits is turned away.
///
/// # Errors
/// The runtime or the socket cannot be set up. A connection that fails is its client's affair.
pub fn run(listener: TcpListener, house: House) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        serve(listener, Arc::new(house), told_to_end()?).await;
        Ok(())
    })
}

/// How long clients have to take what is left for them once the server ends.
const FAREWELL: Duration = Duration::from_millis(100);

async fn serve(listener: tokio::net::TcpListener, house: Arc<House>, end: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(house.limits.connections));
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, most likely: others will be given back.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                let service = service_fn(|request| route::answer(&house, request));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(house.limits.head)
                    .max_buf_size(32 << 10)
                    .serve_connection(TokioIo::new(stream), service);
                // What goes wrong on a connection is its client's affair.
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
    house.desk.close();
    let all_gone = places.acquire_many(house.limits.connections as u32);
    let _ = tokio::time::timeout(FAREWELL, all_gone).await;
}

/// Resolves when the process is told to end.
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
