//! Finds out the hash of a model that is listed without one.

use std::path::Path;

use super::Progress;
use super::error::{ModelError, SourceFailure};
use super::lock::{self, Locked};
use super::model::{Model, Source};
use super::places::{Net, Permit, Places};
use super::source::{self, Fault};

/// Returns `model` with the hashes of all its files. Asks the Hub for those that are not listed, and records its answers
/// in the lock file `lock`.
///
/// # Errors
/// - [`ModelError::Offline`] if the Hub must be asked but `net` forbids it.
/// - [`ModelError::AllSourcesFailed`] if no repository of the model answered.
/// - [`ModelError::Lock`] and errors of writing, for the lock file.
pub fn pin(
    model: &Model,
    lock: &Path,
    places: &Places,
    net: Net,
    progress: &mut dyn Progress,
) -> Result<Model, ModelError> {
    if model.is_pinned() {
        return Ok(model.clone());
    }
    let Some(permit) = net.permit() else {
        return Err(ModelError::Offline {
            model: model.name.clone(),
        });
    };
    let mut failures = Vec::new();
    for (number, source) in model.sources.iter().enumerate() {
        if !matches!(source, Source::Hub { .. }) {
            continue;
        }
        match stated(&permit, model, number, places, progress) {
            Ok(found) => {
                lock::add(lock, &found)?;
                let mut pinned = model.clone();
                lock::apply(&mut pinned, &found);
                return Ok(pinned);
            }
            Err(Fault::Local(error)) => return Err(error),
            Err(Fault::Source { why, hint }) => failures.push(SourceFailure {
                source: source.label(),
                why,
                hint,
            }),
        }
    }
    Err(ModelError::AllSourcesFailed {
        model: model.name.clone(),
        failures,
    })
}

/// What the repository of source `number` states about the files whose hashes are not listed.
fn stated(
    permit: &Permit,
    model: &Model,
    number: usize,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<Vec<Locked>, Fault> {
    let mut found = Vec::new();
    let mut at: Option<String> = None;
    for part in model.parts().iter().filter(|part| part.sha256.is_none()) {
        let Some(Source::Hub { repo, revision, file }) = part.sources.get(number) else {
            continue;
        };
        // All files of a model come from one commit.
        let revision: &str = at.as_deref().unwrap_or(revision.as_str());
        let identity = source::identify(permit, repo, revision, file, places, progress)?;
        at = at.or_else(|| identity.commit.clone());
        found.push(Locked {
            model: model.name.clone(),
            repo: repo.clone(),
            file: file.clone(),
            commit: at.clone(),
            size: identity.size,
            sha256: identity.sha256,
            taken: jiff::ZonedDateTime::now().date().to_string(),
        });
    }
    Ok(found)
}
