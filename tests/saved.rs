//! Tests saved questions through the real binary: saving, running, and what a refresh reports.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::feed_server::{FeedServer, Served};
use crate::harness::{Home, Ran, Run, skipped};

const QUESTION: &str = "How much does it cost to hire a zeppelin?";

fn edition(slug: &str, title: &str, answer: &str) -> String {
    format!(
        "---\nslug: {slug}\ntitle: On {slug}\ndate: 2024-05-06\n---\n\n## Q1. {title}\n\n### A. Pilot of {slug}\n\n{answer}\n"
    )
}

/// A home with a corpus that answers another question.
fn home() -> Home {
    let home = Home::new();
    let text = edition(
        "knots",
        "Which knot holds a sail?",
        "Tie a bowline, because it never slips under load.",
    );
    home.write("corpus/knots.md", text);
    home
}

fn plant(home: &Home, slug: &str, answer: &str) {
    home.write(&format!("corpus/{slug}.md"), edition(slug, QUESTION, answer));
}

const FIRST: &str = "Hire a zeppelin for a week at 9,000 dollars, and pay the pilot by the day on top of the cost.";

fn askpm(home: &Home) -> Run {
    home.bare().env("ASKPM_CORPUS", home.path("corpus"))
}

fn save(home: &Home) -> Ran {
    askpm(home).args(["save", QUESTION, "--name", "zeppelin"]).run().ok()
}

fn refresh(home: &Home) -> Ran {
    askpm(home).args(["refresh", "--saved", "--json"]).run()
}

/// The identifiers of the discussions that a run reports.
fn ids(ran: &Ran) -> Vec<String> {
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let all = lines.flat_map(|news| news["discussions"].as_array().unwrap().clone());
    all.map(|item| item["id"].as_str().unwrap().to_string()).collect()
}

#[test]
fn questions_are_saved_listed_and_removed() {
    let home = home();
    assert_eq!(save(&home).stdout, "saved as zeppelin\n");
    assert_eq!(
        askpm(&home)
            .args(["save", "Which knot holds a sail?"])
            .run()
            .ok()
            .stdout,
        "saved as knot-holds-sail\n"
    );
    let again = askpm(&home).args(["save", QUESTION]).run().ok();
    assert!(
        again.stdout.is_empty() && again.stderr.contains("already saved as `zeppelin`"),
        "{again:#?}"
    );
    let taken = askpm(&home).args(["save", "What else?", "--name", "zeppelin"]).run();
    assert!(
        taken
            .fails(1, &["cannot save the question", "`zeppelin` is the name of another"])
            .hint()
            .contains("another name")
    );
    assert_eq!(
        askpm(&home).args(["save", "What?", "--name", "a b"]).run().status,
        Some(2)
    );
    let list = askpm(&home).args(["saved", "list"]).run().ok().stdout;
    assert_eq!(
        list,
        format!("zeppelin         {QUESTION}\nknot-holds-sail  Which knot holds a sail?\n")
    );
    askpm(&home).args(["saved", "remove", "zeppelin"]).run().ok();
    let json = askpm(&home).args(["saved", "list", "--json"]).run().ok().json();
    assert_eq!(json["questions"].as_array().unwrap().len(), 1, "{json:#}");
    let gone = askpm(&home).args(["saved", "remove", "knot-hold-sail"]).run();
    assert!(
        gone.fails(1, &["no saved question has this name"])
            .hint()
            .starts_with("did you mean `knot-holds-sail`? ")
    );
}

#[test]
fn without_saved_questions_there_is_nothing_new() {
    let home = home();
    let ran = refresh(&home);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(3), ""), "{ran:#?}");
    assert!(ran.stderr.contains("no questions are saved"), "{ran:#?}");
}

#[test]
fn a_new_answer_is_reported_once_and_an_edition_about_something_else_never() {
    let home = home();
    save(&home);
    assert_eq!(refresh(&home).status, Some(3), "nothing answers yet");
    let text = edition(
        "bread",
        "How do I bake rye bread?",
        "Bake it slowly, because rye has little gluten.",
    );
    home.write("corpus/bread.md", text);
    assert_eq!((refresh(&home).status, refresh(&home).stdout), (Some(3), String::new()));
    plant(&home, "fleet", FIRST);
    let news = refresh(&home);
    assert_eq!(
        (news.status, ids(&news)),
        (Some(0), vec!["fleet/q1".to_string()]),
        "{news:#?}"
    );
    let line: Value = serde_json::from_str(&news.stdout).unwrap();
    assert_eq!((&line["name"], &line["first"]), (&"zeppelin".into(), &false.into()));
    let evidence = &line["discussions"][0]["evidence"][0];
    assert!(FIRST.contains(evidence["quote"].as_str().unwrap()), "{line:#}");
    assert_eq!(
        (&evidence["id"], &evidence["contributor"]),
        (&"fleet/q1/a".into(), &"Pilot of fleet".into())
    );
    let again = refresh(&home);
    assert_eq!((again.status, again.stdout.as_str()), (Some(3), ""), "{again:#?}");
}

#[test]
fn a_first_run_reports_what_answers_now_as_text() {
    let home = home();
    plant(&home, "fleet", FIRST);
    save(&home);
    let run = || askpm(&home).args(["saved", "run", "zeppelin"]).run();
    let first = run().ok().stdout;
    assert!(
        first.starts_with(&format!(
            "zeppelin (what answers now): {QUESTION}\n\n  {QUESTION}\n  fleet/q1, in On fleet (2024-05-06)\n"
        )),
        "{first}"
    );
    assert!(
        first.contains(&format!("    Pilot of fleet (fleet/q1/a): “{FIRST}”")),
        "{first}"
    );
    assert_eq!(run().status, Some(3));
}

#[test]
fn a_first_run_reports_all_that_answers_and_the_next_one_nothing() {
    let home = home();
    for (slug, days) in [
        ("fleet", "week"),
        ("north", "day"),
        ("south", "month"),
        ("east", "summer"),
        ("west", "year"),
    ] {
        let answer = format!("Hiring a zeppelin for a {days} costs 9,000 dollars in the {slug}, with its pilot.");
        home.write(
            &format!("corpus/{slug}.md"),
            edition(
                slug,
                &format!("How much does it cost to hire a zeppelin for a {days}?"),
                &answer,
            ),
        );
    }
    save(&home);
    let mut found = ids(&refresh(&home));
    found.sort();
    assert_eq!(found, ["east/q1", "fleet/q1", "north/q1", "south/q1", "west/q1"]);
    assert_eq!(refresh(&home).status, Some(3));
}

#[test]
fn a_contradiction_in_a_discussion_of_something_else_is_reported_once() {
    let home = home();
    plant(&home, "fleet", FIRST);
    save(&home);
    assert_eq!(ids(&refresh(&home)), ["fleet/q1"]);
    let other = edition(
        "gala",
        "What surprised you most at the gala in Lyon?",
        "The hall was full. Never hire a zeppelin for a week and pay the pilot by the day.",
    );
    home.write("corpus/gala.md", other);
    let news = refresh(&home);
    assert_eq!(ids(&news), ["gala/q1"], "{news:#?}");
    let line: Value = serde_json::from_str(&news.stdout).unwrap();
    let evidence = &line["discussions"][0]["evidence"][0];
    assert!(
        evidence["quote"].as_str().unwrap().starts_with("Never hire a zeppelin"),
        "{line:#}"
    );
    assert_eq!(evidence["contradicts"]["id"], "fleet/q1/a", "{line:#}");
    assert_eq!(refresh(&home).status, Some(3));
}

#[test]
fn a_second_answer_is_not_hidden_by_a_better_one_that_was_there() {
    let home = home();
    plant(&home, "fleet", FIRST);
    save(&home);
    assert_eq!(ids(&refresh(&home)), ["fleet/q1"]);
    home.write(
        "corpus/later.md",
        edition(
            "later",
            "What does it cost to hire a zeppelin for a day?",
            "A zeppelin costs 2,000 dollars a day to hire, with its pilot.",
        ),
    );
    assert_eq!(ids(&refresh(&home)), ["later/q1"]);
}

#[test]
fn a_third_answer_is_not_hidden_by_two_that_were_reported() {
    let home = home();
    // Text on other things, so that the words of the question are not rare in everything.
    for word in ["bread", "sails", "ropes"] {
        let (title, text) = (
            format!("Which {word} hold in winter?"),
            format!("The {word} hold best in winter when they are old."),
        );
        home.write(&format!("corpus/{word}.md"), edition(word, &title, &text));
    }
    let question = "When should we sunset an old feature?";
    askpm(&home).args(["save", question]).run().ok();
    assert_eq!(refresh(&home).status, Some(3));
    for (slug, title, answer) in [
        (
            "first",
            question,
            "Sunset an old feature when it costs more to keep than its users pay. Ours had 40 users.",
        ),
        (
            "second",
            "Which old features should we sunset first?",
            "Sunset the features that break most often first. In May we switched off 12 of them, and the mail halved.",
        ),
        (
            "third",
            "When is it time to sunset a feature?",
            "Sunset a feature once fewer than 30 accounts opened it in a quarter, and each of them has another way.",
        ),
        (
            "fourth",
            "What does it take to sunset a feature?",
            "Sunset a feature with a letter to each customer and a date that holds. Ours took 12 weeks.",
        ),
    ] {
        home.write(&format!("corpus/{slug}.md"), edition(slug, title, answer));
        assert_eq!(ids(&refresh(&home)), [format!("{slug}/q1")]);
    }
}

#[test]
fn only_new_answers_of_a_changed_edition_are_reported() {
    let home = home();
    plant(&home, "fleet", FIRST);
    save(&home);
    refresh(&home);
    let second = "Hire the zeppelin in winter, when the cost of a week falls to half of that.";
    plant(&home, "fleet", &format!("{FIRST}\n\n### B. Broker\n\n{second}"));
    let news = refresh(&home);
    let line: Value = serde_json::from_str(&news.stdout).unwrap();
    let item = &line["discussions"][0];
    assert_eq!(
        (&item["id"], &item["change"]),
        (&"fleet/q1".into(), &"changed".into()),
        "{line:#}"
    );
    let evidence = item["evidence"].as_array().unwrap();
    assert!(
        evidence.iter().all(|one| one["id"] == "fleet/q1/b") && !evidence.is_empty(),
        "{line:#}"
    );
    assert_eq!(refresh(&home).status, Some(3));
}

#[test]
fn what_contradicts_an_earlier_report_is_marked() {
    let home = home();
    plant(&home, "fleet", FIRST);
    save(&home);
    refresh(&home);
    let denial = "Do not hire a zeppelin for a week at 9,000 dollars, whatever the cost of the pilot by the day.";
    plant(&home, "rival", denial);
    let news = refresh(&home);
    let line: Value = serde_json::from_str(&news.stdout).unwrap();
    let evidence = &line["discussions"][0]["evidence"][0];
    assert_eq!(
        (&evidence["quote"], &evidence["contradicts"]["id"]),
        (&denial.into(), &"fleet/q1/a".into()),
        "{line:#}"
    );
    plant(
        &home,
        "third",
        "Hire a zeppelin from a club, since a member pays less for a week.",
    );
    let news = refresh(&home);
    assert!(
        !news.stdout.is_empty() && !news.stdout.contains("\"contradicts\":{"),
        "{news:#?}"
    );
}

#[test]
fn a_report_that_was_not_read_is_reported_again() {
    let home = home();
    plant(&home, "fleet", FIRST);
    save(&home);
    // The reader of the pipe goes away before anything is written.
    let mut child = askpm(&home).args(["saved", "run"]).spawn();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    assert!(!told.contains("panicked"), "{told}");
    assert!(!home.path(".local/share/askpm/saved").exists());
    assert_eq!(ids(&refresh(&home)), ["fleet/q1"]);
    // What was seen cannot be read: the run says so, and the next one reports the same again.
    let folder = home.path(".local/share/askpm/saved");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    refresh(&home).fails(1, &["cannot read ", ".json: "]);
    fs::remove_file(&folder).unwrap();
    assert_eq!(ids(&refresh(&home)), ["fleet/q1"]);
    home.write(
        file.strip_prefix(home.path("")).unwrap().to_str().unwrap(),
        "{\"version\":1,",
    );
    let ran = refresh(&home);
    assert!(
        ran.stderr.contains("is damaged") && ids(&ran) == ["fleet/q1"],
        "{ran:#?}"
    );
}

#[test]
fn a_mistake_in_the_file_is_one_line_with_its_place_and_comments_survive() {
    let home = home();
    let path = home.write(
        ".config/askpm/saved.toml",
        "# Ours.\n\npricing = \"How?\" # monthly\nhiring = 3\n",
    );
    let ran = refresh(&home);
    assert!(
        ran.fails(1, &["saved.toml:4: hiring: expected a question in quotation marks"])
            .hint()
            .contains("NAME = \"QUESTION\"")
    );
    fs::write(&path, "# Ours.\n\npricing = \"How?\" # monthly\n").unwrap();
    save(&home);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        format!("# Ours.\n\npricing = \"How?\" # monthly\nzeppelin = \"{QUESTION}\"\n")
    );
}

#[test]
fn text_of_editions_and_questions_cannot_act_on_a_terminal() {
    let home = home();
    plant(&home, "fleet", &format!("{FIRST} It is \u{1b}[2J red."));
    home.write(
        ".config/askpm/saved.toml",
        "z = \"How much does it cost to hire\\u0007 a zeppelin?\\u001b\"\n",
    );
    let ran = askpm(&home).args(["refresh", "--saved"]).run().ok();
    assert!(
        ran.stdout.contains("fleet/q1") && !ran.stdout.contains('\u{1b}'),
        "{ran:#?}"
    );
}

#[test]
fn a_feed_with_an_answer_makes_news() {
    let server = FeedServer::start();
    let home = home();
    home.write("settings.toml", format!("feeds = [{:?}]\n", server.at("/feed")));
    save(&home);
    let item = format!(
        "<item><title>{QUESTION}</title><link>https://example.org/1</link><description>{FIRST}</description></item>"
    );
    server.serve(
        "/feed",
        Served::Plain(format!(
            "<rss version=\"2.0\"><channel><title>L</title>{item}</channel></rss>"
        )),
    );
    let run = || {
        askpm(&home)
            .env("ASKPM_CONFIG", home.path("settings.toml"))
            .args(["refresh", "--saved"])
            .run()
    };
    let ran = run();
    assert!(
        ran.status == Some(0) && ran.stdout.contains("9,000 dollars") && !ran.stdout.contains("1 added"),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains("1 added") || ran.stderr.contains("2 added"),
        "{ran:#?}"
    );
    assert_eq!(run().status, Some(3));
}

#[test]
fn a_timer_is_printed_and_written_only_with_yes() {
    let home = home();
    let config = home.path("my settings.toml");
    fs::write(&config, "").unwrap();
    let run = |args: &[&str]| {
        askpm(&home)
            .env("ASKPM_CONFIG", &config)
            .args(["refresh", "--install-timer"])
            .args(args)
            .run()
            .ok()
    };
    let shown = run(&[]).stdout;
    for part in [
        "ExecStart=",
        "SuccessExitStatus=3",
        "OnCalendar=hourly",
        "17 * * * * ",
        "my settings.toml\"",
        "my settings.toml'",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let folder = home.path(".config/systemd/user");
    assert!(!folder.exists());
    let written = run(&["--yes"]).stdout;
    assert!(
        written.contains("systemctl --user enable --now askpm-refresh.timer"),
        "{written}"
    );
    let service = fs::read_to_string(folder.join("askpm-refresh.service")).unwrap();
    verified_by_systemd(&home, &folder);
    assert!(
        service.contains("refresh --saved --quiet --config") && shown.contains(&service),
        "{service}"
    );
    assert!(folder.join("askpm-refresh.timer").is_file());
    assert_eq!(askpm(&home).args(["refresh", "--yes"]).run().status, Some(2));
}

/// Lets systemd itself check both units, where it is installed.
fn verified_by_systemd(home: &Home, folder: &Path) {
    let program = Path::new("/usr/bin/systemd-analyze");
    if !program.exists() {
        return skipped("systemd-analyze is not installed, so nothing but askpm has checked the timer");
    }
    let verify = |units: [PathBuf; 2]| {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", home.path(""))
            .env("XDG_RUNTIME_DIR", home.path("run"));
        command
            .args(["verify", "--user", "--man=no"])
            .args(units)
            .output()
            .unwrap()
    };
    fs::create_dir_all(home.path("run")).unwrap();
    let units = ["askpm-refresh.service", "askpm-refresh.timer"].map(|name| folder.join(name));
    let good = verify(units.clone());
    let told = String::from_utf8_lossy(&good.stderr).into_owned();
    if told.contains("Failed to initialize manager") {
        return skipped(format!("systemd-analyze cannot run here: {told}"));
    }
    assert!(good.status.success() && told.is_empty(), "{good:?}");
    // It notices a mistake, so its silence means something.
    let timer = fs::read_to_string(&units[1]).unwrap();
    assert!(timer.contains("OnCalendar=hourly"), "{timer}");
    fs::write(&units[1], timer.replace("OnCalendar=hourly", "OnCalendar=hurly")).unwrap();
    let bad = verify(units.clone());
    assert!(!bad.status.success(), "{bad:?}");
    fs::write(&units[1], timer).unwrap();
}
