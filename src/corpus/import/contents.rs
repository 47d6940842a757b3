//! Keeps the table of contents of a newsletter, which helps to find discussions and to name resources.
//!
//! `structure.rs` adds lines as it meets them. At the end this module reports the titles that were not used.

use std::collections::{HashMap, HashSet};

use super::Dropped;
use super::block::{Block, Look};
use super::clean::{key, one_line, words};
use super::marks::{self, Label};
use super::resources::unnumbered;

/// How many blocks at the beginning may open a table of contents without a label, and most lines of it.
const HEAD: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Contents {
    discussions: Vec<String>,
    resources: Vec<String>,
    /// Number of a discussion by the key of its title.
    numbers: HashMap<String, u32>,
    into_resources: bool,
    used: HashSet<u32>,
    /// Whether its entries are list items or paragraphs rather than headings.
    of_lines: bool,
    /// Whether the newsletter has no discussions, so that the titles belong to sections.
    of_sections: bool,
}

impl Contents {
    pub(super) fn is_empty(&self) -> bool {
        self.discussions.is_empty() && self.resources.is_empty()
    }

    pub(super) fn has_discussions(&self) -> bool {
        !self.discussions.is_empty()
    }

    /// Treats the listed titles as those of sections.
    pub(super) fn list_sections(&mut self) {
        self.of_sections = true;
    }

    /// Reports whether `block` is the first after the table of contents.
    ///
    /// It is if it repeats a listed title, or if it looks different from the entries.
    pub(super) fn are_over(&self, block: &Block) -> bool {
        if self.is_empty() {
            return false;
        }
        let heading = matches!(block.look, Look::Heading(_));
        // A short section may have its title and its text in one paragraph.
        let titled = |line: &str| self.numbers.contains_key(&key(entry(line)));
        let first = block.text.split_once('\n').is_some_and(|(first, _)| titled(first));
        let listed = block.text.len() <= 1_000 && (first || titled(&block.text));
        let sentence = block.look == Look::Paragraph && words(&block.text) >= 8 && block.text.ends_with(['.', '!']);
        listed && block.look != Look::Item || self.of_lines && (heading || sentence)
    }

    /// Remembers how the entries look.
    pub(super) fn look(&mut self, look: Look) {
        self.of_lines = matches!(look, Look::Item | Look::Paragraph);
    }

    pub(super) fn list_discussions(&mut self) {
        self.into_resources = false;
    }

    pub(super) fn list_resources(&mut self) {
        self.into_resources = true;
    }

    pub(super) fn lists_resources(&self) -> bool {
        self.into_resources
    }

    /// Adds a title to the open list.
    pub(super) fn add(&mut self, title: &str) {
        let title = one_line(title);
        if self.into_resources {
            self.resources.push(title);
            return;
        }
        self.discussions.push(title);
        let number = self.discussions.len() as u32;
        if let Some(title) = self.discussions.last() {
            self.numbers.entry(key(entry(title))).or_insert(number);
        }
    }

    /// Returns the number of the discussion called `title`, ignoring punctuation.
    pub(super) fn discussion_number(&self, title: &str) -> Option<u32> {
        if self.of_sections || self.numbers.is_empty() || title.len() > 1_000 {
            return None;
        }
        self.numbers.get(&key(title)).copied()
    }

    /// Reports whether at least half of the words of `title` are in the listed title of question `number`.
    ///
    /// Without listed discussions, any title agrees.
    pub(super) fn agrees(&self, number: u32, title: &str) -> bool {
        let Some(listed) = number.checked_sub(1).and_then(|at| self.discussions.get(at as usize)) else {
            return self.discussions.is_empty();
        };
        let (listed, title) = (key(listed), key(title));
        let known: HashSet<&str> = listed.split(' ').collect();
        let shared = title.split(' ').filter(|word| known.contains(word)).count();
        2 * shared >= title.split(' ').count()
    }

    /// Returns the title of question `number`, for a question that has none. Returns each title only once.
    pub(super) fn take_discussion(&mut self, number: u32) -> Option<String> {
        let title = self.discussions.get(number.checked_sub(1)? as usize)?.clone();
        self.used.insert(number).then_some(title)
    }

    pub(super) fn resources(&self) -> &[String] {
        &self.resources
    }

    /// Adds the titles that were not used to `dropped`. `used_resources` has the indexes of resource titles that were.
    pub(super) fn note_unused(&self, used_resources: &HashSet<usize>, dropped: &mut Vec<Dropped>) {
        let discussions = self
            .discussions
            .iter()
            .zip(1u32..)
            .filter(|(_, n)| !self.used.contains(n));
        let resources = self
            .resources
            .iter()
            .enumerate()
            .filter(|(at, _)| !used_resources.contains(at));
        for title in discussions.map(|(t, _)| t).chain(resources.map(|(_, t)| t)) {
            let count = words(title);
            if count > 0 {
                dropped.push(Dropped::new("table of contents", count, title));
            }
        }
    }
}

/// Returns a title without its page (`Lamps ........ 2`) and its length (`Lamps (2 min)`).
fn entry(title: &str) -> &str {
    let title = title.trim();
    let paged = title.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    if paged.len() < title.len() && paged.ends_with(['.', '…', '·', '_']) {
        return paged.trim_end_matches(['.', '…', '·', '_', ' ']);
    }
    let noted = title.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    match noted {
        Some((rest, note)) if note.len() <= 12 && note.contains(|c: char| c.is_ascii_digit()) => rest.trim_end(),
        _ => title,
    }
}

/// Turns numbered lines of the table of contents into headings where they appear again.
///
/// `1. CRANES` above its text is a heading, not a list item.
pub(super) fn numbered_headings(blocks: &mut Vec<Block>) {
    let label = blocks
        .iter()
        .position(|b| marks::label(&b.text) == Some(Label::Contents));
    let Some(from) = label.map(|label| label + 1).or_else(|| bare_list(blocks)) else {
        return;
    };
    let mut listed = HashSet::new();
    let mut met = false;
    let rest = blocks.split_off(from);
    for block in rest {
        let short = block.text.len() <= 1_000 && block.is_seen();
        let (first, below) = block.text.split_once('\n').unwrap_or((&block.text, ""));
        let title = unnumbered(first);
        let is_line = short && title.len() < first.trim().len() && !first.starts_with(['-', '•', '·']);
        if !is_line {
            met |= matches!(block.look, Look::Heading(_));
            blocks.push(block);
            continue;
        }
        let again = !listed.insert(key(entry(title)));
        if again && !matches!(block.look, Look::Heading(1..=6)) {
            let below = Block {
                link: block.link.clone(),
                ..Block::new(Look::Paragraph, below)
            };
            blocks.push(Block {
                look: Look::Heading(2),
                text: title.to_string(),
                rich: None,
                ..block
            });
            if !below.text.trim().is_empty() {
                blocks.push(below);
            }
            continue;
        }
        if !met && !again {
            // A paragraph with the lines `1. Cranes` and `2. Ropes` lists two titles.
            listed.extend(block.text.lines().map(|line| key(entry(unnumbered(line)))));
        }
        blocks.push(block);
    }
}

/// Finds a numbered list at the beginning that is a table of contents without a label, because below it, each of its
/// lines stands alone above a text.
fn bare_list(blocks: &[Block]) -> Option<usize> {
    let title = |block: &Block| {
        let (text, one) = (block.text.trim(), !block.text.contains('\n') && block.text.len() <= 200);
        let is_line = block.is_seen() && one && text.starts_with(|c: char| c.is_ascii_digit());
        let title = key(entry(unnumbered(text)));
        (is_line && unnumbered(text).len() < text.len() && !title.is_empty()).then_some(title)
    };
    let from = blocks
        .iter()
        .take(HEAD)
        .position(|b| b.text.starts_with("1.") && title(b).is_some())?;
    let list: Vec<String> = blocks[from..].iter().map_while(title).take(HEAD).collect();
    let mut below: HashSet<String> = HashSet::new();
    for pair in blocks[from + list.len()..].windows(2) {
        let over_text = pair[1].look == Look::Paragraph && pair[1].loose;
        below.extend(title(&pair[0]).filter(|_| pair[0].loose && over_text));
    }
    let again = list.iter().filter(|title| below.contains(*title)).count();
    // The last may head a list.
    (list.len() >= 2 && again >= 2 && again + 1 >= list.len()).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_found_whatever_their_punctuation() {
        let mut contents = Contents::default();
        contents.add("Who’s next – really?");
        contents.list_resources();
        contents.add("A book");
        assert_eq!(contents.discussion_number("Who's next: really"), Some(1));
        assert_eq!(contents.discussion_number("A book"), None);
        assert!(contents.agrees(1, "Who is next, really?"));
        assert!(!contents.agrees(1, "How much does it cost?"));
        assert!(!contents.agrees(2, "Anything"));
    }

    #[test]
    fn what_names_nothing_is_listed() {
        let mut contents = Contents::default();
        contents.add("One title");
        contents.add("Another");
        assert_eq!(contents.take_discussion(2).as_deref(), Some("Another"));
        let mut dropped = Vec::new();
        contents.note_unused(&HashSet::new(), &mut dropped);
        assert_eq!((dropped.len(), dropped[0].words), (1, 2));
    }
}
