//! Loads the built-in embedding model, after a download if that is allowed, and opens its vectors.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::super::args::By;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::files;
use super::super::memory::megabytes;
use super::super::model::{ModelSelection, fetch};
use super::super::progress::{Bar, Counter};
use crate::index::Store;
use crate::models::{self, Model, ModelError, Net, Places};
use crate::retrieve::dense::{Dense, Embedder, Files};

/// The wait after a failed download. Without a network, each question would otherwise wait for another attempt.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);

/// Returns what downloads a missing embedding model, unless that is not allowed or failed a short time ago.
pub(super) fn fetching<'a>(
    context: &'a Context,
    by: Option<By>,
    writer: Option<&'a ModelSelection>,
) -> impl FnOnce(&Model, &Places) -> Result<(), Missing> + 'a {
    move |model, places| {
        if context.net == Net::Offline {
            return Err(Missing::Offline);
        }
        if by.is_none()
            && let Some(ago) = failed_before(context)
        {
            return Err(Missing::FailedBefore(ago));
        }
        fetch_with_writer(context, model, writer, places)
    }
}

/// Why the search cannot use meaning.
pub(super) enum Missing {
    /// The model is not on this machine, and the network may not be used.
    Offline,
    /// It is missing. A download failed this long ago, and the next attempt is not due.
    FailedBefore(Duration),
    /// It is missing, and this is not the time to download it.
    Unasked,
    /// The download failed.
    Unfetched(ModelError),
    /// It is present, but it or its vectors are broken.
    Broken(Failure),
}

impl Missing {
    /// The reason and the fix, on one line. `None` if it was reported before.
    pub(super) fn why(self, model: &Model) -> Option<String> {
        let (name, size) = (&model.name, megabytes(model.total_size()));
        let pull = format!("`askpm models pull {name}` ({size})");
        match self {
            Missing::Unasked => None,
            Missing::Offline => Some(format!(
                "{name} is not on this machine, and offline mode forbids a download; run {pull} online"
            )),
            Missing::FailedBefore(ago) => Some(format!(
                "the download of {name} failed {} ago; run {pull} to try again now, or pass `--by words`",
                minutes(ago)
            )),
            Missing::Unfetched(error) => Some(format!("{error}; run {pull} to try again, or pass `--by words`")),
            Missing::Broken(failure) => Some(failure.lines().join(" ")),
        }
    }

    /// The failure of a run that needs search by meaning.
    pub(super) fn failure(self, model: &Model) -> Failure {
        match self {
            Missing::Broken(failure) => failure,
            Missing::Unfetched(error) => error.into(),
            Missing::Offline | Missing::FailedBefore(_) | Missing::Unasked => {
                let model = model.name.clone();
                ModelError::Missing { model }.into()
            }
        }
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs().div_ceil(60) {
        0 | 1 => "a minute".into(),
        minutes => format!("{minutes} minutes"),
    }
}

/// Opens the embedding model and the vectors of `store`. `fetch` downloads the model if it is not on this machine.
pub(super) fn dense(
    context: &Context,
    store: &Store,
    model: &Model,
    fetch: impl FnOnce(&Model, &Places) -> Result<(), Missing>,
) -> Result<Dense, Missing> {
    let embedder = embedder(context, model, fetch)?;
    open(context, store, model, embedder).map_err(Missing::Broken)
}

/// Loads the embedding model. `fetch` downloads it if it is not on this machine.
pub(super) fn embedder(
    context: &Context,
    model: &Model,
    fetch: impl FnOnce(&Model, &Places) -> Result<(), Missing>,
) -> Result<Embedder, Missing> {
    let broken = |failure: Failure| Missing::Broken(failure);
    let places = context.places().map_err(broken)?;
    if models::path(model, &places).is_err() {
        fetch(model, &places)?;
    }
    let paths =
        models::ensure_all(model, &places, Net::Offline, &mut Bar::new(context)).map_err(|e| broken(e.into()))?;
    load(context, model, &paths).map_err(broken)
}

/// Downloads `model`, and the model of `writer` if that is missing too, as one download. The writer reports the failure
/// of its own model.
fn fetch_with_writer(
    context: &Context,
    model: &Model,
    writer: Option<&ModelSelection>,
    places: &Places,
) -> Result<(), Missing> {
    let writes = writer.and_then(|writer| writer.missing(places));
    let models: Vec<&Model> = [Some(model), writes].into_iter().flatten().collect();
    let mut fetched = fetch(context, &models, places, Bar::calm(context)).into_iter();
    let found = fetched.next();
    if let (Some(writer), Some(Err(why))) = (writer, fetched.next()) {
        writer.could_not_fetch(why);
    }
    match found {
        Some(Err(error)) => {
            // If this cannot be written, the next question tries again, which only costs time.
            let _ = files::replace(&failure_mark(context), b"", files::Readers::Owner);
            Err(Missing::Unfetched(error))
        }
        _ => {
            let _ = std::fs::remove_file(failure_mark(context));
            Ok(())
        }
    }
}

/// The file whose modification time is that of the last failed download.
fn failure_mark(context: &Context) -> PathBuf {
    context.folders.cache.join("embedding-model-not-fetched")
}

/// Returns how long ago a download failed, if it is too early for another attempt.
fn failed_before(context: &Context) -> Option<Duration> {
    let when = std::fs::metadata(failure_mark(context)).ok()?.modified().ok()?;
    let ago = SystemTime::now().duration_since(when).ok()?;
    (ago < TRY_AGAIN_AFTER).then_some(ago)
}

/// The label of the progress bar.
pub(super) const EMBEDDING: &str = "embedding new texts";

fn load(context: &Context, model: &Model, paths: &[PathBuf]) -> Result<Embedder, Failure> {
    let started = Instant::now();
    // In the order of the registry: the weights first, then the other files.
    let listed = |name: &str| {
        let at = model.files.iter().position(|file| file.name == name);
        let path = at.and_then(|at| paths.get(at + 1)).map(PathBuf::as_path);
        path.ok_or_else(|| {
            Failure::new(
                format!("cannot load {}", model.name),
                format!("models.toml lists no {name}"),
            )
        })
    };
    let files = Files {
        weights: paths.first().map_or(Path::new(""), PathBuf::as_path),
        tokenizer: listed("tokenizer.json")?,
        config: listed("config.json")?,
        identity: identity(model.sha256.as_deref().unwrap_or_default()),
    };
    let embedder = Embedder::load(files).map_err(|error| Failure::with(error.to_string(), error.hint()))?;
    context.detail(&format!(
        "loaded {} in {:.0} ms",
        model.name,
        started.elapsed().as_secs_f64() * 1e3
    ));
    Ok(embedder)
}

fn open(context: &Context, store: &Store, model: &Model, embedder: Embedder) -> Result<Dense, Failure> {
    let started = Instant::now();
    let mut counter = Counter::new(context, EMBEDDING);
    let opened = Dense::open(store, embedder, &mut |done, total| counter.show(done, total));
    counter.end();
    let dense = opened.map_err(|error| Failure::with(error.to_string(), error.hint()))?;
    context.detail(&format!(
        "opened the vectors of {} in {:.0} ms",
        model.name,
        started.elapsed().as_secs_f64() * 1e3
    ));
    Ok(dense)
}

/// Converts 64 hexadecimal digits to bytes. The registry has checked that they are valid.
fn identity(sha256: &str) -> [u8; 32] {
    let digit = |at: usize| {
        sha256
            .get(at..at + 1)
            .and_then(|d| u8::from_str_radix(d, 16).ok())
            .unwrap_or(0)
    };
    std::array::from_fn(|i| 16 * digit(2 * i) + digit(2 * i + 1))
}

#[cfg(test)]
#[path = "../meaning_tests.rs"]
mod tests;
