//! Reads files and folders for import.
//!
//! [`import_path`] reads everything under a path, and [`import_new`] reads what is new or changed. Both return an
//! [`ImportReport`]. A file that cannot be read is in the report with the reason and never stops the walk. No file is
//! read beyond its limit, whatever size it claims to have.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use super::export::Exports;
use super::{ImportReport, Limits, import_given, maildir};

/// Reads the file at `path`, or every file in that folder and its subfolders, sorted by name.
///
/// Hidden files and links inside a folder are skipped. Hidden folders of a mailbox (Maildir++) are read, but not the
/// mail that was deleted in it. The report names other hidden folders and deleted mail. `progress` receives each file's path before it is read.
pub fn import_path(path: &Path, limits: &Limits, progress: &mut dyn FnMut(&Path)) -> ImportReport {
    let mut report = ImportReport::default();
    if !path.is_dir() {
        progress(path);
        one(path, limits, &mut Exports::default(), &mut report);
        return report;
    }
    let mut passed = Vec::new();
    let count = walk(path, limits, &mut report, &mut |_, _| true, progress, &mut passed);
    for (path, why) in passed {
        report.skip(&path.display().to_string(), why);
    }
    if count == 0 && report.skipped.is_empty() {
        report.skip(&path.display().to_string(), "no file is in this folder");
    }
    report
}

/// The size and the modification time of each file of a folder when it was last read.
#[derive(Debug, Default)]
pub struct Seen(HashMap<PathBuf, (u64, Option<SystemTime>)>);

impl Seen {
    /// Records the file at `path`. Returns whether it is new or changed since the last look.
    fn look(&mut self, path: &Path, meta: &Metadata) -> bool {
        let now = (meta.len(), meta.modified().ok());
        self.0.insert(path.to_path_buf(), now) != Some(now)
    }
}

/// Reads the files in `dir` and its subfolders that are new or changed since `seen`, as [`import_path`] does.
///
/// It is not an error if there are none.
pub fn import_new(dir: &Path, limits: &Limits, seen: &mut Seen, progress: &mut dyn FnMut(&Path)) -> ImportReport {
    let mut report = ImportReport::default();
    seen.0.retain(|path, _| path.exists());
    walk(
        dir,
        limits,
        &mut report,
        &mut |path, meta| seen.look(path, meta),
        progress,
        &mut Vec::new(),
    );
    for imported in &mut report.editions {
        // A changed file is a correction of the same edition. Messages of a mailbox have no fixed position.
        if imported.identity.is_none() && !imported.from.contains('#') {
            imported.identity = Some(format!("file\n{}", imported.from));
        }
    }
    report
}

/// Reads the `wanted` files under `path`. Returns the number of files found. Adds hidden folders and deleted mail, which
/// are not read, to `passed`.
fn walk(
    path: &Path,
    limits: &Limits,
    report: &mut ImportReport,
    wanted: &mut dyn FnMut(&Path, &Metadata) -> bool,
    progress: &mut dyn FnMut(&Path),
    passed: &mut Vec<(PathBuf, &'static str)>,
) -> usize {
    let shown = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let hidden = entry.depth() > 0 && name.starts_with('.');
        let folder = entry.file_type().is_dir();
        if hidden && !(folder && is_maildir(entry.path())) {
            if folder && !maildir::is_of_program(&name) {
                passed.push((
                    entry.path().to_path_buf(),
                    "the folder is hidden; pass its own path to read it",
                ));
            }
            return false;
        }
        if entry.depth() > 0 && is_thrown_away(entry.path()) {
            passed.push((
                entry.path().to_path_buf(),
                "its mail is deleted; pass its own path to read it",
            ));
            return false;
        }
        !is_of_mail_server(entry.path())
    };
    let mut exports = Exports::default();
    let mut count = 0;
    for entry in WalkDir::new(path)
        .max_depth(64)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(shown)
    {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                count += 1;
                if count > limits.files {
                    report.skip(
                        &path.display().to_string(),
                        format!("more than {} files: the rest was not read", limits.files),
                    );
                    break;
                }
                // Read a file without metadata too, so that the report has the reason for the failure.
                if entry.metadata().is_ok_and(|meta| !wanted(entry.path(), &meta)) {
                    continue;
                }
                progress(entry.path());
                if !Exports::is_list(entry.path()) {
                    one(entry.path(), limits, &mut exports, report);
                }
            }
            Ok(_) => {}
            Err(error) => {
                let at = error.path().unwrap_or(path).display().to_string();
                let why = error.io_error().map_or_else(|| error.to_string(), io::Error::to_string);
                report.skip(&at, why);
            }
        }
    }
    count
}

/// Reports whether the folder at `path` is a Maildir, with one file for each message.
fn is_maildir(path: &Path) -> bool {
    path.join("cur").is_dir()
}

/// Reports whether `path` is a mail server's own file next to the messages, or in the folder of incomplete messages.
fn is_of_mail_server(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    maildir::is_of_server(&name) && path.parent().is_some_and(is_maildir)
}

/// Reports whether `path` is a Maildir++ folder for deleted mail, or a message with the flag T (trashed).
fn is_thrown_away(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Compare names first, because looking for a Maildir accesses the disk.
    let bin = maildir::is_bin(&name) && is_maildir(path);
    bin || maildir::is_trashed(&name) && path.ancestors().nth(2).is_some_and(is_maildir)
}

fn one(path: &Path, limits: &Limits, exports: &mut Exports, report: &mut ImportReport) {
    let name = path.display().to_string();
    match read(path, limits.file_bytes) {
        Ok(bytes) => {
            let mut found = import_given(&name, &bytes, limits, &exports.of(path));
            report.editions.append(&mut found.editions);
            report.skipped.append(&mut found.skipped);
        }
        Err(error) => report.skip(&name, error.to_string()),
    }
}

/// Returns the bytes of a regular file, at most `max` + 1, so that the caller can detect a file that is too long.
fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    // A pipe or a device may never end, and opening one may block forever.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_is_read_whole_and_what_is_unreadable_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("b.txt"), "A note\n\nOn what was said at the table.").unwrap();
        fs::write(dir.path().join("sub/a.md"), "# Another\n\nWith some text.").unwrap();
        fs::write(dir.path().join("c.bin"), b"\0\0\0").unwrap();
        fs::write(dir.path().join(".hidden"), "no").unwrap();
        let mut seen = 0;
        let report = import_path(dir.path(), &Limits::default(), &mut |_| seen += 1);
        let titles: Vec<_> = report.editions.iter().map(|e| e.edition.title.as_str()).collect();
        assert_eq!(titles, ["A note", "Another"]);
        assert_eq!((report.skipped.len(), seen), (1, 3));
        assert!(report.skipped[0].file.ends_with("c.bin"));
    }

    #[test]
    fn every_folder_of_a_maildir_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let message =
            |title: &str| format!("From: Dana <d@e.org>\nSubject: {title}\n\nSaid at the table, on {title}.\n");
        for (path, text) in [
            ("cur/1.a:2,S", message("Inbox")),
            ("tmp/2.b", message("Half of it")),
            ("dovecot-uidlist", "3 V1 N2\n1 :1.a".into()),
            (".Letters/cur/3.c:2,", message("Letters")),
            (".Letters.Old/new/4.d", message("Old")),
            (".Letters.Old/cur/.hidden", "no".into()),
            (".git/config", "no".into()),
            (".git/.old/a.txt", "no".into()),
            ("cur/5.e:2,ST", message("Deleted")),
            (".Trash/cur/6.f:2,S", message("In the bin")),
        ] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let report = import_path(dir.path(), &Limits::default(), &mut |_| {});
        let mut titles: Vec<_> = report.editions.iter().map(|e| e.edition.title.as_str()).collect();
        titles.sort();
        assert_eq!(titles, ["Inbox", "Letters", "Old"], "{:?}", report.skipped);
        let passed: Vec<&str> = report
            .skipped
            .iter()
            .filter_map(|item| item.file.rsplit('/').next())
            .collect();
        assert_eq!(passed, [".Trash", "5.e:2,ST"], "{:?}", report.skipped);
    }

    #[test]
    fn pages_of_a_substack_export_have_the_titles_of_its_list() {
        let dir = tempfile::tempdir().unwrap();
        let list = "post_id,post_date,is_published,title,subtitle\n\
            12.plans,2026-01-05T09:00:00.000Z,true,\"Plans, and why\",What we dropped\n13.other,soon,true,Other,\n";
        fs::write(dir.path().join("posts.csv"), list).unwrap();
        for folder in ["", "posts"] {
            let folder = dir.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(
                folder.join("12.plans.html"),
                "<h3>Six weeks</h3><p>We plan for six weeks.</p>",
            )
            .unwrap();
        }
        fs::write(dir.path().join("13.other.html"), "<p>We count, and we ship.</p>").unwrap();
        for path in [
            dir.path().to_path_buf(),
            dir.path().join("12.plans.html"),
            dir.path().join("posts/12.plans.html"),
        ] {
            let report = import_path(&path, &Limits::default(), &mut |_| {});
            assert!(report.skipped.is_empty(), "{:?}", report.skipped);
            let edition = &report.editions[0].edition;
            assert_eq!(
                (edition.title.as_str(), edition.date.as_deref()),
                ("Plans, and why", Some("2026-01-05"))
            );
            assert!(crate::corpus::markdown::write(edition).contains("What we dropped"));
        }
        let list = import_path(&dir.path().join("posts.csv"), &Limits::default(), &mut |_| {});
        assert!(list.skipped[0].why.contains("import the folder"), "{:?}", list.skipped);
    }

    #[test]
    fn of_a_folder_seen_before_only_what_is_new_or_changed_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut seen = Seen::default();
        let mut titles = || -> Vec<String> {
            let report = import_new(dir.path(), &Limits::default(), &mut seen, &mut |_| {});
            assert!(report.skipped.is_empty(), "{:?}", report.skipped);
            report.editions.into_iter().map(|e| e.edition.title).collect()
        };
        assert!(titles().is_empty());
        fs::write(dir.path().join("a.md"), "# One\n\nText.").unwrap();
        assert_eq!(titles(), ["One"]);
        assert!(titles().is_empty());
        fs::write(dir.path().join("a.md"), "# One more\n\nText.").unwrap();
        fs::write(dir.path().join("b.md"), "# Two\n\nText.").unwrap();
        assert_eq!(titles(), ["One more", "Two"]);
        fs::remove_file(dir.path().join("a.md")).unwrap();
        assert!(titles().is_empty());
    }

    #[test]
    fn a_missing_path_an_empty_folder_and_a_large_file_are_skipped_with_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let mut quiet = |_: &Path| {};
        let missing = import_path(&dir.path().join("nowhere"), &Limits::default(), &mut quiet);
        assert_eq!(missing.skipped.len(), 1);
        let empty = import_path(dir.path(), &Limits::default(), &mut quiet);
        assert!(empty.skipped[0].why.contains("no file"));
        fs::write(dir.path().join("large.txt"), "word ".repeat(100)).unwrap();
        let limits = Limits {
            file_bytes: 100,
            ..Limits::default()
        };
        let large = import_path(dir.path(), &limits, &mut quiet);
        assert!(large.editions.is_empty() && large.skipped[0].why.contains("more than the 100"));
    }
}
