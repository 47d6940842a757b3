//! Tests a year of newsletters through the real binary: 52 weeks, twelve senders, and the faults of mail, feeds and files.
//!
//! Each week has two refreshes that are killed while they run, one that is not, and a digest. Nothing may be lost or come
//! twice, each digest names what is new and nothing else, and saved questions report what was planted for them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use askpm::corpus::{self, Edition};
use serde_json::Value;

use crate::harness::feed_server::FeedServer;
use crate::harness::year::plants::SAVED;
use crate::harness::year::{Event, Fault, HOLIDAYS, Issue, Named, SENDERS, WEEKS, Words, Year, feed_path};
use crate::harness::{Home, Ran, Run, noted};

const SEED: u64 = 20_250_106;

/// A refresh that ended before it was killed is repeated, this many times for each half of a week.
const TRIES: usize = 4;

/// The reader empties the drop folder each time that this many weeks are over.
const QUARTER: usize = 13;

/// A report of a saved question: week, name, and the question of the discussion.
type Report = (usize, String, String);

/// The reader's machine.
struct Machine {
    home: Home,
    server: FeedServer,
    /// How long a refresh takes.
    time: Duration,
    killed: usize,
    reported: BTreeSet<Report>,
}

impl Machine {
    fn new() -> Machine {
        let machine = Machine {
            home: Home::new(),
            server: FeedServer::start(),
            time: Duration::from_millis(60),
            killed: 0,
            reported: BTreeSet::new(),
        };
        let feeds = (0..SENDERS.len()).filter(|sender| SENDERS[*sender].form.is_feed());
        let feeds: Vec<String> = feeds.map(|sender| machine.server.at(&feed_path(sender))).collect();
        for folder in ["corpus", "drop"] {
            fs::create_dir(machine.home.path(folder)).unwrap();
        }
        let settings = format!("drop = {:?}\nfeeds = {feeds:?}\n", machine.home.path("drop"));
        machine.home.write("settings.toml", settings);
        for saved in SAVED {
            machine
                .askpm(&["save", saved.question, "--name", saved.name])
                .run()
                .ok();
        }
        machine
    }

    fn askpm(&self, args: &[&str]) -> Run {
        let run = self.home.bare().env("ASKPM_CORPUS", self.home.path("corpus"));
        run.env("ASKPM_CONFIG", self.home.path("settings.toml")).args(args)
    }

    /// Empties the drop folder. What was imported from it stays.
    fn tidy(&self) {
        fs::remove_dir_all(self.home.path("drop")).unwrap();
        fs::create_dir(self.home.path("drop")).unwrap();
    }

    fn see(&self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Drop(name, bytes) => drop(self.home.write(&format!("drop/{name}"), bytes)),
                // It may be gone with the rest of the folder.
                Event::Remove(name) => drop(fs::remove_file(self.home.path(&format!("drop/{name}")))),
                Event::Serve(path, served) => self.server.serve(&path, served),
            }
        }
    }

    /// Kills a refresh while it runs. What it printed before, the reader has read.
    fn kill_a_refresh(&mut self, week: usize, args: &[&str], random: &mut Words) {
        for _ in 0..TRIES {
            let mut refresh = self.askpm(args).command();
            refresh
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = refresh.spawn().unwrap();
            thread::sleep(self.time.mul_f64(random.below(1000) as f64 / 1000.0));
            let runs = child.try_wait().unwrap().is_none();
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            self.read(week, text.rsplit_once('\n').map_or("", |(lines, _)| lines));
            self.killed += usize::from(runs);
            if runs {
                return;
            }
            self.time = self.time.mul_f64(0.9);
        }
    }

    /// Notes what the lines of `refresh --saved --json` report.
    fn read(&mut self, week: usize, lines: &str) {
        for line in lines.lines().filter(|line| line.contains("\"discussions\"")) {
            let news: Value = serde_json::from_str(line).unwrap();
            for item in news["discussions"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_string();
                self.reported
                    .insert((week, text(&news["name"]), text(&item["discussion"])));
            }
        }
    }

    fn refresh(&mut self, week: usize) -> Ran {
        let begun = Instant::now();
        let ran = self.askpm(&["refresh", "--saved", "--json"]).run();
        self.time = begun.elapsed();
        assert_eq!(
            ran.status,
            Some(if ran.stdout.is_empty() { 3 } else { 0 }),
            "week {week}: {ran:#?}"
        );
        self.read(week, &ran.stdout);
        ran
    }

    /// What the digest of this week names, and the questions of the discussions that it shows.
    fn digest(&self, week: usize) -> (Vec<Named>, BTreeSet<String>) {
        let ran = self.askpm(&["digest", "--since", "last", "--all", "--json"]).run();
        let digest = ran.json();
        let shown = digest["editions"].as_array().unwrap().iter();
        let discussions = shown
            .clone()
            .flat_map(|edition| edition["discussions"].as_array().unwrap());
        let questions = discussions.map(|one| one["title"].as_str().unwrap().to_string());
        let also = digest["also"].as_array().unwrap().iter();
        let name = |edition: &Value| {
            let text = |name: &str| edition[name].as_str().unwrap_or_default().to_string();
            (text("title"), text("date"), edition["state"] == "changed")
        };
        let mut named: Vec<Named> = shown.chain(also).map(name).collect();
        named.sort();
        assert_eq!(
            ran.status,
            Some(if named.is_empty() { 3 } else { 0 }),
            "week {week}: {ran:#?}"
        );
        (named, questions.collect())
    }

    fn editions(&self) -> Vec<Edition> {
        let files = fs::read_dir(self.home.path("corpus")).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let editions = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        let parsed = editions.map(|path| corpus::parse("x.md", &fs::read_to_string(path).unwrap()).unwrap());
        parsed.collect()
    }
}

/// Title, date, and of each discussion the question with who says what.
type Content = (String, String, Vec<(String, Vec<(String, String)>)>);

fn sent(issue: &Issue) -> Content {
    let discussions = issue.discussions.iter().map(|one| {
        let answers = one
            .answers
            .iter()
            .map(|answer| (answer.contributor.clone(), answer.text.clone()));
        (one.question.clone(), answers.collect())
    });
    (issue.title.clone(), issue.day(), discussions.collect())
}

fn held(edition: &Edition) -> Content {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let discussions = edition.discussions.iter().map(|one| {
        let answers = one
            .answers
            .iter()
            .map(|answer| (answer.contributor.clone(), line(&answer.body)));
        (one.title.clone(), answers.collect())
    });
    let date = edition.date.clone().unwrap_or_default();
    (edition.title.clone(), date, discussions.collect())
}

/// How many plants of each wording were reported: the question itself, then others with ever fewer of its words.
fn by_wording(reported: &BTreeSet<Report>, planted: &BTreeSet<Report>) -> String {
    let wordings = SAVED.iter().map(|saved| saved.plants.len()).max().unwrap();
    let of = |wording: usize| {
        let is_it = |(_, _, question): &&Report| {
            let mut plants = SAVED.iter().filter_map(|saved| saved.plants.get(wording));
            plants.any(|(planted, _)| planted == question)
        };
        let all: Vec<&Report> = planted.iter().filter(is_it).collect();
        let found = all.iter().filter(|one| reported.contains(one)).count();
        format!("{found}/{}", all.len())
    };
    (0..wordings).map(of).collect::<Vec<_>>().join(" ")
}

fn percent(part: usize, of: usize) -> String {
    format!("{part} of {of} ({:.0}%)", 100.0 * part as f64 / of as f64)
}

#[test]
fn in_a_year_of_newsletters_nothing_is_lost_and_nothing_comes_twice() {
    let begun = Instant::now();
    let year = Year::plan(SEED);
    let mut machine = Machine::new();
    let mut random = Words::new(SEED + 1);
    let mut wrong = Vec::new();
    let mut planted = BTreeSet::new();
    let mut unshown: Vec<String> = Vec::new();
    assert!(HOLIDAYS.iter().all(|week| year.named(*week).is_empty()));
    for week in 0..WEEKS {
        if week % QUARTER == QUARTER - 1 {
            machine.tidy();
        }
        for half in 0..2 {
            machine.see(year.events(week, half));
            let args: &[&str] = if half == 0 {
                &["refresh"]
            } else {
                &["refresh", "--saved", "--json"]
            };
            machine.kill_a_refresh(week, args, &mut random);
        }
        let ran = machine.refresh(week);
        for (_, name, _) in year.broken.iter().filter(|(from, _, _)| *from == week) {
            assert!(
                ran.stderr.contains(name.as_str()),
                "{name} is not named in {}",
                ran.stderr
            );
        }
        for ((sender, _), down) in year.down.iter().filter(|((_, at), _)| *at == week) {
            assert!(
                ran.stderr.contains(&feed_path(*sender)),
                "{down:?} is not told: {}",
                ran.stderr
            );
        }
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        let ((named, questions), expected) = (machine.digest(week), year.named(week));
        let came = year
            .issues
            .iter()
            .filter(|issue| issue.week == week && issue.fault != Fault::Copy);
        let asked = came.flat_map(|issue| &issue.discussions).map(|one| &one.question);
        unshown.extend(asked.filter(|question| !questions.contains(*question)).cloned());
        if named != expected {
            let only = |these: &[Named], those: &[Named]| -> Vec<Named> {
                these.iter().filter(|one| !those.contains(one)).cloned().collect()
            };
            wrong.push(format!(
                "week {week}: the digest lacks {:?}, and has {:?} too; {}",
                only(&expected, &named),
                only(&named, &expected),
                ran.stderr
            ));
        }
        planted.extend(
            year.planted(week)
                .into_iter()
                .map(|(name, question)| (week, name, question)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let editions: Vec<Content> = machine.editions().iter().map(held).collect();
    let issues: Vec<Content> = year.issues.iter().map(sent).collect();
    let lost: Vec<&Content> = issues.iter().filter(|issue| !editions.contains(issue)).collect();
    let extra: Vec<&Content> = editions.iter().filter(|edition| !issues.contains(edition)).collect();
    assert!(
        lost.is_empty() && extra.is_empty(),
        "lost: {lost:#?}\nnot sent: {extra:#?}"
    );
    assert_eq!(editions.len(), issues.len(), "an edition is there twice");

    assert!(unshown.is_empty(), "no digest shows {unshown:#?}");

    let right = machine.reported.intersection(&planted).count();
    noted(format!(
        "{} issues of {} senders in {WEEKS} weeks, {} refreshes killed, {:?}; saved questions: precision {}, recall {} \
         (by wording: {}); missed {:?}; too many {:?}",
        issues.len(),
        SENDERS.len(),
        machine.killed,
        begun.elapsed(),
        percent(right, machine.reported.len()),
        percent(right, planted.len()),
        by_wording(&machine.reported, &planted),
        planted.difference(&machine.reported).collect::<Vec<_>>(),
        machine.reported.difference(&planted).collect::<Vec<_>>(),
    ));
    assert!(machine.killed >= 2 * WEEKS * 9 / 10, "{} killed", machine.killed);
    // By words alone, what has other words than the question is missed. Measured: 20 of 24, and 20 of 30.
    let verbatim = |(_, name, question): &&Report| {
        SAVED
            .iter()
            .any(|saved| saved.name == name && saved.question == question)
    };
    assert!(
        planted
            .iter()
            .filter(verbatim)
            .all(|report| machine.reported.contains(report))
    );
    assert!(
        right >= 19 && machine.reported.len() - right <= 5,
        "{:#?}",
        machine.reported
    );
}
