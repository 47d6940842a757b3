//! Newsletter editions: their types, their Markdown form, where they are found, and the passages they are cut into.
//!
//! Editions come from a folder of Markdown files, or from those built into the program and those the user imported. The
//! files are read as [`SourceFile`]s with their content hash, and [`parse`] turns them into [`Edition`]s.

pub mod copies;
pub mod edition;
mod front;
mod guard;
pub mod import;
pub mod markdown;
pub mod passage;
mod plain;
pub(crate) mod script;
pub mod shared;
pub mod source;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

pub use edition::{Edition, Id};
pub use markdown::{EditionError, parse};
pub use passage::{Passage, passages};

/// The editions of the repository's `corpus/`, by file name.
static BUILTIN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/builtin_editions.rs"));

/// What the paths of built-in editions begin with.
const BUILTIN_PATH: &str = "builtin:";

/// Maximum size of an edition file in bytes. A larger file is skipped, so that no file can exhaust memory.
pub const MAX_FILE_BYTES: u64 = 8 << 20;

/// Where editions are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corpus {
    /// The Markdown files of one folder and its subfolders, and nothing else.
    Folder(PathBuf),
    /// The editions built into the program and those in the `imported` folder, which may not exist. An imported edition
    /// replaces the built-in one with the same file name.
    Builtin { imported: PathBuf },
}

/// A file that should contain an edition.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// A unique name that is shown to users: an absolute path, or `builtin:NAME`.
    pub path: String,
    /// The text, or the reason why it could not be read.
    pub text: Result<Cow<'static, str>, String>,
    /// SHA-256 of the file's bytes, or of the reason if the file could not be read.
    pub hash: [u8; 32],
}

/// Why a corpus cannot be read at all. A single unreadable file is not such a reason: see [`SourceFile::text`].
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    #[error("cannot read the corpus folder {path}: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("cannot read the corpus folder {0}: it has no Markdown files")]
    Empty(PathBuf),
}

impl Corpus {
    /// Returns a name that distinguishes this corpus from others: the folder's path, or `builtin+` and the path of the
    /// imported folder.
    pub fn identity(&self) -> String {
        match self {
            Corpus::Folder(dir) => canonical(dir).display().to_string(),
            Corpus::Builtin { imported } => format!("builtin+{}", imported.display()),
        }
    }

    /// Returns every file of the corpus, in a fixed order. Reads all of them, because freshness is judged by content,
    /// not by modification time.
    pub fn files(&self) -> Result<Vec<SourceFile>, CorpusError> {
        match self {
            Corpus::Folder(dir) => {
                let files = folder(dir)?;
                if files.is_empty() {
                    return Err(CorpusError::Empty(dir.clone()));
                }
                Ok(files)
            }
            Corpus::Builtin { imported } => {
                let own = if imported.is_dir() {
                    folder(imported)?
                } else {
                    Vec::new()
                };
                let replaced = |name: &str| own.iter().any(|file| Path::new(&file.path).ends_with(name));
                let builtin = BUILTIN
                    .iter()
                    .filter(|(name, _)| !replaced(name))
                    .map(|(name, text)| SourceFile {
                        path: format!("{BUILTIN_PATH}{name}"),
                        text: Ok(Cow::Borrowed(*text)),
                        hash: Sha256::digest(text).into(),
                    });
                let mut files: Vec<_> = builtin.collect();
                files.extend(own);
                Ok(files)
            }
        }
    }

    /// Returns the edition called `slug` and the path it was read from, or `None` if no readable file contains it.
    pub fn edition(&self, slug: &str) -> Result<Option<(Edition, String)>, CorpusError> {
        let mut files = self.files()?;
        // Editions are usually in the file of that name, so look there first.
        files.sort_by_key(|file| Path::new(&file.path).file_stem().is_none_or(|stem| stem != slug));
        let parsed = files.into_iter().filter_map(|file| {
            let edition = parse(&file.path, file.text.as_deref().ok()?).ok()?;
            (edition.slug == slug).then_some((edition, file.path))
        });
        Ok(parsed.into_iter().next())
    }
}

/// Returns whether an edition with this path is built into the program.
pub fn is_builtin(path: &str) -> bool {
    path.starts_with(BUILTIN_PATH)
}

/// Returns the editions that are built into the program, whatever the corpus is.
pub fn builtin() -> impl Iterator<Item = (Edition, String)> {
    BUILTIN.iter().filter_map(|(name, text)| {
        let path = format!("{BUILTIN_PATH}{name}");
        Some((parse(&path, text).ok()?, path))
    })
}

/// Returns `dir` without links and dots if it can be resolved, so that one folder has one name.
fn canonical(dir: &Path) -> PathBuf {
    fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf())
}

fn folder(dir: &Path) -> Result<Vec<SourceFile>, CorpusError> {
    let root = fs::canonicalize(dir)
        .and_then(|root| fs::read_dir(&root).map(|_| root))
        .map_err(|source| CorpusError::Folder {
            path: dir.to_path_buf(),
            source,
        })?;
    let mut files = Vec::new();
    for entry in WalkDir::new(&root).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_edition_name(entry.path()) => files.push(read(entry.path())),
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(&root);
                // Editors make links to nothing as lock files.
                if !path.is_symlink() || is_edition_name(path) {
                    files.push(unreadable(path.display().to_string(), error.to_string()));
                }
            }
        }
    }
    Ok(files)
}

/// Returns whether a file may contain an edition: a Markdown file that is neither a README nor hidden.
fn is_edition_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("md"))
        && !name.starts_with('.')
        && !name.eq_ignore_ascii_case("readme.md")
}

fn read(path: &Path) -> SourceFile {
    let shown = path.display().to_string();
    let size = match fs::metadata(path) {
        Ok(meta) => meta.len(),
        Err(error) => return unreadable(shown, error.to_string()),
    };
    if size > MAX_FILE_BYTES {
        return unreadable(
            shown,
            format!("the file has {size} bytes; the limit is {MAX_FILE_BYTES}"),
        );
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(shown, error.to_string()),
    };
    let hash = Sha256::digest(&bytes).into();
    let text = String::from_utf8(bytes).map(Cow::Owned).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count();
        format!("line {line} is not UTF-8 text: save the file as UTF-8")
    });
    SourceFile {
        path: shown,
        text,
        hash,
    }
}

fn unreadable(path: String, why: String) -> SourceFile {
    SourceFile {
        path,
        hash: Sha256::digest(&why).into(),
        text: Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDITION: &str = "---\nslug: SLUG\ntitle: T\n---\n\n## Q1. Q?\n\n### A. X\n\nText.\n";

    fn write(dir: &Path, name: &str, text: &str) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn every_edition_of_the_repository_parses_and_is_named_after_its_slug() {
        assert!(!BUILTIN.is_empty());
        for (name, text) in BUILTIN {
            let edition = parse(name, text).unwrap();
            assert_eq!(format!("{}.md", edition.slug), *name);
        }
    }

    #[test]
    fn a_folder_is_read_in_name_order_with_subfolders_and_without_readme() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.md", "a/z.md", "README.md", ".hidden.md", "notes.txt"] {
            write(dir.path(), name, EDITION);
        }
        let files = Corpus::Folder(dir.path().into()).files().unwrap();
        let names: Vec<_> = files.iter().map(|f| f.path.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["z.md", "b.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_editions_and_folders_are_followed_and_a_loop_ends() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "elsewhere/one.md", EDITION);
        write(dir.path(), "elsewhere/sub/two.md", EDITION);
        let corpus = dir.path().join("corpus");
        fs::create_dir(&corpus).unwrap();
        symlink(dir.path().join("elsewhere/one.md"), corpus.join("one.md")).unwrap();
        symlink(dir.path().join("elsewhere/sub"), corpus.join("sub")).unwrap();
        symlink("nothing", corpus.join(".#lock.md")).unwrap();
        symlink("nothing", corpus.join("gone.md")).unwrap();
        symlink(&corpus, corpus.join("loop")).unwrap();
        let files = Corpus::Folder(corpus).files().unwrap();
        let read: Vec<_> = files
            .iter()
            .filter(|f| f.text.is_ok())
            .map(|f| f.path.rsplit('/').next())
            .collect();
        assert_eq!(read, [Some("one.md"), Some("two.md")]);
        let not: Vec<_> = files
            .iter()
            .filter(|f| f.text.is_err())
            .map(|f| f.path.rsplit('/').next())
            .collect();
        assert_eq!(not, [Some("gone.md")]);
    }

    #[test]
    fn a_missing_and_an_empty_folder_are_errors_that_name_it() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("nowhere");
        let error = Corpus::Folder(missing.clone()).files().unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
        assert!(matches!(
            Corpus::Folder(dir.path().into()).files(),
            Err(CorpusError::Empty(_))
        ));
    }

    #[test]
    fn a_file_that_is_not_text_is_handed_on_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("bad.md"), b"---\n\xff\xfe").unwrap();
        let files = Corpus::Folder(dir.path().into()).files().unwrap();
        let why = files[0].text.as_ref().unwrap_err();
        assert!(why.contains("line 2 is not UTF-8"), "{why}");
    }

    #[test]
    fn an_imported_edition_replaces_the_built_in_one_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (name, _) = BUILTIN[0];
        let slug = name.trim_end_matches(".md");
        write(dir.path(), name, &EDITION.replace("SLUG", slug));
        let corpus = Corpus::Builtin {
            imported: dir.path().into(),
        };
        let files = corpus.files().unwrap();
        assert_eq!(files.len(), BUILTIN.len());
        let (edition, path) = corpus.edition(slug).unwrap().unwrap();
        assert_eq!(edition.title, "T");
        assert!(!path.starts_with("builtin:"), "{path}");
    }

    #[test]
    fn an_edition_is_found_by_slug_whatever_its_file_is_called() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "other.md", &EDITION.replace("SLUG", "mine"));
        let corpus = Corpus::Folder(dir.path().into());
        assert!(corpus.edition("mine").unwrap().is_some());
        assert!(corpus.edition("other").unwrap().is_none());
    }
}
