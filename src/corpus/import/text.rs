//! Plain text and Markdown → [`Block`]s.
//!
//! In: clean text. Out: a block for each paragraph, heading, list item and separator; lines that were wrapped at a
//! fixed width are joined again. It must not know what a question or an answer is, except that the lines which may
//! open or sign one begin a block of their own.

use super::block::{Block, Blocks, Look, address_in};
use super::marks;

/// A line at least this long (characters) that does not end a paragraph was probably wrapped there by a mail program.
const WRAPPED_FROM: usize = 50;
/// A line longer than this is a paragraph of its own: nobody wraps there.
const WRAPPED_TO: usize = 110;

/// Cuts clean `text` into at most `max` blocks.
pub(super) fn blocks(text: &str, max: usize) -> Result<Vec<Block>, String> {
    let mut reader = Reader {
        out: Blocks::new(max),
        open: None,
        last_line: 0,
        loose: true,
    };
    let mut fence: Option<char> = None;
    for line in text.split('\n') {
        if reader.out.is_full() {
            break;
        }
        let bare = line.trim();
        let marker = fence_char(bare);
        if let Some(open) = fence {
            reader.verbatim(line.trim_end());
            if marker == Some(open) {
                fence = None;
                reader.end();
            }
        } else if marker.is_some() {
            fence = marker;
            reader.start(Look::Paragraph, bare);
        } else {
            reader.line(bare);
        }
    }
    reader.end();
    reader.out.finish()
}

fn fence_char(line: &str) -> Option<char> {
    let first = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let run = line.chars().take_while(|&c| c == first).count();
    // Text after the run of a backtick fence may hold no further backtick, or it is a code span in a paragraph.
    (run >= 3 && (first == '~' || !line[run..].contains('`'))).then_some(first)
}

struct Reader {
    out: Blocks,
    open: Option<Block>,
    /// Length in characters of the line last added to the open block.
    last_line: usize,
    /// Whether a blank line or a separator came since the last block.
    loose: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.end();
            self.loose = true;
        } else if is_rule(line) {
            self.rule(line);
        } else if let Some((level, title)) = atx(line) {
            self.end();
            self.loose = true;
            self.start(Look::Heading(level), title);
            self.end();
            self.loose = true;
        } else if line.starts_with("- ") && marks::signature(line).is_some() {
            // A name after a hyphen is a signature or a list item: its place tells.
            self.start(Look::Paragraph, line);
        } else if let Some(item) = item(line) {
            self.start(Look::Item, &item);
        } else if marks::may_open(line) || self.open.is_none() || self.last_line > WRAPPED_TO {
            // Paragraphs that are a line each need no blank line between them.
            self.loose |= self.open.is_some() && self.last_line > WRAPPED_TO;
            self.start(Look::Paragraph, line);
        } else {
            let glue = if self.last_line >= WRAPPED_FROM { ' ' } else { '\n' };
            self.add(glue, line);
        }
    }

    /// A line of separators, or the underline that makes the line before it a heading.
    fn rule(&mut self, line: &str) {
        let underlines = |block: &&mut Block| {
            let width = block.text.chars().count();
            let even = line.chars().count().abs_diff(width) <= 3;
            let all = |c| line.chars().all(|l| l == c);
            block.look == Look::Paragraph
                && !block.text.contains('\n')
                && !marks::may_open(&block.text)
                && (all('=') || all('-') && even)
        };
        if let Some(block) = self.open.as_mut().filter(underlines) {
            block.look = Look::Heading(if line.starts_with('=') { 1 } else { 2 });
            self.end();
            self.loose = true;
            return;
        }
        self.start(Look::Rule, "");
        self.end();
        self.loose = true;
    }

    fn start(&mut self, look: Look, text: &str) {
        self.end();
        self.open = Some(Block {
            look,
            text: text.to_string(),
            loose: self.loose,
            link: None,
        });
        self.last_line = text.chars().count();
        self.loose = false;
    }

    fn add(&mut self, glue: char, line: &str) {
        if let Some(block) = &mut self.open {
            block.text.push(glue);
            block.text.push_str(line);
            self.last_line = line.chars().count();
        }
    }

    fn verbatim(&mut self, line: &str) {
        self.add('\n', line);
        self.last_line = 0;
    }

    fn end(&mut self) {
        if let Some(mut block) = self.open.take() {
            block.link = address_in(&block.text);
            self.out.push(block);
        }
    }
}

/// Three or more of the characters that people draw lines with, and nothing else.
fn is_rule(line: &str) -> bool {
    let drawn = |c: char| {
        matches!(
            c,
            '_' | '-' | '*' | '=' | '~' | '–' | '—' | '•' | '·' | '#' | '+' | '─' | '━'
        )
    };
    line.chars().all(|c| drawn(c) || c == ' ') && line.chars().filter(|&c| drawn(c)).count() >= 3
}

/// `## Title` → level and title.
fn atx(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|&b| b == b'#').count();
    let rest = line.get(level..)?.strip_prefix(' ')?;
    let title = rest.trim().trim_end_matches('#').trim_end();
    ((1..=6).contains(&level) && !title.is_empty()).then_some((level as u8, title))
}

/// A list item with its marker in Markdown's form.
fn item(line: &str) -> Option<String> {
    let first = line.chars().next()?;
    let rest = line[first.len_utf8()..].strip_prefix(' ');
    if let Some(rest) = rest.filter(|_| matches!(first, '-' | '*' | '+' | '•' | '·' | '‣' | '◦' | '▪' | '●'))
    {
        return Some(format!("- {}", rest.trim_start())).filter(|item| item.len() > 2);
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..)?;
    let numbered = (1..=3).contains(&digits) && (rest.starts_with(". ") || rest.starts_with(") "));
    numbered.then(|| line.to_string())
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
