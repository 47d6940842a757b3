//! Measures the cost of indexing compared with plain tantivy, and of one changed edition among many.
//!
//! askpm builds a full index of 10,000 synthetic editions (120,000 passages) from the text of files. A plain loop
//! builds one from passages that are already cut, with the same fields, analyzer, memory budget and threads, and one
//! commit. Both sync to disk. The two take turns, three times each. Then one edition is changed and the index
//! refreshed, eleven times. The bench prints medians, and the time of parsing and cutting.
//!
//! `cargo bench --bench index`; `EDITIONS=500 cargo bench --bench index` for a smaller corpus.

#[path = "support/synthetic.rs"]
mod synthetic;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use askpm::corpus::{Passage, SourceFile, parse, passages};
use askpm::index::{Store, tokenizer};
use synthetic::Vocabulary;
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::Schema;
use tantivy::{Index, IndexWriter, TantivyDocument};

const TURNS: usize = 3;
const REFRESHES: u64 = 11;

/// The memory budget of askpm's writer for many files.
const BUDGET: usize = 64_000_000;

fn main() {
    let editions = std::env::var("EDITIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .filter(|n| *n > 0)
        .unwrap_or(10_000);
    let vocabulary = Vocabulary::new();
    let mut files: Vec<_> = (0..editions).map(|n| synthetic::edition(&vocabulary, n, 0)).collect();
    let schema = schema(&files[..1]);

    let started = Instant::now();
    let all: Vec<Passage> = files.iter().flat_map(cut).collect();
    let cutting = started.elapsed();

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        bare.push(alone(&schema, &all));
        let dir = tempfile::tempdir().expect("a temporary folder");
        let started = Instant::now();
        let (_, report) = Store::refresh(dir.path(), &files).expect("a build");
        ours.push(started.elapsed());
        assert_eq!(report.passages, all.len());
    }
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "full index of {editions} editions, {} passages: askpm {ours:.2?}, bare tantivy {bare:.2?}, ratio {:.2}; parsing and cutting alone {cutting:.2?}",
        all.len(),
        ours.as_secs_f64() / bare.as_secs_f64()
    );

    let dir = tempfile::tempdir().expect("a temporary folder");
    Store::refresh(dir.path(), &files).expect("a build");
    let times = (1..=REFRESHES).map(|version| {
        files[editions / 2] = synthetic::edition(&vocabulary, editions / 2, version);
        let started = Instant::now();
        let (_, report) = Store::open_or_refresh(dir.path(), &files).expect("a refresh");
        assert_eq!((report.changed, report.unchanged), (1, editions - 1));
        started.elapsed()
    });
    println!("refresh of 1 changed among {editions}: {:.1?}", median(times.collect()));
}

fn cut(file: &SourceFile) -> Vec<Passage> {
    let text = file.text.as_ref().expect("a text");
    passages(&parse(&file.path, text).expect("an edition"), &file.path)
}

/// Returns the fields of an index that askpm built.
fn schema(files: &[SourceFile]) -> Schema {
    let dir = tempfile::tempdir().expect("a temporary folder");
    Store::refresh(dir.path(), files).expect("a build");
    let generation = generation(dir.path()).expect("an index in it");
    Index::open_in_dir(generation).expect("an index of tantivy").schema()
}

fn generation(dir: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| path.join("meta.json").is_file())
}

/// Measures how long tantivy takes to index, commit and merge the passages.
fn alone(schema: &Schema, all: &[Passage]) -> Duration {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let started = Instant::now();
    let index = Index::create_in_dir(dir.path(), schema.clone()).expect("an index");
    let (name, analyzer) = tokenizer();
    index.tokenizers().register(name, analyzer);
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(BUDGET)
        .build();
    let mut writer: IndexWriter = index.writer_with_options(options).expect("a writer");
    for passage in all {
        writer.add_document(document(schema, passage)).expect("a document more");
    }
    writer.commit().expect("a commit");
    writer.wait_merging_threads().expect("merges");
    started.elapsed()
}

fn document(schema: &Schema, passage: &Passage) -> TantivyDocument {
    let field = |name: &str| schema.get_field(name).expect("a field that askpm's index has");
    let mut document = TantivyDocument::default();
    document.add_u64(field("part"), u64::from(passage.part));
    for (name, text) in [
        ("id", passage.id.to_string().as_str()),
        ("edition", passage.id.edition()),
        ("path", &passage.path),
        ("edition_title", &passage.edition_title),
        ("discussion", &passage.discussion),
        ("question", &passage.question),
        ("text", &passage.text),
    ] {
        document.add_text(field(name), text);
    }
    for (name, text) in [("date", &passage.date), ("contributor", &passage.contributor)] {
        if let Some(text) = text {
            document.add_text(field(name), text);
        }
    }
    document
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
