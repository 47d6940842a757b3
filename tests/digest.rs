//! Tests `askpm digest`: what is in it, what it remembers, and that no text of a newsletter does harm.

use std::collections::BTreeMap;
use std::path::Path;

use askpm::corpus;
use mail_parser::{MessageParser, MimeHeaders};
use serde_json::Value;

use crate::harness::{Home, Ran, fixture};

/// A digest of the fixture's editions, which have texts of their own.
fn digest(home: &Home, args: &[&str]) -> Ran {
    let corpus = fixture("digest");
    home.bare()
        .env("ASKPM_CORPUS", corpus)
        .args(["digest"])
        .args(args)
        .run()
}

/// A digest of the editions in `own` of the home folder.
fn of_own(home: &Home, args: &[&str]) -> Ran {
    home.bare().args(["--corpus", "own", "digest"]).args(args).run()
}

/// Copies an edition of the fixture into `own`.
fn add(home: &Home, name: &str) {
    let text = std::fs::read(fixture("digest").join(name)).unwrap();
    home.write(&format!("own/{name}"), text);
}

fn slugs(digest: &Value) -> Vec<&str> {
    let editions = digest["editions"].as_array().unwrap().iter();
    let also = digest["also"].as_array().unwrap().iter();
    editions
        .chain(also)
        .map(|edition| edition["slug"].as_str().unwrap())
        .collect()
}

#[test]
fn a_digest_has_the_questions_and_a_line_of_each_contributor() {
    let home = Home::new();
    let ran = digest(&home, &["--since", "2026-01"]).ok();
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_digest_is_written_as_markdown_and_as_a_page_too() {
    let home = Home::new();
    let format = |format: &str| digest(&home, &["--since", "2026-01", "--format", format]).ok().stdout;
    insta::assert_snapshot!("digest_markdown", format("md"));
    insta::assert_snapshot!("digest_html", format("html"));
}

#[test]
fn every_line_is_a_verbatim_part_of_the_passage_that_it_cites() {
    let home = Home::new();
    let digest = home.bare().args(["digest", "--all", "--json"]).run().ok().json();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (edition, path) in corpus::builtin() {
        for passage in corpus::passages(&edition, &path) {
            texts.entry(passage.id.to_string()).or_default().push(passage.text);
        }
    }
    let lists = |of: &Value| of["lines"].as_array().unwrap().clone();
    let editions = digest["editions"].as_array().unwrap();
    assert_eq!(editions.len(), corpus::builtin().count());
    let discussions = editions
        .iter()
        .flat_map(|edition| edition["discussions"].as_array().unwrap());
    let lines: Vec<Value> = discussions
        .chain(digest["themes"].as_array().unwrap())
        .flat_map(lists)
        .collect();
    assert!(lines.len() > 300, "{}", lines.len());
    for line in &lines {
        let (id, quote) = (line["id"].as_str().unwrap(), line["quote"].as_str().unwrap());
        assert!(texts[id].iter().any(|text| text.contains(quote)), "{line}");
    }
    // No words are said twice.
    let mut quotes: Vec<&str> = lines.iter().map(|line| line["quote"].as_str().unwrap()).collect();
    let count = quotes.len();
    quotes.sort_unstable();
    quotes.dedup();
    assert_eq!(quotes.len(), count);
}

#[test]
fn the_last_digest_is_remembered_and_nothing_new_is_status_3() {
    let home = Home::new();
    add(&home, "first-hire.md");
    assert_eq!(slugs(&of_own(&home, &["--json"]).ok().json()), ["first-hire"]);
    let ran = of_own(&home, &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{ran:#?}");
    assert!(ran.stderr.contains("nothing new since the digest of"), "{ran:#?}");
    let empty = of_own(&home, &["--json"]);
    assert_eq!((empty.status, slugs(&empty.json()).len()), (Some(3), 0));
    // What counts is when a letter came, not its date. A tag is not news, and a correction is.
    add(&home, "raising-prices.md");
    home.bare()
        .args(["--corpus", "own", "tag", "first-hire", "hiring"])
        .run()
        .ok();
    let came = of_own(&home, &["--since", "last", "--json"]).ok().json();
    assert_eq!(slugs(&came), ["raising-prices"]);
    assert_eq!(came["editions"][0]["state"], "new");
    let path = home.path("own/first-hire.md");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("a team of five", "a team of six")).unwrap();
    let changed = of_own(&home, &["--json"]).ok().json();
    assert_eq!(changed["editions"][0]["state"], "changed");
    assert_eq!(of_own(&home, &[]).status, Some(3));
    // A digest of a period neither needs the record nor changes it.
    assert_eq!(
        slugs(&of_own(&home, &["--since", "2026", "--json"]).ok().json()).len(),
        2
    );
    // Each set of filters has its own last digest.
    assert_eq!(
        slugs(&of_own(&home, &["--sender", "ana", "--json"]).ok().json()).len(),
        2
    );
    assert_eq!(of_own(&home, &["--sender", "ana"]).status, Some(3));
}

#[test]
fn a_digest_that_fails_or_is_killed_loses_no_news() {
    let home = Home::new();
    let ran = home
        .bare()
        .args(["digest", "--mail", "no/such/folder/digest.eml"])
        .run();
    ran.fails(1, &["cannot write no/such/folder/digest.eml"]);
    // The pipe is smaller than the digest, so the program waits for a reader until it is killed.
    let mut child = home.bare().args(["digest", "--all", "--format", "html"]).spawn();
    let mut byte = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let digest = home.bare().args(["digest", "--json"]).run().ok().json();
    assert_eq!(digest["came_in"]["editions"], corpus::builtin().count());
    assert_eq!(home.bare().args(["digest"]).run().status, Some(3));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_loses_no_news() {
    let home = Home::new();
    add(&home, "first-hire.md");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = home
        .bare()
        .args(["--corpus", "own", "digest", "--format", "md"])
        .command();
    assert_eq!(command.stdout(full).status().unwrap().code(), Some(1));
    assert_eq!(slugs(&of_own(&home, &["--json"]).ok().json()), ["first-hire"]);
}

#[test]
fn a_record_that_cannot_be_read_is_reported_and_replaced() {
    let home = Home::new();
    add(&home, "first-hire.md");
    of_own(&home, &[]).ok();
    let records = home.path(".local/share/askpm/digests");
    let record = std::fs::read_dir(&records).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&record, "{}").unwrap();
    let ran = of_own(&home, &[]).ok();
    assert!(ran.stderr.contains("everything counts as new"), "{ran:#?}");
    assert_eq!(of_own(&home, &[]).status, Some(3));
}

#[test]
fn a_page_is_not_longer_than_a_page_and_says_what_is_left_out() {
    let home = Home::new();
    let text = home.bare().args(["digest"]).run().ok();
    let words = text.stdout.split_whitespace().count();
    assert!((200..900).contains(&words), "{words} words: {text:#?}");
    assert!(text.stdout.contains("Left out of this page:"), "{text:#?}");
    assert!(text.stderr.contains("--all"), "{text:#?}");
    let all = home.bare().args(["digest", "--since", "2023", "--all"]).run().ok();
    assert!(
        !all.stdout.contains("Left out") && all.stdout.len() > 5 * text.stdout.len(),
        "{}",
        all.stdout.len()
    );
    let again = home.bare().args(["digest", "--since", "2023", "--all"]).run().ok();
    assert_eq!(again.stdout, all.stdout);
}

#[test]
fn interests_senders_tags_and_periods_narrow_a_digest() {
    let home = Home::new();
    let of = |args: &[&str]| {
        let ran = digest(&home, &[&["--since", "2026", "--json"], args].concat());
        slugs(&ran.json()).join(" ")
    };
    assert_eq!(of(&["--for", "hire, salaries"]), "first-hire");
    assert_eq!(of(&["--sender", "café"]), "price-increase-diary");
    assert_eq!(of(&["--sender", "cafe letters"]), "price-increase-diary");
    assert_eq!(of(&["--tag", "pricing"]), "raising-prices");
    assert_eq!(of(&["--until", "2026-02"]), "first-hire");
    assert_eq!(of(&["--contributor", "founder"]), "raising-prices first-hire");
    let on = digest(&home, &["--on", "2026-03-02", "--json"]).ok().json();
    assert_eq!(slugs(&on), ["raising-prices"]);
    let ran = digest(&home, &["--since", "2026", "--for", "otters"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{ran:#?}");
    assert!(ran.stderr.contains("nothing new since 2026 on otters"), "{ran:#?}");
    assert_eq!(on["title"], "What is new on 2026-03-02");
    for args in [
        &["--last", "2024-01"][..],
        &["--last", "30"],
        &["--on", "7d"],
        &["--since", "2026", "--last", "30d"],
        &["--since", "soon"],
        &["--mail", "a.eml", "--json"],
    ] {
        assert_eq!(digest(&home, args).status, Some(2), "{args:?}");
    }
}

#[test]
fn a_source_is_more_than_a_sender_and_a_file_that_is_skipped_is_named_once() {
    let home = Home::new();
    let letter = "---\nslug: w1\ntitle: W1\ndate: 2026-11-25\nsource: \"The PM Post <pm@post.example>, https://web.example/1\"\n\
                  ---\n\n## Q1. Why?\n\n### A. Ana\n\nPrices rise every spring because budgets are renewed in March.\n";
    home.write("own/w1.md", letter);
    home.write("own/broken.md", "nothing");
    for (option, text, status) in [
        ("--sender", "post.example", 0),
        ("--sender", "web.example", 3),
        ("--source", "web.example", 0),
        ("--source", "pm post", 0),
        ("--source", "other", 3),
    ] {
        let ran = of_own(&home, &["--since", "2026", option, text]);
        assert_eq!(ran.status, Some(status), "{option} {text}: {ran:#?}");
        assert_eq!(ran.stderr.matches("broken.md").count(), 1, "{ran:#?}");
    }
    let list = home
        .bare()
        .args(["--corpus", "own", "list", "--source", "web.example"])
        .run()
        .ok();
    assert!(list.stdout.contains("w1"), "{list:#?}");
}

#[test]
fn built_in_editions_are_news_only_where_there_are_no_others() {
    let home = Home::new();
    assert!(
        slugs(
            &home
                .bare()
                .args(["digest", "--since", "2026", "--json"])
                .run()
                .ok()
                .json()
        )
        .len()
            > 2
    );
    home.write("raw.txt", "On mangos\n\nQuestion 1) How should we price the mango plan?\n\nA] Charge by the call, because each call costs you money too.\n\n\u{2013} Jo Doe\n");
    home.bare().args(["import", "raw.txt"]).run().ok();
    let own = home.bare().args(["digest", "--json"]).run().ok().json();
    assert_eq!(own["came_in"]["editions"], 1, "{own}");
    let ran = home.bare().args(["digest", "--since", "2026"]).run();
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    assert!(ran.stderr.contains("built into askpm"), "{ran:#?}");
    let named = home.bare().args([
        "digest",
        "--since",
        "2026",
        "--edition",
        "pricing-and-packaging",
        "--json",
    ]);
    assert_eq!(slugs(&named.run().ok().json()), ["pricing-and-packaging"]);
}

fn is_harmless(text: &str) -> bool {
    !text.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}'])
}

/// An edition whose every text attacks a terminal, a page and a mail.
const HOSTILE: &str = "---\nslug: evil\ntitle: \"Red \\e[31mX <script>alert(1)</script>\"\ndate: 2026-03-01\nsource: \"Mail from <img src=x onerror=alert(2)>, javascript:alert(3)\"\n---\n\n## Q1. Why \u{1b}[2J is <b onclick='x'> **bold** here?\n\n### A. Eve </li><script>alert(4)</script>\u{1b}]0;owned\u{7}\n\nPrices in spring rise because <script>alert(5)</script> budgets \u{202e}are renewed in March each year.\n\n## Resources\n\n### R1. A \"book\" </ul><script>alert(6)</script>\n\nLink: javascript:alert(7)\n\nBad.\n";

#[test]
fn no_text_of_a_newsletter_does_harm_in_any_form() {
    let home = Home::new();
    home.write("own/evil.md", HOSTILE);
    for format in ["text", "md", "html", "json"] {
        let ran = of_own(&home, &["--since", "2026", "--format", format]).ok();
        assert!(
            is_harmless(&ran.stdout) && is_harmless(&ran.stderr),
            "{format}: {ran:#?}"
        );
        if format == "html" {
            for tag in ["<script", "<img", "<b onclick", "href=\"javascript"] {
                assert!(!ran.stdout.contains(tag), "{tag}: {}", ran.stdout);
            }
        }
        if format == "md" {
            assert!(
                !ran.stdout.contains("<script") || ran.stdout.contains("\\<script"),
                "{}",
                ran.stdout
            );
        }
    }
    of_own(&home, &["--since", "2026", "--mail", "evil.eml"]).ok();
    let mail = read_mail(&home.path("evil.eml"));
    assert!(
        is_harmless(&mail.0) && is_harmless(&mail.1) && !mail.1.contains("<script"),
        "{mail:?}"
    );
}

/// The text and the HTML of a mail.
fn read_mail(path: &Path) -> (String, String) {
    let bytes = std::fs::read(path).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    let body = |part: Option<std::borrow::Cow<str>>| part.unwrap().into_owned();
    (body(message.body_text(0)), body(message.body_html(0)))
}

#[test]
fn a_mail_has_the_digest_as_text_and_as_a_page() {
    let home = Home::new();
    let ran = digest(&home, &["--since", "2026", "--mail", "digest.eml"]).ok();
    assert_eq!(ran.stdout, "");
    let bytes = std::fs::read(home.path("digest.eml")).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(
        message.subject(),
        Some("What is new since 2026: 3 editions, 5 discussions")
    );
    assert!(message.is_content_type("multipart", "alternative") && message.date().is_some());
    let (text, html) = read_mail(&home.path("digest.eml"));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("Announce the price increase sixty days ahead") && words.contains("raising-prices/q1/a"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    assert!(html.contains("<h2>") && html.contains("raising-prices/q1/a"), "{html}");
    let piped = digest(&home, &["--since", "2026", "--mail", "-"]).ok();
    assert!(piped.stdout.contains("multipart/alternative"), "{piped:#?}");
}
