//! `askpm show`: one edition, discussion, answer or resource, whole.

use std::io::{self, Write};

use super::args::ShowArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use crate::corpus::Id;
use crate::render::edition::View;
use crate::render::json;

pub fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let id: Id = args.id.parse().map_err(|error| Failure::new("show", error))?;
    let missing = |what: &str, hint: String| Err(Failure::new(format!("show {id}"), what).hinted(hint));
    let Some((edition, path)) = context.corpus.edition(id.edition())? else {
        return missing(
            "no edition of the corpus has this slug",
            "`askpm search WORDS` prints identifiers".into(),
        );
    };
    let Some(view) = View::new(&edition, &path, &id) else {
        return missing(
            "the edition has no such part",
            format!("`askpm show {}` shows what it has", edition.slug),
        );
    };
    let mut out = io::stdout().lock();
    if args.output.json {
        json::pretty(&mut out, &view)?;
    } else {
        view.write(&mut out, context.look())?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
