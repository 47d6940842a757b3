//! Runs `askpm list`: lists the editions and their discussions, newest first.
//!
//! It reads the files directly and needs no index. With a cluster, it lists what the cluster has.

use std::io::{self, Write};

use super::args::{Format, ListArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::{editions, pager};
use crate::render::list::List;
use crate::render::{html, json, markdown};
use crate::retrieve::Filters;

pub fn run(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let filters = Filters::from(&args.filters);
    let list = List::new(editions::answering(context)?, &filters);
    let mut text = Vec::new();
    match args.output.format() {
        Format::Json => json::pretty(&mut text, &list)?,
        _ if list.editions.is_empty() => {}
        Format::Md => markdown::list(&mut text, &list)?,
        Format::Html => html::list(&mut text, &list)?,
        Format::Text => list.write(&mut text, context.look())?,
    }
    if args.output.format() == Format::Text {
        pager::show(&text)?;
    } else {
        let mut out = io::stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
    }
    if list.editions.is_empty() {
        context.warn(&match filters.is_empty() {
            true => "the corpus has no editions; `askpm import FILE` adds some".to_string(),
            false => format!("the corpus has no editions{filters}; `askpm list` without filters shows all"),
        });
        return Ok(Exit::NoAnswer);
    }
    Ok(Exit::Done)
}
