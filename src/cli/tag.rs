//! Runs `askpm tag`: adds tags to an imported edition, removes them, or prints them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::args::TagArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::files::{self, Readers};
use crate::corpus::{self, Id, markdown};
use crate::render::{json, sanitise};

/// The object that `tag --json` prints.
#[derive(Serialize)]
struct Tagged<'a> {
    slug: &'a str,
    tags: &'a [String],
    path: &'a str,
}

pub fn run(context: &Context, args: &TagArgs) -> Result<Exit, Failure> {
    let cannot = |why: &dyn std::fmt::Display| Failure::new(format!("cannot tag {}", args.id), why);
    let id: Id = args
        .id
        .parse()
        .map_err(|error| cannot(&error).hinted("run `askpm list` to see the editions"))?;
    let slug = id.edition();
    if !matches!(id, Id::Edition { .. }) {
        let why = cannot(&"only a whole edition can be tagged");
        return Err(why.hinted(format!("run `askpm tag {slug} TAG`")));
    }
    let Some((edition, path)) = context.corpus.edition(slug)? else {
        let why = cannot(&"the corpus has no edition with this slug");
        return Err(why.hinted("run `askpm list` to see the editions"));
    };
    let mut tags = edition.tags;
    tags.extend(args.tags.iter().cloned());
    let mut seen = Vec::new();
    for tag in tags {
        if !seen.contains(&tag) && !args.remove.contains(&tag) {
            seen.push(tag);
        }
    }
    if !args.tags.is_empty() || !args.remove.is_empty() {
        if corpus::is_builtin(&path) {
            let why = cannot(&"it is built into askpm, and has no file that could keep tags");
            return Err(why.hinted("tag the editions that you import, see `askpm import --help`"));
        }
        write(&path, &seen)?;
    }
    let mut out = io::stdout().lock();
    match args.output.json {
        true => json::pretty(
            &mut out,
            &Tagged {
                slug,
                tags: &seen,
                path: &path,
            },
        )?,
        false => writeln!(out, "{slug}  {}", line(&seen))?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn line(tags: &[String]) -> String {
    match tags {
        [] => "no tags".into(),
        tags => sanitise::line(&tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ")),
    }
}

/// Writes `tags` into the front matter of the file at `path`. The rest of the file stays as it is.
fn write(path: &str, tags: &[String]) -> Result<(), Failure> {
    let cannot = |doing: &str, why: &dyn std::fmt::Display| {
        Failure::new(format!("cannot {doing} {path}"), why).hinted("check that the file can be read and written")
    };
    let text = fs::read_to_string(path).map_err(|error| cannot("read", &error))?;
    let tagged = markdown::retagged(path, &text, tags).map_err(|error| cannot("tag", &error))?;
    if tagged == text {
        return Ok(());
    }
    files::replace(Path::new(path), tagged.as_bytes(), Readers::Anyone).map_err(|error| cannot("write", &error))
}
