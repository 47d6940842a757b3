//! Mail as it comes.

use super::super::{Limits, import_bytes};
use super::*;

fn mail(text: &str) -> ImportReport {
    import_bytes("a.eml", text.replace('\n', "\r\n").as_bytes(), &Limits::default())
}

fn all_text(report: &ImportReport) -> String {
    let sections = report.editions.iter().flat_map(|e| &e.edition.sections);
    sections.map(|s| format!("{}\n{}\n", s.title, s.body)).collect()
}

#[test]
fn headers_are_decoded_and_dated() {
    let report = mail(
        "From: =?UTF-8?Q?Caf=C3=A9_Letters?= <a@example.org>\nSubject: Fwd: =?iso-8859-1?B?TelsYW5nZQ==?=\n\
         Date: Tue, 5 Mar 2024 23:30:00 -0800\n\nWhat was said at the table was worth keeping.\n",
    );
    let edition = &report.editions[0].edition;
    assert_eq!(edition.title, "Mélange");
    assert_eq!(edition.slug, "melange");
    assert_eq!(edition.date.as_deref(), Some("2024-03-05"));
    assert_eq!(edition.source.as_deref(), Some("Mail from Café Letters"));
}

#[test]
fn encodings_and_charsets_are_undone() {
    for (head, body, said) in [
        (
            "text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable",
            "Un caf=E9 =\nnoir",
            "Un café noir",
        ),
        (
            "text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
            "VW4gY2Fmw6k=",
            "Un café",
        ),
        ("text/plain; charset=iso-2022-jp", "\u{1b}$B@=IJ\u{1b}(B", "製品"),
        ("text/plain; charset=us-ascii", "Un café", "Un café"),
        ("text/plain; charset=nonsense", "Un café", "Un café"),
        ("text/html; charset=utf-8", "<p>Un&nbsp;caf&eacute;</p>", "Un café"),
    ] {
        let report = mail(&format!("Subject: S\nFrom: a@b.c\nContent-Type: {head}\n\n{body}\n"));
        assert!(all_text(&report).contains(said), "{head}: {report:?}");
    }
}

fn alternative(plain: &str, html: &str) -> String {
    format!(
        "Subject: S\nFrom: a@b.c\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"b1\"\n\npreamble\n\
         --b1\nContent-Type: text/plain\n\n{plain}\n--b1\nContent-Type: text/html\n\n{html}\n--b1--\nepilogue\n"
    )
}

#[test]
fn of_two_alternatives_the_one_with_more_structure_is_read() {
    let plain = "Question 1) Why?\n\nReally?\n\n– Ann Asker\n\nDiscussion\n\nA] Because.\n\n– Bob Answer\n";
    let report = mail(&alternative(plain, "<p>Read this on our page.</p>"));
    assert_eq!(
        report.editions[0].edition.discussions[0].answers[0].contributor,
        "Bob Answer"
    );
    let stub = "View this email in your browser";
    let report = mail(&alternative(
        stub,
        "<h2>On tables</h2><p>What was said there, at length.</p>",
    ));
    assert_eq!(report.editions[0].edition.sections[0].title, "On tables");
    assert_eq!(report.editions.len(), 1);
}

#[test]
fn a_forwarded_message_is_read_in_place_of_an_empty_one() {
    let report = mail(
        "Subject: look\nFrom: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\
         Content-Type: message/rfc822\n\nSubject: Inner\nFrom: c@d.e\n\nWhat was said at the table.\n--x--\n",
    );
    assert_eq!(report.editions.len(), 1, "{report:?}");
    assert_eq!(report.editions[0].edition.title, "Inner");
}

#[test]
fn attachments_are_no_text() {
    let report = mail(
        "Subject: S\nFrom: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nThe letter itself.\n--x\n\
         Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nNot this.\n--x--\n",
    );
    assert!(all_text(&report).contains("letter itself") && !all_text(&report).contains("Not this"));
}

#[test]
fn a_mailbox_is_cut_where_messages_begin() {
    let one = "From a@b Tue Mar  5 10:00:00 2024\nSubject: One\nFrom: a@b.c\n\nSaid at the table.\n>From here on it is quoted.\n\n";
    let two =
        "From a@b Tue Mar  5 10:00:00 2024\nSubject: Two\nFrom: a@b.c\n\nSaid at the door.\nFrom there on it is not.\n";
    let report = import_bytes("box.mbox", format!("{one}{two}").as_bytes(), &Limits::default());
    let titles: Vec<_> = report.editions.iter().map(|e| e.edition.title.as_str()).collect();
    assert_eq!(titles, ["One", "Two"]);
    assert_eq!(report.editions[1].from, "box.mbox#2");
    assert!(all_text(&report).contains("\nFrom here on"), "{}", all_text(&report));
    let limits = Limits {
        items: 1,
        ..Limits::default()
    };
    let report = import_bytes("box.mbox", format!("{one}{two}").as_bytes(), &limits);
    assert_eq!((report.editions.len(), report.skipped.len()), (1, 1));
}

#[test]
fn endless_nesting_of_parts_and_messages_ends() {
    let multipart: String = (0..5_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect();
    let report = mail(&format!("Subject: S\nFrom: a@b.c\n{multipart}\ntext\n"));
    assert!(
        report.editions.is_empty() && report.skipped[0].why.contains("nested"),
        "{:?}",
        report.skipped
    );
    let messages = "Content-Type: message/rfc822\n\n".repeat(5_000);
    let report = mail(&format!("Subject: S\nFrom: a@b.c\n{messages}\ntext\n"));
    assert!(report.editions.is_empty() && !report.skipped.is_empty());
    let wide = "--x\n\ntext\n".repeat(5_000);
    let report = mail(&format!(
        "Subject: S\nFrom: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n{wide}"
    ));
    assert!(
        report.skipped.iter().any(|s| s.why.contains("more than 500 parts")),
        "{:?}",
        report.skipped
    );
}
