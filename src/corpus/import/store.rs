//! Files imported editions in a folder as Markdown, so that importing twice changes nothing.
//!
//! Each edition that the folder lacks becomes a file: written to a temporary file, synced and renamed. An edition with
//! the same text only adds a missing date, source or links. An edition with a different text replaces a file only if it
//! corrects what that file was made from, and if nobody has edited the file since.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::known::{self, Known};
use super::tidy::edition_words;
use super::{ImportReport, Imported, fingerprint, slug};
use crate::corpus::edition::Edition;
use crate::corpus::{folder, markdown};

/// What happened to one edition of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The slug of the edition in the folder.
    pub slug: String,
    pub path: PathBuf,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new file.
    Added,
    /// The folder already had exactly this edition.
    Unchanged,
    /// The folder had it without a date, a source or links that are now added.
    Replaced,
    /// The folder had an earlier version of the same feed entry or file, which this corrects.
    Changed,
    /// The folder keeps an earlier version of the same feed entry or file, because the new one lacks much of its text.
    Kept {
        /// Words of the new version and of the kept one.
        words: usize,
        of: usize,
    },
    /// The folder had the same text with different metadata, from another source.
    Duplicate { of: String },
}

impl Stored {
    /// Returns a line about a version that was not filed, or `None`.
    pub fn warning(&self) -> Option<String> {
        let Outcome::Kept { words, of } = self.outcome else {
            return None;
        };
        Some(format!(
            "kept {} as it was: the new version has {words} of its {of} words and may be a teaser; delete {} to accept it",
            self.slug,
            self.path.display()
        ))
    }
}

/// Why editions could not be filed. Those filed before the error stay.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("folder of imported editions {path}: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("folder of imported editions: {0}")]
    Unreadable(#[from] crate::corpus::CorpusError),
    #[error("edition {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

impl ImportError {
    /// Suggests a solution, in one line.
    pub fn hint(&self) -> &'static str {
        "choose a folder that can be written to, or make room on its disk; `--dry-run` shows what would be imported"
    }
}

/// Files every edition of `report` in `dir`, which is created if it is missing. The result is in the report's order.
pub fn store(dir: &Path, report: &ImportReport) -> Result<Vec<Stored>, ImportError> {
    Filing::new(dir).file(report)
}

/// Files editions of several reports in one folder, and reads the folder again only if someone else changed it.
pub struct Filing {
    dir: PathBuf,
    shelf: Option<Shelf>,
    /// When the folder was last changed, as far as this knows.
    changed: Option<SystemTime>,
}

impl Filing {
    pub fn new(dir: &Path) -> Self {
        Filing {
            dir: dir.to_path_buf(),
            shelf: None,
            changed: None,
        }
    }

    /// Files every edition of `report`, as [`store`] does.
    pub fn file(&mut self, report: &ImportReport) -> Result<Vec<Stored>, ImportError> {
        let dir = &self.dir;
        let cannot = |source| ImportError::Folder {
            path: dir.clone(),
            source,
        };
        let changed = |dir: &Path| fs::metadata(dir).and_then(|meta| meta.modified()).ok();
        fs::create_dir_all(dir).map_err(cannot)?;
        let _held = alone(dir);
        // After an error there is no shelf, so the next call reads the folder again.
        let known = self.shelf.take();
        let mut shelf = match known.filter(|_| self.changed.is_some() && changed(dir) == self.changed) {
            Some(shelf) => shelf,
            None => Shelf::read(dir)?,
        };
        let mut out = Vec::with_capacity(report.editions.len());
        for imported in &report.editions {
            out.push(shelf.file(imported)?);
        }
        if let Some((path, text)) = shelf.known.to_write() {
            write(path, &text, true)?;
        }
        // A rename survives a crash only if the folder is synced. Not every system can do that.
        if let Ok(folder) = File::open(dir) {
            let _ = folder.sync_all();
        }
        self.changed = changed(dir);
        self.shelf = Some(shelf);
        Ok(out)
    }
}

/// Waits until no other askpm imports into `dir`. Otherwise both would file the same editions.
///
/// The lock is on the folder itself, so no lock file remains. If a system has no such lock, each edition is still
/// complete, and at worst filed twice.
fn alone(dir: &Path) -> Option<File> {
    let folder = File::open(dir).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// The editions of the folder. Their texts stay on disk: a folder may have more than fits into memory.
struct Shelf {
    dir: PathBuf,
    by_slug: HashMap<String, PathBuf>,
    by_print: HashMap<[u8; 32], String>,
    known: Known,
}

impl Shelf {
    fn read(dir: &Path) -> Result<Self, ImportError> {
        let mut shelf = Shelf {
            dir: dir.to_path_buf(),
            by_slug: HashMap::new(),
            by_print: HashMap::new(),
            known: Known::read(dir),
        };
        for file in folder(dir)? {
            // A file that is not an edition keeps its name and is never overwritten.
            let text = file.text.as_deref().ok();
            if let Some(edition) = text.and_then(|text| markdown::parse(&file.path, text).ok()) {
                shelf.keep(&edition, PathBuf::from(&file.path));
            }
        }
        Ok(shelf)
    }

    fn keep(&mut self, edition: &Edition, path: PathBuf) {
        self.by_print
            .entry(fingerprint(edition))
            .or_insert_with(|| edition.slug.clone());
        self.by_slug.entry(edition.slug.clone()).or_insert(path);
    }

    /// Returns the edition called `slug` as it is on disk, and its file.
    fn held(&self, slug: &str) -> Option<(Edition, PathBuf)> {
        let path = self.by_slug.get(slug)?;
        let text = fs::read_to_string(path).ok()?;
        let edition = markdown::parse(&path.display().to_string(), &text).ok()?;
        (edition.slug == slug).then(|| (edition, path.clone()))
    }

    fn file(&mut self, imported: &Imported) -> Result<Stored, ImportError> {
        let identity = imported
            .identity
            .as_deref()
            .and_then(|identity| self.known.meet(identity));
        if let Some(identity) = &identity
            && let Some(stored) = self.known_again(identity, &imported.edition)?
        {
            return Ok(stored);
        }
        let stored = self.compare(imported)?;
        // An edition from another source is not this source's to correct.
        if let Some(identity) = identity
            && !matches!(stored.outcome, Outcome::Duplicate { .. })
            && let Some((held, _)) = self.held(&stored.slug)
        {
            self.known.set(&identity, &held);
        }
        Ok(stored)
    }

    /// Files an edition whose `identity` is known. Returns `None` if it must be filed by its content.
    fn known_again(&mut self, identity: &str, new: &Edition) -> Result<Option<Stored>, ImportError> {
        let Some((slug, filed)) = self.known.filed(identity) else {
            return Ok(None);
        };
        let Some((held, path)) = self.held(slug) else {
            return Ok(None);
        };
        let new = Edition {
            slug: slug.to_string(),
            // Tags are the user's, and outlive a correction.
            tags: held.tags.clone(),
            ..new.clone()
        };
        let stored = |outcome| Stored {
            slug: slug.to_string(),
            path: path.clone(),
            outcome,
        };
        if known::print(&new) == filed {
            // A person may have edited the file since. Keep that version.
            return Ok(Some(stored(Outcome::Unchanged)));
        }
        if known::print(&held) != filed || !known::is_correction(&held, &new) {
            return Ok(None);
        }
        if let Some(kept) = teaser(&held, &new) {
            return Ok(Some(stored(kept)));
        }
        write(&path, &markdown::write(&new), true)?;
        let stored = stored(Outcome::Changed);
        self.by_print.remove(&fingerprint(&held));
        self.by_print.insert(fingerprint(&new), new.slug.clone());
        self.known.set(identity, &new);
        Ok(Some(stored))
    }

    /// Files an edition by its content.
    fn compare(&mut self, imported: &Imported) -> Result<Stored, ImportError> {
        let known = self.by_print.get(&imported.fingerprint);
        let Some((held, path)) = known.and_then(|slug| self.held(slug)) else {
            return self.add(imported);
        };
        let slug = held.slug.clone();
        let same = Edition {
            slug: slug.clone(),
            tags: held.tags.clone(),
            ..imported.edition.clone()
        } == held;
        let fuller = enriched(&held, &imported.edition);
        let outcome = if same {
            Outcome::Unchanged
        } else if fuller == held {
            Outcome::Duplicate { of: slug.clone() }
        } else {
            write(&path, &markdown::write(&fuller), true)?;
            Outcome::Replaced
        };
        Ok(Stored { slug, path, outcome })
    }

    /// Files a new edition under the first free slug.
    fn add(&mut self, imported: &Imported) -> Result<Stored, ImportError> {
        let base = &imported.edition.slug;
        let others = slug::others(base, imported.edition.date.as_deref());
        for slug in std::iter::once(base.clone()).chain(others) {
            let path = self.dir.join(format!("{slug}.md"));
            if self.by_slug.contains_key(&slug) || path.symlink_metadata().is_ok() {
                continue;
            }
            let edition = Edition {
                slug: slug.clone(),
                ..imported.edition.clone()
            };
            // Another process may have taken the name since.
            if write(&path, &markdown::write(&edition), false)? {
                self.keep(&edition, path.clone());
                return Ok(Stored {
                    slug,
                    path,
                    outcome: Outcome::Added,
                });
            }
        }
        Err(ImportError::Folder {
            path: self.dir.clone(),
            source: io::Error::other("no name is free"),
        })
    }
}

/// Reports whether `new` has less than half of the words of `held`, or lost answers and no other text came. Feeds cut older
/// entries to a teaser, and put later ones behind a paywall.
fn teaser(held: &Edition, new: &Edition) -> Option<Outcome> {
    let answers = |edition: &Edition| edition.discussions.iter().map(|d| d.answers.len()).sum::<usize>();
    let (words, of) = (edition_words(new), edition_words(held));
    let lost = answers(new) < answers(held) && words < of;
    (words * 2 < of || lost).then_some(Outcome::Kept { words, of })
}

/// Returns `held` with what it lacks and `new` has: a date, a source, links of resources.
fn enriched(held: &Edition, new: &Edition) -> Edition {
    let mut fuller = held.clone();
    fuller.date = fuller.date.or_else(|| new.date.clone());
    fuller.source = fuller.source.or_else(|| new.source.clone());
    for (resource, other) in fuller.resources.iter_mut().zip(&new.resources) {
        resource.link = resource.link.take().or_else(|| other.link.clone());
    }
    fuller
}

/// Writes a file atomically. Returns `false` if the file exists and may not be replaced.
fn write(path: &Path, text: &str, replace: bool) -> Result<bool, ImportError> {
    let cannot = |source| ImportError::Write {
        path: path.to_path_buf(),
        source,
    };
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".import-")
        .tempfile_in(dir)
        .map_err(cannot)?;
    file.write_all(text.as_bytes()).map_err(cannot)?;
    readable_by_all(file.as_file()).map_err(cannot)?;
    file.as_file().sync_all().map_err(cannot)?;
    if replace {
        file.persist(path).map_err(|error| cannot(error.error))?;
        return Ok(true);
    }
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(cannot(error.error)),
    }
}

/// Makes a file readable by everyone. Only the owner can read a temporary file, but an edition is an ordinary document.
#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
