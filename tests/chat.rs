//! Tests `askpm chat` and `-c` through the real binary, piped and in a pseudo-terminal.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::completions::{Completions, Says};
use crate::harness::terminal::Terminal;
use crate::harness::{Home, Ran};

const API: &str = "How should we price an API?";
const START: &str = "How do I move from engineering into product management?";

fn chat(home: &Home, args: &[&str], lines: &str) -> Ran {
    home.askpm().args(["chat", "-m", "none"]).args(args).stdin(lines).run()
}

fn answers(ran: &Ran) -> Vec<Value> {
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {ran:#?}")))
        .collect()
}

fn conversations(home: &Home) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.path(".local/share/askpm/conversations")) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn first_id(answer: &Value) -> &str {
    answer["citations"][0]["id"].as_str().unwrap_or("")
}

/// Returns whether a line of sources names the discussion `id` next to the mark `[1]`, with or without further marks.
fn names_as_first_source(ran: &Ran, id: &str) -> bool {
    let end = format!("] {id}  ");
    let mut lines = ran.stdout.lines();
    lines.any(|line| line.starts_with("[1]") && line.contains(&end))
}

/// Returns the quotes of an answer.
fn quotes(answer: &Value) -> Vec<&str> {
    let citations = answer["citations"].as_array().unwrap().iter();
    citations.map(|citation| citation["quote"].as_str().unwrap()).collect()
}

/// Asserts that a follow-up on a fully shown discussion says that there is nothing more, not that there is nothing.
#[track_caller]
fn says_that_no_more_is_left(answer: &Value) {
    let text = answer["answer"].as_str().unwrap();
    assert_eq!(answer["abstained"], true, "{answer:#}");
    assert_eq!(text, "nothing more in the corpus answers this question", "{answer:#}");
    assert!(quotes(answer).is_empty(), "{answer:#}");
}

#[test]
fn each_line_is_a_turn_and_no_prompt_is_printed() {
    let home = Home::new();
    let ran = chat(&home, &[], &format!("{API}\n\n{START}\n")).ok();
    assert!(
        names_as_first_source(&ran, "pricing/q1") && names_as_first_source(&ran, "first-steps/q1"),
        "{ran:#?}"
    );
    assert!(!ran.stdout.contains("> ") && !ran.stdout.contains('\u{1b}'), "{ran:#?}");
    assert_eq!(ran.stderr, "");
}

#[test]
fn json_gives_the_object_of_ask_a_line_and_an_error_for_a_bad_line() {
    let home = Home::new();
    let mut lines = format!("{API}\nbest pizza in Naples\n").into_bytes();
    lines.extend(b"\xff\n");
    lines.extend(START.bytes());
    let ran = home.askpm().args(["chat", "-m", "none", "--json"]).stdin(lines).run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let answers = answers(&ran);
    assert_eq!(answers.len(), 4);
    let alone = home
        .askpm()
        .args(["ask", "-m", "none", "--json", API])
        .run()
        .ok()
        .json();
    assert_eq!(
        (&answers[0]["answer"], &answers[0]["citations"]),
        (&alone["answer"], &alone["citations"])
    );
    assert_eq!(
        (&answers[1]["abstained"], &answers[3]["abstained"]),
        (&true.into(), &false.into())
    );
    assert!(answers[2]["error"].as_str().unwrap().contains("UTF-8"), "{ran:#?}");
}

#[test]
fn a_pipe_ends_with_3_where_nothing_was_answered() {
    let home = Home::new();
    assert_eq!(chat(&home, &[], "best pizza in Naples\n").status, Some(3));
    assert_eq!(chat(&home, &[], "").status, Some(0));
}

#[test]
fn a_follow_up_is_searched_for_with_what_it_leans_on_and_a_new_topic_is_not_dragged() {
    let home = Home::new();
    let alone = chat(&home, &["--json"], "and why is that?\n");
    assert_eq!(answers(&alone)[0]["abstained"], true, "{alone:#?}");
    // The discussion has more than one answer quotes, so the follow-up has something left.
    let ran = chat(&home, &["--json", "-v"], &format!("{START}\nand why is that?\n{API}\n")).ok();
    let answers = answers(&ran);
    assert!(first_id(&answers[1]).starts_with("first-steps/q1/"), "{ran:#?}");
    assert_eq!(answers[1]["question"], "and why is that?");
    assert!(first_id(&answers[2]).starts_with("pricing/"), "{ran:#?}");
    assert!(
        ran.stderr.contains(&format!("searching for: {START} and why is that?")),
        "{ran:#?}"
    );
    let fresh = home
        .askpm()
        .args(["ask", "-m", "none", "--json", API])
        .run()
        .ok()
        .json();
    assert_eq!(answers[2]["citations"], fresh["citations"]);
}

#[test]
fn a_follow_up_on_something_new_leaves_the_discussion_before() {
    let home = Home::new();
    let ran = chat(
        &home,
        &["--json"],
        &format!("{START}\nand which metric should I watch then?\n"),
    )
    .ok();
    let answers = answers(&ran);
    assert!(first_id(&answers[0]).starts_with("first-steps/q1/"), "{ran:#?}");
    assert!(first_id(&answers[1]).starts_with("first-steps/q2/"), "{ran:#?}");
}

#[test]
fn a_chat_is_gone_on_with_and_ask_asks_follow_ups_of_it() {
    let home = Home::new();
    // A discussion with more than one answer quotes.
    let first = chat(&home, &["--json"], &format!("{START}\n")).ok();
    let ran = chat(&home, &["-c", "--json"], "and why is that?\n").ok();
    let (before, after) = (&answers(&first)[0], &answers(&ran)[0]);
    assert!(first_id(after).starts_with("first-steps/q1/"), "{ran:#?}");
    // The rest of it, and nothing that was shown before.
    assert!(
        quotes(after)
            .iter()
            .all(|quote| !before["answer"].as_str().unwrap().contains(quote)),
        "{before:#} {after:#}"
    );
    assert!(
        ran.stderr
            .contains("continuing after 1 question; the last was: How do I move from"),
        "{ran:#?}"
    );
    let ask = home
        .askpm()
        .args(["ask", "-m", "none", "-c", "--json", "why is that?"])
        .run();
    assert_eq!(ask.status, Some(3), "{ask:#?}");
    says_that_no_more_is_left(&ask.json());
    let files = conversations(&home);
    assert_eq!(files.len(), 1);
    assert_eq!(fs::read_to_string(&files[0]).unwrap().lines().count(), 4);
}

#[test]
fn an_answer_of_ask_can_be_gone_on_from() {
    let home = Home::new();
    home.askpm().args(["ask", "-m", "none", START]).run().ok();
    let ran = home
        .askpm()
        .args(["-m", "none", "-c", "--json", "and why is that?"])
        .run()
        .ok();
    assert!(first_id(&ran.json()).starts_with("first-steps/q1/"), "{ran:#?}");
    let ran = chat(&home, &["-c", "--json"], "why?\n");
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    says_that_no_more_is_left(&answers(&ran)[0]);
}

#[test]
fn nothing_to_go_on_with_is_an_error_for_ask_and_a_note_for_chat() {
    let home = Home::new();
    let ran = home.askpm().args(["ask", "-m", "none", "-c", "why?"]).run();
    let ran = ran.fails(1, &["cannot continue", "no earlier conversation"]);
    assert!(ran.hint().contains("without -c"), "{ran:#?}");
    let ran = chat(&home, &["-c"], &format!("{API}\n")).ok();
    assert!(ran.stderr.contains("no earlier conversation"), "{ran:#?}");
    let ran = home.askpm().args(["ask", "-c", "--batch", "-"]).run();
    assert_eq!(ran.status, Some(2), "{ran:#?}");
}

#[test]
fn nothing_is_kept_where_nobody_wants_it() {
    let home = Home::new();
    chat(&home, &["--no-history"], &format!("{API}\n")).ok();
    home.askpm().args(["ask", "-m", "none", "--no-history", API]).run().ok();
    let config = home.write("config.toml", "history = false\n");
    home.askpm()
        .args(["ask", "-m", "none", API, "--config"])
        .args([config])
        .run()
        .ok();
    assert!(conversations(&home).is_empty());
    assert!(!home.path(".local/state").exists());
}

#[cfg(unix)]
#[test]
fn a_conversation_is_for_its_owner_alone_and_one_that_cannot_be_kept_is_answered_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    chat(&home, &[], &format!("{API}\n")).ok();
    let file = &conversations(&home)[0];
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    // A file is in the way of the folder.
    let elsewhere = home.write("elsewhere/askpm/conversations", "");
    let data = elsewhere.parent().unwrap().parent().unwrap();
    let ran = home.askpm().env("XDG_DATA_HOME", data).args(["chat", "-m", "none"]);
    let ran = ran.stdin(format!("{API}\n{START}\n")).run().ok();
    assert_eq!(ran.stderr.matches("is not saved").count(), 1, "{ran:#?}");
    let ran = home
        .askpm()
        .env("XDG_DATA_HOME", data)
        .args(["ask", "-m", "none", API])
        .run()
        .ok();
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_conversation_edited_by_hand_is_read_or_named_with_its_line() {
    let home = Home::new();
    chat(&home, &[], &format!("{START}\n")).ok();
    let file = &conversations(&home)[0];
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, format!("{text}{{\"at\": 1}}\n")).unwrap();
    for args in [&["chat", "-m", "none", "-c"][..], &["ask", "-m", "none", "-c", "why?"]] {
        let ran = home
            .askpm()
            .args(args)
            .run()
            .fails(1, &["conversation-", ".jsonl: line 3"]);
        assert!(ran.hint().contains("correct or delete that line"), "{ran:#?}");
    }
    // An unfinished last line is not a fault.
    fs::write(file, format!("{text}{{\"at\": \"2026")).unwrap();
    let ran = chat(&home, &["-c", "--json"], "why is that?\n").ok();
    assert!(first_id(&answers(&ran)[0]).starts_with("first-steps/q1/"), "{ran:#?}");
    assert_eq!(fs::read_to_string(file).unwrap().lines().count(), 3);
}

#[test]
fn no_control_character_of_a_conversation_reaches_a_terminal() {
    let home = Home::new();
    chat(&home, &[], &format!("{API}\n")).ok();
    let file = &conversations(&home)[0];
    let hostile = fs::read_to_string(file)
        .unwrap()
        .replace("API?", "API? \\u001b[2J\\u009b\\u202e");
    let hostile = hostile.replace("\"id\":\"", "\"id\":\"\\u001b]0;x\\u0007");
    fs::write(file, hostile).unwrap();
    let saved = home.path("saved.md");
    let lines = format!(
        "/sources\n/show 1\n/show \u{1b}[2J\n/\u{1b}[2Jx\n/save {}\n/save no\u{1b}[2J/x\n",
        saved.display()
    );
    let ran = chat(&home, &["-c"], &lines);
    let hostile = |text: &str| text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']);
    assert!(!hostile(&ran.stdout) && !hostile(&ran.stderr), "{ran:#?}");
    assert!(ran.stdout.contains("pricing/"), "{ran:#?}");
    assert!(!hostile(&fs::read_to_string(saved).unwrap()));
}

#[test]
fn commands_do_what_help_says() {
    let home = Home::new();
    let saved = home.path("saved.md");
    let lines = format!(
        "{API}\n/sources\n/show 1\n/show first-steps/q1\n/help\n/model\n/save {}\n",
        saved.display()
    );
    let ran = chat(&home, &[], &lines).ok();
    for part in ["“", "/save FILE", "\nnone\n", "How do I move from engineering"] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
    let text = fs::read_to_string(&saved).unwrap();
    assert!(
        text.contains("## How should we price an API?") && text.contains("  > "),
        "{text}"
    );
    // A saved conversation may be overwritten, but no other file.
    chat(&home, &["-c"], &format!("/save {}\n", saved.display())).ok();
    let other = home.write("other.md", "mine");
    let ran = chat(&home, &["-c"], &format!("/save {}\n", other.display()));
    assert!(
        ran.status == Some(1) && ran.stderr.contains("not a saved conversation"),
        "{ran:#?}"
    );
    assert_eq!(fs::read_to_string(other).unwrap(), "mine");
}

#[test]
fn what_a_command_cannot_do_is_told_and_the_session_goes_on() {
    let home = Home::new();
    for (line, part) in [
        ("/sorces", "did you mean /sources?"),
        ("/show 9", "the last answer has"),
        ("/show nowhere/q1", "no edition"),
        ("/show", "it takes N|ID"),
        ("/model nowhere", "nowhere"),
        ("/save no/such/folder/x", "No such file"),
    ] {
        let ran = chat(&home, &[], &format!("{API}\n{line}\n{START}\n"));
        assert_eq!(ran.status, Some(1), "{ran:#?}");
        assert!(ran.stderr.contains(part), "{part:?} is not in {ran:#?}");
        assert!(names_as_first_source(&ran, "first-steps/q1"), "{ran:#?}");
    }
    let ran = chat(
        &home,
        &[],
        &format!("/sources\n{API}\n/new\n/sources\nand why is that?\n"),
    );
    assert_eq!(
        ran.stderr.matches("no question has been answered yet").count(),
        2,
        "{ran:#?}"
    );
    let ran = chat(&home, &["--json"], &format!("{API}\n/help\n"));
    assert_eq!((ran.status, answers(&ran).len()), (Some(1), 1), "{ran:#?}");
    assert_eq!(chat(&home, &[], &format!("/quit\n{API}\n")).ok().stdout, "");
}

#[test]
fn exit_and_its_like_leave_and_nothing_after_them_is_asked() {
    let home = Home::new();
    for word in ["exit", "quit", "bye", "Bye!", "thanks, bye"] {
        let ran = chat(&home, &["--json"], &format!("{API}\n{word}\n{START}\n")).ok();
        assert_eq!(answers(&ran).len(), 1, "{word}: {ran:#?}");
    }
}

#[test]
fn thanks_are_answered_in_a_line_and_are_no_question() {
    let home = Home::new();
    for word in ["thanks", "Thank you!", "ok", "great, thanks!", "hello"] {
        let ran = chat(&home, &[], &format!("{word}\n")).ok();
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.lines().count()),
            ("", 1),
            "{word}: {ran:#?}"
        );
        assert!(!ran.stderr.contains("nothing in the corpus"), "{word}: {ran:#?}");
    }
    // They are not part of the conversation. The next question continues the one before the thanks.
    let ran = chat(&home, &["--json"], &format!("{START}\nthanks!\nand why is that?\n")).ok();
    let answers = answers(&ran);
    assert_eq!(answers.len(), 2, "{ran:#?}");
    assert!(first_id(&answers[1]).starts_with("first-steps/q1/"), "{ran:#?}");
    assert!(chat(&home, &["--quiet"], "thanks\n").ok().stderr.is_empty());
    let ran = chat(&home, &["--json"], "thanks\nbest pizza in Naples\n");
    assert_eq!(ran.status, Some(3), "{ran:#?}");
}

#[test]
fn on_a_terminal_lines_are_edited_recalled_and_kept() {
    let home = Home::new();
    let mut terminal = Terminal::new(&home, &["-m", "none"]);
    terminal.sees("/help lists the commands");
    terminal.sees("> ");
    // A typo, corrected with the arrow and backspace keys.
    terminal.keys("How should we prize\u{1b}[D\u{7f}c\u{1b}[C an API?\r");
    terminal.sees("[1]");
    terminal.sees("pricing/");
    terminal.sees("> ");
    // Ctrl-C at the prompt keeps the session open, and Ctrl-D ends it.
    terminal.keys("\u{3}");
    terminal.sees("press Ctrl-D or type /quit");
    terminal.sees("> ");
    terminal.keys("\u{4}");
    assert_eq!(terminal.ends(), Some(0));
    let history = fs::read_to_string(home.path(".local/state/askpm/history")).unwrap();
    assert_eq!(history, "How should we price an API?\n");
    let mut terminal = Terminal::new(&home, &["-m", "none", "-c"]);
    terminal.sees("continuing after 1 question");
    terminal.sees("> ");
    terminal.keys("\u{1b}[A\r");
    terminal.sees("pricing/");
    terminal.sees("> ");
    terminal.keys("/quit\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn tab_completes_commands_and_the_names_of_models() {
    let home = Home::new();
    let mut terminal = Terminal::new(&home, &["-m", "none"]);
    terminal.sees("> ");
    terminal.keys("/sh\t");
    terminal.sees("/show ");
    terminal.keys("pricing/q1\r");
    terminal.sees("Charge by successful call");
    terminal.sees("> ");
    // Several matches are listed.
    terminal.keys("/s\t");
    terminal.sees("/sources");
    terminal.sees("/save");
    terminal.keys("\u{3}");
    terminal.sees("press Ctrl-D or type /quit");
    terminal.sees("> ");
    terminal.keys("/model no\t");
    terminal.sees("/model none");
    terminal.keys("\r");
    terminal.sees("answers are quotes");
    terminal.sees("> ");
    terminal.keys("exit\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn ctrl_c_ends_the_answer_and_keeps_the_session() {
    // No part of an answer is shown before the model's lead is known, so the server holds back its first sentence.
    let server = Completions::start(Says::Hold("Charge by ".into()));
    let home = Home::new();
    home.write(
        ".config/askpm/config.toml",
        format!(
            "[generator]\nkind = \"openai\"\nurl = \"{}\"\nmodel = \"big\"\n",
            server.url()
        ),
    );
    home.askpm().args(["refresh"]).run().ok();
    let mut terminal = Terminal::online(&home, &[]);
    terminal.sees("> ");
    terminal.keys(&format!("{API}\r"));
    let asked = Instant::now();
    while server.requests().is_empty() {
        assert!(asked.elapsed() < Duration::from_secs(60), "the server was not asked");
        thread::sleep(Duration::from_millis(10));
    }
    terminal.interrupt();
    terminal.sees("cancelled");
    terminal.sees("> ");
    terminal.keys("/model none\r");
    terminal.sees("answers are quotes");
    terminal.sees("> ");
    terminal.keys(&format!("{START}\r"));
    terminal.sees("first-steps/");
    terminal.sees("> ");
    terminal.keys("\u{4}");
    assert_eq!(terminal.ends(), Some(0));
}
