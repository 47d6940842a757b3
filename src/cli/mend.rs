//! Finds problems in askpm's folders, and fixes those that are safe to fix.
//!
//! It never touches an edition, a model that may be intact, or a file that is not askpm's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::context::{Context, shown};
use super::error::Failure;
use super::files::TEMPORARY;
use crate::corpus::Corpus;
use crate::index::{self, Store};
use crate::models;

/// The prefixes of askpm's temporary files: of the index and of commands, of feeds, of imports.
const TEMPORARIES: [&str; 3] = [TEMPORARY, ".feeds-", ".import-"];

/// A temporary file of a running program is younger than this.
const STALE: Duration = Duration::from_secs(60 * 60);

/// The depth of the search for temporary files. No folder of askpm is deeper.
const DEPTH: usize = 6;

/// A problem.
pub struct Fault {
    pub about: &'static str,
    pub detail: String,
    /// Whether askpm works in spite of it.
    pub harmless: bool,
    pub mend: String,
    fix: Option<Fix>,
}

enum Fix {
    RemakeIndex,
    Remove(Vec<PathBuf>),
    SweepDownloads,
    Protect(Vec<(PathBuf, u32)>),
}

/// The command that fixes everything that is safe to fix.
const FIX: &str = "askpm doctor --fix";

/// Returns every problem.
pub fn faults(context: &Context) -> Vec<Fault> {
    [
        index(context),
        temporaries(context),
        downloads(context),
        permissions(context),
        draft(context),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Fixes what is safe to fix. Returns one line for each problem: what was done, or why it failed.
pub fn mend(context: &Context) -> Vec<String> {
    let all = faults(context).into_iter();
    all.filter_map(|fault| {
        let fix = fault.fix?;
        Some(match apply(context, fix) {
            Ok(done) => format!("{}: {done}", fault.about),
            Err(failure) => format!("{}: not fixed: {}", fault.about, failure.lines().join(" ")),
        })
    })
    .collect()
}

fn apply(context: &Context, fix: Fix) -> Result<String, Failure> {
    match fix {
        Fix::RemakeIndex => {
            let (_, report) = context.refreshed()?;
            Ok(format!("rebuilt, {} passages", report.passages))
        }
        Fix::Remove(paths) => {
            for path in &paths {
                fs::remove_file(path)
                    .map_err(|error| Failure::new(format!("cannot delete {}", path.display()), error))?;
            }
            Ok(format!("{} removed", paths.len()))
        }
        Fix::SweepDownloads => {
            let gone = models::sweep(&context.registry()?, &context.places()?);
            Ok(format!("{} removed", gone.len()))
        }
        Fix::Protect(paths) => {
            for (path, mode) in &paths {
                set_mode(path, *mode)
                    .map_err(|error| Failure::new(format!("cannot change the mode of {}", path.display()), error))?;
            }
            Ok(format!("permissions of {} corrected", count(paths.len())))
        }
    }
}

/// Checks the index. The next question also rebuilds a damaged one.
fn index(context: &Context) -> Option<Fault> {
    let dir = context.index_dir();
    if index::is_foreign(&dir) {
        return Some(Fault {
            about: "index",
            detail: format!("{} has other files and no askpm index", shown(&dir)),
            harmless: false,
            mend: format!("move {} to another place", shown(&dir)),
            fix: None,
        });
    }
    let error = Store::open(&dir).err()?;
    Some(Fault {
        about: "index",
        detail: error.to_string(),
        harmless: true,
        mend: "askpm refresh".into(),
        fix: Some(Fix::RemakeIndex),
    })
}

/// Finds temporary files that a killed program left.
fn temporaries(context: &Context) -> Option<Fault> {
    let folders = &context.folders;
    let mut places = vec![folders.config.clone(), folders.data.clone(), folders.cache.clone()];
    if let Corpus::Folder(dir) = &context.corpus {
        places.push(dir.clone());
    }
    let mut found: Vec<PathBuf> = places.iter().flat_map(|place| stale(place)).collect();
    found.sort();
    found.dedup();
    let first = found.first()?;
    Some(Fault {
        about: "leftover",
        detail: format!(
            "{} left by a program that was killed, such as {}",
            count(found.len()),
            shown(first)
        ),
        harmless: true,
        mend: FIX.into(),
        fix: Some(Fix::Remove(found)),
    })
}

fn stale(folder: &Path) -> Vec<PathBuf> {
    let old = |path: &Path| {
        let modified = fs::symlink_metadata(path).and_then(|meta| meta.modified());
        // A date in the future proves nothing: the file may be in use.
        modified.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > STALE))
    };
    let entries = walkdir::WalkDir::new(folder).max_depth(DEPTH).into_iter().flatten();
    entries
        .filter(|entry| entry.file_type().is_file() && is_temporary(&entry.file_name().to_string_lossy()))
        .map(walkdir::DirEntry::into_path)
        .filter(|path| old(path))
        .collect()
}

/// Whether a name is a temporary one: a prefix such as `.askpm-`, then six letters and digits.
fn is_temporary(name: &str) -> bool {
    let rest = TEMPORARIES.iter().find_map(|prefix| name.strip_prefix(prefix));
    rest.is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn downloads(context: &Context) -> Option<Fault> {
    let (Ok(registry), Ok(places)) = (context.registry(), context.places()) else {
        return None; // Another check reports this.
    };
    let found = models::leftovers(&registry, &places);
    let first = found.first()?;
    Some(Fault {
        about: "download",
        detail: format!(
            "{} that no download needs, such as {}",
            count(found.len()),
            shown(first)
        ),
        harmless: true,
        mend: FIX.into(),
        fix: Some(Fix::SweepDownloads),
    })
}

/// Finds a draft of settings that were invalid when they were edited.
fn draft(context: &Context) -> Option<Fault> {
    let draft = context.settings.with_extension("draft.toml");
    draft.is_file().then(|| Fault {
        about: "settings",
        detail: format!("{} has changes that were not saved to the settings", shown(&draft)),
        harmless: true,
        mend: "askpm config edit".into(),
        fix: None,
    })
}

/// Finds folders of askpm that others can read, or files in them that their owner cannot read and write. The
/// configuration folder is the user's: a file there only has to be readable.
#[cfg(unix)]
fn permissions(context: &Context) -> Option<Fault> {
    use std::os::unix::fs::PermissionsExt as _;
    let folders = &context.folders;
    let mut wrong = Vec::new();
    let mut unusable = false;
    for top in [&folders.config, &folders.data, &folders.cache] {
        let entries = walkdir::WalkDir::new(top).max_depth(DEPTH).into_iter().flatten();
        for entry in entries.filter(|entry| !entry.path_is_symlink()) {
            let Ok(meta) = entry.metadata() else { continue };
            let mode = meta.permissions().mode() & 0o777;
            let needed = match meta.is_dir() {
                true => 0o700,
                false if *top == folders.config => 0o400,
                false => 0o600,
            };
            // The permissions of the top folder also protect everything below it.
            let allowed = if entry.depth() == 0 { 0o700 } else { 0o777 };
            let right = (mode | needed) & allowed;
            if right != mode {
                unusable |= mode & needed != needed;
                wrong.push((entry.into_path(), right));
            }
        }
    }
    let (first, _) = wrong.first()?;
    let what = if unusable {
        "cannot be used by their owner"
    } else {
        "can be read by others on this machine"
    };
    Some(Fault {
        about: "access",
        detail: format!("{} that {what}, such as {}", count(wrong.len()), shown(first)),
        harmless: !unusable,
        mend: FIX.into(),
        fix: Some(Fix::Protect(wrong)),
    })
}

#[cfg(not(unix))]
fn permissions(_context: &Context) -> Option<Fault> {
    None
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> std::io::Result<()> {
    Ok(())
}

fn count(n: usize) -> String {
    match n {
        1 => "1 file or folder".into(),
        n => format!("{n} files or folders"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_askpm_gives_are_temporary() {
        for name in [".askpm-a1B2c3", ".feeds-ABCDEF", ".import-000000"] {
            assert!(is_temporary(name), "{name}");
        }
        for name in [
            ".askpm-notes",
            ".askpm-",
            "askpm-a1B2c3",
            ".import-a1B2c3.md",
            ".import-ab/def",
            "x.askpm-a1B2c3",
        ] {
            assert!(!is_temporary(name), "{name}");
        }
    }

    #[test]
    fn a_temporary_file_is_stale_only_when_it_is_old_and_a_date_of_the_future_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, time: SystemTime| {
            let path = dir.path().join(name);
            fs::write(&path, "x").unwrap();
            fs::File::options()
                .append(true)
                .open(&path)
                .unwrap()
                .set_modified(time)
                .unwrap();
            path
        };
        let day = Duration::from_secs(86_400);
        let old = make(".askpm-aaaaaa", SystemTime::now() - day);
        make(".askpm-bbbbbb", SystemTime::now());
        make(".askpm-cccccc", SystemTime::now() + day);
        make("edition.md", SystemTime::now() - day);
        assert_eq!(stale(dir.path()), [old]);
        assert!(stale(&dir.path().join("nowhere")).is_empty());
    }
}
