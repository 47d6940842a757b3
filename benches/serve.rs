//! Load test of `askpm serve` with more clients than its queue holds.
//!
//! It measures how long answers take, how many requests are rejected and how, and the server's peak memory.
//!
//! `cargo bench --bench serve -- [CLIENTS] [SECONDS] [QUEUE] [MODEL]` (default: 64, 60, 8 and `none`). A rejected
//! client retries after a tenth of a second, sooner than `Retry-After` says. This is not a criterion bench, because
//! only a whole run is meaningful.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const QUESTIONS: [&str; 4] = [
    "How do I become an AI PM?",
    "How should we price an API?",
    "How do I say no to a stakeholder?",
    "best pizza in Naples",
];

/// How long a rejected client waits.
const AGAIN: Duration = Duration::from_millis(100);

/// What one client saw.
#[derive(Default)]
struct Seen {
    answered: Vec<Duration>,
    turned_away: Vec<Duration>,
    without_retry_after: usize,
    other: Vec<String>,
}

fn main() {
    // Cargo adds `--bench`.
    let given: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let number = |at: usize, default: u64| given.get(at).map_or(default, |text| text.parse().expect("a number"));
    let (clients, seconds, queue) = (number(0, 64), number(1, 60), number(2, 8));
    let model = given.get(3).map_or("none", String::as_str);

    let home = tempfile::tempdir().expect("a folder");
    let mut server = Command::new(env!("CARGO_BIN_EXE_askpm"))
        .args(["serve", "--port", "0", "--queue", &queue.to_string(), "-m", model])
        .env("HOME", home.path())
        .env_remove("ASKPM_CORPUS")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let address = address(&mut server);
    let before = memory(&server, "VmRSS:");
    let end = Instant::now() + Duration::from_secs(seconds);
    let clients: Vec<_> = (0..clients)
        .map(|n| thread::spawn(move || client(address, n as usize, end)))
        .collect();
    let mut all = Seen::default();
    for client in clients {
        let seen = client.join().expect("a client ends");
        all.answered.extend(seen.answered);
        all.turned_away.extend(seen.turned_away);
        all.without_retry_after += seen.without_retry_after;
        all.other.extend(seen.other);
    }
    let alive = server.try_wait().expect("a state").is_none();
    println!("model {model}, queue {queue}, {seconds} s");
    println!(
        "answered (200):          {:>7}  {}",
        all.answered.len(),
        times(&mut all.answered)
    );
    println!(
        "turned away (503):       {:>7}  {}",
        all.turned_away.len(),
        times(&mut all.turned_away)
    );
    println!("503 without Retry-After: {:>7}", all.without_retry_after);
    println!(
        "anything else:           {:>7}  {:?}",
        all.other.len(),
        all.other.first()
    );
    println!(
        "memory: {before} kB at the start, {} kB at most",
        memory(&server, "VmHWM:")
    );
    println!("still serving: {alive}");
    let _ = server.kill();
    let _ = server.wait();
}

fn address(server: &mut Child) -> SocketAddr {
    let mut line = String::new();
    let stdout = server.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/');
    address.parse().expect("an address")
}

/// Returns a figure of `/proc/PID/status` in kB, or 0 if there is none.
fn memory(server: &Child, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn client(address: SocketAddr, number: usize, end: Instant) -> Seen {
    let mut seen = Seen::default();
    for question in QUESTIONS.iter().cycle().skip(number) {
        if Instant::now() >= end {
            break;
        }
        let started = Instant::now();
        match ask(address, question) {
            Ok((200, _)) => seen.answered.push(started.elapsed()),
            Ok((503, retry_after)) => {
                seen.turned_away.push(started.elapsed());
                seen.without_retry_after += usize::from(!retry_after);
                thread::sleep(AGAIN);
            }
            Ok((status, _)) => seen.other.push(status.to_string()),
            Err(error) => seen.other.push(error.to_string()),
        }
    }
    seen
}

/// Returns the status of the reply, and whether it has a `Retry-After` header.
fn ask(address: SocketAddr, question: &str) -> std::io::Result<(u16, bool)> {
    let body = format!(r#"{{"messages":[{{"role":"user","content":"{question}"}}]}}"#);
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let status = reply.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Ok((status, reply.to_ascii_lowercase().contains("retry-after: ")))
}

/// Formats the p50, p99 and longest time.
fn times(of: &mut [Duration]) -> String {
    if of.is_empty() {
        return String::new();
    }
    of.sort_unstable();
    let at = |share: f64| of[((of.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}
