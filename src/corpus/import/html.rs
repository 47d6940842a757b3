//! Pages and HTML mail → [`Document`].
//!
//! In: HTML as it comes, with layout tables, hidden preheaders, tracking pixels, scripts. Out: the blocks that a reader
//! sees, in order. The page is read as a stream of tags (WHATWG tokenization by html5gum) and never made a tree, so
//! depth costs nothing and memory is bounded by the text. It must not know of newsletters.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use super::Limits;
use super::block::{Block, Blocks, Document, Look, title, web_address};
use super::clean::{clean, one_line, words};
use super::marks;
use super::tags::{attribute, day, is_block, is_hidden, is_void, name_of, unread};

/// Deepest list whose numbering is kept; deeper items are plain bullets.
const MAX_LISTS: usize = 64;
/// Longest paragraph that, all in bold, is taken for a heading (characters).
const BOLD_HEADING: usize = 120;

/// Reads a page.
pub(super) fn document(html: &str, limits: &Limits) -> Result<Document, String> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut reader = Reader::new(limits);
    // Reading from memory cannot fail.
    for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
        reader.token(token);
        if reader.is_full() {
            break;
        }
    }
    reader.finish()
}

/// Text that is skipped up to the end tag of the element that it is in.
struct Skip {
    element: String,
    depth: usize,
    what: &'static str,
    text: String,
}

struct Reader {
    out: Blocks,
    document: Document,
    text: String,
    look: Look,
    link: Option<String>,
    skip: Option<Skip>,
    in_title: bool,
    page_title: String,
    /// For each open list the number of its next item; `None` for bullets.
    lists: Vec<Option<u32>>,
    preformatted: usize,
    bold: usize,
    /// Characters of the open block that are bold, and all of them.
    bold_chars: usize,
    all_chars: usize,
    text_left: usize,
    text_limit: usize,
}

impl Reader {
    fn new(limits: &Limits) -> Self {
        Reader {
            out: Blocks::new(limits.blocks),
            document: Document::default(),
            text: String::new(),
            look: Look::Paragraph,
            link: None,
            skip: None,
            in_title: false,
            page_title: String::new(),
            lists: Vec::new(),
            preformatted: 0,
            bold: 0,
            bold_chars: 0,
            all_chars: 0,
            text_left: limits.text_bytes,
            text_limit: limits.text_bytes,
        }
    }

    fn is_full(&self) -> bool {
        self.out.is_full() || self.text_left == 0
    }

    fn token(&mut self, token: Token) {
        match token {
            Token::StartTag(tag) => self.start(&tag),
            Token::EndTag(tag) => self.end(&name_of(&tag.name)),
            Token::String(text) => self.string(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }

    fn string(&mut self, text: &str) {
        if self.in_title {
            if self.page_title.len() < 2_000 {
                self.page_title.push_str(text);
            }
            return;
        }
        self.text_left = self.text_left.saturating_sub(text.len());
        if let Some(skip) = &mut self.skip {
            skip.text.push_str(text);
            return;
        }
        let shown = text.chars().filter(|c| !c.is_whitespace()).count();
        self.all_chars += shown;
        if self.bold > 0 {
            self.bold_chars += shown;
        }
        if self.preformatted > 0 {
            self.text.push_str(text);
        } else {
            // A line end in the source is a space; lines of the page come from `<br>`.
            self.text
                .extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
        }
    }

    fn start(&mut self, tag: &StartTag<()>) {
        let name = name_of(&tag.name);
        if self.skip.is_some() {
            return self.start_in_skip(&name);
        }
        let unread = unread(&name);
        if let Some(what) = unread
            .or_else(|| is_hidden(tag).then_some("hidden text"))
            .filter(|_| !is_void(&name))
        {
            // `<svg/>` has no content; for elements of HTML the slash means nothing.
            if !(tag.self_closing && matches!(name.as_str(), "svg" | "math")) {
                self.begin_skip(name, what);
            }
            return;
        }
        match name.as_str() {
            "title" => self.in_title = true,
            "meta" => self.meta(tag),
            "time" if self.document.date.is_none() => {
                self.document.date = attribute(tag, "datetime").and_then(|value| day(&value));
            }
            "br" => self.text.push('\n'),
            "hr" => {
                self.flush();
                self.push(Look::Rule, String::new());
            }
            "img" => self.image(tag),
            "a" => {
                let link = attribute(tag, "href").and_then(|href| web_address(&href));
                self.link = self.link.take().or(link);
            }
            "b" | "strong" => self.bold += 1,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                self.look = Look::Heading(name.as_bytes().get(1).map_or(6, |digit| digit - b'0'));
            }
            name if is_block(name) => self.start_block(name),
            _ => {}
        }
    }

    fn start_block(&mut self, name: &str) {
        match name {
            "ol" | "ul" | "menu" => {
                self.flush();
                if self.lists.len() < MAX_LISTS {
                    self.lists.push((name == "ol").then_some(1));
                }
            }
            "li" => {
                self.flush();
                self.look = Look::Item;
            }
            // Mail and pages wrap an item's text in a paragraph, or in a table.
            _ if self.look == Look::Item && self.text.trim().is_empty() => {}
            _ => self.flush(),
        }
        self.preformatted += usize::from(name == "pre");
    }

    fn end(&mut self, name: &str) {
        if let Some(skip) = &mut self.skip {
            if skip.element == name {
                skip.depth -= 1;
                if skip.depth == 0 {
                    self.end_skip();
                }
            }
            return;
        }
        match name {
            "title" => self.in_title = false,
            "b" | "strong" => self.bold = self.bold.saturating_sub(1),
            "ol" | "ul" | "menu" => {
                self.flush();
                self.lists.pop();
            }
            "pre" => {
                self.flush();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.flush(),
            name if is_block(name) => self.flush(),
            _ => {}
        }
    }

    fn begin_skip(&mut self, element: String, what: &'static str) {
        if is_block(&element) {
            self.flush();
        }
        self.skip = Some(Skip {
            element,
            depth: 1,
            what,
            text: String::new(),
        });
    }

    fn start_in_skip(&mut self, name: &str) {
        let Some(skip) = &mut self.skip else { return };
        // A paragraph is ended by the next block, a table cell by the next cell (HTML, optional tags).
        let cell = |n: &str| matches!(n, "td" | "th" | "tr");
        let ends =
            skip.element == "p" && is_block(name) || cell(&skip.element) && skip.depth == 1 && name == skip.element;
        if ends && skip.element == "p" {
            self.end_skip();
            self.start_block(name);
        } else if skip.element == name {
            skip.depth += 1;
        }
    }

    fn end_skip(&mut self) {
        if let Some(skip) = self.skip.take() {
            let text = one_line(&clean(&skip.text));
            if !skip.what.is_empty() && words(&text) > 0 {
                let (look, open) = (self.look, std::mem::take(&mut self.text));
                self.push(Look::Unseen(skip.what), text);
                self.look = look;
                self.text = open;
            }
        }
    }

    /// A picture's description is no text of the newsletter; that of a picture that is seen is listed.
    fn image(&mut self, tag: &StartTag<()>) {
        let tiny = ["width", "height"]
            .iter()
            .any(|side| attribute(tag, side).is_some_and(|v| matches!(v.trim().trim_end_matches("px"), "0" | "1")));
        let alt = attribute(tag, "alt")
            .map(|alt| one_line(&clean(&alt)))
            .unwrap_or_default();
        if !tiny && words(&alt) > 0 {
            self.push(Look::Unseen("description of a picture"), alt);
        }
    }

    fn meta(&mut self, tag: &StartTag<()>) {
        let key = attribute(tag, "property")
            .or_else(|| attribute(tag, "name"))
            .unwrap_or_default();
        let content = attribute(tag, "content").unwrap_or_default();
        match key.to_ascii_lowercase().as_str() {
            "article:published_time" | "date" | "dc.date" => self.document.date = day(&content),
            "og:title" => self.document.page_title = title(&content),
            _ => {}
        }
    }

    /// Ends the open block. Two line breaks in a row end one too.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let all_bold = self.bold_chars == self.all_chars && self.all_chars > 0;
        (self.bold_chars, self.all_chars) = (0, 0);
        let mut look = std::mem::replace(&mut self.look, Look::Paragraph);
        let cleaned = clean(&text);
        let link = self.link.take();
        let mut loose = true;
        let mut paragraph = String::new();
        let paragraphs = cleaned.split('\n').map(one_line).chain([String::new()]);
        for line in paragraphs {
            // A line that may open or sign something is a block of its own.
            if (line.is_empty() || marks::may_open(&line)) && !paragraph.is_empty() {
                let text = self.item_text(look, std::mem::take(&mut paragraph));
                let bold =
                    look == Look::Paragraph && all_bold && text.chars().count() <= BOLD_HEADING && !text.contains('\n');
                let bold = bold && marks::signature(&text).is_none();
                self.out.push(Block {
                    look: if bold { Look::Heading(7) } else { look },
                    text,
                    loose,
                    link: link.clone(),
                });
                look = if look == Look::Item { Look::Paragraph } else { look };
                loose = line.is_empty();
            }
            if !line.is_empty() {
                if !paragraph.is_empty() {
                    paragraph.push('\n');
                }
                paragraph.push_str(&line);
            }
        }
    }

    fn item_text(&mut self, look: Look, text: String) -> String {
        if look != Look::Item {
            return text;
        }
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{}. {text}", number.saturating_sub(1))
            }
            _ => format!("- {text}"),
        }
    }

    fn push(&mut self, look: Look, text: String) {
        self.out.push(Block {
            look,
            text,
            loose: true,
            link: None,
        });
    }

    fn finish(mut self) -> Result<Document, String> {
        self.end_skip();
        self.flush();
        if self.text_left == 0 {
            return Err(format!(
                "more than {} bytes of text are too many for one edition",
                self.text_limit
            ));
        }
        let mut document = self.document;
        document.page_title = document.page_title.or_else(|| title(&self.page_title));
        document.blocks = self.out.finish()?;
        Ok(document)
    }
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
