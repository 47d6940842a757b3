//! A local Hugging Face Hub, with the faults that a test chooses.
//!
//! Each [`Fault`] applies to one GET of a file; after that the server behaves. It records every [`Request`]. It knows
//! nothing about askpm, and unit and integration tests use it.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::accept::Accepting;

/// What goes wrong with one GET.
#[derive(Debug, Clone)]
pub enum Fault {
    /// A response without a body.
    Status(u16),
    /// The same, with `Retry-After: SECONDS`.
    Busy(u16, u64),
    /// This many bytes of the body, then the connection closes. The headers announce the full length.
    CutAfter(usize),
    /// This many bytes of the body, then nothing, while the connection stays open.
    StallAfter(usize),
    /// The connection closes before a response.
    Close,
    /// 200 and the whole file, whatever range was requested.
    IgnoreRange,
    /// Another body of the same length.
    WrongBytes,
    /// The body and this many more bytes, which the headers announce.
    TooLong(usize),
    /// No `Content-Length`. The body ends with the connection.
    NoLength,
    /// The body and this many more bytes, without a `Content-Length`.
    NoLengthTooLong(usize),
    /// 206 with a part that begins elsewhere.
    WrongPart,
    /// 302 to this address, with the Hub's headers.
    Redirect(String),
}

/// A request, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
}

#[derive(Clone)]
struct Served {
    bytes: Arc<Vec<u8>>,
    linked_etag: Option<String>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, Served>,
    answers: HashMap<String, String>,
    faults: VecDeque<Fault>,
    requests: Vec<Request>,
}

/// The server. It stops when dropped.
pub struct Hub {
    accepting: Accepting,
    state: Arc<Mutex<State>>,
}

impl Hub {
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let accepting = Accepting::start(move |stream, stop| answer(stream, &shared, stop));
        Self { accepting, state }
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.accepting.address)
    }

    /// Serves `bytes` at `path`, for example `/ORG/NAME/resolve/REVISION/FILE`.
    pub fn serve(&self, path: &str, bytes: &[u8]) {
        let served = Served {
            bytes: Arc::new(bytes.to_vec()),
            linked_etag: None,
        };
        self.lock().files.insert(path.to_string(), served);
    }

    /// Also sends this `X-Linked-ETag`, and the length as `X-Linked-Size`, with the file at `path`.
    pub fn link(&self, path: &str, etag: &str) {
        if let Some(served) = self.lock().files.get_mut(path) {
            served.linked_etag = Some(etag.to_string());
        }
    }

    /// Answers a GET of `path` with a JSON body.
    pub fn answer_json(&self, path: &str, json: &str) {
        self.lock().answers.insert(path.to_string(), json.to_string());
    }

    /// Adds faults for the next GETs of files.
    pub fn order(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// Removes the faults that have not happened yet.
    pub fn forgive(&self) {
        self.lock().faults.clear();
    }

    /// Returns every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Returns the `Range` headers of all GETs so far.
    pub fn ranges(&self) -> Vec<Option<String>> {
        self.requests()
            .into_iter()
            .filter(|request| request.method == "GET")
            .map(|request| request.range)
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }
}

/// Returns the address of a local port that nothing listens on.
pub fn refused() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn answer(stream: TcpStream, state: &Mutex<State>, stop: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(request) = read_request(&stream)? else {
        return Ok(());
    };
    let (served, json, fault) = {
        let mut state = state.lock().expect("no test panics while it holds this");
        state.requests.push(request.clone());
        let served = state.files.get(&request.path).cloned();
        let json = state.answers.get(&request.path).cloned();
        let fault = if request.method == "GET" && json.is_none() {
            state.faults.pop_front()
        } else {
            None
        };
        (served, json, fault)
    };
    let mut out = Out {
        stream,
        head_only: request.method == "HEAD",
    };
    if let Some(json) = json {
        return out.send(
            "200 OK",
            &["Content-Type: application/json".into()],
            Some(json.len()),
            json.as_bytes(),
        );
    }
    match &fault {
        Some(Fault::Close) => return Ok(()),
        Some(Fault::Status(code)) => return out.send(&format!("{code} Ordered"), &[], Some(0), b""),
        Some(Fault::Busy(code, seconds)) => {
            return out.send(
                &format!("{code} Ordered"),
                &[format!("Retry-After: {seconds}")],
                Some(0),
                b"",
            );
        }
        _ => {}
    }
    let Some(served) = served else {
        return out.send("404 Not Found", &[], Some(0), b"");
    };
    send_file(&mut out, &request, &served, fault, stop)
}

fn send_file(
    out: &mut Out,
    request: &Request,
    served: &Served,
    fault: Option<Fault>,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    let mut bytes = served.bytes.as_ref().clone();
    let whole = bytes.len();
    let mut headers = vec!["Accept-Ranges: bytes".to_string()];
    if let Some(etag) = &served.linked_etag {
        headers.push(format!("X-Linked-ETag: \"{etag}\""));
        headers.push(format!("X-Linked-Size: {whole}"));
    }
    if let Some(Fault::Redirect(to)) = &fault {
        headers.push(format!("Location: {to}"));
        return out.send("302 Found", &headers, Some(0), b"");
    }
    if matches!(fault, Some(Fault::WrongBytes)) {
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
    }
    if let Some(Fault::TooLong(more) | Fault::NoLengthTooLong(more)) = &fault {
        bytes.resize(whole + more, 0);
    }
    let asked = request
        .range
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let mut status = "200 OK";
    if let Some(start) = asked
        && !matches!(fault, Some(Fault::IgnoreRange))
    {
        let start: usize = if matches!(fault, Some(Fault::WrongPart)) {
            start / 2
        } else {
            start
        };
        if start >= bytes.len() {
            return out.send(
                "416 Range Not Satisfiable",
                &[format!("Content-Range: bytes */{whole}")],
                Some(0),
                b"",
            );
        }
        headers.push(format!(
            "Content-Range: bytes {start}-{}/{}",
            bytes.len() - 1,
            bytes.len()
        ));
        bytes.drain(..start);
        status = "206 Partial Content";
    }
    let length = bytes.len();
    match fault {
        Some(Fault::NoLength | Fault::NoLengthTooLong(_)) => out.send(status, &headers, None, &bytes),
        Some(Fault::CutAfter(sent)) => out.send(status, &headers, Some(length), &bytes[..sent.min(length)]),
        Some(Fault::StallAfter(sent)) => {
            out.send(status, &headers, Some(length), &bytes[..sent.min(length)])?;
            // Wait until the client gives up or the test ends, with a limit in case neither happens.
            for _ in 0..500 {
                let mut byte = [0];
                out.stream.set_read_timeout(Some(Duration::from_millis(20)))?;
                if stop.load(Ordering::SeqCst) || matches!(std::io::Read::read(&mut out.stream, &mut byte), Ok(0)) {
                    break;
                }
            }
            Ok(())
        }
        _ => out.send(status, &headers, Some(length), &bytes),
    }
}

struct Out {
    stream: TcpStream,
    head_only: bool,
}

impl Out {
    fn send(&mut self, status: &str, headers: &[String], length: Option<usize>, body: &[u8]) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        if let Some(length) = length {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes())?;
        if !self.head_only {
            self.stream.write_all(body)?;
        }
        self.stream.flush()
    }
}

fn read_request(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut lines = BufReader::new(stream).lines();
    let Some(first) = lines.next().transpose()? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_string();
    let path = words.next().unwrap_or_default().to_string();
    let mut request = Request {
        method,
        path,
        range: None,
        authorization: None,
    };
    for line in lines {
        let line = line?;
        if line.is_empty() {
            return Ok(Some(request));
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "range" => request.range = Some(value.trim().to_string()),
                "authorization" => request.authorization = Some(value.trim().to_string()),
                _ => {}
            }
        }
    }
    Ok(None)
}
