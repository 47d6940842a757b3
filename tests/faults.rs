//! Injects faults of every kind into the real binary: each must end in a clear line and an intact state.
//!
//! A scenario causes one kind of fault many times, and counts what was lost of the user's data: editions, imported
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

/// The outcome of one scenario.
pub struct Outcome {
    pub tries: usize,
    /// Editions, models and settings that are missing or changed.
    pub lost: usize,
    /// The last message of the tries that failed, and how often it occurred.
    failures: BTreeMap<String, usize>,
    /// The same for the tries that went on.
    notes: BTreeMap<String, usize>,
    /// Why it could not run here.
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

    /// Counts a try that must succeed. It may print a message.
    #[track_caller]
    pub fn goes_on(&mut self, home: &Home, ran: &Ran) {
        assert!(matches!(ran.status, Some(0 | 3)), "{ran:#?}");
        self.tell(home, ran);
    }

    /// Counts a try that must fail: status 1 and a message, with nothing on standard output.
    #[track_caller]
    pub fn fails(&mut self, home: &Home, ran: &Ran) {
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""), "{ran:#?}");
        assert!(ran.stderr.contains("askpm: "), "{ran:#?}");
        self.tell(home, ran);
    }

    /// Counts a try that may do either.
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

    /// Returns the most common message of the tries that failed, or of those that went on if none failed.
    pub fn message(&self) -> String {
        let most = |said: &BTreeMap<String, usize>| {
            let most = said.iter().max_by_key(|(_, times)| **times);
            most.map(|(line, _)| line.clone())
        };
        let goes_on = || match most(&self.notes) {
            Some(line) => format!("goes on: {line}"),
            None => "goes on".into(),
        };
        most(&self.failures).unwrap_or_else(goes_on)
    }
}

/// Removes from `line` what differs between runs: the home folder, ports, hashes in paths, times.
fn general(home: &Home, line: &str) -> String {
    let line = line.replace(&home.path("").display().to_string(), "~/");
    let line = line.split(" at path \"").next().unwrap_or_default();
    let part = |part: &str| {
        let key = part.len() >= 16 && part.chars().all(|c| c.is_ascii_hexdigit());
        let time = part.len() == 20 && part.ends_with('Z') && part.starts_with("20");
        match (key, time) {
            (true, _) => "KEY".into(),
            (_, true) => "TIME".into(),
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

/// Returns how many files of `before` are missing or changed.
pub fn lost(before: &BTreeMap<PathBuf, Vec<u8>>) -> usize {
    before
        .iter()
        .filter(|(path, bytes)| fs::read(path).ok().as_ref() != Some(bytes))
        .count()
}

/// Returns an edition with one answer that mentions a walrus and the edition's number.
pub fn edition(n: usize) -> String {
    format!(
        "---\nslug: edition-{n}\ntitle: Edition {n}\n---\n\n## Q1. Which walrus is number {n}?\n\n### A. Somebody\n\n\
         The walrus of number {n} lives on the ice and says nothing of prices.\n"
    )
}

/// Creates a home with a corpus of `editions`, which the settings name.
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

/// Returns the identifiers that a search finds, in order. The search must succeed.
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

/// A name for the table, and the function that runs it.
type Scenario = (&'static str, fn() -> Outcome);

const SCENARIOS: &[Scenario] = &[
    ("`refresh` killed (SIGKILL) at random moments", killed::refresh),
    ("`import` killed at random moments", killed::import),
    ("`models pull` killed at random moments", killed::pull),
    ("`config edit` killed while the editor runs", killed::edit),
    ("disk full: `refresh`", disk::full_for_the_index),
    ("disk full: `import`", disk::full_for_imports),
    ("disk full: `models pull`", disk::full_for_models),
    ("disk full: `config edit`", disk::full_for_settings),
    ("disk read-only: `search` and `ask`", disk::read_only_is_searched),
    (
        "disk read-only: `import`, `models pull`, `config edit`",
        disk::read_only_is_told,
    ),
    ("files dated 1970 and 2100", clock::file_times),
    ("wall clock at 1960, 1970, 2038 and 2106", clock::wall_clock),
    ("index files cut, emptied, missing, bits flipped", damage::index),
    ("vectors cut, bits flipped", damage::vectors),
    ("model file (`-m PATH`) cut, bits flipped", damage::model_file),
    ("listed model in the cache: bits flipped", damage::listed_model),
    ("editions cut, bits flipped", damage::editions),
    ("settings cut, bits flipped", damage::settings),
    ("notes cut, bits flipped (feeds, checked models, refs)", damage::notes),
    ("eight searches at once, no index yet", together::searches),
    ("four imports of one folder at once", together::imports),
    ("four pulls of one model at once", together::pulls),
    (
        "memory limited (`ulimit -v`) below what a search takes",
        limits::no_memory,
    ),
    ("memory limited (`ulimit -v`)", limits::memory),
    ("file size limited (`ulimit -f`)", limits::file_size),
    ("too few open files (`ulimit -n`)", limits::open_files),
    ("Hub: wrong bytes", hub::wrong_bytes),
    ("Hub: too long, too short, no length, wrong part", hub::wrong_length),
    ("Hub: 416, 429, 500, closes, redirects", hub::refusals),
    ("Hub: slow, a few bytes at a time", hub::slow),
    ("Hub: silent in the middle", hub::silent),
    ("`serve`: clients that never finish a request", serving::slow_clients),
];

#[test]
fn every_fault_ends_in_a_clear_line_and_a_whole_state() {
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for (name, scenario) in SCENARIOS {
        let started = std::time::Instant::now();
        // A failing scenario must not hide the results of the others.
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
