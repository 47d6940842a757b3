//! Tests of mail as real programs send it.

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

/// Imports a mail of several parts, each with its header.
fn mixed(sort: &str, parts: &[&str]) -> ImportReport {
    let parts: String = parts.iter().map(|part| format!("--x\n{part}\n")).collect();
    mail(&format!(
        "Subject: S\nFrom: Dana <a@b.c>\nDate: Mon, 05 Jan 2026 09:00:00 +0000\nMIME-Version: 1.0\n\
         Content-Type: multipart/{sort}; boundary=x\n\n{parts}--x--\n"
    ))
}

fn titles(report: &ImportReport) -> Vec<&str> {
    report.editions.iter().map(|e| e.edition.title.as_str()).collect()
}

const LONG: &str = "We plan for six weeks, and what is not done by then is dropped unless somebody asks for it once more, \
    which happened twice in the last year, both times for the same report.";

#[test]
fn attached_letters_are_read_and_other_files_are_named() {
    // Attached texts were once skipped silently, so that a newsletter could get lost.
    let report = mixed(
        "mixed",
        &[
            &format!("\n{LONG}"),
            "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nThe second letter, from a file.",
            "Content-Type: application/pdf; name=b.pdf\nContent-Disposition: attachment\n\n%PDF-1.7",
            "Content-Type: text/x-patch; name=c.patch\nContent-Disposition: attachment\n\ndiff --git a b",
            "Content-Type: image/png; name=d.png\nContent-Disposition: attachment\n\nx",
        ],
    );
    assert_eq!(titles(&report), ["S", "a.txt"], "{report:?}");
    assert!(all_text(&report).contains("second letter"));
    let named: Vec<_> = report.skipped.iter().map(|s| s.file.as_str()).collect();
    assert_eq!(named, ["a.eml, attachment b.pdf", "a.eml, attachment c.patch"]);
    assert!(report.skipped[0].why.contains("PDF"), "{:?}", report.skipped);
}

#[test]
fn a_covering_note_goes_with_the_letter_that_it_covers() {
    let file = "Content-Type: text/html; name=letter.html\nContent-Disposition: attachment\n\n<h1>Letter 4</h1><p>We plan.</p>";
    let report = mixed("mixed", &["\nSee the file.", file]);
    assert_eq!(titles(&report), ["Letter 4"]);
    let one = &report.editions[0];
    assert_eq!(
        one.edition.source.as_deref(),
        Some("Mail from Dana, attachment letter.html")
    );
    assert_eq!(one.edition.date.as_deref(), Some("2026-01-05"));
    assert_eq!(
        (one.dropped[0].what.as_str(), one.dropped[0].words),
        ("covering note", 3)
    );
    let report = mixed("mixed", &[&format!("\n{LONG}"), file]);
    assert_eq!(titles(&report), ["S", "Letter 4"]);
    // A short letter is not a covering note. Its attachment does not replace it or give it a title.
    let terms = "Content-Type: text/plain; name=terms.txt\nContent-Disposition: attachment\n\nUse it as you like.";
    let report = mixed("mixed", &["\nA correction: churn is 1.2%, not 12%.", terms]);
    assert_eq!(titles(&report), ["S", "terms.txt"]);
    let message = "Content-Type: message/rfc822\n\nSubject: Inner\nFrom: c@d.e\n\nWhat was said.";
    let report = mixed("mixed", &["\nFYI", message]);
    assert_eq!(titles(&report), ["Inner"]);
    assert_eq!(report.editions[0].dropped[0].text, "FYI");
}

#[test]
fn a_note_about_what_cannot_be_read_is_not_lost() {
    let broken = "Content-Type: message/rfc822\n\nthis attachment is no message, sorry";
    let report = mixed("mixed", &["\nSee the message.", broken]);
    let all = format!(
        "{}{:?}",
        all_text(&report),
        report.editions.iter().map(|e| &e.dropped).collect::<Vec<_>>()
    );
    assert!(all.contains("sorry") && all.contains("See the message."), "{report:?}");
    let empty = "Content-Type: message/rfc822\n\nSubject: Inner\nContent-Type: image/png\n\nx";
    let report = mixed("mixed", &["\nSee the message, and tell me what you think.", empty]);
    assert!(all_text(&report).contains("See the message"), "{report:?}");
    assert!(report.skipped[0].why.contains("no text part"), "{report:?}");
}

#[test]
fn a_part_in_a_binary_encoding_makes_a_mail_no_binary_file() {
    let wide: Vec<u8> = LONG.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let head =
        b"Subject: S\nFrom: a@b.c\nContent-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: binary\n\n";
    let report = import_bytes("a", &[&head[..], &wide].concat(), &Limits::default());
    assert!(all_text(&report).contains("six weeks"), "{report:?}");
}

#[test]
fn every_text_part_of_a_mixed_mail_is_read_in_order() {
    let picture = "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=";
    let report = mixed(
        "mixed",
        &[
            "\nFirst part of it.",
            picture,
            "Content-Type: text/html\n\n<p>The second part.</p>",
            "\nThird.",
        ],
    );
    assert_eq!(
        report.editions[0].edition.sections[0].body,
        "First part of it.\n\nThe second part.\n\nThird."
    );
    // Text that comes twice is kept once.
    let html = format!("Content-Type: text/html\n\n<h2>On plans</h2><p>{LONG}</p>");
    let report = mixed("mixed", &[&format!("\n{LONG}"), &html]);
    assert_eq!(report.editions[0].words_in, report.editions[0].words_kept);
    assert_eq!(all_text(&report).matches("six weeks").count(), 1);
}

#[test]
fn a_digest_is_its_messages() {
    for kind in ["", "Content-Type: message/rfc822\n"] {
        let one = |n: u8| format!("{kind}\nSubject: Plan {n}\nFrom: Ana <a@b.c>\n\n{LONG}");
        let report = mixed("digest", &[&one(1), &one(2)]);
        assert_eq!(titles(&report), ["Plan 1", "Plan 2"], "{report:?}");
        assert_eq!(report.editions[1].edition.source.as_deref(), Some("Mail from Ana"));
    }
}

#[test]
fn the_page_form_of_a_mail_wins_unless_it_is_a_stub_or_says_less() {
    let plain =
        format!("{LONG}\n\nResources\n\n- A talk [https://t.example.org/1]\n- A book [https://t.example.org/2]");
    let report = mail(&alternative(
        &plain,
        &format!("<p>{LONG}</p><p>Two more:</p><ul><li>A talk</li><li>A book</li></ul>"),
    ));
    assert!(!all_text(&report).contains("t.example.org"), "{}", all_text(&report));
    let report = mail(&alternative(LONG, "<p>Read it on our page.</p>"));
    assert!(all_text(&report).contains("six weeks"));
    let short = mail(&alternative(
        "Ship it (https://t.example.org/1)",
        "<p>Ship it</p><p>now</p>",
    ));
    assert!(!all_text(&short).contains("t.example.org"));
}

#[test]
fn of_a_forwarded_letter_the_original_is_told() {
    let header = "---------- Forwarded message ---------\nFrom: Ana Lima <a@b.c>\nDate: Mon, Jan 5, 2026 at 9:00 AM\n\
                  Subject: Plans\nTo: <r@e.org>\n";
    let text = format!("Worth reading.\n\n{header}\n\n{LONG}\n");
    let page = format!(
        "<p>Worth reading.</p><div>{}</div><p>{LONG}</p>",
        header.replace('<', "&lt;").replace('\n', "<br>")
    );
    for (kind, body) in [("plain", text), ("html", page)] {
        let report = mail(&format!(
            "From: Me <me@e.org>\nSubject: Fwd: Plans\nDate: Sun, 15 Mar 2026 20:00:00 +0000\nContent-Type: text/{kind}\n\n{body}"
        ));
        let one = &report.editions[0];
        assert_eq!(
            (one.edition.title.as_str(), one.edition.date.as_deref()),
            ("Plans", Some("2026-01-05")),
            "{kind}"
        );
        assert_eq!(one.edition.source.as_deref(), Some("Mail from Ana Lima"), "{kind}");
        assert_eq!(one.dropped[0].text, "Worth reading.", "{kind}");
        assert!(!all_text(&report).contains("Subject:"), "{kind}");
    }
}

#[test]
fn a_page_saved_by_a_browser_is_a_page() {
    let page = "Content-Type: text/html\nContent-ID: <f@x>\nContent-Location: https://n.example.org/p\n\n<h1>On plans</h1><p>We plan.</p>";
    let frame = "Content-Type: text/html\nContent-ID: <g@x>\n\n<p>Our sponsor sells things.</p>";
    let report = mail(&format!(
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://n.example.org/p\nSubject: On plans\n\
         Date: Tue, 10 Feb 2026 09:00:00 -0000\nContent-Type: multipart/related; boundary=x\n\n--x\n{page}\n--x\n{frame}\n--x--\n"
    ));
    let edition = &report.editions[0].edition;
    assert_eq!((edition.title.as_str(), edition.date.as_deref()), ("On plans", None));
    assert_eq!(edition.source.as_deref(), Some("Saved page, https://n.example.org/p"));
    assert!(!all_text(&report).contains("sponsor"));
    assert_eq!(report.editions[0].dropped.last().unwrap().what, "frame within the page");
    // Another browser says only in the part of the page where it was.
    let report = mail(&format!(
        "From: <Saved by a browser>\nContent-Type: multipart/related; boundary=x\n\n--x\n{page}\n--x\n{}\n--x--\n",
        frame.replace("<g@x>", "<g@x>\nContent-Location: https://ads.example.org/")
    ));
    let source = report.editions[0].edition.source.as_deref();
    assert_eq!(source, Some("Saved page, https://n.example.org/p"));
}

#[test]
fn the_footer_of_a_google_group_is_no_text() {
    let report = mail(
        "Subject: S\nFrom: a@b.c\n\nWe sold the van in May, and nobody in the yard asked where it had gone.\n\n-- \nYou received \
         this message because you are subscribed to the Google Groups \"Yard\" group.\nTo view this discussion visit \
         https://groups.google.com/d/msgid/yard/1%40e.org.\n",
    );
    assert!(!all_text(&report).contains("google"), "{report:?}");
}

#[test]
fn damaged_transfer_encodings_lose_no_text() {
    for (encoding, body, said) in [
        (
            "quoted-printable",
            "lost three caf=C3=A9s, which is = fine",
            "three cafés, which is = fine",
        ),
        ("quoted-printable", "caf=C3=A9 100=% =ZZ", "café 100=% =ZZ"),
        ("Quoted-Printable;", "caf=C3=A9", "café"),
        ("base64", "VW4gY2Fmw6k=\n_______\nPM list\npm@example.org", "Un café"),
        ("base64", "VW4gY2Fmw6k=\n_______\nPM list\npm@example.org", "PM list"),
        ("base64", "VW4gY2Fmw6k= PM list", "Un café"),
        ("8bit", "Un café à 9", "Un café à 9"),
    ] {
        let report = mail(&format!(
            "Subject: S\nFrom: a@b.c\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n{body}\n"
        ));
        assert!(all_text(&report).contains(said), "{encoding}: {}", all_text(&report));
    }
}

#[test]
fn headers_in_raw_or_split_characters_are_read() {
    for (subject, title) in [
        (&b"Prix et caf\xe9s"[..], "Prix et cafés"),
        ("Prix et cafés".as_bytes(), "Prix et cafés"),
        (
            b"=?utf-8?B?TGF1bmNoIPCfmg==?=\r\n =?utf-8?B?gCBkYXk=?=",
            "Launch 🚀 day",
        ),
        (b"=?UTF-8?Q?caf=C3?= =?UTF-8?Q?=A9s?=", "cafés"),
    ] {
        let raw = [
            b"From: a@b.c\r\nSubject: ",
            subject,
            b"\r\n\r\nWe plan for six weeks.\r\n",
        ]
        .concat();
        let report = import_bytes("a.eml", &raw, &Limits::default());
        assert_eq!(titles(&report), [title]);
    }
}

#[test]
fn a_soft_wrapped_mail_is_paragraphs() {
    let report = mail(
        "Subject: S\nFrom: a@b.c\nContent-Type: text/plain; format=flowed\n\nSoft lines \nare one paragraph \nof text.\nThis is another.\n",
    );
    assert_eq!(
        report.editions[0].edition.sections[0].body,
        "Soft lines are one paragraph of text.\n\nThis is another."
    );
}

#[test]
fn what_cannot_be_read_is_named_with_the_way_out() {
    for (part, says) in [
        (
            "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+IgAAAAA=",
            "Outlook",
        ),
        (
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nx",
            "encrypted",
        ),
        ("Content-Type: application/pgp-encrypted\n\nVersion: 1", "encrypted"),
        ("Content-Type: image/png\n\nx", "no text part"),
    ] {
        let report = mixed("mixed", &[part]);
        assert!(
            report.editions.is_empty() && report.skipped[0].why.contains(says),
            "{:?}",
            report.skipped
        );
    }
    let report = mixed(
        "mixed",
        &[&format!("\n{LONG}"), "Content-Type: application/ms-tnef\n\nx"],
    );
    assert_eq!((report.editions.len(), report.skipped.len()), (1, 1), "{report:?}");
}

#[test]
fn boundaries_that_are_missing_are_found() {
    for kind in ["multipart/mixed", "multipart/mixed; boundary=other"] {
        let report = mail(&format!(
            "Subject: S\nFrom: a@b.c\nContent-Type: {kind}\n\n--x\n\n{LONG}\n--x--\n"
        ));
        assert!(all_text(&report).contains("six weeks"), "{kind}");
    }
}

#[test]
fn files_of_apple_mail_and_old_line_ends_are_mail() {
    let message = format!("Subject: Plans\nFrom: Dana <a@b.c>\nDate: Mon, 5 Jan 2026 09:00:00 +0000\n\n{LONG}\n");
    let file = format!(
        "{}\n{message}<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict/></plist>\n",
        message.len()
    );
    for (name, bytes) in [
        ("1.emlx", file.clone()),
        ("unnamed", file),
        ("mac.eml", message.replace('\n', "\r")),
        (
            "mac.mbox",
            format!("From a@b Mon Jan 5 09:00:00 2026\n{message}").replace('\n', "\r"),
        ),
    ] {
        let report = import_bytes(name, bytes.as_bytes(), &Limits::default());
        assert_eq!(titles(&report), ["Plans"], "{name} {report:?}");
        assert_eq!(
            report.editions[0].words_kept,
            1 + LONG.split_whitespace().count(),
            "{name}"
        );
    }
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
    let sentence = two.replace("\nFrom there", "\n\nFrom there");
    // The server's own message is no letter.
    let own = "From MAILER-DAEMON Sat Jan 31 06:00:00 2026\nFrom: Data <MAILER-DAEMON@a.b>\nSubject: KEEP\nX-IMAP: 17 \
               02\n\nNot a real message.\n\n";
    let report = import_bytes("box.mbox", format!("{own}{one}{two}").as_bytes(), &Limits::default());
    assert_eq!((report.editions.len(), report.skipped.len()), (2, 0));
    let report = import_bytes("box.mbox", format!("{one}{sentence}").as_bytes(), &Limits::default());
    assert_eq!(report.editions.len(), 2);
    assert!(all_text(&report).contains("From there on it is not"));
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
