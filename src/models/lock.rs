//! Reads and writes `models.lock`: the hashes that askpm took from the Hub, for models that are listed without one.
//!
//! After the first download, the recorded hash counts as listed: every later check compares with it, and a later download
//! asks for the recorded commit. The file belongs to the user, next to their `models.toml`.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::{is_commit, is_sha256};
use super::error::ModelError;
use super::model::{Model, Source};
use super::store::write_atomically;

const VERSION: i64 = 1;

const HEADER: &str = "# The hashes of models that models.toml lists without one. askpm took them from the Hub at the first download and\n\
                      # checks every later file against them. Delete an entry to accept another file.\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    version: i64,
    #[serde(default)]
    file: Vec<Locked>,
}

/// What the Hub stated about one file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Locked {
    pub model: String,
    /// `ORG/NAME` of the repository.
    pub repo: String,
    /// The path of the file in the repository.
    pub file: String,
    /// The commit that the listed branch pointed to, if the Hub said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    pub size: u64,
    pub sha256: String,
    /// The day, as `YYYY-MM-DD`.
    pub taken: String,
}

/// Returns the entries of the lock file at `path`. A missing file has none.
///
/// # Errors
/// [`ModelError::Lock`] if the file cannot be read or breaks the format.
pub(super) fn read(path: &Path) -> Result<Vec<Locked>, ModelError> {
    let bad = |why: String| ModelError::Lock {
        path: path.to_path_buf(),
        why,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(bad(error.to_string())),
    };
    let raw: RawLock = toml::from_str(&text).map_err(|error| {
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let before = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count();
        bad(format!("line {line}: {message}"))
    })?;
    if raw.version != VERSION {
        return Err(bad(format!("version {} of the format is unknown", raw.version)));
    }
    match raw.file.iter().find(|entry| !entry.is_valid()) {
        Some(entry) => Err(bad(format!("the entry of {:?} is not valid", entry.file))),
        None => Ok(raw.file),
    }
}

/// Adds `new` to the lock file at `path`, in place of older entries of the same files.
///
/// # Errors
/// As [`read`], and errors of writing.
pub(super) fn add(path: &Path, new: &[Locked]) -> Result<(), ModelError> {
    let mut file = read(path)?;
    file.retain(|old| !new.iter().any(|new| (&new.model, &new.file) == (&old.model, &old.file)));
    file.extend_from_slice(new);
    let raw = RawLock { version: VERSION, file };
    let text = toml::to_string(&raw).map_err(|error| ModelError::Lock {
        path: path.to_path_buf(),
        why: error.to_string(),
    })?;
    write_atomically(path, format!("{HEADER}{text}").as_bytes())
}

impl Locked {
    fn is_valid(&self) -> bool {
        is_sha256(&self.sha256) && self.size > 0 && self.commit.as_deref().is_none_or(is_commit)
    }
}

/// Fills in the hashes and sizes that `model` lacks, and the commit of their repository.
pub(super) fn apply(model: &mut Model, entries: &[Locked]) {
    if model.is_pinned() {
        return;
    }
    let paths: Vec<(String, Vec<String>)> = model.sources.iter().filter_map(|source| hub(source, model)).collect();
    let Some((repo, paths)) = paths.into_iter().find(|(repo, _)| {
        entries
            .iter()
            .any(|entry| entry.model == model.name && entry.repo == *repo)
    }) else {
        return;
    };
    let of = |path: &String| {
        entries
            .iter()
            .find(|entry| entry.model == model.name && entry.repo == repo && entry.file == *path)
    };
    let mut found = paths.iter().map(of);
    let mut commit = None;
    let mut fill = |size: &mut u64, sha256: &mut Option<String>, entry: Option<&Locked>| {
        if let (None, Some(entry)) = (&sha256, entry) {
            *size = entry.size;
            *sha256 = Some(entry.sha256.clone());
            commit = commit.take().or_else(|| entry.commit.clone());
            model.locked = Some(entry.taken.clone());
        }
    };
    fill(&mut model.size, &mut model.sha256, found.next().flatten());
    for file in &mut model.files {
        fill(&mut file.size, &mut file.sha256, found.next().flatten());
    }
    for source in &mut model.sources {
        if let (Source::Hub { repo: at, revision, .. }, Some(commit)) = (source, &commit)
            && *at == repo
        {
            revision.clone_from(commit);
        }
    }
}

/// The repository of a Hub source and the paths of the model's files in it, in their order.
fn hub(source: &Source, model: &Model) -> Option<(String, Vec<String>)> {
    let path = |source: &Source| match source {
        Source::Hub { file, .. } => Some(file.clone()),
        Source::Package { .. } | Source::Pieces(_) => None,
    };
    let Source::Hub { repo, .. } = source else {
        return None;
    };
    let further = model.files.iter().filter_map(|file| path(&source.beside(&file.name)));
    Some((repo.clone(), path(source).into_iter().chain(further).collect()))
}
