//! Joins the lines of a PDF to headings, paragraphs, items and tables.
//!
//! A PDF has lines only. A paragraph ends where the next line is further away, begins further to the right, has letters
//! of another size, or where the first word of the next line would have fitted.

use std::collections::HashSet;

use super::lines::Line;
use super::{notes, tables};
use crate::corpus::import::block::{Block, Blocks, Look, address_in};
use crate::corpus::import::clean::clean;
use crate::corpus::import::{dates, lists, marks, names};

/// How much larger than the text the letters of a heading are.
const LARGER: f64 = 1.12;
/// Longest heading, in characters.
const HEADING: usize = 200;
/// Longest paragraph in bold that counts as a heading, in characters.
const BOLD_HEADING: usize = 120;

/// What is typical for the file.
struct Usual {
    /// The size of most letters.
    size: f64,
    /// The distance of lines in a paragraph, in parts of the size.
    leading: f64,
    /// The sizes of headings, the largest first.
    sizes: Vec<i64>,
    /// Words with a hyphen within a line, and words without one.
    hyphened: HashSet<String>,
    whole: HashSet<String>,
}

/// Joins `lines`, which are in reading order.
pub(super) fn join(lines: Vec<Line>, most: usize) -> Result<Vec<Block>, String> {
    let usual = Usual::of(&lines);
    let lines = notes::behind(lines, usual.size);
    let mut joiner = Joiner {
        usual: &usual,
        out: Blocks::new(most),
        open: None,
    };
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rows = tables::rows(&lines[at..]);
        if !rows.is_empty() {
            joiner.end();
            joiner
                .out
                .push(Block::new(Look::Paragraph, clean(&tables::markdown(&rows))));
            at += rows.len();
            continue;
        }
        joiner.line(line, at.checked_sub(1).and_then(|before| lines.get(before)));
        at += 1;
    }
    joiner.end();
    joiner.out.finish()
}

impl Usual {
    fn of(lines: &[Line]) -> Usual {
        let mut sizes: Vec<(i64, usize)> = Vec::new();
        for line in lines {
            let size = rounded(line.size);
            match sizes.iter_mut().find(|(known, _)| *known == size) {
                Some((_, count)) => *count += line.text.len(),
                None => sizes.push((size, line.text.len())),
            }
        }
        let most = sizes
            .iter()
            .max_by_key(|(_, count)| *count)
            .map_or(20, |(size, _)| *size);
        let size = most as f64 / 2.0;
        let mut larger: Vec<i64> = sizes
            .iter()
            .map(|(s, _)| *s)
            .filter(|s| *s as f64 / 2.0 > LARGER * size)
            .collect();
        larger.sort_by_key(|size| std::cmp::Reverse(*size));
        let near = |pair: &[Line]| {
            let gap = (pair[1].y - pair[0].y) / size;
            let same = pair[0].column == pair[1].column && pair[0].page == pair[1].page;
            (same && rounded(pair[0].size) == most && rounded(pair[1].size) == most && (0.8..2.5).contains(&gap))
                .then_some(gap)
        };
        // Where no word fitted any more, the paragraph goes on. Most lines of a letter may be short paragraphs.
        let wraps = |pair: &&[Line]| !would_have_fitted(&pair[0], &pair[1]) && !ends_sentence(&pair[0].text);
        let mut gaps: Vec<f64> = lines.windows(2).filter(wraps).filter_map(near).collect();
        if gaps.is_empty() {
            gaps = lines.windows(2).filter_map(near).collect();
        }
        gaps.sort_by(f64::total_cmp);
        let (mut hyphened, mut whole) = (HashSet::new(), HashSet::new());
        for line in lines {
            for word in line.text.split_whitespace() {
                let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
                if word.contains('-') {
                    hyphened.insert(word);
                } else {
                    whole.insert(word);
                }
            }
        }
        Usual {
            size,
            leading: gaps.get(gaps.len() / 3).copied().unwrap_or(1.2),
            sizes: larger,
            hyphened,
            whole,
        }
    }
}

/// Returns a size in half points.
fn rounded(size: f64) -> i64 {
    (size * 2.0).round() as i64
}

/// The block that is being joined.
struct Open {
    text: String,
    look: Look,
    size: i64,
    bold: bool,
    /// Where its first line and its last line begin.
    first: f64,
    last: f64,
    link: Option<String>,
}

struct Joiner<'a> {
    usual: &'a Usual,
    out: Blocks,
    open: Option<Open>,
}

impl Joiner<'_> {
    fn line(&mut self, line: &Line, before: Option<&Line>) {
        let text = line.text.as_str();
        let (item, starts_item) = match lists::bulleted(text) {
            Some(rest) => (format!("- {rest}"), true),
            None if is_numbered(text) => (text.to_string(), true),
            // A hyphen may begin an item or a signature. Either is a block of its own.
            None => (text.to_string(), false),
        };
        let ends = self.open.as_ref().is_none_or(|open| {
            let is_note = text.starts_with("[^") && line.size < self.usual.size;
            let starts = starts_item || is_note || starts_with_dash(text);
            before.is_none_or(|before| starts || self.breaks(open, before, line))
        });
        if ends {
            self.end();
            self.open = Some(Open {
                text: item,
                look: if starts_item { Look::Item } else { Look::Paragraph },
                size: rounded(line.size),
                bold: line.bold,
                first: line.x,
                last: line.x,
                link: line.link.clone(),
            });
            return;
        }
        let usual = self.usual;
        let (Some(open), Some(before)) = (&mut self.open, before) else {
            return;
        };
        open.last = line.x;
        open.link = open.link.take().or_else(|| line.link.clone());
        let apart = open.look == Look::Paragraph
            && !is_larger(open.size, usual)
            && would_have_fitted(before, line)
            && before.column == line.column
            && before.page == line.page;
        add(&mut open.text, text, apart, usual);
    }

    /// Reports whether `line` begins another block than `before`, which is the last line of `open`.
    fn breaks(&self, open: &Open, before: &Line, line: &Line) -> bool {
        let size = line.size.max(before.size);
        if rounded(line.size) != rounded(before.size) && (line.size - before.size).abs() > 0.08 * size {
            return true;
        }
        let is_heading = is_larger(open.size, self.usual);
        if line.bold != before.bold && (before.bold && open.bold || line.bold) {
            return true;
        }
        if marks::question(&line.text).is_some_and(|q| q.sure) || marks::answer(&line.text).is_some() {
            return true;
        }
        if marks::asked_by(&line.text).is_some() && would_have_fitted(before, line) {
            return true;
        }
        let ended = ends_sentence(&before.text);
        if before.page != line.page || before.column != line.column {
            let goes_on = line.text.starts_with(char::is_lowercase) || !ended && !would_have_fitted(before, before);
            let signs = starts_with_dash(&open.text) && !line.text.starts_with(char::is_lowercase);
            return is_heading || !goes_on || signs;
        }
        let gap = (line.y - before.y) / self.usual.size;
        let most = if is_heading {
            1.6 * line.size / self.usual.size
        } else {
            1.25 * self.usual.leading
        };
        if gap > most || gap < 0.0 {
            return true;
        }
        let is_right = line.x > line.left + 2.0 * line.size && (line.end - before.end).abs() < 0.2 * line.size;
        if is_right && open.text == before.text && starts_with_dash(&open.text) {
            // A signature at the right edge wraps.
            return ended;
        }
        let indented = line.x > open.last + 0.8 * line.size && open.look == Look::Paragraph;
        let out = line.x < open.first - 0.8 * line.size && open.look == Look::Item;
        if indented && !is_heading || out {
            return true;
        }
        !is_heading
            && would_have_fitted(before, line)
            && (ended || open.text == before.text && is_own_line(before, line))
    }

    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        let text = clean(&open.text);
        let length = text.chars().count();
        let rank = self.usual.sizes.iter().position(|size| *size == open.size);
        let look = match (open.look, rank) {
            (Look::Paragraph | Look::Item, Some(rank)) if length <= HEADING && text.contains(char::is_alphabetic) => {
                Look::Heading((rank + 1).min(6) as u8)
            }
            (Look::Paragraph, None) if open.bold && length <= BOLD_HEADING && !text.contains('\n') => Look::Heading(7),
            (look, _) => look,
        };
        let text = if look == open.look {
            text
        } else {
            crate::corpus::import::clean::one_line(&text)
        };
        self.out.push(Block {
            link: open.link.or_else(|| address_in(&text)),
            ..Block::new(look, text)
        });
    }
}

/// Reports whether the line `before` is a paragraph of its own above `line`: a date, who asks, or who signs.
fn is_own_line(before: &Line, line: &Line) -> bool {
    let text = before.text.as_str();
    // A role may stand below a name.
    let signs = marks::signature(text).is_some() && !names::says_role(&line.text);
    signs || marks::asked_by(text).is_some() || dates::only_day(text).is_some()
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ':', '”', '"', '…', '。', '！', '？'])
}

fn is_larger(size: i64, usual: &Usual) -> bool {
    usual.sizes.contains(&size)
}

/// Reports whether the first word of `line` would have fitted at the end of the line before.
fn would_have_fitted(before: &Line, line: &Line) -> bool {
    let first = line.text.split_whitespace().next().unwrap_or_default().chars().count();
    let all = line.text.chars().count().max(1);
    let width = (line.end - line.x) * (first + 1) as f64 / all as f64;
    before.end + width + 0.5 * before.size < before.right
}

/// Adds a line to a text. Takes the hyphen out that a program put at the end of the line before.
fn add(text: &mut String, line: &str, apart: bool, usual: &Usual) {
    if apart {
        text.push('\n');
        text.push_str(line);
        return;
    }
    let hyphen = text.chars().next_back().filter(|c| matches!(c, '-' | '\u{ad}' | '‐'));
    let lower = line.starts_with(char::is_lowercase);
    if let Some(hyphen) = hyphen.filter(|_| lower) {
        let head = &text[..text.len() - hyphen.len_utf8()];
        let start = head
            .rfind(|c: char| !c.is_alphanumeric() && c != '-')
            .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
        let first = &head[start..];
        let second: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
        let (joined, kept) = (
            format!("{first}{second}").to_lowercase(),
            format!("{first}-{second}").to_lowercase(),
        );
        let letters = first.chars().all(char::is_alphabetic) && first.chars().count() > 1;
        const COMPOUND: [&str; 12] = [
            "self", "well", "non", "high", "low", "cross", "half", "ex", "long", "short", "one", "two",
        ];
        let compound = usual.hyphened.contains(&kept)
            || !usual.whole.contains(&joined) && COMPOUND.contains(&first.to_lowercase().as_str());
        if hyphen == '\u{ad}' || letters && !compound {
            text.truncate(text.len() - hyphen.len_utf8());
        }
        text.push_str(line);
        return;
    }
    let unspaced = |c: Option<char>| c.is_some_and(crate::corpus::script::is_cjk);
    if !(unspaced(text.chars().next_back()) && unspaced(line.chars().next())) {
        text.push(' ');
    }
    text.push_str(line);
}

fn starts_with_dash(text: &str) -> bool {
    ["- ", "– ", "— "].iter().any(|dash| text.starts_with(dash))
}

/// Reports whether a line begins with the number of an item: `3. ` or `3) `.
fn is_numbered(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..).unwrap_or_default();
    (1..=2).contains(&digits) && (rest.starts_with(". ") || rest.starts_with(") "))
}
