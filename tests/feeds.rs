//! Tests feeds that `askpm refresh` fetches by address, through the real binary.

use std::fs;

use crate::harness::feed_server::{FeedServer, Served};
use crate::harness::{Home, Ran, Run};

fn feed(titles: &[&str]) -> String {
    let items: String = titles
        .iter()
        .map(|title| {
            format!(
                "<item><title>{title}</title><link>https://example.org/{}</link>\
                 <description>What was said of {title}, at some length.</description></item>",
                title.len()
            )
        })
        .collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Letters</title>{items}</channel></rss>")
}

/// Creates a home with a corpus of one edition and settings that name the feeds.
fn home(addresses: &[String]) -> Home {
    let home = Home::new();
    let text = "---\nslug: one\ntitle: One\n---\n\n## Q1. What?\n\n### A. Somebody\n\nWalrus.\n";
    home.write("corpus/one.md", text);
    home.write("settings.toml", format!("feeds = {addresses:?}\n"));
    home
}

fn askpm(home: &Home) -> Run {
    let run = home.bare().env("ASKPM_CORPUS", home.path("corpus"));
    run.env("ASKPM_CONFIG", home.path("settings.toml"))
}

fn refresh(home: &Home) -> Ran {
    askpm(home).args(["refresh", "--json"]).run().ok()
}

#[test]
fn a_feed_is_fetched_imported_and_then_asked_whether_it_changed() {
    let server = FeedServer::start();
    let home = home(&[server.at("/feed?key=secret")]);
    server.serve("/feed?key=secret", Served::Tagged("\"1\"", feed(&["Zeppelins"])));
    let first = refresh(&home);
    assert_eq!(first.json()["added"], 2, "{first:#?}");
    askpm(&home).args(["search", "zeppelins"]).run().ok();
    assert_eq!(server.requests().len(), 1, "search and ask fetch nothing");

    let second = refresh(&home);
    assert_eq!((&second.json()["added"], second.stderr.as_str()), (&0.into(), ""));
    assert!(
        server.requests()[1].contains("if-none-match: \"1\""),
        "{:?}",
        server.requests()
    );

    server.serve(
        "/feed?key=secret",
        Served::Tagged("\"2\"", feed(&["Zeppelins", "Submarines"])),
    );
    assert_eq!(refresh(&home).json()["added"], 1);

    for entry in fs::read_dir(home.path("corpus")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn feeds_that_fail_are_warnings_and_the_others_are_imported() {
    let server = FeedServer::start();
    let home = home(&[
        server.at("/nowhere?key=secret"),
        server.at("/large"),
        server.at("/page"),
        "http://127.0.0.1:9/closed".into(),
        server.at("/good"),
    ]);
    server.serve("/large", Served::Endless((16 << 20) + 1));
    server.serve(
        "/page",
        Served::Tagged("\"1\"", "<html><body><p>Log in to read on.</p></body></html>".into()),
    );
    server.serve("/good", Served::Plain(feed(&["Zeppelins"])));
    let ran = refresh(&home);
    let json = ran.json();
    assert_eq!(json["added"], 2, "{ran:#?}");
    let skipped: Vec<_> = json["skipped"].as_array().unwrap().iter().collect();
    assert_eq!(skipped.len(), 4, "{ran:#?}");
    for (row, (file, why)) in skipped.iter().zip([
        ("/nowhere", "404"),
        ("/large", "larger than"),
        ("/page", "not an RSS, Atom or JSON feed"),
        ("/closed", ""),
    ]) {
        assert!(row["file"].as_str().unwrap().ends_with(file), "{row}");
        assert!(row["why"].as_str().unwrap().contains(why), "{row}");
        assert!(ran.stderr.contains(&format!("{file}: ")), "{ran:#?}");
    }
    assert!(!ran.stderr.contains("secret"), "{ran:#?}");
    // A page instead of a feed does not leave validators behind.
    refresh(&home);
    let pages = server
        .requests()
        .into_iter()
        .filter(|head| head.starts_with("get /page"));
    assert!(pages.clone().count() == 2 && pages.clone().all(|head| !head.contains("if-none-match")));
}

#[test]
fn another_corpus_has_the_whole_feed_too() {
    let server = FeedServer::start();
    let home = home(&[server.at("/feed")]);
    server.serve("/feed", Served::Tagged("\"1\"", feed(&["Zeppelins"])));
    refresh(&home);
    home.write(
        "other/two.md",
        "---\nslug: two\ntitle: Two\n---\n\n## Q1. What?\n\n### A. X\n\nY.\n",
    );
    let other = askpm(&home).env("ASKPM_CORPUS", home.path("other"));
    assert_eq!(other.args(["refresh", "--json"]).run().ok().json()["added"], 2);
}

#[test]
fn offline_no_feed_is_asked_for() {
    let server = FeedServer::start();
    let home = home(&[server.at("/feed")]);
    server.serve("/feed", Served::Plain(feed(&["Zeppelins"])));
    let offline = askpm(&home).args(["refresh", "--json", "--offline"]).run().ok();
    assert_eq!((&offline.json()["added"], offline.stderr.as_str()), (&1.into(), ""));
    assert!(server.requests().is_empty());
}

#[test]
fn an_address_that_is_none_of_the_web_is_refused_with_its_line() {
    let home = home(&["file:///etc/passwd".into()]);
    askpm(&home).args(["refresh"]).run().fails(
        1,
        &["settings.toml:1", "feeds must be a list of http or https addresses"],
    );
}

const OPML: &str = "<?xml version=\"1.0\"?>\n<opml version=\"2.0\"><head><title>Mine</title></head><body>\
    <outline text=\"Work\"><outline text=\"PM\"><outline type=\"rss\" text=\"A\" xmlUrl=\"https://a.example/feed?k=1&amp;l=2\" htmlUrl=\"https://a.example/\"/>\
    </outline></outline><outline text=\"B\" xmlUrl=\"http://b.example/\"/>\
    <outline text=\"bad\" xmlUrl=\"file:///etc/passwd\"/></body></opml>\n";

#[test]
fn feeds_of_an_opml_file_are_added_to_the_settings_and_exported_again() {
    let home = home(&["http://b.example/".to_string()]);
    home.write(
        "settings.toml",
        "# Mine\nfeeds = [\"http://b.example/\"] # good\ntop_k = 3\n",
    );
    home.write("mine.opml", OPML);
    let ran = askpm(&home).args(["feeds", "import", "mine.opml"]).run().ok();
    assert_eq!(
        ran.stdout,
        "added https://a.example/feed?k=1&l=2  Work / PM / A\n1 feed added, 1 known before, 1 refused\n"
    );
    assert!(ran.stderr.contains("not subscribed to file:///etc/passwd"), "{ran:#?}");
    let settings = fs::read_to_string(home.path("settings.toml")).unwrap();
    assert!(
        settings.starts_with("# Mine\nfeeds = [") && settings.ends_with("] # good\ntop_k = 3\n"),
        "{settings}"
    );
    let both = "http://b.example/\nhttps://a.example/feed?k=1&l=2  Work / PM / A\n";
    assert_eq!(askpm(&home).args(["feeds", "list"]).run().ok().stdout, both);
    let exported = askpm(&home).args(["feeds", "export"]).run().ok().stdout;
    let (work, a) = (exported.find("text=\"Work\""), exported.find("text=\"A\""));
    assert!(
        work.is_some() && work < a && exported.contains("text=\"PM\""),
        "{exported}"
    );
    assert!(exported.contains("htmlUrl=\"https://a.example/\""), "{exported}");
    let other = Home::new();
    let run = |args: &[&str]| other.bare().args(args).stdin(exported.clone()).run();
    assert!(
        run(&["feeds", "import", "-"])
            .ok()
            .stdout
            .ends_with("2 feeds added, 0 known before, 0 refused\n")
    );
    assert_eq!(run(&["feeds", "list"]).ok().stdout, both);
    let again = askpm(&home).args(["feeds", "import", "mine.opml"]).run().ok();
    assert_eq!(again.stdout, "0 feeds added, 2 known before, 1 refused\n");
    assert_eq!(fs::read_to_string(home.path("settings.toml")).unwrap(), settings);
}

#[test]
fn a_feed_with_a_name_is_fetched_and_its_name_cannot_act_on_a_terminal() {
    let server = FeedServer::start();
    let home = home(&[]);
    let feed_at = server.at("/feed");
    home.write(
        "settings.toml",
        format!("feeds = [{{ url = {feed_at:?}, name = \"Red \\u001b[31m\", folder = \"Work\" }}]\n"),
    );
    server.serve("/feed", Served::Plain(feed(&["Zeppelins"])));
    assert_eq!(refresh(&home).json()["added"], 2);
    let list = askpm(&home).args(["feeds", "list"]).run().ok().stdout;
    assert!(
        list.starts_with(&format!("{feed_at}  Work / Red ")) && !list.contains('\u{1b}'),
        "{list}"
    );
    for (wrong, why) in [
        ("{ url = \"file:///etc/passwd\" }", "feeds must be a list of http"),
        ("{ name = \"x\" }", "missing field `url`"),
        (
            "{ url = \"http://a.example/\", title = \"x\" }",
            "unknown field `title`",
        ),
    ] {
        home.write("settings.toml", format!("\nfeeds = [{wrong}]\n"));
        askpm(&home)
            .args(["feeds", "list"])
            .run()
            .fails(1, &["settings.toml:2", why]);
    }
}

#[test]
fn a_hostile_opml_file_changes_nothing() {
    let home = home(&[]);
    let before = fs::read_to_string(home.path("settings.toml")).unwrap();
    let deep = format!("<opml version='2.0'><body>{}", "<outline text='x'>".repeat(200_000));
    let bomb = "<!DOCTYPE o [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>\n<opml version='2.0'><body><outline text='&a;'/></body></opml>";
    for (text, why) in [
        (deep.as_str(), "line 1: its elements are nested deeper than 64 levels"),
        (bomb, "line 1: it has a document type"),
        ("not XML", "it is not"),
    ] {
        home.write("bad.opml", text);
        let ran = askpm(&home).args(["feeds", "import", "bad.opml"]).run();
        ran.fails(1, &["cannot import feeds from bad.opml: ", why]);
    }
    home.write(
        "bad.opml",
        "<opml version='2.0'><body><outline text='x' xmlUrl='ftp://a/'/></body></opml>",
    );
    assert_eq!(askpm(&home).args(["feeds", "import", "bad.opml"]).run().status, Some(1));
    assert_eq!(fs::read_to_string(home.path("settings.toml")).unwrap(), before);
    let ran = askpm(&home).args(["import", "bad.opml"]).run();
    assert!(ran.stderr.contains("askpm feeds import FILE"), "{ran:#?}");
}

#[test]
fn a_feed_that_moved_is_asked_for_at_its_new_address_until_that_fails() {
    let server = FeedServer::start();
    let home = home(&[server.at("/old")]);
    server.serve("/old", Served::Moved(server.at("/new")));
    server.serve("/new", Served::Tagged("\"1\"", feed(&["Zeppelins"])));
    let first = refresh(&home);
    assert!(
        first.stderr.contains("/old has moved to ") && first.json()["added"] == 2,
        "{first:#?}"
    );
    refresh(&home);
    let asked = |server: &FeedServer| -> Vec<String> {
        let paths = server
            .requests()
            .into_iter()
            .filter_map(|head| Some(head.split(' ').nth(1)?.to_string()));
        paths.collect()
    };
    assert_eq!(asked(&server), ["/old", "/new", "/new"]);
    server.serve("/new", Served::Status(404));
    server.serve("/old", Served::Plain(feed(&["Zeppelins", "Submarines"])));
    refresh(&home);
    assert_eq!(refresh(&home).json()["added"], 1);
    assert_eq!(asked(&server)[3..], ["/new", "/old"]);
}

#[test]
fn a_permanent_redirect_to_something_that_is_no_feed_is_not_remembered() {
    let server = FeedServer::start();
    let home = home(&[server.at("/feed")]);
    server.serve("/feed", Served::Moved(server.at("/sign-in")));
    server.serve("/sign-in", Served::Plain("<html><p>Accept our terms</p></html>".into()));
    let first = refresh(&home);
    assert!(!first.stderr.contains("has moved"), "{first:#?}");
    server.serve("/feed", Served::Plain(feed(&["Zeppelins"])));
    assert_eq!(refresh(&home).json()["added"], 1);
}

#[test]
fn a_busy_server_is_not_asked_before_the_time_it_named() {
    let server = FeedServer::start();
    let home = home(&[server.at("/feed")]);
    server.serve("/feed", Served::Busy(429, "3600".into()));
    let first = refresh(&home);
    assert!(
        first.stderr.contains("429") && first.stderr.contains("asks to wait until 2"),
        "{first:#?}"
    );
    let second = refresh(&home);
    assert!(
        second.stderr.contains("its server asked to wait until 2"),
        "{second:#?}"
    );
    assert_eq!(server.requests().len(), 1);
    server.serve("/soon", Served::Busy(503, "0".into()));
    home.write("settings.toml", format!("feeds = [{:?}]\n", server.at("/soon")));
    refresh(&home);
    refresh(&home);
    assert_eq!(server.requests().len(), 3);
}
