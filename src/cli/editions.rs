//! Reads the editions of the corpus from their files or from a cluster, for commands that need no index.

use std::collections::HashSet;

use super::context::Context;
use super::error::Failure;
use crate::corpus::{self, Edition};
use crate::index::Skipped;
use crate::models::Net;

/// Returns the editions that questions are answered from: those of the cluster of the settings if there is one, else
/// those of [`read`].
pub fn answering(context: &Context) -> Result<Vec<(Edition, String)>, Failure> {
    let Some(table) = context.config.retriever.as_ref().filter(|_| context.net == Net::Online) else {
        return read(context);
    };
    let (mut editions, mut skipped) = (Vec::new(), Vec::new());
    for text in table.editions(context.net)? {
        match corpus::parse(&text.path, &text.markdown) {
            Ok(edition) => editions.push((edition, text.path)),
            Err(error) => skipped.push(Skipped {
                file: text.path,
                why: format!("line {}: {}", error.line, error.what),
            }),
        }
    }
    context.tell_skipped_once(&skipped);
    Ok(editions)
}

/// Returns the editions of the corpus with their paths, and reports invalid files. Of two files with the same slug the
/// first counts, as in the index.
pub fn read(context: &Context) -> Result<Vec<(Edition, String)>, Failure> {
    let (mut editions, mut skipped) = (Vec::new(), Vec::new());
    let mut slugs = HashSet::new();
    for file in context.corpus.files()? {
        let read = match &file.text {
            Ok(text) => corpus::parse(&file.path, text).map_err(|error| format!("line {}: {}", error.line, error.what)),
            Err(why) => Err(why.clone()),
        };
        match read {
            Ok(edition) if slugs.insert(edition.slug.clone()) => editions.push((edition, file.path)),
            Ok(edition) => skipped.push(Skipped {
                file: file.path,
                why: format!("another file also has the edition `{}`", edition.slug),
            }),
            Err(why) => skipped.push(Skipped { file: file.path, why }),
        }
    }
    context.tell_skipped_once(&skipped);
    Ok(editions)
}
