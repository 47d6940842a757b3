//! Runs the example of the book for nginx, with `askpm serve` behind it.
//!
//! The tests need nginx, `curl`, and `openssl` for a certificate.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use crate::harness::http::Serving;
use crate::harness::{Home, skipped};
use crate::serve::{QUESTION, ask_streamed};

const BOOK: &str = include_str!("../docs/src/team.md");
const NAME: &str = "ask.example.org";
const TOKEN: &str = "ana-has-this-token-AAAA";

/// Returns the example that begins with these lines, without the marks around it.
fn example(begins: &str) -> &'static str {
    let (_, rest) = BOOK.split_once(begins).expect("the example");
    rest.split_once("```").expect("its end").0
}

fn program(name: &str) -> Option<PathBuf> {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/bin"].map(|folder| Path::new(folder).join(name));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        skipped(format!("there is no {name}"));
    }
    found
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A proxy that is killed when dropped.
struct Proxy {
    child: Child,
    port: u16,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    /// Starts `command`, and waits until it accepts connections.
    fn start(mut command: Command, port: u16) -> Proxy {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut proxy = Proxy {
            child: child.expect("the proxy starts"),
            port,
        };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(proxy.child.try_wait().unwrap().is_none(), "the proxy ended");
            thread::yield_now();
        }
        proxy
    }

    fn curl(&self, path: &str, args: &[&str]) -> Command {
        let port = self.port;
        let mut curl = Command::new("curl");
        curl.args(["-sSkN", "-i", "--max-time", "60", "--retry", "5", "--retry-connrefused"])
            .args(["--resolve", &format!("{NAME}:{port}:127.0.0.1")])
            .args(args)
            .arg(format!("https://{NAME}:{port}{path}"));
        curl
    }

    /// Returns the status of the reply, and all of it.
    fn get(&self, path: &str, args: &[&str]) -> (u16, String) {
        let Output { stdout, stderr, .. } = self.curl(path, args).output().unwrap();
        let text = String::from_utf8(stdout).unwrap();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&stderr)));
        (status, text.to_ascii_lowercase())
    }
}

/// nginx with the example of the book before `upstream`.
fn nginx(home: &Home, upstream: SocketAddr) -> Option<Proxy> {
    let (nginx, openssl, _) = (program("nginx")?, program("openssl")?, program("curl")?);
    let (key, certificate) = (home.path("key.pem"), home.path("certificate.pem"));
    let made = Command::new(openssl)
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=ask.example.org",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = free_port();
    let site = changed(
        example("```nginx\n"),
        &[
            ("443 ssl", &format!("127.0.0.1:{port} ssl")),
            ("/etc/ssl/certs/ask.example.org.pem", &certificate.display().to_string()),
            ("/etc/ssl/private/ask.example.org.key", &key.display().to_string()),
            ("127.0.0.1:7171", &upstream.to_string()),
        ],
    );
    let folder = home.path("");
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("{of}_temp_path {folder}/{of};\n"))
        .concat();
    let whole = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n\
         http {{ access_log off;\n{temporary}{site}\n}}\n"
    );
    let config = home.write("nginx.conf", whole);
    let mut command = Command::new(nginx);
    command.arg("-e").arg(home.path("errors")).arg("-c").arg(config);
    Some(Proxy::start(command, port))
}

fn changed(text: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = text.to_string();
    for (old, new) in pairs {
        assert!(text.contains(old), "{old} is not in {text}");
        text = text.replace(old, new);
    }
    text
}

/// The members of a team are answered through the proxy, and others are not.
fn answers_a_team(proxy: fn(&Home, SocketAddr) -> Option<Proxy>) {
    let home = Home::new();
    let command = format!("echo ana {TOKEN}");
    let args = [
        "serve",
        "--port",
        "0",
        "-m",
        "none",
        "--host",
        NAME,
        "--token-command",
        &command,
    ];
    let server = Serving::start(home.askpm().args(args));
    let Some(proxy) = proxy(&home, server.address) else {
        return;
    };
    let token = format!("Authorization: Bearer {TOKEN}");
    let body = ask_streamed(QUESTION);
    let own = format!("Origin: https://{NAME}:{}", proxy.port);
    for (with, status) in [
        (&["-H", &token][..], 200),
        (&["-H", &token, "-H", &own], 200),
        (&["-H", &token, "-H", "Origin: https://evil.example"], 403),
        (&["-H", &token, "-H", "Host: evil.example"], 403),
        (&["-H", "Authorization: Bearer wrong-token-wrong-token"], 401),
        (&[], 401),
    ] {
        let (answered, reply) = proxy.get("/v1/chat/completions", &[&["-d", &body], with].concat());
        assert_eq!(answered, status, "{with:?}: {reply}");
        assert_eq!(reply.contains("data: [done]"), status == 200, "{reply}");
        assert!(reply.contains("\nx-request-id: "), "{reply}");
    }
    for (path, status) in [
        ("/", 200),
        ("/page.js", 200),
        ("/healthz", 200),
        ("/metrics", 401),
        ("/v1/models", 401),
    ] {
        assert_eq!(proxy.get(path, &[]).0, status, "{path}");
    }
}

/// Each event of a stream arrives before the next one is sent.
fn passes_events_on(proxy: fn(&Home, SocketAddr) -> Option<Proxy>) {
    let home = Home::new();
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let Some(proxy) = proxy(&home, upstream.local_addr().unwrap()) else {
        return;
    };
    let (next, go_on) = channel::<()>();
    let sending = thread::spawn(move || {
        let (mut stream, _) = upstream.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        for n in 0..5 {
            write!(stream, "9\r\ndata: {n}\n\n\r\n").unwrap();
            go_on.recv().unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let mut curl = proxy.curl("/", &[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(curl.stdout.take().unwrap()).lines();
    for n in 0..5 {
        let event = lines.find_map(|line| line.unwrap().strip_prefix("data: ").map(str::to_string));
        assert_eq!(event, Some(n.to_string()), "an event is kept back");
        next.send(()).unwrap();
    }
    sending.join().unwrap();
    assert!(curl.wait().unwrap().success());
}

#[test]
fn the_example_for_nginx_answers_a_team() {
    answers_a_team(nginx);
}

#[test]
fn the_example_for_nginx_passes_events_on_as_they_come() {
    passes_events_on(nginx);
}
