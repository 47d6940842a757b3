//! Decides what of the news fits on a page: first a line for each of some discussions, then more lines while there is room.

use super::lines::Quoter;
use super::{Brief, DiscussionNews, EditionNews, LeftOut, Line, Named, News, ThemeNews};
use crate::answer::Stance;
use crate::themes::{self, Item, Theme};

/// The most words of the editions on a page. The themes and the names of further editions come in addition.
const WORDS: usize = 380;

/// The words that a line is expected to have, with its contributor.
const LINE: usize = 34;

/// The discussions on a page, of at most [`EDITIONS`] editions.
const DISCUSSIONS: usize = 8;
const EDITIONS: usize = 5;

/// The most discussions of an edition on a page. An article can have dozens of sections.
const OF_EDITION: usize = 4;

/// The most further editions that a page names.
const NAMED: usize = 5;

/// The most themes on a page, and the most discussions that are quoted for each.
const THEMES: usize = 3;
const QUOTED: usize = 2;

/// The most resources of an edition on a page.
const RESOURCES: usize = 1;

/// What is on the page, and what is not.
pub(super) struct Page {
    pub editions: Vec<EditionNews>,
    pub also: Vec<Brief>,
    pub left_out: LeftOut,
}

/// A discussion that is on the page, with its lines and how many of them are shown.
struct Part<'a> {
    item: &'a Item,
    lines: Vec<Line>,
    shown: usize,
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
                lines: quoter.lines(item),
                shown: 0,
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
        let discussions = parts.into_iter().map(|part| {
            left_out.voices += part.lines.len() - part.shown;
            let lines = shown(part.lines, part.shown);
            lines.iter().for_each(|line| quoter.show(line));
            DiscussionNews {
                id: part.item.id.to_string(),
                title: part.item.title.clone(),
                lines,
                also_in: part.item.also_in.clone(),
            }
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

/// Gives every discussion a first line, then each one a second, and so on while there is room.
fn speak(parts: &mut [Vec<Part>], room: usize, used: &mut usize) {
    let most = parts.iter().flatten().map(|part| part.lines.len()).max().unwrap_or(0);
    for turn in 0..most {
        for part in parts.iter_mut().flatten().filter(|part| part.lines.len() > turn) {
            let next = order(&part.lines)[turn];
            let more = words(&part.lines[next].quote) + part.lines[next].contributor.as_deref().map_or(0, words);
            if turn > 0 && *used + more > room {
                return;
            }
            *used += more;
            part.shown = turn + 1;
        }
    }
}

/// The order in which lines get room: the first, then who contradicts it, then the others.
fn order(lines: &[Line]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|at| (*at > 0, *at > 0 && lines[*at].stance != Stance::Dissents, *at));
    order
}

/// The first `count` lines by [`order`], in reading order.
fn shown(lines: Vec<Line>, count: usize) -> Vec<Line> {
    let mut kept: Vec<usize> = order(&lines).into_iter().take(count).collect();
    kept.sort_unstable();
    kept.into_iter().map(|at| lines[at].clone()).collect()
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
            let line = quoter.lines(item).into_iter().next();
            if let Some(line) = line {
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
