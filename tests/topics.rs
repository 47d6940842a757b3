//! Tests `askpm topics`.

use crate::harness::{Home, fixture};

fn topics(home: &Home, args: &[&str]) -> crate::harness::Ran {
    home.bare()
        .env("ASKPM_CORPUS", fixture("digest"))
        .args(["topics"])
        .args(args)
        .run()
}

#[test]
fn themes_are_named_by_phrases_of_their_titles_and_counted_over_time() {
    let home = Home::new();
    let ran = topics(&home, &[]).ok();
    insta::assert_snapshot!(ran.stdout);
    let json = topics(&home, &["--json"]).ok().json();
    assert_eq!(json["themes"][0]["name"], "price increase");
    assert_eq!(json["periods"], serde_json::json!(["2026-02", "2026-03"]));
    assert_eq!(json["themes"][0]["counts"], serde_json::json!([0, 2]));
    let page = topics(&home, &["--format", "html"]).ok().stdout;
    assert!(
        page.contains("<svg") && page.contains("price increase") && page.contains("default-src 'none'"),
        "{page}"
    );
    assert!(
        topics(&home, &["--format", "md"])
            .ok()
            .stdout
            .contains("| price increase | 2 | 0 | 2 |")
    );
}

#[test]
fn a_topic_is_its_discussions_by_date_and_none_is_status_3() {
    let home = Home::new();
    let ran = topics(&home, &["price", "increase"]).ok();
    let diary = ran.stdout.find("price-increase-diary/q1").unwrap();
    assert!(diary < ran.stdout.find("raising-prices/q1").unwrap(), "{ran:#?}");
    assert!(!ran.stdout.contains("first-hire"), "{ran:#?}");
    let none = topics(&home, &["otters"]);
    assert_eq!((none.status, none.stdout.as_str()), (Some(3), ""), "{none:#?}");
    let alone = topics(&home, &["--edition", "first-hire"]);
    assert_eq!(alone.status, Some(3), "{alone:#?}");
    assert!(alone.stderr.contains("are about the same matter"), "{alone:#?}");
}

#[test]
fn the_themes_of_the_built_in_editions_are_the_same_each_time_and_say_more_than_the_field() {
    let home = Home::new();
    let run = || home.bare().args(["topics", "--all", "--json"]).run().ok();
    let (one, other) = (run(), run());
    assert_eq!(one.stdout, other.stdout);
    let json = one.json();
    let themes = json["themes"].as_array().unwrap();
    assert!(themes.len() > 5, "{}", themes.len());
    let ids = |theme: &serde_json::Value| theme["discussions"].as_array().unwrap().len();
    for theme in themes {
        assert!(ids(theme) > 1, "{theme}");
        for phrase in theme["phrases"].as_array().unwrap() {
            let phrase = phrase.as_str().unwrap().to_lowercase();
            assert!(
                !["product", "product manager", "team", "pm", "users"].contains(&phrase.as_str()),
                "{theme}"
            );
        }
    }
    let grouped: usize = themes.iter().map(ids).sum();
    assert_eq!(
        json["discussions"].as_u64().unwrap() as usize,
        grouped + json["alone"].as_u64().unwrap() as usize
    );
}
