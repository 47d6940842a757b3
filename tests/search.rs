//! Tests `askpm search`, `show` and `refresh` through the real binary.

use std::fs;
use std::path::Path;

use crate::harness::{Home, fixture};

/// Creates a corpus folder for this test with the fixture editions.
fn own_corpus(home: &Home) -> String {
    for entry in fs::read_dir(fixture("corpus")).unwrap() {
        let path = entry.unwrap().path();
        home.write(
            &format!("corpus/{}", path.file_name().unwrap().to_str().unwrap()),
            fs::read(&path).unwrap(),
        );
    }
    home.path("corpus").to_str().unwrap().to_string()
}

/// Replaces `from` with `to` in a file.
fn reword(file: &Path, from: &str, to: &str) {
    fs::write(file, fs::read_to_string(file).unwrap().replace(from, to)).unwrap();
}

#[test]
fn hits_are_ranked_and_shown_with_their_identifier() {
    let home = Home::new();
    let ran = home.askpm().args(["search", "retention of new users"]).run().ok();
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_json_object_is_the_contract_s() {
    let home = Home::new();
    let found = home
        .askpm()
        .args(["search", "--json", "-n", "2", "price"])
        .run()
        .ok()
        .json();
    let keys: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["hits", "query", "took_ms"]);
    let hit: Vec<_> = found["hits"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        hit.join(" "),
        "contributor coverage date discussion edition id path rank score snippet"
    );
    assert_eq!(found["hits"][0]["id"], "pricing/q1/a");
    assert_eq!(found["hits"].as_array().unwrap().len(), 2);
    let lines = home.askpm().args(["search", "--jsonl", "-n", "2", "price"]).run().ok();
    assert_eq!(lines.stdout.lines().count(), 2);
}

#[test]
fn nothing_found_is_status_3() {
    let home = Home::new();
    home.askpm()
        .args(["search", "xylophone"])
        .run()
        .fails(3, &["nothing in the corpus mentions \"xylophone\""]);
    let json = home.askpm().args(["search", "--json", "xylophone"]).run();
    assert_eq!(
        (json.status, json.json()["hits"].as_array().map(Vec::len)),
        (Some(3), Some(0))
    );
}

#[test]
fn query_syntax_is_plain_text() {
    let home = Home::new();
    for query in [
        "price AND NOT api",
        "\"price",
        "text:price",
        "price*",
        "(price",
        "price^9 \\",
        "+price -api",
        "[a TO b] price",
    ] {
        let ran = home.askpm().args(["search", "--json", query]).run().ok();
        assert_eq!(ran.json()["hits"][0]["id"], "pricing/q1/a", "{query}");
    }
}

#[test]
fn every_identifier_that_search_prints_can_be_shown() {
    let home = Home::new();
    let found = home
        .askpm()
        .args(["search", "--json", "engineers, prices, retention and books"])
        .run()
        .ok()
        .json();
    for hit in found["hits"].as_array().unwrap() {
        let id = hit["id"].as_str().unwrap();
        let shown = home.askpm().args(["show", id]).run().ok();
        assert!(shown.stdout.contains(id), "{id}: {shown:#?}");
    }
}

#[test]
fn an_edition_is_shown_whole_and_an_answer_with_its_question() {
    let home = Home::new();
    let whole = home.askpm().args(["show", "first-steps"]).run().ok();
    for part in [
        "Group PM, payments",
        "Growth PM",
        "A book on interviewing customers",
        "2024-03-01",
    ] {
        assert!(whole.stdout.contains(part), "{part:?}: {whole:#?}");
    }
    let answer = home.askpm().args(["show", "FIRST-STEPS/Q1/B"]).run().ok();
    assert!(
        answer.stdout.contains("I have written services") && answer.stdout.contains("Recruiter"),
        "{answer:#?}"
    );
    assert!(!answer.stdout.contains("Group PM"), "{answer:#?}");
}

#[test]
fn an_answer_is_found_by_what_else_it_is_asked_for_and_its_neighbour_is_not() {
    let home = Home::new();
    let corpus = own_corpus(&home);
    let file = Path::new(&corpus).join("first-steps.md");
    let heading = "### B. ";
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find(heading).unwrap();
    let end = at + text[at..].find('\n').unwrap();
    let asked = "\n\nAlso asked: Does my zeppelin need a telescope?";
    fs::write(&file, format!("{}{asked}{}", &text[..end], &text[end..])).unwrap();
    let search = |question: &str| {
        let args = ["search", "--json", "--corpus", &corpus, question];
        home.askpm().args(args).run()
    };
    let found = search("telescope for a zeppelin").ok().json();
    let hits = found["hits"].as_array().unwrap().iter();
    let ids: Vec<&str> = hits.map(|hit| hit["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["first-steps/q1/b"]);
    let snippet = found["hits"][0]["snippet"].as_str().unwrap();
    assert!(!snippet.contains("zeppelin"), "{snippet}");
    let show = |args: &[&str]| {
        let all = [&["show", "first-steps/q1", "--corpus", &corpus], args].concat();
        home.askpm().args(&all).run().ok()
    };
    for format in ["text", "md", "html"] {
        let shown = show(&["--format", format]).stdout;
        assert!(!shown.contains("zeppelin") && !shown.contains("Also asked"), "{shown}");
    }
    let answers = show(&["--json"]).json()["discussions"][0]["answers"].clone();
    assert!(answers[0].get("also_asked").is_none(), "{answers}");
    assert_eq!(answers[1]["also_asked"][0], "Does my zeppelin need a telescope?");
}

#[test]
fn what_is_not_there_cannot_be_shown() {
    let home = Home::new();
    let show = |id: &str| home.askpm().args(["show", id]).run();
    show("../etc/passwd").fails(1, &["`../etc/passwd` is not an identifier"]);
    assert!(
        show("nowhere")
            .fails(1, &["show nowhere", "no edition"])
            .hint()
            .contains("askpm search")
    );
    assert!(
        show("pricing/q9")
            .fails(1, &["no such part"])
            .hint()
            .contains("askpm show pricing")
    );
    show("pricing/q1/z").fails(1, &["no such part"]);
    show("pricing/r1").fails(1, &["no such part"]);
}

#[test]
fn a_refresh_of_many_editions_names_the_first_and_counts_the_rest() {
    let home = Home::new();
    for n in 10..34 {
        let text = format!(
            "---\nslug: e{n}\ntitle: E\ndate: 2024-01-01\nsource: Here.\n---\n\n## Q1. Why?\n\n### A. Ann\n\nSo.\n"
        );
        home.write(&format!("many/e{n}.md"), text);
    }
    let corpus = home.path("many").to_str().unwrap().to_string();
    let text = home.bare().args(["--corpus", &corpus, "refresh"]).run().ok().stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 22, "{text}");
    assert_eq!(
        [lines[0], lines[19], lines[20]],
        ["added e10", "added e29", "… and 4 more"]
    );
    assert!(lines[21].starts_with("24 added, "), "{text}");
}

#[test]
fn refresh_tells_what_was_added_changed_and_removed() {
    let home = Home::new();
    let corpus = own_corpus(&home);
    let refresh = || home.bare().args(["--corpus", &corpus, "refresh"]).run().ok();
    assert_eq!(
        refresh().stdout,
        "added first-steps\nadded pricing\n2 added, 0 changed, 0 removed, 0 unchanged; 7 passages indexed\n"
    );
    assert!(refresh().stdout.contains("0 added, 0 changed, 0 removed, 2 unchanged"));

    let pricing = home.path("corpus/pricing.md");
    reword(&pricing, "prepaid credits", "seat licences");
    fs::remove_file(home.path("corpus/first-steps.md")).unwrap();
    let json = home
        .bare()
        .args(["--corpus", &corpus, "refresh", "--json"])
        .run()
        .ok()
        .json();
    let counts = ["added", "changed", "removed", "unchanged", "passages"].map(|key| json[key].as_u64().unwrap());
    assert_eq!(counts, [0, 1, 1, 0, 2]);
    assert!(json["took_ms"].is_number() && json["skipped"].as_array().unwrap().is_empty());
}

#[test]
fn search_sees_a_changed_corpus_without_being_told() {
    let home = Home::new();
    let corpus = own_corpus(&home);
    let search = |query: &str| home.bare().args(["--corpus", &corpus, "search", query]).run();
    search("prepaid").ok();
    assert_eq!(search("licences").status, Some(3));
    let pricing = home.path("corpus/pricing.md");
    let old = fs::metadata(&pricing).unwrap().modified().unwrap();
    reword(&pricing, "prepaid credits", "seats licences.");
    // Same time and same size: only the content differs.
    fs::File::options()
        .write(true)
        .open(&pricing)
        .unwrap()
        .set_modified(old)
        .unwrap();
    search("licences").ok();
    assert_eq!(search("prepaid").status, Some(3));
}

#[test]
fn filters_narrow_what_is_searched() {
    let home = Home::new();
    let ids = |args: &[&str]| -> Vec<String> {
        let ran = home.askpm().args(["search", "--json"]).args(args).run();
        let hits = ran.json()["hits"].as_array().unwrap().clone();
        assert_eq!(ran.status, Some(if hits.is_empty() { 3 } else { 0 }), "{ran:#?}");
        hits.iter().map(|hit| hit["id"].as_str().unwrap().to_string()).collect()
    };
    let words = "price before the title";
    assert!(ids(&[words]).iter().any(|id| id.starts_with("first-steps")));
    let late = ids(&["--since", "2024-06", words]);
    assert!(
        !late.is_empty() && late.iter().all(|id| id.starts_with("pricing/")),
        "{late:?}"
    );
    let early = ids(&["--edition", "first-steps", words]);
    assert!(
        !early.is_empty() && early.iter().all(|id| id.starts_with("first-steps/")),
        "{early:?}"
    );
    assert_eq!(
        ids(&["--contributor", "RÉCRUITER", "title company"]),
        ["first-steps/q1/b"]
    );
    assert!(ids(&["--since", "2025", words]).is_empty());
    home.askpm()
        .args(["search", "--since", "2025", "--edition", "pricing", "price"])
        .run()
        .fails(3, &["nothing in the corpus since 2025 in pricing mentions \"price\""]);
}

#[test]
fn a_question_is_answered_from_what_the_filters_leave_or_not_at_all() {
    let home = Home::new();
    let ask = |args: &[&str]| {
        let question = ["ask", "-m", "none", "--json", "How should we price an API?"];
        home.askpm().args(question).args(args).run()
    };
    let answer = ask(&["--contributor", "finance"]).ok().json();
    for citation in answer["citations"].as_array().unwrap() {
        assert_eq!(citation["id"], "pricing/q1/b");
    }
    let none = ask(&["--edition", "first-steps"]);
    assert_eq!(
        (none.status, &none.json()["abstained"]),
        (Some(3), &true.into()),
        "{none:#?}"
    );
}

#[test]
fn a_wrong_date_is_a_wrong_command_line() {
    let home = Home::new();
    for date in ["2024-13", "24", "yesterday", "2023-02-29", ""] {
        for command in ["search", "ask"] {
            let ran = home.askpm().args([command, "--since", date, "price"]).run();
            assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
            assert!(ran.stderr.contains("--since"), "{ran:#?}");
        }
    }
}

#[test]
fn on_a_disk_that_became_read_only_the_old_index_answers_and_says_so() {
    let home = Home::new();
    let corpus = own_corpus(&home);
    let disk = home.path("disk");
    fs::create_dir_all(&disk).unwrap();
    let mount = |options: &str| {
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "askpm-test"]).arg(&disk);
        command.output().is_ok_and(|out| out.status.success())
    };
    if !mount("size=8m") {
        return crate::harness::skipped("a read-only disk (needs the right to mount a tmpfs)");
    }
    let askpm = || home.bare().env("XDG_CACHE_HOME", &disk).args(["--corpus", &corpus]);
    askpm().args(["search", "prepaid"]).run().ok();
    let pricing = home.path("corpus/pricing.md");
    reword(&pricing, "prepaid credits", "seat licences");
    let read_only = mount("remount,ro");
    let old = askpm().args(["search", "--json", "prepaid"]).run();
    let new = askpm().args(["search", "licences"]).run();
    let refresh = askpm().args(["refresh"]).run();
    let unmounted = std::process::Command::new("umount").arg("-l").arg(&disk).output();
    assert!(read_only && unmounted.is_ok_and(|out| out.status.success()));
    assert_eq!(
        (old.status, &old.json()["hits"][0]["id"]),
        (Some(0), &"pricing/q1/b".into()),
        "{old:#?}"
    );
    assert!(old.stderr.contains("answering from the outdated index of"), "{old:#?}");
    assert_eq!(new.status, Some(3), "{new:#?}");
    assert!(!refresh.fails(1, &["ead-only"]).hint().is_empty());
}

#[test]
fn a_misspelt_word_is_read_as_a_whole_word_and_not_as_a_stem() {
    let home = Home::new();
    let ran = home.bare().args(["search", "negotiaton"]).run().ok();
    // Both have the stem "negoti".
    let whole = ["negotiation", "negotiate"].map(|word| format!("searching for \"{word}\""));
    assert!(whole.iter().any(|line| ran.stderr.contains(line)), "{ran:#?}");
}
