//! Runs `askpm serve` as a child process, with a simple HTTP/1.1 client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::Duration;

use super::Run;

/// A server process. It is killed when dropped.
pub struct Serving {
    pub child: Child,
    pub address: SocketAddr,
}

impl Serving {
    /// Starts `run`, which must be `askpm serve --port 0 …`, and waits until it accepts questions.
    pub fn start(run: Run) -> Serving {
        let mut child = run.spawn();
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut line).expect("a line of text");
        let address = line
            .trim()
            .strip_prefix("http://")
            .and_then(|rest| rest.strip_suffix('/'));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            let mut stderr = String::new();
            let _ = child
                .stderr
                .take()
                .expect("standard error is a pipe")
                .read_to_string(&mut stderr);
            panic!("no address in {line:?}: {stderr}");
        };
        Serving { child, address }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a timeout can be set");
        stream
    }

    /// Sends these bytes and reads until the end of the reply.
    pub fn raw(&self, request: &[u8]) -> Reply {
        let mut stream = self.connect();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request);
        Reply::read(&mut stream).expect("a reply")
    }

    /// Sends a request with these headers. `Host` is the server's address, unless it is one of them.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        self.raw((head + "\r\n" + body).as_bytes())
    }

    pub fn get(&self, path: &str) -> Reply {
        let host = self.address;
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
    }

    /// Returns the head and body of a chat completion request.
    pub fn completion(&self, body: &str) -> Vec<u8> {
        let (host, length) = (self.address, body.len());
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        (head + body).into_bytes()
    }

    pub fn post(&self, body: &str) -> Reply {
        self.raw(&self.completion(body))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reply of the server.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// In lower case.
    pub head: String,
    /// Without chunked framing.
    pub body: String,
}

impl Reply {
    pub fn read(stream: &mut TcpStream) -> io::Result<Reply> {
        let mut input = BufReader::new(stream);
        let mut head = String::new();
        while input.read_line(&mut head)? > 2 {}
        let head = head.to_ascii_lowercase();
        let mut body = Vec::new();
        if head.contains("transfer-encoding: chunked") {
            loop {
                let mut size = String::new();
                input.read_line(&mut size)?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
                let mut chunk = vec![0; size + 2];
                input.read_exact(&mut chunk)?;
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        } else {
            input.read_to_end(&mut body)?;
        }
        Ok(Reply {
            status: head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0),
            head,
            body: String::from_utf8(body).map_err(io::Error::other)?,
        })
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// Returns the objects of an event stream, which must end properly.
    #[track_caller]
    pub fn events(&self) -> Vec<serde_json::Value> {
        let body = self.body.strip_suffix("data: [DONE]\n\n").expect("the end of a stream");
        body.split_terminator("\n\n")
            .map(|event| serde_json::from_str(event.strip_prefix("data: ").expect("data")).expect("JSON"))
            .collect()
    }
}
