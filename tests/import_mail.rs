//! Tests mail, feeds and mail folders through the real binary: nothing is lost silently.

use std::fs;

use crate::harness::{Home, Ran};

const LETTER: &str = "Put the middle plan first, and count for a week before you touch the price.";

fn import(home: &Home, what: &str) -> Ran {
    let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
    run.args(["import", "--json"]).args([home.path(what)]).run()
}

fn titles(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let editions = json["editions"].as_array().unwrap().iter();
    editions.map(|e| e["title"].as_str().unwrap().to_string()).collect()
}

#[test]
fn folders_that_hide_mail_are_read() {
    let home = Home::new();
    let message = |title: &str| format!("From: Dana <d@e.org>\nSubject: {title}\n\n{LETTER} Said in {title}.\n");
    home.write("Maildir/cur/1.a:2,S", message("Inbox"));
    home.write("Maildir/.Newsletters/cur/2.b:2,S", message("Newsletters"));
    home.write("Maildir/dovecot-uidlist", "3 V1 N2\n");
    let ran = import(&home, "Maildir").ok();
    let mut read = titles(&ran);
    read.sort();
    assert_eq!(read, ["Inbox", "Newsletters"], "{ran:#?}");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_corrected_entry_is_one_edition_and_is_told_as_changed() {
    let home = Home::new();
    let feed = |share: &str| {
        format!(
            "<rss version='2.0'><channel><title>Notes</title><item><title>Pricing</title><guid>https://e.org/p</guid>\
             <description>{LETTER} Sales rose by {share}.</description></item></channel></rss>"
        )
    };
    home.write("one.xml", feed("80%"));
    home.write("two.xml", feed("8%"));
    for (file, outcome) in [
        ("one.xml", "added"),
        ("one.xml", "unchanged"),
        ("two.xml", "changed"),
        ("two.xml", "unchanged"),
    ] {
        let ran = import(&home, file).ok();
        assert_eq!(ran.json()["editions"][0]["outcome"], outcome, "{file}");
    }
    let corpus = fs::read_dir(home.path("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let editions: Vec<_> = corpus
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    assert_eq!(editions.len(), 1);
    assert!(fs::read_to_string(&editions[0]).unwrap().contains("by 8%"));
}

#[test]
fn a_dropped_file_that_was_changed_replaces_its_edition() {
    let home = Home::new();
    home.write(
        "corpus/one.md",
        "---\nslug: one\ntitle: One\n---\n\n## Q1. What?\n\n### A. X\n\nY.\n",
    );
    home.write("settings.toml", format!("drop = {:?}\n", home.path("drop")));
    let refresh = || {
        let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
        run.env("ASKPM_CONFIG", home.path("settings.toml"))
            .args(["refresh", "--json"])
            .run()
            .ok()
            .json()
    };
    home.write(
        "drop/letter.md",
        format!("# On prices\n\n{LETTER} Sales rose by 80%.\n"),
    );
    assert_eq!(refresh()["added"], 2);
    home.write(
        "drop/letter.md",
        format!("# On prices\n\n{LETTER} Sales rose by 8%, we found.\n"),
    );
    let second = refresh();
    assert_eq!(
        (&second["added"], &second["changed"]),
        (&0.into(), &1.into()),
        "{second}"
    );
}

#[test]
fn files_that_are_no_letters_are_refused_by_name_with_the_way_out() {
    let home = Home::new();
    for (name, text, says) in [
        (
            "Newsletters.msf",
            "// <!-- <mdb:mork:z v=\"1.4\"/> -->\n< <(a=c)> >",
            "without .msf",
        ),
        ("table.csv", "name,count\na,1\n", "table of data"),
        ("data.json", "{\"a\": 1}", "JSON"),
        (
            "feeds.opml",
            "<?xml version=\"1.0\"?>\n<opml version=\"2.0\"><body/></opml>",
            "`askpm feeds import FILE`",
        ),
        ("tool.py", "import os\nprint(os.name)\n", "source code"),
        (
            "LICENSE",
            "MIT License\n\nPermission is hereby granted, free of charge, to any person\n",
            "licence",
        ),
        ("letters.db", "SQLite format 3\0 and more", "database"),
        ("mail.pst", "!BDN and more", "export its folders"),
    ] {
        home.write(name, text);
        let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
        let ran = run.args(["import"]).args([home.path(name)]).run();
        let ran = ran.fails(1, &["no edition was found"]);
        assert!(ran.stderr.contains(says) && ran.stderr.contains(name), "{ran:#?}");
    }
    assert!(!home.path("corpus").join("table.md").exists());
}

#[test]
fn an_entry_without_an_identifier_is_known_again() {
    let home = Home::new();
    home.write(
        "feed.xml",
        "<rss version=\"2.0\"><channel><title>Letters</title><item><title>Zeppelins</title><description>What was said of \
         the walrus, at some length.</description></item></channel></rss>",
    );
    let kept = || {
        import(&home, "feed.xml").ok();
        std::fs::read_to_string(home.path("corpus/.askpm-imported.json")).unwrap_or_default()
    };
    let first = kept();
    assert_eq!(kept(), first);
}

#[test]
fn a_question_in_chinese_or_japanese_finds_its_passage() {
    let home = Home::new();
    home.write(
        "corpus/zh.md",
        "---\nslug: zh\ntitle: 定价周刊\n---\n\n## Q1. 如何给接口定价？\n\n### A. 王芳\n\n先按月收费，再看调用次数。\n\n\
         ### B. 李雷\n\n按次收费会让客户害怕使用。\n\n## Q2. 価格ページはどう直しますか？\n\n### A. 佐藤\n\n中央のプランを最初に置くと売上が伸びました。\n",
    );
    let search = |query: &str| {
        let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
        run.args(["search", "--json", query]).run().ok().json()["hits"][0]["id"]
            .as_str()
            .unwrap()
            .to_string()
    };
    assert_eq!(search("按次收费"), "zh/q1/b");
    assert_eq!(search("按月收费"), "zh/q1/a");
    assert_eq!(search("売上が伸びたプランは？"), "zh/q2/a");
}
