//! Runs `askpm summarize`: prints an edition, a part of it, or a file in at most five of its own sentences.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::args::{Format, SummarizeArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::show;
use crate::corpus::import::{self, ImportReport};
use crate::corpus::{Edition, Id};
use crate::digest::summary::{self, Summary};
use crate::render::{json, summary as render};
use crate::themes::Item;

pub fn run(context: &Context, args: &SummarizeArgs) -> Result<Exit, Failure> {
    let (edition, path, id) = find(context, &args.what)?;
    let items = items(&edition, &path, &id);
    let store = context.store()?;
    let finder = Finder::comparing(context, &store, args.by, None)?;
    let summary = Summary {
        title: match (&id, items.as_slice()) {
            (Id::Edition { .. }, _) => edition.title.clone(),
            (_, [item, ..]) => item.title.clone(),
            (_, []) => edition.title.clone(),
        },
        date: edition.date.clone(),
        sentences: summary::sentences(&items, finder.meaning()),
        id: id.to_string(),
    };
    if summary.sentences.is_empty() {
        context.warn(&format!("nothing in {} can be quoted by itself", args.what));
        return Ok(Exit::NoAnswer);
    }
    let mut out = io::stdout().lock();
    match args.output.format() {
        Format::Json => json::pretty(&mut out, &summary)?,
        Format::Md => render::markdown(&mut out, &summary)?,
        Format::Html => render::html(&mut out, &summary)?,
        Format::Text => render::text(&mut out, &summary, context.look())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Returns the edition that `what` names: standard input for `-`, a part of the corpus, or a file.
fn find(context: &Context, what: &str) -> Result<(Edition, String, Id), Failure> {
    if what == "-" {
        return only(what, read(what, io::stdin().lock())?);
    }
    if let Ok(id) = what.parse::<Id>()
        && let Some((edition, path)) = context.corpus.edition(id.edition())?
    {
        // It reports a part that the edition does not have.
        show::view(context, what)?;
        return match id {
            Id::Resource { .. } => {
                Err(
                    Failure::new(format!("cannot summarize {what}"), "a resource has no discussion").hinted(format!(
                        "run `askpm show {what}` to read what the edition says about it"
                    )),
                )
            }
            id => Ok((edition, path, id)),
        };
    }
    match File::open(Path::new(what)) {
        Ok(file) => only(what, read(what, file)?),
        Err(error) => Err(Failure::new(format!("cannot summarize {what}"), error)
            .hinted("pass a file, `-` for standard input, or an identifier that `askpm list` prints")),
    }
}

fn read(what: &str, from: impl Read) -> Result<ImportReport, Failure> {
    let limits = super::import::limits();
    let mut bytes = Vec::new();
    from.take(limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("cannot read {what}"), error))?;
    Ok(import::import_bytes(what, &bytes, &limits))
}

/// The only edition of a file.
fn only(what: &str, report: ImportReport) -> Result<(Edition, String, Id), Failure> {
    let cannot = |why: String| Failure::new(format!("cannot summarize {what}"), why);
    let (count, why) = (
        report.editions.len(),
        report.skipped.first().map(|skipped| skipped.why.clone()),
    );
    let mut editions = report.editions.into_iter();
    match (editions.next(), count) {
        (Some(one), 1) => {
            let edition = one.edition;
            let id = Id::Edition {
                edition: edition.slug.clone(),
            };
            Ok((edition, what.to_string(), id))
        }
        (None, _) => Err(cannot(why.unwrap_or_else(|| "no edition was found in it".into()))
            .hinted("`askpm import --dry-run --explain FILE` shows what askpm reads")),
        (Some(_), count) => Err(cannot(format!("it has {count} editions"))
            .hinted("import it with `askpm import`, then summarize one of the editions")),
    }
}

/// The discussions and sections that `id` names. An answer is a discussion with one contributor.
fn items(edition: &Edition, path: &str, id: &Id) -> Vec<Item> {
    let mut items = Item::of(edition, path);
    if !matches!(id, Id::Edition { .. }) {
        items.retain(|item| item.id == id.group());
    }
    if matches!(id, Id::Answer { .. }) {
        items
            .iter_mut()
            .for_each(|item| item.passages.retain(|passage| passage.id == *id));
    }
    items
}
