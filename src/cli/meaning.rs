//! Chooses how passages are found: by words, and by meaning too where the embedding model is on this machine.
//!
//! In: what the user asked for with `--by`, the index, the models that are here. Out: a [`Retriever`]. A model is never
//! fetched for this: what nobody asked for may not cost 90 MB.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::args::By;
use super::context::Context;
use super::error::Failure;
use super::model::megabytes;
use super::progress::{Bar, Counter};
use crate::answer::meaning::Meaning;
use crate::index::Store;
use crate::models::{self, Model, Net};
use crate::retrieve::cluster::{ByCluster, Cluster};
use crate::retrieve::dense::{Dense, Embedder, Files};
use crate::retrieve::{ByMeaning, ByWords, Fused, Retriever};

/// How passages are found in one run of the program.
pub struct Finder {
    by: By,
    dense: Option<Dense>,
    /// Goes before the others.
    cluster: Option<Cluster>,
}

impl Finder {
    /// What `by` asks for; without it, the cluster of the settings or, where there is none, words and meaning if they can be had, else words. `words_only`: nothing else
    /// unless it is asked for.
    pub fn new(context: &Context, store: &Store, by: Option<By>, words_only: bool) -> Result<Finder, Failure> {
        let wanted = by.unwrap_or(if words_only { By::Words } else { By::Both });
        let words = Finder {
            by: By::Words,
            dense: None,
            cluster: None,
        };
        if let (Some(table), None) = (&context.config.retriever, by) {
            return Ok(Finder {
                cluster: Some(table.open(context, store)?),
                ..words
            });
        }
        if wanted == By::Words {
            return Ok(words);
        }
        match dense(context, store) {
            Ok(dense) => Ok(Finder {
                by: wanted,
                dense: Some(dense),
                cluster: None,
            }),
            Err(Missing::Model(_)) if by.is_none() => Ok(words),
            Err(Missing::Broken(failure)) if by.is_none() => {
                context.note(&format!("searching by words alone: {}", failure.lines().join(" ")));
                Ok(words)
            }
            Err(Missing::Model(failure) | Missing::Broken(failure)) => Err(failure),
        }
    }

    pub fn retriever<'a>(&'a self, store: &'a Store) -> Box<dyn Retriever + 'a> {
        if let Some(cluster) = &self.cluster {
            return Box::new(ByCluster { store, cluster });
        }
        match (&self.dense, self.by) {
            (None, _) | (_, By::Words) => Box::new(ByWords { store }),
            (Some(dense), By::Meaning) => Box::new(ByMeaning { store, dense }),
            (Some(dense), By::Both) => Box::new(Fused { store, dense }),
        }
    }
}

impl Finder {
    /// What sentences are compared by beyond their words, where passages are found by meaning.
    pub fn meaning(&self) -> Option<&dyn Meaning> {
        self.dense.as_ref().map(|dense| dense as &dyn Meaning)
    }
}

/// Why passages cannot be found by meaning.
enum Missing {
    /// The model is not on this machine: all is well without it.
    Model(Failure),
    /// Something is wrong.
    Broken(Failure),
}

fn dense(context: &Context, store: &Store) -> Result<Dense, Missing> {
    let broken = |failure: Failure| Missing::Broken(failure);
    let registry = context.registry().map_err(broken)?;
    let places = context.places().map_err(broken)?;
    let Some(model) = registry.embedder() else {
        return Err(Missing::Model(Failure::new(
            "models",
            "none of them finds passages by meaning",
        )));
    };
    if let Err(error) = models::path(model, &places) {
        context.detail(&format!("searching by words alone; {}", offer(model)));
        return Err(Missing::Model(error.into()));
    }
    let paths =
        models::ensure_all(model, &places, Net::Offline, &mut Bar::new(context)).map_err(|e| broken(e.into()))?;
    open(context, store, model, &paths).map_err(broken)
}

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
    let mut counter = Counter::new(context, "embedding the corpus, once");
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

/// How search by meaning can be had.
pub fn offer(model: &Model) -> String {
    let size = megabytes(model.total_size());
    format!("`askpm models pull {}` ({size}) adds search by meaning", model.name)
}

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod tests;
