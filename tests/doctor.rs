//! Tests `askpm doctor`: it names each fault and its fix. `--fix` repairs what is safe and touches nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::harness::{Home, Ran};

fn doctor(home: &Home, args: &[&str]) -> Ran {
    home.askpm().args(["doctor", "--json"]).args(args).run()
}

/// Returns the state, detail and fix of the first check of this name.
fn check(ran: &Ran, name: &str) -> Option<(String, String, String)> {
    let json = ran.json();
    let check = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == name)?;
    let text = |key: &str| check[key].as_str().unwrap_or("").to_string();
    Some((text("state"), text("detail"), text("mend")))
}

fn mended(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let lines = json["mended"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap().to_string()).collect()
}

fn bytes_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| (entry.path().to_path_buf(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn make_old(path: &Path) {
    let day_ago = SystemTime::now() - Duration::from_secs(86_400);
    fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(day_ago)
        .unwrap();
}

/// Returns the only index folder of `home`.
fn index(home: &Home) -> PathBuf {
    let mut folders = fs::read_dir(home.path(".cache/askpm/index")).unwrap();
    folders.next().unwrap().unwrap().path()
}

#[test]
fn the_instructions_that_compute_are_named_and_a_wrong_choice_is_a_fault() {
    let home = Home::new();
    let run = |path: &str| home.askpm().env("ASKPM_CPU", path).args(["doctor", "--json"]).run();
    let (state, detail, _) = check(&run("plain"), "machine").unwrap();
    assert!(state == "ok" && detail.ends_with("computes with plain"), "{detail}");
    let (state, detail, mend) = check(&run("sse"), "machine").unwrap();
    assert!(state == "broken" && detail.contains("ASKPM_CPU=sse"), "{detail}");
    assert!(mend.contains("plain"), "{mend}");
}

#[test]
fn a_home_in_order_has_no_fault_and_nothing_to_mend() {
    let home = Home::new();
    let untouched = doctor(&home, &[]).ok();
    assert_eq!(check(&untouched, "settings").unwrap().0, "ok");
    assert!(
        !home.path(".cache").exists() && !home.path(".local").exists(),
        "looking made something"
    );
    home.askpm().args(["search", "price"]).run().ok();
    let ran = doctor(&home, &["--fix"]).ok();
    assert_eq!(check(&ran, "index").unwrap().0, "ok");
    assert!(mended(&ran).is_empty(), "{ran:#?}");
    for name in ["leftover", "access", "download"] {
        assert_eq!(check(&ran, name), None, "{ran:#?}");
    }
}

#[test]
fn a_damaged_index_is_named_and_made_again() {
    let home = Home::new();
    home.askpm().args(["search", "price"]).run().ok();
    let generation = index(&home).join("gen-1");
    for path in bytes_of(&generation)
        .keys()
        .filter(|path| path.extension().is_some_and(|e| e == "store"))
    {
        fs::write(path, "harmed").unwrap();
    }
    let before = doctor(&home, &[]).ok();
    let (state, detail, mend) = check(&before, "index").unwrap();
    assert!(
        state == "note" && detail.contains("damaged") && mend == "askpm refresh",
        "{before:#?}"
    );
    let ran = doctor(&home, &["--fix"]).ok();
    assert_eq!(check(&ran, "index").unwrap().0, "ok");
    assert!(mended(&ran)[0].starts_with("index: rebuilt"), "{ran:#?}");
    assert!(mended(&doctor(&home, &["--fix"])).is_empty());
}

#[test]
fn a_folder_that_is_not_askpm_s_is_named_and_left_alone() {
    let home = Home::new();
    home.askpm().args(["search", "price"]).run().ok();
    let index = index(&home);
    fs::remove_dir_all(&index).unwrap();
    fs::create_dir_all(index.join("gen-1")).unwrap();
    fs::write(index.join("gen-1/thesis.txt"), "years of work").unwrap();
    let ran = doctor(&home, &["--fix"]);
    assert_eq!(ran.status, Some(1));
    let (state, _, mend) = check(&ran, "index").unwrap();
    assert!(state == "broken" && mend.starts_with("move "), "{ran:#?}");
    assert_eq!(
        fs::read_to_string(index.join("gen-1/thesis.txt")).unwrap(),
        "years of work"
    );
}

#[test]
fn what_killed_programs_left_is_removed_and_editions_and_fresh_files_are_not() {
    let home = Home::new();
    home.askpm().args(["search", "price"]).run().ok();
    home.write(
        ".local/share/askpm/corpus/mine.md",
        "---\nslug: mine\ntitle: Mine\n---\n\n## Q1. W?\n\n### A. S\n\nX.\n",
    );
    let left = [
        home.write(".local/share/askpm/corpus/.import-a1B2c3", "half"),
        home.write(".cache/askpm/feeds/.feeds-a1B2c3", "half"),
        home.write(".config/askpm/.askpm-a1B2c3", "half"),
    ];
    let kept = [
        home.write(".config/askpm/.askpm-Z9Y8X7", "being written just now"),
        home.write(".config/askpm/.askpm-notes-of-mine", "mine"),
        home.write(".config/askpm/config.toml", "top_k = 3\n"),
        home.path(".local/share/askpm/corpus/mine.md"),
    ];
    for path in left.iter().chain(&kept[1..]) {
        make_old(path);
    }
    let before: Vec<_> = kept.iter().map(|path| fs::read(path).unwrap()).collect();
    let (state, detail, mend) = check(&doctor(&home, &[]).ok(), "leftover").unwrap();
    assert!(
        state == "note" && detail.starts_with("3 files") && mend == "askpm doctor --fix",
        "{detail}"
    );
    assert!(left.iter().all(|path| path.exists()), "looking removed something");
    let ran = doctor(&home, &["--fix"]).ok();
    assert!(left.iter().all(|path| !path.exists()), "{ran:#?}");
    assert_eq!(
        kept.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>(),
        before
    );
    assert_eq!(check(&ran, "leftover"), None);
}

#[test]
fn settings_that_are_wrong_are_one_fault_among_the_others() {
    let home = Home::new();
    home.write(".config/askpm/config.toml", "modle = 1\n");
    home.write(".config/askpm/config.draft.toml", "top_k = 1000\n");
    let ran = doctor(&home, &["--fix"]);
    assert_eq!(ran.status, Some(1));
    let (state, detail, mend) = check(&ran, "settings").unwrap();
    assert!(
        state == "broken" && detail.contains("config.toml:1: unknown setting") && mend.contains("`model`"),
        "{ran:#?}"
    );
    assert_eq!(check(&ran, "corpus").unwrap().0, "ok");
    assert!(ran.stdout.contains("config.draft.toml has changes"), "{ran:#?}");
    assert_eq!(
        fs::read_to_string(home.path(".config/askpm/config.toml")).unwrap(),
        "modle = 1\n"
    );
}

#[test]
fn the_model_that_the_settings_name_is_the_one_that_is_looked_at() {
    let home = Home::new();
    let look = |model: &str| {
        home.write(".config/askpm/config.toml", format!("model = {model:?}\n"));
        check(&doctor(&home, &[]), "model").unwrap()
    };
    let (state, detail, _) = look("none");
    assert!(state == "ok" && detail.contains("quotes"), "{detail}");
    let (state, detail, mend) = look("gone/model.gguf");
    assert!(
        state == "broken" && detail.contains("gone/model.gguf") && !mend.is_empty(),
        "{detail} {mend}"
    );
    let (state, detail, mend) = look("smollm2-135");
    assert!(
        state == "broken" && detail.contains("smollm2-135") && mend.contains("`smollm2-135m`"),
        "{detail} {mend}"
    );
    let (state, _, mend) = look("qwen3-0.6b");
    assert_eq!(
        (state.as_str(), mend.as_str()),
        ("note", "askpm models pull qwen3-0.6b")
    );
}

#[cfg(unix)]
#[test]
fn what_others_can_read_and_what_its_owner_cannot_is_set_right() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.askpm().args(["search", "price"]).run().ok();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let cache = home.path(".cache/askpm");
    assert_eq!((mode(&cache), mode(&home.path(".local/share/askpm"))), (0o700, 0o700));
    set(&cache, 0o755);
    let ran = doctor(&home, &[]).ok();
    assert!(
        check(&ran, "access").unwrap().1.contains("can be read by others"),
        "{ran:#?}"
    );
    let marker = index(&home).join("askpm-index");
    set(&marker, 0o000);
    let ran = doctor(&home, &[]);
    assert_eq!(
        (ran.status, check(&ran, "access").unwrap().0.as_str()),
        (Some(1), "broken")
    );
    let ran = doctor(&home, &["--fix"]).ok();
    assert_eq!((mode(&cache), mode(&marker)), (0o700, 0o600));
    assert_eq!(check(&ran, "access"), None);
}

/// A link in askpm's folder may lead to someone else's files, which askpm must not change.
#[cfg(unix)]
#[test]
fn no_link_is_followed_out_of_askpm_s_folders() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.askpm().args(["search", "price"]).run().ok();
    let outside = home.write("outside/.askpm-a1B2c3", "mine");
    make_old(&outside);
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o000)).unwrap();
    std::os::unix::fs::symlink(home.path("outside"), home.path(".cache/askpm/elsewhere")).unwrap();
    std::os::unix::fs::symlink(&outside, home.path(".cache/askpm/.askpm-b1B2c3")).unwrap();
    doctor(&home, &["--fix"]).ok();
    assert!(outside.exists());
    assert_eq!(fs::metadata(&outside).unwrap().permissions().mode() & 0o777, 0);
}

#[cfg(unix)]
#[test]
fn a_read_only_settings_file_is_in_order() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let path = home.write(".config/askpm/config.toml", "top_k = 3\n");
    fs::set_permissions(home.path(".config/askpm"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let ran = doctor(&home, &["--fix"]).ok();
    assert_eq!(check(&ran, "access"), None, "{ran:#?}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    assert!(check(&doctor(&home, &[]), "access").is_some());
}
