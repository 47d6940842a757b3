//! Finds lines that name the author of the text above them, which would otherwise head the text below.

use super::turn::{Turn, next_seen};
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{capitalised, is_in_capitals, words};
use crate::corpus::import::dates;
use crate::corpus::import::names::{self, Trust};

/// Fewest words in a text that somebody signs.
const TEXT_WORDS: usize = 4;
/// Most words in a title.
const TITLE_WORDS: usize = 16;
/// Most paragraphs between a title and the name of its author.
const NEAR: usize = 6;
/// Most words in a text above which a name in a heading is that of the page's author.
const HEAD_WORDS: usize = 12;

/// Finds the bylines of a letter.
pub(in crate::corpus::import) fn find(blocks: &[Block], of: &mut [Option<Turn>]) {
    of_item(blocks, of);
    of_page(blocks, of);
    let seen: Vec<usize> = (0..blocks.len()).filter(|&at| blocks[at].is_seen()).collect();
    let names: Vec<usize> = (0..seen.len())
        .filter(|&n| of[seen[n]].is_none() && author(&blocks[seen[n]]).is_some())
        .collect();
    let mut looks: Vec<Look> = Vec::new();
    for &n in &names {
        let look = blocks[seen[n]].look;
        if !looks.contains(&look) {
            looks.push(look);
        }
    }
    for look in looks {
        let alike: Vec<usize> = names
            .iter()
            .copied()
            .filter(|&n| blocks[seen[n]].look == look)
            .collect();
        if alike.iter().all(|&n| is_below(blocks, &seen, n)) && sign(blocks, &seen, &alike, look) {
            for n in alike {
                of[seen[n]] = Some(Turn::Byline);
            }
        }
    }
}

/// Returns the person that a line names, with or without a firm: `Ana Lima`, `By Ana Lima (Acme)`.
fn author(block: &Block) -> Option<String> {
    let text = names::bare(&block.text);
    let text = ["By ", "by ", "BY "]
        .iter()
        .find_map(|by| text.strip_prefix(by))
        .unwrap_or(text);
    let line = matches!(block.look, Look::Heading(_) | Look::Paragraph) && !text.contains('\n');
    let read = if is_in_capitals(text) {
        capitalised(text)
    } else {
        text.to_string()
    };
    let name = read.split([',', '(']).next().unwrap_or_default().trim();
    let beside = &read[name.len().min(read.len())..];
    let role =
        beside.is_empty() || beside.trim().starts_with('(') && beside.ends_with(')') || names::is_sure_byline(&read);
    (line && role && names::is_person(name) && names::trust(name) >= Trust::Shape).then(|| name.to_string())
}

/// Reports whether text stands above the name, and nothing that its bearer could have said below it.
fn is_below(blocks: &[Block], seen: &[usize], n: usize) -> bool {
    let above = n.checked_sub(1).map(|n| &blocks[seen[n]]);
    let text = above.is_some_and(|b| {
        matches!(b.look, Look::Paragraph | Look::Item) && words(&b.text) >= TEXT_WORDS && author(b).is_none()
    });
    text && n
        .checked_add(1)
        .filter(|&n| n < seen.len())
        .is_none_or(|n| is_title(blocks, seen, n))
}

/// Reports whether a block heads the text below it.
fn is_title(blocks: &[Block], seen: &[usize], n: usize) -> bool {
    let block = &blocks[seen[n]];
    let text = names::bare(&block.text);
    let next = seen.get(n + 1).map(|&at| &blocks[at]);
    let short = words(text) <= TITLE_WORDS && !text.contains('\n') && author(block).is_none();
    let over = next.is_some_and(|b| matches!(b.look, Look::Paragraph | Look::Item) && words(&b.text) > words(text) / 2);
    match block.look {
        Look::Heading(1..=6) => true,
        Look::Heading(_) => short && over && !names::is_sure_byline(text),
        Look::Item => short && over,
        Look::Paragraph if block.linked || block.text.starts_with("**") => short,
        Look::Paragraph => short && over && !text.ends_with(['.', '!', ',', ';', ':']) && !names::is_sure_byline(text),
        _ => false,
    }
}

/// Reports whether the names at `alike` sign the texts above them.
fn sign(blocks: &[Block], seen: &[usize], alike: &[usize], look: Look) -> bool {
    let Some(&first) = alike.first() else { return false };
    let next = seen.get(first + 1).map(|&at| &blocks[at]);
    // A name in a heading with nothing below it but the end, or a heading of a higher level.
    if let Look::Heading(own @ 2..=6) = look {
        let higher = |n: &usize| {
            let next = seen.get(n + 1).map(|&at| blocks[at].look);
            next.is_none_or(|next| matches!(next, Look::Heading(level) if level < own))
        };
        let known = || author(&blocks[seen[first]]).is_some_and(|name| names::trust(&name) >= Trust::Known);
        if alike.iter().all(higher) && (alike.len() > 1 || known()) {
            return true;
        }
    }
    let Some(next) = next.filter(|_| alike.len() > 1) else {
        return false;
    };
    // The item above the first name has a title that looks like the title below that name.
    let title = |n: &usize| {
        let block = &blocks[seen[*n]];
        block.look == next.look && block.linked == next.linked && is_title(blocks, seen, *n)
    };
    (first.saturating_sub(NEAR)..first).any(|n| title(&n))
}

/// Finds a name in bold at the end of an item, and one that ends a list item.
fn of_item(blocks: &[Block], of: &mut [Option<Turn>]) {
    let linked = |at: usize| blocks[at].link.is_some();
    let mut before: Option<usize> = None;
    for at in 0..blocks.len() {
        let block = &blocks[at];
        let previous = before;
        if !block.is_seen() {
            continue;
        }
        before = Some(at);
        // A name in bold that ends an item, above the next heading, looks like a heading itself.
        let last = |next: usize| matches!(blocks[next].look, Look::Heading(1..=6));
        let ends = block.look == Look::Heading(7) && next_seen(blocks, at).is_none_or(last);
        let Some(previous) = previous.filter(|_| of[at].is_none() && (block.look == Look::Paragraph || ends)) else {
            continue;
        };
        let text = names::bare(&block.text);
        let least = if ends { 3 } else { 8 };
        let below_text =
            matches!(blocks[previous].look, Look::Paragraph | Look::Item) && words(&blocks[previous].text) > least;
        let (name, by) = match text.strip_prefix("By ").or_else(|| text.strip_prefix("by ")) {
            Some(name) => (name, true),
            None => (text, false),
        };
        let firm = name.split_once(" (").filter(|(_, firm)| firm.ends_with(')'));
        let person = names::is_person(firm.map_or(name, |(name, _)| name));
        let listed = linked(previous) && next_seen(blocks, at).is_none_or(linked);
        let ends = ends && names::trust(name) >= Trust::Shape;
        if below_text && person && (by || firm.is_some() || listed || ends) && !text.contains('\n') {
            of[at] = Some(Turn::Byline);
        }
    }
}

/// Finds the name of a page's author in a heading above the text, beside the day.
fn of_page(blocks: &[Block], of: &mut [Option<Turn>]) {
    for at in 0..blocks.len() {
        let block = &blocks[at];
        if !block.is_seen() {
            continue;
        }
        let heading = matches!(block.look, Look::Heading(_));
        if !heading && words(&block.text) > HEAD_WORDS {
            return;
        }
        let next = next_seen(blocks, at).map(|next| &blocks[next].text);
        let dated = next.is_some_and(|text| {
            words(text) <= HEAD_WORDS && (dates::day_in(text).is_some() || text.ends_with("min read"))
        });
        if matches!(block.look, Look::Heading(2..)) && dated && of[at].is_none() && author(block).is_some() {
            of[at] = Some(Turn::Byline);
            return;
        }
    }
}
