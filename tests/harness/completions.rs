//! A local server that speaks OpenAI's chat completions API, with the answers that a test chooses.
//!
//! It records every request. It knows nothing about askpm, and unit and integration tests use it.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::accept::{Accepting, request};

/// How the server answers.
#[derive(Debug, Clone)]
pub enum Says {
    /// A stream of these pieces, its end and the token counts.
    Stream(Vec<String>),
    /// These bytes as an event stream, then the connection closes.
    Raw(Vec<u8>),
    /// A complete chat completion, whatever was requested.
    Whole(String),
    /// A list of these models, whatever was requested.
    Models(Vec<String>),
    /// This status with this body.
    Status(u16, String),
    /// 302 to this address.
    Redirect(String),
    /// This piece of a stream, then nothing until [`Completions::go_on`] or the server stops, then the end.
    Hold(String),
    /// Nothing at all until then, not even a head.
    Silent,
}

struct State {
    says: Says,
    /// Head and body of each request.
    requests: Vec<(String, String)>,
    go_on: bool,
    /// The number of connections whose client disconnected while they were held.
    left: usize,
}

/// The server. It stops when dropped.
pub struct Completions {
    accepting: Accepting,
    state: Arc<Mutex<State>>,
}

impl Completions {
    pub fn start(says: Says) -> Self {
        let state = Arc::new(Mutex::new(State {
            says,
            requests: Vec::new(),
            go_on: false,
            left: 0,
        }));
        let shared = Arc::clone(&state);
        let accepting = Accepting::start(move |stream, stop| answer(stream, &shared, stop));
        Completions { accepting, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.accepting.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds this")
    }

    pub fn requests(&self) -> Vec<(String, String)> {
        self.state().requests.clone()
    }

    pub fn left(&self) -> usize {
        self.state().left
    }

    /// Releases held connections, which then finish.
    pub fn go_on(&self) {
        self.state().go_on = true;
    }
}

/// Returns a chunk of a stream with this text.
pub fn chunk(text: &str) -> String {
    let chunk =
        serde_json::json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {chunk}\n\n")
}

const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":70,\"completion_tokens\":9,\
    \"prompt_tokens_details\":{\"cached_tokens\":5}}}\n\ndata: [DONE]\n\n";

fn answer(mut stream: TcpStream, state: &Mutex<State>, stop: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some((head, body)) = request(&mut BufReader::new(stream.try_clone()?))? else {
        return Ok(());
    };
    let says = {
        let mut state = state.lock().expect("no test panics while it holds this");
        let body = String::from_utf8_lossy(&body).into_owned();
        state.requests.push((head, body));
        state.says.clone()
    };
    let mut send = |status: &str, headers: &str, body: &[u8]| {
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n")?;
        stream.write_all(body)
    };
    const EVENTS: &str = "Content-Type: text/event-stream\r\n";
    match says {
        Says::Stream(pieces) => {
            let text: String = pieces.iter().map(|piece| chunk(piece)).collect();
            send("200 OK", EVENTS, (text + END).as_bytes())
        }
        Says::Raw(bytes) => send("200 OK", EVENTS, &bytes),
        Says::Whole(text) => {
            let whole = serde_json::json!({
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 2},
            });
            send(
                "200 OK",
                "Content-Type: application/json\r\n",
                whole.to_string().as_bytes(),
            )
        }
        Says::Models(names) => {
            let data: Vec<_> = names
                .iter()
                .map(|name| serde_json::json!({"id": name, "object": "model"}))
                .collect();
            let list = serde_json::json!({"object": "list", "data": data}).to_string();
            send("200 OK", "Content-Type: application/json\r\n", list.as_bytes())
        }
        Says::Status(code, body) => send(&format!("{code} Ordered"), "", body.as_bytes()),
        Says::Redirect(to) => send("302 Found", &format!("Location: {to}\r\n"), b""),
        Says::Hold(piece) => {
            send("200 OK", EVENTS, chunk(&piece).as_bytes())?;
            hold(&stream, state, stop)?;
            stream.write_all(END.as_bytes())
        }
        Says::Silent => hold(&stream, state, stop),
    }
}

/// Waits until the test releases the connection. Counts a client that disconnects.
fn hold(stream: &TcpStream, state: &Mutex<State>, stop: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    let mut stream = stream;
    while !stop.load(Ordering::SeqCst) {
        if state.lock().expect("no test panics while it holds this").go_on {
            return Ok(());
        }
        if matches!(stream.read(&mut [0; 16]), Ok(0)) {
            state.lock().expect("no test panics while it holds this").left += 1;
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
    }
    Ok(())
}
