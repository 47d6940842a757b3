//! Tests `askpm serve` for a team: tokens, bounds, figures, the log and the way it stops.

use std::io::Read as _;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::harness::http::{Reply, Serving};
use crate::harness::{Home, prometheus};
use crate::serve::{ELSEWHERE, QUESTION, ask, ask_streamed, browser, error, held, python, quoting, serving, wait_for};

const ANA: &str = "ana-has-this-token-AAAA";
const BEN: &str = "ben-has-this-token-BBBB";

/// Arguments of a server with two tokens that quotes.
fn two_tokens() -> Vec<String> {
    let command = format!("echo ana {ANA}; echo ben {BEN}");
    ["-m", "none", "--token-command", &command].map(String::from).into()
}

fn team(home: &Home, more: &[&str]) -> Serving {
    let mut args = two_tokens();
    args.extend(more.iter().map(|arg| arg.to_string()));
    serving(home, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Asks with a token.
fn post(server: &Serving, token: &str, body: &str) -> Reply {
    server.send(
        "POST",
        "/v1/chat/completions",
        &[("Authorization", &bearer(token))],
        body,
    )
}

fn retry_after(reply: &Reply) -> u32 {
    let after = reply.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
    after.unwrap_or_else(|| panic!("{reply:#?}")).parse().unwrap()
}

#[test]
fn an_address_that_others_reach_is_refused_without_a_token() {
    let home = Home::new();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let ran = home.askpm().args(["serve", "-m", "none", "--listen", listen]).run();
        let ran = ran.fails(1, &["cannot listen on ", "needs a token"]);
        assert!(ran.hint().contains("--token-command") && ran.hint().contains("ASKPM_SERVE_TOKEN"));
    }
    home.write(".config/askpm/config.toml", "[serve]\nlisten = \"0.0.0.0:0\"\n");
    home.askpm()
        .args(["serve", "-m", "none"])
        .run()
        .fails(1, &["needs a token"]);
}

#[test]
fn tokens_that_cannot_be_used_are_refused_and_not_shown() {
    let home = Home::new();
    let serve = || home.askpm().args(["serve", "-m", "none", "--port", "0"]);
    for (command, why) in [
        ("exit 4", "it ended with status 4"),
        ("echo ana secret", "line 1: a token must have at least 20 characters"),
        ("true", "there is no token in it"),
    ] {
        let ran = serve().args(["--token-command", command]).run();
        let ran = ran.fails(1, &["--token-command: ", why]);
        assert!(!ran.stderr.contains("secret") && !ran.hint().is_empty(), "{ran:#?}");
    }
    let ran = serve().env("ASKPM_SERVE_TOKEN", "short-secret").run();
    let ran = ran.fails(1, &["ASKPM_SERVE_TOKEN", "line 1"]);
    assert!(!ran.stderr.contains("short-secret"), "{ran:#?}");
    home.write(".config/askpm/config.toml", "[serve]\ntoken_env = \"NOT_SET\"\n");
    serve().run().fails(1, &["[serve]", "NOT_SET is not set"]);
}

#[test]
fn flags_without_effect_are_refused() {
    let home = Home::new();
    for (args, part) in [
        (&["--queue-per-token", "1"][..], "needs tokens"),
        (&["--log-questions"], "needs --log"),
        (&["--port", "1", "--listen", "127.0.0.1:1"], "cannot be used with"),
        (&["--host", "http://a"], "expected a host name"),
        (&["--token", "x"], "unexpected argument"),
    ] {
        let ran = home.askpm().args(["serve", "-m", "none"]).args(args).run();
        assert_eq!(ran.status, Some(2), "{ran:#?}");
        assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
    }
}

#[test]
fn only_those_with_a_token_are_answered_and_all_others_get_the_same_reply() {
    let home = Home::new();
    let server = team(&home, &[]);
    let get = |path: &str, headers: &[(&str, &str)]| server.send("GET", path, headers, "");
    let mut bodies = Vec::new();
    for value in [
        None,
        Some("Bearer wrong-token-wrong-token".to_string()),
        Some(bearer(&ANA[1..])),
        Some(bearer(&format!("{ANA}x"))),
        Some(format!("Basic {ANA}")),
        Some(ANA.to_string()),
    ] {
        let headers: Vec<_> = value.iter().map(|value| ("Authorization", value.as_str())).collect();
        for reply in [
            server.send("POST", "/v1/chat/completions", &headers, &ask(QUESTION)),
            get("/v1/models", &headers),
        ] {
            assert_eq!(reply.status, 401, "{value:?}: {reply:#?}");
            assert!(
                reply.head.contains("www-authenticate: bearer realm=\"askpm\""),
                "{reply:#?}"
            );
            assert_eq!(reply.json()["error"]["code"], "invalid_api_key");
            bodies.push(reply.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    // A token in the address is not a token.
    assert_eq!(get(&format!("/v1/models?token={ANA}&api_key={ANA}"), &[]).status, 401);
    for path in ["/", "/page.js", "/page.css", "/healthz"] {
        assert_eq!(get(path, &[]).status, 200, "{path}");
    }
    assert_eq!(get("/nothing", &[]).status, 404);
    for token in [ANA, BEN] {
        assert_eq!(post(&server, token, &ask(QUESTION)).status, 200);
        assert_eq!(get("/v1/models", &[("authorization", &bearer(token))]).status, 200);
    }
    assert!(get("/", &[]).body.contains("<body data-token>"));
}

#[test]
fn tokens_come_from_a_variable_too_and_a_setting_names_it() {
    let home = Home::new();
    let start = |name: &str| {
        let run = home.askpm().args(["serve", "-m", "none", "--port", "0"]);
        Serving::start(run.env(name, format!("ana {ANA}\n{BEN}\n")))
    };
    let server = start("ASKPM_SERVE_TOKEN");
    assert_eq!(server.post(&ask(QUESTION)).status, 401);
    assert_eq!(post(&server, BEN, &ask(QUESTION)).status, 200);
    home.write(".config/askpm/config.toml", "[serve]\ntoken_env = \"TEAM\"\n");
    assert_eq!(post(&start("TEAM"), ANA, &ask(QUESTION)).status, 200);
}

#[test]
fn behind_a_proxy_its_name_is_accepted_and_no_other() {
    let home = Home::new();
    let args = [
        "--listen",
        "0.0.0.0:0",
        "--host",
        "ask.example.org",
        "--host",
        "Ask2.example.org",
    ];
    let mut all = two_tokens();
    all.extend(args.map(String::from));
    let server = Serving::start(home.askpm().args(["serve"]).args(&all));
    let token = bearer(ANA);
    let send = |host: &str, origin: Option<&str>| {
        let mut headers = vec![("Host", host), ("Authorization", token.as_str())];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        server
            .send("POST", "/v1/chat/completions", &headers, &ask(QUESTION))
            .status
    };
    for (host, origin, status) in [
        ("ask.example.org", None, 200),
        ("ask.example.org", Some("https://ask.example.org"), 200),
        ("ASK2.example.org:8443", Some("https://ask2.example.org:8443"), 200),
        ("localhost:1", None, 200),
        ("0.0.0.0", None, 403),
        ("evil.example", None, 403),
        ("ask.example.org.evil.example", None, 403),
        ("ask.example.org", Some("https://evil.example"), 403),
        ("ask.example.org", Some("https://ask2.example.org"), 403),
        ("ask.example.org", Some("null"), 403),
    ] {
        assert_eq!(send(host, origin), status, "{host} {origin:?}");
    }
    // The name is checked before the token, and the error is the same with and without one.
    let bodies = [
        &[("Host", "evil.example")][..],
        &[("Host", "evil.example"), ("Authorization", &token)],
    ]
    .map(|headers| server.send("GET", "/v1/models", headers, "").body);
    assert_eq!(bodies[0], bodies[1]);
    assert!(!bodies[0].contains("example.org"), "{}", bodies[0]);
}

#[test]
fn a_token_that_waits_already_is_told_to_come_again_while_another_is_answered() {
    let home = Home::new();
    let command = format!("echo ana {ANA}; echo ben {BEN}");
    let args = ["--token-command", &command, "--queue-per-token", "2", "--queue", "2"];
    let (writer, server) = held(&home, &args);
    let server = &server;
    thread::scope(|scope| {
        let mut asking = vec![scope.spawn(|| post(server, ANA, &ask(QUESTION)))];
        wait_for(server, 0, true);
        asking.push(scope.spawn(|| post(server, ANA, &ask(QUESTION))));
        wait_for(server, 1, true);
        for body in [ask(QUESTION), ask_streamed(QUESTION)] {
            let busy = post(server, ANA, &body);
            assert_eq!(busy.status, 429, "{busy:#?}");
            assert!((1..=60).contains(&retry_after(&busy)));
            assert_eq!(busy.json()["error"]["code"], "rate_limit_exceeded");
            assert!(error(&busy).contains("at a time"));
        }
        asking.push(scope.spawn(|| post(server, BEN, &ask(QUESTION))));
        wait_for(server, 2, true);
        // The bound of all together still holds.
        let full = post(server, BEN, &ask(QUESTION));
        assert_eq!(full.status, 503, "{full:#?}");
        writer.go_on();
        for one in asking {
            assert_eq!(one.join().unwrap().status, 200);
        }
    });
    assert_eq!(post(server, ANA, &ask(QUESTION)).status, 200);
}

#[test]
fn a_token_has_its_own_rate_and_requests_that_are_no_question_do_not_count() {
    let home = Home::new();
    let server = team(&home, &["--rate", "1"]);
    for body in ["{", r#"{"messages":[]}"#] {
        assert_eq!(post(&server, ANA, body).status, 400);
    }
    assert_eq!(post(&server, ANA, &ask(QUESTION)).status, 200);
    let again = post(&server, ANA, &ask(QUESTION));
    assert_eq!(again.status, 429, "{again:#?}");
    assert!((1..=60).contains(&retry_after(&again)) && error(&again).contains("a minute"));
    assert_eq!(post(&server, BEN, &ask(QUESTION)).status, 200);
    // Without tokens, one rate holds for all.
    let open = serving(&home, &["-m", "none", "--rate", "2"]);
    let statuses = [(); 3].map(|()| open.post(&ask(QUESTION)).status);
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn the_figures_are_in_the_format_of_prometheus_and_have_no_text_of_questions() {
    let home = Home::new();
    let server = team(&home, &["--rate", "4", "--host", "ask.example.org"]);
    for body in [
        ask(QUESTION),
        ask_streamed(QUESTION),
        ask(ELSEWHERE),
        ask(QUESTION),
        ask(QUESTION),
    ] {
        post(&server, ANA, &body);
    }
    server.post(&ask(QUESTION));
    server.get("/what/a/secret?path");
    let reply = server.get("/metrics");
    assert!(
        reply
            .head
            .contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{reply:#?}"
    );
    let samples = prometheus::read(&reply.body);
    for (series, value) in [
        ("askpm_questions_total{outcome=\"answered\"}", 3.0),
        ("askpm_questions_total{outcome=\"rejected\"}", 1.0),
        ("askpm_questions_total{outcome=\"error\"}", 0.0),
        ("askpm_questions_total{outcome=\"cancelled\"}", 0.0),
        ("askpm_first_byte_seconds_count", 4.0),
        ("askpm_answer_seconds_count", 4.0),
        ("askpm_queue_wait_seconds_count", 4.0),
        ("askpm_requests_total{code=\"200\"}", 4.0),
        ("askpm_requests_total{code=\"401\"}", 1.0),
        ("askpm_requests_total{code=\"404\"}", 1.0),
        ("askpm_requests_total{code=\"429\"}", 1.0),
        ("askpm_questions_waiting", 0.0),
        ("askpm_queue_places", 8.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series} in {}", reply.body);
    }
    let unanswered = ["related", "nothing"].map(|of| samples[&format!("askpm_questions_total{{outcome=\"{of}\"}}")]);
    assert_eq!(unanswered.iter().sum::<f64>(), 1.0, "{}", reply.body);
    assert!(samples["askpm_corpus_passages"] >= samples["askpm_corpus_editions"]);
    assert!(samples["askpm_corpus_editions"] >= 1.0);
    assert!(
        samples["askpm_index_changed_timestamp_seconds"] > 1.7e9,
        "{}",
        reply.body
    );
    assert!(
        samples
            .keys()
            .any(|series| series.starts_with("askpm_build_info{version="))
    );
    for text in ["price", "pizza", "secret", ANA, "ana"] {
        assert!(!reply.body.contains(text), "{text} in {}", reply.body);
    }
    // Through the proxy, they need a token.
    let of = |headers: &[(&str, &str)]| server.send("GET", "/metrics", headers, "").status;
    assert_eq!(of(&[("Host", "ask.example.org")]), 401);
    assert_eq!(of(&[("Host", "ask.example.org"), ("Authorization", &bearer(ANA))]), 200);
}

#[test]
fn the_figures_need_a_token_where_other_machines_can_connect() {
    let home = Home::new();
    let mut args = two_tokens();
    args.extend(["--listen", "0.0.0.0:0"].map(String::from));
    let server = Serving::start(home.askpm().args(["serve"]).args(&args));
    let of = |headers: &[(&str, &str)]| server.send("GET", "/metrics", headers, "").status;
    assert_eq!(of(&[("Host", "localhost")]), 401);
    assert_eq!(of(&[("Host", "localhost"), ("Authorization", &bearer(BEN))]), 200);
    assert_eq!(server.send("GET", "/healthz", &[("Host", "localhost")], "").status, 200);
    // Without tokens, a server of this machine shows them to this machine.
    assert_eq!(quoting(&home).get("/metrics").status, 200);
}

/// The objects of a log.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn the_log_has_an_object_for_each_request_and_neither_questions_nor_tokens() {
    let home = Home::new();
    let log = home.path("serve.log");
    let mut server = team(&home, &["--log", log.to_str().unwrap()]);
    post(&server, ANA, &ask(QUESTION));
    post(&server, BEN, &ask_streamed(ELSEWHERE));
    server.post(&ask(QUESTION));
    server.send("GET", "/a/secret", &[("X-Request-Id", "proxy-7")], "");
    post(&server, ANA, "{\"secret\": 1}");
    stop(&mut server);
    let text = std::fs::read_to_string(&log).unwrap();
    let lines = lines(&text);
    let shown = |name: &str| lines.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    let [chat, other] = ["/v1/chat/completions", "other"];
    assert_eq!(shown("route"), [chat, chat, chat, other, chat]);
    assert_eq!(shown("status"), [200, 200, 401, 404, 400]);
    assert_eq!(
        shown("token"),
        [json!("ana"), json!("ben"), Value::Null, Value::Null, json!("ana")]
    );
    let outcomes = shown("outcome");
    assert_eq!(
        (&outcomes[0], &outcomes[2..]),
        (&json!("answered"), &[(); 3].map(|()| Value::Null)[..])
    );
    assert!(outcomes[1] == "related" || outcomes[1] == "nothing", "{outcomes:?}");
    assert_eq!(
        (&lines[3]["id"], &lines[3]["method"]),
        (&json!("proxy-7"), &json!("GET"))
    );
    for line in &lines[..2] {
        let [all, first, wait] = ["ms", "first_ms", "queue_ms"].map(|name| line[name].as_f64().unwrap());
        assert!(all >= first && first >= wait && wait >= 0.0, "{line}");
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    for text_of in ["price", "pizza", "secret", ANA, BEN] {
        assert!(!text.contains(text_of), "{text_of} in {text}");
    }
}

#[test]
fn questions_are_logged_only_if_that_is_asked_for_and_without_control_characters() {
    let home = Home::new();
    let mut server = team(&home, &["--log", "-", "--log-questions"]);
    let hostile = "How should we price an API?\u{1b}[2J\u{9b}\u{202e}\n{\"forged\": 1}";
    post(&server, ANA, &ask(hostile));
    post(&server, ANA, &ask_streamed(QUESTION));
    stop(&mut server);
    let mut text = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(
        !text.contains(['\u{1b}', '\u{9b}', '\u{202e}']) && !text.contains(ANA),
        "{text}"
    );
    let objects: String = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| line.to_string() + "\n")
        .collect();
    let questions: Vec<_> = lines(&objects).iter().map(|line| line["question"].clone()).collect();
    assert_eq!(questions, [hostile, QUESTION]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_keeps_no_answer_back() {
    let home = Home::new();
    let mut server = team(&home, &["--log", "/dev/full"]);
    for _ in 0..3 {
        assert_eq!(post(&server, ANA, &ask(QUESTION)).status, 200);
    }
    stop(&mut server);
    let mut text = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text.matches("cannot write the log: ").count(), 1, "{text}");
    let ran = home
        .askpm()
        .args(["serve", "-m", "none", "--port", "0", "--log", "/no/such/folder/log"])
        .run();
    assert!(
        ran.fails(1, &["cannot write the log /no/such/folder/log"])
            .hint()
            .contains("--log")
    );
}

/// Stops the server as a service manager does.
fn stop(server: &mut Serving) {
    #[cfg(unix)]
    {
        signal(server, nix::sys::signal::Signal::SIGTERM);
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
    }
    #[cfg(not(unix))]
    server.child.kill().unwrap();
}

#[cfg(unix)]
fn signal(server: &Serving, signal: nix::sys::signal::Signal) {
    let id = i32::try_from(server.child.id()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).unwrap();
}

#[cfg(unix)]
mod stopping {
    use super::*;
    use nix::sys::signal::Signal::{SIGINT, SIGTERM};
    use std::io::Write as _;
    use std::net::TcpStream;

    /// Waits until the server accepts no connection.
    fn wait_until_deaf(server: &Serving) {
        while TcpStream::connect(server.address).is_ok() {
            thread::yield_now();
        }
    }

    /// A connection that asks, and is not answered yet.
    fn asking(server: &Serving, waiting: u64) -> TcpStream {
        let mut stream = server.connect();
        stream.write_all(&server.completion(&ask(QUESTION))).unwrap();
        wait_for(server, waiting, true);
        stream
    }

    #[test]
    fn it_lets_the_running_answer_end_and_turns_away_those_that_wait() {
        let home = Home::new();
        for (how, args) in [(SIGTERM, &[][..]), (SIGINT, &["--grace", "3600"])] {
            let (writer, mut server) = held(&home, args);
            let mut running = asking(&server, 0);
            let mut waiting = asking(&server, 1);
            let idle = server.connect();
            signal(&server, how);
            let turned_away = Reply::read(&mut waiting).unwrap();
            assert_eq!((turned_away.status, retry_after(&turned_away)), (503, 5));
            assert!(error(&turned_away).contains("stopping"), "{turned_away:#?}");
            wait_until_deaf(&server);
            assert!(server.child.try_wait().unwrap().is_none(), "it ended before the answer");
            writer.go_on();
            let answered = Reply::read(&mut running).unwrap();
            assert_eq!(answered.status, 200, "{answered:#?}");
            assert_eq!(server.child.wait().unwrap().code(), Some(0));
            drop(idle);
        }
    }

    #[test]
    fn a_second_signal_stops_at_once_and_so_does_one_without_grace() {
        let home = Home::new();
        for (args, signals) in [(&["--grace", "3600"][..], 2), (&["--grace", "0"], 1)] {
            let (_writer, mut server) = held(&home, args);
            let mut running = asking(&server, 0);
            for _ in 0..signals {
                signal(&server, SIGTERM);
                wait_until_deaf(&server);
            }
            assert_eq!(server.child.wait().unwrap().code(), Some(0));
            assert_eq!(Reply::read(&mut running).unwrap().status, 503);
        }
    }
}

#[test]
fn the_official_openai_client_sends_its_key_as_the_token() {
    let Some(python) = python("openai") else { return };
    let home = Home::new();
    let server = team(&home, &[]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/openai_client.py");
    let url = format!("http://{}/v1", server.address);
    let output = Command::new(python)
        .args([script, &url, QUESTION, ELSEWHERE, ANA])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_page_asks_for_the_token_once_and_keeps_it_out_of_addresses() {
    let Some((python, browser)) = browser() else { return };
    let home = Home::new();
    let server = team(&home, &["--rate", "0"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/browser.py");
    let url = format!("http://{}/", server.address);
    let output = Command::new(python)
        .args([script, &browser, &url, QUESTION, ANA])
        .env("HOME", home.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
