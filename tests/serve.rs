//! Tests `askpm serve` through the real binary: OpenAI's API, the page, and rejected requests.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::harness::completions::{Completions, Says, chunk};
use crate::harness::http::{Reply, Serving};
use crate::harness::{Home, skipped};
use askpm_fixtures::{TinyGguf, Weights};

pub const QUESTION: &str = "How should we price an API?";
pub const ELSEWHERE: &str = "best pizza in Naples";

pub fn serving(home: &Home, args: &[&str]) -> Serving {
    Serving::start(home.askpm().args(["serve", "--port", "0"]).args(args))
}

pub fn quoting(home: &Home) -> Serving {
    serving(home, &["-m", "none"])
}

pub fn ask(question: &str) -> String {
    json!({"model": "askpm", "messages": [{"role": "user", "content": question}]}).to_string()
}

pub fn ask_streamed(question: &str) -> String {
    let messages = json!([{"role": "user", "content": question}]);
    json!({"messages": messages, "stream": true, "stream_options": {"include_usage": true}}).to_string()
}

pub fn error(reply: &Reply) -> String {
    let error = &reply.json()["error"];
    assert!(error["type"].is_string() && error["code"].is_string(), "{reply:#?}");
    error["message"].as_str().expect("a message").to_string()
}

/// Returns the text of a stream, the last chunk of its choice, and the token counts.
fn told(reply: &Reply) -> (String, Value, Value) {
    let events = reply.events();
    let text = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    let last = events
        .iter()
        .find(|event| event["choices"][0]["finish_reason"] == "stop")
        .expect("an end");
    let usage = events.last().expect("an event")["usage"].clone();
    (text, last.clone(), usage)
}

#[test]
fn an_answer_has_the_shape_of_the_api_with_its_sources_beside_it() {
    let home = Home::new();
    let reply = quoting(&home).post(&ask(QUESTION));
    assert_eq!(reply.status, 200, "{reply:#?}");
    let answer = reply.json();
    let asked = home
        .askpm()
        .args(["ask", "-m", "none", "--json", QUESTION])
        .run()
        .ok()
        .json();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["model"], "askpm");
    assert_eq!(answer["choices"][0]["message"]["role"], "assistant");
    assert_eq!(answer["choices"][0]["message"]["content"], asked["answer"]);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["sources"], asked["citations"]);
    assert_eq!(answer["askpm"]["sentences"], asked["sentences"]);
    assert_eq!(answer["askpm"]["abstained"], false);
    assert_eq!(answer["usage"]["total_tokens"], 0);
}

#[test]
fn a_stream_says_the_same_piece_by_piece() {
    let home = Home::new();
    let server = quoting(&home);
    let whole = server.post(&ask(QUESTION)).json();
    let reply = server.post(&ask_streamed(QUESTION));
    assert!(reply.head.contains("content-type: text/event-stream"), "{reply:#?}");
    let (text, last, usage) = told(&reply);
    assert_eq!(text, whole["choices"][0]["message"]["content"]);
    assert_eq!(last["sources"], whole["sources"]);
    assert_eq!(last["object"], "chat.completion.chunk");
    assert_eq!(usage["completion_tokens"], 0);
    assert!(reply.events().len() > 3, "{reply:#?}");
}

#[test]
fn a_question_that_the_corpus_does_not_answer_is_not_answered() {
    let home = Home::new();
    let server = quoting(&home);
    let answer = server.post(&ask(ELSEWHERE)).json();
    assert_eq!(answer["askpm"]["abstained"], true);
    assert_eq!(answer["sources"], json!([]));
    let line = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(line.contains("nothing in the corpus answers"), "{line}");
    let (text, last, _) = told(&server.post(&ask_streamed(ELSEWHERE)));
    assert_eq!((text.as_str(), &last["askpm"]["abstained"]), (line, &json!(true)));
}

#[test]
fn a_model_answers_within_the_tokens_that_the_request_allows() {
    let home = Home::new();
    let model = TinyGguf::new("llama", Weights::F32).write(&home.path(""), "tiny.gguf");
    let server = serving(&home, &["-m", model.to_str().unwrap()]);
    let mut body: Value = serde_json::from_str(&ask(QUESTION)).unwrap();
    body["max_tokens"] = json!(4);
    let answer = server.post(&body.to_string()).json();
    assert_eq!(answer["askpm"]["model"]["file"], model.to_str().unwrap(), "{answer:#}");
    assert!(
        answer["usage"]["completion_tokens"].as_u64().unwrap() <= 4,
        "{answer:#}"
    );
    assert_eq!(server.get("/healthz").json()["status"], "ok");
}

#[test]
fn an_answer_whose_text_a_limit_cut_off_says_so() {
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let model = Completions::start(Says::Raw((chunk("Charge by the call, because") + end).into_bytes()));
    let home = Home::new();
    home.write(
        ".config/askpm/config.toml",
        format!(
            "generator = {{ kind = \"openai\", url = {:?}, model = \"m\" }}\n",
            model.url()
        ),
    );
    let server = serving(&home, &[]);
    let answer = server.post(&ask(QUESTION)).json();
    assert_eq!(answer["choices"][0]["finish_reason"], "length", "{answer:#}");
    let events = server.post(&ask_streamed(QUESTION)).events();
    let reasons: Vec<_> = events
        .iter()
        .filter_map(|event| event["choices"][0]["finish_reason"].as_str())
        .collect();
    assert_eq!(reasons, ["length"]);
}

#[test]
fn a_trailing_slash_no_limit_and_the_history_of_tools_are_accepted_as_other_servers_do() {
    let home = Home::new();
    let server = quoting(&home);
    for path in ["/v1/models", "/v1/models/", "/v1/models/askpm/"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in ["/v1/nothing/", "/v1//", "/page.js/"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let body = json!({"model": "askpm", "max_tokens": -1, "messages": [
        {"role": "user", "content": "What day is it?"},
        {"role": "assistant", "content": null, "tool_calls": []},
        {"role": "tool", "tool_call_id": "c1", "content": "Monday"},
        {"role": "user", "content": QUESTION},
    ]});
    let request = String::from_utf8(server.completion(&body.to_string())).unwrap();
    let reply = server.raw(request.replacen("completions HTTP", "completions/ HTTP", 1).as_bytes());
    assert_eq!(
        (reply.status, &reply.json()["askpm"]["abstained"]),
        (200, &json!(false)),
        "{reply:#?}"
    );
}

#[test]
fn the_last_message_is_the_question_and_one_that_leans_on_the_one_before_is_told_by_its_words() {
    let home = Home::new();
    let server = quoting(&home);
    let conversation = |last: &str| {
        let messages = json!([
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "Per call."},
            {"role": "user", "content": last},
        ]);
        server.post(&json!({ "messages": messages }).to_string()).json()
    };
    let leaning = conversation("And how so?");
    assert_eq!(leaning["askpm"]["abstained"], false, "{leaning:#}");
    assert!(
        leaning["askpm"]["notes"][0]
            .as_str()
            .unwrap()
            .contains("system messages")
    );
    for alone in [
        "Where does one get the very best pizza in all of Naples, Italy?",
        "Best pizza in Naples?",
    ] {
        let new = conversation(alone);
        assert_eq!(new["askpm"]["abstained"], true, "{new:#}");
    }
}

#[test]
fn a_question_that_leans_on_a_reply_is_not_answered_with_its_words_again() {
    let home = Home::new();
    let server = quoting(&home);
    let first = server.post(&ask(QUESTION)).json();
    let content = first["choices"][0]["message"]["content"].as_str().unwrap();
    let messages = json!([
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "And how so?"},
    ]);
    let next = server.post(&json!({ "messages": messages }).to_string()).json();
    // The first reply quoted everything that the corpus has about it.
    assert_eq!(next["askpm"]["abstained"], true, "{next:#}");
    let text = next["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(text, "nothing more in the corpus answers this question");
}

#[test]
fn models_and_health_are_told() {
    let home = Home::new();
    let server = quoting(&home);
    let models = server.get("/v1/models").json();
    assert_eq!(
        (&models["object"], &models["data"][0]["id"]),
        (&json!("list"), &json!("askpm"))
    );
    assert_eq!(server.get("/v1/models/askpm").json(), models["data"][0]);
    let health = server.get("/healthz").json();
    assert_eq!(health["queue"], json!({"waiting": 0, "places": 8, "running": false}));
    assert_eq!(health["model"], "none");
}

#[test]
fn the_page_is_served_whole_and_loads_nothing_from_elsewhere() {
    let home = Home::new();
    let server = quoting(&home);
    for (path, kind) in [
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
    ] {
        let reply = server.get(path);
        assert_eq!(reply.status, 200);
        assert!(reply.head.contains(&format!("content-type: {kind}")), "{}", reply.head);
        let policy = reply
            .head
            .lines()
            .find(|line| line.starts_with("content-security-policy: "));
        let policy = policy.expect("a policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(reply.head.contains("x-content-type-options: nosniff"), "{}", reply.head);
        assert!(!reply.head.contains("access-control-allow"), "{}", reply.head);
    }
}

#[test]
fn what_is_no_request_is_refused_with_its_reason() {
    let home = Home::new();
    let server = quoting(&home);
    for (body, status, part) in [
        ("{", 400, "not a chat completion request"),
        ("", 400, "not a chat completion request"),
        ("[]", 400, "not a chat completion request"),
        (r#"{"messages":[]}"#, 400, "the last message"),
        (
            r#"{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}"#,
            404,
            "no model `gpt-4o`",
        ),
        (
            r#"{"n":2,"messages":[{"role":"user","content":"x"}]}"#,
            400,
            "`n` is not supported",
        ),
    ] {
        let reply = server.post(body);
        assert_eq!(reply.status, status, "{body}: {reply:#?}");
        assert!(error(&reply).contains(part), "{body}: {reply:#?}");
    }
    for (path, status) in [
        ("/nothing", 404),
        ("/v1/chat/completions", 405),
        ("/../etc/passwd", 404),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    // After all these errors it still answers.
    assert_eq!(server.post(&ask(QUESTION)).status, 200);
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read_whole() {
    let home = Home::new();
    let server = quoting(&home);
    let promised = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nContent-Length: 99999999999\r\n\r\n{{",
        server.address
    );
    let reply = server.raw(promised.as_bytes());
    assert_eq!(reply.status, 413, "{reply:#?}");
    assert!(error(&reply).contains("65536 bytes"));
    let mut chunked = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        server.address
    );
    chunked.push_str(&format!("10001\r\n{}\r\n0\r\n\r\n", "x".repeat(0x10001)));
    assert_eq!(server.raw(chunked.as_bytes()).status, 413);
}

#[test]
fn pages_of_other_sites_and_rebound_names_are_refused() {
    let home = Home::new();
    let server = quoting(&home);
    let body = ask(QUESTION);
    let own = server.address.to_string();
    let send = |host: &str, origin: Option<&str>| {
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let length = body.len();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n{origin}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        server.raw((head + &body).as_bytes())
    };
    for (host, origin) in [
        ("evil.example", None),
        ("evil.example:80", None),
        ("127.0.0.1.evil.example", None),
        (own.as_str(), Some("http://evil.example")),
        (own.as_str(), Some("null")),
        (own.as_str(), Some("http://127.0.0.1:1")),
    ] {
        let reply = send(host, origin);
        assert_eq!(reply.status, 403, "{host} {origin:?}: {reply:#?}");
        assert!(!reply.body.contains("sources"), "{reply:#?}");
    }
    assert_eq!(send(&own, Some(&format!("http://{own}"))).status, 200);
    assert_eq!(send("localhost:7171", None).status, 200);
}

/// Starts a server whose answers come from another server, which the test can hold back.
pub fn held(home: &Home, args: &[&str]) -> (Completions, Serving) {
    let writer = Completions::start(Says::Hold("It is ".into()));
    let url = writer.url();
    home.write(
        ".config/askpm/config.toml",
        format!("[generator]\nkind = \"openai\"\nurl = \"{url}\"\nmodel = \"m\"\n"),
    );
    let server = serving(home, args);
    (writer, server)
}

pub fn wait_for(server: &Serving, waiting: u64, running: bool) {
    let wanted = json!([waiting, running]);
    loop {
        let queue = server.get("/healthz").json()["queue"].clone();
        if json!([queue["waiting"], queue["running"]]) == wanted {
            return;
        }
        thread::yield_now();
    }
}

#[test]
fn one_question_more_than_the_queue_holds_is_told_to_come_again() {
    let home = Home::new();
    let (writer, server) = held(&home, &["--queue", "2"]);
    let server = &server;
    thread::scope(|scope| {
        let mut asking = vec![scope.spawn(|| server.post(&ask(QUESTION)))];
        wait_for(server, 0, true);
        for waiting in 1..=2 {
            asking.push(scope.spawn(|| server.post(&ask(QUESTION))));
            wait_for(server, waiting, true);
        }
        for body in [ask(QUESTION), ask_streamed(QUESTION)] {
            let busy = server.post(&body);
            assert_eq!(busy.status, 503, "{busy:#?}");
            let after = busy.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
            assert!((1..=60).contains(&after.unwrap().parse::<u32>().unwrap()), "{busy:#?}");
            assert!(error(&busy).contains("queue"));
        }
        writer.go_on();
        for one in asking {
            assert_eq!(one.join().unwrap().status, 200);
        }
    });
    wait_for(server, 0, false);
}

#[test]
fn whoever_goes_away_frees_the_place_and_stops_the_writing() {
    let home = Home::new();
    let (writer, server) = held(&home, &["--queue", "1"]);
    let mut writing = server.connect();
    writing.write_all(&server.completion(&ask_streamed(QUESTION))).unwrap();
    wait_for(&server, 0, true);
    let mut waiting = server.connect();
    waiting.write_all(&server.completion(&ask(QUESTION))).unwrap();
    wait_for(&server, 1, true);
    drop(waiting);
    wait_for(&server, 0, true);
    drop(writing);
    wait_for(&server, 0, false);
    while writer.left() == 0 {
        thread::yield_now();
    }
    writer.go_on();
    assert_eq!(server.post(&ask(QUESTION)).status, 200);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_status_0_even_while_an_answer_is_held() {
    let home = Home::new();
    let (_writer, mut server) = held(&home, &[]);
    let mut writing = server.connect();
    writing.write_all(&server.completion(&ask(QUESTION))).unwrap();
    wait_for(&server, 0, true);
    let id = server.child.id().to_string();
    let killed = Command::new("/bin/kill").args(["-INT", &id]).status();
    if !killed.is_ok_and(|status| status.success()) {
        return skipped("no /bin/kill to send Ctrl-C with");
    }
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let reply = Reply::read(&mut writing).unwrap();
    assert_eq!(reply.status, 503, "{reply:#?}");
}

#[test]
fn a_port_that_is_taken_is_told_with_the_way_out() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = home.askpm().args(["serve", "-m", "none", "--port", &port]).run();
    let ran = ran.fails(1, &[&port]);
    assert!(ran.hint().contains("--port"), "{ran:#?}");
}

/// Returns a Python interpreter with the module, or reports why the test is skipped. `ASKPM_TEST_PYTHON` names it.
pub fn python(module: &str) -> Option<String> {
    let python = std::env::var("ASKPM_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if has.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skipped(format!(
        "{python} has no module `{module}` (ASKPM_TEST_PYTHON names another interpreter)"
    ));
    None
}

#[test]
fn the_official_openai_client_understands_it() {
    let Some(python) = python("openai") else { return };
    let home = Home::new();
    let server = quoting(&home);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/openai_client.py");
    let output = Command::new(python)
        .args([script, &format!("http://{}/v1", server.address), QUESTION, ELSEWHERE])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Returns a Python interpreter that can drive a browser, and the browser, or reports why the test is skipped.
pub fn browser() -> Option<(String, String)> {
    let python = python("websockets")?;
    let browser = std::env::var("ASKPM_TEST_BROWSER").unwrap_or_else(|_| "/usr/bin/chromium".into());
    if !std::path::Path::new(&browser).exists() {
        skipped(format!("no browser at {browser} (ASKPM_TEST_BROWSER names one)"));
        return None;
    }
    Some((python, browser))
}

#[test]
fn the_page_answers_in_a_browser_and_shows_hostile_text_as_text() {
    let Some((python, browser)) = browser() else { return };
    let home = Home::new();
    let server = quoting(&home);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/browser.py");
    let output = Command::new(python)
        .args([script, &browser, &format!("http://{}/", server.address), QUESTION])
        .env("HOME", home.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
