//! `askpm show`: one edition, discussion, answer or resource, whole.

use std::io::{self, Write};

use super::args::{Format, ShowArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::{nearest, pager};
use crate::corpus::{self, Id};
use crate::render::edition::View;
use crate::render::{html, json, markdown};

/// What `id` names, whole.
pub fn view(context: &Context, id: &str) -> Result<View, Failure> {
    let id: Id = id.parse().map_err(|error| Failure::new("show", error))?;
    let missing = |what: &str, hint: String| Err(Failure::new(format!("show {id}"), what).hinted(hint));
    let Some((edition, path)) = context.corpus.edition(id.edition())? else {
        return missing(
            "no edition of the corpus has this slug",
            format!("{}`askpm search WORDS` prints identifiers", near(context, id.edition())),
        );
    };
    match View::new(&edition, &path, &id) {
        Some(view) => Ok(view),
        None => missing(
            "the edition has no such part",
            format!("`askpm show {}` shows what it has", edition.slug),
        ),
    }
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let view = view(context, &args.id)?;
    let mut text = Vec::new();
    match args.output.format() {
        Format::Json => json::pretty(&mut text, &view)?,
        Format::Md => markdown::view(&mut text, &view)?,
        Format::Html => html::view(&mut text, &view)?,
        Format::Text => {
            view.write(&mut text, context.look())?;
            pager::show(&text)?;
            return Ok(Exit::Done);
        }
    }
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// The slug of the corpus that `typed` is nearest to, as a question.
fn near(context: &Context, typed: &str) -> String {
    let files = context.corpus.files().unwrap_or_default();
    let editions = files.iter().filter_map(|file| {
        let text = file.text.as_ref().ok()?;
        corpus::parse(&file.path, text).ok()
    });
    let slugs: Vec<String> = editions.map(|edition| edition.slug).collect();
    nearest::did_you_mean(typed, slugs.iter().map(String::as_str))
}
