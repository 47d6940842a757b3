//! Runs `askpm summarize`: prints an edition, a part of it, or a file in at most five of its own sentences.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use super::args::{Format, SummarizeArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::show;
use crate::corpus::import::{self, ImportReport};
use crate::corpus::source::sender;
use crate::corpus::{Edition, Id};
use crate::digest::summary::{self, Summary};
use crate::render::terminal::count;
use crate::render::{json, summary as render};
use crate::themes::Item;

pub fn run(context: &Context, args: &SummarizeArgs) -> Result<Exit, Failure> {
    let (edition, path, id) = match &args.what {
        Some(what) => find(context, what)?,
        None if io::stdin().is_terminal() => {
            return Err(Failure::new("cannot summarize", "nothing was given")
                .hinted("name an edition, a part of one or a file, or pipe a newsletter in"));
        }
        None => find(context, "-")?,
    };
    let items = items(&edition, &path, &id);
    let store = context.store()?;
    let finder = Finder::comparing(context, &store, args.by, None)?;
    let (sentences, extent) = summary::sentences(&items, finder.meaning());
    if finder.meaning().is_some() && extent.compared < extent.sentences {
        context.note(&format!(
            "read {} by words, and compared {} of them by meaning",
            count(extent.sentences, "sentence"),
            extent.compared
        ));
    }
    let (sender, link) = sender(&edition, &path);
    let summary = Summary {
        title: match (&id, items.as_slice()) {
            (Id::Edition { .. }, _) => edition.title.clone(),
            (_, [item, ..]) => item.title.clone(),
            (_, []) => edition.title.clone(),
        },
        sender,
        date: edition.date.clone(),
        link,
        sentences,
        id: id.to_string(),
    };
    if summary.sentences.is_empty() {
        let what = args.what.as_deref().unwrap_or("-");
        context.warn(&format!("nothing in {what} can be quoted"));
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
    let id = what.parse::<Id>().ok();
    if let Some(id) = &id
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
            id => Ok((edition, path, id.clone())),
        };
    }
    let path = Path::new(what);
    let cannot = |why: &str, hint: &str| Err(Failure::new(format!("cannot summarize {what}"), why).hinted(hint));
    if path.is_dir() {
        return cannot(
            "it is a folder",
            "name one of its files, or read all of them with `askpm --corpus FOLDER digest`",
        );
    }
    match (File::open(path), id) {
        (Ok(file), _) => only(what, read(what, file)?),
        (Err(error), Some(id)) if error.kind() == io::ErrorKind::NotFound => cannot(
            &format!("the corpus has no edition {}, and there is no such file", id.edition()),
            "`askpm list` prints the identifiers; a file and `-` for standard input may be named too",
        ),
        (Err(error), _) => Err(Failure::new(format!("cannot summarize {what}"), error)
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
