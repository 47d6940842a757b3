//! Runs `askpm topics`: shows the themes of the corpus over time, or the discussions on one topic by date.

use std::io::{self, Write};
use std::slice;

use super::args::{Format, TopicsArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::{digest, editions, pager};
use crate::corpus::Edition;
use crate::render::{json, topics as render};
use crate::retrieve::Filters;
use crate::themes::interest::Interest;
use crate::themes::report::{Topic, Topics};
use crate::themes::{self, Item, once};

/// The most themes, without `--all`.
const THEMES: usize = 15;

pub fn run(context: &Context, args: &TopicsArgs) -> Result<Exit, Failure> {
    let filters = Filters::from(&args.filters);
    let all = editions::read(context)?;
    let items = items(&all, &filters);
    let items: Vec<&Item> = items.iter().collect();
    let store = context.store()?;
    let finder = Finder::comparing(context, &store, args.by, None)?;
    let wanted = args.topic.join(" ");
    let mut text = Vec::new();
    let (format, look) = (args.output.format(), context.look());
    let empty = if wanted.trim().is_empty() {
        let background = digest::background(&all, finder.meaning());
        let themes = themes::themes(&items, &background, finder.meaning());
        let topics = Topics::of(&themes, &items, if args.all { usize::MAX } else { THEMES });
        match format {
            Format::Json => json::pretty(&mut text, &topics)?,
            _ if topics.themes.is_empty() => {}
            Format::Md => render::markdown(&mut text, &topics)?,
            Format::Html => render::html::page(&mut text, &topics)?,
            Format::Text => render::text(&mut text, &topics, look)?,
        }
        topics.themes.is_empty()
    } else {
        let interests = Interest::read(&wanted, finder.meaning());
        let bears = |item: &&Item| interests.iter().any(|one| one.is_met_by(item, finder.meaning()));
        let on: Vec<&Item> = items.iter().copied().filter(bears).collect();
        let topic = Topic::of(wanted.trim(), &on);
        match format {
            Format::Json => json::pretty(&mut text, &topic)?,
            _ if on.is_empty() => {}
            Format::Md => render::one_markdown(&mut text, &topic)?,
            Format::Html => render::html::one(&mut text, &topic)?,
            Format::Text => render::one(&mut text, &topic, look)?,
        }
        on.is_empty()
    };
    match format {
        Format::Text => pager::show(&text)?,
        _ => {
            let mut out = io::stdout().lock();
            out.write_all(&text)?;
            out.flush()?;
        }
    }
    if items.len() > themes::MOST && wanted.trim().is_empty() {
        context.note(&format!("only the newest {} discussions are grouped", themes::MOST));
    }
    if !empty {
        return Ok(Exit::Done);
    }
    context.warn(&match wanted.trim() {
        "" => format!("no two discussions in the corpus{filters} are about the same matter"),
        wanted => format!("no discussion in the corpus{filters} bears on \"{wanted}\""),
    });
    Ok(Exit::NoAnswer)
}

/// Returns the discussions and sections that `filters` admit.
fn items(all: &[(Edition, String)], filters: &Filters) -> Vec<Item> {
    let editions = all.iter().filter(|(edition, _)| filters.admits_edition(edition));
    let mut items: Vec<Item> = editions.flat_map(|(edition, path)| Item::of(edition, path)).collect();
    for item in &mut items {
        item.passages
            .retain(|passage| filters.admits_contributor(passage.contributor.as_deref().unwrap_or("")));
    }
    items.retain(|item| !item.passages.is_empty());
    once(&[], slice::from_mut(&mut items));
    items
}
