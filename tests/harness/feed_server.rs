//! A local web server that serves feeds as a test chooses.
//!
//! It records the head of every request. It knows nothing about askpm, and unit and integration tests use it.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::accept::Accepting;

/// How a path is answered.
#[derive(Debug, Clone)]
pub enum Served {
    /// 200 with this body, or 304 to a request with this `ETag`.
    Tagged(&'static str, String),
    /// 200 with this body, or 304 to a request with this `Last-Modified`.
    Dated(&'static str, String),
    /// 200 with this body and no validator.
    Plain(String),
    Status(u16),
    /// This status, with this `Retry-After`.
    Busy(u16, String),
    /// 302 to this address.
    Redirect(String),
    /// 301 to this address.
    Moved(String),
    /// 200 and this many bytes, without a length.
    Endless(usize),
    /// 200, a head and one byte, then nothing.
    Silent,
}

#[derive(Default)]
struct State {
    served: HashMap<String, Served>,
    requests: Vec<String>,
}

/// The server. It stops when dropped.
pub struct FeedServer {
    accepting: Accepting,
    state: Arc<Mutex<State>>,
}

impl FeedServer {
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let accepting = Accepting::start(move |stream, stop| answer(stream, &shared, stop));
        Self { accepting, state }
    }

    /// Returns the address of `path`.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.accepting.address)
    }

    pub fn serve(&self, path: &str, served: Served) {
        let mut state = self.state.lock().expect("no test panics while it holds this");
        state.served.insert(path.to_string(), served);
    }

    /// Returns the request line and headers of every request so far, in lower case.
    pub fn requests(&self) -> Vec<String> {
        let state = self.state.lock().expect("no test panics while it holds this");
        state.requests.clone()
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>, stop: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut head = String::new();
    let mut lines = BufReader::new(stream.try_clone()?);
    while lines.read_line(&mut head)? > 2 {}
    let path = head.split(' ').nth(1).unwrap_or("").to_string();
    let head = head.to_ascii_lowercase();
    let served = {
        let mut state = state.lock().expect("no test panics while it holds this");
        state.requests.push(head.clone());
        state.served.get(&path).cloned()
    };
    let mut send = |status: &str, headers: &str, body: &[u8]| {
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n")?;
        stream.write_all(body)
    };
    let sized = |body: &str| format!("Content-Length: {}\r\n", body.len());
    match served {
        None => send("404 Not Found", "Content-Length: 0\r\n", b""),
        Some(Served::Tagged(etag, _)) if head.contains(&format!("if-none-match: {}\r", etag.to_ascii_lowercase())) => {
            send("304 Not Modified", "", b"")
        }
        Some(Served::Dated(day, _)) if head.contains(&format!("if-modified-since: {}\r", day.to_ascii_lowercase())) => {
            send("304 Not Modified", "", b"")
        }
        Some(Served::Tagged(etag, body)) => {
            send("200 OK", &format!("ETag: {etag}\r\n{}", sized(&body)), body.as_bytes())
        }
        Some(Served::Dated(day, body)) => send(
            "200 OK",
            &format!("Last-Modified: {day}\r\n{}", sized(&body)),
            body.as_bytes(),
        ),
        Some(Served::Plain(body)) => send("200 OK", &sized(&body), body.as_bytes()),
        Some(Served::Status(code)) => send(&format!("{code} Ordered"), "Content-Length: 0\r\n", b""),
        Some(Served::Busy(code, wait)) => send(
            &format!("{code} Ordered"),
            &format!("Retry-After: {wait}\r\nContent-Length: 0\r\n"),
            b"",
        ),
        Some(Served::Moved(to)) => send(
            "301 Moved Permanently",
            &format!("Location: {to}\r\nContent-Length: 0\r\n"),
            b"",
        ),
        Some(Served::Redirect(to)) => send("302 Found", &format!("Location: {to}\r\nContent-Length: 0\r\n"), b""),
        Some(Served::Endless(bytes)) => send("200 OK", "", &vec![b'x'; bytes]),
        Some(Served::Silent) => {
            send("200 OK", "Content-Length: 10\r\n", b"x")?;
            while !stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
    }
}
