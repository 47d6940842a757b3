//! Reads newsletters from ZIP archives: exports of Substack, beehiiv and note-taking programs, mail folders, EPUB
//! books, Word files.
//!
//! Nothing is written to disk. Member names are only labels, so `../` in one does no harm. Limits apply to the number
//! of members, the size of each, the total size and the compression ratio. An archive inside the archive is read too,
//! as in Notion exports, but not one inside that. As in `models/source/wheel.rs`, `zip` reads the directory and
//! `flate2` inflates.

pub(super) mod member;
mod timed;

use std::collections::{BTreeMap, HashMap};

use self::member::{Archive, Member};
use super::clean::clean;
use super::export::{self, Given};
use super::maildir::{Access, Maildirs};
use super::{ImportReport, Limits, docx, epub, import_given, slug};

/// How deep archives may be nested in the archive.
const DEPTH: usize = 1;
/// If more files than this were skipped for the same reason, they share one line of the report.
const NAMED: usize = 3;

/// The file that makes an archive an EPUB book.
const BOOK: &str = "META-INF/container.xml";

/// File formats that are ZIP archives: a member that identifies the format, and what to say.
const FORMATS: [(&str, &str); 7] = [
    (
        "[Content_Types].xml",
        "an office document (Excel, PowerPoint or the like): save it as HTML, Word or text first",
    ),
    (
        "content.xml",
        "an OpenDocument file: save it as Word (.docx) or HTML first",
    ),
    (
        "Index/Document.iwa",
        "a Pages, Numbers or Keynote document: export it as text or EPUB first",
    ),
    (
        "Index.zip",
        "a Pages, Numbers or Keynote document: export it as text or EPUB first",
    ),
    ("META-INF/MANIFEST.MF", "a program (Java)"),
    ("AndroidManifest.xml", "a program (Android)"),
    ("Payload/", "a program (iOS)"),
];

/// Reports whether `bytes` begin like a ZIP archive.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Adds the contents of the archive `bytes`, called `name`, to `report`.
pub(super) fn read(name: &str, bytes: &[u8], limits: &Limits, report: &mut ImportReport) {
    let mut left = limits.archive_bytes;
    walk(name, bytes, limits, 0, &mut left, report);
}

fn walk(name: &str, bytes: &[u8], limits: &Limits, depth: usize, left: &mut u64, report: &mut ImportReport) {
    let mut archive = match Archive::open(bytes, limits) {
        Ok(archive) => archive,
        Err(why) => return report.skip(name, why),
    };
    let of_package = |member: &Member| member.name.starts_with("word/");
    let is_package =
        [BOOK, "_rels/.rels"].iter().any(|name| archive.find(name).is_some()) || archive.members.iter().any(of_package);
    if is_package && timed::read(document, name, bytes, limits, left, report) {
        return;
    }
    let known = FORMATS
        .iter()
        .find(|(file, _)| archive.members.iter().any(|member| member.name == *file));
    if let Some((_, what)) = known {
        return report.skip(name, format!("it is {what}"));
    }
    let maildirs = Maildirs::of(archive.members.iter().map(|member| member.name.as_str()));
    let lists = lists(&mut archive, &maildirs, left);
    let mut unread = BTreeMap::new();
    let mut passed = Passed::default();
    let before = report.editions.len() + report.skipped.len();
    for at in 0..archive.members.len() {
        let member = &archive.members[at];
        let inner = member.name.clone();
        if member.is_folder || lists.contains_key(&inner) {
            continue;
        }
        match maildirs.access(&inner) {
            Access::Open => {}
            Access::Own => continue,
            Access::Hidden(folder) => {
                unread.insert(
                    folder,
                    "the folder is hidden; unpack the archive and pass its own path to read it",
                );
                continue;
            }
            Access::Deleted(mail) => {
                unread.insert(
                    mail,
                    "its mail is deleted; unpack the archive and pass its own path to read it",
                );
                continue;
            }
        }
        let label = format!("{name}/{}", clean(&inner));
        let bytes = match archive.bytes(at, left) {
            Ok(bytes) => bytes,
            Err(why) => {
                passed.add(why, label);
                continue;
            }
        };
        if is_archive(&bytes) {
            if depth < DEPTH {
                walk(&label, &bytes, limits, depth + 1, left, report);
            } else {
                passed.add("it is an archive within two others: unpack it first".into(), label);
            }
            continue;
        }
        let given = given(&lists, &inner);
        let mut found = import_given(&label, &bytes, limits, &given);
        report.editions.append(&mut found.editions);
        for item in found.skipped {
            if item.file == label {
                passed.add(item.why, label.clone());
            } else {
                report.skipped.push(item);
            }
        }
    }
    for (inner, why) in unread {
        passed.add(why.into(), format!("{name}/{}", clean(&inner)));
    }
    passed.tell(name, report);
    if report.editions.len() + report.skipped.len() == before {
        report.skip(name, "no file is in this archive");
    }
}

/// Adds the contents of the archive `bytes` to `report` if it is a book or a Word file. Returns whether it is one.
fn document(name: &str, bytes: &[u8], limits: &Limits, left: &mut u64, report: &mut ImportReport) -> bool {
    let Ok(mut archive) = Archive::open(bytes, limits) else {
        return false;
    };
    if archive.find(BOOK).is_some() {
        epub::read(name, &mut archive, left, limits, report);
        return true;
    }
    let main = docx::main_part(&mut archive, left);
    if let Some(main) = &main {
        docx::read(name, &mut archive, main, left, limits, report);
    }
    main.is_some()
}

/// Returns what a list of posts says about the page `inner`.
///
/// The page must be in the folder of the list or one level below.
fn given(lists: &HashMap<String, HashMap<String, Given>>, inner: &str) -> Given {
    let found = export::post_of(slug::file_name(inner)).and_then(|post| {
        lists.iter().find_map(|(list, posts)| {
            let folder = list.strip_suffix(export::LIST)?;
            let below = inner.strip_prefix(folder)?;
            posts.get(post).filter(|_| below.matches('/').count() <= 1)
        })
    });
    found.cloned().unwrap_or_default()
}

/// Files that were not read, by reason.
#[derive(Default)]
struct Passed(BTreeMap<String, Vec<String>>);

impl Passed {
    fn add(&mut self, why: String, file: String) {
        self.0.entry(why).or_default().push(file);
    }

    /// Reports a few files by name, but many with the same reason in one line.
    fn tell(self, name: &str, report: &mut ImportReport) {
        for (why, files) in self.0 {
            match files.as_slice() {
                [first, ..] if files.len() > NAMED => {
                    let first = first.get(name.len() + 1..).unwrap_or(first);
                    let count = files.len();
                    report.skip(
                        name,
                        format!("{count} of its files were not read, {first} among them: {why}"),
                    );
                }
                files => files.iter().for_each(|file| report.skip(file, why.clone())),
            }
        }
    }
}

/// Reads the lists of posts of Substack exports, by member name. Reads at most 10.
fn lists(archive: &mut Archive, maildirs: &Maildirs, left: &mut u64) -> HashMap<String, HashMap<String, Given>> {
    let named = |member: &Member| {
        slug::file_name(&member.name) == export::LIST && maildirs.access(&member.name) == Access::Open
    };
    let found: Vec<usize> = (0..archive.members.len())
        .filter(|&at| named(&archive.members[at]))
        .collect();
    let mut out = HashMap::new();
    for at in found.into_iter().take(10) {
        if let Some(posts) = archive
            .bytes(at, left)
            .ok()
            .and_then(|bytes| export::list(bytes.as_slice()))
        {
            out.insert(archive.members[at].name.clone(), posts);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_an_archive_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut report = ImportReport::default();
            read("a.zip", &[b"PK\x03\x04".as_slice(), &bytes].concat(), &Limits::default(), &mut report);
            prop_assert!(!report.skipped.is_empty());
        }
    }
}
