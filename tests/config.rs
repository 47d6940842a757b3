//! Tests `askpm config`: what is set and by what, and that an edit is saved only if it is valid.

use std::fs;

use crate::harness::{Home, Ran, Run};

/// Returns the row of `config show --json` for one setting: value, `from`, `place`.
fn row(ran: &Ran, name: &str) -> (String, String, String) {
    let json = ran.json();
    let rows = json["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    (text(&row["value"]), text(&row["from"]), text(&row["place"]))
}

fn is(ran: &Ran, name: &str, value: &str, from: &str, place: &str) {
    assert_eq!(row(ran, name), (value.into(), from.into(), place.into()));
}

#[test]
fn show_tells_what_holds_and_where_it_comes_from() {
    let home = Home::new();
    let show = |home: &Home| home.bare().args(["config", "show", "--json"]);
    let ran = show(&home).run().ok();
    assert_eq!(ran.json()["exists"], false);
    is(&ran, "device", "auto", "default", "null");
    is(&ran, "top_k", "5 (search: 10)", "default", "null");
    is(&ran, "offline", "false", "default", "null");
    assert_eq!(row(&ran, "corpus").1, "default");

    let text = "# mine\nmodel = \"none\"\ndevice = \"cpu\"\n\nmin_score = 0.4\noffline = true\nfeeds = [\n  \"https://a.example/x\",\n]\n";
    home.write(".config/askpm/config.toml", text);
    let ran = show(&home)
        .env("ASKPM_DEVICE", "auto")
        .env("ASKPM_OFFLINE", "1")
        .args(["-m", "x.gguf"])
        .run()
        .ok();
    is(&ran, "model", "x.gguf", "flag", "--model");
    is(&ran, "device", "auto", "env", "ASKPM_DEVICE");
    is(&ran, "min_score", "0.4", "file", "5");
    is(&ran, "offline", "true", "env", "ASKPM_OFFLINE");
    is(&ran, "feeds", "[\"https://a.example/x\"]", "file", "7");

    let ran = home.askpm().args(["config", "show", "--json"]).run().ok();
    assert_eq!(
        (row(&ran, "corpus").1, row(&ran, "corpus").2),
        ("env".into(), "ASKPM_CORPUS".into())
    );
    is(&ran, "offline", "true", "file", "6");
    let ran = home
        .askpm()
        .args(["--corpus", "here", "config", "show", "--json", "--offline"])
        .run()
        .ok();
    is(&ran, "corpus", "here", "flag", "--corpus");
    is(&ran, "offline", "true", "flag", "--offline");
    let ran = home.askpm().args(["config", "show", "--corpus", "there"]).run().ok();
    assert!(
        ran.stdout.contains("there") && ran.stdout.contains("--corpus"),
        "{ran:#?}"
    );
    assert!(ran.stdout.contains("line 2"), "{ran:#?}");
}

#[test]
fn path_is_told_even_where_the_settings_are_wrong() {
    let home = Home::new();
    let path = home.write(".config/askpm/config.toml", "modle = 3\n");
    let ran = home.bare().args(["config", "path"]).run().ok();
    assert_eq!(ran.stdout.trim(), path.to_str().unwrap());
    let ran = home.bare().args(["config", "path", "--config", "x.toml"]).run().ok();
    assert_eq!(ran.stdout, "x.toml\n");
    let ran = home
        .bare()
        .args(["config", "show"])
        .run()
        .fails(1, &["config.toml:1", "modle"]);
    assert!(ran.hint().starts_with("did you mean `model`?"), "{ran:#?}");
}

#[cfg(unix)]
#[test]
fn edit_starts_from_a_first_file_and_saves_what_is_valid_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let path = home.path(".config/askpm/config.toml");
    let edit = |editor: &str| home.bare().env("EDITOR", editor).args(["config", "edit"]).run();
    assert!(edit("/bin/true").ok().stdout.contains("unchanged"));
    assert!(!path.exists());

    // An editor command with quoted arguments.
    let ran = edit("/bin/sh -c 'echo \"top_k = 3\" >> \"$1\"' sh").ok();
    assert!(ran.stdout.contains("saved"), "{ran:#?}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# Settings of askpm") && text.ends_with("\ntop_k = 3\n"),
        "{text}"
    );
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.clone()), 0o600);
    assert_eq!(mode(home.path(".config/askpm")), 0o700);
    assert_eq!(fs::read_dir(home.path(".config/askpm")).unwrap().count(), 1);
}

#[test]
fn without_a_terminal_no_editor_is_started_unless_one_is_named() {
    let home = Home::new();
    let ran = home.bare().env("EDITOR", "").args(["config", "edit"]).run();
    let ran = ran.fails(1, &["cannot start an editor", "not a terminal"]);
    assert!(ran.hint().contains("VISUAL or EDITOR"), "{ran:#?}");
    assert!(!home.path(".config/askpm/config.toml").exists());
}

#[cfg(unix)]
#[test]
fn an_edit_that_is_wrong_changes_nothing_and_loses_nothing() {
    let home = Home::new();
    let path = home.write(".config/askpm/config.toml", "top_k = 3\n");
    let edit = |editor: &str| home.bare().env("VISUAL", editor).args(["config", "edit"]).run();
    let ran = edit("/bin/sh -c 'echo modle = 1 >> \"$1\"' sh").fails(1, &["config.draft.toml:2", "modle"]);
    assert!(
        ran.hint().contains("is unchanged") && ran.hint().contains("did you mean `model`?"),
        "{ran:#?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "top_k = 3\n");

    // The next edit continues from the draft.
    let ran = edit("/bin/sh -c 'echo \"top_k = 4\" > \"$1\"' sh").ok();
    assert!(ran.stdout.contains("saved"), "{ran:#?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "top_k = 4\n");
    assert!(!home.path(".config/askpm/config.draft.toml").exists());

    for editor in ["/bin/false", "/nowhere/editor", "/bin/sh -c 'kill -9 $$'"] {
        let ran = edit(editor).fails(1, &["editor", editor]);
        assert!(ran.hint().contains("VISUAL"), "{ran:#?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "top_k = 4\n");
        assert!(!home.path(".config/askpm/config.draft.toml").exists());
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let home = Home::new();
    home.write(".config/askpm/config.toml", "model = \"none\"\n");
    let names = [
        "ASKPM_MODEL",
        "ASKPM_DEVICE",
        "ASKPM_ADAPTER",
        "ASKPM_CORPUS",
        "ASKPM_CONFIG",
        "ASKPM_BY",
        "ASKPM_OFFLINE",
    ];
    let empty = |run: Run| names.iter().fold(run, |run, name| run.env(name, ""));
    let ran = empty(home.bare().args(["config", "show", "--json"])).run().ok();
    is(&ran, "model", "none", "file", "1");
    is(&ran, "device", "auto", "default", "null");
    is(&ran, "offline", "false", "default", "null");
    assert_eq!(row(&ran, "corpus").1, "default");
    let ran = empty(home.bare().args(["search", "--by", "words", "price"])).run().ok();
    assert!(!ran.stdout.is_empty(), "{ran:#?}");
}

#[test]
fn a_tilde_in_the_settings_is_the_home_folder() {
    let home = Home::new();
    let edition = "---\nslug: mine\ntitle: Mine\n---\n\n## Q1. Which walrus?\n\n### A. S\n\nThe big one.\n";
    home.write("x/mine.md", edition);
    home.write(".config/askpm/config.toml", "corpus = \"~/x\"\n");
    let ran = home.bare().args(["search", "walrus"]).run().ok();
    assert!(ran.stdout.contains("mine/q1/a"), "{ran:#?}");
    let ran = home.bare().args(["config", "show", "--json"]).run().ok();
    is(&ran, "corpus", home.path("x").to_str().unwrap(), "file", "1");
}
