//! Tests building and refreshing an index. `damage` tests what can go wrong, and `version` that old indexes are noticed.

mod damage;
mod version;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::*;
use crate::corpus::SourceFile;
use crate::corpus::edition::{Answer, Discussion, Edition};
use crate::corpus::markdown::write;

/// Returns a file with the given text. Its hash is that of the text.
pub(crate) fn raw(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        text: Ok(Cow::Owned(text.to_string())),
        hash: sha256(text.as_bytes()),
    }
}

/// Returns an edition `slug` in `slug.md` with discussions `(title, answers)`.
pub(crate) fn edition(slug: &str, discussions: &[(&str, &[&str])]) -> SourceFile {
    let answers = |texts: &[&str]| {
        let answer = |(letter, body): (char, &&str)| Answer {
            letter,
            contributor: format!("Contributor {letter}"),
            also_asked: Vec::new(),
            body: body.to_string(),
        };
        ('a'..).zip(texts).map(answer).collect()
    };
    let edition = Edition {
        slug: slug.into(),
        title: format!("Issue {slug}"),
        date: Some("2024-05-06".into()),
        discussions: (1..)
            .zip(discussions)
            .map(|(number, (title, texts))| Discussion {
                number,
                title: title.to_string(),
                asked_by: None,
                in_short: None,
                also_asked: Vec::new(),
                body: String::new(),
                answers: answers(texts),
            })
            .collect(),
        ..Edition::default()
    };
    raw(&format!("{slug}.md"), &write(&edition))
}

fn some() -> Vec<SourceFile> {
    vec![
        edition(
            "alpha",
            &[(
                "How do we price?",
                &["Ask ten customers.", "Raise it until they leave."],
            )],
        ),
        edition("beta", &[("Who owns the roadmap?", &["The product manager does."])]),
        edition("gamma", &[("When to kill a feature?", &["When nobody opens it."])]),
    ]
}

fn changes(report: &RefreshReport) -> Vec<(Change, &str)> {
    report
        .changes
        .iter()
        .map(|(change, slug)| (*change, slug.as_str()))
        .collect()
}

fn generation(dir: &Path) -> PathBuf {
    folder::current(dir).unwrap().unwrap()
}

/// Returns the identifiers of all passages of the store.
fn ids(store: &Store) -> Vec<String> {
    let mut ids = Vec::new();
    for (ordinal, segment) in store.searcher().segment_readers().iter().enumerate() {
        for doc in segment.doc_ids_alive() {
            let passage = store.passage(tantivy::DocAddress::new(ordinal as u32, doc)).unwrap();
            ids.push(passage.id.to_string());
        }
    }
    ids.sort();
    ids
}

#[test]
fn a_new_index_holds_every_passage_and_a_second_opening_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert_eq!(ids(&store), ["alpha/q1/a", "alpha/q1/b", "beta/q1/a", "gamma/q1/a"]);
    assert_eq!((report.added, report.passages, report.rebuilt), (3, 4, None));
    let stats = store.stats();
    assert_eq!((stats.editions, stats.passages), (3, 4));
    assert_eq!(stats.newest.as_deref(), Some("2024-05-06"));

    let meta = manifest::meta_bytes(&generation(dir.path())).unwrap();
    let (again, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert_eq!(
        (report.added, report.changed, report.removed, report.unchanged),
        (0, 0, 0, 3)
    );
    assert_eq!(again.stats(), stats);
    assert_eq!(manifest::meta_bytes(&generation(dir.path())).unwrap(), meta);
}

#[test]
fn a_refresh_adds_changes_and_removes_by_content() {
    let dir = tempfile::tempdir().unwrap();
    Store::refresh(dir.path(), &some()).unwrap();
    let now = vec![
        some().remove(0),
        edition("beta", &[("Who owns the roadmap?", &["Nobody.", "Everybody."])]),
        edition("delta", &[("What is churn?", &["Customers who leave."])]),
    ];
    let (store, report) = Store::refresh(dir.path(), &now).unwrap();
    assert_eq!(
        changes(&report),
        [
            (Change::Changed, "beta"),
            (Change::Added, "delta"),
            (Change::Removed, "gamma")
        ]
    );
    assert_eq!((report.unchanged, report.passages), (1, 5));
    assert_eq!(
        ids(&store),
        ["alpha/q1/a", "alpha/q1/b", "beta/q1/a", "beta/q1/b", "delta/q1/a"]
    );
}

#[test]
fn a_file_that_moves_is_a_change_and_an_order_of_files_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = some();
    Store::refresh(dir.path(), &files).unwrap();
    files.reverse();
    let (_, report) = Store::open_or_refresh(dir.path(), &files).unwrap();
    assert_eq!(report.unchanged, 3);
    files[0].path = "moved/gamma.md".into();
    let (store, report) = Store::open_or_refresh(dir.path(), &files).unwrap();
    assert_eq!(changes(&report), [(Change::Changed, "gamma")]);
    assert_eq!(ids(&store).len(), 4);
}

#[test]
fn broken_and_unreadable_files_are_named_with_their_line_and_the_others_indexed() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = some();
    files.push(raw("broken.md", "---\nslug: broken\nsurprise: 1\n---\n"));
    files.push(SourceFile {
        path: "bytes.md".into(),
        text: Err("line 2 is not UTF-8".into()),
        hash: [7; 32],
    });
    let (store, report) = Store::refresh(dir.path(), &files).unwrap();
    assert_eq!((report.added, report.skipped.len()), (3, 2));
    assert_eq!(report.skipped[0].file, "broken.md");
    assert!(report.skipped[0].why.starts_with("line "), "{:?}", report.skipped);
    assert_eq!(report.skipped[1].why, "line 2 is not UTF-8");
    assert_eq!(store.stats().skipped, report.skipped);
    let (_, again) = Store::open_or_refresh(dir.path(), &files).unwrap();
    assert_eq!(again.skipped, report.skipped);
}

#[test]
fn an_edition_that_becomes_broken_is_no_longer_served_and_the_report_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = some();
    Store::refresh(dir.path(), &files).unwrap();
    files[1] = raw("beta.md", "no edition at all");
    let (store, report) = Store::refresh(dir.path(), &files).unwrap();
    assert_eq!(changes(&report), [(Change::Removed, "beta")]);
    assert!(
        report.skipped[0].why.contains("removed from the index"),
        "{:?}",
        report.skipped
    );
    assert!(!ids(&store).iter().any(|id| id.starts_with("beta")));
}

#[test]
fn of_two_files_with_one_slug_the_first_by_path_counts_until_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = some();
    let mut twin = edition("alpha", &[("Another?", &["One.", "Two.", "Three."])]);
    twin.path = "zeta.md".into();
    files.push(twin);
    let (store, report) = Store::refresh(dir.path(), &files).unwrap();
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(report.skipped[0].file, "zeta.md");
    assert!(report.skipped[0].why.contains("alpha.md"), "{:?}", report.skipped);
    assert_eq!(ids(&store).len(), 4);

    files.remove(0);
    let (store, report) = Store::refresh(dir.path(), &files).unwrap();
    assert_eq!(changes(&report), [(Change::Changed, "alpha")]);
    assert_eq!(ids(&store).iter().filter(|id| id.starts_with("alpha")).count(), 3);
    assert!(report.skipped.is_empty());
}

#[test]
fn no_files_make_an_empty_index() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open_or_refresh(dir.path(), &[]).unwrap();
    assert_eq!(
        (store.stats().editions, store.stats().passages, store.stats().newest),
        (0, 0, None)
    );
    let (store, report) = Store::open_or_refresh(dir.path(), &some()).unwrap();
    assert_eq!((report.added, ids(&store).len()), (3, 4));
    let (store, report) = Store::open_or_refresh(dir.path(), &[]).unwrap();
    assert_eq!((report.removed, ids(&store).len()), (3, 0));
}
