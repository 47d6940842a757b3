//! Tests a server whose model makes the vectors and one that reranks, through the real binary.

use std::time::{Duration, Instant};

use crate::harness::completions::{Completions, Says as Chat};
use crate::harness::http::Serving;
use crate::harness::vectors::{Says, Vectors, texts};
use crate::harness::{Home, Ran, Run, fixture};

const QUESTION: &str = "How should we price an API?";
const KEY: (&str, &str) = ("VECTORS_KEY", "very-secret");

/// Writes settings with an embedder and these lines.
fn embed_with(home: &Home, url: &str, model: &str, more: &str) {
    home.write(
        ".config/askpm/config.toml",
        format!("[embedder]\nkind = \"openai\"\nurl = \"{url}\"\nmodel = \"{model}\"\n{more}\n"),
    );
}

fn rerank_with(home: &Home, kind: &str, url: &str) {
    home.write(
        ".config/askpm/config.toml",
        format!("[reranker]\nkind = \"{kind}\"\nurl = \"{url}\"\nmodel = \"judge\"\n"),
    );
}

/// Returns `askpm` with the fixture corpus, which searches as the settings say.
fn run(home: &Home, args: &[&str]) -> Ran {
    home.askpm().by_default().args(args).run()
}

fn started(says: Says) -> (Vectors, Home) {
    let (server, home) = (Vectors::start(says), Home::new());
    embed_with(&home, &server.url(), "big", "");
    (server, home)
}

#[test]
fn a_refresh_sends_the_corpus_and_says_so_before_and_a_question_sends_itself() {
    let (server, home) = started(Says::Right(64));
    let more = format!(
        "query_prefix = \"query: \"\npassage_prefix = \"passage: \"\nbatch = 4\nkey_env = \"{}\"",
        KEY.0
    );
    embed_with(&home, &server.url(), "big", &more);
    let run = |args: &[&str]| home.askpm().by_default().env(KEY.0, KEY.1).args(args).run();
    let before = run(&["search", "--json", "price"]).ok();
    let note = "searching by words only: the vectors of big are not made yet; `askpm refresh` sends the corpus to http";
    assert!(before.stderr.contains(note), "{before:#?}");
    assert!(before.json()["hits"][0]["similarity"].is_null(), "{before:#?}");
    run(&["search", "--by", "meaning", "price"]).fails(1, &["the vectors of big are not made yet"]);
    assert_eq!(
        server.asked().len(),
        0,
        "a question sent something before the vectors were made"
    );

    let refreshed = run(&["refresh"]).ok();
    let asked = server.asked();
    let (sample, sent) = (texts(&asked[..1]), texts(&asked[1..]));
    assert_eq!(sample, ["passage: product management"]);
    let said = format!(
        "sending {} texts of the corpus to {}/embeddings, where big makes",
        sent.len(),
        server.url()
    );
    assert!(refreshed.stderr.contains(&said), "{refreshed:#?} does not say {said}");
    assert!(
        refreshed.stderr.contains("the vectors of big are complete"),
        "{refreshed:#?}"
    );
    assert!(sent.iter().all(|text| text.starts_with("passage: ")), "{sent:?}");
    let whole = "passage: How should we price an API?\nCharge by successful call and publish the price on one page. \
                 Developers leave when they cannot predict their bill.";
    assert!(sent.iter().any(|text| text == whole), "{sent:?}");
    assert!(
        asked
            .iter()
            .all(|one| one.path == "/v1/embeddings" && one.body["model"] == "big")
    );
    assert!(
        asked
            .iter()
            .all(|one| one.head.contains("authorization: bearer very-secret\r\n"))
    );
    assert!(asked.iter().all(|one| texts(std::slice::from_ref(one)).len() <= 4));

    let after = run(&["search", "--json", "price"]).ok();
    assert_eq!(
        (after.stderr.as_str(), texts(&server.asked())),
        ("", vec!["query: price".to_string()])
    );
    assert!(after.json()["hits"][0]["similarity"].is_number(), "{after:#?}");
    let again = run(&["refresh"]).ok();
    assert!(!again.stderr.contains("sending"), "{again:#?}");
    // Two words, and one text that shows that the model is the same.
    assert_eq!(texts(&server.asked()).len(), 2);
    for ran in [before, refreshed, after, again] {
        assert!(!format!("{ran:?}").contains(KEY.1));
    }
    for name in ["embedder.json", "vectors"] {
        assert!(!holds(&home, name, KEY.1), "{name} has the key");
    }
}

/// Whether a file in an index folder whose name begins so has this text.
fn holds(home: &Home, name: &str, text: &str) -> bool {
    let folders = std::fs::read_dir(home.path(".cache/askpm/index")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let mut files = files
        .map(|file| file.unwrap())
        .filter(|file| file.file_name().to_string_lossy().starts_with(name));
    files.any(|file| String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).contains(text))
}

#[test]
fn the_built_in_editions_are_answered_from_by_the_vectors_of_the_server() {
    let (server, home) = started(Says::Right(512));
    let bare = |args: &[&str]| home.bare().by_default().args(args).run();
    bare(&["refresh"]).ok();
    server.asked();
    let answer = bare(&["ask", "-m", "none", "--json", "How do I ask for a raise?"]).ok();
    assert_eq!(answer.stderr, "");
    let asked = texts(&server.asked());
    // The question alone, then with the titles of discussions, then the sentences of those that answer.
    assert_eq!(asked[0], "How do I ask for a raise?");
    assert!(asked.len() > 10, "{asked:?}");
    assert!(!answer.json()["citations"].as_array().unwrap().is_empty());
    let off = bare(&["ask", "-m", "none", "best pizza in Naples"]);
    assert_eq!(off.status, Some(3), "{off:#?}");
}

#[test]
fn what_is_no_vector_for_each_text_is_refused_and_nothing_is_made_of_it() {
    let vector = |index: usize, numbers: &str| format!("{{\"index\":{index},\"embedding\":[{numbers}]}}");
    let data = |all: &[String]| Says::Body(format!("{{\"data\":[{}]}}", all.join(",")));
    for (says, part) in [
        (data(&[]), "0 vectors for 1 texts"),
        (data(&[vector(0, "1"), vector(1, "1")]), "2 vectors for 1 texts"),
        (data(&[vector(3, "1")]), "the index 3"),
        (data(&[vector(0, "NaN, 1")]), "no list of vectors"),
        (data(&[vector(0, "0, 0")]), "without a direction"),
        (data(&[vector(0, "1e39")]), "not a number"),
        (Says::Body("<html>a page</html>".into()), "no list of vectors"),
        (Says::Huge(2 << 20), "more than 524288 bytes"),
        (
            Says::Status(401, "{\"error\":{\"message\":\"who are\\u001b you?\"}}".into()),
            "401",
        ),
        (Says::Status(503, String::new()), "503"),
        (Says::Redirect("http://127.0.0.1:9/v1".into()), "302"),
    ] {
        let (server, home) = started(says);
        let ran = run(&home, &["refresh"]).fails(1, &["cannot use the server of [embedder] at http", part]);
        assert!(!ran.hint().is_empty() || part.contains("bytes"), "{ran:#?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
        server.order(Says::Right(32));
        let ran = run(&home, &["search", "price"]).ok();
        assert!(ran.stderr.contains("are not made yet"), "{ran:#?}");
    }
}

#[test]
fn a_server_that_fails_fails_the_question_and_words_go_on_without_it() {
    let (server, home) = started(Says::Right(32));
    run(&home, &["refresh"]).ok();
    for (says, part, hint) in [
        (Says::Status(503, String::new()), "503", "--by words"),
        (
            Says::Status(404, "nothing".into()),
            "404 Not Found: nothing",
            "`model` of [embedder]",
        ),
        (
            Says::Status(400, "maximum context length is 512 tokens".into()),
            "512 tokens",
            "`max_tokens` of [embedder]",
        ),
        (
            Says::Right(48),
            "48 numbers, and those of the index 32",
            "askpm refresh",
        ),
    ] {
        server.order(says);
        for args in [
            &["ask", "-m", "none", QUESTION][..],
            &["search", "price"],
            &["compare", QUESTION],
        ] {
            let ran = run(&home, args).fails(1, &["[embedder]", part]);
            assert!(ran.hint().contains(hint), "{ran:#?}");
        }
    }
    server.asked();
    let words = run(&home, &["ask", "-m", "none", "--by", "words", QUESTION]).ok();
    assert_eq!((words.stderr.contains("[embedder]"), server.asked().len()), (false, 0));
    embed_with(&home, "http://127.0.0.1:9/v1", "big", "");
    let ran = run(&home, &["search", "price"]).fails(1, &["http://127.0.0.1:9/v1/embeddings"]);
    assert!(ran.hint().contains("start the server"), "{ran:#?}");
    let offline = run(&home, &["search", "--offline", "price"]).fails(1, &["cannot be reached in offline mode"]);
    assert!(offline.hint().contains("--by words"), "{offline:#?}");
    run(&home, &["search", "--offline", "--by", "words", "price"]).ok();
    let refreshed = run(&home, &["refresh", "--offline"]).ok();
    assert!(refreshed.stderr.contains("offline: no text was sent"), "{refreshed:#?}");
}

#[test]
fn a_silent_server_is_waited_for_no_longer_than_the_settings_let_it() {
    let (server, home) = started(Says::Right(32));
    run(&home, &["refresh"]).ok();
    server.order(Says::Silent);
    embed_with(&home, &server.url(), "big", "timeout = 1");
    let ran = run(&home, &["search", "price"]).fails(1, &["did not answer within 1 s"]);
    assert!(ran.hint().contains("`timeout` in [embedder]"), "{ran:#?}");
}

#[test]
fn a_key_goes_to_another_machine_only_under_protection_and_a_redirect_nowhere() {
    let elsewhere = Vectors::start(Says::Right(32));
    let (server, home) = started(Says::Redirect(elsewhere.url()));
    let key = format!("key_env = \"{}\"", KEY.0);
    let run = |home: &Home| home.askpm().by_default().env(KEY.0, KEY.1).args(["refresh"]).run();
    embed_with(&home, &server.url(), "big", &key);
    let ran = run(&home).fails(1, &["302"]);
    assert!(
        ran.hint().contains("`url` of [embedder]") && !ran.stderr.contains(KEY.1),
        "{ran:#?}"
    );
    assert!(elsewhere.asked().is_empty());
    embed_with(&home, "http://vectors.example/v1", "big", &key);
    let ran = run(&home).fails(1, &["the key would be sent to another machine without encryption"]);
    assert!(ran.hint().contains("https") && !ran.stderr.contains(KEY.1), "{ran:#?}");
}

#[test]
fn a_refresh_that_broke_off_goes_on_where_it_stopped() {
    let (server, home) = started(Says::Right(32));
    embed_with(&home, &server.url(), "big", "batch = 1");
    run(&home, &["refresh"]).ok();
    let all = texts(&server.asked()).len() - 1;
    let home = Home::new();
    embed_with(&home, &server.url(), "big", "batch = 1");
    server.order(Says::RightFor(6));
    run(&home, &["refresh"]).fails(1, &["500", "out of order"]);
    server.order(Says::Right(32));
    server.asked();
    let waiting = run(&home, &["search", "price"]).ok();
    assert!(waiting.stderr.contains("are not made yet"), "{waiting:#?}");
    run(&home, &["refresh"]).ok();
    // Two words, a text that shows that the model is the same, and what was missing: all but the five that were received,
    // or but four if the sixth request broke off while the fifth reply was on its way.
    let sent = texts(&server.asked()).len();
    assert!((all - 5 + 2..=all - 4 + 2).contains(&sent), "{sent} of {all}");
}

#[test]
fn the_vectors_of_the_model_before_serve_until_those_of_the_new_one_are_made() {
    let (server, home) = started(Says::Right(32));
    run(&home, &["refresh"]).ok();
    let models = |asked: &[crate::harness::vectors::Asked]| -> Vec<String> {
        let mut models: Vec<String> = asked
            .iter()
            .map(|one| one.body["model"].as_str().unwrap().into())
            .collect();
        models.dedup();
        models
    };
    embed_with(&home, &server.url(), "bigger", "");
    server.asked();
    let ran = run(&home, &["search", "--json", "price"]).ok();
    let note = "searching with big: the vectors of bigger are not made yet; `askpm refresh` sends the corpus to";
    assert!(ran.stderr.contains(note), "{ran:#?}");
    assert!(ran.json()["hits"][0]["similarity"].is_number(), "{ran:#?}");
    assert_eq!(models(&server.asked()), ["big"]);
    // While the new ones are being made, and after that failed.
    server.order(Says::RightFor(1));
    run(&home, &["refresh"]).fails(1, &["500"]);
    server.order(Says::Right(32));
    server.asked();
    assert!(
        run(&home, &["search", "price"])
            .ok()
            .stderr
            .contains("searching with big: ")
    );
    assert_eq!(models(&server.asked()), ["big"]);
    run(&home, &["refresh"]).ok();
    server.asked();
    assert_eq!(run(&home, &["search", "price"]).ok().stderr, "");
    assert_eq!(models(&server.asked()), ["bigger"]);
    // Back again: the vectors of both are kept.
    embed_with(&home, &server.url(), "big", "");
    let back = run(&home, &["search", "price"]).ok();
    assert_eq!((back.stderr.as_str(), texts(&server.asked()).len()), ("", 1));
    // Without a server for the old ones, words find.
    embed_with(&home, &server.url(), "third", "");
    let other = Vectors::start(Says::Status(404, String::new()));
    let gone = run(&home, &["search", "price"]).ok();
    assert!(gone.stderr.contains("searching with bigger: "), "{gone:#?}");
    drop(server);
    embed_with(&home, &other.url(), "third", "");
    let gone = run(&home, &["search", "price"]).ok();
    assert!(
        gone.stderr.contains("searching by words only: the vectors of third"),
        "{gone:#?}"
    );
}

#[test]
fn new_texts_alone_are_sent_and_a_model_that_changed_under_its_name_makes_all_again() {
    let (server, home) = started(Says::Right(32));
    let corpus = home.path("own");
    std::fs::create_dir(&corpus).unwrap();
    let copy = |from: &str| std::fs::copy(fixture("corpus").join(from), corpus.join(from)).unwrap();
    copy("pricing.md");
    let run = |args: &[&str]| home.askpm().env("ASKPM_CORPUS", &corpus).by_default().args(args).run();
    run(&["refresh"]).ok();
    let all = texts(&server.asked()).len() - 1;
    copy("first-steps.md");
    let ran = run(&["search", "price"]).ok();
    let sent = texts(&server.asked());
    assert!(
        ran.stderr.contains("sending new texts to the server of [embedder]: "),
        "{ran:#?}"
    );
    let new = &sent[..sent.len() - 1];
    assert!(
        !new.is_empty() && !new.iter().any(|text| text.contains("Charge by successful call")),
        "{new:?}"
    );
    assert_eq!(sent.last().unwrap(), "price");
    server.order(Says::Right(48));
    let ran = run(&["refresh"]).ok();
    assert!(ran.stderr.contains("texts of the corpus"), "{ran:#?}");
    assert!(texts(&server.asked()).len() > all + new.len());
    assert_eq!(run(&["search", "price"]).ok().stderr, "");
    // The same number of numbers, and other vectors.
    let shifted = Vectors::start(Says::Body(format!(
        "{{\"data\":[{{\"index\":0,\"embedding\":[{}]}}]}}",
        (0..48)
            .map(|n| if n % 2 == 0 { "1" } else { "-1" })
            .collect::<Vec<_>>()
            .join(",")
    )));
    embed_with(&home, &shifted.url(), "big", "batch = 1");
    let ran = run(&["refresh"]).ok();
    assert!(
        ran.stderr.contains("big now makes other vectors than before"),
        "{ran:#?}"
    );
}

#[test]
fn a_server_of_answers_takes_up_the_vectors_when_they_are_made() {
    let (server, home) = started(Says::Right(32));
    let serve: Run = home.askpm().by_default().args(["serve", "-m", "none", "--port", "0"]);
    let serving = Serving::start(serve);
    let body = format!(r#"{{"messages":[{{"role":"user","content":"{QUESTION}"}}]}}"#);
    assert_eq!(serving.post(&body).status, 200);
    assert!(texts(&server.asked()).is_empty());
    run(&home, &["refresh"]).ok();
    server.asked();
    let patience = Instant::now() + Duration::from_secs(60);
    while texts(&server.asked()).is_empty() {
        assert!(Instant::now() < patience, "it did not use the new vectors");
        assert_eq!(serving.post(&body).status, 200);
    }
    server.order(Says::Status(503, String::new()));
    let refused = serving.post(&body);
    assert!(
        refused.status >= 500 && refused.body.contains("[embedder]"),
        "{refused:#?}"
    );
}

#[test]
fn the_best_passages_are_ordered_by_the_reranker() {
    let server = Vectors::start(Says::Right(32));
    for (kind, url, path, name) in [
        ("openai", server.url(), "/v1/rerank", "documents"),
        ("tei", server.url().replace("/v1", ""), "/rerank", "texts"),
    ] {
        let home = Home::new();
        rerank_with(&home, kind, &url);
        server.prefer("");
        let hits = |ran: &Ran| ran.json()["hits"].as_array().unwrap().clone();
        let first = hits(&run(&home, &["search", "--json", "price"]).ok());
        let asked = server.asked().remove(0);
        assert_eq!((asked.path.as_str(), &asked.body["query"]), (path, &"price".into()));
        let sent = asked.body[name].as_array().unwrap();
        assert_eq!(sent.len(), first.len());
        assert!(
            sent[0].as_str().unwrap().starts_with("How should we price an API?\n"),
            "{sent:?}"
        );
        // The last of them is now the first.
        let last = first.last().unwrap();
        server.prefer(&last["snippet"].as_str().unwrap()[..40]);
        let ran = run(&home, &["search", "--json", "price"]).ok();
        let ordered = hits(&ran);
        assert_eq!(
            (&ordered[0]["id"], &ordered[0]["rerank"], &ordered[0]["rank"]),
            (&last["id"], &9.5.into(), &1.into())
        );
        assert_eq!(ordered.len(), first.len());
        let explained = run(&home, &["search", "--explain", "--top-k", "1", "price"]).ok();
        assert!(explained.stdout.contains("reranker 9.500; score "), "{explained:#?}");
        assert!(
            explained.stdout.contains(last["id"].as_str().unwrap()),
            "{explained:#?}"
        );
        run(&home, &["ask", "-m", "none", QUESTION]).ok();
        assert!(server.asked().iter().all(|one| one.path == path));
        assert_eq!(run(&home, &["search", "--by", "words", "price"]).ok().status, Some(0));
        assert!(server.asked().is_empty());
    }
}

#[test]
fn a_reranker_makes_no_discussion_answer() {
    let server = Vectors::start(Says::Right(32));
    let home = Home::new();
    rerank_with(&home, "openai", &server.url());
    let ask = |question: &str| {
        home.bare()
            .by_default()
            .args(["ask", "-m", "none", "--json", question])
            .run()
    };
    ask("How do I ask for a raise?").ok();
    server.prefer("Naples");
    let off = ask("best pizza in Naples");
    assert_eq!(off.status, Some(3), "{off:#?}");
}

#[test]
fn a_reranker_that_fails_fails_the_question_with_the_way_out() {
    let server = Vectors::start(Says::Right(32));
    let home = Home::new();
    rerank_with(&home, "openai", &server.url());
    for (says, part) in [
        (Says::Body("{\"results\":[]}".into()), "0 scores for"),
        (Says::Body("nonsense".into()), "no list of scores"),
        (Says::Huge(4 << 20), "bytes"),
        (Says::Status(404, String::new()), "404"),
        (Says::Status(503, String::new()), "503"),
        (Says::Redirect("http://127.0.0.1:9/v1".into()), "302"),
    ] {
        server.order(says);
        for args in [&["ask", "-m", "none", QUESTION][..], &["search", "price"]] {
            run(&home, args).fails(1, &["cannot use the server of [reranker] at http", part]);
        }
        run(&home, &["search", "--by", "words", "price"]).ok();
    }
    rerank_with(&home, "openai", "http://127.0.0.1:9/v1");
    let ran = run(&home, &["ask", "-m", "none", QUESTION]).fails(1, &["[reranker]"]);
    assert!(ran.hint().contains("--by words"), "{ran:#?}");
    run(&home, &["search", "--offline", "price"]).fails(1, &["[reranker] cannot be reached in offline mode"]);
    // These search for nothing.
    run(&home, &["topics"]);
    assert_eq!(run(&home, &["summarize", "pricing"]).status, Some(0));
}

#[test]
fn doctor_asks_both_servers_for_a_word_and_names_what_is_wrong() {
    let server = Vectors::start(Says::Right(32));
    let home = Home::new();
    let both = |url: &str| {
        let rerank = format!("[reranker]\nkind = \"openai\"\nurl = \"{url}\"\nmodel = \"judge\"\n");
        embed_with(&home, url, "big", &rerank);
    };
    both(&server.url());
    let found = run(&home, &["doctor"]).ok().stdout;
    for line in [
        "the server answers; the vectors of big have 32 numbers",
        "the server answers, and judge scores",
        "the server of [embedder] finds passages by meaning",
    ] {
        assert!(found.contains(line), "{line}: {found}");
    }
    assert_eq!(server.asked().len(), 2);
    let offline = run(&home, &["doctor", "--offline"]).ok().stdout;
    assert_eq!(offline.matches("not used in offline mode").count(), 2, "{offline}");
    assert!(server.asked().is_empty());
    let chat = Completions::start(Chat::Status(404, "no".into()));
    both(&chat.url());
    let broken = run(&home, &["doctor"]);
    assert_eq!(broken.status, Some(1), "{broken:#?}");
    assert_eq!(
        broken.stdout.matches("check `kind`, `url` and `model`").count(),
        2,
        "{broken:#?}"
    );
}

#[test]
fn a_wrong_table_is_told_with_its_line() {
    for (table, part) in [
        ("[embedder]\nkind = \"magic\"\nurl = \"u\"\nmodel = \"m\"\n", "magic"),
        ("[embedder]\nkind = \"openai\"\nurl = \"u\"\n", "model"),
        (
            "[reranker]\nkind = \"openai\"\nurl = \"u\"\nmodel = \"m\"\nkey = \"secret\"\n",
            "key",
        ),
    ] {
        let home = Home::new();
        home.write(".config/askpm/config.toml", table);
        run(&home, &["search", "price"]).fails(1, &["config.toml:", part]);
    }
    let home = Home::new();
    embed_with(&home, "http://127.0.0.1:9/v1", "big", "batch = 0");
    run(&home, &["search", "price"]).fails(1, &["cannot use [embedder]: `batch` must be from 1 to 2048"]);
}
