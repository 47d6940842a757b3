//! What a person at a terminal sees and a pipe does not: the guide of the first time, and dates of their country.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};

use crate::harness::{Home, Run};

const QUESTION: &str = "How should we price an API?";

/// Runs to the end on a terminal of its own: the status, and all that was shown.
fn on_terminal(run: Run) -> (Option<i32>, String) {
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
    // A terminal whose last user is gone ends in an error.
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
    // A pager that says that it was used; the program's path is empty.
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
    // The more particular variable goes first, and the C locale is ISO's.
    for (name, value) in [("LC_ALL", "C.UTF-8"), ("LC_TIME", "POSIX")] {
        let (_, shown) = on_terminal(german(ask(&[])).env(name, value));
        assert!(shown.contains(&iso), "{name}: {shown}");
    }
    let (_, page) = on_terminal(german(ask(&["--format", "md"])));
    assert!(page.contains(&iso), "{page}");
}
