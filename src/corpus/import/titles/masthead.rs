//! Splits the lines at the beginning of a newsletter: its name, its number, its day.

use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, one_line, words};
use crate::corpus::import::{dates, names};

/// Most words in a masthead line.
pub(in crate::corpus::import) const MASTHEAD_WORDS: usize = 16;

/// Splits the masthead at the beginning into lines: the newsletter's name, its number, its day.
pub(in crate::corpus::import) fn split_masthead(mut blocks: Vec<Block>) -> Vec<Block> {
    let Some(at) = blocks.iter().position(Block::is_seen) else {
        return blocks;
    };
    let lines: Vec<&str> = blocks[at].text.lines().take(8).collect();
    let short = lines
        .iter()
        .all(|line| line.chars().count() <= 120 && words(line) <= MASTHEAD_WORDS);
    let dated = lines
        .iter()
        .skip(1)
        .any(|line| dates::day_in(line).is_some() || issue(line).is_some());
    let plain = matches!(blocks[at].look, Look::Paragraph | Look::Heading(_));
    if !plain || !(2..=6).contains(&lines.len()) || !short || !dated {
        return blocks;
    }
    let look = blocks[at].look;
    let parts: Vec<Block> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| Block {
            loose: n == 0,
            ..Block::new(if n == 0 { look } else { Look::Paragraph }, *line)
        })
        .collect();
    blocks.splice(at..=at, parts);
    blocks
}

/// Returns the number of an edition, such as `Issue 12`, `No. 31` or `#8`, if the line has nothing else but a day.
pub(in crate::corpus::import) fn issue(line: &str) -> Option<String> {
    let rest = dates::without_days(names::bare(line));
    let rest = dates::without_weekday(&rest);
    let k = key(rest);
    let mut parts = k.split(' ');
    let (first, second) = (parts.next()?, parts.next());
    let number = |w: &str| !w.is_empty() && w.len() <= 5 && w.bytes().all(|b| b.is_ascii_digit());
    let named = [
        "issue", "no", "nr", "number", "edition", "letter", "volume", "vol", "episode",
    ]
    .contains(&first);
    let alone = parts.next().is_none();
    let is_issue = named && second.is_some_and(number) || rest.starts_with('#') && number(first) && second.is_none();
    (is_issue && alone).then(|| one_line(rest))
}
