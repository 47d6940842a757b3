//! Finds and deletes remains of interrupted downloads that no later download can resume.
//!
//! It never touches a complete file, nor a file that another program is fetching.

use std::fs::{self, File};
use std::path::PathBuf;

use super::remove::inside;
use super::store::CacheEntry;
use super::{Places, Registry};

/// Returns unfinished downloads that are longer than the listed file, or whose complete file is present.
pub fn leftovers(registry: &Registry, places: &Places) -> Vec<PathBuf> {
    slots(registry, places)
        .filter(is_left_over)
        .map(|entry| entry.partial())
        .collect()
}

/// Deletes the files that [`leftovers`] returns, except those that another program has locked. Returns what it deleted.
pub fn sweep(registry: &Registry, places: &Places) -> Vec<PathBuf> {
    let mut gone = Vec::new();
    for entry in slots(registry, places).filter(is_left_over) {
        let partial = entry.partial();
        let ours = partial
            .parent()
            .is_some_and(|dir| matches!(inside(&entry, dir), Ok(Some(_))));
        // If the lock file does not exist, nobody holds the lock.
        let held = File::open(entry.lock_file()).is_ok_and(|file| file.try_lock().is_err());
        if ours && !held && fs::remove_file(&partial).is_ok() {
            gone.push(partial);
        }
    }
    gone
}

fn slots(registry: &Registry, places: &Places) -> impl Iterator<Item = CacheEntry> {
    let parts = registry.models().iter().flat_map(|model| model.parts());
    parts.map(move |part| CacheEntry::of(&part, places))
}

fn is_left_over(entry: &CacheEntry) -> bool {
    let Ok(meta) = fs::symlink_metadata(entry.partial()) else {
        return false;
    };
    meta.is_file() && (meta.len() > entry.size || entry.present().is_some())
}
