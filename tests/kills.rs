//! Tests that a refresh killed at any moment leaves the complete old index or the complete new one.
//!
//! Every edition names its version of the corpus. Each round changes all editions, kills the refresh at a random moment
//! (SIGKILL), and checks what is left: first the index as it is, then through `askpm search`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use askpm::index::Store;
use askpm::retrieve::{Query, search};
use askpm_fixtures::Numbers;

use crate::harness::{Home, Run};

const EDITIONS: usize = 30;
const KILLS: usize = 200;

/// A refresh that ended before the kill does not count and is repeated. If every kill left the old index, or every one
/// the new, there are more kills. This many rounds for each kill at most.
const MOST_ROUNDS: usize = 6;

/// In one of this many rounds, the index is built from nothing. If killed then, there is none or a complete one.
const ANEW: usize = 10;

fn askpm(home: &Home) -> Run {
    home.bare().env("ASKPM_CORPUS", home.path("corpus"))
}

/// Writes every edition again: the same words, and the version.
fn write(home: &Home, version: usize) {
    for n in 0..EDITIONS {
        let text = format!(
            "---\nslug: edition-{n}\ntitle: Edition {n}\n---\n\n## Q1. Which walrus is number {n}?\n\n### A. Somebody\n\n\
             The walrus says version{version} now. It slept {n} days on floe{n}, and swam past buoy{n} to beach{n}.\n"
        );
        home.write(&format!("corpus/edition-{n}.md"), text);
    }
}

/// Returns the folder of the only index of `home`.
fn index(home: &Home) -> PathBuf {
    let folders = fs::read_dir(home.path(".cache/askpm/index")).unwrap();
    let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1);
    folders.remove(0)
}

fn version(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("version")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Returns the versions that the current index contains, or `None` if there is no index.
fn versions_in(index: &Path) -> Option<BTreeSet<usize>> {
    let store = Store::open(index).unwrap()?;
    let found = search(&store, &Query::new("walrus", 10 * EDITIONS)).unwrap();
    assert_eq!(found.hits.len(), EDITIONS);
    Some(
        found
            .hits
            .iter()
            .map(|hit| version(&hit.passage.text).unwrap())
            .collect(),
    )
}

/// Returns the versions that `askpm search` finds. It refreshes first, and must not find anything to repair.
fn versions_searched(home: &Home) -> BTreeSet<usize> {
    let ran = askpm(home).args(["search", "--json", "-n", "100", "walrus"]).run().ok();
    assert_eq!(ran.stderr, "");
    let json = ran.json();
    let hits = json["hits"].as_array().unwrap();
    assert_eq!(hits.len(), EDITIONS);
    let texts = hits.iter().map(|hit| hit["snippet"].as_str().unwrap());
    texts.map(|text| version(text).unwrap()).collect()
}

/// Measures how long a refresh of every edition takes: the median of nine.
fn duration(home: &Home, first: usize) -> Duration {
    let mut times = Vec::new();
    for version in first..first + 9 {
        write(home, version);
        let started = Instant::now();
        askpm(home).args(["refresh"]).run().ok();
        times.push(started.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_refresh_killed_at_200_random_moments_leaves_the_old_corpus_or_the_new_one() {
    refreshes_killed(KILLS);
}

/// Kills `kills` refreshes while they run, and checks what each leaves.
pub fn refreshes_killed(kills: usize) {
    let home = Home::new();
    write(&home, 0);
    askpm(&home).args(["refresh"]).run().ok();
    let index = index(&home);
    let mut time = duration(&home, 1);
    let mut random = Numbers(20_240_501);
    let (mut old, mut new, mut none, mut killed, mut round) = (0, 0, 0, 0, 0);
    write(&home, 100);
    askpm(&home).args(["refresh"]).run().ok();
    while (killed < kills || old == 0 || new == 0) && round < MOST_ROUNDS * kills {
        let (before, after) = (100 + round, 101 + round);
        let anew = round % ANEW == ANEW - 1;
        if anew {
            fs::remove_dir_all(&index).unwrap();
        }
        write(&home, after);
        let mut refresh = askpm(&home).args(["refresh"]).command();
        let mut child = refresh.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(time.mul_f64(random.unit()));
        let runs = child.try_wait().unwrap().is_none();
        killed += usize::from(runs);
        // The load of the machine changes meanwhile, and with it the time over which kills are spread.
        time = time.mul_f64(if runs { 1.03 } else { 0.89 });
        child.kill().unwrap();
        child.wait().unwrap();

        match versions_in(&index) {
            None if anew => none += 1,
            Some(versions) if versions == BTreeSet::from([after]) => new += 1,
            Some(versions) if !anew && versions == BTreeSet::from([before]) => old += 1,
            mixed => panic!("round {round}: {mixed:?}, neither {before} nor {after}"),
        }
        assert_eq!(versions_searched(&home), BTreeSet::from([after]), "round {round}");
        round += 1;
    }
    eprintln!(
        "{killed} of {round} were killed while they ran, at last within {time:?}: {old} old, {new} new, {none} none"
    );
    // If all kills came too early or too late, the test would prove nothing.
    assert!(
        killed >= kills && old > 0 && new > 0,
        "{killed} killed, {old} old, {new} new"
    );
}
