//! Finds the questions of a letter whose answers have no letters, and the blocks below each.

use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::key;
use crate::corpus::import::marks::{self, Label};
use crate::corpus::import::turns::turn;
use crate::corpus::import::{closing, furniture, heads, names, resources};

/// A question and the blocks below it, up to the next question or heading of its level.
#[derive(Debug)]
pub(super) struct Region {
    /// Whether the title asks about people, so that what follows their names may be about them: `Who are we?`
    pub about: bool,
    /// Whether the title is marked as a question: `Q: …`.
    pub marked: bool,
    /// The visible blocks below, without labels, the line that names the asker, and what ends the letter.
    pub blocks: Vec<usize>,
    /// Whether a line says who asks.
    pub asker: bool,
    /// How many of `blocks` stand above that line, and so are the asker's words.
    pub asked: usize,
    /// Index into `blocks` after a label such as `Answers`, if there is one.
    pub label: Option<usize>,
}

/// Finds the questions of `blocks` with what stands below them.
pub(super) fn find(blocks: &[Block]) -> Vec<Region> {
    let mut found: Vec<Region> = Vec::new();
    let mut open: Option<(u8, Region)> = None;
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        if marks::label(&block.text) == Some(Label::Answers)
            && let Some((_, region)) = &mut open
        {
            region.label = Some(region.blocks.len());
            continue;
        }
        let level = level(block);
        let marked = turn::is_question(block) || marks::question_from(&block.text).is_some();
        let asks = || {
            names::bare(resources::unnumbered(&block.text))
                .trim_end_matches(':')
                .ends_with('?')
        };
        let above = open.as_ref().map(|(above, _)| *above);
        let opens = marked || level.is_some_and(|level| above.is_none_or(|above| level <= above)) && asks();
        // Without a level of its own, a question ends at a heading that could not name somebody.
        let over = level
            .zip(above)
            .is_some_and(|(level, above)| level <= above || above == 0 && level < 7 && !is_named(block));
        // Below a question in bold, a name in bold opens an answer.
        let text = resources::unnumbered(names::bare(&block.text));
        let person = level == Some(7) && names::trust(text) >= names::Trust::Shape;
        let over = over && !person || heads::is_head(block);
        if opens || over {
            found.extend(open.take().map(|(_, region)| region));
        }
        if opens {
            let region = Region {
                about: !marked && is_about(&block.text),
                marked,
                blocks: Vec::new(),
                asker: marks::question_from(&block.text).is_some(),
                asked: 0,
                label: None,
            };
            open = Some((level.unwrap_or(0), region));
            continue;
        }
        let Some((_, region)) = &mut open else { continue };
        match marks::label(&block.text) {
            Some(_) => found.extend(open.take().map(|(_, region)| region)),
            None if marks::asked_by(&block.text).is_some() => {
                (region.asker, region.asked) = (true, region.blocks.len());
            }
            None => region.blocks.push(at),
        }
    }
    found.extend(open.map(|(_, region)| region));
    for region in &mut found {
        let ends = |at: &usize| {
            let block = &blocks[*at];
            furniture::is_idle(block) || closing::farewell(&block.text) || heads::is_sponsor(block)
        };
        while region.blocks.last().is_some_and(ends) {
            region.blocks.pop();
        }
    }
    found
}

/// Reports whether a title asks about people.
pub(super) fn is_about(title: &str) -> bool {
    let k = key(title);
    let about = [
        "who are ",
        "who is who",
        "whos who",
        "who is speaking",
        "who speaks",
        "meet ",
    ];
    about.iter().any(|opening| k.starts_with(opening))
}

/// Reports whether a heading could name who answers.
fn is_named(block: &Block) -> bool {
    let text = names::bare(&block.text);
    names::trust(text.split(':').next().unwrap_or(text)) > names::Trust::Not
}

/// Returns the heading level of a block. A paragraph all in bold is level 7, the lowest.
pub(super) fn level(block: &Block) -> Option<u8> {
    let text = block.text.trim();
    let inner = text.strip_prefix("**").and_then(|t| t.strip_suffix("**"));
    match block.look {
        Look::Heading(level) => Some(level),
        Look::Paragraph if inner.is_some_and(|t| !t.is_empty() && !t.contains("**") && !t.contains('\n')) => Some(7),
        _ => None,
    }
}
