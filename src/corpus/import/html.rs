//! Reads web pages and HTML mail into a [`Document`].
//!
//! Real HTML has layout tables, hidden preheaders, tracking pixels and scripts. The result has the blocks that readers
//! see, in order. `dom.rs` builds the tree, `survey.rs` and `reader.rs` find furniture, `writer.rs` turns the rest into
//! blocks, and `facts.rs` finds title and date.

use std::collections::HashSet;

use dom_query::{Document as Tree, NodeId};

use super::Limits;
use super::block::{Block, Document, Look};
use super::clean::weight;
use super::facts::{self, Facts};
use super::survey::Survey;
use super::tags::{self, Step, Walk};
use super::writer::{Written, write};
use super::{dom, furniture, marks, reader};

/// Most nodes of a tree for each block that an edition may have.
const NODES_PER_BLOCK: usize = 6;

/// Most blocks between the title of an article and its text.
const HEAD_BLOCKS: usize = 12;

/// Fewest words in a paragraph that continues an article.
const PARAGRAPH_WORDS: usize = 15;

/// Fewest items in a list without links that continues an article.
const ITEMS: usize = 3;

/// Most consecutive blocks that are not paragraphs, when an article is extended beyond what reader mode found.
const GAP: usize = 3;

/// Reads a mail or an entry of a feed.
pub(super) fn document(html: &str, limits: &Limits) -> Result<Document, String> {
    read(html, limits, false)
}

/// Reads a saved web page with everything around its article.
pub(super) fn saved_page(html: &str, limits: &Limits) -> Result<Document, String> {
    read(html, limits, true)
}

fn read(html: &str, limits: &Limits, is_page: bool) -> Result<Document, String> {
    let most = limits.blocks.saturating_mul(NODES_PER_BLOCK);
    let tree = dom::parse(html, most)
        .ok_or_else(|| format!("more than {most} elements and texts are too many for one edition"))?;
    let is_page = is_page && !limits.keep_all;
    let survey = Survey::new(tree.root(), is_page);
    let titles = if is_page && is_web_page(&tree) {
        Some(reader::titles(&tree))
    } else {
        None
    };
    let article = titles
        .as_deref()
        .and_then(|titles| reader::article(&tree, &survey, titles));
    let mut written = write(&tree, &survey, article.as_ref(), limits)?;
    if let Some(titles) = titles.filter(|_| article.is_some()) {
        leave_out(&mut written, &titles);
    }
    let facts = Facts::of(&tree, |node| article.as_ref().is_none_or(|a| holds(a, &tree, node)));
    let mut document = Document {
        blocks: written.blocks,
        keep_all: limits.keep_all,
        ..Document::default()
    };
    facts::settle(&mut document, facts);
    Ok(document)
}

/// Reports whether a file is a page of a site. Mail has no scripts and no address.
fn is_web_page(tree: &Tree) -> bool {
    Walk::new(tree.root()).any(|step| {
        let Step::Enter(node) = step else { return false };
        let Some(name) = tags::name_of(&node) else { return false };
        match &*name {
            "article" | "main" | "nav" | "script" | "aside" => true,
            "link" => node
                .attr("rel")
                .is_some_and(|rel| matches!(&*rel, "canonical" | "stylesheet" | "amphtml")),
            "meta" => node.attr("property").is_some_and(|p| p.starts_with("og:")),
            _ => false,
        }
    })
}

fn holds(article: &HashSet<NodeId>, tree: &Tree, node: NodeId) -> bool {
    let node = dom_query::NodeRef::new(node, &tree.tree);
    Walk::new(node).any(|step| matches!(step, Step::Enter(at) if article.contains(&at.id)))
}

/// Marks blocks outside the article that reader mode found as unseen.
///
/// Between its first and its last paragraph, everything that looks like text stays. Reader mode also removes lists and
/// quotations.
fn leave_out(written: &mut Written, titles: &str) {
    let (blocks, inside) = (&written.blocks, &written.inside);
    let all: usize = blocks.iter().filter(|b| b.is_seen()).map(|b| weight(&b.text)).sum();
    let chosen = blocks.iter().zip(inside).filter(|(b, inside)| b.is_seen() && **inside);
    let kept: usize = chosen.map(|(b, _)| weight(&b.text)).sum();
    // A discussion is never furniture, whatever reader mode decides.
    let is_mark = |b: &Block| {
        b.is_seen()
            && (marks::question(&b.text).is_some_and(|q| q.sure) || marks::answer(&b.text).is_some_and(|a| a.strong))
    };
    let bound = |at: &usize| inside[*at] && blocks[*at].is_seen() || is_mark(&blocks[*at]);
    let first = (0..blocks.len()).find(bound);
    let last = (0..blocks.len()).rev().find(bound);
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    // Text between the title and the article, such as a subtitle or an introduction, belongs to the article.
    let first = (first.saturating_sub(HEAD_BLOCKS)..first)
        .rev()
        .find(|at| written.title[*at] && blocks[*at].is_seen())
        .unwrap_or(first);
    let (first, last) = (grow(written, first, true), grow(written, last, false));
    // If reader mode keeps almost nothing, it has not found the article.
    if kept < 30 && kept * 4 < all {
        return;
    }
    // The title of a box outside of the article is often one of the first level too.
    let titled = (first..=last).any(|at| written.title[at] && written.blocks[at].is_seen());
    for (at, block) in written.blocks.iter_mut().enumerate() {
        let title = written.title[at] && (at < first && !titled || reader::is_title(&block.text, titles));
        let note = block.text.starts_with("[^");
        let text_within = (first..=last).contains(&at) && !written.linked[at] || note;
        if !block.is_seen() || written.inside[at] || title || text_within {
            continue;
        }
        // Only a paragraph may matter to a reader. Menus and the like are lines and links.
        let paragraph = !written.linked[at] && weight(&block.text) >= PARAGRAPH_WORDS;
        block.look = Look::Unseen(if paragraph {
            "outside of the article"
        } else {
            "line outside of the article"
        });
    }
    leave_out_headings(&mut written.blocks, titles);
}

/// Marks a heading as unseen if all that it heads is left out: a list of other articles, or a call to share.
fn leave_out_headings(blocks: &mut [Block], titles: &str) {
    // The level of the next heading, and whether something that a box may have is between.
    let mut next = (0, false);
    for block in blocks.iter_mut().rev() {
        match block.look {
            Look::Rule | Look::Unseen("description of a picture" | "hidden text" | "credit of a picture") => {}
            Look::Unseen(_) => next.1 = true,
            // `furniture.rs` knows what the heading of a call to subscribe says.
            Look::Heading(level @ 2..=6)
                if next.1
                    && next.0 <= level
                    && furniture::furniture(&block.text).is_none()
                    && !reader::is_title(&block.text, titles) =>
            {
                block.look = Look::Unseen("line outside of the article");
                next.1 = false;
            }
            Look::Heading(level) => next = (level, false),
            _ => next = (7, false),
        }
    }
}

/// Extends the article from its end at block `from`, as long as paragraphs follow.
///
/// Reader mode takes one element as the article, but some pages have it in several. Returns the new end.
fn grow(written: &Written, from: usize, backwards: bool) -> usize {
    let (mut end, mut gap, mut items, mut at) = (from, 0, 0, from);
    loop {
        let next = if backwards { at.checked_sub(1) } else { Some(at + 1) };
        let Some(block) = next.and_then(|next| written.blocks.get(next)) else {
            return end;
        };
        at = next.unwrap_or(at);
        match block.look {
            Look::Rule => continue,
            // Most text beyond the comments is not the author's.
            Look::Unseen("comments of readers" | "other articles" | "footer of the page") => return end,
            Look::Unseen(_) => continue,
            _ => {}
        }
        let sentence = block
            .text
            .trim_end()
            .ends_with(['.', '!', '?', '…', '”', '"', ':', '»', '。', '）', ')']);
        let listed = !written.linked[at] && block.look == Look::Item && weight(&block.text) > 1;
        items = if listed { items + 1 } else { 0 };
        if listed {
            if items >= ITEMS {
                (end, gap) = (at, 0);
            }
            continue;
        }
        let prose =
            !written.linked[at] && (weight(&block.text) >= PARAGRAPH_WORDS && sentence || block.text.starts_with("| "));
        if prose {
            (end, gap) = (at, 0);
        } else {
            gap += 1 + usize::from(written.linked[at]);
        }
        if gap > GAP {
            return end;
        }
    }
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
