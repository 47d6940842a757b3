//! Measures how search scales with the corpus: building, opening, latency with and without meaning, memory and disk.
//!
//! Passages are synthetic, and so are their vectors (unit vectors around a thousand random centres), because embedding
//! a million texts would take hours. The real model embeds the question, and its time counts in the latency.
//!
//! `cargo bench --bench scale -- 10000 100000 1000000` (passages). Search by meaning is measured if
//! `ASKPM_TEST_EMBEDDER` names a folder with model.safetensors, tokenizer.json and config.json. With
//! `SCALE_DIR=FOLDER`, the index is stored there and reused, so that building and measuring can run at different times.

#[path = "support/synthetic.rs"]
mod synthetic;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use askpm::index::Store;
use askpm::retrieve::dense::{Dense, Embedder, Files};
use askpm::retrieve::{ByWords, HybridRetriever, Query, Retriever};
use synthetic::{Random, Vocabulary};

const AN_EDITION: usize = 12;
const QUESTIONS: usize = 200;
const DIMENSIONS: usize = 384;
/// The number of vectors to measure recall with.
const RECALLED: u64 = 20;

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000] } else { sizes };
    let vocabulary = Vocabulary::new();
    for passages in sizes {
        measure(&vocabulary, passages);
    }
}

fn measure(vocabulary: &Vocabulary, passages: usize) {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let kept = std::env::var_os("SCALE_DIR").map(|folder| Path::new(&folder).join(passages.to_string()));
    let dir = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(dir).expect("a folder");
    if Store::open(dir).expect("an index").is_none() {
        let editions = passages.div_ceil(AN_EDITION);
        let files: Vec<_> = (0..editions).map(|n| synthetic::edition(vocabulary, n, 0)).collect();
        let (_, report) = Store::refresh(dir, &files).expect("a build");
        println!("built in {:.1} s", report.took.as_secs_f64());
    }
    let started = Instant::now();
    let store = Store::open(dir).expect("an index").expect("an index");
    println!(
        "{} passages, opened, every byte checked, in {:.0} ms",
        store.stats().passages,
        milliseconds(started.elapsed())
    );
    latencies("words", &ByWords { store: &store }, vocabulary);
    println!("  memory, mapped files included: {}", resident());
    let Some(model) = embedder() else {
        println!("  SKIPPED: meaning, as ASKPM_TEST_EMBEDDER names no model");
        return;
    };
    let started = Instant::now();
    let dense = Dense::open_with(&store, model, Some(&vector), &mut |_, _| {}).expect("vectors");
    println!(
        "  {} vectors there in {:.1} s",
        dense.size().0,
        started.elapsed().as_secs_f64()
    );
    let fused = HybridRetriever {
        store: &store,
        dense: &dense,
    };
    latencies("words and meaning", &fused, vocabulary);
    println!("  memory, mapped files included: {}", resident());
    let vectors = size(&dir.join("vectors"));
    println!(
        "  index {:.0} MB, vectors {:.0} MB",
        megabytes(size(dir) - vectors),
        megabytes(vectors)
    );
    for n in [10, 100] {
        let asked = (0..RECALLED).map(|number| dense.kept_by_codes(&vector(number << 40), n));
        let (codes, refined) = asked.fold((0.0, 0.0), |sum, kept| (sum.0 + kept.by_codes, sum.1 + kept.refined));
        println!(
            "  of the {n} nearest by exact products, codes keep {:.4}, refined {:.4}",
            codes / RECALLED as f64,
            refined / RECALLED as f64
        );
    }
}

fn embedder() -> Option<Embedder> {
    let folder = std::env::var_os("ASKPM_TEST_EMBEDDER")?;
    let at = |name: &str| Path::new(&folder).join(name);
    let files = Files {
        weights: &at("model.safetensors"),
        tokenizer: &at("tokenizer.json"),
        config: &at("config.json"),
        identity: [1; 32],
    };
    Some(Embedder::load(files).expect("an embedding model"))
}

/// Returns a unit vector near one of a thousand centres. The same key gives the same vector.
fn vector(key: u64) -> Vec<f32> {
    let draw = |seed: u64| {
        let mut random = Random::new(seed);
        (0..DIMENSIONS)
            .map(|_| random.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0)
            .collect::<Vec<f32>>()
    };
    let (centre, own) = (draw(key % 1_000), draw(key));
    let mixed: Vec<f32> = centre.iter().zip(own).map(|(centre, own)| centre + own).collect();
    let length = mixed.iter().map(|x| x * x).sum::<f32>().sqrt();
    mixed.into_iter().map(|x| x / length).collect()
}

fn latencies(name: &str, retriever: &dyn Retriever, vocabulary: &Vocabulary) {
    let mut random = Random::new(42);
    let (mut times, mut work) = (Vec::with_capacity(QUESTIONS), Vec::with_capacity(QUESTIONS));
    // The first search counts lengths, which the store caches, and loads pages that are not in memory yet.
    black_box(retriever.retrieve(&Query::new("warm up", 8)).expect("a search"));
    for _ in 0..QUESTIONS {
        let question = synthetic::question(vocabulary, &mut random);
        let (worked, started) = (processor(), Instant::now());
        black_box(retriever.retrieve(&Query::new(&question, 8)).expect("a search"));
        times.push(started.elapsed());
        work.push(processor().saturating_sub(worked));
    }
    println!(
        "  {name}: {} of {QUESTIONS}; on the processor, all threads, {}",
        spread(times),
        spread(work)
    );
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: f64| milliseconds(times[((times.len() - 1) as f64 * share) as usize]);
    format!("p50 {:.1} ms, p99 {:.1} ms", at(0.5), at(0.99))
}

/// Returns the CPU time of the current threads. Unlike wall-clock time, it excludes other programs. Zero if the system
/// does not report it.
fn processor() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let worked = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(worked.sum())
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or("unknown".into(), |line| line.trim().to_string())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn size(path: &Path) -> u64 {
    if path.is_file() {
        return path.metadata().map_or(0, |meta| meta.len());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
