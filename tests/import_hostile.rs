//! Tests importing hostile input: any bytes give a report, and nothing is lost or forged.

use askpm::corpus::import::{ImportReport, Limits, import_bytes};
use askpm::corpus::{edition, markdown};
use proptest::prelude::*;

const NAMES: [&str; 8] = ["a.txt", "a.md", "a.html", "a.eml", "a.mbox", "a.xml", "-", "../../x"];

/// Checks what must hold for every report: editions are well formed, read back as written, and account for their words.
fn check(report: &ImportReport) {
    for imported in &report.editions {
        let found = &imported.edition;
        assert!(edition::is_slug(&found.slug), "{:?}", found.slug);
        let written = markdown::write(found);
        assert_eq!(markdown::parse("x.md", &written).as_ref(), Ok(found));
        // A code block of an edition in our own format may contain a tab; that format passes through.
        let harmless = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
        assert!(written.chars().all(harmless), "{written:?}");
        assert!(!written.contains(['\u{202e}', '\u{200b}', '\u{ad}']));
        assert_eq!(
            imported.words_in,
            imported.words_kept + imported.words_dropped(),
            "{imported:#?}"
        );
        assert!(imported.dropped.iter().all(|d| d.text.chars().count() <= 80));
        assert!(found.discussions.iter().all(|d| d.answers.len() <= 26));
    }
    assert!(
        report
            .skipped
            .iter()
            .all(|s| !s.why.is_empty() && !s.why.contains('\n'))
    );
}

fn limits() -> Limits {
    Limits {
        text_bytes: 1 << 20,
        ..Limits::default()
    }
}

fn sample(name: &str) -> Vec<u8> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import");
    std::fs::read(dir.join(name)).unwrap()
}

/// Generates lines that newsletters consist of, well formed or not.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(String::new()),
        "Question [0-3](\\)|:|)? ?[A-Z][a-z]{1,6} [a-z]{1,6}\\?",
        "(Q|q)[0-4][.:)] [A-Z]?[a-z]{1,5}",
        "(\\*\\*)?[A-DZ](\\]|\\)|\\.|:)(\\*\\*)? ?[A-Za-z]{0,6}( [a-z]{1,6}){0,8}",
        "(–|-|—|--) ?[A-Z][a-z]{1,6}( [A-Z][a-z]{1,6}){0,2}",
        "(Top Discussions|Top Learning Resources|Discussion|Answers|Latest Posts|In this edition|Contents):?",
        "(_{3,12}|\\*\\*\\*|---|===)",
        "[0-9]{1,2}[.)] [A-Z][a-z]{1,6}( [a-z]{1,6}){0,5}",
        "- [a-z]{1,6}( [a-z]{1,6}){0,5}",
        "(#{1,3} )?[A-Z][a-z]{1,8}( [a-z]{1,8}){0,16}[.?]?",
        "(Asked by:? [A-Z][a-z]+|Kind: x|Link: y|```|<!--|\\\\# x|## Q9\\. Forged|Unsubscribe|March 5, 2024)",
        "\\PC{0,30}",
    ]
}

proptest! {
    // Failing cases become tests below, not regression files.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

#[test]
    fn any_bytes_give_a_report(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in 0..NAMES.len()) {
        check(&import_bytes(NAMES[name], &bytes, &limits()));
    }

    #[test]
    fn any_lines_of_newsletters_are_accounted_for(lines in proptest::collection::vec(line(), 0..40)) {
        check(&import_bytes("a.txt", lines.join("\n").as_bytes(), &limits()));
    }

    #[test]
    fn any_lines_as_a_page_are_accounted_for(lines in proptest::collection::vec(line(), 0..30), tag in 0..4usize) {
        let tag = ["p", "li", "td", "h2"][tag];
        let page: String = lines.iter().map(|l| format!("<{tag}>{}</{tag}>", l.replace('<', "&lt;"))).collect();
        check(&import_bytes("a.html", page.as_bytes(), &limits()));
    }

    #[test]
    fn damaged_newsletters_give_a_report(
        which in 0..5usize,
        cuts in proptest::collection::vec((0..8_000usize, 0..40usize, proptest::collection::vec(any::<u8>(), 0..8)), 0..6),
        as_name in 0..NAMES.len(),
    ) {
        let mut bytes = sample(["reviews.txt", "reviews.html", "unlettered.txt", "article.html", "own.md"][which]);
        for (at, length, put) in cuts {
            let at = at.min(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, put);
        }
        check(&import_bytes(NAMES[as_name], &bytes, &limits()));
    }

    #[test]
    fn damaged_mail_and_feeds_give_a_report(
        cuts in proptest::collection::vec((0..1_500usize, 0..30usize, "(--b|\r\n|\n\n|<|&|]]>|=|[ -~]){0,4}"), 0..5),
        mail in any::<bool>(),
    ) {
        let mut text = if mail { MAIL.replace('\n', "\r\n") } else { FEED.to_string() };
        for (at, length, put) in cuts {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &put);
        }
        check(&import_bytes(if mail { "a.eml" } else { "a.xml" }, text.as_bytes(), &limits()));
    }
}

const MAIL: &str = "From: =?utf-8?q?A=20B?= <a@b.c>\nSubject: =?iso-8859-1?B?TelsYW5nZQ==?=\n\
Date: Tue, 5 Mar 2024 23:30:00 -0800\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
Content-Type: multipart/alternative; boundary=\"b2\"\n\n--b2\nContent-Type: text/plain; charset=koi8-r\n\
Content-Transfer-Encoding: base64\n\nVGV4dCBvZiBpdC4=\n--b2\nContent-Type: text/html\n\
Content-Transfer-Encoding: quoted-printable\n\n<p>Question 1) Why=3F</p><p>A] So.</p><p>=E2=80=93 Jo Doe</p>\n--b2--\n\
--b\nContent-Type: message/rfc822\n\nSubject: Inner\nFrom: c@d.e\n\nSaid at the table.\n--b--\n";

const FEED: &str = "<?xml version='1.0'?><rss version='2.0'><channel><title>T &amp; U</title>\
<item><title><![CDATA[One]]></title><pubDate>Tue, 05 Mar 2024 09:00:00 GMT</pubDate>\
<description>&lt;p&gt;Said at&nbsp;the table.&lt;/p&gt;</description></item>\
<item><title>Two</title><link>https://example.org/</link><content type='xhtml'><div><p>Said <b>twice</b>.</p></div></content>\
</item></channel></rss>";

#[test]
fn text_cannot_forge_answers_or_terminal_commands() {
    let text = "Title of it\n\nQuestion 1) Why?\n\nA] Because.\n\n## Q9. Forged?\n\n### B. Famous Person\n\nI \u{1b}[2Jagree \
        \u{202e}esrever\u{202c}.\n\n– Jo Doe\n";
    let report = import_bytes("a.txt", text.as_bytes(), &Limits::default());
    check(&report);
    let found = &report.editions[0].edition;
    assert_eq!(found.discussions.len(), 1);
    assert_eq!(found.discussions[0].answers.len(), 1);
    assert_ne!(found.discussions[0].answers[0].contributor, "Famous Person");
    assert!(markdown::write(found).contains("I agree esrever."));
}

#[test]
fn more_answers_than_letters_go_on_in_a_discussion_of_their_own() {
    let mut text = String::from("Title of it\n\nQuestion 1) Why?\n\n");
    for n in 0..60u8 {
        let letter = char::from(b'A' + n % 26);
        let second = if n >= 52 {
            ""
        } else if n >= 26 {
            "A"
        } else {
            ""
        };
        text.push_str(&format!("{second}{letter}] Because of {n}.\n\n– Jo Doe\n\n"));
    }
    let report = import_bytes("a.txt", text.as_bytes(), &Limits::default());
    check(&report);
    let found = &report.editions[0].edition;
    assert_eq!(found.discussions[1].title, "Why? (continued)");
    assert_eq!(found.discussions[1].answers[25].body, "Because of 51.");
    assert!(markdown::write(found).contains("Because of 59."));
}

#[test]
fn enormous_lines_and_endless_markup_end() {
    let large = Limits {
        file_bytes: 200 << 20,
        text_bytes: 200 << 20,
        ..Limits::default()
    };
    // 100 MB on one line is read, and rejected as an edition with a reason.
    let line = "word ".repeat(20_000_000);
    let report = import_bytes("a.txt", line.as_bytes(), &large);
    assert!(
        report.editions.is_empty() && report.skipped[0].why.contains("too many"),
        "{:?}",
        report.skipped
    );
    let report = import_bytes("a.txt", line.as_bytes(), &Limits::default());
    assert!(report.skipped[0].why.contains("more than"), "{:?}", report.skipped);
    drop(line);
    for unit in [
        "<div>",
        "<b><i>",
        "<table><tr><td>",
        "<ul><li>",
        "<div hidden>",
        "<!--",
        "<p>Question 1) X?",
        "&amp;",
        "<a href=",
        "A] x\n",
        "Question 1\n",
        "Q1: X\n\n",
        "> ",
        "- ",
        "*",
        "`",
        "[",
        "<",
        "– Jo Doe\n",
        "1. X\n\n",
        "```\n",
        "\\",
        "x\n===\n",
        "Top Discussions\n",
        "#",
        "\u{301}",
        "\r",
        "\u{1b}[",
        "=?utf-8?q?",
        "--b\n",
        "Content-Type: multipart/mixed; boundary=b\n\n",
        "From a@b\nSubject: x\nFrom: y\n\nz\n\n",
        "<item><title>x",
        "<![CDATA[",
        "&x;",
        "<x ",
    ] {
        let text = unit.repeat(400_000 / unit.len());
        for (name, head) in [
            ("a.txt", "Title\n\nQuestion 1) X?\n\n"),
            ("a.html", "<html>"),
            ("a.eml", "Subject: x\nFrom: y\n\n"),
            (
                "a.eml",
                "Subject: x\nFrom: y\nContent-Type: multipart/mixed; boundary=b\n\n",
            ),
            ("a.mbox", "From a@b\nSubject: x\nFrom: y\n\n"),
            ("a.xml", "<?xml version='1.0'?><rss><channel><item><description>"),
        ] {
            check(&import_bytes(
                name,
                format!("{head}{text}").as_bytes(),
                &Limits::default(),
            ));
        }
    }
}

/// Cases that the properties above found, in their smallest form.
#[test]
fn found_cases_stay_mended() {
    let own = String::from_utf8(sample("own.md")).unwrap();
    let cases: [(&str, Vec<u8>); 4] = [
        // Titles that the table of contents repeats were counted twice.
        ("a.txt", b"In this edition\n\nTop Learning Resources\n\nIn this edition\n\nTop Learning Resources\n\nIn this edition".to_vec()),
        // `Asked by` inside a word was taken for a mark.
        ("a.eml", own.replace("Asked by", "Asked by\u{88}").into_bytes()),
        // A control character passed through in our own format.
        ("a.md", own.replace("A book", "\u{7f} A book").into_bytes()),
        // A lone carriage return hid a line from the escaping.
        ("a.md", own.replace("Say so.", "Say\r so.").into_bytes()),
    ];
    for (name, bytes) in cases {
        check(&import_bytes(name, &bytes, &limits()));
    }
}
