//! Sends the corpus to the search cluster of the settings after a refresh.

use super::context::Context;
use super::error::Failure;
use super::meaning::Finder;
use super::progress::Counter;
use crate::index::Store;
use crate::models::Net;

/// Sends the corpus to the cluster of the settings, if they say so, with the vectors of `store` if the embedding model
/// is available. A counter shows how much was sent.
///
/// # Errors
/// A cluster that cannot be reached or refuses, or a corpus that cannot be read.
pub fn publish(context: &Context, store: &Store) -> Result<(), Failure> {
    let Some(table) = &context.config.retriever else {
        return Ok(());
    };
    if table.send != Some(true) {
        context.note("the cluster of [retriever] was not updated: the settings lack `send = true`");
        return Ok(());
    }
    if context.net != Net::Online {
        context.note("offline: the cluster of [retriever] was not updated");
        return Ok(());
    }
    let finder = Finder::comparing(context, store, None, None)?;
    let mut counter = Counter::new(context, "sending the corpus to the cluster");
    let files = context.corpus.files()?;
    let published = table.publish(context.net, (store, finder.dense(), &files), &mut |done, total| {
        counter.show(done, total)
    });
    counter.end();
    let published = published?;
    if !published.unchanged {
        let vectors = if published.vectors { "" } else { ", without vectors" };
        context.note(&format!("the cluster has the corpus as {}{vectors}", published.index));
    }
    Ok(())
}
