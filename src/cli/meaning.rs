//! Chooses how passages are found: in a cluster if the settings name one, else on this machine, by words and meaning.
//! Only words count if the user asks for that or the embedding model is not available. The settings may name a server
//! whose model takes the place of the embedding model, and one that gives the best passages a second look.
//!
//! The first time that the embedding model is needed, askpm downloads it, together with the model that writes if that
//! is missing too. The texts of the built-in editions are not embedded then: their vectors are part of the program.

mod local;

use std::sync::Arc;

use super::args::By;
use super::context::Context;
use super::embedder::EmbedderTable;
use super::error::Failure;
use super::model::ModelSelection;
use super::progress::Counter;
use super::vectors::{self, Chosen, SENDING};
use crate::answer::meaning::Meaning;
use crate::index::Store;
use crate::models::{Model, Places};
use crate::retrieve::cluster::{ByCluster, Cluster};
use crate::retrieve::dense::Dense;
use crate::retrieve::{ByMeaning, ByWords, HybridRetriever, Reranked, Retriever};
use crate::served::Reranker;

use local::{EMBEDDING, Missing, dense, embedder, fetching};

/// How passages are found in one run of the program.
pub struct Finder {
    /// The value of `--by`.
    by: Option<By>,
    way: Way,
    /// Gives the best passages a second look.
    reranker: Option<Arc<Reranker>>,
    /// Whether another model finds until the vectors of that in the settings are made.
    awaits: bool,
}

enum Way {
    Words,
    Meaning(Dense),
    Both(Dense),
    /// The cluster of the settings.
    Cluster(Cluster),
}

impl Finder {
    /// Chooses the retriever of `store` that `by` asks for. Without `by`, it is words and meaning if the embedding model
    /// is available, else words. A missing embedding model is downloaded, together with the model of `writer` if that is
    /// missing too.
    ///
    /// # Errors
    /// An embedding model that `by` needs and that cannot be downloaded or used.
    pub fn new(
        context: &Context,
        store: &Store,
        by: Option<By>,
        writer: Option<&ModelSelection>,
    ) -> Result<Finder, Failure> {
        let reranker = reranker(context, by)?;
        let finder = Finder::comparing(context, store, by, writer)?;
        Ok(Finder { reranker, ..finder })
    }

    /// The same without the reranker, for commands that compare texts and search for nothing.
    ///
    /// # Errors
    /// As for [`Finder::new`].
    pub fn comparing(
        context: &Context,
        store: &Store,
        by: Option<By>,
        writer: Option<&ModelSelection>,
    ) -> Result<Finder, Failure> {
        Finder::with(context, store, by, fetching(context, by, writer))
    }

    /// Opens the corpus and chooses the retriever. If the settings name a cluster and `by` is not given, it searches the
    /// cluster, with a store that has no passages. Otherwise it searches the local index, as [`Finder::new`] does.
    ///
    /// # Errors
    /// As for [`Finder::new`], an index that cannot be opened, or a cluster that cannot be used.
    pub fn open(
        context: &Context,
        by: Option<By>,
        writer: Option<&ModelSelection>,
    ) -> Result<(Store, Finder), Failure> {
        let Some(table) = context.config.retriever.as_ref().filter(|_| by.is_none()) else {
            let store = context.store()?;
            let finder = Finder::new(context, &store, by, writer)?;
            return Ok((store, finder));
        };
        context.make_private_folders();
        let reranker = reranker(context, by)?;
        let mut cluster = table.open(context.net)?;
        if !cluster.has_vectors() {
            context.note("searching by words only: the cluster has no vectors; `askpm refresh` sends them");
        } else if let Some(model) = context.registry()?.embedder() {
            let embedder = embedder(context, model, fetching(context, by, writer));
            let why = match embedder.map(|found| cluster.embed_with(found)) {
                Ok(true) => None,
                Ok(false) => Some("the cluster's vectors are of another model; run `askpm refresh`".into()),
                Err(missing) => missing.why(model),
            };
            if let Some(why) = why {
                context.note(&format!("searching by words only: {why}"));
            }
        }
        Ok((
            cluster.store()?,
            Finder {
                by,
                way: Way::Cluster(cluster),
                reranker,
                awaits: false,
            },
        ))
    }

    /// Whether the corpus is in a cluster, and not on this machine.
    pub fn is_remote(&self) -> bool {
        matches!(self.way, Way::Cluster(_))
    }

    /// Returns the same for a newer state of the corpus. Downloads nothing, and keeps a loaded model.
    ///
    /// # Errors
    /// As for [`Finder::new`].
    pub fn again(&self, context: &Context, store: &Store) -> Result<Finder, Failure> {
        let reranker = self.reranker.clone();
        let dense = match &self.way {
            Way::Meaning(dense) | Way::Both(dense) if !self.awaits => dense,
            _ => {
                let finder = Finder::with(context, store, self.by, |_, _| Err(Missing::Unasked))?;
                return Ok(Finder { reranker, ..finder });
            }
        };
        let mut counter = Counter::new(context, if dense.is_served() { SENDING } else { EMBEDDING });
        let opened = dense.reopen(store, &mut |done, total| counter.show(done, total));
        counter.end();
        let dense = opened.map_err(|error| Failure::with(error.to_string(), error.hint()))?;
        let finder = Finder::by_meaning(self.by, dense);
        Ok(Finder { reranker, ..finder })
    }

    /// Whether the vectors that were not made yet when this was opened are there now.
    pub fn is_outdated(&self, context: &Context, store: &Store) -> bool {
        let table = context.config.embedder.as_ref();
        self.awaits && table.is_some_and(|table| vectors::is_made(table, context, store))
    }

    fn with(
        context: &Context,
        store: &Store,
        by: Option<By>,
        fetch: impl FnOnce(&Model, &Places) -> Result<(), Missing>,
    ) -> Result<Finder, Failure> {
        if by == Some(By::Words) {
            return Ok(Finder::by_way(by, Way::Words));
        }
        if let Some(table) = &context.config.embedder {
            return Finder::served(context, store, by, table);
        }
        let way = |way| Ok(Finder::by_way(by, way));
        let registry = context.registry()?;
        let Some(model) = registry.embedder() else {
            let none = Failure::new("cannot search by meaning", "no embedding model is listed");
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
            context.note(&format!("searching by words only: {why}"));
        }
        way(Way::Words)
    }

    /// Uses the model of `[embedder]`. Until its vectors are made, uses an earlier model on a server, else the built-in one
    /// if it is on this machine, else words.
    fn served(context: &Context, store: &Store, by: Option<By>, table: &EmbedderTable) -> Result<Finder, Failure> {
        let (found, name) = match vectors::choose(table, context, store)? {
            Chosen::Current(dense) => return Ok(Finder::by_meaning(by, dense)),
            Chosen::Earlier(dense, name) => (Some(dense), name),
            Chosen::NotMade => {
                let registry = context.registry()?;
                let model = registry.embedder();
                let dense = model.and_then(|model| dense(context, store, model, |_, _| Err(Missing::Unasked)).ok());
                (dense, model.map_or_else(String::new, |model| model.name.clone()))
            }
        };
        let (new, address) = (&table.model, table.address());
        let why = format!("the vectors of {new} are not made yet");
        let refresh = format!("`askpm refresh` sends the corpus to {address} and makes them");
        let finder = match found {
            Some(dense) => {
                context.note(&format!("searching with {name}: {why}; {refresh}"));
                Finder::by_meaning(by, dense)
            }
            None if by.is_some() => return Err(Failure::new("cannot search by meaning", why).hinted(refresh)),
            None => {
                context.note(&format!("searching by words only: {why}; {refresh}"));
                Finder::by_way(by, Way::Words)
            }
        };
        Ok(Finder { awaits: true, ..finder })
    }

    fn by_meaning(by: Option<By>, dense: Dense) -> Finder {
        let way = match by {
            Some(By::Meaning) => Way::Meaning(dense),
            _ => Way::Both(dense),
        };
        Finder::by_way(by, way)
    }

    fn by_way(by: Option<By>, way: Way) -> Finder {
        Finder {
            by,
            way,
            reranker: None,
            awaits: false,
        }
    }

    pub fn retriever<'a>(&'a self, store: &'a Store) -> Box<dyn Retriever + 'a> {
        let first: Box<dyn Retriever + 'a> = match &self.way {
            Way::Words => Box::new(ByWords { store }),
            Way::Meaning(dense) => Box::new(ByMeaning { store, dense }),
            Way::Both(dense) => Box::new(HybridRetriever { store, dense }),
            Way::Cluster(cluster) => Box::new(ByCluster { cluster }),
        };
        match &self.reranker {
            Some(reranker) => Box::new(Reranked { first, reranker }),
            None => first,
        }
    }

    /// The vectors of the local index, if passages are found by words and meaning.
    pub fn dense(&self) -> Option<&Dense> {
        match &self.way {
            Way::Both(dense) => Some(dense),
            _ => None,
        }
    }

    /// Compares sentences by meaning, if passages are found by meaning.
    pub fn meaning(&self) -> Option<&dyn Meaning> {
        match &self.way {
            // The constants of answers apply to similarities of a known scale only.
            Way::Meaning(dense) | Way::Both(dense) => dense.scale().map(|_| dense as _),
            Way::Cluster(cluster) if cluster.compares_meaning() => Some(cluster),
            Way::Words | Way::Cluster(_) => None,
        }
    }
}

/// Returns the reranker of the settings, unless only words count.
fn reranker(context: &Context, by: Option<By>) -> Result<Option<Arc<Reranker>>, Failure> {
    let table = context.config.reranker.as_ref().filter(|_| by != Some(By::Words));
    let client = table.map(|table| table.client(context.net)).transpose()?;
    Ok(client.map(Arc::new))
}
