//! Runs `askpm import`: turns newsletters into editions of the corpus.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::args::ImportArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use crate::corpus::Corpus;
use crate::corpus::import::{self, EditionView, ImportError, ImportReport, ImportView, Limits};
use crate::render::terminal::{Look, count};
use crate::render::{json, sanitise};

pub fn run(context: &Context, args: &ImportArgs) -> Result<Exit, Failure> {
    let limits = Limits {
        keep_all: args.keep_all,
        ..self::limits()
    };
    let mut report = ImportReport::default();
    for path in &args.from {
        let mut part = if path == Path::new("-") {
            stdin(&limits)?
        } else {
            import::import_path(path, &limits, &mut |file| {
                context.detail(&format!("reading {}", file.display()))
            })
        };
        report.editions.append(&mut part.editions);
        report.skipped.append(&mut part.skipped);
    }
    let stored = if args.dry_run {
        Vec::new()
    } else {
        context.make_private_folders();
        import::store(&folder(context), &report)?
    };
    let view = ImportView::new(&report, &stored);

    let mut out = io::stdout().lock();
    if args.output.json {
        json::pretty(&mut out, &view)?;
    } else {
        view.editions.iter().try_for_each(|edition| {
            show(&mut out, edition, context.look(), args.dry_run)?;
            if args.explain {
                explain(&mut out, edition)
            } else {
                Ok(())
            }
        })?;
    }
    out.flush()?;
    for edition in report.editions.iter().filter(|edition| edition.lost_much()) {
        let (kept, all) = (edition.body_kept(), edition.body_words());
        context.warn(&format!(
            "{}: kept {kept} of {all} words of the text; --dry-run lists what was left out, --keep-all keeps it",
            edition.from
        ));
    }
    stored
        .iter()
        .filter_map(import::Stored::warning)
        .for_each(|line| context.warn(&line));
    for skipped in &view.skipped {
        context.warn(&format!("skipped {}: {}", skipped.file, skipped.why));
    }
    if view.editions.is_empty() {
        return Err(Failure::new("cannot import", "no edition was found in the input")
            .hinted("pass text, Markdown, HTML, mail, mailboxes, feeds, PDF or Word files; --dry-run shows what askpm reads"));
    }
    Ok(Exit::Done)
}

/// The limits of every import. askpm itself is the process that reads PDF files.
pub fn limits() -> Limits {
    Limits {
        reader: Some(std::env::current_exe().map_err(|error| format!("the program's own file was not found: {error}"))),
        ..Limits::default()
    }
}

/// Reads standard input, up to one byte more than the limit, so that an input that is too long is reported as such.
fn stdin(limits: &Limits) -> Result<ImportReport, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(limits.file_bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new("cannot read standard input", error))?;
    Ok(import::import_bytes("-", &bytes, limits))
}

/// The folder of the current corpus's editions.
pub fn folder(context: &Context) -> PathBuf {
    match &context.corpus {
        Corpus::Folder(dir) => dir.clone(),
        Corpus::Builtin { imported } => imported.clone(),
    }
}

fn show(out: &mut dyn Write, edition: &EditionView, look: Look, dry_run: bool) -> io::Result<()> {
    let date = look.date(edition.date.as_deref());
    let outcome = edition.outcome.unwrap_or("would be read as");
    writeln!(
        out,
        "{outcome} {}  {date}  {}",
        edition.slug,
        sanitise::line(&edition.title)
    )?;
    writeln!(
        out,
        "  from {}: {} of {} words kept; {}, {}, {}",
        sanitise::line(&edition.from),
        edition.words_kept,
        edition.words_in,
        count(edition.discussions.len(), "discussion"),
        count(edition.sections.len(), "section"),
        count(edition.resources.len(), "resource"),
    )?;
    if !dry_run {
        return Ok(());
    }
    for discussion in &edition.discussions {
        writeln!(out, "  {}  {}", discussion.id, sanitise::line(&discussion.title))?;
        if let Some(asker) = &discussion.asked_by {
            writeln!(out, "    asked by {}", sanitise::line(asker))?;
        }
        for answer in &discussion.answers {
            writeln!(
                out,
                "    {}  {} ({} words)",
                answer.id,
                sanitise::line(&answer.contributor),
                answer.words
            )?;
        }
    }
    for section in &edition.sections {
        writeln!(
            out,
            "  {}  {} ({} words)",
            section.id,
            sanitise::line(&section.title),
            section.words
        )?;
    }
    for resource in &edition.resources {
        writeln!(out, "  {}  {}", resource.id, sanitise::line(&resource.title))?;
    }
    for dropped in &edition.dropped {
        writeln!(
            out,
            "  left out: {} ({} words): {}",
            dropped.what,
            dropped.words,
            sanitise::line(&dropped.text)
        )?;
    }
    Ok(())
}

/// Prints why each part was recognized.
fn explain(out: &mut dyn Write, edition: &EditionView) -> io::Result<()> {
    for reason in &edition.why {
        writeln!(out, "  why {}: {}", reason.item, reason.why)?;
    }
    Ok(())
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let hint = error.hint();
        Failure::new("cannot import", error).hinted(hint)
    }
}
