//! Decides what has to be done to an index, before anything is written.
//!
//! A [`Plan`] is made from the files as they are and the manifest as it was. It knows nothing about tantivy or folders.
//!
//! A file that was valid and is now broken is no longer served in its old form. An answer that quotes text that its
//! file does not contain would be wrong about its freshness. The file is reported with the reason and the fact that its
//! edition was removed.

use std::collections::{BTreeMap, HashMap};

use super::Skipped;
use super::manifest::{FileEntry, FileState, Manifest};
use crate::corpus::edition::Edition;
use crate::corpus::passage::passages;
use crate::corpus::{SourceFile, parse};
use crate::hex::hex;

/// What happened to an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Added,
    Changed,
    Removed,
}

/// What the index will contain, and the changes that lead to it.
pub(super) struct Plan {
    pub manifest: Manifest,
    /// Paths of files whose passages are deleted.
    pub delete: Vec<String>,
    /// Editions whose passages are added, with their paths.
    pub add: Vec<(String, Edition)>,
    pub changes: Vec<(Change, String)>,
    pub skipped: Vec<Skipped>,
}

impl Plan {
    /// Makes a plan for `files`, which must be sorted by path. `old` is what the index contains now, or `None` for a
    /// new one.
    pub fn new(files: &[&SourceFile], old: Option<&Manifest>, fingerprint: String) -> Plan {
        let old_files: HashMap<&str, &FileEntry> = old
            .into_iter()
            .flat_map(|m| &m.files)
            .map(|entry| (entry.path.as_str(), entry))
            .collect();
        let mut owners: HashMap<String, String> = HashMap::new();
        let (mut entries, mut add) = (Vec::with_capacity(files.len()), Vec::new());
        for file in files {
            let sha256 = hex(&file.hash);
            let known = old_files.get(file.path.as_str()).filter(|entry| entry.sha256 == sha256);
            let state = match known.map(|entry| &entry.state) {
                Some(FileState::Indexed { slug, .. }) if owners.contains_key(slug) => duplicate(slug, &owners),
                Some(FileState::Duplicate { slug, .. }) if owners.contains_key(slug) => duplicate(slug, &owners),
                // The file that had this slug is gone, so the edition has to be read after all.
                None | Some(FileState::Duplicate { .. }) => read(file, &owners, &mut add),
                Some(state) => state.clone(),
            };
            if let FileState::Indexed { slug, .. } = &state {
                owners.insert(slug.clone(), file.path.clone());
            }
            entries.push(FileEntry {
                path: file.path.clone(),
                sha256,
                state,
            });
        }
        let manifest = Manifest {
            fingerprint,
            indexed_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            files: entries,
        };
        Plan {
            delete: outdated(old, &manifest),
            changes: changes(old, &manifest),
            skipped: skipped(&old_files, &manifest),
            manifest,
            add,
        }
    }
}

fn duplicate(slug: &str, owners: &HashMap<String, String>) -> FileState {
    FileState::Duplicate {
        slug: slug.to_string(),
        first: owners.get(slug).cloned().unwrap_or_default(),
    }
}

/// Parses a file. An edition that can be indexed is added to `add`.
fn read(file: &SourceFile, owners: &HashMap<String, String>, add: &mut Vec<(String, Edition)>) -> FileState {
    let text = match &file.text {
        Ok(text) => text,
        Err(why) => return FileState::Broken { why: why.clone() },
    };
    match parse(&file.path, text) {
        Err(error) => FileState::Broken {
            why: format!("line {}: {}", error.line, error.what),
        },
        Ok(edition) if owners.contains_key(&edition.slug) => duplicate(&edition.slug, owners),
        Ok(edition) => {
            let state = FileState::Indexed {
                slug: edition.slug.clone(),
                date: edition.date.clone(),
                passages: passages(&edition, &file.path).len(),
            };
            add.push((file.path.clone(), edition));
            state
        }
    }
}

/// Returns the paths of files whose passages are in the old index, and missing or different in the new one.
fn outdated(old: Option<&Manifest>, new: &Manifest) -> Vec<String> {
    let kept: HashMap<&str, &FileEntry> = new.editions().map(|(_, entry)| (entry.path.as_str(), entry)).collect();
    old.into_iter()
        .flat_map(Manifest::editions)
        .filter(|(_, entry)| kept.get(entry.path.as_str()) != Some(entry))
        .map(|(_, entry)| entry.path.clone())
        .collect()
}

/// Returns what happened to each edition, in the order of slugs.
fn changes(old: Option<&Manifest>, new: &Manifest) -> Vec<(Change, String)> {
    let old: BTreeMap<&str, &FileEntry> = old.into_iter().flat_map(Manifest::editions).collect();
    let new: BTreeMap<&str, &FileEntry> = new.editions().collect();
    let mut out: Vec<_> = new
        .iter()
        .filter_map(|(slug, entry)| match old.get(slug) {
            None => Some((Change::Added, slug.to_string())),
            Some(before) if before != entry => Some((Change::Changed, slug.to_string())),
            Some(_) => None,
        })
        .collect();
    let gone = old.keys().filter(|slug| !new.contains_key(*slug));
    out.extend(gone.map(|slug| (Change::Removed, slug.to_string())));
    out.sort_by(|a, b| a.1.cmp(&b.1));
    out
}

/// Returns the files that are not in the index, and says so if they were in it before.
fn skipped(old: &HashMap<&str, &FileEntry>, new: &Manifest) -> Vec<Skipped> {
    let mut skipped = new.skipped();
    for file in &mut skipped {
        let before = old.get(file.file.as_str()).map(|entry| &entry.state);
        if matches!(before, Some(FileState::Indexed { .. })) {
            file.why.push_str("; its earlier version was removed from the index");
        }
    }
    skipped
}
