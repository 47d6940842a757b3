//! Tests importing: the real newsletter if it is available, and newsletters written for these tests in every form.

use std::path::Path;

use askpm::corpus::edition::Edition;
use askpm::corpus::import::{ImportReport, ImportView, Imported, Limits, Outcome, import_bytes, import_path, store};
use askpm::corpus::markdown;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/import")
            .join(name),
    )
    .unwrap()
}

fn only(report: ImportReport) -> Imported {
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    assert_eq!(report.editions.len(), 1);
    report.editions.into_iter().next().unwrap()
}

fn import(name: &str) -> Imported {
    only(import_bytes(name, &fixture(name), &Limits::default()))
}

/// Returns the letters and contributors of every discussion.
fn signed(edition: &Edition) -> Vec<Vec<(char, &str)>> {
    let answers = |d: &'_ askpm::corpus::edition::Discussion| d.answers.len();
    assert!(edition.discussions.iter().all(|d| answers(d) > 0));
    let discussions = edition.discussions.iter();
    discussions
        .map(|d| d.answers.iter().map(|a| (a.letter, a.contributor.as_str())).collect())
        .collect()
}

/// Asserts that every word is in the edition or in the list of what was left out.
fn assert_accounted(imported: &Imported) {
    assert_eq!(
        imported.words_in,
        imported.words_kept + imported.words_dropped(),
        "{:#?}",
        imported.dropped
    );
}

mod real_newsletter {
    use super::*;

    /// Returns the path of the real newsletter. Its text is not part of this repository.
    fn path() -> Option<std::path::PathBuf> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/newsletters/pathways-ai-ml-pm.txt");
        if !path.is_file() {
            crate::harness::skipped(format!("{} is not there", path.display()));
            return None;
        }
        Some(path)
    }

    #[test]
    fn its_structure_is_recovered() {
        let Some(path) = path() else { return };
        let imported = only(import_path(&path, &Limits::default(), &mut |_| {}));
        let edition = &imported.edition;
        assert_eq!(edition.title, "Pathways to Becoming an AI/ML Product Manager");
        let asked: Vec<_> = edition
            .discussions
            .iter()
            .map(|d| (d.number, d.title.as_str(), d.asked_by.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(
            asked,
            [
                (
                    1,
                    "In practice, how is artificial intelligence actually used by companies?",
                    "Amy Walker"
                ),
                (2, "Getting ready for the role of AI/ML PM", "Michelle Plowman"),
                (3, "How does one become an AI/ML PM?", "Flavia Bergstein"),
            ]
        );
        let expected = [
            [('a', "Naomi Nwosu"), ('b', "Tina Greist"), ('c', "Nathan Endicott")],
            [('a', "Dhiraj Mehta"), ('b', "Gerard Kolan"), ('c', "Lawrence Martin")],
            [('a', "Pankaj Jain"), ('b', "Marty Ross"), ('c', "Bobby Duncan")],
        ];
        assert_eq!(signed(edition), expected);
        let resources: Vec<_> = edition
            .resources
            .iter()
            .map(|r| {
                (
                    r.title.as_str(),
                    r.summary.split_whitespace().take(5).collect::<Vec<_>>().join(" "),
                )
            })
            .collect();
        let expected = [
            (
                "What is a neural network? Chapter 1, Deep Learning",
                "The video serves as an",
            ),
            (
                "Gradient descent, how neural networks learn. Chapter 2, Deep Learning",
                "The video elucidates the pivotal",
            ),
            (
                "What is backpropagation really doing? Chapter 3, Deep Learning",
                "The video explores backpropagation as",
            ),
            (
                "Backpropagation calculus. Chapter 4, Deep Learning",
                "The video delves into the",
            ),
            ("Intro to Large Language Models", "The hour-long talk introduces large"),
        ];
        assert_eq!(resources, expected.map(|(title, summary)| (title, summary.to_string())));
        assert!(edition.sections.is_empty(), "{:?}", edition.sections);
        assert_accounted(&imported);
    }

    /// Counts without the importer: every paragraph between the first question and the footer, word by word.
    #[test]
    fn its_words_are_kept() {
        let Some(path) = path() else { return };
        let source = std::fs::read_to_string(&path).unwrap().replace('\u{a0}', " ");
        let imported = only(import_path(&path, &Limits::default(), &mut |_| {}));
        let kept = markdown::write(&imported.edition);
        let body = &source[source.find("Question 1").unwrap()..source.find("If you enjoyed").unwrap()];
        let marks = |line: &&str| {
            !line.is_empty() && !line.starts_with("___") && !["Discussion", "Top Learning Resources"].contains(line)
        };
        let (mut all, mut found) = (0, 0);
        for line in body.lines().map(str::trim).filter(marks) {
            let mut text = line.trim_start_matches("– ");
            for mark in ["A] ", "B] ", "C] ", "Question 1", "Question 2) ", "Question 3) "] {
                text = text.strip_prefix(mark).unwrap_or(text);
            }
            let words = text.split_whitespace().count();
            all += words;
            if kept.contains(text) {
                found += words;
            } else {
                eprintln!("not kept as printed: {text:.60}");
            }
        }
        eprintln!(
            "{found} of {all} words kept; {} of {} by the report",
            imported.words_kept, imported.words_in
        );
        assert!(all > 1_500 && found * 100 >= all * 99, "{found} of {all}");
    }
}

#[test]
fn a_messy_text_is_an_edition() {
    let imported = import("reviews.txt");
    assert_reviews(&imported);
    assert_accounted(&imported);
    let what: Vec<_> = imported.dropped.iter().map(|d| d.what.as_str()).collect();
    for wanted in ["welcome", "date line", "table of contents", "footer", "labels"] {
        assert!(what.contains(&wanted), "{wanted} is not in {what:?}");
    }
}

#[test]
fn a_saved_page_is_the_same_edition() {
    let imported = import("reviews.html");
    assert_reviews(&imported);
    assert_accounted(&imported);
    assert!(imported.dropped.iter().any(|d| d.what == "hidden text"));
    assert_eq!(imported.fingerprint, import("reviews.txt").fingerprint);
}

fn assert_reviews(imported: &Imported) {
    let edition = &imported.edition;
    assert_eq!(edition.title, "Running Product Reviews That People Want");
    assert_eq!(edition.slug, "running-product-reviews-that-people-want");
    assert_eq!(edition.date.as_deref(), Some("2024-03-05"));
    let titles: Vec<_> = edition.discussions.iter().map(|d| d.title.as_str()).collect();
    let printed = [
        "How often should a team hold a product review?",
        "Who’s meant to speak in it – and who isn’t?",
    ];
    assert_eq!(titles, printed);
    let askers: Vec<_> = edition
        .discussions
        .iter()
        .filter_map(|d| d.asked_by.as_deref())
        .collect();
    assert_eq!(askers, ["Ina Asker", "Juri Fragt"]);
    let expected = [
        [('a', "Omar Replies"), ('b', "Petra van Antwoord")],
        [('a', "Lena Sagt"), ('b', "Max Meint, PM at a bank")],
    ];
    assert_eq!(signed(edition), expected);
    let first = &edition.discussions[0];
    assert!(first.body.ends_with("We are nine people in two time zones."));
    assert!(first.answers[0].body.contains("- B) is the short form: numbers only."));
    assert!(first.answers[0].body.ends_with("Pick one of the two a day ahead."));
    assert!(
        first.answers[1].body.contains("– Our Old Director"),
        "{}",
        first.answers[1].body
    );
    assert!(
        edition.discussions[1].answers[1]
            .body
            .contains("Question 1 on our agenda")
    );
    let resources: Vec<_> = edition
        .resources
        .iter()
        .map(|r| (r.title.as_str(), r.kind.as_deref()))
        .collect();
    let expected = [
        ("The Review Handbook, Chapter 2", Some("book")),
        ("Quiet Meetings, a talk", Some("talk")),
    ];
    assert_eq!(resources, expected);
    assert!(edition.resources[1].summary.starts_with("The talk shows"));
    assert!(edition.sections.is_empty(), "{:?}", edition.sections);
}

/// Returns the fixture page as mail: quoted-printable, next to a useless plain-text part.
fn mail() -> Vec<u8> {
    let html = String::from_utf8(fixture("reviews.html")).unwrap();
    let mut encoded = String::new();
    for (at, byte) in html.bytes().enumerate() {
        match byte {
            b'\n' => encoded.push_str("\r\n"),
            b'=' | 128.. => encoded.push_str(&format!("={byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
        if at % 60 == 59 {
            encoded.push_str("=\r\n");
        }
    }
    format!(
        "From: =?utf-8?q?Fixture_Newsletter?= <a@example.org>\r\nSubject: Running Product Reviews That People Want\r\n\
         Date: Wed, 6 Mar 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"=_x\"\r\n\r\n\
         --=_x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour program shows no HTML.\r\n\
         --=_x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         {encoded}\r\n--=_x--\r\n"
    )
    .into_bytes()
}

fn feed() -> Vec<u8> {
    let html = String::from_utf8(fixture("reviews.html")).unwrap();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\
         <title>Fixture</title><item><title>Running Product Reviews That People Want</title>\
         <link>https://example.org/reviews</link><pubDate>Wed, 06 Mar 2024 09:00:00 GMT</pubDate>\
         <content:encoded><![CDATA[{html}]]></content:encoded></item></channel></rss>"
    )
    .into_bytes()
}

#[test]
fn the_same_edition_by_mail_feed_page_and_text_is_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = [b"From a@example.org Wed Mar  6 10:00:00 2024\n".to_vec(), mail()].concat();
    let ways: [(&str, Vec<u8>); 5] = [
        ("a.eml", mail()),
        ("a.xml", feed()),
        ("a.html", fixture("reviews.html")),
        ("a.txt", fixture("reviews.txt")),
        ("a.mbox", mailbox),
    ];
    for (at, (name, bytes)) in ways.iter().enumerate() {
        let report = import_bytes(name, bytes, &Limits::default());
        assert!(report.skipped.is_empty(), "{name}: {:?}", report.skipped);
        assert_eq!(report.editions[0].edition.discussions.len(), 2, "{name}");
        let stored = store(dir.path(), &report).unwrap();
        assert_eq!(
            matches!(stored[0].outcome, Outcome::Added),
            at == 0,
            "{name}: {stored:?}"
        );
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let again = store(dir.path(), &import_bytes("a.eml", &mail(), &Limits::default())).unwrap();
    assert_eq!(again[0].outcome, Outcome::Unchanged);
}

#[test]
fn mail_gives_the_edition_its_date_and_sender() {
    let imported = only(import_bytes("a.eml", &mail(), &Limits::default()));
    assert_eq!(imported.edition.date.as_deref(), Some("2024-03-06"));
    assert_eq!(imported.edition.source.as_deref(), Some("Mail from Fixture Newsletter"));
}

#[test]
fn answers_without_letters_are_told_apart_by_their_signatures() {
    let imported = import("unlettered.txt");
    let edition = &imported.edition;
    let expected = vec![vec![('a', "Bea Sagt"), ('b', "Carl Meint")], vec![('a', "Unsigned")]];
    assert_eq!(signed(edition), expected);
    assert_eq!(edition.discussions[1].asked_by.as_deref(), Some("Dora Fragt"));
    assert!(edition.discussions[0].answers[0].body.ends_with("It takes an hour."));
    assert_accounted(&imported);
}

#[test]
fn an_article_becomes_sections_and_keeps_its_content() {
    let imported = import("article.html");
    let edition = &imported.edition;
    assert_eq!(edition.title, "Three ways to say no");
    assert_eq!(edition.date.as_deref(), Some("2024-05-06"));
    let titles: Vec<_> = edition.sections.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(
        titles,
        ["Introduction", "Say it early", "Say it with a number: Which number"]
    );
    assert!(edition.discussions.is_empty());
    let all: String = edition.sections.iter().map(|s| s.body.as_str()).collect();
    for kept in [
        "Saying no is most",
        "no()",
        "- churn",
        "Numbers end arguments.",
        "A) does not",
        "Question time",
    ] {
        assert!(all.contains(kept), "{kept:?} is not in {all}");
    }
    assert_accounted(&imported);
}

#[test]
fn an_edition_in_our_own_format_passes_through() {
    let text = String::from_utf8(fixture("own.md")).unwrap();
    let imported = import("own.md");
    assert_eq!(imported.edition, markdown::parse("own.md", &text).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let report = import_bytes("own.md", text.as_bytes(), &Limits::default());
    store(dir.path(), &report).unwrap();
    let written = std::fs::read_to_string(dir.path().join("own-format.md")).unwrap();
    assert_eq!(markdown::parse("own.md", &written).unwrap(), imported.edition);
}

#[test]
fn the_report_serialises_as_the_contract_says() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = import_bytes("reviews.txt", &fixture("reviews.txt"), &Limits::default());
    report.skipped = import_bytes("x.zip", b"PK\x03\x04", &Limits::default()).skipped;
    let stored = store(dir.path(), &report).unwrap();
    let json = serde_json::to_value(ImportView::new(&report, &stored)).unwrap();
    let edition = &json["editions"][0];
    assert_eq!(edition["slug"], "running-product-reviews-that-people-want");
    assert!(
        edition["path"]
            .as_str()
            .unwrap()
            .ends_with("running-product-reviews-that-people-want.md")
    );
    let discussion = &edition["discussions"][0];
    assert_eq!(discussion["id"], "running-product-reviews-that-people-want/q1");
    assert_eq!(discussion["asked_by"], "Ina Asker");
    let answer = &discussion["answers"][0];
    assert_eq!(answer["id"], "running-product-reviews-that-people-want/q1/a");
    assert_eq!(answer["contributor"], "Omar Replies");
    assert!(answer["words"].as_u64().unwrap() > 40);
    assert_eq!(
        edition["resources"][0]["id"],
        "running-product-reviews-that-people-want/r1"
    );
    assert_eq!(json["skipped"][0]["file"], "x.zip");
    assert!(json["skipped"][0]["why"].as_str().unwrap().contains("zip"));
    let dry = serde_json::to_value(ImportView::new(&report, &[])).unwrap();
    assert!(dry["editions"][0]["path"].is_null());
}
