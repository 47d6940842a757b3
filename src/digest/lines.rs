//! Quotes discussions for a digest: reads each at most once, and repeats nothing.

use std::collections::BTreeMap;

use super::Line;
use crate::answer::meaning::Meaning;
use crate::answer::runs::lines::{Point, Speakers};
use crate::answer::runs::{Run, Shown};
use crate::answer::stands::against;
use crate::answer::topic::{Found, Topic};
use crate::corpus::Id;
use crate::themes::Item;

/// What a contributor says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// The share of their answer's point that it says, see [`Point`].
    pub worth: f32,
    pub line: Line,
    /// How many sentences the line has: one to three.
    pub sentences: usize,
    /// One of several sentences.
    pub short: Option<Line>,
    /// Whether one sentence says most, see [`Point::claims_first`].
    pub claims_first: bool,
}

impl Said {
    /// Returns the line, or its short form if not the `whole` is wanted and there is one.
    pub fn form(&self, whole: bool) -> &Line {
        self.short.as_ref().filter(|_| !whole).unwrap_or(&self.line)
    }
}

/// Reads discussions. It remembers what it quoted.
pub(super) struct Quoter<'a> {
    meaning: Option<&'a dyn Meaning>,
    /// Discussions that were read. `None` if one has no text.
    read: BTreeMap<Id, Option<Speakers>>,
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

    /// Returns what each contributor of `item` says, in printed order, without what was shown.
    pub fn said(&mut self, item: &Item) -> Vec<Said> {
        let meaning = self.meaning;
        let read = self.read.entry(item.id.clone()).or_insert_with(|| read(item, meaning));
        let Some(speakers) = read else { return Vec::new() };
        let line = |run: &Run| {
            let passage = run.cut(&[speakers.topic()]);
            Line {
                id: passage.id.to_string(),
                contributor: passage.contributor,
                discussion: item.title.clone(),
                quote: passage.text,
                stance: run.stance,
            }
        };
        let points = speakers.points(&self.shown);
        let said = |point: &Point| Said {
            worth: point.run.worth,
            line: line(&point.run),
            sentences: point.run.sentences.len(),
            short: point.short.as_ref().map(line),
            claims_first: point.claims_first,
        };
        points.iter().map(said).collect()
    }

    /// Forgets what was quoted, and keeps what was read.
    pub fn begin_again(&mut self) {
        self.shown.clear();
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
pub(super) fn question(item: &Item) -> String {
    match item.id {
        Id::Section { .. } => format!("{}: {}", item.edition_title, item.title),
        _ => item.title.clone(),
    }
}

fn read(item: &Item, meaning: Option<&dyn Meaning>) -> Option<Speakers> {
    let mut topic = Topic::new(item.id.clone(), item.passages.clone(), Found::default())?;
    if let Some(meaning) = meaning {
        topic.read(meaning);
        let heads = meaning.vectors(&[&question(item), &item.title]);
        topic.heads = heads.and_then(|heads| heads.try_into().ok());
    }
    let against = against(&question(item), &topic);
    Some(Speakers::new(&question(item), topic, against))
}
