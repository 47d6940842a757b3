//! Tests `askpm refresh --watch` and the drop folder through the real binary.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::harness::{Home, Run};

/// Far longer than any of these steps takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn edition(slug: &str, text: &str) -> String {
    format!("---\nslug: {slug}\ntitle: {slug}\n---\n\n## Q1. What of {slug}?\n\n### A. Somebody\n\n{text}\n")
}

const MAIL: &str = "From: letters@example.org\nTo: me@example.org\nSubject: On hiring a zeppelin\n\
    Date: Wed, 01 May 2024 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n\
    A zeppelin is hired by the week, and its pilot by the day.\n";

/// A running `refresh --watch`. It is killed when dropped.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    /// Lines of either stream that no step has asked for yet. The order between the streams is random.
    unasked: Vec<String>,
}

impl Watching {
    fn start(run: Run, args: &[&str]) -> Watching {
        let mut child = run.args(["refresh", "--watch"]).args(args).spawn();
        let (send, lines) = mpsc::channel();
        let pipes: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for pipe in pipes {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    if send.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Watching {
            child,
            lines,
            unasked: Vec::new(),
        }
    }

    /// Waits for a line that contains `part`, and takes it.
    #[track_caller]
    fn until(&mut self, part: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.unasked.iter().position(|line| line.contains(part)) {
                return self.unasked.remove(at);
            }
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.unasked.push(line),
                Err(_) => panic!(
                    "{part:?} is not in {:#?}; ended: {:?}",
                    self.unasked,
                    self.child.try_wait()
                ),
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_of_the_corpus_is_seen_by_itself() {
    let home = Home::new();
    home.write("corpus/one.md", edition("one", "Walrus."));
    let run = || home.bare().env("ASKPM_CORPUS", home.path("corpus"));
    let mut watching = Watching::start(run(), &[]);
    watching.until("added one");
    watching.until("watching");
    home.write("corpus/sub/two.md", edition("two", "Pelican."));
    watching.until("added two");
    watching.until("1 added, 0 changed, 0 removed, 1 unchanged");
    run().args(["search", "pelican"]).run().ok();
    home.write("corpus/one.md", edition("one", "Ostrich."));
    watching.until("changed one");
    fs::remove_file(home.path("corpus/sub/two.md")).unwrap();
    watching.until("removed two");
}

#[test]
fn what_is_dropped_is_imported_and_found() {
    let home = Home::new();
    home.write("corpus/one.md", edition("one", "Walrus."));
    fs::create_dir(home.path("drop")).unwrap();
    home.write("settings.toml", format!("drop = {:?}\n", home.path("drop")));
    let run = || {
        let settings = home.path("settings.toml");
        let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
        run.env("ASKPM_CONFIG", settings)
    };
    let mut watching = Watching::start(run(), &["--json"]);
    let first: serde_json::Value = serde_json::from_str(&watching.until("{")).unwrap();
    assert_eq!((&first["added"], &first["unchanged"]), (&1.into(), &0.into()));
    watching.until("watching");
    home.write("drop/broken.pdf", "%PDF-1.7");
    home.write("drop/mail.eml", MAIL);
    let next: serde_json::Value = serde_json::from_str(&watching.until("{\"")).unwrap();
    assert_eq!((&next["added"], &next["unchanged"]), (&1.into(), &1.into()), "{next}");
    run().args(["search", "zeppelin"]).run().ok();
}

#[test]
fn a_folder_that_goes_away_is_waited_for_and_followed_again() {
    let home = Home::new();
    home.write("corpus/one.md", edition("one", "Walrus."));
    let mut watching = Watching::start(
        home.bare().env("ASKPM_CORPUS", home.path("corpus")),
        &["--drop", "drop"],
    );
    watching.until("drop does not exist; waiting for it");
    watching.until("watching");
    fs::rename(home.path("corpus"), home.path("away")).unwrap();
    watching.until("corpus does not exist; waiting for it");
    home.write("away/two.md", edition("two", "Pelican."));
    fs::rename(home.path("away"), home.path("corpus")).unwrap();
    watching.until("corpus is back");
    watching.until("added two");
    home.write("corpus/three.md", edition("three", "Ostrich."));
    watching.until("added three");
    home.write("drop/mail.eml", MAIL);
    watching.until("drop is back");
    watching.until("added on-hiring-a-zeppelin");
}

#[test]
fn an_edition_with_a_fault_is_told_and_does_not_end_the_watch() {
    let home = Home::new();
    home.write("corpus/one.md", edition("one", "Walrus."));
    let mut watching = Watching::start(home.bare().env("ASKPM_CORPUS", home.path("corpus")), &[]);
    watching.until("watching");
    home.write("corpus/two.md", "no edition");
    watching.until("skipped");
    fs::remove_file(home.path("corpus/one.md")).unwrap();
    fs::remove_file(home.path("corpus/two.md")).unwrap();
    watching.until("has no Markdown files");
    home.write("corpus/three.md", edition("three", "Ostrich."));
    watching.until("added three");
}

#[test]
fn refresh_imports_the_drop_folder_once_and_tells_of_one_that_is_missing() {
    let home = Home::new();
    home.write("corpus/one.md", edition("one", "Walrus."));
    home.write("drop/mail.eml", MAIL);
    let refresh = |drop: &str| {
        let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
        run.args(["refresh", "--json", "--drop", drop]).run().ok()
    };
    assert_eq!(refresh("drop").json()["added"], 2);
    let again = refresh("drop").json();
    assert_eq!((&again["added"], &again["unchanged"]), (&0.into(), &2.into()));
    let missing = refresh("nowhere");
    assert_eq!(missing.json()["skipped"][0]["file"], "nowhere");
    assert!(missing.stderr.contains("the folder does not exist"), "{missing:#?}");
}

#[test]
fn a_corpus_that_is_missing_is_an_error_and_is_not_made() {
    let home = Home::new();
    home.write("drop/mail.eml", MAIL);
    for args in [
        &["refresh", "--drop", "drop"][..],
        &["refresh", "--watch", "--drop", "drop"],
    ] {
        let run = home.bare().env("ASKPM_CORPUS", home.path("nowhere")).args(args).run();
        run.fails(1, &["nowhere"]);
        assert!(!home.path("nowhere").exists());
    }
}
