//! Runs `askpm export`: writes editions into a folder as notes for Obsidian.
//!
//! A note that a person has changed, and a file of another origin with the name of a note, stay as they are. No file is
//! deleted.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{ExportArgs, ExportFormat};
use super::context::Context;
use super::editions;
use super::error::{Exit, Failure};
use super::files::{self, Readers, TEMPORARY};
use crate::corpus::shared::links;
use crate::corpus::{self, Corpus, Edition};
use crate::render::json;
use crate::render::obsidian::{Notes, Origin, origin};
use crate::render::terminal::count;
use crate::retrieve::Filters;

/// The largest file that is read to see whose it is. A note has the text of an edition and some links.
const MAX_BYTES: u64 = 32 << 20;

/// Why a file stays as it is.
const CHANGED: &str = "it was changed by hand; delete it to have it written again";
const NOT_OURS: &str = "it is not a note of askpm; rename it to have the note written";
const JUST_WRITTEN: &str = "another program has just written it";

/// What happened. It serialises to the object that `export --json` prints.
#[derive(Debug, Default, Serialize)]
struct Report {
    folder: String,
    written: usize,
    changed: usize,
    unchanged: usize,
    /// Files that stay as they are.
    kept: Vec<Kept>,
}

#[derive(Debug, Serialize)]
struct Kept {
    file: String,
    why: &'static str,
}

enum Outcome {
    Written,
    Changed,
    Unchanged,
    Kept(&'static str),
}

pub fn run(context: &Context, args: &ExportArgs) -> Result<Exit, Failure> {
    let dir = &args.dir;
    refuse_corpus(context, dir)?;
    let filters = Filters::from(&args.filters);
    let all = editions::read(context)?;
    let chosen = chosen(&all, &filters);
    if chosen.is_empty() {
        context.warn(&format!("the corpus has no editions{filters}; nothing was written"));
        return Ok(Exit::NoAnswer);
    }
    let ExportFormat::Obsidian = args.format;
    let cannot = |path: &Path, error: io::Error| {
        Failure::new(format!("cannot write {}", path.display()), error)
            .hinted("name a folder that can be written to; the notes that were written stay")
    };
    fs::create_dir_all(dir).map_err(|error| cannot(dir, error))?;
    let mut report = Report {
        folder: dir.display().to_string(),
        ..Report::default()
    };
    let notes = Notes { editions: &chosen };
    for (edition, links) in chosen.iter().zip(links(&chosen)) {
        let path = dir.join(format!("{}.md", edition.slug));
        let note = notes.note(edition, &links);
        match put(&path, &edition.slug, &note).map_err(|error| cannot(&path, error))? {
            Outcome::Written => report.written += 1,
            Outcome::Changed => report.changed += 1,
            Outcome::Unchanged => report.unchanged += 1,
            Outcome::Kept(why) => report.kept.push(Kept {
                file: path.display().to_string(),
                why,
            }),
        }
    }
    let mut out = io::stdout().lock();
    if args.json {
        json::pretty(&mut out, &report)?;
    } else {
        writeln!(
            out,
            "{} written, {} changed, {} unchanged, {} kept",
            count(report.written, "note"),
            report.changed,
            report.unchanged,
            report.kept.len()
        )?;
    }
    out.flush()?;
    for why in [CHANGED, NOT_OURS, JUST_WRITTEN] {
        let files = report.kept.iter().filter(|kept| kept.why == why);
        if let Some(first) = files.clone().next() {
            let more = match files.count() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            context.warn(&format!("left {}{more} as it was: {why}", first.file));
        }
    }
    Ok(Exit::Done)
}

/// The editions that `filters` admit. The built-in ones are left out if there are others, unless one is named.
fn chosen<'a>(all: &'a [(Edition, String)], filters: &Filters) -> Vec<&'a Edition> {
    let own = all.iter().any(|(_, path)| !corpus::is_builtin(path));
    let is_wanted = |path: &str| !own || !corpus::is_builtin(path) || filters.edition.is_some();
    let speaks = |edition: &Edition| {
        let mut answers = edition.discussions.iter().flat_map(|one| &one.answers);
        filters.contributor.is_none() || answers.any(|answer| filters.admits_contributor(&answer.contributor))
    };
    let wanted = all
        .iter()
        .filter(|(_, path)| is_wanted(path))
        .map(|(edition, _)| edition);
    wanted
        .filter(|edition| filters.admits_edition(edition) && speaks(edition))
        .collect()
}

/// Refuses a folder in which the notes would be read as editions.
fn refuse_corpus(context: &Context, dir: &Path) -> Result<(), Failure> {
    let corpus = match &context.corpus {
        Corpus::Folder(corpus) => corpus,
        Corpus::Builtin { imported } => imported,
    };
    // The folder itself may not exist yet.
    let whole = |path: &Path| -> PathBuf {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let known = path
            .ancestors()
            .find_map(|part| Some((part, fs::canonicalize(part).ok()?)));
        match known {
            Some((part, real)) => real.join(path.strip_prefix(part).unwrap_or(Path::new(""))),
            None => path,
        }
    };
    if whole(dir).starts_with(whole(corpus)) {
        let why = "it is in the folder of the corpus, and the notes would be read as editions";
        return Err(Failure::new(format!("cannot export to {}", dir.display()), why)
            .hinted("name another folder, such as one in your vault"));
    }
    Ok(())
}

/// Writes the note of `slug` to `path`, unless something else is there.
fn put(path: &Path, slug: &str, note: &str) -> io::Result<Outcome> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(if create(path, note)? {
                Outcome::Written
            } else {
                Outcome::Kept(JUST_WRITTEN)
            });
        }
        Err(error) => return Err(error),
        Ok(meta) if !meta.is_file() => return Ok(Outcome::Kept(NOT_OURS)),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    if bytes == note.as_bytes() {
        return Ok(Outcome::Unchanged);
    }
    Ok(match origin(&String::from_utf8_lossy(&bytes), slug) {
        Origin::Askpm => {
            files::replace(path, note.as_bytes(), Readers::Anyone)?;
            Outcome::Changed
        }
        Origin::Changed => Outcome::Kept(CHANGED),
        Origin::Other => Outcome::Kept(NOT_OURS),
    })
}

/// Creates the file whole. Returns `false` if there is one by now.
fn create(path: &Path, text: &str) -> io::Result<bool> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}
