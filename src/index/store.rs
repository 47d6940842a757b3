//! Opens an index for reading.
//!
//! A [`Store`] gives access to the passages, the statistics and, for `retrieve`, the terms and their occurrences. It
//! does not know how an index is made or what a question is.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tantivy::{DocAddress, Index, ReloadPolicy, Searcher, TantivyDocument};

use super::manifest::{self, Manifest};
use super::readable::Readable;
use super::schema::{Fields, SEARCHED};
use super::{IndexError, Skipped, analyzer, folder};
use crate::corpus::passage::Passage;

/// Below this size in bytes, an index is checked completely (CRC-32 of every file) each time it is opened, which takes
/// a few milliseconds at most. A larger one is checked by every `askpm refresh`.
const CHECK_ALWAYS_BELOW: u64 = 32 << 20;

/// Number of decompressed blocks of stored passages to cache. A search reads few, mostly once.
const CACHED_BLOCKS: usize = 8;

/// Number of attempts to open an index that a refresh swaps at the same time.
const ATTEMPTS: usize = 5;

/// How thoroughly an index is checked when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Checksums of a small index only.
    Quick,
    /// Checksums of every file.
    Whole,
}

/// An index opened read-only: a fixed view that later refreshes do not change.
pub struct Store {
    pub(super) dir: PathBuf,
    pub(super) generation: PathBuf,
    pub(super) index: Index,
    pub(super) manifest: Manifest,
    pub(super) searcher: Searcher,
    pub(crate) fields: Fields,
    /// See [`Store::average_lengths`].
    pub(super) lengths: OnceLock<[f32; SEARCHED]>,
    /// Set if this has only some passages of a larger corpus.
    pub(super) whole: Option<Whole>,
}

/// What an index contains and how fresh it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    pub editions: usize,
    /// Date of the newest edition, `YYYY-MM-DD`; `None` if no edition has a date.
    pub newest: Option<String>,
    pub passages: usize,
    /// When the index last changed, RFC 3339 in UTC.
    pub indexed_at: String,
    pub skipped: Vec<Skipped>,
}

/// What is known about the whole corpus.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    /// Number of passages.
    pub passages: u64,
    /// See [`Store::average_lengths`].
    pub lengths: [f32; SEARCHED],
    /// Number of passages that have each term. A term that is missing here has none.
    pub with: HashMap<String, u64>,
    pub stats: Stats,
}

impl Store {
    pub fn stats(&self) -> Stats {
        if let Some(whole) = self.whole() {
            return whole.stats.clone();
        }
        Stats {
            editions: self.manifest.editions().count(),
            newest: self.manifest.newest(),
            passages: self.manifest.passages(),
            indexed_at: self.manifest.indexed_at.clone(),
            skipped: self.manifest.skipped(),
        }
    }

    /// Whether both read the same state of the same index. False once any process has refreshed it in between.
    pub fn is_same_state(&self, other: &Store) -> bool {
        self.generation == other.generation && self.manifest == other.manifest
    }

    pub(crate) fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    /// Returns the error for an index that turns out to be unreadable during use.
    pub(crate) fn damaged(&self, what: impl ToString) -> IndexError {
        IndexError::Damaged {
            path: self.dir.clone(),
            what: what.to_string(),
        }
    }

    pub(crate) fn passage(&self, address: DocAddress) -> Result<Passage, IndexError> {
        let document: TantivyDocument = self.searcher.doc(address).map_err(|e| self.damaged(e))?;
        self.fields.passage(&document).map_err(|e| self.damaged(e))
    }
}

/// Opens the current generation. `Ok(None)` means that no index was ever completed in `dir`. `Err` has the reason why
/// the index cannot be used, in a few words that continue "the old index was rebuilt: ".
pub(super) fn open_current(dir: &Path, check: Check) -> Result<Option<Store>, String> {
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        let Some(generation) = folder::current(dir)? else {
            return Ok(None);
        };
        // Tantivy almost always reports a damaged file as an error. If it panics instead (issue 1754), the index is
        // just as unreadable, and it can always be rebuilt.
        let opened = catch_unwind(AssertUnwindSafe(|| open(dir, &generation, check)));
        match opened.unwrap_or_else(|_| Err("reading it failed".into())) {
            Ok(Some(store)) => return Ok(Some(store)),
            Ok(None) => why = "it changes faster than it can be opened".into(),
            Err(error) => {
                // A refresh may have replaced this generation while it was being opened.
                if folder::current(dir)? == Some(generation) {
                    return Err(error);
                }
                why = error;
            }
        }
    }
    Err(why)
}

/// Opens one generation. Returns `Ok(None)` if a commit happened between reading its manifest and its segments.
fn open(dir: &Path, generation: &Path, check: Check) -> Result<Option<Store>, String> {
    let fields = Fields::new();
    let (manifest, meta) = Manifest::read(generation, &fields.fingerprint())?;
    let text = |e: tantivy::TantivyError| e.to_string();
    let directory = Readable::open(generation).map_err(|e| e.to_string())?;
    let index = Index::open(directory).map_err(text)?;
    index.tokenizers().register(analyzer::NAME, analyzer::analyzer());
    if index.schema() != fields.schema {
        return Err("its fields differ from those of this askpm".into());
    }
    let reader = index
        .reader_builder()
        .reload_policy(ReloadPolicy::Manual)
        .doc_store_cache_num_blocks(CACHED_BLOCKS)
        .try_into()
        .map_err(text)?;
    let searcher = reader.searcher();
    if manifest::meta_bytes(generation).map_err(|e| e.to_string())? != meta {
        return Ok(None);
    }
    if searcher.num_docs() != manifest.passages() as u64 {
        let (there, listed) = (searcher.num_docs(), manifest.passages());
        return Err(format!("it has {there} passages, but its manifest lists {listed}"));
    }
    // Tantivy checks the files on its own list, and treats a missing list as an empty one.
    if !index
        .directory()
        .list_managed_files()
        .contains(Path::new(manifest::META))
    {
        return Err("its list of files is missing".into());
    }
    if check == Check::Whole || size(generation) < CHECK_ALWAYS_BELOW {
        let damaged = index.validate_checksum().map_err(text)?;
        if let Some(file) = damaged.iter().min() {
            return Err(format!("its file {} is damaged", file.display()));
        }
    }
    Ok(Some(Store {
        dir: dir.into(),
        generation: generation.into(),
        index,
        manifest,
        searcher,
        fields,
        lengths: OnceLock::new(),
        whole: None,
    }))
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|entry| entry.metadata().ok())
        .map(|meta| meta.len())
        .sum()
}
