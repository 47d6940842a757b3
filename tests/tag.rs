//! Tests `askpm tag` and the filters of every command that has them.

use crate::harness::{Home, Ran, fixture};

fn own(home: &Home) {
    for name in ["first-hire.md", "raising-prices.md", "price-increase-diary.md"] {
        home.write(
            &format!("own/{name}"),
            std::fs::read(fixture("digest").join(name)).unwrap(),
        );
    }
}

fn askpm(home: &Home, args: &[&str]) -> Ran {
    home.bare().args(["--corpus", "own"]).args(args).run()
}

#[test]
fn tags_are_added_removed_printed_and_kept_in_the_file() {
    let home = Home::new();
    own(&home);
    let before = std::fs::read_to_string(home.path("own/first-hire.md")).unwrap();
    let ran = askpm(&home, &["tag", "first-hire", "#Hiring", "to-read", "hiring"]).ok();
    assert_eq!(ran.stdout, "first-hire  #hiring #to-read\n");
    let after = std::fs::read_to_string(home.path("own/first-hire.md")).unwrap();
    let body = before.find("\n## ").unwrap();
    assert!(after.ends_with(&before[body..]), "{after}");
    let listed = askpm(&home, &["list", "--tag", "hiring", "--tag", "to-read"])
        .ok()
        .stdout;
    assert!(
        listed.contains("first-hire") && listed.contains("#to-read") && !listed.contains("diary"),
        "{listed}"
    );
    assert!(
        askpm(&home, &["show", "first-hire"])
            .ok()
            .stdout
            .contains("Tags: hiring, to-read")
    );
    let found = askpm(&home, &["search", "--tag", "hiring", "--json", "salary"])
        .ok()
        .json();
    assert_eq!(found["hits"][0]["id"], "first-hire/s1");
    assert_eq!(askpm(&home, &["search", "--tag", "pricing", "salary"]).status, Some(3));
    let ran = askpm(&home, &["tag", "first-hire", "--remove", "hiring", "to-read"]).ok();
    assert_eq!(ran.stdout, "first-hire  no tags\n");
    assert_eq!(askpm(&home, &["list", "--tag", "hiring"]).status, Some(3));
    assert_eq!(
        askpm(&home, &["tag", "raising-prices", "--json"]).ok().json()["tags"][0],
        "pricing"
    );
}

#[test]
fn what_cannot_be_tagged_is_said_with_the_way_out() {
    let home = Home::new();
    own(&home);
    let ran = home.bare().args(["tag", "pricing-and-packaging", "x"]).run();
    ran.fails(1, &["cannot tag pricing-and-packaging", "built into askpm"]);
    let ran = askpm(&home, &["tag", "first-hire/q1", "x"]).fails(1, &["only a whole edition"]);
    assert!(ran.hint().contains("askpm tag first-hire"), "{ran:#?}");
    askpm(&home, &["tag", "nowhere", "x"]).fails(1, &["no edition with this slug"]);
    assert_eq!(askpm(&home, &["tag", "first-hire", "two words"]).status, Some(2));
}

#[test]
fn a_tagged_edition_can_still_be_corrected_and_keeps_its_tags() {
    let home = Home::new();
    let letter = "# On mangos\n\n## How should we price the mango plan?\n\n**Jo Doe:** Charge by the call.\n";
    home.write("drop/letter.md", letter);
    home.bare().args(["refresh", "--drop", "drop"]).run().ok();
    let list = |args: &[&str]| home.bare().args(["list", "--json"]).args(args).run();
    let own = |list: &serde_json::Value| {
        let editions = list["editions"].as_array().unwrap().iter();
        editions
            .filter(|e| !e["path"].as_str().unwrap().starts_with("builtin:"))
            .cloned()
            .collect::<Vec<_>>()
    };
    let slug = own(&list(&[]).ok().json())[0]["slug"].as_str().unwrap().to_string();
    home.bare().args(["tag", &slug, "fruit"]).run().ok();
    home.write("drop/letter.md", letter.replace("by the call", "by the crate"));
    home.bare().args(["refresh", "--drop", "drop"]).run().ok();
    let tagged = own(&list(&["--tag", "fruit"]).ok().json());
    assert_eq!(tagged.len(), 1, "{tagged:?}");
    assert_eq!(own(&list(&[]).ok().json()).len(), 1);
    let shown = home.bare().args(["show", &slug]).run().ok().stdout;
    assert!(shown.contains("by the crate"), "{shown}");
}

#[test]
fn periods_and_senders_narrow_every_command_that_searches() {
    let home = Home::new();
    own(&home);
    let hits = |args: &[&str]| {
        let ran = askpm(&home, &[&["search", "--json", "price"], args].concat());
        let hits = ran.json()["hits"].as_array().unwrap().clone();
        let mut slugs: Vec<String> = hits
            .iter()
            .map(|hit| hit["id"].as_str().unwrap().split('/').next().unwrap().to_string())
            .collect();
        slugs.sort();
        slugs.dedup();
        slugs.join(" ")
    };
    assert_eq!(hits(&[]), "price-increase-diary raising-prices");
    assert_eq!(hits(&["--until", "2026-03-05"]), "raising-prices");
    assert_eq!(hits(&["--on", "2026-03-09"]), "price-increase-diary");
    assert_eq!(hits(&["--sender", "CAFE"]), "price-increase-diary");
    assert_eq!(hits(&["--last", "1d"]), "");
    assert_eq!(hits(&["--last", "1000y"]), "price-increase-diary raising-prices");
    assert_eq!(hits(&["--since", "900y", "--tag", "pricing"]), "raising-prices");
    let question = "How do we announce a price increase to old customers?";
    let ask = |args: &[&str]| askpm(&home, &[&["ask", "-m", "none", question], args].concat());
    ask(&["--sender", "ana"]).ok();
    let ran = ask(&["--until", "2025"]);
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    assert!(ran.stderr.contains("until 2025"), "{ran:#?}");
    assert_eq!(ask(&["--on", "2026", "--until", "2026"]).status, Some(2));
}
