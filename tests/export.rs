//! Tests `askpm export`: notes for Obsidian that link editions, and overwrite nothing of the user's.

use std::fs;

use crate::harness::{Home, Ran};

const STORY: &str = "Ask ten licence holders what they would pay, write the figures on a wall, and raise the price until \
                     two of them walk away.";

fn letter(home: &Home, slug: &str, title: &str, contributor: &str, answer: &str) {
    let text = format!(
        "---\nslug: {slug}\ntitle: \"{title}\"\ndate: 2026-03-0{}\nsource: Mail of Ann.\ntags: [pricing]\n---\n\n## Q1. How \
         do I price a licence?\n\nAsked by: Kim\n\n### A. {contributor}\n\n{answer}\n\n## Resources\n\n### R1. On {slug}\n\n\
         Kind: book\nLink: https://books.example/{slug}\n\nGood.\n",
        slug.len()
    );
    home.write(&format!("letters/{slug}.md"), text);
}

fn home() -> Home {
    let home = Home::new();
    letter(&home, "one", "Monday: [[letter]]", "Ann Lee, pricing lead", STORY);
    letter(
        &home,
        "three",
        "Tuesday letter",
        "Bo Quist",
        &format!("Hello again! {STORY}"),
    );
    letter(
        &home,
        "seven",
        "Friday letter",
        "Ann Lee (founder)",
        "I ask the accountant.",
    );
    home
}

fn export(home: &Home, args: &[&str]) -> Ran {
    let run = home.bare().args(["--corpus", "letters", "export"]).args(args);
    run.run()
}

fn note(home: &Home, slug: &str) -> String {
    fs::read_to_string(home.path(&format!("vault/news/{slug}.md"))).unwrap()
}

#[test]
fn editions_become_notes_that_link_to_copies_and_contributors() {
    let home = home();
    let ran = export(&home, &["--format", "obsidian", "vault/news"]).ok();
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("3 notes written, 0 changed, 0 unchanged, 0 kept\n", "")
    );
    let one = note(&home, "one");
    let (properties, body) = one.split_once("\n---\n").unwrap();
    let properties: Vec<&str> = properties.lines().collect();
    assert_eq!(
        properties[..8],
        [
            "---",
            "askpm: one",
            "title: \"Monday: \\u005b\\u005bletter\\u005d\\u005d\"",
            "aliases: [\"Monday: \\u005b\\u005bletter\\u005d\\u005d\"]",
            "date: \"2026-03-03\"",
            "source: \"Mail of Ann.\"",
            "tags: [\"pricing\"]",
            "contributors: [\"Ann Lee, pricing lead\"]",
        ]
    );
    assert!(
        properties[8].starts_with("askpm-hash: ") && properties.len() == 9,
        "{one}"
    );
    assert!(
        body.contains("## How do I price a licence?\n\nAsked by Kim.\n\n### Ann Lee, pricing lead\n\nAsk ten licence"),
        "{body}"
    );
    let links = body.split_once("## Linked editions\n\n").unwrap().1;
    assert_eq!(
        links,
        "- [[seven|Friday letter]] (2026-03-05): Ann Lee\n\
         - [[three|Tuesday letter]] (2026-03-05): has a copy of “How do I price a licence?”\n"
    );
    assert!(note(&home, "three").contains("[[one|Monday: ((letter))]] (2026-03-03)"));
}

#[test]
fn a_second_export_writes_only_what_is_new_and_keeps_what_people_wrote() {
    let home = home();
    home.write("vault/news/three.md", "# My own note\n");
    let first = export(&home, &["vault/news", "--json"]).ok();
    let json = first.json();
    assert_eq!(
        (&json["written"], &json["kept"].as_array().unwrap().len()),
        (&2.into(), &1),
        "{first:#?}"
    );
    assert!(
        first
            .stderr
            .contains("left vault/news/three.md as it was: it is not a note of askpm"),
        "{first:#?}"
    );
    assert_eq!(note(&home, "three"), "# My own note\n");
    let again = export(&home, &["vault/news"]).ok();
    assert_eq!(again.stdout, "0 notes written, 0 changed, 2 unchanged, 1 kept\n");

    // A new edition changes the notes that it is linked with, but not those that a person has changed.
    let mine = note(&home, "one") + "\nMy thoughts.\n";
    home.write("vault/news/one.md", &mine);
    letter(&home, "sunday", "Sunday letter", "Ann Lee", "Count the licences first.");
    let ran = export(&home, &["vault/news"]).ok();
    assert_eq!(ran.stdout, "1 note written, 1 changed, 0 unchanged, 2 kept\n");
    assert!(
        ran.stderr
            .contains("left vault/news/one.md as it was: it was changed by hand"),
        "{ran:#?}"
    );
    assert_eq!(note(&home, "one"), mine);
    assert!(note(&home, "seven").contains("[[sunday|Sunday letter]]"));
    let files = fs::read_dir(home.path("vault/news")).unwrap().count();
    assert_eq!(files, 4, "no temporary file is left");
}

#[cfg(unix)]
#[test]
fn a_link_or_a_folder_with_the_name_of_a_note_is_left_alone() {
    let home = home();
    let mine = home.write("mine.md", "# Mine\n");
    fs::create_dir_all(home.path("vault/news/three.md")).unwrap();
    std::os::unix::fs::symlink(&mine, home.path("vault/news/one.md")).unwrap();
    let ran = export(&home, &["vault/news"]).ok();
    assert_eq!(ran.stdout, "1 note written, 0 changed, 0 unchanged, 2 kept\n");
    assert_eq!(fs::read_to_string(mine).unwrap(), "# Mine\n");
}

#[test]
fn filters_narrow_an_export_and_a_folder_of_the_corpus_is_refused() {
    let home = home();
    let ran = export(&home, &["vault/news", "--contributor", "bo quist"]).ok();
    assert!(ran.stdout.starts_with("1 note written"), "{ran:#?}");
    let none = export(&home, &["vault/other", "--since", "2030"]);
    assert_eq!(
        (none.status, home.path("vault/other").exists()),
        (Some(3), false),
        "{none:#?}"
    );
    for folder in ["letters", "letters/notes", "./vault/../letters"] {
        export(&home, &[folder]).fails(1, &["cannot export to ", "the notes would be read as editions"]);
    }
    home.write("file", "x");
    let ran = export(&home, &["file/notes"]);
    assert!(
        ran.fails(1, &["cannot write file/notes"])
            .hint()
            .contains("can be written")
    );
}

#[test]
fn text_of_a_newsletter_runs_nothing_in_a_vault() {
    let home = Home::new();
    let attack = "Look: ![[Salaries]] and `$= app.vault` and <%* tp.system() %>\n\n```dataviewjs\napp.vault.delete()\n```\n\n\
                  [Go](obsidian://shell) %%hidden%% \u{1b}[2J";
    letter(&home, "evil", "A <%* x %> [[b|c]]", "Eve `= 1`", attack);
    export(&home, &["vault/news"]).ok();
    let text = note(&home, "evil");
    for bad in ["\n```", "![[", "<%", "`$=", "](obsidian", "\u{1b}"] {
        assert!(!text.contains(bad), "{bad} is in {text}");
    }
    // Only askpm's own links are links.
    assert_eq!(text.matches("[[").count(), 0, "{text}");
}
