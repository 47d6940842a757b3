//! Tests `askpm refresh` against mail servers that misbehave, through the real binary.

use std::time::{Duration, Instant};

use crate::harness::imap_server::{ImapServer, Letter, Script};
use crate::harness::{Home, Ran, Run};

fn home(server: &ImapServer, more: &str) -> Home {
    let home = Home::new();
    let text = "---\nslug: one\ntitle: One\n---\n\n## Q1. What?\n\n### A. Somebody\n\nWalrus.\n";
    home.write("corpus/one.md", text);
    let port = server.port();
    let table = format!(
        "[imap]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"me\"\npassword_env = \"MAIL\"\ntimeout = 1\n{more}\n"
    );
    home.write("settings.toml", table);
    home
}

fn askpm(home: &Home) -> Run {
    let run = home
        .bare()
        .env("ASKPM_CORPUS", home.path("corpus"))
        .env("MAIL", "s3cret");
    run.env("ASKPM_CONFIG", home.path("settings.toml"))
}

fn refresh(home: &Home) -> Ran {
    let ran = askpm(home).args(["refresh", "--json"]).run().ok();
    assert!(
        !ran.stderr.contains("s3cret") && !ran.stderr.contains("panicked"),
        "{ran:#?}"
    );
    ran
}

const PLAIN: &str = "security = \"none\"";

fn letter(number: usize) -> Letter {
    Letter::Text(text(number))
}

fn text(number: usize) -> String {
    format!("Subject: Letter {number}\r\nFrom: Dana <d@e.org>\r\n\r\nWe said {number} things at table {number}.\r\n")
}

/// Refreshes twice against a server with these letters. Returns what came in, and the warnings, of each.
fn twice(letters: Vec<Letter>) -> [(u64, String); 2] {
    let server = ImapServer::start(Script {
        letters,
        ..Script::default()
    });
    let home = home(&server, PLAIN);
    [(); 2].map(|()| {
        let ran = refresh(&home);
        (ran.json()["added"].as_u64().unwrap(), ran.stderr)
    })
}

#[test]
fn only_commands_that_change_nothing_are_sent() {
    let server = ImapServer::start(Script {
        letters: vec![letter(1), letter(2)],
        ..Script::default()
    });
    let home = home(&server, PLAIN);
    assert_eq!(refresh(&home).json()["added"], 3);
    refresh(&home);
    let expected = [
        "CAPABILITY",
        "AUTHENTICATE PLAIN",
        "EXAMINE \"INBOX\"",
        "UID FETCH 1:* (UID RFC822.SIZE)",
        "UID FETCH 1:2 (UID BODY.PEEK[])",
        "LOGOUT",
        "CAPABILITY",
        "AUTHENTICATE PLAIN",
        "EXAMINE \"INBOX\"",
        "LOGOUT",
    ];
    assert_eq!(server.commands(), expected);
    server.change(|script| script.letters.push(letter(3)));
    assert_eq!(refresh(&home).json()["added"], 1);
    assert!(server.commands().contains(&"UID FETCH 3 (UID BODY.PEEK[])".to_string()));
}

#[test]
fn a_connection_that_drops_within_a_message_loses_none() {
    let server = ImapServer::start(Script {
        letters: vec![letter(1), letter(2), Letter::Cut(text(3)), letter(4)],
        ..Script::default()
    });
    let home = home(&server, PLAIN);
    let first = refresh(&home);
    assert_eq!(first.json()["added"], 3, "{first:#?}");
    assert_eq!(
        first.stderr,
        "askpm: skipped INBOX of me@127.0.0.1: the connection broke off\n"
    );
    server.change(|script| script.letters[2] = letter(3));
    let second = refresh(&home);
    assert_eq!((&second.json()["added"], second.stderr.as_str()), (&2.into(), ""));
}

#[test]
fn a_message_that_the_server_does_not_send_is_passed_over() {
    let [first, second] = twice(vec![letter(1), Letter::Refused, letter(3)]);
    assert_eq!(first.0, 3, "{first:?}");
    assert_eq!(
        first.1,
        "askpm: skipped INBOX of me@127.0.0.1, message 2: the server refused it: some are damaged\n"
    );
    assert_eq!(second, (0, String::new()));
}

#[test]
fn a_message_that_is_too_large_is_passed_over_whatever_the_server_announces() {
    let large = 33 << 20;
    for (letter_2, says) in [
        (
            Letter::Announced(large, large),
            "message 2: 34603008 bytes are more than the 33554432 that are read",
        ),
        (
            Letter::Announced(100, large),
            "message 2: it is larger than 33554432 bytes",
        ),
        (
            Letter::Claimed(u64::from(u32::MAX)),
            "message 2: it is larger than 33554432 bytes",
        ),
        (Letter::Claimed(u64::MAX), "message 2: it is larger than 33554432 bytes"),
        (
            Letter::Raw("* 2 FETCH (UID 2 INTERNALDATE NIL BODY[] \"x\")\r\n".into()),
            "message 2: the server sent it in a form that askpm cannot read",
        ),
        (
            Letter::Raw(format!("* 2 FETCH (UID 2 BODYSTRUCTURE {}\r\n", "(".repeat(200_000))),
            "message 2: the server sent it in a form that askpm cannot read",
        ),
    ] {
        let [first, second] = twice(vec![letter(1), letter_2, letter(3)]);
        assert_eq!(first.0, 3, "{first:?}");
        assert_eq!(first.1, format!("askpm: skipped INBOX of me@127.0.0.1, {says}\n"));
        assert_eq!(second, (0, String::new()));
    }
}

#[test]
fn a_literal_that_never_comes_is_given_up() {
    let begun = Instant::now();
    let [first, _] = twice(vec![letter(1), Letter::Claimed(30 << 20)]);
    assert_eq!(first.0, 2, "{first:?}");
    assert!(
        first.1.contains("the server took more than 10 s for one command"),
        "{first:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_server_that_ends_the_session_is_quoted() {
    let [first, second] = twice(vec![letter(1), Letter::Bye, letter(3)]);
    assert_eq!(first.0, 2, "{first:?}");
    assert_eq!(
        first.1,
        "askpm: skipped INBOX of me@127.0.0.1: the server ended the session: Shutting down\n"
    );
    assert_eq!(second.0, 0, "{second:?}");
}

/// Refreshes against a server with this script. Returns the only warning.
fn warning(script: Script, more: &str) -> String {
    let server = ImapServer::start(script);
    let ran = refresh(&home(&server, more));
    assert_eq!(ran.json()["added"], 1, "{ran:#?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{ran:#?}");
    let warning = lines[0]
        .strip_prefix("askpm: skipped INBOX of me@127.0.0.1: ")
        .unwrap_or("");
    warning.replace(&server.port().to_string(), "PORT")
}

#[test]
fn what_does_not_speak_imap_is_told_from_what_refuses() {
    let endless = "* OK ".to_string() + &"x".repeat(3 << 20);
    for (greeting, says) in [
        (
            "SSH-2.0-OpenSSH_9.2p1 Debian\r\n",
            "what answers on port PORT does not speak IMAP; check",
        ),
        (
            "220 mail.example.org ESMTP\r\n",
            "what answers on port PORT does not speak IMAP; check",
        ),
        (
            "+OK POP3 ready\r\n",
            "what answers on port PORT does not speak IMAP; check",
        ),
        (
            "HTTP/1.1 400 Bad Request\n\n",
            "what answers on port PORT does not speak IMAP; check",
        ),
        (
            "\0\u{1}\u{2}\r\n",
            "what answers on port PORT does not speak IMAP; check",
        ),
        (endless.as_str(), "what answers on port PORT does not speak IMAP; check"),
        (
            "* BYE too many \u{1b}[2Jconnections\r\n",
            "the server ended the session: too many ",
        ),
        ("* PREAUTH welcome\r\n", "the server let someone in without a login"),
        ("", "the server sent no greeting for 1 s; a port for TLS"),
    ] {
        let script = Script {
            greeting: greeting.into(),
            ..Script::default()
        };
        let told = warning(script, PLAIN);
        assert!(told.starts_with(says) && !told.contains('\u{1b}'), "{says:?}: {told}");
    }
}

#[test]
fn a_password_is_not_sent_where_tls_does_not_begin() {
    let answers = [
        (
            "TAG NO not here\r\n",
            "the server does not offer TLS on port PORT (STARTTLS); set `security = \"tls\"`",
        ),
        (
            "TAG OK begin\r\n* OK injected\r\n",
            "the server sent data before TLS began",
        ),
        (
            "TAG OK begin\r\nA2 OK [CAPABILITY IMAP4rev1] plain\r\n",
            "the server sent data before TLS began",
        ),
    ];
    for (answer, says) in answers {
        let server = ImapServer::start(Script {
            instead: vec![("STARTTLS", answer.into())],
            ..Script::default()
        });
        let ran = refresh(&home(&server, "security = \"starttls\""));
        let told = ran.stderr.replace(&server.port().to_string(), "PORT");
        assert!(told.contains(says), "{told}");
        assert_eq!(server.commands()[0], "STARTTLS", "{:?}", server.commands());
        assert!(
            server
                .commands()
                .iter()
                .all(|command| !command.starts_with("AUTH") && !command.starts_with("LOGIN"))
        );
    }
}

#[test]
fn what_the_server_says_is_quoted_without_the_password_and_on_one_line() {
    let large = format!("* 1 FETCH (BODY[] {{{}}}\r\n{})\r\n", 20 << 20, "x".repeat(20 << 20));
    let instead = |command, answer: &str| Script {
        instead: vec![(command, answer.to_string())],
        ..Script::default()
    };
    for (script, says) in [
        (
            instead("AUTHENTICATE", "TAG NO [ALERT]\u{e9}Not s3cret,\t\u{1b}[2Jme\r\n"),
            "the server refused the login: ?Not …, \u{fffd}[2Jme; check `user`",
        ),
        (
            instead("AUTHENTICATE", "TAG NO\r\n"),
            "the server refused the login: it does not say why; check",
        ),
        (
            instead("EXAMINE", "TAG NO not yours\r\n"),
            "the server refused the folder: not yours",
        ),
        (
            instead("EXAMINE", "* 1 EXISTS\r\nTAG OK\r\n"),
            "the server does not number its messages (UIDVALIDITY)",
        ),
        (
            Script {
                letters: vec![letter(1)],
                ..instead("UID FETCH", "TAG BAD odd\r\n")
            },
            "the server refused to list the messages: odd",
        ),
        (
            Script {
                capabilities: "IMAP4rev1 LOGINDISABLED".into(),
                ..Script::default()
            },
            "the server takes no password; set `token_command`",
        ),
        (
            Script {
                letters: vec![letter(1)],
                ..instead("UID FETCH", &large.repeat(6))
            },
            "the server sent more than 100663296 bytes for one command",
        ),
    ] {
        let told = warning(script, PLAIN);
        assert!(told.starts_with(says), "{says:?}: {told}");
    }
}

#[test]
fn a_server_without_sasl_gets_a_login() {
    let server = ImapServer::start(Script {
        capabilities: "IMAP4rev1".into(),
        letters: vec![letter(1)],
        ..Script::default()
    });
    let home = home(&server, PLAIN);
    let ran = askpm(&home)
        .env("MAIL", "a\"b\\c")
        .args(["refresh", "--json"])
        .run()
        .ok();
    assert_eq!(ran.json()["added"], 2, "{ran:#?}");
    assert!(
        server.commands().contains(&"LOGIN \"me\" \"a\\\"b\\\\c\"".to_string()),
        "{:?}",
        server.commands()
    );
}

#[test]
fn offline_no_server_is_asked_and_no_command_is_run() {
    let server = ImapServer::start(Script::default());
    let home = home(&server, PLAIN);
    let mark = home.path("mark");
    let table = std::fs::read_to_string(home.path("settings.toml")).unwrap();
    let command = format!("password_command = \"echo > '{}'\"", mark.display());
    home.write("settings.toml", table.replace("password_env = \"MAIL\"", &command));
    for args in [&["refresh", "--offline"][..], &["doctor", "--offline"]] {
        let ran = askpm(&home).args(args).run().ok();
        assert_eq!(ran.stderr, "", "{ran:#?}");
    }
    // Nor when a question is asked.
    askpm(&home).args(["search", "walrus"]).run().ok();
    assert!(server.commands().is_empty() && !mark.exists());
    askpm(&home).args(["refresh"]).run().ok();
    assert!(mark.exists());
}
