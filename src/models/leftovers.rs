//! What interrupted downloads left that no later one can go on with.
//!
//! In: the models and the places. Out: such files, and their removal. It must not touch a file that is whole, nor one
//! that another program is fetching.

use std::fs::{self, File};
use std::path::PathBuf;

use super::remove::inside;
use super::store::Slot;
use super::{Places, Registry};

/// Unfinished downloads that are longer than the file they are of, or that lie beside the whole file.
pub fn leftovers(registry: &Registry, places: &Places) -> Vec<PathBuf> {
    slots(registry, places)
        .filter(is_left_over)
        .map(|slot| slot.partial())
        .collect()
}

/// Deletes them, save where another program has the right to; returns what was deleted.
pub fn sweep(registry: &Registry, places: &Places) -> Vec<PathBuf> {
    let mut gone = Vec::new();
    for slot in slots(registry, places).filter(is_left_over) {
        let partial = slot.partial();
        let ours = partial
            .parent()
            .is_some_and(|dir| matches!(inside(&slot, dir), Ok(Some(_))));
        // A lock file that is not there is held by nobody.
        let held = File::open(slot.lock_file()).is_ok_and(|file| file.try_lock().is_err());
        if ours && !held && fs::remove_file(&partial).is_ok() {
            gone.push(partial);
        }
    }
    gone
}

fn slots(registry: &Registry, places: &Places) -> impl Iterator<Item = Slot> {
    let parts = registry.models().iter().flat_map(|model| model.parts());
    parts.map(move |part| Slot::of(&part, places))
}

fn is_left_over(slot: &Slot) -> bool {
    let Ok(meta) = fs::symlink_metadata(slot.partial()) else {
        return false;
    };
    meta.is_file() && (meta.len() > slot.size || slot.present().is_some())
}
