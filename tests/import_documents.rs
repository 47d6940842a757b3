//! Word and PDF files: read by the program, refused in one line, and kept from doing harm.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::time::Duration;

use askpm::corpus::import::{ImportReport, Limits, import_bytes};

use crate::harness::{Home, Run};

/// A file of `tests/fixtures/documents`, which `make.py` there makes.
fn document(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/documents");
    fs::read(folder.join(name)).unwrap()
}

fn why(report: &ImportReport) -> &str {
    assert!(report.editions.is_empty(), "{:?}", report.editions);
    &report.skipped[0].why
}

fn import(name: &str, bytes: &[u8]) -> ImportReport {
    import_bytes(name, bytes, &Limits::default())
}

/// `askpm` with an empty corpus of its own.
fn askpm(home: &Home) -> Run {
    fs::create_dir_all(home.path("corpus")).unwrap();
    home.bare().env("ASKPM_CORPUS", home.path("corpus"))
}

fn editions(home: &Home) -> usize {
    let files = fs::read_dir(home.path("corpus")).unwrap();
    files
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "md"))
        .count()
}

#[test]
fn a_letter_is_imported_from_pdf_and_word_and_kept_once() {
    let home = Home::new();
    let pdf = home.write("letter.pdf", document("letter.pdf"));
    let shown = askpm(&home).args(["import", "--dry-run", "letter.pdf"]).run();
    let shown = shown.ok().stdout;
    assert!(shown.contains("asked by Katrin B."), "{shown}");
    assert!(shown.contains("q2/a  Priya Raman, group PM"), "{shown}");
    assert!(shown.contains("left out: header or footer of the page"), "{shown}");
    askpm(&home).args(["import", pdf.to_str().unwrap()]).run().ok();
    let word = home.write("letter.docx", document("letter.docx"));
    let again = askpm(&home).args(["import", word.to_str().unwrap()]).run();
    assert_eq!(editions(&home), 1, "{again:?}");
    let found = askpm(&home).args(["search", "large customer report"]).run();
    assert!(found.ok().stdout.contains("product-letters-issue-12/q1"));
}

#[test]
fn a_dropped_file_is_imported_and_a_file_is_summarized() {
    let home = Home::new();
    home.write("drop/report.docx", document("report.docx"));
    home.write("drop/columns", document("columns.pdf"));
    home.write("drop/scanned.pdf", document("scanned.pdf"));
    let ran = askpm(&home).args(["refresh", "--drop", "drop"]).run();
    assert!(
        ran.stderr
            .contains("scanned.pdf: it has no text, because it is pictures of pages"),
        "{ran:?}"
    );
    assert_eq!(editions(&home), 2, "{ran:?}");
    let summary = askpm(&home).args(["summarize", "drop/columns"]).run();
    assert!(summary.ok().stdout.contains("price"));
    let summary = askpm(&home)
        .args(["summarize", "-"])
        .stdin(document("letter.docx"))
        .run();
    assert!(summary.ok().stdout.contains("Product letters"));
}

#[test]
fn columns_and_tables_of_a_pdf_are_read_in_order() {
    let report = import("columns.pdf", &document("columns.pdf"));
    let edition = &report.editions[0].edition;
    assert_eq!(edition.title, "Two lessons from five years of price tests");
    let written = askpm::corpus::markdown::write(edition);
    for expected in [
        "when a customer wrote that the number had moved",
        "kept the well-known rule of one change",
        "had drawn the calendar of both.\n\nSince then one person owns",
        "| Plan | Before | After |\n| --- | --- | --- |\n| Team | $29 | $35 |\n| Firm | $99 | $99 |",
    ] {
        assert!(written.contains(expected), "{expected}\n\n{written}");
    }
    let (left, right) = (
        written.find("Since then").unwrap(),
        written.find("The second lesson").unwrap(),
    );
    assert!(left < right, "{written}");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_way_out() {
    for (name, says) in [
        (
            "scanned.pdf",
            "it has no text, because it is pictures of pages: run a text recognition",
        ),
        ("locked.pdf", "it is locked with a password: open it with the password"),
    ] {
        assert!(why(&import(name, &document(name))).starts_with(says), "{name}");
    }
    // A password that only protects from changes keeps nobody from reading.
    assert_eq!(import("owned.pdf", &document("owned.pdf")).editions.len(), 1);
    let cut = document("letter.pdf");
    for (bytes, says) in [
        (&b"%PDF-1.7\nnothing"[..], "damaged PDF"),
        (&cut[..200], "it "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .docx"),
    ] {
        let report = import("report.pdf", bytes);
        assert!(why(&report).contains(says), "{:?}", report.skipped);
    }
}

#[test]
fn an_attached_pdf_is_an_edition_and_an_attached_word_file_is_named() {
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let mail = format!(
        "From: Ivo <i@e.org>\nSubject: Ferns\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
         Content-Type: text/plain\n\nSaid at the counter, about ferns and moss.\n--b\nContent-Type: application/pdf\n\
         Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=letter.pdf\n\n{}\n--b\n\
         Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename=report.docx\n\n{}\n--b--\n",
        encode(&document("letter.pdf")),
        encode(&document("report.docx"))
    );
    let report = import("mail.eml", mail.as_bytes());
    let mut from: Vec<&str> = report.editions.iter().map(|edition| edition.from.as_str()).collect();
    from.sort_unstable();
    assert_eq!(from, ["mail.eml", "mail.eml, attachment letter.pdf"]);
    let named: Vec<&str> = report.skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(named, ["mail.eml, attachment report.docx"]);
    assert!(
        report.skipped.iter().all(|skipped| skipped.why.contains("save it")),
        "{:?}",
        report.skipped
    );
}

#[test]
#[cfg(unix)]
fn a_reader_that_fails_or_does_not_end_costs_one_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let reader = |script: &str, document_time: Duration| {
        let path = home.write("reader", format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let limits = Limits {
            reader: Some(Ok(path)),
            document_time,
            ..Limits::default()
        };
        import_bytes("a.pdf", &document("letter.pdf"), &limits)
    };
    let long = Limits::default().document_time;
    for script in ["kill -SEGV $$", "exit 1", "echo nonsense", "echo '{\"Page\":'"] {
        let report = reader(script, long);
        assert!(
            why(&report).starts_with("the reader of PDF files failed on it"),
            "{script}: {:?}",
            report.skipped
        );
    }
    let report = reader("echo '{\"End\":\"a reason\"}'", long);
    assert_eq!(why(&report), "a reason");
    let report = reader("exec /bin/sleep 60", Duration::ZERO);
    assert!(why(&report).contains("takes more than"), "{:?}", report.skipped);
}

#[test]
fn a_word_file_or_a_book_that_takes_too_long_costs_one_file() {
    let limits = Limits {
        document_time: Duration::ZERO,
        ..Limits::default()
    };
    for name in ["letter.docx", "book.epub"] {
        assert!(
            !import_bytes(name, &document(name), &Limits::default())
                .editions
                .is_empty(),
            "{name}"
        );
        let report = import_bytes(name, &document(name), &limits);
        assert!(report.editions.is_empty(), "{name}");
        assert!(
            why(&report).contains("takes more than 0 seconds"),
            "{name}: {:?}",
            report.skipped
        );
    }
}

/// The reader gives up files, connections, programs and most memory before it reads a byte.
#[test]
#[cfg(target_os = "linux")]
fn the_process_that_reads_a_pdf_has_no_rights() {
    let home = Home::new();
    let mut command = home.bare().args(["--read-pdf-from-stdin", "1000000"]).command();
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let limits = loop {
        let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
        if limits
            .lines()
            .any(|line| line.starts_with("Max processes") && line.split_whitespace().nth(2) == Some("0"))
        {
            break limits;
        }
        std::thread::yield_now();
    };
    drop(child.stdin.take());
    child.wait().unwrap();
    for (name, most) in [
        ("Max open files", "0"),
        ("Max file size", "0"),
        ("Max address space", "2147483648"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line[name.len()..].trim_start().starts_with(most), "{line}");
    }
}
