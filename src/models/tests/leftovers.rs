//! Tests of deleting what interrupted downloads left.

use std::fs;

use super::*;

#[test]
fn a_download_that_can_go_on_is_no_leftover() {
    let bench = Bench::new();
    bench.leave_partial(&bench.bytes[..10]);
    let registry = list_of(&bench.model);
    assert!(leftovers(&registry, &bench.places).is_empty() && sweep(&registry, &bench.places).is_empty());
    assert!(bench.partial().exists());
}

#[test]
fn what_is_too_long_or_beside_the_whole_file_is_swept_and_the_file_is_not() {
    let bench = Bench::new();
    let registry = list_of(&bench.model);
    bench.leave_partial(&[&bench.bytes[..], b"more"].concat());
    assert_eq!(leftovers(&registry, &bench.places), [bench.partial()]);
    assert_eq!(sweep(&registry, &bench.places), [bench.partial()]);
    bench.fetched();
    bench.leave_partial(&bench.bytes[..10]);
    assert_eq!(sweep(&registry, &bench.places), [bench.partial()]);
    assert!(!bench.partial().exists());
    assert_eq!(fs::read(bench.blob()).unwrap(), bench.bytes);
    assert!(sweep(&registry, &bench.places).is_empty());
}

#[test]
fn what_another_program_is_fetching_is_left_to_it() {
    let bench = Bench::new();
    let registry = list_of(&bench.model);
    bench.fetched();
    bench.leave_partial(b"x");
    let entry = store::CacheEntry::of(&bench.model, &bench.places);
    let held = entry.lock(&mut Quiet).unwrap();
    assert!(sweep(&registry, &bench.places).is_empty() && bench.partial().exists());
    drop(held);
    assert_eq!(sweep(&registry, &bench.places).len(), 1);
}
