//! Keeps the vectors that the server of `[embedder]` makes.
//!
//! `askpm refresh` sends the texts of the corpus to the server and keeps their vectors. Until they are complete, what
//! found passages before goes on: the earlier model of `[embedder]`, the built-in model, or words. A question sends
//! itself, and the texts that are new since.

use std::fs;
use std::path::PathBuf;

use super::context::Context;
use super::embedder::EmbedderTable;
use super::error::Failure;
use super::files::{self, Readers};
use super::progress::Counter;
use crate::index::Store;
use crate::models::Net;
use crate::retrieve::dense::{self, Dense, Encoder as _, ServedEmbedder};

/// The vectors that the settings ask for, or what there is instead.
pub enum Chosen {
    /// Those of the model in the settings.
    Current(Dense),
    /// Those of an earlier model, whose name this is.
    Earlier(Dense, String),
    /// None of a model on a server.
    NotMade,
}

/// Returns the vectors of `store` that there are. New texts are sent to the server.
///
/// # Errors
/// As for [`EmbedderTable::client`], or a server that cannot be reached or refuses.
pub fn choose(table: &EmbedderTable, context: &Context, store: &Store) -> Result<Chosen, Failure> {
    let (client, input) = table.client(context.net)?;
    if let Some(dimensions) = dense::dimensions_made(store, &ServedEmbedder::identity_of(&client, &input)) {
        let model = ServedEmbedder::new(client, input, dimensions);
        return Ok(Chosen::Current(open(context, store, model)?));
    }
    Ok(match earlier(context, store) {
        Some((dense, name)) => Chosen::Earlier(dense, name),
        None => Chosen::NotMade,
    })
}

/// Opens the vectors of the model that was in the settings before, if its server still answers.
fn earlier(context: &Context, store: &Store) -> Option<(Dense, String)> {
    let table: EmbedderTable = serde_json::from_slice(&fs::read(record(context)).ok()?).ok()?;
    let (client, input) = table.client(context.net).ok()?;
    let dimensions = dense::dimensions_made(store, &ServedEmbedder::identity_of(&client, &input))?;
    let model = ServedEmbedder::connect(client, input).ok()?;
    if model.dimensions() != dimensions {
        return None;
    }
    Some((open(context, store, model).ok()?, table.model))
}

/// Whether the vectors of `store` were made once.
pub fn is_made(table: &EmbedderTable, context: &Context, store: &Store) -> bool {
    let client = table.client(context.net).ok();
    client.is_some_and(|(client, input)| {
        dense::dimensions_made(store, &ServedEmbedder::identity_of(&client, &input)).is_some()
    })
}

/// Sends the texts of `store` that have no vectors to the server of the settings, if they name one, and says so before.
///
/// # Errors
/// As for [`choose`]. The vectors that were received are kept.
pub fn send(context: &Context, store: &Store) -> Result<(), Failure> {
    let Some(table) = &context.config.embedder else {
        return Ok(());
    };
    if context.net != Net::Online {
        context.note("offline: no text was sent to the server of [embedder]");
        return Ok(());
    }
    let told = |error: dense::EmbedError| Failure::with(error.to_string(), error.hint());
    let (client, input) = table.client(context.net)?;
    let model = ServedEmbedder::connect(client, input).map_err(told)?;
    let (name, address) = (model.model().to_string(), model.address());
    let told = |error: dense::DenseError| Failure::with(error.to_string(), error.hint());
    if dense::forget_if_changed(store, &model).map_err(told)? {
        context.note(&format!(
            "{name} now makes other vectors than before; all are made again"
        ));
    }
    let first = !is_made(table, context, store);
    let texts = dense::lacking(store, &model)?;
    if texts > 0 {
        let until = match first {
            true => "; until it has made all vectors, askpm searches as before",
            false => "",
        };
        context.note(&format!(
            "sending {texts} texts of the corpus to {address}, where {name} makes their vectors{until}"
        ));
    }
    open(context, store, model)?;
    let text = serde_json::to_vec_pretty(table).unwrap_or_default();
    files::replace(&record(context), &text, Readers::Owner)?;
    if texts > 0 && first {
        context.note(&format!(
            "the vectors of {name} are complete; questions use them from now on"
        ));
    }
    Ok(())
}

/// The file with the settings of the last model whose vectors are complete. It names the variable of a key, and has no key.
fn record(context: &Context) -> PathBuf {
    context.index_dir().join("embedder.json")
}

/// The label of the progress bar.
pub const SENDING: &str = "sending new texts to the server of [embedder]";

fn open(context: &Context, store: &Store, model: ServedEmbedder) -> Result<Dense, Failure> {
    let mut counter = Counter::new(context, SENDING);
    let opened = Dense::open(store, model, &mut |done, total| counter.show(done, total));
    counter.end();
    let dense = opened.map_err(|error| Failure::with(error.to_string(), error.hint()))?;
    if dense.scale().is_none() {
        context
            .detail("the corpus is too small to measure the scale of the model of [embedder]; words judge the answers");
    }
    Ok(dense)
}
