//! Archives and what comes in them: exports, folders of letters, books; digests of mailing lists; subtitles.

use std::io::{Read as _, Write as _};

use askpm::corpus::import::{ImportReport, Limits, import_bytes};
use flate2::{Compression, Crc, read::DeflateEncoder};

use crate::import_said::check;

/// A ZIP archive of `files`, deflated; those whose names end in `!` say that they are encrypted.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let flags: u16 = u16::from(name.ends_with('!'));
        let mut crc = Crc::new();
        crc.update(content);
        let mut packed = Vec::new();
        DeflateEncoder::new(*content, Compression::default())
            .read_to_end(&mut packed)
            .unwrap();
        let mut common = Vec::new();
        for value in [20u16, flags, 8, 0, 0] {
            common.extend(value.to_le_bytes());
        }
        for value in [crc.sum(), packed.len() as u32, content.len() as u32] {
            common.extend(value.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        let at = out.len() as u32;
        out.write_all(b"PK\x03\x04").unwrap();
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, files.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

fn import(name: &str, bytes: &[u8]) -> ImportReport {
    import_bytes(name, bytes, &Limits::default())
}

/// Titles, days and places of what was read, and what was not with the reason.
fn told(report: &ImportReport) -> Vec<String> {
    let read = report.editions.iter().map(|imported| {
        let date = imported.edition.date.as_deref().unwrap_or("-");
        format!("{} {date} {}", imported.edition.title, imported.from)
    });
    read.chain(report.skipped.iter().map(|item| format!("{}: {}", item.file, item.why)))
        .collect()
}

#[test]
fn exports_of_publishing_programs_are_read_as_they_come() {
    let list = b"post_id,post_date,is_published,title,subtitle\n12.plans,2026-01-05T09:00:00.000Z,true,\"Plans, and \
                 why\",What we dropped\n13.half,2026-01-06T09:00:00.000Z,false,Half,\n";
    let substack = zip(&[
        ("posts.csv", list),
        (
            "posts/12.plans.html",
            b"<h3>Six weeks</h3><p>We plan for six weeks.</p>",
        ),
        ("posts/13.half.html", b"<p>Not yet.</p>"),
    ]);
    assert_eq!(
        told(&import("export.zip", &substack)),
        [
            "Plans, and why 2026-01-05 export.zip/posts/12.plans.html",
            "export.zip/posts/13.half.html: “Half” is a draft: it was not published",
        ]
    );
    let rows = b"id,web_title,status,url,web_subtitle,content_html,created_at\npost_1,Loud queues,confirmed,https://q.example/p/loud,\
                 Why,\"<h2>One</h2><p>They go first, and \"\"why\"\" not.</p>\",2026-02-03 10:00:00\npost_2,Half,draft,,,<p>x</p>,\n";
    for (name, bytes, place) in [
        ("bee.zip", zip(&[("posts.csv", rows)]), "bee.zip/posts.csv"),
        ("posts.csv", rows.to_vec(), "posts.csv"),
    ] {
        assert_eq!(
            told(&import(name, &bytes)),
            [
                format!("Loud queues 2026-02-03 {place}#1"),
                format!("{place}#2: “Half” is a draft: it was not published"),
            ]
        );
    }
}

#[test]
fn an_archive_of_letters_is_read_without_unpacking_and_within_bounds() {
    let inner = zip(&[("note.md", b"# Within\n\nA note in an archive in an archive.\n")]);
    let deeper = zip(&[("inner.zip", inner.as_slice())]);
    let long = vec![b'a'; 8 << 20];
    let archive = zip(&[
        ("../../etc/climb.md", b"# Climb\n\nA note that climbs out.\n"),
        (
            "mail/1.eml",
            b"From: Dana <d@e.example>\nSubject: Queues\n\nServe one queue first.\n",
        ),
        (
            "a/b.html",
            b"<html><body><h1>Dates</h1><p>Name none before it ships.</p></body></html>",
        ),
        ("__MACOSX/a/._b.html", b"x"),
        ("inner.zip", &inner),
        ("deeper.zip", &deeper),
        ("secret.md!", b"# Secret\n\nText.\n"),
        ("long.txt", &long),
        ("1.png", b"\x89PNG"),
        ("2.png", b"\x89PNG"),
        ("3.png", b"\x89PNG"),
        ("4.png", b"\x89PNG"),
    ]);
    assert_eq!(
        told(&import("x.zip", &archive)),
        [
            "Climb - x.zip/../../etc/climb.md",
            "Dates - x.zip/a/b.html",
            "Within - x.zip/inner.zip/note.md",
            "Queues - x.zip/mail/1.eml",
            "x.zip/deeper.zip/inner.zip: it is an archive within two others: unpack it first",
            "x.zip: 4 of its files were not read, 1.png among them: it is a picture",
            "x.zip/secret.md!: it is encrypted: unpack the archive with its password first",
            "x.zip/long.txt: it unpacks to more than 200 times its size",
        ]
    );
    let limits = Limits {
        archive_bytes: 40,
        ..Limits::default()
    };
    let small = import_bytes("x.zip", &zip(&[("a.md", &[b'a'; 60])]), &limits);
    assert!(small.skipped[0].why.contains("more than is read"), "{small:?}");
    for cut in [5, 30, archive.len() / 2, archive.len() - 3] {
        assert!(import("cut.zip", &archive[..cut]).editions.is_empty());
    }
    let office = import(
        "a.docx",
        &zip(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]),
    );
    assert!(office.skipped[0].why.contains("Word file"));
    let sheet = import(
        "a.xlsx",
        &zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")]),
    );
    assert!(sheet.skipped[0].why.contains("office document"));
}

/// A Word file of the parts that are needed, with `body` as its text.
fn word(body: &str) -> Vec<u8> {
    let rels =
        "<Relationships><Relationship Id='r1' Type='x/officeDocument' Target='word/document.xml'/></Relationships>";
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", rels.as_bytes()),
        ("word/document.xml", body.as_bytes()),
    ])
}

/// A Word file with a page header, and the days in its properties.
fn dated(header: &str, created: &str, modified: &str) -> Vec<u8> {
    let rels =
        "<Relationships><Relationship Id='r1' Type='x/officeDocument' Target='word/document.xml'/></Relationships>";
    let links = "<Relationships><Relationship Id='r2' Type='x/header' Target='header1.xml'/></Relationships>";
    let p = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let body = format!(
        "<w:document><w:body>{}{}</w:body></w:document>",
        p("Ferns"),
        p("They grow in the shade.")
    );
    let header = format!("<w:hdr>{}</w:hdr>", p(header));
    let core =
        format!("<c><dcterms:created>{created}</dcterms:created><dcterms:modified>{modified}</dcterms:modified></c>");
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", rels.as_bytes()),
        ("word/_rels/document.xml.rels", links.as_bytes()),
        ("word/document.xml", body.as_bytes()),
        ("word/header1.xml", header.as_bytes()),
        ("docProps/core.xml", core.as_bytes()),
    ])
}

#[test]
fn a_word_file_has_the_day_of_its_header_and_not_that_of_a_template() {
    let may = "2026-05-04T08:00:00Z";
    for (header, created, modified, day) in [
        ("The Fern Room, 2 April 2026", may, may, Some("2026-04-02")),
        ("The Fern Room", may, may, Some("2026-05-04")),
        ("The Fern Room", "2013-12-23T23:15:00Z", "2013-12-23T23:15:00Z", None),
        ("The Fern Room", "2019-01-07T10:00:00Z", may, None),
    ] {
        let report = import("a.docx", &dated(header, created, modified));
        assert_eq!(report.editions[0].edition.date.as_deref(), day, "{header} {created}");
    }
}

#[test]
fn tricks_in_word_files_end_in_one_line() {
    let p = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let good = format!(
        "<w:document><w:body>{}{}</w:body></w:document>",
        p("Ferns &amp; moss"),
        p("They grow.")
    );
    let read = import("a.docm", &word(&good));
    assert_eq!(read.editions[0].edition.title, "Ferns & moss");
    let bomb = format!("<!DOCTYPE d [<!ENTITY a \"{}\">]><d>&a;</d>", "x".repeat(99));
    for (body, says) in [
        (bomb.as_str(), "document type"),
        (
            "<w:document><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:document>",
            "entity",
        ),
        ("<w:document><w:body><w:p>", "damaged"),
        ("<w:document><w:body></w:p></w:body></w:document>", "damaged"),
        ("<w:document><w:body/></w:document>", "it has no text"),
    ] {
        let report = import("a.docx", &word(body));
        assert!(
            report.editions.is_empty() && report.skipped[0].why.contains(says),
            "{:?}",
            report.skipped
        );
    }
    let deep = format!("<w:document>{}", "<w:tbl>".repeat(5_000));
    assert!(import("a.docx", &word(&deep)).skipped[0].why.contains("nested"));
    let long = format!(
        "<w:document><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:document>",
        "a ".repeat(5 << 20)
    );
    assert!(import("a.docx", &word(&long)).skipped[0].why.contains("200 times"));
    let rels =
        "<Relationships><Relationship Id='r1' Type='x/officeDocument' Target='../../../etc/passwd'/></Relationships>";
    let out = zip(&[("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", rels.as_bytes())]);
    assert!(import("a.docx", &out).skipped[0].why.contains("is not in it"));
    let empty = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/styles.xml", b"<x/>")]);
    assert!(
        import("a.docx", &empty).skipped[0]
            .why
            .contains("(word/document.xml) is not in it")
    );
}

#[test]
fn a_packed_mail_folder_is_read_as_the_folder_itself() {
    let mail = |title: &str| format!("From: Ivo <i@e.org>\nSubject: {title}\n\nSaid at the counter, about {title}.\n");
    let texts: Vec<(&str, String)> = vec![
        ("box/.Letters/cur/1.a:2,S", mail("Ferns")),
        ("box/.Letters/cur/2.b:2,ST", mail("Thrown away")),
        ("box/.Letters/maildirfolder", String::new()),
        ("box/.Letters/new/1773600000.M1.host", mail("Moss")),
        ("box/tmp/1773600001.M1.host", mail("Half of it")),
        ("box/subscriptions", "V\t2\n".into()),
        ("notes/.drafts/a.txt", "Not yet".into()),
        (
            "notes/tmp/b.txt",
            "Peat\n\nThe ground gives way where nobody walks.".into(),
        ),
    ];
    let files: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    assert_eq!(
        told(&import("m.zip", &zip(&files))),
        [
            "Ferns - m.zip/box/.Letters/cur/1.a:2,S",
            "Moss - m.zip/box/.Letters/new/1773600000.M1.host",
            "Peat - m.zip/notes/tmp/b.txt",
            "m.zip/box/.Letters/cur/2.b:2,ST: its mail is deleted; unpack the archive and pass its own path to read it",
            "m.zip/notes/.drafts: the folder is hidden; unpack the archive and pass its own path to read it",
        ]
    );
}

#[test]
fn the_chapters_of_a_book_are_read_in_its_order_with_their_notes() {
    let page = |body: &str| {
        format!(
            "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\"><head>\
             <title>On queues</title><script/></head><body>{body}</body></html>"
        )
    };
    let package = "<package><metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>On \
                   queues</dc:title><dc:creator>Hedda Voss</dc:creator><dc:date>2025-11-03</dc:date></metadata><manifest><item \
                   id=\"n\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/><item id=\"b\" \
                   href=\"text/two%20b.xhtml\" media-type=\"application/xhtml+xml\"/><item id=\"a\" href=\"text/one.xhtml\" \
                   media-type=\"application/xhtml+xml\"/></manifest><spine><itemref idref=\"b\"/><itemref \
                   idref=\"a\"/><itemref idref=\"n\"/></spine></package>";
    let note = "<h1>Loud ones</h1><p>They go first<a epub:type=\"noteref\" href=\"#n1\">1</a>, and the others wait.</p><aside \
                id=\"n1\" epub:type=\"footnote\"><p>Measured in May.</p></aside>";
    let book = zip(&[
        ("mimetype", b"application/epub+zip"),
        (
            "META-INF/container.xml",
            b"<?xml version=\"1.0\"?><container><rootfiles><rootfile full-path=\"OEBPS/content.opf\"/></rootfiles></container>",
        ),
        ("OEBPS/content.opf", package.as_bytes()),
        ("OEBPS/nav.xhtml", page("<h1>Contents</h1><p>One</p>").as_bytes()),
        ("OEBPS/text/one.xhtml", page(note).as_bytes()),
        ("OEBPS/text/two b.xhtml", page("<p>Nobody waits for a quiet one, we found.</p>").as_bytes()),
    ]);
    let report = import("book.epub", &book);
    assert_eq!(
        told(&report),
        [
            "On queues, part 1 2025-11-03 book.epub#1",
            "Loud ones 2025-11-03 book.epub#2"
        ]
    );
    let edition = &report.editions[1].edition;
    assert_eq!(edition.source.as_deref(), Some("Book On queues by Hedda Voss"));
    assert_eq!(
        edition.sections[0].body,
        "They go first[^1], and the others wait.\n\n[^1] Measured in May."
    );
    let saved = import(
        "chapter.xhtml",
        page(&format!("<nav><a href=\"/\">Home</a></nav>{note}")).as_bytes(),
    );
    assert!(
        saved.editions[0].edition.sections[0]
            .body
            .ends_with("[^1] Measured in May.")
    );
}

#[test]
fn each_message_of_a_digest_in_plain_text_is_an_edition() {
    let line = "-".repeat(70);
    let parted = "-".repeat(30);
    let first = "Date: Wed, 12 Nov 2025 10:00:00 +0000\nFrom: Tomasz Nowak <t@e.example>\nSubject: By task\n\nWe bill by the \
                 task.\n\n----\nTomasz\n";
    let second = "From: Lena Ortiz <l@e.example>\nDate: Wed, 12 Nov 2025 11:00:00 +0000\nTo: pm-talk@e.example\nSubject: Re: By \
                  task\nContent-Type: text/plain; charset=x\n\nHow long did it take to explain?\n";
    let mailman = format!(
        "Send Guild mailing list submissions to\n\tguild@e.example\n\nToday's Topics:\n\n   1. By task\n\n\n{line}\n\nMessage: \
         1\n{first}\n{parted}\n\nMessage: 2\n{second}\n{parted}\n\nSubject: Digest Footer\n\n____\nGuild mailing \
         list\n\n{parted}\n\nEnd of Guild Digest, Vol 9\n****\n"
    );
    let plain = format!(
        "pm-talk Digest    Thursday, 13 November 2025\n\nIn this issue:\n  By task\n\n{line}\n\n{first}\n{parted}\n\n{second}\n\
         {parted}\n\nEnd of pm-talk Digest\n****\n"
    );
    let header = "From: guild@e.example\nSubject: Guild Digest, Vol 9\nContent-Type: text/plain\n\n";
    for (name, text) in [
        ("digest.eml", format!("{header}{mailman}")),
        ("digest.eml", format!("{header}{plain}")),
        ("digest.txt", plain.clone()),
    ] {
        let report = import(name, text.as_bytes());
        assert_eq!(
            told(&report),
            [
                format!("By task 2025-11-12 {name}"),
                format!("By task 2025-11-12 {name}#2"),
            ]
        );
        let said: Vec<_> = report
            .editions
            .iter()
            .map(|e| {
                (
                    e.edition.source.as_deref().unwrap_or_default(),
                    e.edition.sections[0].body.as_str(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("Mail from Tomasz Nowak", "We bill by the task.\n\nTomasz"),
                ("Mail from Lena Ortiz", "How long did it take to explain?"),
            ]
        );
    }
}

#[test]
fn subtitles_keep_their_speakers() {
    check(
        "talk.vtt",
        "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>Welcome back. What do you drop first?\n\n00:04.500 --> 00:09.000\n<v \
         Joran>What nobody asked for twice.\n",
        &[
            "? What do you drop first? < Ada | Welcome back. What do you drop first?",
            "a Joran: What nobody asked for twice.",
        ],
    );
    check(
        "desk_talk.en.srt",
        "1\n00:00:01,000 --> 00:00:04,000\nWelcome back to the desk.\n\n2\n00:00:04,500 --> 00:00:09,000\nToday we talk of \
         queues\nand why they fail.\n",
        &["s desk talk: Welcome back to the desk. Today we talk of queues and why they fail."],
    );
}

#[test]
fn other_plain_markup_is_read_with_its_headings() {
    for (name, text) in [
        (
            "q.org",
            "#+TITLE: Queues\n#+DATE: 2026-05-04\n\n* Loud ones\nThey go first, see [[https://q.example][the list]].\n",
        ),
        (
            "q.adoc",
            "= Queues\nNoor Haddad <n@q.example>\n2026-05-04\n\n== Loud ones\n\nThey go first, see https://q.example[the list].\n",
        ),
        (
            "q.rst",
            "Queues\n======\n\n:date: 2026-05-04\n\nLoud ones\n---------\n\nThey go first, see `the list <https://q.example>`_.\n",
        ),
    ] {
        let report = import(name, text.as_bytes());
        let edition = &report.editions[0].edition;
        assert_eq!(
            (edition.title.as_str(), edition.date.as_deref()),
            ("Queues", Some("2026-05-04")),
            "{name}"
        );
        assert_eq!(edition.sections[0].title, "Loud ones", "{name}");
        assert_eq!(
            edition.sections[0].body, "They go first, see [the list](https://q.example).",
            "{name}"
        );
    }
    let tex = import("q.tex", b"\\documentclass{article}\n\\begin{document}\nQueues\n");
    assert!(tex.skipped[0].why.contains("pandoc"), "{tex:?}");
}
