//! Checks what is read from PDF files, in a thread.

use std::time::{Duration, Instant};

use super::lines::{self, Line};
use super::*;
use crate::corpus::import::{import_bytes, pdf::glyphs::Piece};
use crate::corpus::markdown;
use crate::testing::{Numbers, tries};

const LETTER: &[u8] = include_bytes!("../../../tests/fixtures/documents/letter.pdf");
const COLUMNS: &[u8] = include_bytes!("../../../tests/fixtures/documents/columns.pdf");

/// Writes pieces: where each begins, the line that it stands on, its size, and its text.
fn page(pieces: &[(f64, f64, f64, &str)]) -> Page {
    let piece = |(x, y, size, text): &(f64, f64, f64, &str)| Piece {
        x: *x,
        end: x + 0.5 * size * text.chars().count() as f64,
        y: *y,
        size: *size,
        bold: false,
        text: text.to_string(),
    };
    Page {
        width: 600.0,
        height: 800.0,
        pieces: pieces.iter().map(piece).collect(),
        letters: 1,
        ..Page::default()
    }
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// Returns the blocks of pages as `look text`.
fn blocks(pages: &[Page]) -> Vec<String> {
    let document = document(&Head::default(), pages, &Limits::default()).unwrap();
    let shown = document
        .blocks
        .iter()
        .map(|block| format!("{:?} {}", block.look, block.text));
    shown.collect()
}

#[test]
fn columns_are_read_one_after_the_other_and_a_table_row_by_row() {
    let words = "plans change when people talk";
    let mut pieces = vec![(50.0, 80.0, 20.0, "A title that is as wide as two columns")];
    for row in 0..6 {
        let y = 120.0 + 12.0 * f64::from(row);
        pieces.extend([
            (50.0, y, 10.0, words),
            (320.0, y, 10.0, "then they ask for another one"),
        ]);
    }
    let first = page(&pieces);
    let read = lines::of(&first, 0);
    assert_eq!(
        texts(&read)[..3],
        ["A title that is as wide as two columns", words, words]
    );
    assert_eq!(texts(&read)[6..8], [words, "then they ask for another one"]);
    let mut table = Vec::new();
    for row in 0..6 {
        let y = 120.0 + 12.0 * f64::from(row);
        table.extend([
            (50.0, y, 10.0, "Team"),
            (250.0, y, 10.0, "$29"),
            (400.0, y, 10.0, "9 of 10"),
        ]);
    }
    let read = lines::of(&page(&table), 0);
    assert_eq!(texts(&read)[0], "Team $29 9 of 10");
    assert!(blocks(&[page(&table)])[0].starts_with("Paragraph | Team | $29 | 9 of 10 |\n| Team"));
}

#[test]
fn lines_are_joined_to_paragraphs_and_hyphens_at_their_ends_are_undone() {
    let lines = [
        (50.0, 100.0, 18.0, "What we learned"),
        (50.0, 130.0, 10.0, "A decision needs a reason, and a cus-"),
        (50.0, 142.0, 10.0, "tomer needs one too. A well-known rule"),
        (50.0, 154.0, 10.0, "is that the price moves once, and well-"),
        (50.0, 166.0, 10.0, "known rules stay. It costs 40"),
        (200.0, 162.0, 6.0, "1"),
        (50.0, 190.0, 10.0, "• One owner keeps the calendar for all"),
        (58.0, 202.0, 10.0, "of the teams."),
        (50.0, 214.0, 10.0, "• No test starts without it."),
        (50.0, 240.0, 10.0, "Ana Lima"),
        (50.0, 252.0, 10.0, "Head of Product"),
    ];
    assert_eq!(
        blocks(&[page(&lines)]),
        [
            "Heading(1) What we learned",
            "Paragraph A decision needs a reason, and a customer needs one too. A well-known rule is that the price moves \
             once, and well-known rules stay. It costs 40[^1]",
            "Item - One owner keeps the calendar for all of the teams.",
            "Item - No test starts without it.",
            "Paragraph Ana Lima\nHead of Product",
        ]
    );
}

#[test]
fn lines_around_the_pages_are_set_apart_and_a_paragraph_goes_on_over_the_page() {
    let of = |number: usize, text: &'static str| {
        let mut page = page(&[(50.0, 30.0, 8.0, "Letters, issue 12"), (50.0, 400.0, 10.0, text)]);
        page.pieces.push(Piece {
            x: 300.0,
            end: 310.0,
            y: 780.0,
            size: 8.0,
            bold: false,
            text: number.to_string(),
        });
        page
    };
    let pages = [
        of(1, "The team met each week and"),
        of(2, "nobody came."),
        of(3, "Another page."),
    ];
    let found = blocks(&pages);
    assert_eq!(found[0], "Paragraph The team met each week and nobody came.");
    assert_eq!(
        found[2],
        "Unseen(\"header or footer of the page\") Letters, issue 12\nLetters, issue 12\nLetters, issue 12"
    );
    assert_eq!(found.len(), 4);
}

#[test]
fn a_letter_is_read_as_a_letter() {
    let report = import_bytes("letter.pdf", LETTER, &Limits::default());
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    let edition = &report.editions[0].edition;
    assert_eq!(
        (edition.title.as_str(), edition.date.as_deref()),
        ("Product letters, issue 12", Some("2026-03-03"))
    );
    let said: Vec<String> = edition
        .discussions
        .iter()
        .flat_map(|d| d.answers.iter().map(move |a| format!("{}: {}", d.title, a.contributor)))
        .collect();
    assert_eq!(
        said,
        [
            "How do you say no to a large customer?: Tomasz Nowak, VP Product at a payments firm",
            "How do you say no to a large customer?: Lena Ortiz, product lead at Harbour",
            "When is a roadmap too detailed?: Priya Raman, group PM",
        ]
    );
    let written = markdown::write(edition);
    assert!(
        written.contains("A bare no ends the talk, and a date starts one. We kept nine of ten"),
        "{written}"
    );
    assert!(!written.contains("Page 1"), "{written}");
}

/// Writes a PDF of one page with `content`.
fn drawn(content: &str) -> Vec<u8> {
    format!(
        "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
         3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F \
         <</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>>>>>>>\nendobj\n\
         4 0 obj\n<</Length {}>>\nstream\n{content}\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n",
        content.len()
    )
    .into_bytes()
}

#[test]
fn text_that_is_turned_or_outside_of_the_page_is_listed_as_left_out() {
    let turned = "BT /F 12 Tf 0 1 -1 0 30 100 Tm (Printed for the archive) Tj ET";
    let upright = "BT /F 12 Tf 1 0 0 1 60 600 Tm (A decision needs a reason.) Tj ET";
    let over = "BT /F 12 Tf -1 0 0 -1 300 300 Tm (Upside down) Tj ET";
    let outside = "BT /F 12 Tf 1 0 0 1 60 900 Tm (Cut here) Tj ET";
    let bytes = drawn(&[turned, upright, over, outside].join("\n"));
    let report = import_bytes("a.pdf", &bytes, &Limits::default());
    assert!(report.skipped.is_empty(), "{report:?}");
    let one = &report.editions[0];
    let dropped: Vec<_> = one
        .dropped
        .iter()
        .map(|d| (d.what.as_str(), d.words, d.text.as_str()))
        .collect();
    assert_eq!(
        dropped,
        [
            (TURNED, 6, "Printed for the archive Upside down"),
            (OUTSIDE, 2, "Cut here")
        ]
    );
    assert!(markdown::write(&one.edition).contains("A decision needs a reason."));
    let report = import_bytes("a.pdf", &drawn(turned), &Limits::default());
    assert!(report.skipped[0].why.contains("turn them"), "{report:?}");
}

#[test]
fn without_a_process_to_read_it_a_pdf_is_refused() {
    let limits = Limits {
        reader: Some(Err("no such file".into())),
        ..Limits::default()
    };
    let report = import_bytes("letter.pdf", LETTER, &limits);
    assert!(report.editions.is_empty());
    assert!(
        report.skipped[0].why.contains("could not be started: no such file"),
        "{report:?}"
    );
}

#[test]
fn a_reader_that_takes_too_long_is_given_up() {
    let limits = Limits {
        document_time: Duration::ZERO,
        ..Limits::default()
    };
    let report = import_bytes("letter.pdf", LETTER, &limits);
    assert!(report.skipped[0].why.contains("seconds"), "{:?}", report.skipped);
}

/// `ASKPM_FUZZ_TRIES` tries more files.
#[test]
fn a_changed_file_is_read_or_refused_in_one_line() {
    let mut numbers = Numbers(7);
    let mut next = |below: usize| numbers.below(below);
    let (mut read, began) = (0, Instant::now());
    for at in 0..tries(1_500) {
        let mut bytes = if at % 2 == 0 { LETTER } else { COLUMNS }.to_vec();
        for _ in 0..=next(8) {
            let place = next(bytes.len());
            match next(4) {
                0 => bytes[place] = next(256) as u8,
                1 => bytes.truncate(place.max(8)),
                2 => bytes[place] ^= 1 << next(8),
                _ => {
                    let piece = bytes[place..bytes.len().min(place + 40)].to_vec();
                    let to = next(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        let report = import_bytes("a.pdf", &bytes, &Limits::default());
        read += report.editions.len();
        assert!(report.editions.len() + report.skipped.len() > 0);
        for imported in &report.editions {
            assert_eq!(imported.words_in, imported.words_kept + imported.words_dropped());
        }
        for skipped in &report.skipped {
            assert!(
                !skipped.why.contains('\n') && !skipped.why.contains("seconds"),
                "{}",
                skipped.why
            );
        }
    }
    assert!(read > 100, "{read} in {:?}", began.elapsed());
}

#[test]
fn in_a_letter_of_short_paragraphs_the_distance_of_wrapped_lines_tells_them_apart() {
    let lines = [
        (50.0, 100.0, 10.0, "5 March 2026"),
        (50.0, 124.0, 10.0, "Dear readers, one question came."),
        (
            50.0,
            148.0,
            10.0,
            "Send the sum first, then the bill. Ours was a hundred and forty hours in",
        ),
        (50.0, 162.0, 10.0, "a month"),
        (50.0, 186.0, 10.0, "- Ana Lima, Head of Product at Kite"),
        (50.0, 210.0, 10.0, "Do not. Count the tickets for a month."),
        (50.0, 234.0, 10.0, "- Ben Osei, Support lead"),
        (50.0, 258.0, 10.0, "Tell them early."),
    ];
    let found = blocks(&[page(&lines)]);
    assert_eq!(
        found[2],
        "Paragraph Send the sum first, then the bill. Ours was a hundred and forty hours in a month"
    );
    assert_eq!(found.len(), 7, "{found:?}");
}

#[test]
fn without_gaps_a_line_that_signs_or_asks_or_dates_is_a_paragraph() {
    let lines = [
        (50.0, 100.0, 10.0, "5 March 2026"),
        (
            50.0,
            112.0,
            10.0,
            "Dear readers, one question came to us this month, and it is about large",
        ),
        (50.0, 124.0, 10.0, "accounts"),
        (50.0, 136.0, 10.0, "Asked by Ravi, Bengaluru"),
        (
            50.0,
            148.0,
            10.0,
            "Send the sum first, then the bill, and then wait for a month or two",
        ),
        (50.0, 160.0, 10.0, "— Ana Lima, Head of Product at Kite"),
        (50.0, 172.0, 10.0, "Do not. Count the tickets for a month."),
        (50.0, 184.0, 10.0, "— Ben Osei"),
        (50.0, 196.0, 10.0, "Head of Support"),
    ];
    let found = blocks(&[page(&lines)]);
    for text in [
        "5 March 2026",
        "Asked by Ravi, Bengaluru",
        "— Ana Lima, Head of Product at Kite",
    ] {
        assert!(found.contains(&format!("Paragraph {text}")), "{found:?}");
    }
    assert_eq!(found.last().unwrap(), "Paragraph — Ben Osei\nHead of Support");
}

#[test]
fn a_signature_at_the_right_edge_may_wrap() {
    let right = |y: f64, text: &'static str| (550.0 - 5.0 * text.chars().count() as f64, y, 10.0, text);
    let lines = [
        (
            50.0,
            100.0,
            10.0,
            "Refuse in writing, with a day on which you will both talk about it again, and be there",
        ),
        right(124.0, "— Ana Lima, head of product at the Office for"),
        right(136.0, "Weights"),
        (50.0, 160.0, 10.0, "Say yes."),
    ];
    assert_eq!(
        blocks(&[page(&lines)])[1..],
        [
            "Paragraph — Ana Lima, head of product at the Office for Weights",
            "Paragraph Say yes."
        ]
    );
}

#[test]
fn cells_that_are_hardly_further_apart_than_words_are_a_table_below_a_head_in_bold() {
    let mut rows = vec![(
        50.0,
        100.0,
        10.0,
        "We print the prices of three plans as they stand after the change of May.",
    )];
    for (y, cells) in [
        (130.0, ["Plan", "Price", "Share"]),
        (150.0, ["Small", "9 euros", "61 %"]),
        (170.0, ["Large", "99 euros", "6 %"]),
    ] {
        let centred = if y == 130.0 { 4.0 } else { 0.0 };
        rows.extend([
            (50.0 + centred, y, 12.0, cells[0]),
            (90.0 + centred, y, 12.0, cells[1]),
            (148.0 + centred, y, 12.0, cells[2]),
        ]);
    }
    rows.push((50.0, 200.0, 10.0, "The middle plan is to be first."));
    let mut page = page(&rows);
    for piece in page.pieces.iter_mut().filter(|piece| piece.y == 130.0) {
        piece.bold = true;
    }
    assert_eq!(
        blocks(&[page])[1..],
        [
            "Paragraph | Plan | Price | Share |\n| --- | --- | --- |\n| Small | 9 euros | 61 % |\n| Large | 99 euros | 6 % |",
            "Paragraph The middle plan is to be first.",
        ]
    );
}

#[test]
fn a_footnote_does_not_part_the_text_and_stands_behind_it() {
    let lines = [
        (
            50.0,
            100.0,
            10.0,
            "Of the requests in the year, forty came from one person, who did not use it",
        ),
        (430.0, 96.0, 6.0, "1"),
        (50.0, 112.0, 10.0, "and we asked him why"),
        (
            50.0,
            700.0,
            8.0,
            "1. It was his old manager, who had left the firm in the spring of that year.",
        ),
    ];
    let next = [(50.0, 100.0, 10.0, "he would ask for all that.")];
    let found = blocks(&[page(&lines), page(&next)]);
    assert_eq!(
        found,
        [
            "Paragraph Of the requests in the year, forty came from one person, who did not use it[^1] and we asked him why he would \
             ask for all that.",
            "Paragraph [^1] It was his old manager, who had left the firm in the spring of that year.",
        ]
    );
}
