//! Recognizes the folders of a Maildir, and the files in them that are not mail to read.
//!
//! A Maildir has one file for each message, in its folders `cur` and `new`. Its own subfolders (Maildir++) begin with a
//! dot, so they look hidden. `files.rs` looks at the disk, and `archive.rs` at the names of an archive's members.

use std::collections::HashSet;

/// Folders that programs hide next to files of people.
const OWN: [&str; 12] = [
    ".git",
    ".svn",
    ".hg",
    ".obsidian",
    ".logseq",
    ".trash",
    ".idea",
    ".vscode",
    ".cache",
    ".stfolder",
    ".venv",
    ".sync",
];

/// Reports whether a hidden folder called `name` belongs to a program, so that nobody misses it.
pub(super) fn is_of_program(name: &str) -> bool {
    OWN.contains(&name)
}

/// Reports whether a mail server keeps a file or folder called `name` next to the messages. The folder `tmp` has
/// incomplete messages.
pub(super) fn is_of_server(name: &str) -> bool {
    let kept = ["dovecot", "maildir", "courier", "subscriptions"];
    name == "tmp" || kept.iter().any(|start| name.starts_with(start))
}

/// Reports whether a Maildir++ folder called `name` is for deleted mail.
pub(super) fn is_bin(name: &str) -> bool {
    [".Trash", ".Deleted Messages", ".Deleted Items"].contains(&name)
}

/// Reports whether the file name of a message has the flag T (trashed).
pub(super) fn is_trashed(name: &str) -> bool {
    name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('T'))
}

/// The folders of an archive that are Maildirs.
#[derive(Default)]
pub(super) struct Maildirs(HashSet<String>);

impl Maildirs {
    /// Finds the Maildirs among the members of an archive. An archive may have no entry for an empty folder.
    pub(super) fn of<'a>(members: impl Iterator<Item = &'a str>) -> Maildirs {
        let mut found = HashSet::new();
        for name in members {
            let mut parts = name.rsplit('/');
            let (Some(file), Some(folder)) = (parts.next(), parts.next()) else {
                continue;
            };
            let holds = folder == "cur" || matches!(folder, "new" | "tmp") && is_message(file);
            let end = name.len() - file.len() - 1 - folder.len();
            if !holds || end > 0 && !name[..end].ends_with('/') {
                continue;
            }
            let mut maildir = name[..end].trim_end_matches('/');
            found.insert(maildir.to_string());
            // The folder around a Maildir++ folder is one too.
            if last_of(maildir).starts_with('.') {
                maildir = parent(maildir);
                found.insert(maildir.to_string());
            }
        }
        Maildirs(found)
    }

    /// Returns how the member `name` of the archive is read.
    pub(super) fn access(&self, name: &str) -> Access {
        let name = name.trim_end_matches('/');
        let mut from = 0;
        for part in name.split('/') {
            let path = &name[..from + part.len()];
            from += part.len() + 1;
            let within = self.0.contains(parent(path));
            let maildir = || self.0.contains(path);
            if part == "__MACOSX" || within && is_of_server(part) {
                return Access::Own;
            }
            if within && is_bin(part) {
                return Access::Deleted(path.to_string());
            }
            if part.starts_with('.') && part != ".." && part != "." && !maildir() {
                return match path.len() < name.len() && !is_of_program(part) {
                    true => Access::Hidden(path.to_string()),
                    false => Access::Own,
                };
            }
        }
        match is_trashed(name) && self.0.contains(parent(parent(name))) {
            true => Access::Deleted(name.to_string()),
            false => Access::Open,
        }
    }
}

/// Whether a member of an archive is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    /// It belongs to a program, so it is not mentioned.
    Own,
    /// It is in this hidden folder.
    Hidden(String),
    /// It is deleted mail, or in this folder for it.
    Deleted(String),
}

/// Reports whether a file name is that of a message: a time in seconds, a dot, and what makes it unique.
fn is_message(file: &str) -> bool {
    let time = file.bytes().take_while(u8::is_ascii_digit).count();
    time >= 9 && file[time..].starts_with(['.', '_'])
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_of_an_archive_are_read_as_files_of_a_folder() {
        let hidden = |path: &str| Access::Hidden(path.into());
        let deleted = |path: &str| Access::Deleted(path.into());
        let names = [
            ("__MACOSX/a.md", Access::Own),
            (".DS_Store", Access::Own),
            ("a/.git/b", Access::Own),
            ("../a.md", Access::Open),
            ("a.b/c.md", Access::Open),
            ("a/.drafts/c.md", hidden("a/.drafts")),
            ("tmp/c.md", Access::Open),
            ("a/subscriptions.md", Access::Open),
            ("box/.Letters/cur/1.a:2,S", Access::Open),
            ("box/.Letters/cur/2.b:2,ST", deleted("box/.Letters/cur/2.b:2,ST")),
            ("box/.Letters/maildirfolder", Access::Own),
            ("box/.Old/new/1773600000.M1.host", Access::Open),
            ("box/.Trash/cur/3.c:2,S", deleted("box/.Trash")),
            ("box/tmp/1773600001.M1.host", Access::Own),
            ("box/subscriptions", Access::Own),
        ];
        let maildirs = Maildirs::of(names.iter().map(|(name, _)| *name));
        for (name, access) in names {
            assert_eq!(maildirs.access(name), access, "{name}");
        }
        let root = Maildirs::of(["cur/1.a", ".Letters/cur/2.b"].into_iter());
        assert_eq!(root.access(".Letters/cur/2.b"), Access::Open);
        assert_eq!(root.access("dovecot-uidlist"), Access::Own);
    }

    proptest! {
        #[test]
        fn any_name_may_be_a_member(names in proptest::collection::vec("([a.é]|/|cur|new|tmp|/\\.|:2,T){0,8}", 0..6)) {
            let maildirs = Maildirs::of(names.iter().map(String::as_str));
            for name in &names {
                let _ = maildirs.access(name);
            }
        }
    }
}
