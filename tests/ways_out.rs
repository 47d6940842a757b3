//! Tests a server that writes the answers and a cluster that finds the passages, through the real binary.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::completions::{Completions, Says};
use crate::harness::elastic::Elastic;
use crate::harness::{Home, skipped};

const QUESTION: &str = "How should we price an API?";
const KEY: (&str, &str) = ("LLM_KEY", "very-secret");

fn with_generator(url: &str) -> Home {
    let home = Home::new();
    let key = KEY.0;
    home.write(
        ".config/askpm/config.toml",
        format!("[generator]\nkind = \"openai\"\nurl = \"{url}\"\nmodel = \"big\"\nkey_env = \"{key}\"\n"),
    );
    home
}

fn with_cluster(url: &str) -> Home {
    let home = Home::new();
    home.write(
        ".config/askpm/config.toml",
        format!("[retriever]\nkind = \"elastic\"\nurl = \"{url}\"\nsend = true\n"),
    );
    home
}

fn says(pieces: &[&str]) -> Completions {
    Completions::start(Says::Stream(pieces.iter().map(|piece| piece.to_string()).collect()))
}

#[test]
fn a_server_writes_and_what_no_passage_backs_is_not_shown() {
    // The lead is the first sentence that a passage backs. Here it is the last, so that the whole stream is read,
    // including the token counts at its end.
    let server = says(&[
        "<think>Let me see.</think>",
        "Elephants decide about it on Tuesdays in Paris. ",
        "Charge by successful call and publish ",
        "the price on one page.",
    ]);
    let home = with_generator(&server.url());
    let ran = home
        .askpm()
        .env(KEY.0, KEY.1)
        .args(["ask", "--json", QUESTION])
        .run()
        .ok();
    let answer = ran.json();
    assert_eq!(answer["mode"], "llm", "{answer:#}");
    let text = answer["answer"].as_str().unwrap();
    assert!(
        text.contains("Charge by successful call") && text.contains("[1]"),
        "{text}"
    );
    assert!(!text.contains("Elephants") && !text.contains("Let me see"), "{text}");
    assert_eq!(answer["model"]["name"], "big");
    assert_eq!(answer["model"]["device"], "server");
    assert_eq!(answer["timings"]["prompt_tokens"], 70);
    assert!(!format!("{ran:?}").contains(KEY.1));
    let (head, body) = server.requests().remove(0);
    assert!(
        head.to_ascii_lowercase().contains("authorization: bearer very-secret"),
        "{head}"
    );
    assert!(body.contains("Charge by successful call"), "{body}");
}

/// A model writes one sentence. Anything after a backed sentence is neither awaited nor shown.
#[test]
fn what_a_server_writes_after_the_lead_is_not_shown() {
    let server = says(&[
        "Charge by successful call and publish the price on one page. ",
        "Elephants decide about it on Tuesdays in Paris.",
    ]);
    let home = with_generator(&server.url());
    let run = home.askpm().env(KEY.0, KEY.1).args(["ask", "--json", QUESTION]);
    let answer = run.run().ok().json();
    assert_eq!(answer["mode"], "llm", "{answer:#}");
    assert_eq!(answer["lead"], answer["sentences"][0], "{answer:#}");
    let text = answer["answer"].as_str().unwrap();
    let lead = "Charge by successful call and publish the price on one page. [1]\n\n";
    assert!(text.starts_with(lead), "{text}");
    assert!(!text.contains("Elephants"), "{text}");
}

#[test]
fn a_question_that_the_corpus_does_not_answer_is_not_sent_anywhere() {
    let server = says(&["x"]);
    let home = with_generator(&server.url());
    let ran = home
        .askpm()
        .env(KEY.0, KEY.1)
        .args(["ask", "best pizza in Naples"])
        .run();
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_server_that_fails_is_an_error_with_the_way_out_and_no_quiet_substitute() {
    let home = with_generator("http://127.0.0.1:9/v1");
    let ask = |args: &[&str]| home.askpm().env(KEY.0, KEY.1).args(["ask"]).args(args).run();
    let ran = ask(&[QUESTION]).fails(1, &["http://127.0.0.1:9/v1/chat/completions"]);
    assert!(ran.hint().contains("-m none"), "{ran:#?}");
    // Command-line flags take precedence over the settings.
    ask(&["-m", "none", QUESTION]).ok();
    assert_eq!(ask(&["--device", "cpu", QUESTION]).status, Some(2));
    let keyless = home
        .askpm()
        .args(["ask", QUESTION])
        .run()
        .fails(1, &["LLM_KEY is not set"]);
    assert!(keyless.hint().contains("LLM_KEY"), "{keyless:#?}");
}

#[test]
fn a_table_that_is_wrong_is_told_with_its_line() {
    for (table, part) in [
        ("[generator]\nkind = \"magic\"\nurl = \"u\"\nmodel = \"m\"\n", "magic"),
        (
            "[generator]\nkind = \"openai\"\nurl = \"u\"\nmodel = \"m\"\nkey = \"secret\"\n",
            "key",
        ),
        ("[retriever]\nkind = \"solr\"\nurl = \"u\"\n", "solr"),
    ] {
        let home = Home::new();
        home.write(".config/askpm/config.toml", table);
        home.askpm()
            .args(["ask", QUESTION])
            .run()
            .fails(1, &["config.toml:", part]);
    }
}

#[test]
fn a_cluster_finds_what_is_asked_and_searched_for() {
    let cluster = Elastic::start();
    let home = with_cluster(&cluster.url());
    home.askpm().args(["refresh"]).run().ok();
    let counts = cluster.counts();
    assert_eq!(counts.len(), 1, "{counts:?}");
    let (name, passages) = counts.first_key_value().unwrap();
    assert!(name.starts_with("askpm-") && *passages > 2, "{counts:?}");
    let sent = cluster.requests().len();

    let found = home
        .askpm()
        .by_default()
        .args(["search", "--json", "price an API"])
        .run()
        .ok()
        .json();
    let local = home
        .askpm()
        .args(["search", "--json", "--by", "words", "price an API"])
        .run()
        .ok()
        .json();
    assert_eq!(found["hits"][0]["id"], local["hits"][0]["id"]);
    let answer = home
        .askpm()
        .by_default()
        .args(["ask", "-m", "none", "--json", QUESTION])
        .run()
        .ok()
        .json();
    assert_eq!(answer["citations"][0]["id"], "pricing/q1/a", "{answer:#}");
    assert!(
        cluster.requests()[sent..]
            .iter()
            .all(|(head, _)| !head.contains("_bulk"))
    );
    assert_eq!(json!(cluster.counts()), json!(counts));
    // Another machine has no newsletters, makes no index, and does not send what it has.
    let other = Home::new();
    let settings = format!("[retriever]\nkind = \"elastic\"\nurl = \"{}\"\n", cluster.url());
    other.write(".config/askpm/config.toml", settings);
    let theirs = other
        .bare()
        .by_default()
        .args(["ask", "-m", "none", "--json", QUESTION]);
    let theirs = theirs.run().ok().json();
    for field in ["answer", "confidence", "citations", "corpus"] {
        assert_eq!(answer[field], theirs[field], "{theirs:#}");
    }
    assert!(!other.path(".cache/askpm/index").exists());
    let refreshed = other.bare().args(["refresh"]).run().ok();
    assert!(refreshed.stderr.contains("`send = true`"), "{refreshed:#?}");
    assert_eq!(json!(cluster.counts()), json!(counts));
    let shown = other.bare().args(["show", "pricing/q1/a"]).run().ok();
    assert_eq!(
        shown.stdout,
        home.askpm().args(["show", "pricing/q1/a"]).run().ok().stdout
    );
}

#[test]
fn a_refresh_that_watches_updates_the_cluster() {
    let cluster = Elastic::start();
    let home = with_cluster(&cluster.url());
    let letter = |text: &str| format!("---\nslug: e\ntitle: T\n---\n\n## Q1. What?\n\n### A. X\n\n{text}\n");
    home.write("letters/e.md", letter("First."));
    let run = home.bare().by_default().env("ASKPM_CORPUS", home.path("letters"));
    let mut watching = run.args(["refresh", "--watch"]).spawn();
    let started = Instant::now();
    let waits = || started.elapsed() < Duration::from_secs(60);
    while cluster.aliases().is_empty() && waits() {}
    let first = cluster.aliases();
    home.write("letters/e.md", letter("Second."));
    while cluster.aliases() == first && waits() {}
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert!(!first.is_empty() && cluster.aliases() != first, "{first:?}");
    let shown = home.bare().args(["show", "e"]).run().ok();
    assert!(shown.stdout.contains("Second."), "{shown:#?}");
}

#[test]
fn offline_no_cluster_is_asked_and_local_search_is_the_way_out() {
    let cluster = Elastic::start();
    let home = with_cluster(&cluster.url());
    let ran = home
        .askpm()
        .by_default()
        .args(["search", "--offline", "price"])
        .run()
        .fails(1, &["cannot be reached in offline mode"]);
    assert!(ran.hint().contains("--by words"), "{ran:#?}");
    home.askpm()
        .args(["search", "--offline", "--by", "words", "price"])
        .run()
        .ok();
    home.askpm().args(["refresh", "--offline"]).run().ok();
    assert!(cluster.requests().is_empty());
}

#[test]
fn a_cluster_that_is_not_there_is_an_error_with_the_way_out() {
    let home = with_cluster("http://127.0.0.1:9");
    let ran = home
        .askpm()
        .by_default()
        .args(["search", "price"])
        .run()
        .fails(1, &["http://127.0.0.1:9/"]);
    assert!(ran.hint().contains("--by both"), "{ran:#?}");
}

/// Returns the state, detail and fix of a check of `askpm doctor`.
fn doctor(home: &Home, name: &str, args: &[&str], key: bool) -> (String, String, String) {
    let mut run = home.askpm().args(["doctor", "--json"]).args(args);
    if key {
        run = run.env(KEY.0, KEY.1);
    }
    let ran = run.run();
    assert!(!format!("{ran:?}").contains(KEY.1), "{ran:#?}");
    let report = ran.json();
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no check {name}: {report:#}"));
    let broken = checks.iter().any(|check| check["state"] == "broken");
    assert_eq!((ran.status, &report["ok"]), (Some(i32::from(broken)), &json!(!broken)));
    let text = |key: &str| check[key].as_str().unwrap_or("").to_string();
    (text("state"), text("detail"), text("mend"))
}

#[track_caller]
fn expect((state, detail, mend): (String, String, String), wanted: [&str; 3]) {
    let holds = state == wanted[0] && detail.contains(wanted[1]) && mend.contains(wanted[2]);
    assert!(holds, "{state} | {detail} | {mend} is not {wanted:?}");
}

#[test]
fn doctor_finds_a_server_that_has_the_model_and_asks_nothing_of_it() {
    let server = Completions::start(Says::Models(vec!["small".into(), "big".into()]));
    let home = with_generator(&server.url());
    expect(doctor(&home, "generator", &[], true), ["ok", "has big", ""]);
    expect(doctor(&home, "model", &[], true), ["ok", "[generator] writes", ""]);
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    for (head, body) in requests {
        assert!(head.starts_with("GET /v1/models ") && body.is_empty(), "{head}");
        assert!(head.contains(&format!("Bearer {}", KEY.1)), "{head}");
    }
    // Ollama lists a name without a tag under its default tag.
    let ollama = Completions::start(Says::Models(vec!["big:latest".into()]));
    expect(
        doctor(&with_generator(&ollama.url()), "generator", &[], true),
        ["ok", "has big", ""],
    );
}

#[test]
fn doctor_names_what_is_wrong_with_a_server_and_the_mend() {
    for (says, wanted) in [
        (
            Says::Models(vec!["small".into()]),
            ["note", "does not list big, only small", "`model` in [generator]"],
        ),
        (
            Says::Models(vec![]),
            ["note", "does not list big", "`model` in [generator]"],
        ),
        (
            Says::Status(404, "nothing here".into()),
            ["note", "lists no models", "/v1"],
        ),
        (
            Says::Raw(b"<html>a page</html>".to_vec()),
            ["note", "lists no models", "/v1"],
        ),
        (
            Says::Status(401, r#"{"error":{"message":"who are you?"}}"#.into()),
            ["broken", "who are you?", "key_env"],
        ),
        (Says::Status(503, String::new()), ["broken", "503", "busy"]),
        (
            Says::Redirect("http://127.0.0.1:9/v1".into()),
            ["broken", "302", "redirects"],
        ),
    ] {
        let server = Completions::start(says);
        expect(doctor(&with_generator(&server.url()), "generator", &[], true), wanted);
    }
    let nobody = with_generator("http://127.0.0.1:9/v1");
    expect(
        doctor(&nobody, "generator", &[], true),
        ["broken", "http://127.0.0.1:9/v1", "start the server"],
    );
}

#[test]
fn doctor_waits_for_a_silent_server_no_longer_than_the_settings_let_it() {
    let server = Completions::start(Says::Silent);
    let home = Home::new();
    let url = server.url();
    home.write(
        ".config/askpm/config.toml",
        format!("[generator]\nkind = \"openai\"\nurl = \"{url}\"\nmodel = \"big\"\ntimeout = 1\n"),
    );
    expect(
        doctor(&home, "generator", &[], false),
        ["broken", "took too long", "start the server"],
    );
}

#[test]
fn offline_doctor_checks_the_settings_and_opens_no_connection() {
    let server = Completions::start(Says::Models(vec!["big".into()]));
    let home = with_generator(&server.url());
    expect(
        doctor(&home, "generator", &["--offline"], true),
        ["note", "not used in offline mode", "-m none"],
    );
    let cluster = Elastic::start();
    let searching = with_cluster(&cluster.url());
    expect(
        doctor(&searching, "retriever", &["--offline"], false),
        ["note", "not used in offline mode", "--by words"],
    );
    assert!(server.requests().is_empty() && cluster.requests().is_empty());
    for args in [&["--offline"][..], &[]] {
        expect(
            doctor(&home, "generator", args, false),
            ["broken", "LLM_KEY is not set", "set LLM_KEY"],
        );
        let open = with_generator("http://llm.example/v1");
        expect(
            doctor(&open, "generator", args, true),
            ["broken", "unprotected", "https"],
        );
        expect(
            doctor(&with_generator("file:///x"), "generator", args, true),
            ["broken", "not an http", "http://"],
        );
        expect(
            doctor(&with_cluster("nowhere"), "retriever", args, false),
            ["broken", "not an http", "http://"],
        );
        let home = Home::new();
        let table = "[retriever]\nkind = \"elastic\"\nurl = \"http://search.example\"\nkey_env = \"LLM_KEY\"\n";
        home.write(".config/askpm/config.toml", table);
        expect(
            doctor(&home, "retriever", args, false),
            ["broken", "LLM_KEY is not set", "cluster needs no key"],
        );
        expect(
            doctor(&home, "retriever", args, true),
            ["broken", "without encryption", "https"],
        );
    }
}

#[test]
fn doctor_tells_how_much_of_the_corpus_a_cluster_has_and_sends_it_nothing() {
    let cluster = Elastic::start();
    let home = with_cluster(&cluster.url());
    let look = || doctor(&home, "retriever", &[], false);
    expect(look(), ["note", "has no corpus", "askpm refresh"]);
    let ran = home.askpm().by_default().args(["ask", "price"]).run();
    let ran = ran.fails(1, &["it has no index askpm"]);
    assert!(ran.hint().contains("askpm refresh"), "{ran:#?}");
    assert!(cluster.counts().is_empty());
    home.askpm().args(["refresh"]).run().ok();
    expect(look(), ["ok", " passages of ", ""]);
    cluster.order(403, r#"{"error":{"reason":"not yours"}}"#);
    expect(look(), ["broken", "not yours", "key_env"]);
    // A web server that is not a cluster.
    cluster.order(404, "<html>no such page</html>");
    expect(look(), ["broken", "404", "url"]);
    expect(
        doctor(&with_cluster("http://127.0.0.1:9"), "retriever", &[], false),
        ["broken", "http://127.0.0.1:9/", "start the cluster"],
    );
}

#[test]
fn doctor_says_nothing_of_servers_that_the_settings_do_not_name() {
    let report = Home::new().askpm().args(["doctor"]).run().ok();
    assert!(
        !report.stdout.contains("generator") && !report.stdout.contains("retriever"),
        "{report:#?}"
    );
}

/// A server of another project, which must be started by hand. `ASKPM_TEST_GENERATOR="URL MODEL"` names it.
#[test]
fn a_server_of_another_project_is_found_by_doctor_and_writes_a_backed_answer() {
    let named = std::env::var("ASKPM_TEST_GENERATOR").unwrap_or_default();
    let Some((url, model)) = named.split_once(' ') else {
        return skipped("no server of another project (ASKPM_TEST_GENERATOR=\"URL MODEL\" names one)");
    };
    let home = Home::new();
    let table = format!("[generator]\nkind = \"openai\"\nurl = {url:?}\nmodel = {model:?}\ntimeout = 600\n");
    home.write(".config/askpm/config.toml", table);
    expect(doctor(&home, "generator", &[], false), ["ok", model, ""]);
    let ran = home
        .askpm()
        .args(["ask", "--json", "--max-tokens", "24", QUESTION])
        .run()
        .ok();
    let answer = ran.json();
    // Although the answer ends after so few tokens, the server reported how many it read.
    assert!(answer["timings"]["prompt_tokens"].as_u64() > Some(100), "{answer:#}");
    assert_eq!(
        (&answer["model"]["name"], &answer["model"]["device"]),
        (&json!(model), &json!("server"))
    );
    let sentences = answer["sentences"].as_array().unwrap();
    assert!(
        sentences.iter().all(|sentence| sentence["supported"] == true),
        "{answer:#}"
    );
}
