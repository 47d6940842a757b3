//! Defines the common form of everything that is imported: a [`Document`] of [`Block`]s.
//!
//! A block is one paragraph, heading, list item or separator. The reader of each file type produces blocks in reading
//! order, and `structure.rs` finds editions in them.

use super::clean::{clean, key, one_line};

pub(super) use super::address::{address_in, web_address};

/// What a block looks like. `structure.rs` decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Paragraph,
    /// Level 1 to 6 as in HTML. 7 is a short paragraph all in bold.
    Heading(u8),
    /// A list item. Its text begins with `- ` or `1. `.
    Item,
    /// A horizontal rule of any kind: `____`, `* * *`, `<hr>`.
    Rule,
    /// Text that readers do not see or that is not the author's. It is dropped and reported under this name.
    Unseen(&'static str),
}

/// A paragraph, heading, item or separator.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub look: Look,
    /// Clean text. Lines that are separate in the source stay separate.
    pub text: String,
    /// Whether the source separates it from the block before, for example with a blank line.
    pub loose: bool,
    /// The first web address it links to.
    pub link: Option<String>,
    /// The text with its links in Markdown, if it has any.
    pub rich: Option<String>,
    /// Whether a quotation begins with it.
    pub quotes: bool,
    /// Whether it says what a picture shows.
    pub caption: bool,
    /// Whether all its words are links, also those that lead to a hidden address.
    pub linked: bool,
}

impl Block {
    /// Creates a block without links that is separate from the one before.
    pub(super) fn new(look: Look, text: impl Into<String>) -> Self {
        Block {
            look,
            text: text.into(),
            loose: true,
            link: None,
            rich: None,
            quotes: false,
            caption: false,
            linked: false,
        }
    }

    /// Reports whether readers see its text.
    pub(super) fn is_seen(&self) -> bool {
        !matches!(self.look, Look::Rule | Look::Unseen(_))
    }

    /// Returns the text as an edition stores it.
    pub(super) fn body(&self) -> &str {
        self.rich.as_deref().unwrap_or(&self.text)
    }
}

/// A newsletter before its structure is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    /// The title from outside the text, such as a mail's subject or a feed entry's title. It becomes the edition's
    /// title.
    pub title: Option<String>,
    /// A title to fall back on: the `<title>` of a page.
    pub page_title: Option<String>,
    /// The date from outside the text, as `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Where it comes from, in a few words for a reader.
    pub source: Option<String>,
    pub blocks: Vec<Block>,
    /// Whether to keep text that looks like furniture.
    pub keep_all: bool,
}

impl Document {
    /// Reports whether the text is one line, and the title is the same or missing.
    pub(super) fn is_one_line(&self) -> bool {
        let mut seen = self.blocks.iter().filter(|b| b.is_seen());
        let only = seen.next().filter(|_| seen.next().is_none());
        let same = |text: &str| self.title.as_deref().is_none_or(|title| key(title) == key(text));
        only.is_some_and(|b| b.look == Look::Paragraph && !b.text.contains('\n') && same(&b.text))
    }

    /// Returns the title of the page if the text does not begin with it.
    pub(super) fn other_title(&self) -> Option<String> {
        let first = self.blocks.iter().find(|b| b.is_seen());
        let title = self.page_title.clone()?;
        first.is_none_or(|b| key(&b.text) != key(&title)).then_some(title)
    }
}

/// Collects blocks up to a limit, so that a file of only paragraph ends cannot exhaust the memory.
pub(super) struct Blocks {
    list: Vec<Block>,
    max: usize,
    full: bool,
}

impl Blocks {
    pub(super) fn new(max: usize) -> Self {
        Blocks {
            list: Vec::new(),
            max,
            full: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Reports whether there is nothing yet but a few rules.
    pub(super) fn is_bare(&self) -> bool {
        self.list.len() < 4 && self.list.iter().all(|block| block.look == Look::Rule)
    }

    /// Adds a block. Ignores a block without text unless it is a rule.
    pub(super) fn push(&mut self, block: Block) {
        if block.look != Look::Rule && block.text.trim().is_empty() {
            return;
        }
        if self.list.len() >= self.max {
            self.full = true;
        } else {
            self.list.push(block);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Returns the blocks, or an error if there were too many.
    pub(super) fn finish(self) -> Result<Vec<Block>, String> {
        if self.full {
            return Err(format!(
                "more than {} paragraphs are too many for one edition",
                self.max
            ));
        }
        Ok(self.list)
    }
}

/// Returns a title from outside the text, clean and on one line, or `None` if nothing is left.
pub(super) fn title(text: &str) -> Option<String> {
    let line = one_line(&clean(text));
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_blocks_are_refused() {
        let mut blocks = Blocks::new(1);
        for _ in 0..2 {
            blocks.push(Block::new(Look::Rule, ""));
        }
        assert!(blocks.finish().unwrap_err().contains("more than 1 paragraphs"));
    }
}
