//! The common form of everything that is imported: a [`Document`] of [`Block`]s, one for each paragraph, heading, list
//! item or separator, whatever the file was.
//!
//! In: what the readers of each kind of file find. Out: blocks in reading order for `structure.rs`. This module must
//! not know of editions.

use super::clean::{clean, one_line};

pub(super) use super::address::{address_in, web_address};

/// What a block looks like; what it means is for `structure.rs` to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Paragraph,
    /// 1 to 6 as in HTML; 7 is a short paragraph all in bold.
    Heading(u8),
    /// A list item; its text begins with `- ` or `1. `.
    Item,
    /// A line across, of any sort: `____`, `* * *`, `<hr>`.
    Rule,
    /// A reader does not see it, or it is no text of the author's: dropped, under this name.
    Unseen(&'static str),
}

/// A paragraph, heading, item or separator.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub look: Look,
    /// Clean text; lines that the source keeps apart are lines here.
    pub text: String,
    /// Whether the source sets it off from the block before, as a blank line does.
    pub loose: bool,
    /// The first web address it links to.
    pub link: Option<String>,
    /// The text with its links in Markdown, where it has any.
    pub rich: Option<String>,
}

impl Block {
    /// A block set off from the one before, without links.
    pub(super) fn new(look: Look, text: impl Into<String>) -> Self {
        Block {
            look,
            text: text.into(),
            loose: true,
            link: None,
            rich: None,
        }
    }

    /// Whether it holds text that somebody reads.
    pub(super) fn is_seen(&self) -> bool {
        !matches!(self.look, Look::Rule | Look::Unseen(_))
    }

    /// The text as an edition keeps it.
    pub(super) fn body(&self) -> &str {
        self.rich.as_deref().unwrap_or(&self.text)
    }
}

/// A newsletter before its structure is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    /// The title given outside of the text: a mail's subject, a feed entry's title. It is the edition's.
    pub title: Option<String>,
    /// A title to fall back on: `<title>` of a page.
    pub page_title: Option<String>,
    /// `YYYY-MM-DD`, from outside of the text.
    pub date: Option<String>,
    /// Where it is from, in a few words for a reader.
    pub source: Option<String>,
    pub blocks: Vec<Block>,
    /// Whether what looks like furniture is kept too.
    pub keep_all: bool,
}

/// Collects blocks up to a limit, so that a file of nothing but paragraph ends cannot fill the memory.
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

    /// Adds a block; one without any text is nothing, unless it is a rule.
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

    /// The blocks, or why there are too many.
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

/// A title from outside of the text, clean and on one line; `None` where nothing is left.
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
