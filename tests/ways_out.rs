//! A server that writes the answers and a cluster that finds the passages, through the real binary.

use serde_json::json;

use crate::harness::Home;
use crate::harness::completions::{Completions, Says};
use crate::harness::elastic::Elastic;

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
        format!("[retriever]\nkind = \"elastic\"\nurl = \"{url}\"\n"),
    );
    home
}

fn says(pieces: &[&str]) -> Completions {
    Completions::start(Says::Stream(pieces.iter().map(|piece| piece.to_string()).collect()))
}

#[test]
fn a_server_writes_and_what_no_passage_backs_is_not_shown() {
    let server = says(&[
        "<think>Let me see.</think>",
        "Charge by successful call and publish ",
        "the price on one page. ",
        "Elephants decide about it on Tuesdays in Paris.",
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
    // What is asked for now goes before the settings.
    ask(&["-m", "none", QUESTION]).ok();
    assert_eq!(ask(&["--device", "cpu", QUESTION]).status, Some(2));
    let keyless = home
        .askpm()
        .args(["ask", QUESTION])
        .run()
        .fails(1, &["LLM_KEY has no key"]);
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
        .args(["ask", "-m", "none", "--json", QUESTION])
        .run()
        .ok()
        .json();
    assert_eq!(answer["citations"][0]["id"], "pricing/q1/a", "{answer:#}");
    let verbs: Vec<bool> = cluster.requests()[sent..]
        .iter()
        .map(|(head, _)| head.contains("_search"))
        .collect();
    assert_eq!(verbs, [true; 4], "a count and a search each, and nothing sent again");
    assert_eq!(json!(cluster.counts()), json!(counts));
}

#[test]
fn offline_no_cluster_is_asked_and_local_search_is_the_way_out() {
    let cluster = Elastic::start();
    let home = with_cluster(&cluster.url());
    let ran = home
        .askpm()
        .args(["search", "--offline", "price"])
        .run()
        .fails(1, &["offline no cluster is asked"]);
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
        .args(["search", "price"])
        .run()
        .fails(1, &["http://127.0.0.1:9/"]);
    assert!(ran.hint().contains("--by words"), "{ran:#?}");
}
