//! Measures searching and refreshing on a large corpus: 10,000 synthetic editions (120,000 passages).
//!
//! It first prints the time and size of a full build, the time of a refresh after one edition changed, the time to open
//! an up-to-date index, and p50/p99 of 2,000 different questions. Then criterion measures one short and one long
//! question.
//!
//! `cargo bench --bench search`; `EDITIONS=500 cargo bench --bench search` for a smaller corpus.

#[path = "support/synthetic.rs"]
mod synthetic;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use askpm::index::Store;
use askpm::retrieve::{Query, search};
use criterion::Criterion;
use synthetic::{Random, Vocabulary};

const QUESTIONS: usize = 2_000;

fn main() {
    let editions = std::env::var("EDITIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000);
    let vocabulary = Vocabulary::new();
    let mut files: Vec<_> = (0..editions).map(|n| synthetic::edition(&vocabulary, n, 0)).collect();
    let dir = tempfile::tempdir().expect("a temporary folder");

    let (_, report) = Store::refresh(dir.path(), &files).expect("a build");
    let text: usize = files.iter().filter_map(|f| f.text.as_ref().ok()).map(|t| t.len()).sum();
    println!(
        "build: {editions} editions, {} passages, {} MB of text in {:.2} s; index {} MB",
        report.passages,
        text / 1_000_000,
        report.took.as_secs_f64(),
        size(dir.path()) / 1_000_000
    );
    files[editions / 2] = synthetic::edition(&vocabulary, editions / 2, 1);
    let (_, report) = Store::refresh(dir.path(), &files).expect("a refresh");
    println!("refresh after 1 changed: {:.1} ms", milliseconds(report.took));
    let (store, report) = Store::open_or_refresh(dir.path(), &files).expect("an opening");
    println!("open, nothing changed: {:.1} ms", milliseconds(report.took));
    latencies(&store, &vocabulary);

    let mut criterion = Criterion::default().sample_size(30).configure_from_args();
    for words in [3, 8] {
        let question = vocabulary.text(&mut Random::new(7), words);
        criterion.bench_function(&format!("search/{words} words"), |b| {
            b.iter(|| search(&store, &Query::new(black_box(&question), 8)).map(|found| found.hits.len()))
        });
    }
    criterion.final_summary();
}

fn latencies(store: &Store, vocabulary: &Vocabulary) {
    let mut random = Random::new(42);
    let mut times = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let question = synthetic::question(vocabulary, &mut random);
        let started = Instant::now();
        let found = search(store, &Query::new(&question, 8)).expect("a search");
        times.push(started.elapsed());
        black_box(found);
    }
    times.sort();
    let at = |share: f64| milliseconds(times[((times.len() - 1) as f64 * share) as usize]);
    println!(
        "query: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms of {QUESTIONS}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
