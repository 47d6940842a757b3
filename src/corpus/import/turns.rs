//! Who speaks where: the openings of questions and answers that only the layout of the whole letter shows.
//!
//! In: the blocks of a letter. Out: for each block the turn that it opens, if it opens one. `A. Ana Lima, PM` names who
//! answers in one letter and begins what is said in another: which it is shows when all such lines are looked at
//! together. Marks that mean the same everywhere (`Question 1)`, `A]`, `– Name`) are left to `discussion.rs`. Each pass
//! here reads every block once or a fixed number of times.

use super::block::{Block, Look};
use super::clean::words;
use super::marks::{self, Label};
use super::{answers, asides, furniture, names, questions, quoted, talk};

/// What a block opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    Question(Asked),
    /// Who asks, and what they say on the same lines; an empty name is that of somebody who gives none.
    Asker(String, String),
    Answer(Said),
    /// A line such as `Transcript` that only announces what follows, or of which this many words are kept elsewhere.
    Label(usize),
    /// Who wrote the item of a link list above.
    Byline,
    /// An editor's words between two answers.
    Aside,
    /// What looks like a mark or a signature and is just text.
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Asked {
    /// As printed, or 0.
    pub number: u32,
    pub title: String,
    pub body: String,
    pub asker: Option<String>,
    pub why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Said {
    /// Whoever is named as the one who speaks.
    pub by: Option<String>,
    /// 0 for A, where a letter is printed.
    pub index: Option<u32>,
    pub text: String,
    /// The title of the discussion that this answer opens, where no question is printed.
    pub opens: Option<String>,
    pub why: &'static str,
}

/// The turns of a letter.
#[derive(Debug, Default)]
pub(super) struct Turns {
    of: Vec<Option<Turn>>,
    /// For each block, whether what comes at or after it, and before the next question, opens another answer or signs
    /// this one.
    ahead: Vec<bool>,
    /// The same, but for signatures: whether another answer opens.
    more: Vec<bool>,
    /// For each block, whether nothing but furniture comes from it on.
    tail: Vec<bool>,
}

impl Turns {
    pub(super) fn at(&self, at: usize) -> Option<&Turn> {
        self.of.get(at).and_then(Option::as_ref)
    }

    /// Whether any question was found.
    pub(super) fn asks(&self) -> bool {
        self.of.iter().any(|turn| matches!(turn, Some(Turn::Question(_))))
    }

    /// Whether any answer was found.
    pub(super) fn opens_answers(&self) -> bool {
        self.of.iter().any(|turn| matches!(turn, Some(Turn::Answer(_))))
    }

    pub(super) fn take(&mut self, at: usize) -> Option<Turn> {
        self.of.get_mut(at).and_then(Option::take)
    }

    pub(super) fn goes_on(&self, at: usize) -> bool {
        self.ahead.get(at).copied().unwrap_or(false)
    }

    /// Whether another answer of this discussion opens at or after block `at`.
    pub(super) fn another_opens(&self, at: usize) -> bool {
        self.more.get(at).copied().unwrap_or(false)
    }

    pub(super) fn is_tail(&self, at: usize) -> bool {
        self.tail.get(at).copied().unwrap_or(false)
    }
}

/// Parts blocks whose lines open or sign something: a page breaks lines where a letter in plain text has paragraphs.
pub(super) fn split(blocks: Vec<Block>) -> Vec<Block> {
    let answers = blocks.iter().any(|b| b.is_seen() && marks::answer(&b.text).is_some());
    let mut out = Vec::with_capacity(blocks.len());
    for mut block in blocks {
        let beside = signed_beside(&block).filter(|_| answers);
        if let Some(at) = beside {
            let signature = block.text.split_off(at);
            block.rich = None;
            let inner = signature.trim().strip_prefix('(').and_then(|s| s.strip_suffix(')'));
            let signature = Block {
                text: inner.map_or_else(|| signature.trim().to_string(), |name| format!("– {name}")),
                look: Look::Paragraph,
                loose: false,
                link: None,
                rich: None,
            };
            block.text.truncate(block.text.trim_end().len());
            out.push(block);
            out.push(signature);
            continue;
        }
        let plain = matches!(block.look, Look::Paragraph | Look::Heading(_)) && !block.text.starts_with("```");
        let opens = |line: &str| marks::may_open(line) && !line.starts_with("- ") || talk::is_stamped(line);
        // A hyphen opens items too: only below the text, on the last line, does it sign.
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

/// Where the signature of a paragraph begins that ends in one: `… nobody else. – Ana Lima`.
fn signed_beside(block: &Block) -> Option<usize> {
    let text = block.text.as_str();
    let (at, name) = match text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")) {
        Some((said, name)) if names::is_sure_byline(name) && names::says_role(name) => (said.len(), name),
        _ => {
            let at = [" – ", " — "].iter().filter_map(|dash| text.rfind(dash)).max()?;
            (at, names::after_dash(&text[at..])?.0)
        }
    };
    let said = text[..at].trim_end().ends_with(['.', '!', '?', '”', '"']);
    (said && block.look == Look::Paragraph && names::is_byline(name)).then_some(at)
}

/// Finds the turns of a letter.
pub(super) fn read(blocks: &[Block]) -> Turns {
    let mut of: Vec<Option<Turn>> = vec![None; blocks.len()];
    let mut named = talk::read(blocks, &mut of);
    if !named {
        named = quoted::find(blocks, &mut of) || answers::find(blocks, &mut of);
        questions::find(blocks, &mut of);
        questions::askers(blocks, &mut of);
        asides::find(blocks, &mut of);
    }
    bylines(blocks, &mut of);
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

/// The next block after `at` that holds text.
pub(super) fn next_seen(blocks: &[Block], at: usize) -> Option<usize> {
    (at + 1..blocks.len()).find(|&at| blocks[at].is_seen())
}

/// Whether the block at `at` opens a question by itself.
pub(super) fn is_question(block: &Block) -> bool {
    marks::question(&block.text).is_some_and(|q| q.sure && !q.short) || marks::asks(&block.text).is_some()
}

/// Whether text that a line above could introduce follows block `at`.
pub(super) fn has_body(blocks: &[Block], at: usize) -> bool {
    next_seen(blocks, at).is_some_and(|next| {
        let block = &blocks[next];
        !matches!(block.look, Look::Heading(1..=3))
            && marks::answer(&block.text).is_none()
            && marks::label(&block.text).is_none()
            && !is_question(block)
    })
}

/// Whether block `at` is a name after a dash with something new below it.
pub(super) fn is_signed_off(blocks: &[Block], at: usize) -> bool {
    let signs = marks::signature(&blocks[at].text).is_some() || marks::signed_by_role(&blocks[at].text).is_some();
    signs
        && blocks[at].look != Look::Item
        && !is_cited(blocks, at)
        && blocks.get(at + 1).is_none_or(|next| {
            matches!(next.look, Look::Rule | Look::Heading(_))
                || marks::answer(&next.text).is_some()
                || is_question(next)
        })
}

/// Whether the name at `at` stands below a quotation in the middle of what somebody else says.
pub(super) fn is_cited(blocks: &[Block], at: usize) -> bool {
    let mut above = blocks[..at].iter().rev().filter(|b| b.is_seen());
    let quoted = above.next().is_some_and(|b| b.text.starts_with("> "));
    quoted
        && above.next().is_some_and(|b| {
            b.look == Look::Paragraph
                && !b.text.starts_with("> ")
                && marks::answer(&b.text).is_none_or(|m| words(m.text) > 3)
        })
}

/// Finds the lines that say who wrote the item of a link list above them.
fn bylines(blocks: &[Block], of: &mut [Option<Turn>]) {
    let linked = |at: usize| blocks[at].link.is_some();
    let mut before: Option<usize> = None;
    for at in 0..blocks.len() {
        let block = &blocks[at];
        let previous = before;
        if !block.is_seen() {
            continue;
        }
        before = Some(at);
        let Some(previous) = previous.filter(|_| of[at].is_none() && block.look == Look::Paragraph) else {
            continue;
        };
        let text = names::bare(&block.text);
        let below_text =
            matches!(blocks[previous].look, Look::Paragraph | Look::Item) && words(&blocks[previous].text) > 8;
        let (name, by) = match text.strip_prefix("By ").or_else(|| text.strip_prefix("by ")) {
            Some(name) => (name, true),
            None => (text, false),
        };
        let firm = name.split_once(" (").filter(|(_, firm)| firm.ends_with(')'));
        let person = names::is_person(firm.map_or(name, |(name, _)| name));
        let listed = linked(previous) && next_seen(blocks, at).is_none_or(linked);
        if below_text && person && (by || firm.is_some() || listed) && !text.contains('\n') {
            of[at] = Some(Turn::Byline);
        }
    }
}

/// See [`Turns::ahead`]; `letters` and `signatures` say whether those count.
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
