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
