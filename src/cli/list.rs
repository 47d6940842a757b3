//! Runs `askpm list`: lists the editions and their discussions, newest first.
//!
//! It reads the files directly and needs no index.

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
        context.warn(&match filters.is_empty() {
            true => "the corpus has no editions; `askpm import FILE` adds some".to_string(),
            false => format!("the corpus has no editions{filters}; `askpm list` without filters shows all"),
        });
        return Ok(Exit::NoAnswer);
    }
    Ok(Exit::Done)
}

/// Returns the editions of the corpus with their paths, and reports invalid files. Of two files with the same slug the
/// first counts, as in the index.
fn editions(context: &Context) -> Result<Vec<(Edition, String)>, Failure> {
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
    context.tell_skipped(&skipped);
    Ok(editions)
}
