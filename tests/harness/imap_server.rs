//! Mail servers that misbehave: one that says what a test tells it to, and a relay that breaks off.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::accept::Accepting;

/// What the server does about one message.
#[derive(Debug, Clone)]
pub enum Letter {
    /// It sends this text.
    Text(String),
    /// It announces this size, and sends the text with this number of bytes.
    Announced(u64, u64),
    /// It announces this size in the literal only, sends nothing of it, and waits.
    Claimed(u64),
    /// It sends half of the text and closes the connection.
    Cut(String),
    /// It refuses any command that asks for it.
    Refused,
    /// It sends these bytes instead of a message.
    Raw(String),
    /// It ends the session.
    Bye,
}

/// A server with one folder. Every command it gets is recorded.
#[derive(Clone)]
pub struct Script {
    pub greeting: String,
    pub capabilities: String,
    pub uid_validity: u32,
    /// The messages, numbered from 1.
    pub letters: Vec<Letter>,
    /// What it says to these commands instead, by the beginning of the command.
    pub instead: Vec<(&'static str, String)>,
}

impl Default for Script {
    fn default() -> Self {
        Script {
            greeting: "* OK ready\r\n".into(),
            capabilities: "IMAP4rev1 AUTH=PLAIN".into(),
            uid_validity: 1,
            letters: Vec::new(),
            instead: Vec::new(),
        }
    }
}

/// The server. It stops when dropped.
pub struct ImapServer {
    accepting: Accepting,
    script: Arc<Mutex<Script>>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl ImapServer {
    pub fn start(script: Script) -> Self {
        let script = Arc::new(Mutex::new(script));
        let commands: Arc<Mutex<Vec<String>>> = Arc::default();
        let (its, heard) = (Arc::clone(&script), Arc::clone(&commands));
        let accepting = Accepting::start(move |stream, stop| {
            let script = its.lock().expect("no test panics while it holds this").clone();
            serve(stream, &script, &heard, stop)
        });
        ImapServer {
            accepting,
            script,
            commands,
        }
    }

    pub fn port(&self) -> u16 {
        self.accepting.address.port()
    }

    /// Changes what the next connections get.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().expect("no test panics while it holds this"));
    }

    /// Returns every command so far, without its tag.
    pub fn commands(&self) -> Vec<String> {
        self.commands
            .lock()
            .expect("no test panics while it holds this")
            .clone()
    }
}

fn serve(mut stream: TcpStream, script: &Script, heard: &Mutex<Vec<String>>, stop: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut lines = BufReader::new(stream.try_clone()?);
    stream.write_all(script.greeting.as_bytes())?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_string();
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        heard
            .lock()
            .expect("no test panics while it holds this")
            .push(command.to_string());
        let instead = script.instead.iter().find(|(start, _)| command.starts_with(start));
        if let Some((_, text)) = instead {
            stream.write_all(text.replace("TAG", tag).as_bytes())?;
            continue;
        }
        let words: Vec<&str> = command.split(' ').collect();
        match words.as_slice() {
            ["CAPABILITY"] => write!(stream, "* CAPABILITY {}\r\n{tag} OK\r\n", script.capabilities)?,
            ["AUTHENTICATE", _] => {
                stream.write_all(b"+ \r\n")?;
                lines.read_line(&mut String::new())?;
                write!(stream, "{tag} OK in\r\n")?;
            }
            ["LOGIN", ..] => write!(stream, "{tag} OK in\r\n")?,
            ["EXAMINE", _] => write!(
                stream,
                "* {} EXISTS\r\n* OK [UIDVALIDITY {}] v\r\n* OK [UIDNEXT {}] n\r\n{tag} OK [READ-ONLY] open\r\n",
                script.letters.len(),
                script.uid_validity,
                script.letters.len() + 1
            )?,
            ["UID", "FETCH", set, "(UID", "RFC822.SIZE)"] => {
                for number in numbers(set, script.letters.len()) {
                    let size = match &script.letters[number - 1] {
                        Letter::Text(text) | Letter::Cut(text) => text.len() as u64,
                        Letter::Announced(size, _) => *size,
                        _ => 100,
                    };
                    write!(stream, "* {number} FETCH (UID {number} RFC822.SIZE {size})\r\n")?;
                }
                write!(stream, "{tag} OK listed\r\n")?;
            }
            ["UID", "FETCH", set, "(UID", "BODY.PEEK[])"] => {
                let asked = numbers(set, script.letters.len());
                let refused = asked
                    .iter()
                    .any(|number| matches!(script.letters[number - 1], Letter::Refused));
                for number in asked {
                    if !send(&mut stream, number, &script.letters[number - 1], stop)? {
                        return Ok(());
                    }
                }
                let end = if refused { "NO some are damaged" } else { "OK sent" };
                write!(stream, "{tag} {end}\r\n")?;
            }
            ["LOGOUT"] => write!(stream, "* BYE\r\n{tag} OK\r\n")?,
            _ => write!(stream, "{tag} BAD what\r\n")?,
        }
    }
}

/// Sends one message. Returns whether the connection goes on.
fn send(stream: &mut TcpStream, number: usize, letter: &Letter, stop: &AtomicBool) -> std::io::Result<bool> {
    let head = |size: u64| format!("* {number} FETCH (UID {number} BODY[] {{{size}}}\r\n");
    match letter {
        Letter::Text(text) => write!(stream, "{}{text})\r\n", head(text.len() as u64))?,
        Letter::Announced(_, size) => {
            stream.write_all(head(*size).as_bytes())?;
            std::io::copy(&mut std::io::repeat(b'x').take(*size), stream)?;
            stream.write_all(b")\r\n")?;
        }
        Letter::Claimed(size) => {
            stream.write_all(head(*size).as_bytes())?;
            while !stop.load(Ordering::SeqCst) && stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
            return Ok(false);
        }
        Letter::Cut(text) => {
            let half = text.get(..text.len() / 2).unwrap_or_default();
            write!(stream, "{}{half}", head(text.len() as u64))?;
            return Ok(false);
        }
        Letter::Refused => {}
        Letter::Raw(text) => stream.write_all(text.as_bytes())?,
        Letter::Bye => {
            stream.write_all(b"* BYE Shutting down\r\n")?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// The numbers of a set, up to `last`.
fn numbers(set: &str, last: usize) -> Vec<usize> {
    let number = |text: &str| text.parse().unwrap_or(last);
    let ranges = set
        .split(',')
        .map(|range| range.split_once(':').unwrap_or((range, range)));
    ranges
        .flat_map(|(from, to)| number(from)..=number(to))
        .filter(|number| (1..=last).contains(number))
        .collect()
}

/// Passes bytes between a client and the server at `port`, and breaks off after `most` bytes of the server. It stops
/// when dropped.
pub fn relay(port: u16, most: u64) -> Accepting {
    Accepting::start(move |client, _| {
        let server = TcpStream::connect(("127.0.0.1", port))?;
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        std::io::copy(&mut (&server).take(most), &mut &client)?;
        client.shutdown(std::net::Shutdown::Both)?;
        server.shutdown(std::net::Shutdown::Both)
    })
}
