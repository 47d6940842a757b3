//! Checks what is read from Word files.

use crate::corpus::import::{Imported, Limits, import_bytes};
use crate::corpus::markdown;
use crate::testing::{Numbers, tries};

const LETTER: &[u8] = include_bytes!("../../../tests/fixtures/documents/letter.docx");
const REPORT: &[u8] = include_bytes!("../../../tests/fixtures/documents/report.docx");

fn read(bytes: &[u8]) -> Imported {
    let report = import_bytes("a.docx", bytes, &Limits::default());
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    let imported = report.editions.into_iter().next().unwrap();
    assert_eq!(
        imported.words_in,
        imported.words_kept + imported.words_dropped(),
        "{:#?}",
        imported.dropped
    );
    imported
}

#[test]
fn a_letter_is_read_as_a_letter() {
    let edition = read(LETTER).edition;
    assert_eq!(
        (edition.title.as_str(), edition.date.as_deref()),
        ("Product letters, issue 12", Some("2026-03-03"))
    );
    let said: Vec<String> = edition
        .discussions
        .iter()
        .map(|d| {
            let names: Vec<&str> = d.answers.iter().map(|answer| answer.contributor.as_str()).collect();
            format!(
                "{} < {}: {}",
                d.title,
                d.asked_by.as_deref().unwrap_or("-"),
                names.join("; ")
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "How do you say no to a large customer? < Katrin B.: Tomasz Nowak, VP Product at a payments firm; Lena Ortiz, \
             product lead at Harbour",
            "When is a roadmap too detailed? < -: Priya Raman, group PM",
        ]
    );
}

#[test]
fn a_report_keeps_what_its_author_means() {
    let imported = read(REPORT);
    let written = markdown::write(&imported.edition);
    assert_eq!(imported.edition.title, "What the pricing test said");
    for expected in [
        "for six weeks and read the [raw counts](https://example.org/counts) each Monday",
        "Churn fell to 40[^1] accounts a month.",
        "The test ran in four countries, and nobody noticed.",
        "1. The price stands above the button.",
        "2. The button says what happens next.",
        "- The old page stays for partners.",
        "| Plan | Before | After |\n| --- | --- | --- |\n| Team | $29 | $35 |\n| Firm | $99 | $99 |",
        "A box: write the guess down before the count.",
        "Line one of the address\nline two of it",
        "The count of May, without trials.",
    ] {
        assert!(written.contains(expected), "{expected}\n\n{written}");
    }
    let left: Vec<String> = imported
        .dropped
        .iter()
        .map(|d| format!("{}: {}", d.what, d.text))
        .collect();
    for expected in [
        "deletion that is tracked: seven countries",
        "comment on the text: Check this number with finance.",
        "header or footer of the page: Confidential draft of the pricing team",
    ] {
        assert!(left.iter().any(|line| line == expected), "{expected}\n{left:#?}");
    }
    let titles: Vec<&str> = imported.edition.sections.iter().map(|s| s.title.as_str()).collect();
    assert!(
        titles.contains(&"What changed") && titles.contains(&"What we would do again"),
        "{titles:?}"
    );
}

/// `ASKPM_FUZZ_TRIES` tries more files.
#[test]
fn a_changed_file_is_read_or_refused_in_one_line() {
    let mut numbers = Numbers(11);
    let mut next = |below: usize| numbers.below(below);
    for at in 0..tries(400) {
        let mut bytes = if at % 2 == 0 { LETTER } else { REPORT }.to_vec();
        for _ in 0..=next(4) {
            let place = next(bytes.len());
            match next(3) {
                0 => bytes[place] = next(256) as u8,
                1 => bytes[place] ^= 1 << next(8),
                _ if next(8) == 0 => bytes.truncate(place.max(8)),
                _ => bytes[place] = 0,
            }
        }
        let report = import_bytes("a.docx", &bytes, &Limits::default());
        assert!(report.editions.len() + report.skipped.len() > 0);
        assert!(report.skipped.iter().all(|skipped| !skipped.why.contains('\n')));
    }
}
