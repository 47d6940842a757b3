//! Reads the editions of the corpus from their files or from a cluster, for commands that need no index.

use std::borrow::Cow;
use std::collections::HashSet;

use super::context::Context;
use super::error::Failure;
use crate::corpus::{self, Edition, EditionError};
use crate::index::Skipped;
use crate::models::Net;

/// Returns the editions that questions are answered from: those of the cluster of the settings if there is one, else
/// those of [`read`].
pub fn answering(context: &Context) -> Result<Vec<(Edition, String)>, Failure> {
    let Some(table) = context.config.retriever.as_ref().filter(|_| context.net == Net::Online) else {
        return read(context);
    };
    let texts = table.editions(context.net)?.into_iter();
    Ok(parsed(context, texts.map(|text| (text.path, Ok(text.markdown.into())))))
}

/// Returns the editions of the corpus with their paths, and reports invalid files. Of two files with the same slug the
/// first counts, as in the index.
pub fn read(context: &Context) -> Result<Vec<(Edition, String)>, Failure> {
    let files = context.corpus.files()?.into_iter();
    Ok(parsed(context, files.map(|file| (file.path, file.text))))
}

/// A path, and its text or why that could not be read.
type File = (String, Result<Cow<'static, str>, String>);

/// Parses `files`, and reports those that are left out.
fn parsed(context: &Context, files: impl Iterator<Item = File>) -> Vec<(Edition, String)> {
    let (mut editions, mut skipped) = (Vec::new(), Vec::new());
    let mut slugs = HashSet::new();
    for (path, text) in files {
        let told = |error: EditionError| format!("line {}: {}", error.line, error.what);
        match text.and_then(|text| corpus::parse(&path, &text).map_err(told)) {
            Ok(edition) if slugs.insert(edition.slug.clone()) => editions.push((edition, path)),
            Ok(edition) => skipped.push(Skipped {
                file: path,
                why: format!("another file also has the edition `{}`", edition.slug),
            }),
            Err(why) => skipped.push(Skipped { file: path, why }),
        }
    }
    context.tell_skipped_once(&skipped);
    editions
}
