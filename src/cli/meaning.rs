//! Chooses how passages are found: by words and by meaning, or by words alone where that is asked for or the embedding
//! model cannot be had.
//!
//! In: what the user asked for with `--by`, the index, the model that is to write. Out: a [`Retriever`]. The first time
//! that an embedding model is needed it is fetched, together with the model that writes where that is missing too. The
//! texts of the built-in editions are not embedded then: their vectors came with the program.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::args::By;
use super::context::Context;
use super::error::Failure;
use super::files;
use super::model::{Wanted, fetch, megabytes};
use super::progress::{Bar, Counter};
use crate::answer::meaning::Meaning;
use crate::index::Store;
use crate::models::{self, Model, ModelError, Net, Places};
use crate::retrieve::cluster::{ByCluster, Cluster};
use crate::retrieve::dense::{Dense, Embedder, Files};
use crate::retrieve::{ByMeaning, ByWords, Fused, Retriever};

/// After a fetch that failed, none is tried for so long: without a network, each question would wait for it.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);

/// How passages are found in one run of the program.
pub struct Finder {
    /// What was asked for.
    by: Option<By>,
    way: Way,
}

enum Way {
    Words,
    Meaning(Dense),
    Both(Dense),
    /// The cluster of the settings.
    Cluster(Cluster),
}

impl Finder {
    /// What `by` asks for; without it, the cluster of the settings or, where there is none, words and meaning if the
    /// embedding model can be had, else words. A missing embedding model is fetched, with that of `writer` if it is
    /// missing too.
    ///
    /// # Errors
    /// An embedding model that `by` asks for and that cannot be had or used.
    pub fn new(context: &Context, store: &Store, by: Option<By>, writer: Option<&Wanted>) -> Result<Finder, Failure> {
        Finder::with(context, store, by, |model, places| {
            if context.net == Net::Offline {
                return Err(Missing::Offline);
            }
            if by.is_none()
                && let Some(ago) = failed_before(context)
            {
                return Err(Missing::FailedBefore(ago));
            }
            fetch_with_writer(context, model, writer, places)
        })
    }

    /// The same for another state of the corpus. Nothing is fetched, and a model that is loaded stays so.
    ///
    /// # Errors
    /// As [`Finder::new`].
    pub fn again(&self, context: &Context, store: &Store) -> Result<Finder, Failure> {
        let (Way::Meaning(dense) | Way::Both(dense)) = &self.way else {
            return Finder::with(context, store, self.by, |_, _| Err(Missing::Unasked));
        };
        let mut counter = Counter::new(context, EMBEDDING);
        let opened = dense.reopen(store, &mut |done, total| counter.show(done, total));
        counter.end();
        let dense = opened.map_err(|error| Failure::with(error.to_string(), error.hint()))?;
        Ok(Finder::by_meaning(self.by, dense))
    }

    fn with(
        context: &Context,
        store: &Store,
        by: Option<By>,
        fetch: impl FnOnce(&Model, &Places) -> Result<(), Missing>,
    ) -> Result<Finder, Failure> {
        let way = |way| Ok(Finder { by, way });
        if let (Some(table), None) = (&context.config.retriever, by) {
            return way(Way::Cluster(table.open(context, store)?));
        }
        if by == Some(By::Words) {
            return way(Way::Words);
        }
        let registry = context.registry()?;
        let Some(model) = registry.embedder() else {
            let none = Failure::new("models", "none of them finds passages by meaning");
            return if by.is_none() { way(Way::Words) } else { Err(none) };
        };
        let missing = match dense(context, store, model, fetch) {
            Ok(dense) => return Ok(Finder::by_meaning(by, dense)),
            Err(missing) => missing,
        };
        if by.is_some() {
            return Err(missing.failure(model));
        }
        if let Some(why) = missing.why(model) {
            context.note(&format!("searching by words alone: {why}"));
        }
        way(Way::Words)
    }

    fn by_meaning(by: Option<By>, dense: Dense) -> Finder {
        let way = match by {
            Some(By::Meaning) => Way::Meaning(dense),
            _ => Way::Both(dense),
        };
        Finder { by, way }
    }

    pub fn retriever<'a>(&'a self, store: &'a Store) -> Box<dyn Retriever + 'a> {
        match &self.way {
            Way::Words => Box::new(ByWords { store }),
            Way::Meaning(dense) => Box::new(ByMeaning { store, dense }),
            Way::Both(dense) => Box::new(Fused { store, dense }),
            Way::Cluster(cluster) => Box::new(ByCluster { store, cluster }),
        }
    }

    /// What sentences are compared by beyond their words, where passages are found by meaning.
    pub fn meaning(&self) -> Option<&dyn Meaning> {
        match &self.way {
            Way::Meaning(dense) | Way::Both(dense) => Some(dense),
            Way::Words | Way::Cluster(_) => None,
        }
    }
}

/// Why passages cannot be found by meaning.
enum Missing {
    /// The model is not on this machine, and the network may not be used.
    Offline,
    /// It is not there, a fetch failed so long ago, and none is tried yet.
    FailedBefore(Duration),
    /// It is not there, and this is no time to fetch it.
    Unasked,
    /// It could not be fetched.
    Unfetched(ModelError),
    /// It is there, and something is wrong with it or with its vectors.
    Broken(Failure),
}

impl Missing {
    /// The reason and the way out, on one line; `None` where it was said before.
    fn why(self, model: &Model) -> Option<String> {
        let (name, size) = (&model.name, megabytes(model.total_size()));
        let pull = format!("`askpm models pull {name}` ({size})");
        match self {
            Missing::Unasked => None,
            Missing::Offline => Some(format!(
                "{name} is not on this machine, and offline nothing is fetched; {pull} gets it, online"
            )),
            Missing::FailedBefore(ago) => Some(format!(
                "{name} could not be fetched {} ago; {pull} tries again now, `--by words` does without it",
                minutes(ago)
            )),
            Missing::Unfetched(error) => Some(format!("{error}; {pull} tries again, `--by words` does without it")),
            Missing::Broken(failure) => Some(failure.lines().join(" ")),
        }
    }

    /// The failure of a run that asked for search by meaning.
    fn failure(self, model: &Model) -> Failure {
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

/// The embedding model with the vectors of `store`; `fetch` brings the model where it is not on this machine.
fn dense(
    context: &Context,
    store: &Store,
    model: &Model,
    fetch: impl FnOnce(&Model, &Places) -> Result<(), Missing>,
) -> Result<Dense, Missing> {
    let broken = |failure: Failure| Missing::Broken(failure);
    let places = context.places().map_err(broken)?;
    if models::path(model, &places).is_err() {
        fetch(model, &places)?;
    }
    let paths =
        models::ensure_all(model, &places, Net::Offline, &mut Bar::new(context)).map_err(|e| broken(e.into()))?;
    open(context, store, model, &paths).map_err(broken)
}

/// Fetches `model`, and that of `writer` where it is missing, as one. A writer's model that cannot be had is left to the
/// writer to report.
fn fetch_with_writer(
    context: &Context,
    model: &Model,
    writer: Option<&Wanted>,
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
            // Where this cannot be noted, the next question tries again, which costs time alone.
            let _ = files::replace(&failure_mark(context), b"", files::Readers::Owner);
            Err(Missing::Unfetched(error))
        }
        _ => {
            let _ = std::fs::remove_file(failure_mark(context));
            Ok(())
        }
    }
}

/// The file whose age says when a fetch failed.
fn failure_mark(context: &Context) -> PathBuf {
    context.folders.cache.join("embedding-model-not-fetched")
}

/// How long ago a fetch failed, where that is too short a time for another.
fn failed_before(context: &Context) -> Option<Duration> {
    let when = std::fs::metadata(failure_mark(context)).ok()?.modified().ok()?;
    let ago = SystemTime::now().duration_since(when).ok()?;
    (ago < TRY_AGAIN_AFTER).then_some(ago)
}

/// What the counter of texts says.
const EMBEDDING: &str = "reading new texts for search by meaning, once";

fn open(context: &Context, store: &Store, model: &Model, paths: &[PathBuf]) -> Result<Dense, Failure> {
    let started = Instant::now();
    // In the order of the registry: the file with the weights, then those listed beside it.
    let beside = |name: &str| {
        let at = model.files.iter().position(|file| file.name == name);
        let path = at.and_then(|at| paths.get(at + 1)).map(PathBuf::as_path);
        path.ok_or_else(|| Failure::new(&model.name, format!("models.toml lists no {name} beside its weights")))
    };
    let files = Files {
        weights: paths.first().map_or(Path::new(""), PathBuf::as_path),
        tokenizer: beside("tokenizer.json")?,
        config: beside("config.json")?,
        identity: identity(&model.sha256),
    };
    let embedder = Embedder::load(files).map_err(|error| Failure::with(error.to_string(), error.hint()))?;
    let loaded = started.elapsed();
    let mut counter = Counter::new(context, EMBEDDING);
    let opened = Dense::open(store, embedder, &mut |done, total| counter.show(done, total));
    counter.end();
    let dense = opened.map_err(|error| Failure::with(error.to_string(), error.hint()))?;
    context.detail(&format!(
        "loaded {} in {:.0} ms, its vectors in {:.0} ms",
        model.name,
        loaded.as_secs_f64() * 1e3,
        (started.elapsed() - loaded).as_secs_f64() * 1e3
    ));
    Ok(dense)
}

/// 64 hexadecimal digits as bytes: the registry has checked that they are such.
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
#[path = "meaning_tests.rs"]
mod tests;
