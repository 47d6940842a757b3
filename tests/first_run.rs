//! Tests the first use: what a person at a terminal sees and a pipe does not, and the models that the first question
//! fetches.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use nix::pty::{Winsize, openpty};

use crate::harness::hub::Fault;
use crate::harness::listed::Listed;
use crate::harness::{Home, Run};

const QUESTION: &str = "How should we price an API?";

/// Runs the command to its end in a pseudo-terminal. Returns the status, and everything that was shown.
fn on_terminal(run: Run) -> (Option<i32>, String) {
    on_terminal_typing(run, "")
}

/// The same, with `keys` typed at the start.
fn on_terminal_typing(run: Run, keys: &str) -> (Option<i32>, String) {
    let size = Winsize {
        ws_row: 50,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pty = openpty(Some(&size), None).unwrap();
    let end = || Stdio::from(pty.slave.try_clone().unwrap());
    let mut child = {
        let mut command = run.env("TERM", "dumb").command();
        command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap()
    };
    drop(pty.slave);
    let (mut screen, mut bytes) = (fs::File::from(pty.master), Vec::new());
    screen.write_all(keys.as_bytes()).unwrap();
    // Reading from a terminal fails once the last process has closed it.
    let _ = screen.read_to_end(&mut bytes);
    let shown = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    (child.wait().unwrap().code(), shown)
}

#[test]
fn whoever_types_the_name_alone_is_guided_once_and_then_gets_the_help() {
    let home = Home::new();
    let (status, shown) = on_terminal(home.bare());
    assert_eq!(status, Some(0), "{shown}");
    for part in [
        "on this machine",
        "editions from",
        "config.toml",
        "askpm search",
        "askpm doctor",
        "shown once",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    assert!(!shown.contains("Usage:"), "{shown}");
    let (status, again) = on_terminal(home.bare());
    assert_eq!(status, Some(2), "{again}");
    assert!(again.contains("Usage:") && !again.contains("shown once"), "{again}");
}

#[test]
fn the_question_that_the_guide_proposes_is_answered() {
    let home = Home::new();
    let (_, shown) = on_terminal(home.bare());
    let question = shown.split('"').nth(1).unwrap();
    home.bare().args(["-m", "none", question]).run().ok();
}

#[test]
fn after_the_first_answer_that_is_seen_it_is_told_what_else_there_is() {
    let home = Home::new();
    let ask = || home.askpm().args(["ask", "-m", "none"]);
    let piped = ask().args([QUESTION]).run().ok();
    assert!(!piped.stderr.contains("first answer"), "{piped:#?}");
    let (_, quiet) = on_terminal(ask().args(["-q", QUESTION]));
    assert!(!quiet.contains("first answer"), "{quiet}");
    let (status, first) = on_terminal(ask().args([QUESTION]));
    assert_eq!(status, Some(0));
    assert!(
        first.contains("first answer") && first.contains("askpm chat"),
        "{first}"
    );
    let (_, second) = on_terminal(ask().args([QUESTION]));
    assert!(
        second.contains("Sources") && !second.contains("first answer"),
        "{second}"
    );
}

#[test]
fn where_nothing_can_be_remembered_nothing_is_told_again_and_again() {
    let home = Home::new();
    home.write(".local/state", "a file where a folder should be");
    for _ in 0..2 {
        let (status, shown) = on_terminal(home.askpm().args(["ask", "-m", "none", QUESTION]));
        assert_eq!(status, Some(0), "{shown}");
        assert!(shown.contains("Sources") && !shown.contains("first answer"), "{shown}");
    }
}

#[test]
fn what_is_longer_than_the_screen_is_paged_and_what_fits_is_not() {
    let home = Home::new();
    // This pager prints that it was used. The program's `PATH` is empty.
    let paged = |run: Run| on_terminal(run.env("PAGER", "printf 'PAGED '; /bin/cat")).1;
    let (short, long) = (["search", "-n", "1", "product"], ["search", "-n", "40", "product"]);
    assert!(!paged(home.bare().args(short)).contains("PAGED"));
    let shown = paged(home.bare().args(long));
    assert!(shown.contains("PAGED") && shown.contains("40. "), "{shown}");
    let shown = paged(home.bare().args(["show", "pathways-ai-ml-pm"]));
    assert!(shown.contains("PAGED"), "{shown}");
    let piped = home.bare().env("PAGER", "exit 7").args(long).run().ok();
    assert!(piped.stdout.contains("40. "), "{piped:#?}");
}

#[test]
fn on_a_terminal_dates_are_those_of_the_locale_and_in_a_pipe_those_of_iso() {
    let home = Home::new();
    let date = |json: &serde_json::Value| json["citations"][0]["date"].as_str().unwrap().to_string();
    let ask = |args: &[&str]| home.askpm().args(["ask", "-q", "-m", "none", QUESTION]).args(args);
    let german = |run: Run| run.env("LANG", "de_DE.UTF-8");
    let iso = date(&german(ask(&["--json"])).run().ok().json());
    let (year, rest) = iso.split_once('-').unwrap();
    let (month, day) = rest.split_once('-').unwrap();
    let written = format!("({day}.{month}.{year})");
    let (_, shown) = on_terminal(german(ask(&[])));
    assert!(shown.contains(&written) && !shown.contains(&iso), "{shown}");
    let (_, hits) = on_terminal(german(home.askpm().args(["search", "price an API"])));
    assert!(hits.contains(&written), "{hits}");
    let piped = german(ask(&[])).run().ok().stdout;
    assert!(piped.contains(&iso), "{piped}");
    // The more specific variable takes precedence, and the C locale uses ISO dates.
    for (name, value) in [("LC_ALL", "C.UTF-8"), ("LC_TIME", "POSIX")] {
        let (_, shown) = on_terminal(german(ask(&[])).env(name, value));
        assert!(shown.contains(&iso), "{name}: {shown}");
    }
    let (_, page) = on_terminal(german(ask(&["--format", "md"])));
    assert!(page.contains(&iso), "{page}");
}

/// Returns the lines of standard error that contain `part`.
fn lines_with<'a>(stderr: &'a str, part: &str) -> Vec<&'a str> {
    stderr.lines().filter(|line| line.contains(part)).collect()
}

const FINDS: [&str; 3] = ["model.safetensors", "tokenizer.json", "config.json"];

#[test]
fn the_first_question_fetches_both_models_after_one_note_and_the_second_none() {
    let listed = Listed::new();
    let ask = || {
        listed
            .askpm()
            .args(["ask", "--json", "--max-tokens", "8", QUESTION])
            .run()
            .ok()
    };
    let first = ask();
    assert_eq!(listed.fetched(), [&FINDS[..], &["tiny.gguf"]].concat());
    let notes = lines_with(&first.stderr, "downloading");
    assert_eq!(notes.len(), 1, "{first:#?}");
    let megabytes = |bytes: usize| bytes.div_ceil(1_000_000);
    let (finds, writes) = (megabytes(listed.finds), megabytes(listed.writes));
    for part in [
        format!("all-minilm-l6-v2 ({finds} MB, MIT) and smollm2-135m ({writes} MB, MIT)"),
        format!("{} MB in total", finds + writes),
        listed.home.path(".cache/huggingface/hub").display().to_string(),
    ] {
        assert!(notes[0].contains(&part), "{part:?} is not in {notes:?}");
    }
    // What a model of random weights writes is not shown, which is told; neither search nor writing is done without.
    let without = |stderr: &str| stderr.contains("by words only") || stderr.contains("without a model");
    assert!(!without(&first.stderr), "{first:#?}");
    assert!(first.json()["model"].is_object(), "{first:#?}");
    let asked = listed.hub.requests().len();
    let second = ask();
    assert_eq!(listed.hub.requests().len(), asked);
    assert!(
        !second.stderr.contains("downloading") && !without(&second.stderr),
        "{second:#?}"
    );
    let by = |by: &str| {
        let args = ["search", "--json", "--by", by, QUESTION];
        listed.askpm().args(args).run().ok().json()["hits"].clone()
    };
    let found = listed.askpm().args(["search", "--json", QUESTION]).run().ok().json()["hits"].clone();
    assert_eq!(found, by("both"));
    assert_ne!(found, by("words"));
}

/// The listed default has too few parameters to write by default. It writes only if it is named.
#[test]
fn a_small_default_model_is_fetched_by_no_question_that_does_not_name_it() {
    let listed = Listed::new();
    let list = listed.home.path(".config/askpm/models.toml");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(
        &list,
        text.replace("default = true\n", "default = true\nparameters = 135000000\n"),
    )
    .unwrap();
    let ask = |args: &[&str]| listed.askpm().args(["ask", "--json", QUESTION]).args(args).run().ok();
    let ran = ask(&[]);
    assert_eq!(listed.fetched(), FINDS);
    assert!(ran.json()["model"].is_null(), "{ran:#?}");
    assert!(!ran.stderr.contains("without a model"), "{ran:#?}");
    let ran = ask(&["-m", "smollm2-135m", "--max-tokens", "8"]);
    assert_eq!(listed.fetched(), [&FINDS[..], &["tiny.gguf"]].concat());
    assert!(ran.json()["model"].is_object(), "{ran:#?}");
}

#[test]
fn what_writes_nothing_fetches_the_model_that_finds_alone_and_by_words_none() {
    for args in [
        &["search", QUESTION][..],
        &["ask", "-m", "none", QUESTION],
        &["chat", "-m", "none"],
    ] {
        let listed = Listed::new();
        let words = listed
            .askpm()
            .args(args)
            .args(["--by", "words"])
            .stdin(QUESTION)
            .run()
            .ok();
        assert!(
            listed.fetched().is_empty() && !words.stderr.contains("by words only"),
            "{words:#?}"
        );
        let ran = listed.askpm().args(args).stdin(QUESTION).run().ok();
        assert_eq!(listed.fetched(), FINDS, "{args:?}");
        let note = lines_with(&ran.stderr, "downloading");
        assert!(note.len() == 1 && !note[0].contains("in total"), "{ran:#?}");
    }
}

#[test]
fn without_a_network_one_note_says_that_words_alone_are_searched_and_the_next_question_does_not_wait() {
    let home = Home::new();
    let search = || home.askpm().by_default().args(["search", QUESTION]).run().ok();
    let first = search();
    let notes = lines_with(&first.stderr, "by words only");
    assert_eq!(notes.len(), 1, "{first:#?}");
    for part in [
        "cannot be reached",
        "`askpm models pull all-minilm-l6-v2` (92 MB)",
        "`--by words`",
    ] {
        assert!(notes[0].contains(part), "{part:?} is not in {notes:?}");
    }
    assert_eq!(first.stderr.lines().count(), 2, "{first:#?}");
    let second = search();
    assert!(!second.stderr.contains("downloading"), "{second:#?}");
    assert_eq!(
        lines_with(&second.stderr, "failed a minute ago").len(),
        1,
        "{second:#?}"
    );
    // With an explicit `--by both`, the download is tried again, and its failure is an error.
    home.askpm()
        .args(["search", "--by", "both", QUESTION])
        .run()
        .fails(1, &["all-minilm-l6-v2", "cannot be reached"]);
}

#[test]
fn offline_nothing_is_tried_and_a_note_says_so() {
    let listed = Listed::new();
    let ran = listed.askpm().args(["search", "--offline", QUESTION]).run().ok();
    let notes = lines_with(&ran.stderr, "by words only");
    assert!(
        notes.len() == 1 && notes[0].contains("models pull all-minilm-l6-v2"),
        "{ran:#?}"
    );
    assert!(listed.hub.requests().is_empty());
    // Skipping a download offline does not prevent it later.
    listed.askpm().args(["search", QUESTION]).run().ok();
    assert_eq!(listed.fetched(), FINDS);
}

#[test]
fn a_model_that_cannot_be_had_keeps_the_other_and_is_reported_once() {
    let listed = Listed::new();
    listed.hub.order([Fault::Status(403)]);
    let ran = listed.askpm().args(["ask", "--max-tokens", "8", QUESTION]).run().ok();
    assert_eq!(lines_with(&ran.stderr, "by words only").len(), 1, "{ran:#?}");
    assert!(!ran.stderr.contains("without a model"), "{ran:#?}");
    let listed = Listed::new();
    let good = [Fault::NoLength, Fault::NoLength, Fault::NoLength];
    listed.hub.order(good.into_iter().chain([Fault::Status(403)]));
    let ran = listed.askpm().args(["ask", QUESTION]).run().ok();
    assert_eq!(
        lines_with(&ran.stderr, "answering without a model").len(),
        1,
        "{ran:#?}"
    );
    assert_eq!(
        lines_with(&ran.stderr, "downloading").len(),
        1,
        "it was tried again: {ran:#?}"
    );
    assert_eq!(listed.hub.requests().len(), 4);
}

#[test]
fn what_came_before_a_fetch_broke_off_is_not_fetched_again() {
    let listed = Listed::new();
    listed.hub.order([Fault::CutAfter(1_000), Fault::Status(403)]);
    listed.askpm().args(["search", QUESTION]).run().ok();
    let pulled = listed.askpm().args(["models", "pull", "all-minilm-l6-v2"]).run().ok();
    assert!(
        pulled.stderr.contains("1 MB are already on this machine"),
        "{pulled:#?}"
    );
    assert_eq!(listed.hub.ranges()[2].as_deref(), Some("bytes=1000-"));
}

/// A home whose list has a model that every machine is advised to use, because it states no parameters from which to
/// estimate a time. Its weights are random.
fn advised() -> Listed {
    let listed = Listed::new();
    let list = listed.home.path(".config/askpm/models.toml");
    let text = fs::read_to_string(&list).unwrap();
    let writer = "default = true\n";
    assert!(text.contains(writer));
    let named = text.replace("name = \"smollm2-135m\"", "name = \"advised\"");
    fs::write(&list, named.replace(writer, "hallucinated = 0.1\n")).unwrap();
    listed
}

#[test]
fn a_newcomer_on_a_terminal_is_offered_a_model_once_and_what_they_accept_is_kept() {
    let listed = advised();
    let ask = || listed.askpm().args(["ask", "--max-tokens", "8", QUESTION]);
    let (status, first) = on_terminal_typing(ask(), "y\n");
    assert_eq!(status, Some(0), "{first}");
    assert!(first.contains("advised can add a lead sentence (1 MB;"), "{first}");
    assert!(
        first.contains("[y/N]") && first.contains("model = \"advised\" is now in"),
        "{first}"
    );
    assert!(listed.fetched().contains(&"tiny.gguf".to_string()));
    let settings = fs::read_to_string(listed.home.path(".config/askpm/config.toml")).unwrap();
    assert_eq!(settings, "model = \"advised\"\n");
    let (status, second) = on_terminal(ask());
    assert!(status == Some(0) && !second.contains("[y/N]"), "{second}");
}

#[test]
fn a_newcomer_who_declines_gets_quotes_and_is_not_asked_again() {
    let listed = advised();
    let ask = || listed.askpm().args(["ask", QUESTION]);
    let (status, first) = on_terminal_typing(ask(), "\n");
    assert!(
        status == Some(0) && first.contains("[y/N]") && first.contains("Sources"),
        "{first}"
    );
    assert_eq!(listed.fetched(), FINDS);
    assert!(!listed.home.path(".config/askpm/config.toml").exists());
    let (_, second) = on_terminal(ask());
    assert!(!second.contains("[y/N]"), "{second}");
}

#[test]
fn scripts_and_those_who_say_yes_beforehand_are_not_asked() {
    for (args, terminal) in [
        (&["-y"][..], true),
        (&["-q"], true),
        (&["--by", "words"], true),
        (&[], false),
    ] {
        let listed = advised();
        let run = listed.askpm().args(["ask", QUESTION]).args(args);
        let shown = match terminal {
            true => on_terminal(run).1,
            false => {
                let ran = run.run().ok();
                ran.stdout + &ran.stderr
            }
        };
        assert!(!shown.contains("[y/N]"), "{args:?}: {shown}");
        assert!(!listed.fetched().contains(&"tiny.gguf".to_string()), "{args:?}");
    }
}

#[test]
fn an_accepted_model_that_cannot_be_downloaded_leaves_quotes_and_no_setting() {
    let listed = advised();
    listed.hub.order([Fault::Status(403)]);
    let (status, shown) = on_terminal_typing(listed.askpm().args(["ask", QUESTION]), "y\n");
    assert!(status == Some(0) && shown.contains("Sources"), "{shown}");
    assert!(
        shown.contains("answering without a model: cannot download the model advised"),
        "{shown}"
    );
    assert!(!listed.home.path(".config/askpm/config.toml").exists());
}
