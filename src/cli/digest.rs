//! Runs `askpm digest`: prints what came in, or writes it as a mail.
//!
//! What earlier digests had is remembered in the data folder, and only after a digest was written whole: one that fails
//! or is killed loses no news.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use jiff::ToSpan as _;

use super::args::{DigestArgs, DigestSince, Format};
use super::context::Context;
use super::error::{Exit, Failure};
use super::files::{self, Readers};
use super::meaning::Finder;
use super::progress::Watched;
use super::{editions, pager};
use crate::answer::meaning::Meaning;
use crate::corpus::{self, Edition};
use crate::digest::memory::Memory;
use crate::digest::{self, Came, Digest, State, Wanted};
use crate::render::digest as render;
use crate::render::terminal::{Look, count};
use crate::render::{json, mail};
use crate::retrieve::Filters;
use crate::themes::interest::Interest;
use crate::themes::{Background, Item};

/// The largest record that is read, in bytes. A hundred thousand editions need a tenth.
const MAX_BYTES: u64 = 64 << 20;

/// A story that a second newsletter has more days later than this counts as new.
const COPIED_WITHIN: i64 = 60;

pub fn run(context: &Context, args: &DigestArgs) -> Result<Exit, Failure> {
    let filters = filters(args);
    // Without any date, a digest has what is new to this corpus.
    let dated = filters.since.is_some() || filters.until.is_some();
    let record = match (&args.since, dated) {
        (Some(DigestSince::Last), _) | (None, false) => Some(Record::of(context, args, &filters)?),
        _ => None,
    };
    let all = editions::read(context)?;
    let (came, built_in) = came(&all, &filters, record.as_ref());
    if built_in > 0 && record.is_none() {
        let text = format!(
            "{} built into askpm left out, because the corpus has others",
            count(built_in, "edition")
        );
        context.note(&text);
    }
    let words: Vec<Edition> = came.iter().map(|came| came.edition.clone()).collect();
    let digest = match came.is_empty() {
        true => make(
            args,
            came,
            &[],
            period(&filters, record.as_ref()),
            &Background::default(),
            None,
        ),
        false => {
            let store = context.store()?;
            let finder = Finder::comparing(context, &store, args.by, None)?;
            let watched = finder.meaning().map(|meaning| Watched::new(context, meaning));
            let meaning = watched.as_ref().map(|watched| watched as &dyn Meaning);
            let background = background(&all, meaning);
            let known = before(&all, &came);
            make(
                args,
                came,
                &known,
                period(&filters, record.as_ref()),
                &background,
                meaning,
            )
        }
    };
    if digest.is_empty() {
        if args.output.format() == Format::Json {
            json::pretty(&mut io::stdout().lock(), &digest)?;
        }
        context.warn(&format!(
            "nothing new{}",
            digest.title.strip_prefix("What is new").unwrap_or_default()
        ));
        return Ok(Exit::NoAnswer);
    }
    match &args.mail {
        Some(path) => write_mail(context, &digest, path)?,
        None => print(context, &digest, args.output.format())?,
    }
    if let Some(hint) = hint(&digest, &words, record.as_ref()) {
        context.note(&hint);
    }
    if let Some(record) = record {
        record.remember(context, &digest, &words)?;
    }
    Ok(Exit::Done)
}

fn filters(args: &DigestArgs) -> Filters {
    let since = match &args.since {
        Some(DigestSince::Date(since)) => Some(since.clone()),
        Some(DigestSince::Last) | None => args.period.since(),
    };
    Filters {
        since,
        until: args.period.until(),
        ..Filters::from(&args.editions)
    }
}

/// Counts the phrases of the corpus, and of the built-in editions, so that a small corpus has a measure of what is
/// common.
pub fn background(editions: &[(Edition, String)], meaning: Option<&dyn Meaning>) -> Background {
    let built_in = corpus::builtin().filter(|(_, path)| editions.iter().all(|(_, other)| other != path));
    let built_in: Vec<(Edition, String)> = built_in.collect();
    let items: Vec<Item> = editions
        .iter()
        .chain(&built_in)
        .flat_map(|(edition, path)| Item::of(edition, path))
        .collect();
    Background::of(items.iter(), meaning)
}

/// Returns the discussions of the other editions that are at most [`COPIED_WITHIN`] days older than what came in. A text that
/// one of them has is not new.
fn before(all: &[(Edition, String)], came: &[Came]) -> Vec<Item> {
    let date = |edition: &Edition| edition.date.as_deref()?.parse::<jiff::civil::Date>().ok();
    let Some(oldest) = came.iter().filter_map(|came| date(&came.edition)).min() else {
        return Vec::new();
    };
    let from = oldest.saturating_sub(COPIED_WITHIN.days());
    let slugs: HashSet<&str> = came.iter().map(|came| came.edition.slug.as_str()).collect();
    let others = all.iter().filter(|(edition, _)| !slugs.contains(edition.slug.as_str()));
    let recent = others.filter(|(edition, _)| date(edition).is_some_and(|date| date >= from));
    recent.flat_map(|(edition, path)| Item::of(edition, path)).collect()
}

/// Returns what came in of the editions that `filters` admit, and how many built-in editions are left out.
fn came(all: &[(Edition, String)], filters: &Filters, record: Option<&Record>) -> (Vec<Came>, usize) {
    let own = all.iter().any(|(_, path)| !corpus::is_builtin(path));
    let mut left_out = 0;
    let mut came = Vec::new();
    for (edition, path) in all.iter().filter(|(edition, _)| filters.admits_edition(edition)) {
        // Who names a built-in edition wants it.
        if own && corpus::is_builtin(path) && filters.edition.is_none() {
            left_out += 1;
            continue;
        }
        let (mut edition, path) = (edition.clone(), path.clone());
        if filters.contributor.is_some() {
            narrow(&mut edition, filters);
        }
        let state = match record.and_then(|record| record.before.as_ref()) {
            Some(memory) => memory.state(&edition),
            None => Some(State::New),
        };
        came.extend(state.map(|state| Came { edition, path, state }));
    }
    (came, left_out)
}

/// Keeps only what the contributor of the filter says.
fn narrow(edition: &mut Edition, filters: &Filters) {
    for discussion in &mut edition.discussions {
        discussion
            .answers
            .retain(|answer| filters.admits_contributor(&answer.contributor));
    }
    edition.discussions.retain(|discussion| !discussion.answers.is_empty());
    edition.sections.clear();
    edition.resources.clear();
}

fn make(
    args: &DigestArgs,
    came: Vec<Came>,
    known: &[Item],
    period: String,
    background: &Background,
    meaning: Option<&dyn Meaning>,
) -> Digest {
    let interests = Interest::read(args.interests.as_deref().unwrap_or_default(), meaning);
    let wanted = Wanted {
        period,
        interests: &interests,
        all: args.all,
    };
    digest::digest(came, known, &wanted, background, meaning)
}

/// What the digest covers, to follow "What is new".
fn period(filters: &Filters, record: Option<&Record>) -> String {
    let before = record.and_then(|record| record.before.as_ref());
    let last = before.map(|memory| format!(" since the digest of {}", memory.at));
    format!("{}{filters}", last.unwrap_or_default())
}

fn print(context: &Context, digest: &Digest, format: Format) -> Result<(), Failure> {
    let mut text = Vec::new();
    match format {
        Format::Json => json::pretty(&mut text, digest)?,
        Format::Md => render::markdown::write(&mut text, digest)?,
        Format::Html => render::html::write(&mut text, digest)?,
        Format::Text => {
            render::text(&mut text, digest, context.look())?;
            return Ok(pager::show(&text)?);
        }
    }
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    Ok(out.flush()?)
}

/// The columns of the text form of a mail.
const MAIL_WIDTH: usize = 76;

fn write_mail(context: &Context, digest: &Digest, path: &Path) -> Result<(), Failure> {
    let (mut text, mut html) = (Vec::new(), Vec::new());
    let look = Look {
        width: Some(MAIL_WIDTH),
        ..Look::PLAIN
    };
    render::text(&mut text, digest, look)?;
    render::html::write(&mut html, digest)?;
    let of = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let message = mail::message(&render::summary(digest), &of(text), &of(html))?;
    if path == Path::new("-") {
        let mut out = io::stdout().lock();
        out.write_all(&message)?;
        return Ok(out.flush()?);
    }
    files::replace(path, &message, Readers::Owner).map_err(|error| {
        Failure::new(format!("cannot write {}", path.display()), error)
            .hinted("choose a file in a writable folder; what is new stays new for the next digest")
    })?;
    context.note(&format!("wrote {}", path.display()));
    Ok(())
}

/// How to see what is left out. `None` if nothing is.
fn hint(digest: &Digest, came: &[Edition], record: Option<&Record>) -> Option<String> {
    render::left_out(&digest.left_out)?;
    Some(match record {
        // The first digest makes the archive old, so only a date brings it back.
        Some(record) if record.before.is_none() => {
            let oldest = came.iter().filter_map(|edition| edition.date.as_deref()).min()?;
            let year = oldest.get(..4)?;
            format!(
                "this is the first digest; `askpm digest --since {year} --all` shows everything, and the next digest has what comes in from now on"
            )
        }
        Some(_) if digest.left_out.editions > 0 => {
            "the next digest continues with the editions that are left out; `askpm digest --all` shows all of them"
                .into()
        }
        Some(_) => "`askpm show EDITION` opens an edition in full".into(),
        None => "add --all to show everything".into(),
    })
}

/// The record of the digests of one part of the corpus.
struct Record {
    path: std::path::PathBuf,
    before: Option<Memory>,
}

impl Record {
    /// Reads the record for the same filters and interests.
    fn of(context: &Context, args: &DigestArgs, filters: &Filters) -> Result<Record, Failure> {
        let interests = args.interests.as_deref().unwrap_or_default();
        let path = context.digest_memory(&format!("{filters}\n{interests}"));
        let mut bytes = Vec::new();
        let read = fs::File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
        let before = match read {
            Ok(_) => match Memory::read(&bytes) {
                Ok(memory) => Some(memory),
                Err(why) => {
                    context.warn(&format!(
                        "cannot read {}, so everything counts as new: {why}",
                        path.display()
                    ));
                    None
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::new(format!("cannot read {}", path.display()), error)
                    .hinted("make the file readable, or choose a period, such as `askpm digest --since 7d`"));
            }
        };
        Ok(Record { path, before })
    }

    /// Remembers that `digest`, made from `came`, was written.
    fn remember(self, context: &Context, digest: &Digest, came: &[Edition]) -> Result<(), Failure> {
        let today = jiff::ZonedDateTime::now().date().to_string();
        let memory = Memory::after(self.before, digest, came, today);
        context.make_private_folders();
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let written = files::private_folder(dir)
            .and_then(|()| files::replace(&self.path, memory.to_json().as_bytes(), Readers::Owner));
        written.map_err(|error| {
            Failure::new(format!("cannot write {}", self.path.display()), error)
                .hinted("the digest is whole, and the next one will repeat it; make the folder writable")
        })
    }
}
