//! Splits plain text and Markdown into [`Block`]s.
//!
//! Each paragraph, heading, list item and separator is a block. Lines that were wrapped at a fixed width are joined
//! again. A line that may open or sign a question or an answer begins a new block.

use super::block::{Block, Blocks, Document, Look, address_in};
use super::clean::{clean, head};
use super::{Limits, front, marks, markup, names, resources, talk, too_long, tracking};

/// Shortest line, in characters, that a mail program may have wrapped.
const WRAPPED_FROM: usize = 50;
/// Longest line that may be wrapped. A longer line is a paragraph.
const WRAPPED_TO: usize = 110;

/// Reads the text of a file called `name`, its front matter and its comments.
pub(super) fn document(text: &str, name: &str, limits: &Limits) -> Result<Document, String> {
    too_long(text.len(), limits)?;
    let text = clean(text);
    let front = front::read(&text).unwrap_or_else(|| front::Front {
        body: text,
        ..front::Front::default()
    });
    let (imports, body) = front.body.split_at(markup::imports(&front.body));
    let (body, comments) = markup::without(body);
    let unseen = |what: &'static str, text: &str| Block::new(Look::Unseen(what), text.to_string());
    let mut blocks = blocks(&body, limits.blocks)?;
    if !front.lines.is_empty() {
        blocks.insert(0, unseen("front matter", &front.lines));
    }
    if !imports.is_empty() {
        blocks.push(unseen("comment", imports.trim()));
    }
    let room = limits.blocks.saturating_sub(blocks.len());
    blocks.extend(comments.iter().take(room).map(|text| unseen("comment", text)));
    Ok(Document {
        title: front.title,
        date: front.date,
        source: front.author.map(|author| format!("Imported from {name}, by {author}")),
        blocks,
        ..Document::default()
    })
}

/// Returns the width at which the lines of `text` were wrapped.
///
/// Of the lines of 50 to 110 characters that another line follows, at least 95% fit into it. Returns `None` if most of
/// the text is in longer lines, so that every line break is the author's.
fn wrap_width(text: &str) -> Option<usize> {
    let (mut counts, mut short, mut long) = ([0usize; WRAPPED_TO + 1], 0, 0);
    let mut lines = text.split('\n').map(|line| line.trim().chars().count()).peekable();
    while let Some(size) = lines.next() {
        if size > WRAPPED_TO {
            long += size;
            continue;
        }
        short += size;
        if lines.peek().is_some_and(|&next| next > 0) {
            counts[size] += 1;
        }
    }
    let all: usize = counts[WRAPPED_FROM..].iter().sum();
    let mut seen = 0;
    let width = (WRAPPED_FROM..=WRAPPED_TO).find(|&size| {
        seen += counts[size];
        seen * 20 >= all * 19
    });
    width.filter(|_| all > 0 && long <= short)
}

/// Splits clean `text` into at most `max` blocks.
pub(super) fn blocks(text: &str, max: usize) -> Result<Vec<Block>, String> {
    let text = &*tracking::without(text);
    let mut reader = Reader {
        out: Blocks::new(max),
        width: wrap_width(text),
        open: None,
        last_line: 0,
        line_at: 0,
        loose: true,
        in_quote: false,
        ruled: None,
        below_rule: None,
        boxed: None,
    };
    let mut fence: Option<char> = None;
    let mut lines = text.split('\n').enumerate().peekable();
    let mut is_below_blank = true;
    let last_end = last_end_of_tildes(text);
    while let Some((number, line)) = lines.next() {
        if reader.out.is_full() {
            break;
        }
        let bare = line.trim();
        // Tildes with blank lines around them are a rule, unless tildes below text may end code that begins here.
        let is_apart = is_below_blank
            && lines.peek().is_none_or(|(_, next)| next.trim().is_empty())
            && last_end.is_none_or(|last| number > last);
        is_below_blank = bare.is_empty();
        let marker = fence_char(bare).filter(|&c| fence.is_some() || c == '`' || !is_apart || !is_rule(bare));
        if let Some(open) = fence {
            reader.verbatim(line.trim_end());
            if marker == Some(open) {
                fence = None;
                reader.end();
            }
        } else if marker.is_some() && !(marker == Some('~') && reader.underlines(bare)) {
            fence = marker;
            reader.start(Look::Paragraph, bare);
        } else {
            // Tildes below a line underline it and do not open code.
            reader.line(bare);
        }
    }
    reader.end();
    reader.out.finish()
}

/// Returns the number of the last line of tildes that is directly below text.
fn last_end_of_tildes(text: &str) -> Option<usize> {
    let lines = text.split('\n').zip(text.split('\n').skip(1)).enumerate();
    let ends = lines.filter(|(_, (above, line))| !above.trim().is_empty() && fence_char(line.trim()) == Some('~'));
    ends.map(|(number, _)| number + 1).last()
}

fn fence_char(line: &str) -> Option<char> {
    let first = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let run = line.chars().take_while(|&c| c == first).count();
    // A whole line of tildes is a rule, not a fence. A backtick after the opening backticks means a code span in a
    // paragraph.
    ((3..10).contains(&run) && (first == '~' || !line[run..].contains('`'))).then_some(first)
}

struct Reader {
    out: Blocks,
    /// See [`wrap_width`].
    width: Option<usize>,
    open: Option<Block>,
    /// Length in characters of the last line in the open block.
    last_line: usize,
    /// Offset of that line in the block's text.
    line_at: usize,
    /// Whether there was a blank line or a separator after the last block.
    loose: bool,
    /// Whether the line before this one is part of a quotation.
    in_quote: bool,
    /// The character of the rule directly above this line, and of the rule above the line above this one.
    ruled: Option<char>,
    below_rule: Option<char>,
    /// The character at the sides of the box that this line may be in.
    boxed: Option<char>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let in_quote = std::mem::take(&mut self.in_quote);
        let above = std::mem::take(&mut self.below_rule);
        let ruled = self.ruled.take();
        if self.in_box(line) {
            return;
        }
        self.boxed = None;
        if !line.is_empty() && !is_rule(line) {
            self.below_rule = ruled;
        }
        if line.is_empty() {
            self.end();
            self.loose = true;
        } else if self.open.as_ref().is_some_and(|open| open.text.contains('|')) && is_delimiter(line) {
            self.add('\n', line);
        } else if line == "--" {
            // It stands above the sender's signature (RFC 3676, 4.3).
            self.start(Look::Rule, "");
            self.end();
            self.loose = true;
        } else if is_rule(line) {
            self.rule(line, above);
        } else if let Some((level, title)) = atx(line) {
            self.end();
            self.loose = true;
            self.start(Look::Heading(level), title);
            self.end();
            self.loose = true;
        } else if let Some(title) = framed(line) {
            self.end();
            self.loose = true;
            self.start(Look::Heading(2), title);
            self.end();
            self.loose = true;
        } else if let Some(quoted) = line
            .strip_prefix('>')
            .filter(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '='))
        {
            self.quoted(quoted.trim_start_matches(['>', ' ']), !in_quote);
            self.in_quote = true;
        } else if line.starts_with("- ") && (marks::signature(line).is_some() || marks::signed_by_role(line).is_some())
        {
            // A name after a hyphen is a signature or a list item. Its place decides later.
            self.start(Look::Paragraph, line);
        } else if let Some(item) = item(line) {
            self.start(Look::Item, &item);
        } else if self.opens(line) || self.open.is_none() || self.last_line > WRAPPED_TO {
            // Paragraphs of one line each need no blank line between them.
            self.loose |= self.open.is_some() && self.last_line > WRAPPED_TO;
            self.start(Look::Paragraph, line);
        } else {
            let glue = if self.wrapped(line) { ' ' } else { '\n' };
            self.add(glue, line);
        }
    }

    /// Reports whether `line` must begin a block.
    ///
    /// It must if it may open or sign something, or if the block above is a quotation.
    fn opens(&self, line: &str) -> bool {
        marks::may_open(line)
            || talk::is_stamped(line)
            || self.open.as_ref().is_some_and(|open| open.text.starts_with("> "))
    }

    /// Reports whether the line break before `line` is a wrap, because its first word did not fit into the width. A row
    /// of a table begins a line.
    fn wrapped(&self, line: &str) -> bool {
        if line.starts_with('|') {
            return false;
        }
        let first = line.split(' ').next().map_or(0, |word| word.chars().count());
        let full = self.width.is_some_and(|width| self.last_line + 1 + first > width);
        self.last_line >= WRAPPED_FROM && full
    }

    /// Adds a line of a quotation. It keeps its mark, so that it is not taken for the author's text.
    ///
    /// `begins` says whether it is the first line.
    fn quoted(&mut self, line: &str, begins: bool) {
        if line.is_empty() {
            self.end();
            self.loose = true;
            return;
        }
        let signs = names::after_dash(line).is_some_and(|(name, _)| names::is_name(name) || names::is_byline(name));
        let goes_on = self.open.as_ref().is_some_and(|open| open.text.starts_with("> ")) && !signs;
        if goes_on && self.wrapped(line) {
            self.add(' ', line);
        } else if goes_on {
            self.add('\n', &format!("> {line}"));
        } else {
            self.start(Look::Paragraph, &format!("> {line}"));
            if let Some(block) = &mut self.open {
                block.quotes = begins;
            }
        }
    }

    /// Adds a line of the box that the letter begins with. The first is its name. Returns `false` if `line` is none.
    fn in_box(&mut self, line: &str) -> bool {
        let Some(side) = self.boxed.filter(|_| !is_rule(line)) else {
            return false;
        };
        let inner = line.strip_prefix(side).and_then(|rest| rest.strip_suffix(side));
        let Some(inner) = inner.filter(|inner| inner.starts_with([' ', '\t']) && inner.ends_with([' ', '\t'])) else {
            return false;
        };
        let look = if self.out.is_bare() && self.open.is_none() {
            Look::Heading(1)
        } else {
            Look::Paragraph
        };
        if !inner.trim().is_empty() {
            self.start(look, inner.trim());
            self.end();
        }
        true
    }

    /// Handles a line of separators, or the underline of a heading. `above` is the character of the rule above the last
    /// line.
    fn rule(&mut self, line: &str, above: Option<char>) {
        let drawn = line.chars().next();
        let between = drawn.filter(|_| above == drawn && line.chars().count() >= 5);
        if between.is_some() && self.is_ruled_heading() {
            if let Some(block) = &mut self.open {
                let title = resources::unnumbered(&block.text).to_string();
                (block.look, block.text) = (Look::Heading(2), title);
            }
            self.end();
            self.loose = true;
            return;
        }
        self.ruled = drawn;
        if self.out.is_bare() && self.open.is_none() {
            self.boxed = drawn.map(|c| if c == '+' { '|' } else { c });
        }
        if self.underlines(line) {
            if let Some(block) = &mut self.open {
                block.look = Look::Heading(if line.starts_with('=') { 1 } else { 2 });
            }
            self.end();
            self.loose = true;
            return;
        }
        self.start(Look::Rule, "");
        self.end();
        self.loose = true;
    }

    /// Reports whether the open block, a single line between two rules, is a heading.
    fn is_ruled_heading(&self) -> bool {
        let is_title = |block: &&Block| {
            let text = block.text.as_str();
            let numbered = block.look == Look::Item && text.starts_with(|c: char| c.is_ascii_digit());
            let ends = text.ends_with(['.', ',', ';', ':', '!']);
            (block.look == Look::Paragraph || numbered)
                && (2..=80).contains(&text.chars().count())
                && text.contains(char::is_alphabetic)
                && !ends
                && !text.contains(['\n', '@'])
                && !text.contains("://")
                && !marks::may_open(text)
        };
        self.open.as_ref().is_some_and(|block| is_title(&block))
    }

    /// Reports whether the drawn `line` underlines the line above it.
    ///
    /// If so, separates that line from the paragraph directly above it.
    fn underlines(&mut self, line: &str) -> bool {
        let Some(block) = &mut self.open else { return false };
        let drawn = line.chars().next().unwrap_or_default();
        let (above, last) = block.text.split_at_checked(self.line_at).unwrap_or(("", &block.text));
        let (above, last) = (above.trim_end().to_string(), last.to_string());
        let off = line.chars().count().abs_diff(last.chars().count());
        let numbered = block.look == Look::Item && last.starts_with(|c: char| c.is_ascii_digit());
        // A question's number may stand in a heading. Below a signature or a letter, the line is a rule.
        let opens =
            marks::may_open(&last) && !(off <= 1 && marks::question(&last).is_some_and(|q| !q.title.is_empty()));
        let one = line.chars().all(|c| c == drawn) && !opens;
        if above.is_empty() {
            // Plain text of Mailchimp marks headings twice.
            if let Some(title) = last.strip_prefix("** ").filter(|_| one) {
                block.text = title.to_string();
                block.look = Look::Paragraph;
                return true;
            }
            let even = matches!(drawn, '-' | '~' | '─' | '—' | '–') && off <= 3;
            return one && (block.look == Look::Paragraph || numbered && off <= 3) && (drawn == '=' || even);
        }
        // Below several lines, a line of the same length is an underline. Any other is a rule.
        let heads = off <= 1 && last.chars().count() <= 80 && !last.ends_with(['.', ',', ';', ':']);
        if !(one && heads && block.look == Look::Paragraph && matches!(drawn, '=' | '-' | '~' | '─')) {
            return false;
        }
        block.text = above;
        self.loose = true;
        self.start(Look::Paragraph, &last);
        true
    }

    fn start(&mut self, look: Look, text: &str) {
        self.end();
        self.open = Some(Block {
            loose: self.loose,
            ..Block::new(look, text)
        });
        self.last_line = text.chars().count();
        self.line_at = 0;
        self.loose = false;
    }

    fn add(&mut self, glue: char, line: &str) {
        if let Some(block) = &mut self.open {
            block.text.push(glue);
            self.line_at = block.text.len();
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

/// Reports whether a line has at least three characters of those used to draw lines, and nothing else.
fn is_rule(line: &str) -> bool {
    let drawn = |c: char| {
        matches!(
            c,
            '_' | '-' | '*' | '=' | '~' | '–' | '—' | '•' | '·' | '#' | '+' | '─' | '━'
        )
    };
    line.chars().all(|c| drawn(c) || c == ' ') && line.chars().filter(|&c| drawn(c)).count() >= 3
}

/// Reports whether a line is the delimiter below a table head: `--- | :---:`.
fn is_delimiter(line: &str) -> bool {
    line.contains('|') && line.contains('-') && line.chars().all(|c| matches!(c, '-' | ':' | '|' | ' '))
}

/// Returns the title in `=== Title ===`.
fn framed(line: &str) -> Option<&str> {
    let frame = line
        .chars()
        .next()
        .filter(|c| matches!(c, '=' | '-' | '*' | '~' | '_' | '#'))?;
    let inner = line.trim_start_matches(frame);
    let width = line.len() - inner.len();
    let title = inner.trim_end_matches(frame);
    let closed = inner.len() > title.len() && width >= 2 && inner.starts_with(' ') && title.ends_with(' ');
    let title = title.trim();
    // `** text **` is emphasis.
    let emphasis = matches!(frame, '*' | '_') && width < 3;
    (closed && !emphasis && title.contains(char::is_alphanumeric) && head(title, 101).chars().count() <= 100)
        .then_some(title)
}

/// Splits `## Title` into level and title.
fn atx(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|&b| b == b'#').count();
    let rest = line.get(level..)?.strip_prefix(' ')?;
    let title = rest.trim().trim_end_matches('#').trim_end();
    ((1..=6).contains(&level) && !title.is_empty()).then_some((level as u8, title))
}

/// Returns a list item with a Markdown marker.
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
