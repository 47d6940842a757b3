//! Tests of the cache: finding, checking and deleting files, and caches that cannot be used.

use super::hub::Fault;
use super::*;

#[test]
fn a_file_that_another_program_put_there_is_used_offline_after_one_check() {
    let bench = Bench::new();
    bench.put_in_cache(&bench.bytes);
    let mut seen = Seen::default();
    let path = ensure(&bench.model, &bench.places, Net::Offline, &mut seen).unwrap();
    assert_eq!(path, bench.pointer());
    assert_eq!(seen.begun, [("checking tiny".to_string(), Some(300_000), 0)]);
    let mut again = Seen::default();
    ensure(&bench.model, &bench.places, Net::Offline, &mut again).unwrap();
    assert!(again.begun.is_empty());
    assert!(bench.hub.requests().is_empty());
}

#[test]
fn offline_opens_no_connection_and_says_how_to_get_the_model() {
    let bench = Bench::new();
    let error = ensure(&bench.model, &bench.places, Net::Offline, &mut Quiet).unwrap_err();
    assert!(matches!(error, ModelError::Offline { .. }), "{error}");
    assert!(error.hint().unwrap().contains("askpm models pull tiny"));
    assert!(bench.hub.requests().is_empty());
    assert!(!bench.places.hub_cache.exists());
}

#[test]
fn a_damaged_file_is_named_offline_and_replaced_online() {
    let bench = Bench::new();
    let mut wrong = bench.bytes.clone();
    wrong[5] ^= 1;
    bench.put_in_cache(&wrong);
    let error = ensure(&bench.model, &bench.places, Net::Offline, &mut Quiet).unwrap_err();
    assert!(
        matches!(&error, ModelError::Damaged { found, .. } if *found != bench.sha256()),
        "{error}"
    );
    let seen = bench.fetched();
    assert!(seen.noted("is damaged"), "{seen:?}");
}

#[test]
fn a_file_that_changed_after_its_check_is_checked_again() {
    let bench = Bench::new();
    bench.fetched();
    let mut wrong = bench.bytes.clone();
    wrong[5] ^= 1;
    let time = std::fs::metadata(bench.blob()).unwrap().modified().unwrap();
    std::fs::write(bench.blob(), wrong).unwrap();
    let later = time + Duration::from_secs(1);
    std::fs::File::options()
        .write(true)
        .open(bench.blob())
        .unwrap()
        .set_modified(later)
        .unwrap();
    let error = ensure(&bench.model, &bench.places, Net::Offline, &mut Quiet).unwrap_err();
    assert!(matches!(error, ModelError::Damaged { .. }), "{error}");
}

#[test]
fn verify_hashes_even_what_was_noted_as_checked() {
    let bench = Bench::new();
    assert!(matches!(
        verify(&bench.model, &bench.places, &mut Quiet),
        Err(ModelError::Missing { .. })
    ));
    bench.fetched();
    let mut seen = Seen::default();
    verify(&bench.model, &bench.places, &mut seen).unwrap();
    assert_eq!(seen.advanced, 300_000);
    // Size and time are as recorded, so only the hash reveals the other bytes.
    let time = std::fs::metadata(bench.blob()).unwrap().modified().unwrap();
    let mut wrong = bench.bytes.clone();
    wrong[5] ^= 1;
    std::fs::write(bench.blob(), wrong).unwrap();
    std::fs::File::options()
        .write(true)
        .open(bench.blob())
        .unwrap()
        .set_modified(time)
        .unwrap();
    let error = verify(&bench.model, &bench.places, &mut Quiet).unwrap_err();
    assert!(matches!(error, ModelError::Damaged { .. }), "{error}");
    assert!(error.hint().unwrap().contains("models pull"));
}

#[test]
fn the_list_tells_what_is_there_and_whether_it_was_checked() {
    let bench = Bench::new();
    let text = format!(
        "version = 1\n[[model]]\nname = \"tiny\"\ntitle = \"t\"\narchitecture = \"llama\"\nquantization = \"Q8_0\"\n\
         context = 1\nlicence = \"MIT\"\nsize = 300000\nsha256 = \"{}\"\nmin_memory_mb = 1\n[[model.source]]\n\
         kind = \"hub\"\nrepo = \"org/tiny\"\nrevision = \"{COMMIT}\"\nfile = \"tiny.gguf\"\n",
        bench.sha256()
    );
    let registry = Registry::parse(&text, Path::new("test.toml")).unwrap();
    let row = || {
        let listed = list(&registry, &bench.places).remove(0);
        (listed.present, listed.verified, listed.bytes)
    };
    assert_eq!(row(), (None, false, 0));
    bench.put_in_cache(&bench.bytes);
    assert_eq!(row(), (Some(bench.blob()), false, 300_000));
    bench.fetched();
    assert_eq!(row(), (Some(bench.pointer()), true, 300_000));
}

#[test]
fn remove_deletes_the_file_its_links_and_the_empty_folders_and_nothing_else() {
    let bench = Bench::new();
    assert!(matches!(
        remove(&bench.model, &bench.places, &mut Quiet),
        Err(ModelError::Missing { .. })
    ));
    bench.fetched();
    let neighbour = bench.repo().join("snapshots").join(COMMIT).join("README.md");
    std::fs::write(&neighbour, "kept").unwrap();
    std::fs::create_dir_all(bench.repo().join("refs")).unwrap();
    std::fs::write(bench.repo().join("refs/main"), COMMIT).unwrap();
    let removed = remove(&bench.model, &bench.places, &mut Quiet).unwrap();
    assert_eq!((removed.files, removed.bytes), (2, 300_000));
    assert!(!bench.blob().exists() && std::fs::symlink_metadata(bench.pointer()).is_err());
    assert!(neighbour.exists() && bench.repo().join("refs/main").exists());

    std::fs::remove_file(&neighbour).unwrap();
    bench.fetched();
    remove(&bench.model, &bench.places, &mut Quiet).unwrap();
    assert!(!bench.repo().exists());
}

#[test]
fn remove_deletes_what_an_interrupted_download_left() {
    let bench = Bench::new();
    bench.leave_partial(&bench.bytes[..1000]);
    let removed = remove(&bench.model, &bench.places, &mut Quiet).unwrap();
    assert_eq!((removed.files, removed.bytes), (1, 1000));
    assert!(!bench.repo().exists());
}

#[cfg(unix)]
#[test]
fn remove_does_not_follow_a_link_out_of_the_cache() {
    let bench = Bench::new();
    bench.fetched();
    let outside = bench.dir.path().join("outside");
    std::fs::rename(bench.repo(), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, bench.repo()).unwrap();
    let error = remove(&bench.model, &bench.places, &mut Quiet).unwrap_err();
    assert!(matches!(error, ModelError::OutsideCache { .. }), "{error}");
    assert!(outside.join("blobs").join(bench.sha256()).exists());
}

#[test]
fn too_little_space_is_said_before_anything_is_fetched() {
    let mut bench = Bench::new();
    bench.places.free_space = |_| Some(1_000);
    let error = bench.ensure().0.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not enough disk space: it needs 1 MB more, and 0 MB are free"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("HF_HUB_CACHE"));
    assert!(bench.hub.requests().is_empty());
    bench.places.free_space = |_| None;
    bench.fetched();
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_while_writing_is_named_and_no_other_source_tried() {
    let mut bench = Bench::new();
    bench.model.sources.push(hub_source("other/tiny", COMMIT));
    std::fs::create_dir_all(bench.partial().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", bench.partial()).unwrap();
    let error = bench.ensure().0.unwrap_err();
    assert!(matches!(error, ModelError::DiskFull { .. }), "{error}");
    assert_eq!(bench.hub.requests().len(), 1);
    // The unfinished download is kept.
    assert!(std::fs::symlink_metadata(bench.partial()).is_ok());
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_to_is_named() {
    let bench = Bench::new();
    std::fs::write(&bench.places.hub_cache, "a file where the folder should be").unwrap();
    let error = bench.ensure().0.unwrap_err();
    assert!(matches!(error, ModelError::Io { .. }), "{error}");
    assert!(error.to_string().contains("hub"), "{error}");
}

#[test]
fn the_second_of_two_waits_says_so_and_finds_the_file_there() {
    let bench = Bench::new();
    let entry = CacheEntry::of(&bench.model, &bench.places);
    let held = entry.lock(&mut Quiet).unwrap();
    let (send, waits) = std::sync::mpsc::channel();
    let (model, places) = (bench.model.clone(), bench.places.clone());
    let other = std::thread::spawn(move || ensure(&model, &places, Net::Online, &mut Waits(send)));
    // The note comes from inside `lock`, so the other thread is waiting for the lock.
    assert!(waits.recv().unwrap().contains("waiting"));
    bench.put_in_cache(&bench.bytes);
    drop(held);
    assert_eq!(other.join().unwrap().unwrap(), bench.pointer());
    assert!(bench.hub.requests().is_empty());
}

struct Waits(std::sync::mpsc::Sender<String>);

impl Progress for Waits {
    fn begin(&mut self, _what: &str, _total: Option<u64>, _already: u64) {}
    fn advance(&mut self, _bytes: u64) {}
    fn note(&mut self, text: &str) {
        self.0.send(text.to_string()).unwrap();
    }
    fn end(&mut self) {}
}

#[test]
fn four_at_once_make_one_download() {
    let bench = Bench::new();
    bench.hub.order([Fault::CutAfter(100_000)]);
    std::thread::scope(|scope| {
        let one = || ensure(&bench.model, &bench.places, Net::Online, &mut Quiet).unwrap();
        let all: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        all.into_iter()
            .for_each(|thread| assert_eq!(thread.join().unwrap(), bench.pointer()));
    });
    assert_eq!(bench.hub.ranges(), [None, Some("bytes=100000-".to_string())]);
}
