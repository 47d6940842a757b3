//! Measures import throughput: bytes of newsletters per second, by kind of file, from bytes to editions.
//!
//! Most inputs repeat the test fixtures as messages or entries, and one is a generated article. Each has about two
//! megabytes, so that the figures measure parsing and not start-up. Run with `cargo bench --bench import`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use askpm::corpus::import::{Limits, import_bytes};

const TEXT: &str = include_str!("../tests/fixtures/import/reviews.txt");
const PAGE: &str = include_str!("../tests/fixtures/import/reviews.html");

/// Returns about two megabytes of `unit`, each with its number.
fn many(head: &str, unit: impl Fn(usize) -> String) -> Vec<u8> {
    let mut out = head.to_string();
    let mut count = 0;
    while out.len() < 2 << 20 {
        out.push_str(&unit(count));
        count += 1;
    }
    out.into_bytes()
}

fn inputs() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let letter = |n: usize| format!("From a@b.c Tue Mar  5 10:00:00 2024\nSubject: Edition {n}\nFrom: a@b.c\n");
    let text = many("", |n| format!("{}\n{TEXT}\n\n", letter(n)));
    let html = many("", |n| {
        format!("{}Content-Type: text/html; charset=utf-8\n\n{PAGE}\n\n", letter(n))
    });
    let feed = many("<?xml version='1.0'?><rss><channel>", |n| {
        format!("<item><title>Edition {n}</title><description><![CDATA[{PAGE}]]></description></item>")
    });
    let article = many("<html><body>", |n| {
        format!("<h2>Part {n}</h2><p>What was said at the table, in <b>some</b> detail &amp; at length.</p>\n")
    });
    vec![
        ("mailbox, plain text", "a.mbox", text),
        ("mailbox, html", "a.mbox", html),
        ("feed", "a.xml", feed),
        ("one long article, html", "a.html", article),
    ]
}

fn import(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("import");
    group.sample_size(10);
    for (label, name, bytes) in inputs() {
        let report = import_bytes(name, &bytes, &Limits::default());
        assert!(!report.editions.is_empty(), "{label}: {:?}", report.skipped);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(label, |bencher| {
            bencher.iter(|| import_bytes(name, &bytes, &Limits::default()))
        });
    }
    group.finish();
}

criterion_group!(benches, import);
criterion_main!(benches);
