//! Decides what of the news fits on a page: first a line for each of some discussions, then more lines while there is room.

use super::lines::{Quoter, Said};
use super::{Brief, DiscussionNews, EditionNews, LeftOut, Line, Named, News, ThemeNews};
use crate::answer::Stance;
use crate::themes::{self, Item, Theme};

/// The most words of the editions on a page. The themes and the names of further editions come in addition.
const WORDS: usize = 440;

/// The words that a line is expected to have, with its contributor.
const LINE: usize = 42;

/// The discussions on a page, of at most [`EDITIONS`] editions.
const DISCUSSIONS: usize = 8;
const EDITIONS: usize = 5;

/// The most discussions of an edition on a page. An article can have dozens of sections.
const OF_EDITION: usize = 4;

/// The most further editions that a page names.
const NAMED: usize = 4;

/// The most themes on a page, and the most discussions that are quoted for each.
const THEMES: usize = 3;
const QUOTED: usize = 1;

/// The most resources of an edition on a page.
const RESOURCES: usize = 1;

/// What is on the page, and what is not.
pub(super) struct Page {
    pub editions: Vec<EditionNews>,
    pub also: Vec<Brief>,
    pub left_out: LeftOut,
}

/// A discussion that is on the page, with what is said in it.
struct Part<'a> {
    item: &'a Item,
    said: Vec<Said>,
    /// Which of it is shown, and whether in full.
    shown: Vec<(usize, bool)>,
}

/// Chooses what to show of `news`, which is in reading order. With `all`, everything is shown.
pub(super) fn fill(news: &[News], all: bool, quoter: &mut Quoter) -> Page {
    let room = if all { usize::MAX } else { WORDS };
    // The more editions, the fewer discussions of each: a page says a little of everything.
    let of_each = (DISCUSSIONS / news.len().clamp(1, EDITIONS)).min(OF_EDITION);
    let most = if all { usize::MAX } else { of_each };
    let (whole, mut used) = whole(news, room, most);
    let mut left_out = LeftOut::default();
    let mut parts: Vec<Vec<Part>> = news[..whole]
        .iter()
        .map(|one| {
            left_out.discussions += one.items.len().saturating_sub(most);
            let part = |item| Part {
                item,
                said: quoter.said(item),
                shown: Vec::new(),
            };
            one.items.iter().take(most).map(part).collect()
        })
        .collect();
    used -= LINE * parts.iter().map(Vec::len).sum::<usize>().min(used / LINE);
    let resources = if all { usize::MAX } else { RESOURCES };
    used += news[..whole]
        .iter()
        .map(|one| 8 * one.resources.len().min(resources))
        .sum::<usize>();
    speak(&mut parts, room, &mut used);
    let editions = news.iter().zip(parts).map(|(one, parts)| {
        left_out.resources += one.resources.len().saturating_sub(resources);
        let discussions = parts.into_iter().filter_map(|part| {
            let lines = part.lines();
            if lines.is_empty() {
                // Nothing of it may be quoted.
                left_out.discussions += 1;
                return None;
            }
            left_out.voices += part.item.voices() - lines.len();
            lines.iter().for_each(|line| quoter.show(line));
            Some(DiscussionNews {
                id: part.item.id.to_string(),
                title: part.item.title.clone(),
                lines,
                also_in: part.item.also_in.clone(),
            })
        });
        let discussions = discussions.collect();
        one.edition(discussions, resources)
    });
    let editions = editions.collect();
    let also: Vec<Brief> = news[whole..].iter().take(NAMED).map(News::brief).collect();
    left_out.editions = news.len() - whole - also.len();
    Page {
        editions,
        also,
        left_out,
    }
}

/// Returns how many editions fit with a line for each of their first `most` discussions, and the words that these take. The first
/// one always fits.
fn whole(news: &[News], room: usize, most: usize) -> (usize, usize) {
    let mut used = 0;
    for (at, one) in news.iter().enumerate() {
        let questions = one.items.iter().take(most).map(|item| words(&item.title) + LINE);
        let more = words(&one.came.edition.title) + 6 + questions.sum::<usize>();
        if at > 0 && used + more > room {
            return (at, used);
        }
        used += more;
    }
    (news.len(), used)
}

/// Gives every discussion what one contributor says, then each one a second, and so on while there is room. The first is
/// in full, unless answers open with their claims, and the others in one sentence. The rest of the room makes them full.
fn speak(parts: &mut [Vec<Part>], room: usize, used: &mut usize) {
    let most = parts.iter().flatten().map(|part| part.said.len()).max().unwrap_or(0);
    for turn in 0..most {
        for part in parts.iter_mut().flatten().filter(|part| part.said.len() > turn) {
            let next = order(&part.said)[turn];
            let said = &part.said[next];
            let full = turn == 0 && !said.claims_first;
            let whole = full || said.short.is_none() || said.line.stance == Stance::Dissents;
            let line = said.form(whole);
            let more = words(&line.quote) + line.contributor.as_deref().map_or(0, words);
            if turn > 0 && *used + more > room {
                return;
            }
            *used += more;
            part.shown.push((next, whole));
        }
    }
    for part in parts.iter_mut().flatten() {
        for (at, whole) in part.shown.iter_mut().filter(|(_, whole)| !whole) {
            let said = &part.said[*at];
            let more = words(&said.line.quote).saturating_sub(words(&said.form(false).quote));
            if *used + more <= room {
                *used += more;
                *whole = true;
            }
        }
    }
}

impl Part<'_> {
    /// What is shown, in reading order.
    fn lines(&self) -> Vec<Line> {
        let mut shown = self.shown.clone();
        shown.sort_unstable();
        let line = |(at, whole): &(usize, bool)| self.said[*at].form(*whole).clone();
        shown.iter().map(line).collect()
    }
}

/// The order in which lines get room: the one that says most, then who contradicts it, then the others by what they say.
pub(super) fn order(said: &[Said]) -> Vec<usize> {
    let dissents = |at: usize| said[at].line.stance == Stance::Dissents;
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by(|a, b| said[*b].worth.total_cmp(&said[*a].worth));
    let first = order.iter().position(|at| !dissents(*at)).map(|at| order.remove(at));
    order.sort_by_key(|at| !dissents(*at));
    first.into_iter().chain(order).collect()
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Quotes the discussions of `themes`, with lines that the page does not have yet.
pub(super) fn themes(themes: &[Theme], items: &[&Item], all: bool, quoter: &mut Quoter) -> Vec<ThemeNews> {
    let (most, quoted) = if all {
        (usize::MAX, usize::MAX)
    } else {
        (THEMES, QUOTED)
    };
    let news = themes.iter().take(most).map(|theme| {
        let own: Vec<&Item> = theme.items.iter().map(|at| items[*at]).collect();
        let mut lines: Vec<Line> = Vec::new();
        for item in apart(&own, quoted) {
            let said = quoter.said(item);
            let first = order(&said).first().copied();
            if let Some(line) = first.map(|at| said[at].form(false).clone()) {
                quoter.show(&line);
                lines.push(line);
            }
        }
        ThemeNews {
            name: theme.name(),
            phrases: theme.phrases.clone(),
            editions: themes::editions(theme, items),
            discussions: own.iter().map(|item| named(item)).collect(),
            lines,
        }
    });
    news.collect()
}

fn named(item: &Item) -> Named {
    Named {
        id: item.id.to_string(),
        title: item.title.clone(),
    }
}

/// Returns at most `most` of `items`, first one of each edition.
fn apart<'a>(items: &[&'a Item], most: usize) -> Vec<&'a Item> {
    let mut first: Vec<&Item> = Vec::new();
    let mut others: Vec<&Item> = Vec::new();
    for item in items {
        match first.iter().any(|one| one.id.edition() == item.id.edition()) {
            true => others.push(item),
            false => first.push(item),
        }
    }
    first.into_iter().chain(others).take(most).collect()
}
