//! Brings an index up to date with the corpus's files, by content hash, in one commit.
//!
//! In: the index folder and the files as they are now. Out: the index opened, and a [`RefreshReport`]. It must not
//! know where files come from nor who is told about them.

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
use super::{IndexError, Skipped, analyzer, folder, hex};
use crate::corpus::SourceFile;
use crate::corpus::passage::passages;

/// How long a refresh waits for another process that is refreshing the same index.
const PATIENCE: Duration = Duration::from_secs(10);

/// From this many files to write on, the writer gets the larger memory budget: fewer, larger segments.
const BULK: usize = 1_000;
const SMALL_BUDGET: usize = 15_000_000;
const BULK_BUDGET: usize = 64_000_000;

/// What a refresh did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshReport {
    /// Counts of editions.
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
    pub unchanged: usize,
    /// Passages in the index now.
    pub passages: usize,
    pub took: Duration,
    pub skipped: Vec<Skipped>,
    /// Why an old, foreign or damaged index was made anew, in one line.
    pub rebuilt: Option<String>,
    /// Each edition that is not as it was, by slug.
    pub changes: Vec<(Change, String)>,
}

impl Store {
    /// Opens the index in `dir`, bringing it up to date first where `files` are not what it was made from.
    ///
    /// Where nothing changed this neither writes nor locks: it reads the manifest, compares hashes, and opens the
    /// index read-only.
    ///
    /// # Errors
    /// As [`Store::refresh`].
    pub fn open_or_refresh(dir: &Path, files: &[SourceFile]) -> Result<(Store, RefreshReport), IndexError> {
        let started = Instant::now();
        match open_current(dir, Check::Quick) {
            Ok(Some(store)) if is_current(&store.manifest, &sorted(files)) => Ok(unchanged(store, started)),
            _ => Store::refresh(dir, files),
        }
    }

    /// Brings the index in `dir` up to date with `files`, making it where there is none and anew where what is there
    /// is damaged or of another version; checks every byte of it.
    ///
    /// One process writes at a time, others wait up to 10 seconds for it; readers are never kept waiting, they have
    /// the state before or after. A process that is killed on the way leaves the state before.
    ///
    /// # Errors
    /// A folder that is a file, is not ours, cannot be written or has no space; another process that is busy with it
    /// for too long.
    pub fn refresh(dir: &Path, files: &[SourceFile]) -> Result<(Store, RefreshReport), IndexError> {
        Store::refresh_within(dir, files, PATIENCE)
    }

    /// [`Store::refresh`], waiting for another process no longer than `patience`.
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

/// `files` by path, so that an index does not depend on the order in which a folder is listed.
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

/// Commits what changed to the current generation.
fn update(store: &Store, files: &[&SourceFile], started: Instant) -> Result<(Store, RefreshReport), IndexError> {
    let plan = Plan::new(files, Some(&store.manifest), store.fields.fingerprint());
    write(&store.dir, &store.index, &store.fields, &plan)?;
    // A rebuild that was killed may have left its unfinished generation.
    folder::remove_others(&store.dir, &store.generation)?;
    reopen(&store.dir, plan, None, started)
}

/// Makes a new generation and then makes it the current one.
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
        fs::create_dir(&generation).map_err(IndexError::io(dir, "making it"))?;
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
        .ok_or_else(|| damaged("it vanished while it was written".into()))?;
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

/// Deletes, adds and commits; on success the index and its manifest are those of `plan`.
fn write(dir: &Path, index: &Index, fields: &Fields, plan: &Plan) -> Result<(), IndexError> {
    // A panic in here has a damaged index for its likeliest cause, and then the index is made anew.
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
    // One thread each: passages keep their order, and a laptop its other cores.
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(budget)
        .build();
    let mut writer: IndexWriter = index.writer_with_options(options)?;
    // A commit that was killed leaves files, and a `.del` file among them would have the name of the one that is
    // written now: tantivy then refuses, this time and every time after.
    writer.garbage_collect_files().wait()?;
    for path in &plan.delete {
        writer.delete_term(fields.file_term(path));
    }
    for (path, edition) in &plan.add {
        for passage in passages(edition, path) {
            if let Err(error) = writer.add_document(fields.document(&passage)) {
                // The thread that writes is gone; what killed it (a full disk) is told at the next commit only.
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

/// A refusal of tantivy's as our error: what the disk says, damage, or anything else.
fn refused(dir: &Path, error: TantivyError) -> IndexError {
    use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
    let io = |source: &io::Error| IndexError::Io {
        path: dir.into(),
        doing: "writing the index",
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
        // Some failures of the disk come as internal errors that only quote it.
        other => match system_code(&other.to_string()) {
            Some(code) => io(&io::Error::from_raw_os_error(code)),
            None => IndexError::Engine {
                path: dir.into(),
                what: other.to_string(),
            },
        },
    }
}

/// An error of the system that is only lent, as one of our own. Tantivy wraps some by their text alone, whose end the
/// standard library always writes the same way; without the code there would be no hint about a full disk.
fn own(source: &io::Error) -> io::Error {
    let text = source.to_string();
    match source.raw_os_error().or_else(|| system_code(&text)) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(source.kind(), text),
    }
}

/// The system's number of the error that `text` quotes, as in `No space left on device (os error 28)`.
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
