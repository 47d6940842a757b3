//! Runs `askpm show`: shows one edition, discussion, answer or resource, or a source of the last answer, in full.

use std::io::{self, Write};

use super::args::{Format, ShowArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::{nearest, pager};
use crate::chat::{self, Conversation, Turn};
use crate::corpus::{self, Edition, Id};
use crate::models::Net;
use crate::render::edition::View;
use crate::render::{html, json, markdown, terminal};

/// Returns the full content of `id`.
pub fn view(context: &Context, id: &str) -> Result<View, Failure> {
    let id: Id = id.parse().map_err(|error| {
        Failure::new(format!("cannot show {id}"), error).hinted("run `askpm list` to see the identifiers")
    })?;
    let missing = |what: &str, hint: String| Err(Failure::new(format!("cannot show {id}"), what).hinted(hint));
    let Some((edition, path)) = found(context, id.edition())? else {
        return missing(
            "the corpus has no edition with this slug",
            format!(
                "{}run `askpm list` to see the identifiers, or `askpm search WORDS` to find one",
                near(context, id.edition())
            ),
        );
    };
    match View::new(&edition, &path, &id) {
        Some(view) => Ok(view),
        None => missing(
            "the edition has no such part",
            format!("run `askpm show {}` to see its parts", edition.slug),
        ),
    }
}

/// Returns an edition and its file: from the cluster of the settings if there is one, else from the corpus.
fn found(context: &Context, slug: &str) -> Result<Option<(Edition, String)>, Failure> {
    let Some(table) = context.config.retriever.as_ref().filter(|_| context.net == Net::Online) else {
        return Ok(context.corpus.edition(slug)?);
    };
    match table.edition(context.net, slug)? {
        Some(text) => {
            let edition = corpus::parse(&text.path, &text.markdown);
            let edition = edition.map_err(|error| Failure::new(format!("cannot show {slug}"), error))?;
            Ok(Some((edition, text.path)))
        }
        // It may be new, and not in the cluster yet.
        None => Ok(context.corpus.edition(slug)?),
    }
}

/// The number in `typed`, with or without the brackets of a citation mark. `None` if it is not a number.
pub fn number(typed: &str) -> Option<usize> {
    let bare = typed.trim().trim_start_matches('[').trim_end_matches(']');
    // A number that is too large is still a number.
    let digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| bare.parse().unwrap_or(usize::MAX))
}

/// The identifier of source `n` of the last answer among `turns`.
pub fn source(turns: &[Turn], n: usize) -> Result<String, Failure> {
    let sources = chat::sources(turns);
    let named = n.checked_sub(1).and_then(|at| sources.get(at));
    let why = match sources.len() {
        0 if turns.is_empty() => "no question has been answered yet".to_string(),
        0 => "the last question has no answer".to_string(),
        count => format!("the last answer has {}", terminal::count(count, "source")),
    };
    named.cloned().ok_or_else(|| {
        let hint = "pass the identifier of a source; `askpm list` prints all identifiers";
        Failure::new(format!("cannot show {n}"), why).hinted(hint)
    })
}

/// Resolves a number outside a chat: a source of the last saved answer.
fn of_last_answer(context: &Context, n: usize) -> Result<String, Failure> {
    let nothing_kept = |why: &str, hint: &str| Err(Failure::new(format!("cannot show {n}"), why).hinted(hint));
    let by_identifier = "pass the identifier of a source; `askpm list` prints all identifiers";
    if context.config.history == Some(false) {
        return nothing_kept(
            "no answer is saved, because the settings have `history = false`",
            by_identifier,
        );
    }
    match Conversation::last(&context.folders.conversations(), false)? {
        Some(conversation) => source(&conversation.turns, n),
        None => nothing_kept(
            "no answer has been saved",
            &format!("ask a question first, without --no-history, or {by_identifier}"),
        ),
    }
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    // The slug of an edition may be a number. A source of the last answer with that number takes precedence.
    let view = match number(&args.id) {
        Some(n) => match of_last_answer(context, n) {
            Ok(id) => view(context, &id)?,
            Err(failure) => view(context, &args.id).map_err(|_| failure)?,
        },
        None => view(context, &args.id)?,
    };
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

/// A "did you mean" with the slug that is nearest to `typed`.
fn near(context: &Context, typed: &str) -> String {
    let files = context.corpus.files().unwrap_or_default();
    let editions = files.iter().filter_map(|file| {
        let text = file.text.as_ref().ok()?;
        corpus::parse(&file.path, text).ok()
    });
    let slugs: Vec<String> = editions.map(|edition| edition.slug).collect();
    nearest::did_you_mean(typed, slugs.iter().map(String::as_str))
}
