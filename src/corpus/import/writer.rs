//! Turns the tree of a page into blocks, in one walk without recursion.
//!
//! Each visible paragraph, heading, list item, table and separator becomes a [`Block`], in page order. So does each
//! text that is left out. `survey.rs` says what is furniture, and `reader.rs` what is in the article. This module knows
//! nothing about newsletters.

mod inline;
mod markers;

use std::collections::{HashMap, HashSet};

use dom_query::{Document as Tree, NodeId, NodeRef};

use super::block::{Block, Blocks, Look};
use super::clean::{clean, one_line, words};
use super::links::{self, Links, Rich};
use super::lists::{Lists, bulleted};
use super::notes::Notes;
use super::survey::Survey;
use super::tables::{self, Rows};
use super::tags::{self, Step, Walk, is_block, is_heading};
use super::{Limits, marks};

/// Longest bold paragraph that counts as a heading, in characters.
const BOLD_HEADING: usize = 120;

/// Blocks, with facts about each.
#[derive(Default)]
pub(super) struct Written {
    pub blocks: Vec<Block>,
    /// Whether at least half of it is in the article.
    pub inside: Vec<bool>,
    /// Whether more than half of it is links.
    pub linked: Vec<bool>,
    /// Whether it is a level 1 heading.
    pub title: Vec<bool>,
}

/// Writes the blocks of `tree`. `article` has the text nodes of the article, if reader mode found one.
pub(super) fn write(
    tree: &Tree,
    survey: &Survey,
    article: Option<&HashSet<NodeId>>,
    limits: &Limits,
) -> Result<Written, String> {
    let mut writer = Writer {
        survey,
        article,
        out: Blocks::new(limits.blocks),
        marks: Written::default(),
        text: String::new(),
        look: Look::Paragraph,
        link: None,
        lists: Lists::default(),
        notes: Notes::default(),
        tables: None,
        preformatted: 0,
        quoted: 0,
        quotes: false,
        bold: 0,
        captions: 0,
        links: 0,
        hrefs: Links::default(),
        base: None,
        marked: HashMap::new(),
        noted: false,
        share: Share::default(),
        text_left: limits.text_bytes,
    };
    let mut walk = Walk::new(tree.root());
    let mut passed = None;
    while let Some(step) = walk.next() {
        match step {
            Step::Enter(node) => {
                if !writer.enter(node) {
                    walk.pass(node);
                    passed = Some(node.id);
                }
            }
            // A skipped node was not entered, so it is not left either.
            Step::Leave(node) if passed == Some(node.id) => passed = None,
            Step::Leave(node) => writer.leave(node),
        }
        if writer.out.is_full() || writer.text_left == 0 {
            break;
        }
    }
    writer.finish(limits)
}

/// Characters in the open block, and how many of them are of each kind.
#[derive(Default, Clone, Copy)]
struct Share {
    all: usize,
    bold: usize,
    linked: usize,
    inside: usize,
    /// Letters and digits, and those in links.
    letters: usize,
    linked_letters: usize,
}

struct Writer<'a> {
    survey: &'a Survey,
    article: Option<&'a HashSet<NodeId>>,
    out: Blocks,
    marks: Written,
    text: String,
    look: Look,
    link: Option<String>,
    lists: Lists,
    notes: Notes,
    /// The open table of data.
    tables: Option<(NodeId, Rows, Rows)>,
    preformatted: usize,
    quoted: usize,
    /// Whether a quotation has begun and has no block yet.
    quotes: bool,
    bold: usize,
    /// Open elements with a picture and what it shows.
    captions: usize,
    links: usize,
    hrefs: Links,
    /// The base address of links, if the page sets one.
    base: Option<String>,
    /// Marks of notes that come later on the page, by the target of the links to them.
    marked: HashMap<String, String>,
    /// Whether the open block is only such a mark, and its text follows.
    noted: bool,
    share: Share,
    text_left: usize,
}

impl Writer<'_> {
    /// Handles the beginning of a node. Returns `false` if its content must be skipped.
    fn enter(&mut self, node: NodeRef) -> bool {
        let Some(name) = tags::name_of(&node) else {
            tags::with_text(&node, |text| self.string(text, &node));
            return true;
        };
        let name = &*name;
        if !tags::is_void(name)
            && let Some(what) = self.survey.unseen(&node, name)
        {
            self.unseen(node, name, what);
            return false;
        }
        match name {
            "br" if self.tables.is_some() => self.text.push(' '),
            "br" => self.text.push('\n'),
            "hr" => {
                self.flush();
                self.push(Look::Rule, String::new());
            }
            "img" => self.image(&node),
            "base" => {
                self.base = self
                    .base
                    .take()
                    .or_else(|| node.attr("href").map(|href| href.to_string()))
            }
            "span" if tags::stands_apart(&node) && self.text.ends_with(char::is_alphanumeric) => self.text.push('\n'),
            "sup" => return self.raised(&node),
            "span" | "font" | "small" if tags::is_raised(&node) => return self.raised(&node),
            "a" => return self.anchor(&node),
            "b" | "strong" => self.bold += usize::from(!self.survey.is_reopened(&node, name)),
            "s" | "del" | "strike" if self.survey.count(&node).words > 0 => self.text.push_str("~~"),
            "q" => self.text.push('“'),
            "table" if self.tables.is_none() && tables::is_data(&node, self.survey) => {
                self.flush();
                self.tables = Some((node.id, Rows::default(), Rows::default()));
            }
            _ if self.tables.is_some() => self.enter_in_table(name),
            _ if is_heading(name) && self.captions == 0 => {
                self.flush();
                self.look = Look::Heading(name.as_bytes().get(1).map_or(6, |digit| digit - b'0'));
            }
            _ if is_block(name) => self.start_block(&node, name),
            _ => {}
        }
        true
    }

    fn enter_in_table(&mut self, name: &str) {
        match (name, &mut self.tables) {
            ("tr", Some((_, rows, rich))) => {
                rows.row();
                rich.row();
            }
            ("td" | "th", _) => self.text.clear(),
            _ if is_block(name) => self.text.push(' '),
            _ => {}
        }
    }

    fn start_block(&mut self, node: &NodeRef, name: &str) {
        match name {
            "ol" | "ul" | "menu" => {
                self.flush();
                self.lists.open(node, name);
            }
            // What a reader clicks to open the text below it heads that text.
            "summary" => {
                self.flush();
                self.look = Look::Heading(7);
            }
            "li" => {
                self.flush();
                self.lists.item(node);
                self.look = Look::Item;
            }
            // Mail and pages wrap the text of an item in a paragraph or a table.
            _ if self.noted || self.look == Look::Item && self.text.trim().is_empty() => {}
            _ => self.flush(),
        }
        self.noted = false;
        // A note without a printed mark gets the mark of the link to it.
        if tags::is_note(node)
            && name != "li"
            && let Some(mark) = node.attr("id").and_then(|id| self.marked.remove(&*id))
            && !tags::text_of(*node).trim_start().starts_with(&mark[2..mark.len() - 1])
        {
            self.string(&format!("{mark} "), node);
            self.noted = true;
        }
        self.preformatted += usize::from(name == "pre");
        self.captions += usize::from(name == "figure");
        if self.survey.is_quote(node, name) {
            self.quoted += 1;
            self.quotes = name != "figcaption";
        }
    }

    fn leave(&mut self, node: NodeRef) {
        let Some(name) = tags::name_of(&node) else { return };
        let name = &*name;
        if let Some((table, ..)) = &self.tables {
            if *table == node.id {
                self.end_table();
            } else if matches!(name, "td" | "th" | "caption") {
                self.end_cell(&node, name);
            }
        }
        match name {
            "a" => {
                self.links = self.links.saturating_sub(1);
                self.text.extend(self.hrefs.leave());
            }
            "b" | "strong" if self.survey.is_reopened(&node, name) => {}
            "b" | "strong" => self.bold = self.bold.saturating_sub(1),
            "s" | "del" | "strike" if self.survey.count(&node).words > 0 => self.text.push_str("~~"),
            "q" => self.text.push('”'),
            _ if self.tables.is_some() => {}
            "ol" | "ul" | "menu" => {
                self.flush();
                self.lists.close();
            }
            "pre" => {
                self.flush();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "details" => self.end_details(&node),
            _ if is_block(name) => {
                self.flush();
                self.quoted -= usize::from(self.quoted > 0 && self.survey.is_quote(&node, name));
                self.captions = self.captions.saturating_sub(usize::from(name == "figure"));
            }
            _ => {}
        }
    }

    fn string(&mut self, text: &str, node: &NodeRef) {
        self.text_left = self.text_left.saturating_sub(text.len());
        let shown = text.chars().filter(|c| !c.is_whitespace()).count();
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        self.share.all += shown;
        self.share.letters += letters;
        self.share.linked_letters += if self.links > 0 { letters } else { 0 };
        self.share.bold += if self.bold > 0 { shown } else { 0 };
        self.share.linked += if self.links > 0 { shown } else { 0 };
        self.share.inside += if self.article.is_some_and(|a| a.contains(&node.id)) {
            shown
        } else {
            0
        };
        if shown > 0 {
            self.text.extend(self.hrefs.before_text());
        }
        let text = if text.contains(links::is_place) {
            &*links::without(text)
        } else {
            text
        };
        if self.preformatted > 0 {
            self.text.push_str(text);
        } else {
            // A line break in the source is a space. Line breaks on the page come from `<br>`.
            self.text
                .extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
        }
    }

    /// Adds the text of a hidden or unneeded `node` as an unseen block.
    fn unseen(&mut self, node: NodeRef, name: &str, what: &'static str) {
        if is_block(name) {
            self.flush();
        }
        if what.is_empty() {
            return;
        }
        let text = tags::text_of(node);
        self.text_left = self.text_left.saturating_sub(text.len());
        let text = one_line(&clean(&text));
        if words(&text) > 0 {
            self.push(Look::Unseen(what), text);
        }
    }

    fn end_cell(&mut self, cell: &NodeRef, name: &str) {
        let (text, linked) = self.hrefs.read(&one_line(&clean(&std::mem::take(&mut self.text))));
        if name == "caption" {
            self.push(Look::Paragraph, text);
        } else if let Some((_, rows, rich)) = &mut self.tables {
            let (is_head, is_bold, span) = (name == "th", tables::is_bold(cell), tables::span(cell));
            rows.cell(&text, is_head, is_bold, span);
            rich.cell(linked.as_deref().unwrap_or(&text), is_head, is_bold, span);
        }
    }

    fn end_table(&mut self) {
        self.text.clear();
        if let Some((_, rows, rich)) = self.tables.take() {
            let (text, rich) = (rows.markdown(), rich.markdown());
            self.block(Block {
                rich: Some(rich).filter(|rich| *rich != text),
                ..Block::new(Look::Paragraph, text)
            });
        }
        self.share = Share::default();
        self.link = None;
    }

    /// Ends the open block. Two line breaks in a row also end a block.
    fn flush(&mut self) {
        if self.tables.is_some() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let share = self.share;
        let mut look = std::mem::replace(&mut self.look, Look::Paragraph);
        let cleaned = clean(&text);
        let link = self.link.take();
        let mut loose = true;
        let (mut paragraph, mut rich) = (String::new(), Rich::default());
        let paragraphs = cleaned.split('\n').map(one_line).chain([String::new()]);
        for line in paragraphs {
            let (line, linked) = self.hrefs.read(&line);
            // A line that may open or sign something is a separate block.
            let opens = self.quoted == 0 && (marks::may_open(&line) || bulleted(&line).is_some());
            if (line.is_empty() || opens) && !paragraph.is_empty() {
                let text = std::mem::take(&mut paragraph);
                self.add(look, text, std::mem::take(&mut rich).taken(), loose, link.clone());
                look = if look == Look::Item { Look::Paragraph } else { look };
                loose = line.is_empty();
            }
            if !line.is_empty() {
                if !paragraph.is_empty() {
                    paragraph.push('\n');
                }
                paragraph.push_str(&line);
                rich.line(&line, linked.as_deref());
            }
        }
        // Unseen text inside a paragraph is pushed before it and must not reset its counts.
        if share.all > 0 {
            self.share = Share::default();
        }
    }

    fn add(&mut self, look: Look, bare: String, rich: Option<String>, loose: bool, link: Option<String>) {
        let (mut look, mut text) = (look, bare.clone());
        let all_bold = self.share.bold == self.share.all && self.share.all > 0;
        let short = text.chars().count() <= BOLD_HEADING && !text.contains('\n');
        if look == Look::Item {
            text = self.lists.marked(&text);
        } else if let Some(item) = bulleted(&text).filter(|_| look == Look::Paragraph) {
            (look, text) = (Look::Item, format!("- {item}"));
        } else if look == Look::Paragraph && all_bold && short && marks::signature(&text).is_none() {
            look = Look::Heading(7);
        }
        let mut rich = rich.and_then(|rich| links::marked(&bare, &text, &rich));
        if self.quoted > 0 {
            look = Look::Paragraph;
            let quoted = |text: &str| {
                text.lines()
                    .map(|line| format!("> {line}"))
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            text = quoted(&text);
            rich = rich.map(|rich| quoted(&rich));
        }
        let quotes = self.quoted > 0 && std::mem::take(&mut self.quotes);
        self.block(Block {
            look,
            text,
            loose,
            link,
            rich,
            quotes,
            caption: self.captions > 0,
            linked: self.share.linked_letters == self.share.letters && self.share.letters > 0,
        });
    }

    fn push(&mut self, look: Look, text: String) {
        self.block(Block::new(look, text));
    }

    fn block(&mut self, block: Block) {
        let title = block.look == Look::Heading(1);
        let before = self.out.len();
        self.out.push(block);
        if self.out.len() > before {
            self.marks
                .inside
                .push(2 * self.share.inside >= self.share.all && self.share.inside > 0);
            self.marks.linked.push(2 * self.share.linked > self.share.all);
            self.marks.title.push(title);
        }
    }

    fn finish(mut self, limits: &Limits) -> Result<Written, String> {
        self.tables = None;
        self.flush();
        if self.text_left == 0 {
            return Err(format!(
                "more than {} bytes of text are too many for one edition",
                limits.text_bytes
            ));
        }
        let mut written = self.marks;
        written.blocks = self.out.finish()?;
        markers::join_markers(&mut written);
        Ok(written)
    }
}
