//! Pairs the learning resources of an edition with their titles.
//!
//! The input is the blocks under `Top learning resources` and the titles in the table of contents. Some newsletters
//! print titles only in the contents and summaries here. Others print both together.

use std::collections::HashSet;

use super::address::is_hidden;
use super::block::{Block, Look};
use super::clean::{bounded_line, key, one_line, words};
use super::structure::parts::{MAX_LINE, append};
use crate::corpus::edition::Resource;

/// The resources, and the account of what went into them.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub resources: Vec<Resource>,
    /// Indexes of the contents' titles that were used.
    pub used_titles: HashSet<usize>,
    /// Number of words in titles that the newsletter does not have.
    pub made_up: usize,
    /// Number of words in the item numbers that were left out.
    pub label_words: usize,
}

/// Makes resources from `blocks` and the contents' `titles`.
pub(super) fn pair(blocks: &[Block], titles: &[String]) -> Found {
    let mut found = Found::default();
    let keys: Vec<String> = titles.iter().map(|t| key(t)).collect();
    let listed = |b: &Block| {
        let text = first_line(unnumbered(&b.text));
        let wanted = if text.len() <= 1_000 { key(text) } else { return None };
        keys.iter().take(1_000).position(|k| *k == wanted)
    };
    let titled = blocks.iter().any(|b| listed(b).is_some() || opens(b));
    // Titles that appear again here. The text here wins over the contents.
    let mut printed = HashSet::new();
    for (at, block) in blocks.iter().enumerate() {
        let next = blocks.get(at + 1);
        let own = listed(block);
        if own.is_some() || opens(block) || !titled && (short_title(block, next) || titled_above(block)) {
            printed.extend(own);
            found.titled(block);
        } else if titled && !found.resources.is_empty() || !block.loose && !found.resources.is_empty() {
            found.more(block);
        } else {
            let unused = (0..titles.len()).find(|at| !found.used_titles.contains(at) && !printed.contains(at));
            match unused.and_then(|at| titles.get(at).map(|t| (at, t))) {
                Some((at, title)) => {
                    found.used_titles.insert(at);
                    found.add(title, block);
                }
                // There are more paragraphs than titles, so the last resource has several.
                None if !titles.is_empty() && !found.resources.is_empty() => found.more(block),
                None => {
                    let title = made_up_title(&block.text);
                    found.made_up += words(&title);
                    found.add(&title, block);
                }
            }
        }
    }
    // Keep titles without a summary, unless the titles were printed again here.
    if !titled {
        for (at, title) in titles.iter().enumerate() {
            if found.used_titles.insert(at) {
                found.push(title, None, String::new());
            }
        }
    }
    for resource in &mut found.resources {
        resource.kind = kind(&resource.title, &resource.summary).map(str::to_string);
    }
    found
}

impl Found {
    fn push(&mut self, title: &str, link: Option<String>, summary: String) {
        let full = one_line(&plain(title));
        let title = bounded_line(&full, MAX_LINE);
        let mut body = String::new();
        if title.len() < full.len() {
            self.made_up += words(&title);
            body = full;
        }
        append(&mut body, &summary, true);
        self.resources.push(Resource {
            number: self.resources.len() as u32 + 1,
            title,
            kind: None,
            link,
            summary: body,
        });
    }

    /// Adds a resource called `title`, with `block` as its summary.
    fn add(&mut self, title: &str, block: &Block) {
        self.push(title, block.link.clone(), block.text.clone());
    }

    /// Adds a resource that `block` names and possibly describes.
    fn titled(&mut self, block: &Block) {
        let text = unnumbered(&block.text);
        self.label_words += words(&block.text).saturating_sub(words(text));
        let (title, summary) = match text.split_once('\n') {
            Some((title, rest)) => (title, rest),
            None => split_description(text),
        };
        // An address at the end of a title is its link.
        let address = |t: &&str| {
            block
                .link
                .as_deref()
                .is_some_and(|link| t.len() > link.len() && t.ends_with(link))
        };
        // One that only a service can resolve is no link, and no word of the title.
        let hidden = title.rsplit_once(' ').filter(|(_, last)| is_hidden(last));
        let title = hidden.map_or(title, |(named, _)| {
            self.label_words += 1;
            named.trim_end_matches([' ', '-', '–', '—', ':', ',', '<', '('])
        });
        let title = match Some(title).filter(address) {
            Some(addressed) => {
                self.label_words += 1;
                let end = addressed.len() - block.link.as_deref().map_or(0, str::len);
                addressed[..end].trim_end_matches([' ', '-', '–', '—', ':', ',', '<', '('])
            }
            None => title,
        };
        self.push(title, block.link.clone(), summary.to_string());
    }

    /// Adds text to the last resource.
    fn more(&mut self, block: &Block) {
        if let Some(resource) = self.resources.last_mut() {
            append(&mut resource.summary, block.body(), block.loose);
            if resource.link.is_none() {
                resource.link.clone_from(&block.link);
            }
        }
    }
}

/// Reports whether `block` looks like the name of a resource: a heading or a list item.
fn opens(block: &Block) -> bool {
    matches!(block.look, Look::Heading(_) | Look::Item) || is_marked(&block.text)
}

/// Reports whether `text` begins with the mark of a list item.
fn is_marked(text: &str) -> bool {
    ["- ", "• ", "· "].iter().any(|mark| text.starts_with(mark))
}

/// Reports whether `block` is a short linked line above a longer paragraph.
fn short_title(block: &Block, next: Option<&Block>) -> bool {
    let size = block.text.chars().count();
    let longer = next.is_some_and(|n| n.look == Look::Paragraph && n.text.chars().count() > size);
    block.link.is_some() && size <= 150 && longer && !block.text.ends_with('.')
}

/// Reports whether `block` is a linked line with its description in the same paragraph.
fn titled_above(block: &Block) -> bool {
    let line = first_line(&block.text);
    let linked = block.rich.as_deref().is_some_and(|rich| rich.starts_with('['));
    linked && line.len() < block.text.len() && line.chars().count() <= 150 && !line.ends_with('.')
}

/// Returns a title without Markdown links and emphasis. The number of words stays the same.
fn plain(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    let mut rest = title;
    while let Some((before, name, after)) = link_in(rest) {
        out.push_str(before);
        out.push_str(name);
        rest = after;
    }
    out.push_str(rest);
    let emphasised = out.starts_with('*') && out.matches('*').count().is_multiple_of(2);
    if emphasised { out.replace('*', "") } else { out }
}

/// Finds the first `[name](address)` in `text`. Returns the text before it, the name, and the text after it.
fn link_in(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('[')?;
    let close = open + text[open..].find("](")?;
    let end = close + text[close..].find(')')?;
    let address = &text[close + 2..end];
    let name = &text[open + 1..close];
    let plain = address.starts_with("http") && !address.contains(' ') && !name.contains('[');
    plain.then(|| (&text[..open], name, &text[end + 1..]))
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or(text)
}

/// Returns `text` without its list marker: `- `, `1. `, `2) `.
pub(super) fn unnumbered(text: &str) -> &str {
    let text = text.trim();
    if let Some(rest) = ["- ", "• ", "· "].iter().find_map(|bullet| text.strip_prefix(bullet)) {
        return rest.trim_start();
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..).filter(|_| (1..=3).contains(&digits));
    let rest = rest.and_then(|r| r.strip_prefix(['.', ')']));
    rest.filter(|r| r.starts_with(' ')).map_or(text, str::trim_start)
}

/// Splits `Title – description`. A text without such a separator is all title, or if it is long, cut after a sentence.
fn split_description(text: &str) -> (&str, &str) {
    if text.chars().count() <= 60 {
        return (text, "");
    }
    let sentence = text.match_indices(". ").find(|(at, _)| {
        // `U.S. `, `Dr. ` and initials do not end a sentence.
        let last = text[..*at].rsplit([' ', '.', '(']).next().unwrap_or_default();
        last.chars().count() > 2
    });
    let sentence = sentence.map(|(at, sign)| (at, at + sign.len()));
    // In `Badass: Making Users Awesome by Kathy Sierra. …` the colon belongs to the title.
    let own = |at: usize| {
        let rest = &text[at..sentence.map_or(text.len(), |(end, _)| end.max(at))];
        sentence.is_some() && (rest.contains(" by ") || rest.contains('('))
    };
    let cut = [" – ", " — ", " - ", ": "]
        .iter()
        .filter_map(|sign| text.find(sign).map(|at| (*sign, at, at + sign.len())))
        .filter(|(sign, at, _)| *sign != ": " || !own(*at))
        .map(|(_, at, after)| (at, after))
        .chain(sentence)
        .filter(|(at, _)| (3..=160).contains(at))
        .min();
    match cut {
        Some((at, after)) if text.len() - after > 40 => (&text[..at], &text[after..]),
        _ => (text, ""),
    }
}

/// Returns the first sentence of a summary, cut to 80 characters.
fn made_up_title(text: &str) -> String {
    let line = first_line(text);
    let end = line.find(". ").unwrap_or(line.len());
    bounded_line(line[..end].trim_end_matches('.'), 80)
}

/// Returns the kind of a resource, if its title or the first words of its summary mention it.
fn kind(title: &str, summary: &str) -> Option<&'static str> {
    const KINDS: [&str; 9] = [
        "video", "book", "paper", "course", "podcast", "article", "talk", "webinar", "tutorial",
    ];
    let opening: Vec<String> = summary.split_whitespace().take(4).map(key).collect();
    let introduces = matches!(opening.first().map(String::as_str), Some("the" | "this" | "a" | "an"));
    let says = |kind: &&&str| introduces && opening.iter().any(|word| word == **kind);
    let title = key(title);
    let named = |kind: &&&str| title.split(' ').next_back() == Some(**kind);
    let found = KINDS.iter().find(says).or_else(|| KINDS.iter().find(named));
    found.copied()
}

#[cfg(test)]
#[path = "resources_tests.rs"]
mod tests;
