//! Tests of downloads from the Hub and of the faults of networks and servers.

use super::hub::{Fault, refused};
use super::*;

#[test]
fn a_missing_model_is_fetched_checked_and_laid_out_as_huggingface_hub_does() {
    let bench = Bench::new();
    let (path, seen) = bench.ensure();
    let path = path.unwrap();
    assert_eq!(path, bench.pointer());
    assert_eq!(std::fs::read(bench.blob()).unwrap(), bench.bytes);
    #[cfg(unix)]
    assert_eq!(
        std::fs::read_link(&path).unwrap(),
        Path::new("../../blobs").join(bench.sha256())
    );
    assert_eq!(
        seen.begun,
        [("tiny from the Hub (org/tiny)".to_string(), Some(300_000), 0)]
    );
    assert_eq!((seen.advanced, seen.open, seen.notes.len()), (300_000, 0, 0));
}

#[test]
fn a_model_that_was_fetched_is_not_asked_for_again() {
    let bench = Bench::new();
    bench.fetched();
    let seen = bench.fetched();
    assert_eq!(bench.hub.requests().len(), 1);
    assert!(seen.begun.is_empty(), "hashed again: {seen:?}");
}

#[test]
fn an_interrupted_download_goes_on_in_the_next_run_with_the_rest_only() {
    let bench = Bench::new();
    bench.hub.order([Fault::CutAfter(100_000), Fault::Status(404)]);
    bench.failure();
    assert_eq!(std::fs::metadata(bench.partial()).unwrap().len(), 100_000);
    let seen = bench.fetched();
    assert_eq!(bench.hub.ranges().last().unwrap().as_deref(), Some("bytes=100000-"));
    assert_eq!(seen.begun.first().unwrap().2, 100_000);
    assert_eq!(seen.advanced, 200_000);
}

#[test]
fn a_connection_that_breaks_goes_on_in_the_same_run() {
    let bench = Bench::new();
    bench
        .hub
        .order([Fault::CutAfter(100_000), Fault::CutAfter(50_000), Fault::Close]);
    let seen = bench.fetched();
    let ranges = [
        None,
        Some("bytes=100000-".into()),
        Some("bytes=150000-".into()),
        Some("bytes=150000-".into()),
    ];
    assert_eq!(bench.hub.ranges(), ranges);
    assert_eq!(seen.advanced, 300_000);
    assert!(seen.noted("resuming from byte 100000"), "{seen:?}");
}

#[test]
fn a_connection_on_which_nothing_comes_is_given_up_and_resumed() {
    let mut bench = Bench::new();
    bench.places.limits.stall = Duration::from_secs(1);
    bench.hub.order([Fault::StallAfter(100_000)]);
    let seen = bench.fetched();
    assert!(seen.noted("no data came for 1 s"), "{seen:?}");
    assert_eq!(bench.hub.ranges().get(1).unwrap().as_deref(), Some("bytes=100000-"));
}

#[test]
fn a_server_that_always_breaks_off_is_left_after_bounded_tries() {
    let mut bench = Bench::new();
    bench.places.limits.tries = 5;
    bench.hub.order(vec![Fault::CutAfter(1); 50]);
    assert_eq!(bench.failure().why, "the file was incomplete after 5 connections");
    assert_eq!(bench.hub.requests().len(), 5);
}

#[test]
fn a_server_that_ignores_the_range_makes_it_start_over() {
    let bench = Bench::new();
    bench.leave_partial(&bench.bytes[..1000]);
    bench.hub.order([Fault::IgnoreRange]);
    let seen = bench.fetched();
    assert_eq!(bench.hub.ranges(), [Some("bytes=1000-".to_string())]);
    assert!(seen.noted("cannot resume"), "{seen:?}");
    assert_eq!(seen.begun.last().unwrap().2, 0);
}

#[test]
fn a_part_that_was_damaged_on_disk_is_fetched_again_from_the_start() {
    let bench = Bench::new();
    bench.leave_partial(&[7; 1000]);
    let seen = bench.fetched();
    assert_eq!(bench.hub.ranges(), [Some("bytes=1000-".to_string()), None]);
    assert!(seen.noted("damaged"), "{seen:?}");
}

#[test]
fn a_part_longer_than_the_file_is_thrown_away() {
    let bench = Bench::new();
    bench.leave_partial(&vec![7; 300_001]);
    bench.fetched();
    assert_eq!(bench.hub.ranges(), [None]);
}

#[test]
fn a_whole_file_that_was_never_put_in_place_needs_no_connection() {
    let bench = Bench::new();
    bench.leave_partial(&bench.bytes);
    bench.fetched();
    assert!(bench.hub.requests().is_empty());
}

#[test]
fn a_part_that_the_server_does_not_have_makes_it_start_over() {
    let bench = Bench::new();
    bench.leave_partial(&bench.bytes[..1000]);
    bench.hub.order([Fault::Status(416)]);
    bench.fetched();
    assert_eq!(bench.hub.ranges(), [Some("bytes=1000-".to_string()), None]);
}

#[test]
fn a_part_that_begins_elsewhere_is_not_taken() {
    let bench = Bench::new();
    bench.leave_partial(&bench.bytes[..1000]);
    bench.hub.order([Fault::WrongPart]);
    let seen = bench.fetched();
    assert!(seen.noted("from byte 500, not 1000"), "{seen:?}");
}

#[test]
fn a_file_with_another_hash_is_deleted_and_said_so() {
    let bench = Bench::new();
    bench.hub.order([Fault::WrongBytes]);
    let failure = bench.failure();
    assert!(
        failure.why.contains("not the listed") && failure.why.contains(bench.sha256()),
        "{failure:?}"
    );
    assert!(!bench.partial().exists() && !bench.blob().exists());
}

#[test]
fn after_a_wrong_file_the_next_source_is_tried() {
    let mut bench = Bench::new();
    bench.model.sources.push(hub_source("other/tiny", COMMIT));
    bench.hub.serve(&FILE_PATH.replace("/org/", "/other/"), &bench.bytes);
    bench.hub.order([Fault::WrongBytes]);
    let seen = bench.fetched();
    assert!(seen.noted("the Hub (org/tiny): the file's sha256 is"), "{seen:?}");
    assert_eq!(path(&bench.model, &bench.places).unwrap(), bench.pointer());
}

#[test]
fn files_of_another_length_are_refused_whether_or_not_the_headers_say_so() {
    let bench = Bench::new();
    bench.hub.order([Fault::TooLong(5)]);
    assert_eq!(
        bench.failure().why,
        "the file there is 300005 bytes, not the listed 300000"
    );
    bench.hub.order([Fault::NoLengthTooLong(5)]);
    assert!(bench.failure().why.contains("longer than the listed 300000 bytes"));
    assert!(!bench.blob().exists());
}

#[test]
fn a_file_whose_length_is_not_told_is_fetched_all_the_same() {
    let bench = Bench::new();
    bench.hub.order([Fault::NoLength]);
    bench.fetched();
}

#[test]
fn another_file_is_known_by_its_linked_hash_before_a_byte_of_it_comes() {
    let bench = Bench::new();
    bench.hub.link(FILE_PATH, &"f".repeat(64));
    let failure = bench.failure();
    assert!(failure.why.contains("ffff, not the listed"), "{failure:?}");
    assert!(!bench.partial().exists());
}

#[test]
fn refused_access_hints_at_the_token_and_is_not_retried() {
    for code in [401, 403] {
        let bench = Bench::new();
        bench.hub.order([Fault::Status(code)]);
        let (result, _) = bench.ensure();
        let error = result.unwrap_err();
        assert!(error.to_string().contains(&code.to_string()), "{error}");
        assert!(error.hint().unwrap().contains("HF_TOKEN"), "{error}");
        assert_eq!(bench.hub.requests().len(), 1);
    }
}

#[test]
fn a_missing_file_is_not_retried() {
    let bench = Bench::new();
    bench.hub.order([Fault::Status(404)]);
    assert!(bench.failure().why.contains("(404)"));
    assert_eq!(bench.hub.requests().len(), 1);
}

#[test]
fn a_busy_server_is_waited_for_as_it_asks_but_not_for_long() {
    let bench = Bench::new();
    bench.hub.order([Fault::Busy(429, 0), Fault::Busy(503, 0)]);
    bench.fetched();
    assert_eq!(bench.hub.requests().len(), 3);

    let bench = Bench::new();
    bench.hub.order([Fault::Busy(429, 3600)]);
    assert_eq!(bench.failure().why, "it is busy (429) and asks to wait 3600 s");
    assert_eq!(bench.hub.requests().len(), 1);
}

#[test]
fn server_errors_are_retried_until_it_is_no_use() {
    let bench = Bench::new();
    bench.hub.order([Fault::Status(500), Fault::Status(502)]);
    bench.fetched();

    let bench = Bench::new();
    bench.hub.order(vec![Fault::Status(500); 50]);
    assert_eq!(bench.failure().why, "the server answered 500");
    assert_eq!(bench.hub.requests().len() as u32, bench.places.limits.fruitless_tries);
}

#[test]
fn a_server_that_is_not_there_is_named_as_such() {
    let mut bench = Bench::new();
    bench.places.endpoint = refused();
    let failure = bench.failure();
    assert!(failure.why.starts_with("the server cannot be reached: "), "{failure:?}");
    bench.places.endpoint = "not an address".into();
    assert!(bench.failure().hint.unwrap().contains("HF_ENDPOINT"));
}

#[test]
fn the_token_goes_to_the_endpoint_and_never_to_where_it_redirects() {
    let mut bench = Bench::new();
    bench.places.token = Some(Token("secret".into()));
    let elsewhere = Hub::start();
    elsewhere.serve("/cdn/file", &bench.bytes);
    bench.leave_partial(&bench.bytes[..1000]);
    bench.hub.order([
        Fault::Redirect("/moved".into()),
        Fault::Redirect(format!("{}/cdn/file", elsewhere.endpoint())),
    ]);
    bench.hub.serve("/moved", &bench.bytes);
    bench.fetched();
    let own: Vec<_> = bench
        .hub
        .requests()
        .into_iter()
        .map(|request| (request.path, request.authorization))
        .collect();
    let bearer = Some("Bearer secret".to_string());
    assert_eq!(
        own,
        [(FILE_PATH.to_string(), bearer.clone()), ("/moved".to_string(), bearer)]
    );
    let other = elsewhere.requests();
    assert_eq!(other.len(), 1);
    assert_eq!(
        (&other[0].authorization, other[0].range.as_deref()),
        (&None, Some("bytes=1000-"))
    );
}

#[test]
fn a_circle_of_redirects_ends() {
    let bench = Bench::new();
    bench.hub.order(vec![Fault::Redirect(FILE_PATH.into()); 50]);
    assert_eq!(bench.failure().why, "more than 10 redirects");
}

#[test]
fn redirects_away_from_http_are_not_followed() {
    let bench = Bench::new();
    bench.hub.order([Fault::Redirect("file:///etc/passwd".into())]);
    assert!(bench.failure().why.contains("redirected"), "{:?}", bench.hub.requests());
}

#[test]
fn a_branch_is_fetched_at_the_commit_it_stands_for_and_its_ref_written() {
    let mut bench = Bench::new();
    bench.model.sources = vec![hub_source("org/tiny", "main")];
    bench.hub.answer_json(
        "/api/models/org/tiny/revision/main",
        &format!(r#"{{"id":"org/tiny","sha":"{COMMIT}"}}"#),
    );
    bench.fetched();
    assert_eq!(bench.hub.requests().last().unwrap().path, FILE_PATH);
    assert_eq!(std::fs::read_to_string(bench.repo().join("refs/main")).unwrap(), COMMIT);
    assert_eq!(path(&bench.model, &bench.places).unwrap(), bench.pointer());
}

#[test]
fn a_branch_whose_commit_is_not_told_is_fetched_by_its_name_and_claims_no_ref() {
    let mut bench = Bench::new();
    bench.model.sources = vec![hub_source("org/tiny", "main")];
    bench.hub.serve("/org/tiny/resolve/main/tiny.gguf", &bench.bytes);
    // The first GET asks for the commit.
    bench.hub.order([Fault::Status(404)]);
    bench.fetched();
    assert!(!bench.repo().join("refs").exists());
    let seen = bench.fetched();
    assert!(
        seen.begun.is_empty() && bench.hub.requests().len() == 2,
        "{:?}",
        bench.hub.requests()
    );
}

#[test]
fn every_file_of_a_model_is_fetched_from_the_hub_and_lies_beside_the_others() {
    let mut bench = Bench::new();
    let mut hasher = Hasher::default();
    hasher.update(b"{}");
    bench.model.files = vec![ModelFile {
        name: "config.json".into(),
        size: 2,
        sha256: Some(hasher.hex()),
    }];
    let listed = |bench: &Bench| {
        let registry = list_of(&bench.model);
        list(&registry, &bench.places).remove(0)
    };
    // The Hub has only the first file. It is kept, but the model counts as missing.
    assert!(bench.ensure().0.is_err());
    assert_eq!((listed(&bench).present, listed(&bench).bytes), (None, 300_000));
    bench.hub.serve(&FILE_PATH.replace("tiny.gguf", "config.json"), b"{}");
    let paths = ensure_all(&bench.model, &bench.places, Net::Online, &mut Quiet).unwrap();
    assert_eq!(paths[0].parent(), paths[1].parent());
    assert_eq!(std::fs::read(&paths[1]).unwrap(), b"{}");
    assert_eq!((listed(&bench).verified, listed(&bench).bytes), (true, 300_002));
}
