//! Runs `askpm compare`: shows who says what about a question, one row for each contributor.

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::args::{CompareArgs, TableFormat};
use super::ask::tell_abstention;
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::pager;
use super::text::words_or_stdin;
use crate::answer::Sentence;
use crate::ask::{self, Listener, MAX_QUESTION_BYTES, Settings};
use crate::compare::compare;
use crate::render::{compare as table, json};

pub fn run(context: &Context, args: &CompareArgs) -> Result<Exit, Failure> {
    let question = words_or_stdin(&args.question, MAX_QUESTION_BYTES, "question")?;
    let default = Settings::default();
    let settings = Settings {
        min_confidence: args
            .min_score
            .or(context.config.min_score)
            .unwrap_or(default.min_confidence),
        filters: (&args.filters).into(),
        ..default
    };
    let store = context.store()?;
    let finder = Finder::new(context, &store, args.by, None)?;
    let retriever = finder.retriever(&store);
    let found = ask::find_with(&store, &*retriever, finder.meaning(), &question, &settings)?;
    // Without a model, this is the abstention with its related discussions, or an answer that is not shown.
    let answer = ask::write(&found, None, finder.meaning(), &settings, &mut Silent)?;
    let comparison = compare(&found, finder.meaning(), answer.related.clone());
    let format = args.format();
    if comparison.abstained && format != TableFormat::Json {
        tell_abstention(context, &answer)?;
        return Ok(Exit::NoAnswer);
    }
    let mut out = Vec::new();
    match format {
        TableFormat::Text => table::text(&mut out, &comparison, context.look())?,
        TableFormat::Md => table::markdown(&mut out, &comparison)?,
        TableFormat::Html => table::page(&mut out, &comparison)?,
        TableFormat::Csv => table::csv(&mut out, &comparison)?,
        TableFormat::Json => json::pretty(&mut out, &comparison)?,
    }
    if format == TableFormat::Text {
        pager::show(&out)?;
    } else {
        io::stdout().write_all(&out)?;
        io::stdout().flush()?;
    }
    Ok(match comparison.abstained {
        true => Exit::NoAnswer,
        false => Exit::Done,
    })
}

/// Shows nothing.
struct Silent;

impl Listener for Silent {
    fn sentence(&mut self, _: &Sentence) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn note(&mut self, _: &str) {}
}
