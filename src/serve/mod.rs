//! Serves answers over HTTP: OpenAI's chat completions API and a small web page.
//!
//! A request passes these steps:
//! 1. `guard` refuses requests for other host names and from pages of other sites.
//! 2. `route` picks the handler by path and method. `access` finds the token of the request, if the server needs one.
//! 3. `request` parses the body into a question.
//! 4. `bounds` counts it for its token, and the [`JobQueue`] answers it.
//! 5. `reply` and `body` turn the sentences into JSON or server-sent events.
//! 6. `record` writes a line of the log, and counts for `metrics`.
//!
//! Every resource that a client could exhaust is bounded: connections, the time for a request's head and body, the size
//! of a body, the queue of questions, and what each token may ask. `stop` ends the server.

mod access;
mod body;
mod bounds;
mod guard;
mod metrics;
mod outcome;
mod page;
mod record;
mod reply;
mod request;
mod route;
mod stop;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use crate::jobs::{AnswerService, Figures, JobQueue};
use bounds::Bounds;
use metrics::Metrics;
use record::Watch;
use reply::Stamp;
use stop::Signals;

pub use access::{MIN_TOKEN, TokenError, Tokens};
pub use bounds::PerToken;
pub use guard::{HostName, NoHostName};
pub use record::Sink;
pub use stop::Grace;

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

/// Called with a line for people.
type Detail = Box<dyn Fn(&str) + Send + Sync>;

/// How to serve.
#[derive(Default)]
pub struct Setup {
    /// Name of the model that writes, or `none` if sentences are only quoted.
    pub writes_with: String,
    pub limits: Limits,
    /// The tokens that may ask. Without any, everyone may.
    pub tokens: Tokens,
    /// The bounds of each token. Without tokens, those of all requests together.
    pub per_token: PerToken,
    /// Names of the server in addition to those of this machine.
    pub hosts: Vec<HostName>,
    pub grace: Grace,
    /// Called with a line for each request.
    pub detail: Option<Detail>,
    /// Gets an object for each request.
    pub log: Option<Sink>,
    /// Whether these objects may have the text of questions.
    pub log_questions: bool,
    /// What the queue answers from.
    pub corpus: Figures,
}

/// The state that all requests share.
pub struct Server {
    queue: JobQueue<dyn AnswerService>,
    writes_with: String,
    limits: Limits,
    tokens: Tokens,
    bounds: Bounds,
    hosts: Vec<HostName>,
    /// Whether only programs of this machine, such as a proxy, can connect.
    loopback: bool,
    grace: Grace,
    detail: Option<Detail>,
    watch: Arc<Watch>,
    corpus: Figures,
    page: String,
    /// Has all its permits while no question is asked.
    answering: Arc<Semaphore>,
    /// When the server started, in seconds since 1970.
    created: u64,
    replies: AtomicU64,
    requests: AtomicU64,
}

/// The permits of [`Server::answering`]: more than there can be connections.
const QUESTIONS: u32 = 1 << 20;

impl Server {
    /// # Errors
    /// The figures for Prometheus cannot be set up, which tests would find.
    pub fn new(queue: JobQueue<dyn AnswerService>, address: SocketAddr, setup: Setup) -> io::Result<Server> {
        let metrics = Metrics::new(queue.places()).map_err(io::Error::other)?;
        let loopback = address.ip().to_canonical().is_loopback();
        let shared = !loopback || !setup.hosts.is_empty();
        Ok(Server {
            queue,
            writes_with: setup.writes_with,
            limits: setup.limits,
            page: page::index(!setup.tokens.is_empty(), shared),
            bounds: Bounds::new(setup.tokens.len().max(1), setup.per_token, Instant::now()),
            tokens: setup.tokens,
            hosts: setup.hosts,
            loopback,
            grace: setup.grace,
            detail: setup.detail,
            watch: Arc::new(Watch {
                metrics,
                log: setup.log,
                log_questions: setup.log_questions,
            }),
            corpus: setup.corpus,
            answering: Arc::new(Semaphore::new(QUESTIONS as usize)),
            created: now(),
            replies: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        })
    }

    /// Returns an identifier that no other request of this server has.
    fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("req-{:x}-{number}", self.created)
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

/// Listens on `address` only. Port 0 picks a free one.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}

/// Serves until the process receives Ctrl-C or, on Unix, SIGTERM. See [`Grace`] for what happens then.
///
/// # Errors
/// Fails if the runtime or the socket cannot be set up. Errors of single connections are ignored.
pub fn run(listener: TcpListener, server: Server) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        serve(listener, Arc::new(server), Signals::new()?).await;
        Ok(())
    })
}

/// How long clients have to read the rest of their replies at shutdown.
const FAREWELL: Duration = Duration::from_millis(100);

async fn serve(listener: tokio::net::TcpListener, server: Arc<Server>, mut signals: Signals) {
    let places = Arc::new(Semaphore::new(server.limits.connections));
    let (stop, stopping) = watch::channel(false);
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
            let (server, stopping) = (Arc::clone(&server), stopping.clone());
            tokio::spawn(async move {
                connection(&server, stream, stopping).await;
                drop(place);
            });
        }
    };
    let grace = tokio::select! {
        () = accepting => Duration::ZERO,
        signal = signals.next() => server.grace.after(signal),
    };
    drop(listener);
    server.queue.drain();
    stop.send_replace(true);
    if !grace.is_zero() {
        tokio::select! {
            _ = server.answering.acquire_many(QUESTIONS) => {}
            () = tokio::time::sleep(grace) => {}
            _ = signals.next() => {}
        }
    }
    server.queue.close();
    let all_gone = places.acquire_many(server.limits.connections as u32);
    let _ = tokio::time::timeout(FAREWELL, all_gone).await;
}

/// Answers the requests of one connection, one after another. An error concerns only this connection.
async fn connection(server: &Server, stream: TcpStream, mut stopping: watch::Receiver<bool>) {
    let service = service_fn(|request| route::answer(server, request));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(server.limits.head)
            .max_buf_size(32 << 10)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
