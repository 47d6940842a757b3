//! `askpm list`: which editions there are and what is discussed in them, newest first.
//!
//! In: the corpus and filters. Out: identifiers and titles, for `askpm show`. It makes no index: a file is read as it is.

use std::collections::HashSet;
use std::io::{self, Write};

use super::args::{Format, ListArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::pager;
use crate::corpus::{self, Edition};
use crate::index::Skipped;
use crate::render::list::List;
use crate::render::{html, json, markdown};
use crate::retrieve::Filters;

pub fn run(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let filters = Filters::from(&args.filters);
    let list = List::new(editions(context)?, &filters);
    let mut text = Vec::new();
    match args.output.format() {
        Format::Json => json::pretty(&mut text, &list)?,
        _ if list.editions.is_empty() => {}
        Format::Md => markdown::list(&mut text, &list)?,
        Format::Html => html::list(&mut text, &list)?,
        Format::Text => list.write(&mut text, context.look())?,
    }
    if args.output.format() == Format::Text {
        pager::show(&text)?;
    } else {
        let mut out = io::stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
    }
    if list.editions.is_empty() {
        context.warn(&format!(
            "nothing is in the corpus{filters}; `askpm list` shows all that is"
        ));
        return Ok(Exit::NoAnswer);
    }
    Ok(Exit::Done)
}

/// The editions of the corpus with their paths. A file without one is named; of two files with the same slug the first
/// counts, as it does to the index.
fn editions(context: &Context) -> Result<Vec<(Edition, String)>, Failure> {
    let (mut editions, mut skipped) = (Vec::new(), Vec::new());
    let mut slugs = HashSet::new();
    for file in context.corpus.files()? {
        let read = match &file.text {
            Ok(text) => corpus::parse(&file.path, text).map_err(|error| error.to_string()),
            Err(why) => Err(why.clone()),
        };
        match read {
            Ok(edition) if slugs.insert(edition.slug.clone()) => editions.push((edition, file.path)),
            Ok(edition) => skipped.push(Skipped {
                file: file.path,
                why: format!("another file holds the edition `{}` too", edition.slug),
            }),
            Err(why) => skipped.push(Skipped { file: file.path, why }),
        }
    }
    context.tell_skipped(&skipped);
    Ok(editions)
}
