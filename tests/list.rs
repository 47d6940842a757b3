//! Tests `askpm list`, and `askpm show` with the number of a source.

use serde_json::Value;

use crate::harness::Home;

const API: &str = "How should we price an API?";

fn slugs(list: &Value) -> Vec<&str> {
    let editions = list["editions"].as_array().unwrap().iter();
    editions.map(|edition| edition["slug"].as_str().unwrap()).collect()
}

#[test]
fn editions_are_listed_with_their_discussions_newest_first() {
    let home = Home::new();
    let ran = home.askpm().args(["list"]).run().ok();
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn every_identifier_that_is_listed_can_be_shown() {
    let home = Home::new();
    let listed = home.askpm().args(["list"]).run().ok().stdout;
    let ids: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(ids.len(), 5, "{listed}");
    for id in ids {
        home.askpm().args(["show", id]).run().ok();
    }
}

#[test]
fn the_list_is_narrowed_by_date_edition_and_contributor() {
    let home = Home::new();
    let list = |args: &[&str]| home.askpm().args(["list", "--json"]).args(args).run();
    assert_eq!(slugs(&list(&[]).ok().json()), ["pricing", "first-steps"]);
    assert_eq!(slugs(&list(&["--since", "2024-06"]).ok().json()), ["pricing"]);
    assert_eq!(slugs(&list(&["--edition", "First-Steps"]).ok().json()), ["first-steps"]);
    let by = list(&["--contributor", "growth"]).ok().json();
    assert_eq!(slugs(&by), ["first-steps"]);
    let discussions = by["editions"][0]["discussions"].as_array().unwrap();
    assert_eq!(discussions.len(), 1, "{by}");
    assert_eq!(discussions[0]["id"], "first-steps/q2");
    assert_eq!(discussions[0]["contributors"][1], "Growth PM");
    // Like a search without hits: a message, and status 3.
    let ran = list(&["--since", "2030"]);
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    assert!(
        slugs(&ran.json()).is_empty() && ran.stderr.contains("since 2030"),
        "{ran:#?}"
    );
    let ran = home.askpm().args(["list", "--edition", "nowhere"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{ran:#?}");
}

#[test]
fn imported_editions_are_listed_and_undated_ones_come_last() {
    let home = Home::new();
    home.write(
        "raw.txt",
        "On mangos\n\nQuestion 1) How should we price the mango plan?\n\nA] Charge by the call.\n\n\u{2013} Jo Doe\n",
    );
    let report = home.bare().args(["import", "--json", "raw.txt"]).run().ok().json();
    let slug = report["editions"][0]["slug"].as_str().unwrap();
    let list = home.bare().args(["list", "--json"]).run().ok().json();
    let slugs = slugs(&list);
    assert!(slugs.len() > 30, "{slugs:?}");
    assert_eq!(slugs.last(), Some(&slug));
    let dates: Vec<Option<&str>> = list["editions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["date"].as_str())
        .collect();
    assert!(dates.is_sorted_by(|a, b| a >= b), "{dates:?}");
}

#[test]
fn a_list_is_printed_as_markdown_and_html_too() {
    let home = Home::new();
    let list = |format: &str| home.askpm().args(["list", "--format", format]).run().ok().stdout;
    assert!(list("md").contains("- `pricing/q1` How should we price an API?"));
    let page = list("html");
    assert!(
        page.contains("<code>pricing/q1</code>") && page.contains("default-src 'none'"),
        "{page}"
    );
    assert_eq!(list("text"), home.askpm().args(["list"]).run().ok().stdout);
}

#[test]
fn a_file_that_holds_no_edition_is_named_and_the_others_are_listed() {
    let home = Home::new();
    let good = std::fs::read(crate::harness::fixture("corpus/pricing.md")).unwrap();
    home.write("own/pricing.md", &good);
    home.write("own/again.md", &good);
    home.write("own/broken.md", "no edition");
    let ran = home.bare().args(["--corpus", "own", "list"]).run().ok();
    assert_eq!(ran.stdout.matches("Setting prices").count(), 1, "{ran:#?}");
    assert!(
        ran.stderr.contains("broken.md") && ran.stderr.contains("pricing.md"),
        "{ran:#?}"
    );
}

#[test]
fn a_number_shows_that_source_of_the_last_answer() {
    let home = Home::new();
    let show = |args: &[&str]| home.askpm().args(["show"]).args(args).run();
    let none = show(&["2"]).fails(1, &["show 2", "no answer has been saved"]);
    assert!(none.hint().contains("askpm list"), "{none:#?}");
    let answer = home
        .askpm()
        .args(["ask", "-m", "none", "--json", API])
        .run()
        .ok()
        .json();
    // Each contributor has one mark.
    let marks = answer["citations"].as_array().unwrap().len();
    let shown = show(&["1"]).ok();
    assert_eq!(shown.stdout, show(&["pricing/q1"]).ok().stdout);
    assert_eq!(show(&["[1]", "--json"]).ok().json()["id"], "pricing/q1");
    // A question without an answer has no numbered sources.
    home.askpm()
        .args(["ask", "-m", "none", "-c", "best pizza in Naples"])
        .run();
    assert_eq!(show(&["1"]).ok().stdout, shown.stdout);
    for number in ["0", "9", "99999999999999999999999"] {
        let ran = show(&[number]).fails(1, &[&format!("the last answer has {marks} source")]);
        assert!(!ran.hint().is_empty(), "{ran:#?}");
    }
}

#[test]
fn where_nothing_is_kept_a_number_says_so() {
    let home = Home::new();
    home.askpm().args(["ask", "-m", "none", "--no-history", API]).run().ok();
    let ran = home
        .askpm()
        .args(["show", "1"])
        .run()
        .fails(1, &["no answer has been saved"]);
    assert!(ran.hint().contains("--no-history"), "{ran:#?}");
    let config = home.write("config.toml", "history = false\n");
    let ran = home.askpm().args(["show", "1", "--config"]).args([&config]).run();
    ran.fails(1, &["no answer is saved", "history = false"]);
}

#[test]
fn in_a_chat_a_number_is_the_discussion_that_its_mark_cites() {
    let home = Home::new();
    let question = "How do I move from engineering into product management?";
    let lines = format!("{question}\n/show 1\n/show 2\n/show 3\n");
    let ran = home.askpm().args(["chat", "-m", "none"]).stdin(lines).run();
    // Two marks, one for each contributor, cite the same discussion. Either number opens it, and a third is an error.
    let whole = "I have written services for five years";
    assert_eq!(ran.stdout.matches(whole).count(), 2, "{ran:#?}");
    assert!(ran.stderr.contains("the last answer has 2 sources"), "{ran:#?}");
    for number in ["1", "2"] {
        let ran = home.askpm().args(["show", number]).run().ok();
        assert!(ran.stdout.contains(whole), "{ran:#?}");
    }
}

#[test]
fn an_edition_with_a_number_for_its_slug_can_be_shown() {
    let home = Home::new();
    let text = std::fs::read_to_string(crate::harness::fixture("corpus/pricing.md")).unwrap();
    home.write("own/7.md", text.replace("slug: pricing", "slug: 7"));
    let ran = home.bare().args(["--corpus", "own", "show", "7"]).run().ok();
    assert!(ran.stdout.contains("Setting prices"), "{ran:#?}");
}
