//! Brings an index up to date with the corpus's files, by content hash, in one commit.
//!
//! Returns the opened index and a [`RefreshReport`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io};

use tantivy::indexer::IndexWriterOptions;
use tantivy::{Index, IndexWriter, TantivyError};

use super::manifest::Manifest;
use super::plan::{Change, Plan};
use super::schema::Fields;
use super::store::{Check, Store, open_current};
use super::{IndexError, Skipped, analyzer, folder};
use crate::corpus::SourceFile;
use crate::corpus::passage::passages;
use crate::hex::hex;

/// How long a refresh waits for another process that is refreshing the same index.
const PATIENCE: Duration = Duration::from_secs(10);

/// Above this many files to write, the writer gets the larger memory budget, for fewer and larger segments.
const BULK: usize = 1_000;
const SMALL_BUDGET: usize = 15_000_000;
const BULK_BUDGET: usize = 64_000_000;

/// What a refresh did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshReport {
    /// The first four fields count editions.
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
    pub unchanged: usize,
    /// Number of passages in the index now.
    pub passages: usize,
    pub took: Duration,
    pub skipped: Vec<Skipped>,
    /// Why an old, foreign or damaged index was rebuilt, in one line.
    pub rebuilt: Option<String>,
    /// Each edition that changed, with its slug.
    pub changes: Vec<(Change, String)>,
}

impl Store {
    /// Opens the index in `dir`, and first brings it up to date if it was not made from `files`.
    ///
    /// If nothing changed, this neither writes nor locks. It reads the manifest, compares hashes, and opens the index
    /// read-only.
    ///
    /// # Errors
    /// The same as [`Store::refresh`].
    pub fn open_or_refresh(dir: &Path, files: &[SourceFile]) -> Result<(Store, RefreshReport), IndexError> {
        let started = Instant::now();
        match open_current(dir, Check::Quick) {
            Ok(Some(store)) if is_current(&store.manifest, &sorted(files)) => Ok(unchanged(store, started)),
            _ => Store::refresh(dir, files),
        }
    }

    /// Brings the index in `dir` up to date with `files`. Creates it if there is none, and rebuilds it if it is damaged
    /// or of another version. Every byte of an existing index is checked.
    ///
    /// One process writes at a time, and others wait up to 10 seconds for it. Readers never wait: they get the state
    /// before or after. A process that is killed leaves the state before.
    ///
    /// # Errors
    /// Fails if the folder is a file, does not belong to askpm, cannot be written or has no space, or if another
    /// process is busy with it for too long.
    pub fn refresh(dir: &Path, files: &[SourceFile]) -> Result<(Store, RefreshReport), IndexError> {
        Store::refresh_within(dir, files, PATIENCE)
    }

    /// Like [`Store::refresh`], but waits at most `patience` for another process.
    pub(super) fn refresh_within(
        dir: &Path,
        files: &[SourceFile],
        patience: Duration,
    ) -> Result<(Store, RefreshReport), IndexError> {
        let started = Instant::now();
        folder::prepare(dir)?;
        let _lock = folder::lock(dir, patience)?;
        let files = sorted(files);
        match open_current(dir, Check::Whole) {
            Ok(Some(store)) if is_current(&store.manifest, &files) => Ok(unchanged(store, started)),
            Ok(Some(store)) => match update(&store, &files, started) {
                Err(IndexError::Damaged { what, .. }) => build(dir, &files, Some(what), started),
                result => result,
            },
            Ok(None) => build(dir, &files, None, started),
            Err(why) => build(dir, &files, Some(why), started),
        }
    }
}

/// Returns `files` by path, so that an index does not depend on the order in which a folder is listed.
fn sorted(files: &[SourceFile]) -> Vec<&SourceFile> {
    let mut files: Vec<_> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn is_current(manifest: &Manifest, files: &[&SourceFile]) -> bool {
    manifest.files.len() == files.len()
        && manifest
            .files
            .iter()
            .zip(files)
            .all(|(entry, file)| entry.path == file.path && entry.sha256 == hex(&file.hash))
}

fn unchanged(store: Store, started: Instant) -> (Store, RefreshReport) {
    let report = RefreshReport {
        added: 0,
        changed: 0,
        removed: 0,
        unchanged: store.manifest.editions().count(),
        passages: store.manifest.passages(),
        took: started.elapsed(),
        skipped: store.manifest.skipped(),
        rebuilt: None,
        changes: Vec::new(),
    };
    (store, report)
}

/// Commits the changes to the current generation.
fn update(store: &Store, files: &[&SourceFile], started: Instant) -> Result<(Store, RefreshReport), IndexError> {
    let plan = Plan::new(files, Some(&store.manifest), store.fields.fingerprint());
    write(&store.dir, &store.index, &store.fields, &plan)?;
    // A rebuild that was killed may have left an unfinished generation.
    folder::remove_others(&store.dir, &store.generation)?;
    reopen(&store.dir, plan, None, started)
}

/// Builds a new generation and then makes it the current one.
fn build(
    dir: &Path,
    files: &[&SourceFile],
    rebuilt: Option<String>,
    started: Instant,
) -> Result<(Store, RefreshReport), IndexError> {
    let fields = Fields::new();
    let plan = Plan::new(files, None, fields.fingerprint());
    let generation = folder::next(dir)?;
    let made = (|| {
        fs::create_dir(&generation).map_err(IndexError::io(dir, "create"))?;
        let index = Index::create_in_dir(&generation, fields.schema.clone()).map_err(|e| refused(dir, e))?;
        index.tokenizers().register(analyzer::NAME, analyzer::analyzer());
        write(dir, &index, &fields, &plan)?;
        folder::publish(dir, &generation)
    })();
    if let Err(error) = made {
        let _ = fs::remove_dir_all(&generation);
        return Err(error);
    }
    folder::remove_others(dir, &generation)?;
    reopen(dir, plan, rebuilt, started)
}

fn reopen(
    dir: &Path,
    plan: Plan,
    rebuilt: Option<String>,
    started: Instant,
) -> Result<(Store, RefreshReport), IndexError> {
    let damaged = |what: String| IndexError::Damaged { path: dir.into(), what };
    let store = open_current(dir, Check::Quick)
        .map_err(damaged)?
        .ok_or_else(|| damaged("it disappeared while it was written".into()))?;
    let count = |change| plan.changes.iter().filter(|(c, _)| *c == change).count();
    let (added, changed) = (count(Change::Added), count(Change::Changed));
    let report = RefreshReport {
        added,
        changed,
        removed: count(Change::Removed),
        unchanged: plan.manifest.editions().count() - added - changed,
        passages: plan.manifest.passages(),
        took: started.elapsed(),
        skipped: plan.skipped,
        rebuilt,
        changes: plan.changes,
    };
    Ok((store, report))
}

/// Deletes, adds and commits. On success, the index and its manifest are those of `plan`.
fn write(dir: &Path, index: &Index, fields: &Fields, plan: &Plan) -> Result<(), IndexError> {
    // The likeliest cause of a panic here is a damaged index, which is then rebuilt.
    let written = catch_unwind(AssertUnwindSafe(|| commit(index, fields, plan)));
    match written {
        Ok(result) => result.map_err(|e| refused(dir, e)),
        Err(_) => Err(IndexError::Damaged {
            path: dir.into(),
            what: "writing to it failed".into(),
        }),
    }
}

fn commit(index: &Index, fields: &Fields, plan: &Plan) -> tantivy::Result<()> {
    let budget = if plan.add.len() > BULK {
        BULK_BUDGET
    } else {
        SMALL_BUDGET
    };
    // One thread for each, so that passages keep their order and other cores stay free.
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(budget)
        .build();
    let mut writer: IndexWriter = index.writer_with_options(options)?;
    // A commit that was killed leaves files behind. If one is a `.del` file with the name of one that is written now,
    // tantivy fails, this time and every time after.
    writer.garbage_collect_files().wait()?;
    for path in &plan.delete {
        writer.delete_term(fields.file_term(path));
    }
    for (path, edition) in &plan.add {
        for passage in passages(edition, path) {
            let mut document = fields.document(&passage);
            fields.label(&mut document, edition);
            if let Err(error) = writer.add_document(document) {
                // The writer thread has ended. What killed it, such as a full disk, is reported only by the next
                // commit.
                return Err(writer.prepare_commit().err().unwrap_or(error));
            }
        }
    }
    let payload = plan
        .manifest
        .to_payload()
        .map_err(|e| TantivyError::InternalError(e.to_string()))?;
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&payload);
    prepared.commit()?;
    writer.wait_merging_threads()
}

/// Converts an error of tantivy: into a disk error, damage, or anything else.
fn refused(dir: &Path, error: TantivyError) -> IndexError {
    use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
    let io = |source: &io::Error| IndexError::Io {
        path: dir.into(),
        doing: "write to",
        source: own(source),
    };
    match &error {
        TantivyError::IoError(source) => io(source),
        TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, .. })
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error, .. })
        | TantivyError::LockFailure(LockError::IoError(io_error), _) => io(io_error),
        TantivyError::DataCorruption(_)
        | TantivyError::OpenReadError(_)
        | TantivyError::OpenWriteError(OpenWriteError::FileAlreadyExists(_))
        | TantivyError::IncompatibleIndex(_) => IndexError::Damaged {
            path: dir.into(),
            what: error.to_string(),
        },
        // Some disk failures come as internal errors that only quote the original error.
        other => match system_code(&other.to_string()) {
            Some(code) => io(&io::Error::from_raw_os_error(code)),
            None => IndexError::Engine {
                path: dir.into(),
                what: other.to_string(),
            },
        },
    }
}

/// Copies a borrowed system error. Tantivy passes some of them on as text only, which the standard library always ends
/// in the same way. Without the code from it, there would be no hint about a full disk.
fn own(source: &io::Error) -> io::Error {
    let text = source.to_string();
    match source.raw_os_error().or_else(|| system_code(&text)) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(source.kind(), text),
    }
}

/// Returns the system's error code that `text` quotes, as in `No space left on device (os error 28)`.
fn system_code(text: &str) -> Option<i32> {
    let (_, after) = text.rsplit_once("(os error ")?;
    after.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_that_comes_as_an_internal_error_is_told_as_a_full_disk() {
        let error = TantivyError::InternalError("No space left on device (os error 28)".into());
        let error = refused(Path::new("dir"), error);
        assert!(
            error.hint().unwrap_or_default().contains("free some space"),
            "{error:?}"
        );
        let error = refused(Path::new("dir"), TantivyError::InternalError("a field is gone".into()));
        assert!(matches!(error, IndexError::Engine { .. }), "{error:?}");
    }
}
