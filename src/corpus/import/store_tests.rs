//! Tests of what an import does to a folder.

use super::*;
use crate::corpus::import::{Limits, import_bytes};

const NOTE: &str = "# A note\n\nOn what was said at the table.\n";

fn import(text: &str) -> ImportReport {
    let report = import_bytes("note.md", text.as_bytes(), &Limits::default());
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    report
}

fn outcome(dir: &Path, report: &ImportReport) -> Stored {
    store(dir, report).unwrap().remove(0)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn importing_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("made/on/demand");
    assert_eq!(outcome(&dir, &import(NOTE)).outcome, Outcome::Added);
    let written = fs::read(dir.join("a-note.md")).unwrap();
    assert_eq!(outcome(&dir, &import(NOTE)).outcome, Outcome::Unchanged);
    assert_eq!(fs::read(dir.join("a-note.md")).unwrap(), written);
    assert_eq!(names(&dir), ["a-note.md"]);
}

#[test]
fn the_same_text_by_another_way_is_one_edition_and_fills_gaps() {
    let dir = tempfile::tempdir().unwrap();
    outcome(dir.path(), &import(NOTE));
    let mut other = import(&NOTE.replace("A note", "The note").replace("was said", "was  SAID"));
    let again = outcome(dir.path(), &other);
    assert_eq!(again.outcome, Outcome::Duplicate { of: "a-note".into() });
    other.editions[0].edition.date = Some("2024-03-05".into());
    assert_eq!(outcome(dir.path(), &other).outcome, Outcome::Replaced);
    let text = fs::read_to_string(dir.path().join("a-note.md")).unwrap();
    let edition = markdown::parse("a-note.md", &text).unwrap();
    assert_eq!(
        (edition.title.as_str(), edition.date.as_deref()),
        ("A note", Some("2024-03-05"))
    );
    assert!(matches!(outcome(dir.path(), &other).outcome, Outcome::Duplicate { .. }));
}

#[test]
fn another_edition_of_the_same_title_gets_a_name_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    outcome(dir.path(), &import(NOTE));
    let second = import(&NOTE.replace("table", "window"));
    assert_eq!(outcome(dir.path(), &second).slug, "a-note-2");
    let mut third = import(&NOTE.replace("table", "door"));
    third.editions[0].edition.date = Some("2024-03-05".into());
    assert_eq!(outcome(dir.path(), &third).slug, "a-note-2024-03-05");
    assert_eq!(outcome(dir.path(), &second).outcome, Outcome::Unchanged);
    assert_eq!(names(dir.path()).len(), 3);
}

#[cfg(unix)]
#[test]
fn imports_at_the_same_time_file_each_edition_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = import(NOTE);
    for n in 0..20 {
        report
            .editions
            .extend(import(&NOTE.replace("table", &format!("chair {n}"))).editions);
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| store(dir.path(), &report).unwrap());
        }
    });
    assert_eq!(names(dir.path()).len(), 21);
}

#[test]
fn a_file_that_is_no_edition_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a-note.md"), "my own").unwrap();
    assert_eq!(outcome(dir.path(), &import(NOTE)).slug, "a-note-2");
    assert_eq!(fs::read_to_string(dir.path().join("a-note.md")).unwrap(), "my own");
}

#[test]
fn two_ways_in_one_report_are_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = import(NOTE);
    report
        .editions
        .extend(import(&NOTE.replace("A note", "Note A")).editions);
    let stored = store(dir.path(), &report).unwrap();
    assert_eq!(stored[1].outcome, Outcome::Duplicate { of: "a-note".into() });
    assert_eq!(names(dir.path()).len(), 1);
}

#[test]
fn a_folder_that_is_a_file_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "x").unwrap();
    let error = store(&file, &import(NOTE)).unwrap_err();
    assert!(error.to_string().contains("taken") && !error.hint().is_empty());
}

/// A feed with one entry at some point in time.
fn entry(title: &str, text: &str) -> ImportReport {
    let feed = format!(
        "<rss version='2.0'><channel><title>F</title><item><title>{title}</title><guid>https://e.org/p</guid>\
         <description>{text}</description></item></channel></rss>"
    );
    import_bytes("feed.xml", feed.as_bytes(), &Limits::default())
}

#[test]
fn a_corrected_entry_replaces_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let first = outcome(dir.path(), &entry("Pricing", "Sales rose by 80%, and stayed there."));
    assert_eq!(first.outcome, Outcome::Added);
    assert_eq!(
        outcome(dir.path(), &entry("Pricing", "Sales rose by 80%, and stayed there.")).outcome,
        Outcome::Unchanged
    );
    let corrected = entry("Prices", "Sales rose by 8%, and stayed there.");
    let second = outcome(dir.path(), &corrected);
    assert_eq!((second.outcome, second.slug.as_str()), (Outcome::Changed, "pricing"));
    let text = fs::read_to_string(dir.path().join("pricing.md")).unwrap();
    assert!(text.contains("by 8%") && text.contains("title: Prices"), "{text}");
    assert_eq!(outcome(dir.path(), &corrected).outcome, Outcome::Unchanged);
    assert_eq!(names(dir.path()), [".askpm-imported.json", "pricing.md"]);
}

#[test]
fn a_teaser_in_the_place_of_an_entry_replaces_nothing_and_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let full = "Sales rose by 8% in the first week, stayed there for a month, and fell when the rival copied the page.";
    outcome(dir.path(), &entry("Pricing", full));
    let written = fs::read(dir.path().join("pricing.md")).unwrap();
    let kept = outcome(dir.path(), &entry("Pricing", "Sales rose by 8% [Read on]"));
    assert!(matches!(kept.outcome, Outcome::Kept { .. }), "{kept:?}");
    assert!(
        kept.warning()
            .unwrap()
            .contains("kept pricing as it was: the new version has")
    );
    assert_eq!(fs::read(dir.path().join("pricing.md")).unwrap(), written);
    // What is deleted may come back as the feed has it now.
    fs::remove_file(dir.path().join("pricing.md")).unwrap();
    let again = outcome(dir.path(), &entry("Pricing", "Sales rose by 8% [Read on]"));
    assert_eq!(again.outcome, Outcome::Added);
}

#[test]
fn an_edited_edition_stays_as_its_editor_left_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = entry("Pricing", "Sales rose by 80%, and stayed there.");
    outcome(dir.path(), &first);
    let path = dir.path().join("pricing.md");
    let edited = fs::read_to_string(&path).unwrap().replace("80%", "80% (in May)");
    fs::write(&path, &edited).unwrap();
    assert_eq!(outcome(dir.path(), &first).outcome, Outcome::Unchanged);
    let corrected = outcome(dir.path(), &entry("Pricing", "Sales rose by 8%, and stayed there."));
    assert_eq!(
        (corrected.outcome, corrected.slug.as_str()),
        (Outcome::Added, "pricing-2")
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
}

#[test]
fn another_entry_under_a_used_identifier_replaces_nothing() {
    let dir = tempfile::tempdir().unwrap();
    outcome(dir.path(), &entry("Pricing", "Sales rose by 80%, and stayed there."));
    let other = outcome(
        dir.path(),
        &entry("Hiring", "Nobody answers every ticket alone for long, we found."),
    );
    assert_eq!((other.outcome, other.slug.as_str()), (Outcome::Added, "hiring"));
    assert!(dir.path().join("pricing.md").exists());
    // Losing the record of identities loses no edition.
    fs::write(dir.path().join(".askpm-imported.json"), "{").unwrap();
    let again = outcome(dir.path(), &entry("Pricing", "Sales rose by 8%, and stayed there."));
    assert_eq!((again.outcome, again.slug.as_str()), (Outcome::Added, "pricing-2"));
}
