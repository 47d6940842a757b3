//! Finds the openings of questions and answers that only the layout of the whole letter shows.
//!
//! `A. Ana Lima, PM` names a contributor in one letter and begins an answer's text in another. Comparing all such lines
//! shows which it is. Marks with a fixed meaning (`Question 1)`, `A]`, `– Name`) are left to `discussion.rs`. Each pass
//! reads every block a bounded number of times.

mod bylines;
pub(super) mod turn;

use self::turn::{Turn, is_question, next_seen};
use super::block::{Block, Look};
use super::marks::{self, Label};
use super::{answers, asides, furniture, heads, names, questions, quoted, talk, threads};

/// The turns of a letter.
#[derive(Debug, Default)]
pub(super) struct Turns {
    of: Vec<Option<Turn>>,
    /// For each block, whether another answer or a signature comes at or after it, before the next question.
    ahead: Vec<bool>,
    /// The same without signatures: whether another answer comes.
    more: Vec<bool>,
    /// For each block, whether only furniture follows, starting with the block itself.
    tail: Vec<bool>,
}

impl Turns {
    pub(super) fn at(&self, at: usize) -> Option<&Turn> {
        self.of.get(at).and_then(Option::as_ref)
    }

    /// Reports whether there is a question.
    pub(super) fn asks(&self) -> bool {
        self.of.iter().any(|turn| matches!(turn, Some(Turn::Question(_))))
    }

    /// Reports whether there is an answer.
    pub(super) fn opens_answers(&self) -> bool {
        self.of.iter().any(|turn| matches!(turn, Some(Turn::Answer(_))))
    }

    pub(super) fn take(&mut self, at: usize) -> Option<Turn> {
        self.of.get_mut(at).and_then(Option::take)
    }

    pub(super) fn goes_on(&self, at: usize) -> bool {
        self.ahead.get(at).copied().unwrap_or(false)
    }

    /// Reports whether another answer of this discussion opens at or after block `at`.
    pub(super) fn another_opens(&self, at: usize) -> bool {
        self.more.get(at).copied().unwrap_or(false)
    }

    pub(super) fn is_tail(&self, at: usize) -> bool {
        self.tail.get(at).copied().unwrap_or(false)
    }
}

/// Splits blocks at lines that open or sign something.
///
/// A web page has line breaks where plain text has paragraphs.
pub(super) fn split(blocks: Vec<Block>) -> Vec<Block> {
    let answers = blocks.iter().any(|b| b.is_seen() && marks::answer(&b.text).is_some());
    let mut out = Vec::with_capacity(blocks.len());
    for mut block in blocks {
        let beside = signed_beside(&block).filter(|_| answers);
        if let Some(at) = beside {
            let signature = block.text.split_off(at);
            block.rich = None;
            let inner = signature.trim().strip_prefix('(').and_then(|s| s.strip_suffix(')'));
            let text = inner.map_or_else(|| signature.trim().to_string(), |name| format!("– {name}"));
            let signature = Block {
                loose: false,
                ..Block::new(Look::Paragraph, text)
            };
            block.text.truncate(block.text.trim_end().len());
            out.push(block);
            out.push(signature);
            continue;
        }
        // `[Answers]` may stand directly above the first of them.
        let announced = block
            .text
            .split_once('\n')
            .filter(|(line, _)| marks::label(line) == Some(Label::Answers));
        if let Some((line, rest)) = announced.filter(|_| block.look == Look::Paragraph) {
            let (line, rest) = (line.to_string(), rest.to_string());
            out.push(Block::new(block.look, line));
            block.text = rest;
            block.rich = None;
        }
        let plain = matches!(block.look, Look::Paragraph | Look::Heading(_)) && !block.text.starts_with("```");
        let opens = |line: &str| marks::may_open(line) && !line.starts_with("- ") || talk::is_stamped(line);
        // A hyphen also opens list items. It is a signature only on the last line, below text.
        let mut last = block.text.lines().rev();
        let (signature, above) = (last.next().unwrap_or_default(), last.next().unwrap_or_default());
        let hyphen = signature.starts_with("- ") && !above.starts_with("- ") && !above.ends_with(':');
        let signs = hyphen && names::after_dash(signature).is_some_and(|(name, _)| names::is_byline(name));
        let opens = |line: &str| opens(line) || signs && line == signature;
        if !plain || !block.text.lines().skip(1).any(opens) {
            out.push(block);
            continue;
        }
        let mut open = Block {
            text: String::new(),
            rich: None,
            ..block.clone()
        };
        for line in block.text.lines() {
            if !open.text.is_empty() && opens(line) {
                let next = Block::new(Look::Paragraph, "");
                out.push(std::mem::replace(&mut open, next));
            } else if !open.text.is_empty() {
                open.text.push('\n');
            }
            open.text.push_str(line);
        }
        out.push(open);
    }
    out
}

/// Returns where the signature at the end of a paragraph begins: `… nobody else. – Ana Lima`.
fn signed_beside(block: &Block) -> Option<usize> {
    let text = block.text.as_str();
    let (at, name) = match text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")) {
        Some((said, name)) if names::is_sure_byline(name) && names::says_role(name) => (said.len(), name),
        _ => {
            // A hyphen is more often a part of the text. Behind an answer that a letter opens, it signs.
            let hyphen = marks::answer(text).map(|_| " - ");
            let dashes = [" – ", " — "].into_iter().chain(hyphen);
            let at = dashes.filter_map(|dash| text.rfind(dash)).max()?;
            (at, names::after_dash(&text[at..])?.0)
        }
    };
    let said = text[..at].trim_end().ends_with(['.', '!', '?', '”', '"']);
    (said && block.look == Look::Paragraph && names::is_byline(name)).then_some(at)
}

/// Finds the turns of a letter.
pub(super) fn read(blocks: &[Block]) -> Turns {
    let mut of: Vec<Option<Turn>> = vec![None; blocks.len()];
    let mut named = talk::read(blocks, &mut of) || threads::find(blocks, &mut of);
    if !named {
        named = quoted::find(blocks, &mut of) || answers::find(blocks, &mut of);
        questions::find(blocks, &mut of);
        questions::askers(blocks, &mut of);
        asides::find(blocks, &mut of);
    }
    bylines::find(blocks, &mut of);
    for (at, block) in blocks.iter().enumerate() {
        if of[at].is_none() && heads::is_head(block) && next_seen(blocks, at).is_some() {
            of[at] = Some(Turn::Section);
        } else if of[at].is_none()
            && (heads::is_sponsor(block) || heads::is_notice(block) && furniture::furniture(&block.text).is_none())
        {
            of[at] = Some(Turn::Aside);
        }
    }
    let (ahead, more) = (ahead(blocks, &of, !named, !named), ahead(blocks, &of, !named, false));
    let mut tail: Vec<bool> = blocks
        .iter()
        .rev()
        .scan(true, |tail, block| {
            *tail = *tail && furniture::is_idle(block);
            Some(*tail)
        })
        .collect();
    tail.reverse();
    Turns { of, ahead, more, tail }
}

/// Computes [`Turns::ahead`]. `letters` and `signatures` say whether those count.
fn ahead(blocks: &[Block], of: &[Option<Turn>], letters: bool, signatures: bool) -> Vec<bool> {
    let mut ahead = false;
    let mut out: Vec<bool> = (0..blocks.len())
        .rev()
        .map(|at| {
            let block = &blocks[at];
            let asks = matches!(of[at], Some(Turn::Question(_)))
                || block.is_seen()
                    && (is_question(block) || marks::label(&block.text).is_some_and(|l| l != Label::Answers));
            if asks {
                ahead = false;
            } else if matches!(of[at], Some(Turn::Answer(_))) {
                ahead = true;
            } else if block.is_seen() && block.look != Look::Item {
                let signs = || marks::signature(&block.text).is_some() || marks::signed_by_role(&block.text).is_some();
                ahead |= signatures && signs() || letters && marks::answer(&block.text).is_some();
            }
            ahead
        })
        .collect();
    out.reverse();
    out
}
