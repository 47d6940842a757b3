//! Tests that no name from a newsletter, feed, edition or list of models leads out of askpm's folders.
//!
//! Only their owner can read those folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::harness::Home;
use crate::harness::feed_server::{FeedServer, Served};

/// Names that would leave a folder if joined to its path.
const AWAY: [&str; 6] = [
    "../../../evil",
    "/tmp/askpm-evil",
    "..",
    "a/../../evil",
    "C:\\evil",
    "evil\u{0}x",
];

/// Returns every file of the home folder outside the folders that askpm may write to.
fn outside(home: &Home) -> BTreeMap<PathBuf, Vec<u8>> {
    let ours = [home.path(".cache"), home.path(".local/share/askpm")];
    let entries = walkdir::WalkDir::new(home.path("")).into_iter().flatten();
    let files =
        entries.filter(|entry| entry.file_type().is_file() && !ours.iter().any(|dir| entry.path().starts_with(dir)));
    files
        .map(|entry| (entry.path().to_path_buf(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn imports_and_feeds_write_to_the_corpus_and_nowhere_else() {
    let home = Home::new();
    let server = FeedServer::start();
    let mut items = String::new();
    for (n, name) in AWAY.iter().enumerate() {
        let name = name.replace('\u{0}', "");
        home.write(
            &format!("letters/{n}.md"),
            format!(
                "---\nslug: {name}\ntitle: {name}\n---\n\n## Q1. What is number {n}?\n\n### A. Somebody\n\nA walrus.\n"
            ),
        );
        home.write(
            &format!("letters/{n}.txt"),
            format!("{name}\n\nQ1. What of {n}?\n\nA. A walrus of some size.\n- {name}\n"),
        );
        items += &format!(
            "<item><title>{name}</title><link>{name}</link><guid>{name}</guid>\
                           <description>Number {n}: what was said of the walrus.</description></item>"
        );
    }
    server.serve(
        "/feed",
        Served::Plain(format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>../..</title>{items}</channel></rss>"
        )),
    );
    home.write(
        ".config/askpm/config.toml",
        format!("feeds = [\"{}\"]\n", server.at("/feed")),
    );
    let before = outside(&home);
    home.bare().args(["import", "letters"]).run().ok();
    home.bare().args(["refresh"]).run().ok();
    assert_eq!(outside(&home), before);
    let written: Vec<_> = fs::read_dir(home.path(".local/share/askpm/corpus")).unwrap().collect();
    assert!(written.len() >= AWAY.len(), "{written:?}");
    assert!(!PathBuf::from("/tmp/askpm-evil.md").exists());
}

#[test]
fn an_identifier_is_no_path() {
    let home = Home::new();
    home.write(
        "evil.md",
        "---\nslug: evil\ntitle: Evil\n---\n\n## Q1. W?\n\n### A. S\n\nSecret walrus.\n",
    );
    for id in ["../../evil", "/etc/passwd", "../evil/q1", "..", "evil\u{7}"] {
        let ran = home.askpm().args(["show", id]).run().fails(1, &[]);
        assert!(!ran.stderr.contains("Secret"), "{ran:#?}");
    }
    let ran = home.askpm().args(["search", "--edition", "../../evil", "walrus"]).run();
    assert!(ran.stdout.is_empty(), "{ran:#?}");
}

#[test]
fn a_list_of_models_cannot_name_a_file_elsewhere() {
    let home = Home::new();
    let list = |name: &str, repo: &str, revision: &str, file: &str| {
        format!(
            "version = 1\n[[model]]\nname = {name:?}\ntitle = \"T\"\narchitecture = \"llama\"\nquantization = \"F32\"\n\
             context = 8\nlicence = \"MIT\"\nsize = 4\nsha256 = \"{}\"\nmin_memory_mb = 1\n[[model.source]]\n\
             kind = \"hub\"\nrepo = {repo:?}\nrevision = {revision:?}\nfile = {file:?}\n",
            "1".repeat(64)
        )
    };
    home.write("kept.gguf", "mine");
    for away in ["../../../kept.gguf", "/etc/passwd", "..", "a/../../../kept.gguf"] {
        for text in [
            list(away, "some/tiny", "main", "a.gguf"),
            list("tiny", away, "main", "a.gguf"),
            list("tiny", "some/tiny", away, "a.gguf"),
            list("tiny", "some/tiny", "main", away),
        ] {
            home.write(".config/askpm/models.toml", text);
            let before = outside(&home);
            for args in [
                &["models", "pull", "tiny"][..],
                &["models", "remove", "tiny"],
                &["models", "list"],
            ] {
                home.bare().args(args).run().fails(1, &["models.toml:"]);
            }
            assert_eq!(outside(&home), before);
        }
    }
}

/// This must hold for any umask: someone who cannot enter the folders cannot read their files.
#[cfg(unix)]
#[test]
fn what_newsletters_say_and_what_was_set_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};
    let home = Home::new();
    home.write(
        "letter.md",
        "---\nslug: mine\ntitle: Mine\n---\n\n## Q1. W?\n\n### A. S\n\nA walrus.\n",
    );
    let mode = |under: &str| fs::metadata(home.path(under)).unwrap().permissions().mode() & 0o777;
    for args in [&["import", "letter.md"][..], &["search", "walrus"], &["config", "edit"]] {
        let askpm = home
            .bare()
            .env("EDITOR", "f() { echo 'top_k = 3' > \"$1\"; }; f")
            .command();
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", "umask 0 && exec \"$@\"", "sh"])
            .arg(askpm.get_program())
            .args(args);
        shell
            .env_clear()
            .envs(askpm.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = shell.current_dir(home.path("")).stdin(Stdio::null()).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    }
    for folder in [".cache/askpm", ".local/share/askpm", ".config/askpm"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    assert_eq!(mode(".config/askpm/config.toml"), 0o600);
}
