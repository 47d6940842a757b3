//! Tests that a story which two newsletters have is found once, and that both are named.

use crate::harness::{Home, Ran};

const ANSWER: &str = "Ask ten licence holders what they would pay, write the figures on a wall, and raise the price until \
                      two of them walk away. The eight who stay will pay more than all ten paid before.";

fn letter(home: &Home, slug: &str, title: &str, answer: &str) -> String {
    let text = format!(
        "---\nslug: {slug}\ntitle: {title}\ndate: 2026-03-0{}\nsource: Sender of {slug}\n---\n\n\
         ## Q1. How do I price a licence?\n\n### A. Ann, pricing lead\n\n{answer}\n",
        slug.len()
    );
    home.write(&format!("letters/{slug}.md"), text);
    home.path("letters").to_str().unwrap().to_string()
}

fn run(home: &Home, corpus: &str, args: &[&str]) -> Ran {
    let run = home.askpm().args(["--corpus", corpus]).args(args.iter().copied());
    run.run().ok()
}

#[test]
fn a_story_of_two_newsletters_is_one_hit_that_names_both() {
    let home = Home::new();
    letter(&home, "one", "Monday letter", ANSWER);
    let corpus = letter(&home, "three", "Tuesday letter", &format!("Hello again! {ANSWER}"));
    let run = |args: &[&str]| run(&home, &corpus, args);
    let found = run(&["search", "--json", "price a licence"]).json();
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 1, "{found}");
    let other = &hits[0]["also_in"][0];
    assert_eq!(
        [&hits[0]["edition"], &other["edition"], &other["id"], &other["date"]],
        ["Monday letter", "Tuesday letter", "three/q1", "2026-03-05"]
    );
    assert_eq!(other["sender"], "Sender of three");
    let text = run(&["search", "price a licence"]).stdout;
    assert!(
        text.contains("also in three/q1, Tuesday letter from Sender of three (2026-03-05)"),
        "{text}"
    );
    for (format, line) in [
        ("md", "; also in Tuesday letter from Sender of three (2026-03-05)"),
        ("html", "; also in Tuesday letter from Sender of three (2026-03-05)"),
    ] {
        for command in ["search", "ask"] {
            let text = run(&[command, "--format", format, "How do I price a licence?"]).stdout;
            assert!(text.contains(line), "{command}: {text}");
        }
    }
    let answer = run(&["ask", "How do I price a licence?"]).stdout;
    assert!(answer.contains("one/q1  Monday letter"), "{answer}");
    assert!(answer.contains("also in three/q1, Tuesday letter"), "{answer}");
    let answer = run(&["ask", "--json", "How do I price a licence?"]).json();
    assert_eq!(answer["citations"][0]["also_in"][0]["id"], "three/q1");
}

#[test]
fn two_stories_on_one_subject_stay_two_hits() {
    let home = Home::new();
    letter(&home, "one", "Monday letter", ANSWER);
    let corpus = letter(
        &home,
        "three",
        "Tuesday letter",
        "Price a licence by what it replaces: add up the hours that it saves in a year, take a fifth of their cost, and \
         round down. A bank pays that without a meeting, and a club asks for a discount anyway.",
    );
    let run = home
        .askpm()
        .args(["--corpus", &corpus, "search", "--json", "price a licence"]);
    let found = run.run().ok().json();
    assert_eq!(found["hits"].as_array().unwrap().len(), 2, "{found}");
    assert!(found["hits"][0].get("also_in").is_none());
}

/// Adds letter `slug` with the answer and another discussion of its own.
fn letter_with_more(home: &Home, slug: &str, title: &str) {
    letter(home, slug, title, ANSWER);
    let path = home.path(&format!("letters/{slug}.md"));
    let more = "\n## Q2. Who should own the price list?\n\n### A. Ben, finance\n\nFinance should own the price list, \
                because only finance sees every discount that was given and every invoice that was never paid.\n";
    let text = std::fs::read_to_string(&path).unwrap() + more;
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_digest_has_a_story_once_and_names_the_letters_that_copied_it() {
    let home = Home::new();
    letter_with_more(&home, "three", "Tuesday letter");
    let corpus = letter(&home, "one", "Monday letter", &format!("Hello again! {ANSWER}"));
    let digest = |args: &[&str]| run(&home, &corpus, &[&["digest", "--since", "2026-01"], args].concat());
    let json = digest(&["--json"]).json();
    assert_eq!(json["came_in"]["editions"], 2, "{json:#}");
    assert_eq!(json["came_in"]["discussions"], 2, "{json:#}");
    assert_eq!(
        json["editions"][0]["discussions"][0]["also_in"][0]["id"], "one/q1",
        "{json:#}"
    );
    assert_eq!(json["also"][0]["slug"], "one", "{json:#}");
    assert_eq!(json["also"][0]["copy_of"][0]["id"], "three/q1", "{json:#}");
    let text = digest(&[]).stdout;
    assert!(text.contains("also in one/q1, Monday letter"), "{text}");
    assert!(
        text.contains("Monday letter (2026-03-03; the same as in Tuesday letter from Sender of three)"),
        "{text}"
    );
    for format in ["md", "html"] {
        let text = digest(&["--format", format]).stdout;
        assert!(
            text.contains("also in Monday letter from Sender of one (2026-03-03)"),
            "{text}"
        );
    }
}

#[test]
fn a_letter_of_several_copies_names_the_other_letter_once() {
    let home = Home::new();
    letter_with_more(&home, "three", "Tuesday letter");
    letter_with_more(&home, "one", "Monday letter");
    let corpus = home.path("letters").to_str().unwrap().to_string();
    let text = run(&home, &corpus, &["digest", "--since", "2026-01"]).stdout;
    assert!(
        text.contains("Monday letter (2026-03-03; the same as in Tuesday letter from Sender of three)"),
        "{text}"
    );
}

#[test]
fn a_story_that_an_earlier_digest_had_is_not_new_in_another_letter() {
    let home = Home::new();
    let corpus = letter(&home, "one", "Monday letter", ANSWER);
    let digest = || {
        home.askpm()
            .args(["--corpus", &corpus, "digest", "--json"])
            .run()
            .ok()
            .json()
    };
    assert_eq!(digest()["came_in"]["discussions"], 1);
    letter_with_more(&home, "three", "Tuesday letter");
    let second = digest();
    assert_eq!(second["came_in"]["discussions"], 1, "{second:#}");
    assert_eq!(second["editions"][0]["discussions"][0]["id"], "three/q2", "{second:#}");
}

#[test]
fn topics_and_comparisons_name_the_letter_that_copied_a_story() {
    let home = Home::new();
    letter(&home, "one", "Monday letter", ANSWER);
    let corpus = letter(&home, "three", "Tuesday letter", &format!("Hello again! {ANSWER}"));
    let run = |args: &[&str]| run(&home, &corpus, args);
    let topic = run(&["topics", "price", "--json"]).json();
    let discussions = topic["discussions"].as_array().unwrap();
    assert_eq!(discussions.len(), 1, "{topic:#}");
    assert_eq!(discussions[0]["also_in"].as_array().unwrap().len(), 1, "{topic:#}");
    assert!(run(&["topics", "price"]).stdout.contains("also in "));
    let compared = run(&["compare", "--json", "How do I price a licence?"]).json();
    assert_eq!(compared["rows"][0]["also_in"][0]["id"], "three/q1", "{compared:#}");
    let text = run(&["compare", "How do I price a licence?"]).stdout;
    assert!(text.contains("; also in Tuesday letter"), "{text}");
}
