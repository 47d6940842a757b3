//! Tests indexes that are contended, interrupted or damaged, and full disks.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::*;

#[test]
fn an_open_index_is_not_disturbed_by_a_refresh() {
    let dir = tempfile::tempdir().unwrap();
    let (before, _) = Store::refresh(dir.path(), &some()).unwrap();
    Store::refresh(dir.path(), &some()[..1]).unwrap();
    assert_eq!(ids(&before).len(), 4);
}

#[test]
fn a_second_refresher_says_that_the_first_is_busy_and_a_reader_does_not_wait() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()).unwrap();
    let _held = folder::lock(dir.path(), Duration::ZERO).unwrap();
    Store::open_or_refresh(dir.path(), &some()).unwrap();
    let error = Store::refresh_within(dir.path(), &some()[..1], Duration::ZERO)
        .err()
        .unwrap();
    assert!(matches!(error, IndexError::Busy { .. }), "{error}");
    assert!(error.hint().unwrap().contains("try again"));
}

#[test]
fn refreshers_at_the_same_time_leave_one_right_index() {
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for part in 1..=3 {
            let dir = dir.path();
            scope.spawn(move || Store::open_or_refresh(dir, &some()[..part]).unwrap());
        }
    });
    let (store, _) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert_eq!(ids(&store).len(), 4);
}

#[test]
fn a_commit_that_was_killed_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()[..2]).unwrap();
    let meta = generation(dir.path()).join("meta.json");
    let before = fs::read(&meta).unwrap();
    // A killed refresh has written segments but not renamed meta.json. Undo only the rename.
    Store::refresh(dir.path(), &[some(), vec![edition("new", &[("Q?", &["A."])])]].concat()).unwrap();
    fs::write(&meta, before).unwrap();
    let (store, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert_eq!(ids(&store).len(), 4);
    assert_eq!(report.rebuilt, None);
}

#[test]
fn a_rebuild_that_was_killed_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()).unwrap();
    let orphan = folder::next(dir.path()).unwrap();
    fs::create_dir(&orphan).unwrap();
    fs::write(orphan.join("meta.json"), "{").unwrap();
    Store::refresh(dir.path(), &some()[..1]).unwrap();
    assert!(!orphan.exists());
}

#[test]
fn an_index_of_another_version_is_rebuilt_beside_it_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()).unwrap();
    let old = generation(dir.path());
    let meta = fs::read_to_string(old.join("meta.json")).unwrap();
    fs::write(
        old.join("meta.json"),
        meta.replace("askpm-manifest 1", "askpm-manifest 0"),
    )
    .unwrap();
    let (store, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert!(report.rebuilt.unwrap().contains("format 0"));
    assert_ne!(generation(dir.path()), old);
    assert!(!old.exists());
    assert_eq!(ids(&store).len(), 4);
}

/// Checks that after any damage to a file of the index, the next opening has the right passages again.
fn survives(harm: impl Fn(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    // The store is not kept open. Its files are mapped, and truncating a mapped file under a reader is a fault.
    let expected = ids(&Store::refresh(dir.path(), &some()).unwrap().0);
    let names: Vec<_> = fs::read_dir(generation(dir.path()))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    for name in names {
        let file = generation(dir.path()).join(&name);
        if !file.is_file() {
            continue; // A segment's name changes with each rebuild: those files are met once, in the first generation.
        }
        harm(&file);
        let (store, _) = Store::open_or_refresh(dir.path(), &some()).unwrap();
        assert_eq!(ids(&store), expected, "after harm to {name:?}");
        crate::retrieve::search(&store, &crate::retrieve::Query::new("price roadmap", 5)).unwrap();
    }
}

#[test]
fn every_truncated_file_is_survived() {
    survives(|file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    });
}

#[test]
fn every_emptied_and_missing_file_is_survived() {
    survives(|file| fs::write(file, "").unwrap());
    survives(|file| fs::remove_file(file).unwrap());
}

#[test]
fn flipped_bits_anywhere_are_survived() {
    let made = tempfile::tempdir().unwrap();
    Store::refresh(made.path(), &some()).unwrap();
    let name = generation(made.path()).file_name().unwrap().to_owned();
    let files: Vec<_> = fs::read_dir(generation(made.path()))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let step = (bytes.len() / 5).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let dir = tempfile::tempdir().unwrap();
            folder::prepare(dir.path()).unwrap();
            let copy = dir.path().join(&name);
            fs::create_dir(&copy).unwrap();
            for f in &files {
                fs::copy(f, copy.join(f.file_name().unwrap())).unwrap();
            }
            folder::publish(dir.path(), &copy).unwrap();
            let mut harmed = bytes.clone();
            harmed[at] ^= 1 << (at % 8);
            fs::write(copy.join(file.file_name().unwrap()), harmed).unwrap();
            let (store, _) = Store::open_or_refresh(dir.path(), &some()).unwrap();
            assert_eq!(ids(&store).len(), 4, "{file:?} at {at}");
        }
    }
}

#[test]
fn a_damaged_segment_is_rebuilt_and_named() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()).unwrap();
    let store_file = fs::read_dir(generation(dir.path()))
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "store"))
        .unwrap();
    let mut bytes = fs::read(&store_file).unwrap();
    bytes[3] ^= 0x10;
    fs::write(&store_file, bytes).unwrap();
    let (_, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert!(report.rebuilt.unwrap().contains("is damaged"));
}

#[test]
fn a_folder_that_cannot_be_made_or_is_a_file_is_one_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = Store::open_or_refresh(&path, &some()).err().unwrap();
        let text = error.to_string();
        assert!(text.contains("file") && !text.contains('\n'), "{text}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "x");
}

/// A file system of a given size, unmounted when dropped. `mount` returns `None` if mounting is not allowed.
struct TinyDisk(tempfile::TempDir);

impl TinyDisk {
    fn mount(size: &str) -> Option<TinyDisk> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "askpm-test"])
            .arg(dir.path())
            .output()
            .is_ok_and(|out| out.status.success());
        mounted.then_some(TinyDisk(dir))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily, because a process that another test is starting may briefly hold a copy of an open file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_is_told_with_the_way_out_and_leaves_the_index_as_it_was() {
    let Some(disk) = TinyDisk::mount("192k") else {
        crate::testing::skipped("a full disk (needs the right to mount a tmpfs)");
        return;
    };
    let dir = disk.0.path().join("index");
    Store::refresh(&dir, &some()).unwrap();
    // Words that do not compress, more than fit on the disk.
    let noise: Vec<String> = (0..60u32)
        .map(|i| {
            (0..40u32)
                .map(|j| crate::hex::hex(&sha256(&(i * 1000 + j).to_le_bytes()))[..30].to_string() + " ")
                .collect()
        })
        .collect();
    let answers: Vec<&str> = noise.iter().map(String::as_str).collect();
    let mut files = some();
    for (i, chunk) in answers.chunks(5).enumerate() {
        files.push(edition(&format!("big{i}"), &[("Noise?", chunk)]));
    }
    for (i, chunk) in answers.chunks(5).enumerate() {
        let reversed: Vec<String> = chunk.iter().map(|t| t.chars().rev().collect()).collect();
        let reversed: Vec<&str> = reversed.iter().map(String::as_str).collect();
        files.push(edition(&format!("gib{i}"), &[("Noise?", &reversed)]));
    }
    let error = Store::refresh(&dir, &files)
        .err()
        .expect("it fitted: make the disk smaller");
    assert!(
        error.hint().unwrap_or_default().contains("free some space"),
        "{error:?}"
    );
    assert!(!error.to_string().contains('\n'), "{error}");
    let (store, report) = Store::open_or_refresh(&dir, &some()).unwrap();
    assert_eq!((ids(&store).len(), report.unchanged, report.rebuilt), (4, 3, None));
}

#[test]
fn a_disk_that_became_read_only_is_searched_and_an_update_told_with_the_way_out() {
    let Some(disk) = TinyDisk::mount("4m") else {
        crate::testing::skipped("a read-only disk (needs the right to mount a tmpfs)");
        return;
    };
    let dir = disk.0.path().join("index");
    Store::refresh(&dir, &some()).unwrap();
    let remount = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(disk.0.path())
        .output()
        .unwrap();
    assert!(remount.status.success(), "{remount:?}");
    let (store, report) = Store::open_or_refresh(&dir, &some()).unwrap();
    assert_eq!((ids(&store).len(), report.unchanged, report.rebuilt), (4, 3, None));
    let mut more = some();
    more.push(edition("late", &[("Late?", &["Too late."])]));
    let error = Store::open_or_refresh(&dir, &more)
        .err()
        .expect("a read-only disk was written to");
    assert!(error.hint().unwrap_or_default().contains("XDG_CACHE_HOME"), "{error:?}");
    let (store, _) = Store::open_or_refresh(&dir, &some()).unwrap();
    assert_eq!(ids(&store).len(), 4);
}

/// Names the folder in which the test below, run as a separate process, refreshes until it is killed.
const VICTIM: &str = "ASKPM_TEST_REFRESH_FOR_EVER";

#[test]
#[ignore = "a helper process of the next test"]
fn refreshes_for_ever() {
    let Some(dir) = env::var_os(VICTIM) else { return };
    loop {
        Store::refresh(Path::new(&dir), &some()).unwrap();
        Store::refresh(Path::new(&dir), &some()[1..]).unwrap();
    }
}

#[test]
fn a_refresh_killed_at_any_moment_leaves_one_state_or_the_other() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()).unwrap();
    for round in 0..6 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "index::tests::damage::refreshes_for_ever",
                "--ignored",
                "--nocapture",
            ])
            .env(VICTIM, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(40 + 23 * round));
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        let store = store::open_current(dir.path(), store::Check::Whole).unwrap().unwrap();
        assert!([2, 4].contains(&ids(&store).len()), "{:?}", ids(&store));
        let (store, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
        assert_eq!((ids(&store).len(), report.rebuilt), (4, None));
    }
}
