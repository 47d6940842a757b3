//! Quotes discussions for a digest: reads each at most once, and repeats nothing.

use std::collections::BTreeMap;

use super::Line;
use crate::answer::meaning::Meaning;
use crate::answer::runs::lines::lines;
use crate::answer::runs::{Run, Shown};
use crate::answer::topic::{Found, Topic};
use crate::corpus::Id;
use crate::themes::Item;

/// Reads discussions. It remembers what it quoted.
pub(super) struct Quoter<'a> {
    meaning: Option<&'a dyn Meaning>,
    /// Discussions that were read. `None` if one has no text.
    read: BTreeMap<Id, Option<Topic>>,
    shown: Vec<Shown>,
}

impl<'a> Quoter<'a> {
    pub fn new(meaning: Option<&'a dyn Meaning>) -> Self {
        Quoter {
            meaning,
            read: BTreeMap::new(),
            shown: Vec::new(),
        }
    }

    /// Returns one line for each contributor of `item`, the best first, without what was shown.
    pub fn lines(&mut self, item: &Item) -> Vec<Line> {
        self.ranked(item).into_iter().map(|(_, line)| line).collect()
    }

    /// Returns the same lines, each with its worth.
    pub fn ranked(&mut self, item: &Item) -> Vec<(f32, Line)> {
        let meaning = self.meaning;
        let topic = self.read.entry(item.id.clone()).or_insert_with(|| read(item, meaning));
        let Some(topic) = topic else { return Vec::new() };
        let runs = lines(&question(item), topic, &self.shown);
        let line = |run: &Run| {
            let passage = run.cut(&[topic]);
            let line = Line {
                id: passage.id.to_string(),
                contributor: passage.contributor,
                discussion: item.title.clone(),
                quote: passage.text,
                stance: run.stance,
            };
            (run.worth, line)
        };
        runs.iter().map(line).collect()
    }

    /// Remembers that `line` is in the digest.
    pub fn show(&mut self, line: &Line) {
        self.shown.push(Shown {
            id: Some(line.id.clone()),
            quote: line.quote.clone(),
        });
    }
}

/// What the lines of `item` answer. The heading of a section says little without the title of its article.
fn question(item: &Item) -> String {
    match item.id {
        Id::Section { .. } => format!("{}: {}", item.edition_title, item.title),
        _ => item.title.clone(),
    }
}

fn read(item: &Item, meaning: Option<&dyn Meaning>) -> Option<Topic> {
    let mut topic = Topic::new(item.id.clone(), item.passages.clone(), Found::default())?;
    if let Some(meaning) = meaning {
        topic.read(meaning);
        let heads = meaning.vectors(&[&question(item), &item.title]);
        topic.heads = heads.and_then(|heads| heads.try_into().ok());
    }
    Some(topic)
}
