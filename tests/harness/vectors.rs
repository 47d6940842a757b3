//! A local server with an embedder and a reranker, which answers as a test orders.
//!
//! It speaks `/v1/embeddings`, `/v1/rerank` and the `/rerank` of text-embeddings-inference. A vector counts the words of
//! a text, so texts with the same words are near each other. The reranker prefers what a test names. Every request is
//! recorded.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::accept::{Accepting, request};

/// How the server answers.
#[derive(Debug, Clone)]
pub enum Says {
    /// As it should, with vectors of this many numbers.
    Right(usize),
    /// As it should for this many more requests, then with status 500.
    RightFor(usize),
    /// This body, whatever was requested.
    Body(String),
    /// A body of this many bytes.
    Huge(usize),
    /// This status with this body.
    Status(u16, String),
    /// 302 to this address.
    Redirect(String),
    /// Nothing until the server stops.
    Silent,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// In lower case.
    pub head: String,
    pub body: Value,
}

struct State {
    says: Says,
    preferred: String,
    asked: Vec<Asked>,
}

/// The server. It stops when dropped.
pub struct Vectors {
    accepting: Accepting,
    state: Arc<Mutex<State>>,
}

impl Vectors {
    pub fn start(says: Says) -> Vectors {
        let state = Arc::new(Mutex::new(State {
            says,
            preferred: String::new(),
            asked: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        let accepting = Accepting::start(move |stream, stop| answer(stream, &shared, stop));
        Vectors { accepting, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.accepting.address)
    }

    /// Changes how the server answers from now on.
    pub fn order(&self, says: Says) {
        self.state().says = says;
    }

    /// Makes the reranker prefer passages with this text.
    pub fn prefer(&self, text: &str) {
        self.state().preferred = text.into();
    }

    /// Returns the requests since the last call.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }
}

/// Returns the texts of requests for vectors.
pub fn texts(asked: &[Asked]) -> Vec<String> {
    let input = asked.iter().filter_map(|one| one.body["input"].as_array());
    let text = |text: &Value| text.as_str().expect("a text").to_string();
    input.flatten().map(text).collect()
}

fn answer(mut stream: TcpStream, state: &Mutex<State>, stop: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some((head, body)) = request(&mut BufReader::new(stream.try_clone()?))? else {
        return Ok(());
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_string();
    let head = head.to_ascii_lowercase();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (says, preferred) = {
        let mut state = state.lock().expect("no test panics while it holds this");
        let says = state.says.clone();
        if let Says::RightFor(left) = &mut state.says {
            *left = left.saturating_sub(1);
        }
        let (path, body) = (path.clone(), body.clone());
        state.asked.push(Asked { path, head, body });
        (says, state.preferred.clone())
    };
    let mut send = |status: &str, headers: &str, body: &[u8]| {
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        )?;
        stream.write_all(body)
    };
    let right = |dimensions: usize| match path.as_str() {
        "/v1/embeddings" => vectors(&body, dimensions),
        "/v1/rerank" => json!({ "results": scores(&body["documents"], &preferred, "relevance_score") }),
        _ => scores(&body["texts"], &preferred, "score"),
    };
    match says {
        Says::Right(dimensions) => send("200 OK", "", right(dimensions).to_string().as_bytes()),
        Says::RightFor(0) => send("500 Ordered", "", b"out of order"),
        Says::RightFor(_) => send("200 OK", "", right(32).to_string().as_bytes()),
        Says::Body(body) => send("200 OK", "", body.as_bytes()),
        Says::Huge(bytes) => send("200 OK", "", &vec![b' '; bytes]),
        Says::Status(code, body) => send(&format!("{code} Ordered"), "", body.as_bytes()),
        Says::Redirect(to) => send("302 Found", &format!("Location: {to}\r\n"), b""),
        Says::Silent => {
            while !stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
    }
}

/// Returns vectors of the texts, the last text first, and none of length 1.
fn vectors(body: &Value, dimensions: usize) -> Value {
    let texts = body["input"].as_array().cloned().unwrap_or_default();
    let one = |(index, text): (usize, &Value)| {
        let mut vector = vec![0.1; dimensions];
        for word in text
            .as_str()
            .unwrap_or_default()
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
        {
            // FNV-1a, so that a word always counts in the same place.
            let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
            vector[(hash % dimensions as u64) as usize] += 1.0;
        }
        json!({"object": "embedding", "index": index, "embedding": vector})
    };
    let data: Vec<Value> = texts.iter().enumerate().map(one).rev().collect();
    json!({"object": "list", "model": body["model"], "data": data})
}

/// Returns scores of the passages, best first, under this name.
fn scores(passages: &Value, preferred: &str, name: &str) -> Value {
    let passages = passages.as_array().cloned().unwrap_or_default();
    let good = |text: &Value| !preferred.is_empty() && text.as_str().unwrap_or_default().contains(preferred);
    let score = |(index, text): (usize, &Value)| (index, if good(text) { 9.5 } else { -(index as f64) });
    let mut all: Vec<(usize, f64)> = passages.iter().enumerate().map(score).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.into_iter()
        .map(|(index, score)| json!({"index": index, name: score}))
        .collect()
}
