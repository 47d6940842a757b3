//! Tests fetching from a local server that behaves well, badly or not at all.

use super::*;
use crate::models::Net;
use feed_server::{FeedServer, Served};

#[path = "../../tests/harness/feed_server.rs"]
mod feed_server;

use crate::testing::accept;

const DAY: &str = "Wed, 01 May 2024 10:00:00 GMT";

fn limits() -> Limits {
    Limits {
        bytes: 1_000,
        time: Duration::from_secs(20),
        redirects: 3,
    }
}

fn get(address: &str, known: &Validators) -> Result<Fetched, FeedError> {
    reply(address, known).map(|reply| reply.fetched)
}

fn reply(address: &str, known: &Validators) -> Result<Reply, FeedError> {
    fetch(&Net::Online.permit().unwrap(), address, known, &limits())
}

fn fresh(address: &str) -> (Vec<u8>, Validators) {
    match get(address, &Validators::default()) {
        Ok(Fetched::Feed { bytes, validators }) => (bytes, validators),
        other => panic!("{other:?}"),
    }
}

fn fault(address: &str) -> String {
    get(address, &Validators::default()).unwrap_err().to_string()
}

#[test]
fn a_feed_comes_once_and_again_only_when_its_tag_or_its_date_is_another() {
    let server = FeedServer::start();
    let address = server.at("/feed");
    for (first, second) in [
        (
            Served::Tagged("\"1\"", "one".into()),
            Served::Tagged("\"2\"", "two".into()),
        ),
        (
            Served::Dated(DAY, "one".into()),
            Served::Dated("Thu, 02 May 2024 10:00:00 GMT", "two".into()),
        ),
    ] {
        server.serve("/feed", first);
        let (bytes, validators) = fresh(&address);
        assert_eq!((bytes.as_slice(), validators.is_empty()), (&b"one"[..], false));
        assert_eq!(get(&address, &validators).unwrap(), Fetched::Unchanged);
        server.serve("/feed", second);
        assert!(matches!(get(&address, &validators).unwrap(), Fetched::Feed { bytes, .. } if bytes == b"two"));
    }
}

#[test]
fn a_refusal_a_closed_port_and_a_304_to_nobody_who_asked_are_told() {
    let server = FeedServer::start();
    assert!(fault(&server.at("/nowhere")).contains("404"));
    server.serve("/busy", Served::Status(503));
    assert!(fault(&server.at("/busy")).contains("503"));
    server.serve("/odd", Served::Status(304));
    assert!(fault(&server.at("/odd")).contains("304"));
    assert!(!fault("http://127.0.0.1:9/feed?key=secret").contains("secret"));
}

#[test]
fn a_feed_of_exactly_the_limit_comes_and_a_byte_more_is_too_large() {
    let server = FeedServer::start();
    server.serve("/fits", Served::Endless(1_000));
    assert_eq!(fresh(&server.at("/fits")).0.len(), 1_000);
    server.serve("/large", Served::Endless(1_001));
    assert!(fault(&server.at("/large")).contains("larger than 1000 bytes"));
}

#[test]
fn redirects_are_followed_as_far_as_the_limit_and_to_web_addresses_only() {
    let server = FeedServer::start();
    server.serve("/0", Served::Plain("there".into()));
    for n in 1..=4 {
        server.serve(&format!("/{n}"), Served::Redirect(server.at(&format!("/{}", n - 1))));
    }
    assert_eq!(fresh(&server.at("/3")).0, b"there");
    assert!(fault(&server.at("/4")).contains("more than 3 redirects"));
    server.serve("/file", Served::Redirect("file:///etc/passwd".into()));
    get(&server.at("/file"), &Validators::default()).unwrap_err();
    server.serve("/loop", Served::Redirect(server.at("/loop")));
    assert!(fault(&server.at("/loop")).contains("redirects"));
}

#[test]
fn a_server_that_falls_silent_ends_with_the_time() {
    let server = FeedServer::start();
    server.serve("/silent", Served::Silent);
    let limits = Limits {
        time: Duration::from_millis(200),
        ..limits()
    };
    let permit = Net::Online.permit().unwrap();
    let error = fetch(&permit, &server.at("/silent"), &Validators::default(), &limits).unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[test]
fn only_web_addresses_are_fetched_and_they_are_shown_without_what_is_secret() {
    for address in [
        "file:///etc/passwd",
        "ftp://a/b",
        "feed",
        "",
        "http://",
        "data:text/xml,x",
    ] {
        assert!(!is_address(address), "{address}");
        assert!(
            matches!(get(address, &Validators::default()), Err(FeedError::Address)),
            "{address}"
        );
    }
    assert!(is_address("https://example.org/feed"));
    assert_eq!(
        shown("https://me:word@example.org:8080/feed.xml?key=k#f"),
        "https://example.org:8080/feed.xml"
    );
}

#[test]
fn permanent_redirects_are_reported_up_to_the_first_temporary_one() {
    let server = FeedServer::start();
    server.serve("/new", Served::Tagged("\"1\"", "there".into()));
    server.serve("/middle", Served::Redirect(server.at("/new")));
    for (path, to, moved) in [
        ("/a", Served::Moved(server.at("/new")), Some("/new")),
        ("/b", Served::Moved(server.at("/middle")), Some("/middle")),
        ("/c", Served::Redirect(server.at("/a")), None),
        ("/new", Served::Tagged("\"1\"", "there".into()), None),
    ] {
        server.serve(path, to);
        let reply = reply(&server.at(path), &Validators::default()).unwrap();
        assert_eq!(reply.moved_to, moved.map(|path| server.at(path)), "{path}");
    }
}

#[test]
fn a_busy_server_says_when_to_come_back() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let at = |value: &str| retry_after(value, now).map(|until| until.to_string());
    assert_eq!(at("120").as_deref(), Some("2026-01-01T00:02:00Z"));
    assert_eq!(
        at("Thu, 01 Jan 2026 01:00:00 GMT").as_deref(),
        Some("2026-01-01T01:00:00Z")
    );
    for longest in ["999999999999", "Fri, 01 Jan 2027 00:00:00 GMT"] {
        assert_eq!(at(longest).as_deref(), Some("2026-01-08T00:00:00Z"));
    }
    for nothing in ["0", "Mon, 01 Jan 2024 00:00:00 GMT", "soon", "-5", ""] {
        assert_eq!(at(nothing), None, "{nothing}");
    }
    let server = FeedServer::start();
    server.serve("/busy", Served::Busy(429, "3600".into()));
    assert!(fault(&server.at("/busy")).contains("429 Too Many Requests and asks to wait until 2"));
    server.serve("/soon", Served::Busy(503, "soon".into()));
    assert!(fault(&server.at("/soon")).ends_with("503 Service Unavailable"));
}
