//! Tests mail that `askpm refresh` fetches by IMAP, through the real binary, from a real Dovecot.

use std::fs;

use crate::harness::dovecot::{Dovecot, PASSWORD};
use crate::harness::feed_server::{FeedServer, Served};
use crate::harness::imap_server::relay;
use crate::harness::{Home, Ran, Run};

/// Creates a home with a corpus of one edition, and a mailbox in the settings.
fn home(table: &str) -> Home {
    let home = Home::new();
    let text = "---\nslug: one\ntitle: One\n---\n\n## Q1. What?\n\n### A. Somebody\n\nWalrus.\n";
    home.write("corpus/one.md", text);
    configure(&home, table);
    home
}

fn configure(home: &Home, table: &str) {
    home.write("settings.toml", format!("[imap]\nuser = \"me\"\n{table}\n"));
}

/// The settings for the port with TLS.
fn tls(server: &Dovecot) -> String {
    let (port, ca) = (server.tls_port, server.ca());
    format!("host = \"localhost\"\nport = {port}\nca = {ca:?}\npassword_env = \"MAIL\"")
}

fn askpm(home: &Home) -> Run {
    let run = home
        .bare()
        .env("ASKPM_CORPUS", home.path("corpus"))
        .env("MAIL", PASSWORD);
    run.env("ASKPM_CONFIG", home.path("settings.toml"))
}

fn refresh(home: &Home) -> Ran {
    let ran = askpm(home).args(["refresh", "--json"]).run().ok();
    assert!(!ran.stderr.contains(PASSWORD), "{ran:#?}");
    ran
}

/// The number of editions that a refresh added, of one that had nothing to complain about.
fn added(home: &Home) -> u64 {
    let ran = refresh(home);
    assert_eq!(ran.stderr, "", "{ran:#?}");
    ran.json()["added"].as_u64().unwrap()
}

fn letter(number: usize, word: &str) -> String {
    format!(
        "Message-ID: <{number}.{word}@letters.example>\nSubject: On {word} {number}\nFrom: Dana <dana@letters.example>\n\
         Date: Mon, 5 Jan 2026 09:00:00 +0000\n\nWe counted {number} {word} at the table, and wrote down what each of \
         them did in week {number}.\n"
    )
}

fn letters(numbers: std::ops::Range<usize>, word: &str) -> Vec<String> {
    numbers.map(|number| letter(number, word)).collect()
}

#[test]
fn new_mail_is_imported_once_and_the_mailbox_stays_as_it_was() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver("", &letters(0..3, "zeppelins"));
    let home = home(&tls(&server));
    assert_eq!(added(&home), 4);
    askpm(&home).args(["search", "zeppelins"]).run().ok();
    assert_eq!(added(&home), 0);
    server.deliver("", &letters(3..5, "submarines"));
    let before = server.messages();
    assert_eq!(added(&home), 2);
    assert_eq!(added(&home), 0);
    // Dovecot moves a message that a client has seen to `cur`, and adds its flags to the name.
    assert_eq!(server.messages(), before);
    assert!(
        before.iter().all(|path| !path.to_string_lossy().contains(":2,")),
        "{before:?}"
    );
    assert!(!server.log().contains("Error"), "{}", server.log());
    // The password is nowhere.
    for entry in walkdir::WalkDir::new(home.path("")).into_iter().flatten() {
        let bytes = fs::read(entry.path()).unwrap_or_default();
        let found = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
        assert!(!found, "{}", entry.path().display());
    }
}

#[test]
fn each_way_to_connect_and_to_get_the_password_works() {
    let tokens = FeedServer::start();
    let token = "/token?t=ya29.good";
    tokens.serve(token, Served::Plain("{\"email\":\"me\"}".into()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("oauth2.conf");
    let at = tokens.at("/token?t=");
    fs::write(&file, format!("tokeninfo_url = {at}\nusername_attribute = email\n")).unwrap();
    make_readable(folder.path());
    let more = format!(
        "auth_mechanisms = plain xoauth2\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {}\n}}\n",
        file.display()
    );
    let Some(server) = Dovecot::start_with(&more) else {
        return;
    };
    server.deliver("", &letters(0..1, "zeppelins"));
    let (port, tls_port, ca) = (server.port, server.tls_port, server.ca());
    for table in [
        format!("host = \"localhost\"\nport = {port}\nsecurity = \"starttls\"\nca = {ca:?}\npassword_env = \"MAIL\""),
        format!(
            "host = \"127.0.0.1\"\nport = {tls_port}\nca = {ca:?}\npassword_command = \"echo '{PASSWORD}'; echo more\""
        ),
        format!("host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\npassword_env = \"MAIL\""),
        format!("host = \"localhost\"\nport = {tls_port}\nca = {ca:?}\ntoken_command = \"printf ya29.good\""),
    ] {
        assert_eq!(added(&home(&table)), 2, "{table}\n{}", server.log());
    }
    let wrong = home(&format!(
        "host = \"localhost\"\nport = {tls_port}\nca = {ca:?}\ntoken_command = \"echo ya29.bad\""
    ));
    let ran = refresh(&wrong);
    assert!(
        ran.stderr.contains("the server refused the login: ") && !ran.stderr.contains("ya29"),
        "{ran:#?}"
    );
}

/// Lets the server read a folder that only its owner can.
fn make_readable(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_wrong_is_one_line_and_the_rest_is_still_refreshed() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver(".Letters", &letters(0..1, "zeppelins"));
    let (port, tls_port, ca) = (server.port, server.tls_port, server.ca());
    let at = |host: &str, port: u16, more: &str| format!("host = {host:?}\nport = {port}\n{more}");
    let known = format!("ca = {ca:?}\npassword_env = \"MAIL\"");
    for (table, says) in [
        (
            at(
                "localhost",
                tls_port,
                &format!("ca = {ca:?}\npassword_command = \"echo wrong\""),
            ),
            "INBOX of me@localhost: the server refused the login: [AUTHENTICATIONFAILED] Authentication failed.; check `user`",
        ),
        (
            at("localhost", tls_port, &format!("{known}\nfolder = \"Bücher\"")),
            "Bücher of me@localhost: the server has no folder `Bücher`, but INBOX, Letters; set `folder`",
        ),
        (
            at("localhost", tls_port, "password_env = \"MAIL\""),
            "its certificate comes from an authority that is not trusted; set `ca`",
        ),
        (
            at("127.0.0.2", tls_port, &known),
            "its certificate is not for 127.0.0.2; set `host`",
        ),
        (
            at("localhost", port, &known),
            &format!("what answers on port {port} does not speak TLS; set"),
        ),
        (
            at(
                "localhost",
                tls_port,
                &format!("{known}\nsecurity = \"starttls\"\ntimeout = 1"),
            ),
            "the server sent no greeting for 1 s; a port for TLS",
        ),
        (
            at("localhost", 9, &known),
            "cannot connect to port 9: Connection refused",
        ),
        (at("no-such-host.invalid", 993, &known), "cannot connect to port 993: "),
        (
            at("localhost", tls_port, "password_env = \"NOT_SET\""),
            "the environment variable NOT_SET is not set",
        ),
        (
            at("localhost", tls_port, "password_command = \"echo s3cret; exit 7\""),
            "`password_command` ended with status 7; run the command",
        ),
        (
            at("mail.example.org", 143, "security = \"none\"\npassword_env = \"MAIL\""),
            "the password would be sent unprotected to another machine; set `security`",
        ),
    ] {
        let ran = refresh(&home(&table));
        assert_eq!(ran.json()["added"], 1, "{ran:#?}");
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert!(lines.len() == 1 && lines[0].starts_with("askpm: skipped "), "{ran:#?}");
        assert!(lines[0].contains(says), "{says:?} is not in {:?}", lines[0]);
        assert!(!ran.stderr.contains("s3cret"), "{ran:#?}");
        assert_eq!(ran.json()["skipped"].as_array().unwrap().len(), 1, "{ran:#?}");
    }
}

#[test]
fn a_password_in_the_settings_is_refused_and_not_shown() {
    let home = home("host = \"localhost\"\npassword = \"hunter2\"");
    let ran = askpm(&home)
        .args(["refresh"])
        .run()
        .fails(1, &["settings.toml:4: imap: ", "password_command"]);
    assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
}

#[test]
fn a_folder_that_is_renumbered_is_read_again_and_its_editions_are_known() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver("", &letters(0..3, "zeppelins"));
    let home = home(&tls(&server));
    assert_eq!(added(&home), 4);
    // An edition that its reader has edited since is known too.
    let edited = fs::read_dir(home.path("corpus"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let edited = edited
        .filter(|path| path.display().to_string().contains("zeppelins"))
        .max()
        .unwrap();
    let text = fs::read_to_string(&edited).unwrap() + "\nMy own note on it.\n";
    fs::write(&edited, &text).unwrap();
    server.renumber(77);
    server.deliver("", &letters(3..4, "zeppelins"));
    let ran = refresh(&home);
    assert_eq!(
        (&ran.json()["added"], &ran.json()["changed"]),
        (&1.into(), &1.into()),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains("the server has renumbered INBOX of me@localhost"),
        "{ran:#?}"
    );
    assert_eq!(fs::read_to_string(&edited).unwrap(), text);
    assert_eq!(added(&home), 0);
    // The notes may be lost.
    fs::remove_dir_all(home.path(".cache")).unwrap();
    assert_eq!(added(&home), 5);
    assert_eq!(
        fs::read_dir(home.path("corpus")).unwrap().count(),
        6,
        "five editions and the list of known ones"
    );
}

#[test]
fn mail_that_cannot_be_read_is_a_warning_and_does_not_stop_the_rest() {
    let Some(server) = Dovecot::start() else { return };
    let picture = "Subject: Our \u{1b}[31mlogo\nFrom: Dana <d@e.org>\nContent-Type: image/png\n\nx\n".to_string();
    server.deliver(
        "",
        &[letter(0, "zeppelins"), picture, letter(1, "zeppelins"), String::new()],
    );
    let home = home(&tls(&server));
    let ran = refresh(&home);
    assert_eq!(ran.json()["added"], 3, "{ran:#?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:#?}");
    assert!(
        lines[0].starts_with("askpm: skipped INBOX of me@localhost, message 2 (Our "),
        "{ran:#?}"
    );
    assert!(
        lines[1].starts_with("askpm: skipped INBOX of me@localhost, message 4: "),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
    assert_eq!(added(&home), 0);
}

#[test]
fn bounds_leave_mail_out_and_wider_ones_take_it_in() {
    let Some(server) = Dovecot::start() else { return };
    let other = letter(7, "memos").replace("dana@letters", "boss@work");
    server.deliver("", &[letter(0, "zeppelins"), other]);
    let home = home(&format!(
        "{}\nsenders = [\"nobody@x.org\", \"@letters.example\"]",
        tls(&server)
    ));
    assert_eq!(added(&home), 2);
    assert_eq!(added(&home), 0);
    configure(&home, &format!("{}\nsince = \"2999-01-01\"", tls(&server)));
    assert_eq!(added(&home), 0);
    configure(&home, &format!("{}\nsince = \"2020-01-01\"", tls(&server)));
    assert_eq!(added(&home), 1);
}

#[test]
fn folders_have_any_name_and_another_corpus_has_the_mail_too() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver(".B&APw-cher &- Co.PM", &letters(0..2, "zeppelins"));
    let home = home(&format!("{}\nfolder = \"Bücher & Co.PM\"", tls(&server)));
    assert_eq!(added(&home), 3);
    home.write(
        "other/two.md",
        "---\nslug: two\ntitle: Two\n---\n\n## Q1. What?\n\n### A. X\n\nY.\n",
    );
    let other = askpm(&home).env("ASKPM_CORPUS", home.path("other"));
    assert_eq!(other.args(["refresh", "--json"]).run().ok().json()["added"], 3);
    assert_eq!(added(&home), 0);
}

#[test]
fn what_came_before_a_dropped_connection_stays_and_the_next_refresh_goes_on() {
    let Some(server) = Dovecot::start() else { return };
    let long = "We wrote down all that was said. ".repeat(600);
    let all: Vec<String> = (0..60)
        .map(|number| letter(number, "zeppelins") + &format!("\nNote {number}: {long}\n"))
        .collect();
    server.deliver("", &all);
    let cut = relay(server.tls_port, 500_000);
    let whole = tls(&server);
    let broken = whole.replace(&server.tls_port.to_string(), &cut.address.port().to_string());
    let home = home(&whole);
    configure(&home, &broken);
    let first = refresh(&home);
    assert!(first.stderr.ends_with(": the connection broke off\n"), "{first:#?}");
    let came = first.json()["added"].as_u64().unwrap();
    assert!((10..40).contains(&came), "{first:#?}");
    // The port is part of what a folder is known by, so a second relay on the same port goes on.
    let second = refresh(&home).json()["added"].as_u64().unwrap();
    assert!((10..40).contains(&second), "{second}");
    configure(&home, &whole);
    let third = refresh(&home).json()["added"].as_u64().unwrap();
    assert_eq!(came + second + third, 61);
    assert_eq!(added(&home), 0);
}

#[test]
fn doctor_checks_the_mailbox() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver("", &letters(0..2, "zeppelins"));
    let home = home(&tls(&server));
    let ok = askpm(&home).args(["doctor"]).run().ok();
    let line = "ok      imap      INBOX of me@localhost: the server answers, and has 2 messages\n";
    assert!(ok.stdout.contains(line), "{ok:#?}");
    let offline = askpm(&home).args(["doctor", "--offline"]).run().ok();
    assert!(
        offline
            .stdout
            .contains("note    imap      INBOX of me@localhost: not used in offline mode\n"),
        "{offline:#?}"
    );
    let wrong = askpm(&home).env("MAIL", "guess").args(["doctor"]).run();
    assert_eq!(wrong.status, Some(1), "{wrong:#?}");
    let line = "BROKEN  imap      INBOX of me@localhost: the server refused the login: ";
    assert!(
        wrong.stdout.contains(line) && wrong.stdout.contains("fix: check `user`"),
        "{wrong:#?}"
    );
    assert!(!wrong.stdout.contains("guess"), "{wrong:#?}");
}

#[test]
fn ten_thousand_messages_come_in_and_the_next_refresh_fetches_none() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver("", &letters(0..10_000, "zeppelins"));
    let home = home(&tls(&server));
    let first = askpm(&home).args(["refresh", "--json", "-v"]).run().ok();
    assert_eq!(first.json()["added"], 10_001, "{}", first.stderr);
    assert!(first.stderr.contains("fetched 10000 messages: "), "{}", first.stderr);
    let second = askpm(&home).args(["refresh", "--json", "-v"]).run().ok();
    assert_eq!(second.json()["added"], 0);
    let line = second
        .stderr
        .lines()
        .find_map(|line| line.split_once("fetched 0 messages: "))
        .unwrap();
    let bytes: u64 = line.1.split(' ').next().unwrap().parse().unwrap();
    assert!(bytes < 4_000, "{}", second.stderr);
}
