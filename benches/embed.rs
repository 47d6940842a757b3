//! Measures how fast texts are embedded. `eval/compare_embedding.py` runs this and sentence-transformers in turns.
//!
//! `cargo bench --bench embed -- FOLDER TEXTS`: FOLDER holds model.safetensors, tokenizer.json and config.json. TEXTS
//! has one JSON string a line.
//!
//! For each line of standard input, all texts are embedded once on all cores, and the seconds are printed. An empty
//! input counts as one turn.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use askpm::retrieve::dense::{Embedder, Files};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let (Some(folder), Some(texts)) = (arguments.next(), arguments.next()) else {
        println!("SKIPPED: no folder and no texts are named");
        return;
    };
    let at = |name: &str| Path::new(&folder).join(name);
    let embedder = Embedder::load(Files {
        weights: &at("model.safetensors"),
        tokenizer: &at("tokenizer.json"),
        config: &at("config.json"),
        identity: [1; 32],
    })
    .expect("an embedding model");
    let texts = std::fs::read_to_string(texts).expect("texts");
    let texts: Vec<String> = texts
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON string a line"))
        .collect();
    let mut turns = 0;
    for line in std::io::stdin().lock().lines() {
        drop(line);
        turn(&embedder, &texts);
        turns += 1;
    }
    if turns == 0 {
        turn(&embedder, &texts);
    }
}

fn turn(embedder: &Embedder, texts: &[String]) {
    let started = Instant::now();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let sum: f32 = std::thread::scope(|scope| {
        let work = || {
            let mut sum = 0.0;
            while let Some(text) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
                sum += embedder.query(text).expect("a vector").iter().sum::<f32>();
            }
            sum
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    });
    // The sum keeps the compiler from removing the work, and differs if the vectors differ.
    println!("{} {sum}", started.elapsed().as_secs_f64());
    std::io::stdout().flush().expect("standard output");
}
