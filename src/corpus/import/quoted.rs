//! Finds answers that a letter sets as quotations: below a question each quotation ends in the name of its author.
//!
//! Only if nothing but quotations stands below the question and the asker's text, most with a name, are they answers. If the first of them
//! asks something it may be the asker's letter, and the question is left alone.

use super::block::{Block, Look};
use super::clean::words;
use super::turns::turn::{self, Said, Turn};
use super::{marks, names};

/// Fewest quotations of a letter that are answers.
const FEWEST: usize = 2;

/// Finds the quotations that are answers; says whether there are any.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let marked = |b: &Block| marks::answer(&b.text).is_some() || marks::answer_from(&b.text).is_some();
    if !blocks.iter().any(|b| is_quote(&b.text)) || blocks.iter().any(|b| b.is_seen() && marked(b)) {
        return false;
    }
    let mut found: Vec<Quotation> = Vec::new();
    let mut at = 0;
    while at < blocks.len() {
        let asks = is_title(&blocks[at]);
        at += 1;
        if !asks {
            continue;
        }
        while at < blocks.len()
            && blocks[at].look == Look::Paragraph
            && !is_quote(&blocks[at].text)
            && !is_title(&blocks[at])
        {
            at += 1;
        }
        let from = at;
        while at < blocks.len() && !matches!(blocks[at].look, Look::Rule | Look::Heading(_)) && !is_title(&blocks[at]) {
            at += 1;
        }
        found.extend(answers(blocks, from, at).unwrap_or_default());
    }
    if found.iter().filter(|quotation| quotation.name.is_some()).count() < FEWEST {
        return false;
    }
    for answer in found {
        let Some(&first) = answer.text.first() else { continue };
        let said: Vec<String> = answer.text.iter().map(|&at| unquoted(blocks[at].body())).collect();
        for &at in &answer.text[1..] {
            of[at] = Some(Turn::Label(words(&blocks[at].text)));
        }
        let by = answer.name.and_then(|name| author(&blocks[name].text));
        if let Some(name) = answer.name {
            of[name] = Some(Turn::Label(by.map_or(0, words)));
        }
        of[first] = Some(Turn::Answer(Said {
            by: by.map(str::to_string),
            text: said.join("\n\n"),
            why: "a quotation under the question, as the others with a name below them",
            ..Said::default()
        }));
    }
    true
}

/// A quotation: its blocks, and the block with the name of its author.
#[derive(Default)]
struct Quotation {
    text: Vec<usize>,
    name: Option<usize>,
}

/// Whether a block is a question with all of its words in the title.
fn is_title(block: &Block) -> bool {
    let heading = matches!(block.look, Look::Heading(2..)) || turn::is_question(block);
    block.is_seen() && heading && names::bare(&block.text).ends_with('?')
}

/// The quotations in the blocks `from..to`, if there is nothing else. One without a name is its own.
fn answers(blocks: &[Block], from: usize, to: usize) -> Option<Vec<Quotation>> {
    let mut found: Vec<Quotation> = Vec::new();
    let mut open = Quotation::default();
    for at in (from..to).filter(|&at| blocks[at].is_seen()) {
        let text = blocks[at].text.as_str();
        let named = !open.text.is_empty() && author(text).is_some();
        if !named && !is_quote(text) || found.is_empty() && text.contains('?') {
            return None;
        }
        if named {
            open.name = Some(at);
            found.push(std::mem::take(&mut open));
            continue;
        }
        if blocks[at].quotes && !open.text.is_empty() {
            found.push(std::mem::take(&mut open));
        }
        open.text.push(at);
    }
    if !open.text.is_empty() {
        found.push(open);
    }
    let signed = found.iter().filter(|quotation| quotation.name.is_some()).count();
    (2 * signed > found.len()).then_some(found)
}

fn is_quote(text: &str) -> bool {
    text.starts_with("> ")
}

/// Who is named below a quotation, after a dash or within it.
fn author(text: &str) -> Option<&str> {
    if let Some((name, _)) = names::after_dash(text) {
        return Some(name).filter(|name| names::is_byline(name) || names::is_name(name));
    }
    let bare = names::bare(text);
    (is_quote(text) && names::is_byline(bare)).then_some(bare)
}

fn unquoted(text: &str) -> String {
    text.strip_prefix("> ").unwrap_or(text).replace("\n> ", "\n")
}
