//! Injects faults of every kind into the real binary. Each must end with a clear message and intact files.
//!
//! A scenario causes one kind of fault many times, and counts the losses among the user's files: editions, imported
//! newsletters, models, settings. The test prints a table of all scenarios. With `ASKPM_WRITE_RELIABILITY=1` it writes
//! the table to `RELIABILITY.md`.

#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/damage.rs"]
mod damage;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/hub.rs"]
mod hub;
#[path = "faults/killed.rs"]
mod killed;
#[path = "faults/limits.rs"]
mod limits;
#[path = "faults/serving.rs"]
mod serving;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/together.rs"]
mod together;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::harness::{Home, Ran};

/// The result of one scenario.
pub struct Outcome {
    pub tries: usize,
    /// Editions, models and settings that are missing or changed.
    pub lost: usize,
    /// The last message of each try that failed, and how often it came.
    failures: BTreeMap<String, usize>,
    /// The same for the tries that succeeded.
    notes: BTreeMap<String, usize>,
    /// Why the scenario cannot run here.
    pub skipped: Option<String>,
}

impl Outcome {
    pub fn new() -> Outcome {
        Outcome {
            tries: 0,
            lost: 0,
            failures: BTreeMap::new(),
            notes: BTreeMap::new(),
            skipped: None,
        }
    }

    pub fn skipped(why: &str) -> Outcome {
        crate::harness::skipped(why);
        Outcome {
            skipped: Some(why.into()),
            ..Outcome::new()
        }
    }

    /// Counts a try that must have succeeded. It may have printed a note.
    #[track_caller]
    pub fn goes_on(&mut self, home: &Home, ran: &Ran) {
        assert!(matches!(ran.status, Some(0 | 3)), "{ran:#?}");
        self.tell(home, ran);
    }

    /// Counts a try that must have failed: status 1, a message, and nothing on standard output.
    #[track_caller]
    pub fn fails(&mut self, home: &Home, ran: &Ran) {
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""), "{ran:#?}");
        assert!(ran.stderr.contains("askpm: "), "{ran:#?}");
        self.tell(home, ran);
    }

    /// Counts a try that may succeed or fail.
    #[track_caller]
    pub fn ends(&mut self, home: &Home, ran: &Ran) {
        match ran.status {
            Some(1) => self.fails(home, ran),
            _ => self.goes_on(home, ran),
        }
    }

    #[track_caller]
    fn tell(&mut self, home: &Home, ran: &Ran) {
        assert!(!ran.stderr.contains("panicked"), "{ran:#?}");
        self.tries += 1;
        if let Some(line) = ran.stderr.lines().rfind(|line| line.starts_with("askpm: ")) {
            let said = if ran.status == Some(1) {
                &mut self.failures
            } else {
                &mut self.notes
            };
            *said.entry(general(home, line)).or_default() += 1;
        }
    }

    /// The most frequent message of the tries that failed or, if none failed, of those that succeeded.
    pub fn message(&self) -> String {
        let most = |said: &BTreeMap<String, usize>| {
            let most = said.iter().max_by_key(|(_, times)| **times);
            most.map(|(line, _)| line.clone())
        };
        let goes_on = || match most(&self.notes) {
            Some(line) => format!("continues: {line}"),
            None => "continues".into(),
        };
        most(&self.failures).unwrap_or_else(goes_on)
    }
}

/// `line` without the parts that differ between runs: the home folder, ports, hashes in paths, times.
fn general(home: &Home, line: &str) -> String {
    let line = line.replace(&home.path("").display().to_string(), "~/");
    let line = line.split(" at path \"").next().unwrap_or_default();
    let part = |part: &str| {
        let bare = part.trim_end_matches([':', ',', ';']);
        let end = &part[bare.len()..];
        let key = bare.len() >= 16 && bare.chars().all(|c| c.is_ascii_hexdigit());
        let time = bare.len() == 20 && bare.ends_with('Z') && bare.starts_with("20");
        match (key, time) {
            (true, _) => format!("KEY{end}"),
            (_, true) => format!("TIME{end}"),
            _ => part.to_string(),
        }
    };
    let word = |word: &str| match word.split_once("127.0.0.1:") {
        Some((before, _)) => format!("{before}127.0.0.1:PORT"),
        None => word.split('/').map(part).collect::<Vec<_>>().join("/"),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Returns the bytes of every file under `folder`, by path.
pub fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        if entry.file_type().is_file() {
            out.insert(entry.path().to_path_buf(), fs::read(entry.path()).unwrap());
        }
    }
    out
}

/// How many files of `before` are missing or changed.
pub fn lost(before: &BTreeMap<PathBuf, Vec<u8>>) -> usize {
    before
        .iter()
        .filter(|(path, bytes)| fs::read(path).ok().as_ref() != Some(bytes))
        .count()
}

/// An edition with one answer that mentions a walrus and the number of the edition.
pub fn edition(n: usize) -> String {
    format!(
        "---\nslug: edition-{n}\ntitle: Edition {n}\n---\n\n## Q1. Which walrus is number {n}?\n\n### A. Somebody\n\n\
         The walrus of number {n} lives on the ice and says nothing of prices.\n"
    )
}

/// A home whose settings name a corpus of `editions` editions.
pub fn home(editions: usize) -> Home {
    let home = Home::new();
    for n in 0..editions {
        home.write(&format!("corpus/edition-{n}.md"), edition(n));
    }
    home.write(
        ".config/askpm/config.toml",
        format!("corpus = {:?}\nmodel = \"none\"\n", home.path("corpus")),
    );
    home
}

/// The identifiers that a search finds, in order. The search must succeed.
#[track_caller]
pub fn found(home: &Home) -> Vec<String> {
    ids(&home.bare().args(["search", "--json", "-n", "100", "walrus"]).run().ok())
}

#[track_caller]
pub fn ids(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let hits = json["hits"].as_array().unwrap().iter();
    hits.map(|hit| hit["id"].as_str().unwrap().to_string()).collect()
}

/// The name of a scenario in the table, and its function.
type Scenario = (&'static str, fn() -> Outcome);

const SCENARIOS: &[Scenario] = &[
    ("`refresh` killed with SIGKILL at random times", killed::refresh),
    ("`import` killed at random times", killed::import),
    ("`models pull` killed at random times", killed::pull),
    ("`config edit` killed while the editor is open", killed::edit),
    ("disk full: `refresh`", disk::full_for_the_index),
    ("disk full: `import`", disk::full_for_imports),
    ("disk full: `models pull`", disk::full_for_models),
    ("disk full: `config edit`", disk::full_for_settings),
    ("disk read-only: `search` and `ask`", disk::read_only_is_searched),
    (
        "disk read-only: `import`, `models pull`, `config edit`",
        disk::read_only_is_told,
    ),
    ("files with modification times in 1970 and 2100", clock::file_times),
    ("system clock set to 1960, 1970, 2038 and 2106", clock::wall_clock),
    ("index files truncated, emptied, deleted, bits flipped", damage::index),
    ("vector files truncated, bits flipped", damage::vectors),
    ("model file (`-m PATH`) truncated, bits flipped", damage::model_file),
    ("downloaded model in the cache: bits flipped", damage::listed_model),
    ("editions truncated, bits flipped", damage::editions),
    ("settings truncated, bits flipped", damage::settings),
    (
        "bookkeeping files truncated, bits flipped (feeds, verified models, refs)",
        damage::notes,
    ),
    ("eight searches at the same time, without an index", together::searches),
    ("four imports of one folder at the same time", together::imports),
    ("four downloads of one model at the same time", together::pulls),
    (
        "memory limit (`ulimit -v`) below the needs of a search",
        limits::no_memory,
    ),
    ("memory limit (`ulimit -v`)", limits::memory),
    ("file size limit (`ulimit -f`)", limits::file_size),
    ("limit of open files (`ulimit -n`)", limits::open_files),
    ("Hub: sends wrong bytes", hub::wrong_bytes),
    (
        "Hub: sends too much, too little, no length, the wrong range",
        hub::wrong_length,
    ),
    (
        "Hub: answers 416, 429 or 500, closes the connection, redirects",
        hub::refusals,
    ),
    ("Hub: slow, sends a few bytes at a time", hub::slow),
    ("Hub: stops sending in the middle", hub::silent),
    ("`serve`: clients that never complete a request", serving::slow_clients),
];

#[test]
fn every_fault_ends_in_a_clear_line_and_a_whole_state() {
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for (name, scenario) in SCENARIOS {
        let started = std::time::Instant::now();
        // A scenario that fails must not hide the results of the others.
        match catch_unwind(AssertUnwindSafe(scenario)) {
            Ok(outcome) => {
                if outcome.lost > 0 {
                    failed.push(format!("{name}: {} lost", outcome.lost));
                }
                rows.push((*name, outcome));
            }
            Err(_) => failed.push((*name).to_string()),
        }
        eprintln!("{name}: {:.1} s", started.elapsed().as_secs_f32());
    }
    let table = table::markdown(&rows);
    eprintln!("{table}");
    assert!(failed.is_empty(), "{failed:#?}");
    if std::env::var_os("ASKPM_WRITE_RELIABILITY").is_some() {
        table::write(&table);
    }
}
