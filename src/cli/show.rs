//! `askpm show`: one edition, discussion, answer or resource, or a source of the last answer, whole.

use std::io::{self, Write};

use super::args::{Format, ShowArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::{nearest, pager};
use crate::chat::{self, Conversation, Turn};
use crate::corpus::{self, Id};
use crate::render::edition::View;
use crate::render::{html, json, markdown, terminal};

/// What `id` names, whole.
pub fn view(context: &Context, id: &str) -> Result<View, Failure> {
    let id: Id = id.parse().map_err(|error| Failure::new("show", error))?;
    let missing = |what: &str, hint: String| Err(Failure::new(format!("show {id}"), what).hinted(hint));
    let Some((edition, path)) = context.corpus.edition(id.edition())? else {
        return missing(
            "no edition of the corpus has this slug",
            format!(
                "{}`askpm list` prints identifiers, `askpm search WORDS` finds them",
                near(context, id.edition())
            ),
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

/// The number in `typed`, which may stand in the brackets of a mark; `None` where it is something else.
pub fn number(typed: &str) -> Option<usize> {
    let bare = typed.trim().trim_start_matches('[').trim_end_matches(']');
    // A number that no answer has so many sources for is one all the same.
    let digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| bare.parse().unwrap_or(usize::MAX))
}

/// The identifier of source `n` of the last answer among `turns`.
pub fn source(turns: &[Turn], n: usize) -> Result<String, Failure> {
    let sources = chat::sources(turns);
    let named = n.checked_sub(1).and_then(|at| sources.get(at));
    let why = match sources.len() {
        0 if turns.is_empty() => "nothing has been answered yet".to_string(),
        0 => "the last question has no answer".to_string(),
        count => format!("the last answer has {}", terminal::count(count, "source")),
    };
    named.cloned().ok_or_else(|| {
        let hint = "show a source by its identifier; `askpm list` prints all that there are";
        Failure::new(format!("show {n}"), why).hinted(hint)
    })
}

/// What a number names outside of a chat: a source of the last answer that was kept.
fn of_last_answer(context: &Context, n: usize) -> Result<String, Failure> {
    let nothing_kept = |why: &str, hint: &str| Err(Failure::new(format!("show {n}"), why).hinted(hint));
    let by_identifier = "show a source by its identifier; `askpm list` prints all that there are";
    if context.config.history == Some(false) {
        return nothing_kept(
            "no answer is kept, as the settings have `history = false`",
            by_identifier,
        );
    }
    match Conversation::last(&context.folders.conversations(), false)? {
        Some(conversation) => source(&conversation.turns, n),
        None => nothing_kept(
            "no answer has been kept",
            &format!("ask something first, without --no-history, or {by_identifier}"),
        ),
    }
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    // An edition may have a number for its slug: it is shown unless the last answer has a source of that number.
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
