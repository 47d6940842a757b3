//! Clients that occupy connections of `askpm serve` and never finish their requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::{Outcome, home, lost, snapshot};
use crate::harness::http::{Reply, Serving};

/// The number of connections served at a time.
const PLACES: usize = 256;

/// As many clients as there are connections, some of which send a byte now and then. The server drops them, and answers
/// the next client.
pub fn slow_clients() -> Outcome {
    if !cfg!(target_os = "linux") {
        return Outcome::skipped("not every system lets a process open 300 connections");
    }
    let mut outcome = Outcome::new();
    let home = home(5);
    let before = snapshot(&home.path("corpus"));
    let server = Serving::start(home.bare().args(["serve", "--port", "0", "-m", "none"]));
    let host = server.address;
    let body = r#"{"messages":[{"role":"user","content":"Which walrus is number 3?"}]}"#;
    let whole = server.completion(body);
    let (head, body) = whole.split_at(whole.len() - body.len());
    let mut slow: Vec<TcpStream> = (0..PLACES).map(|_| server.connect()).collect();
    for (n, stream) in slow.iter_mut().enumerate() {
        let begun = match n % 4 {
            // Nothing, half a head, a head without its body, and an incomplete body.
            0 => b"".as_slice(),
            1 => &head[..head.len() / 2],
            2 => head,
            _ => &[head, &body[..body.len() / 2]].concat(),
        };
        stream.write_all(begun).unwrap();
    }
    // Another client is served as soon as a connection is free. Meanwhile some go on, byte by byte.
    let dripping: Vec<TcpStream> = slow
        .iter()
        .skip(1)
        .step_by(4)
        .map(|slow| slow.try_clone().unwrap())
        .collect();
    let drips = std::thread::spawn(move || {
        let open = |mut stream: &TcpStream| stream.write_all(b"x").is_ok();
        while dripping.iter().filter(|stream| open(stream)).count() > 0 {
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let reply = server.post(std::str::from_utf8(body).unwrap());
    assert_eq!(reply.status, 200, "{reply:#?}");
    for (n, stream) in slow.iter_mut().enumerate() {
        outcome.tries += 1;
        if n % 4 >= 2 {
            let reply = Reply::read(stream).unwrap();
            assert_eq!(reply.status, 408, "{reply:#?}");
        } else {
            // The server closed the connection, whether or not it read what had arrived.
            assert!(
                !matches!(stream.read(&mut [0; 512]), Ok(1..)),
                "a client that said nothing was answered"
            );
        }
    }
    drips.join().unwrap();
    assert_eq!(server.get("/healthz").status, 200, "at {host}");
    outcome.lost += lost(&before);
    outcome
}
