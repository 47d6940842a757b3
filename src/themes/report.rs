//! Counts the themes of a corpus over time, and lists the discussions on one topic by date.

use std::collections::HashSet;

use serde::Serialize;

use super::time::{Calendar, Unit};
use super::{Item, Theme, editions};
use crate::corpus::copies::AlsoIn;

/// Themes with their counts over time. It serialises to the object that `topics --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topics {
    /// Numbers of all discussions and editions that were grouped.
    pub discussions: usize,
    pub editions: usize,
    /// The unit of the periods. `None` if nothing has a date.
    pub unit: Option<Unit>,
    /// The periods in order, without gaps.
    pub periods: Vec<String>,
    /// Those with most discussions first.
    pub themes: Vec<ThemeCounts>,
    /// Themes that are left out.
    pub left_out: usize,
    /// Discussions that are in no theme.
    pub alone: usize,
}

/// A theme and its discussions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThemeCounts {
    pub name: String,
    pub phrases: Vec<String>,
    pub editions: usize,
    /// Numbers of its discussions in each period. Undated ones are in none.
    pub counts: Vec<usize>,
    /// Newest first.
    pub discussions: Vec<Entry>,
}

/// The discussions on one topic. It serialises to the object that `topics TOPIC --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// As asked for.
    pub topic: String,
    pub editions: usize,
    pub unit: Option<Unit>,
    pub periods: Vec<String>,
    pub counts: Vec<usize>,
    /// Newest first, undated ones last.
    pub discussions: Vec<Entry>,
}

/// A discussion or section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub id: String,
    pub title: String,
    /// The title of the edition.
    pub edition: String,
    pub date: Option<String>,
    /// Other editions with a copy of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AlsoIn>,
}

impl Topics {
    /// Counts `themes` of `items` over time, at most `most` of them.
    pub fn of(themes: &[Theme], items: &[&Item], most: usize) -> Topics {
        let calendar = Calendar::of(dates(items));
        let counts = |theme: &Theme| {
            let own: Vec<&Item> = theme.items.iter().map(|at| items[*at]).collect();
            ThemeCounts {
                name: theme.name(),
                phrases: theme.phrases.clone(),
                editions: editions(theme, items),
                counts: calendar
                    .as_ref()
                    .map(|calendar| calendar.counts(dates(&own)))
                    .unwrap_or_default(),
                discussions: entries(&own),
            }
        };
        let grouped: usize = themes.iter().map(|theme| theme.items.len()).sum();
        Topics {
            discussions: items.len(),
            editions: slugs(items),
            unit: calendar.as_ref().map(Calendar::unit),
            periods: calendar.as_ref().map(Calendar::names).unwrap_or_default(),
            themes: themes.iter().take(most).map(counts).collect(),
            left_out: themes.len().saturating_sub(most),
            alone: items.len() - grouped,
        }
    }
}

impl Topic {
    /// Lists `items`, which bear on `topic`.
    pub fn of(topic: &str, items: &[&Item]) -> Topic {
        let calendar = Calendar::of(dates(items));
        Topic {
            topic: topic.to_string(),
            editions: slugs(items),
            unit: calendar.as_ref().map(Calendar::unit),
            periods: calendar.as_ref().map(Calendar::names).unwrap_or_default(),
            counts: calendar
                .map(|calendar| calendar.counts(dates(items)))
                .unwrap_or_default(),
            discussions: entries(items),
        }
    }
}

fn dates<'a>(items: &'a [&'a Item]) -> impl Iterator<Item = &'a str> {
    items.iter().filter_map(|item| item.date.as_deref())
}

fn slugs(items: &[&Item]) -> usize {
    items.iter().map(|item| item.id.edition()).collect::<HashSet<_>>().len()
}

fn entries(items: &[&Item]) -> Vec<Entry> {
    let mut items = items.to_vec();
    items.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.id.cmp(&b.id)));
    let entry = |item: &&Item| Entry {
        id: item.id.to_string(),
        title: item.title.clone(),
        edition: item.edition_title.clone(),
        date: item.date.clone(),
        also_in: item.also_in.clone(),
    };
    items.iter().map(entry).collect()
}
