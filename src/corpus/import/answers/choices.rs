//! Distinguishes the choices of a survey or a quiz from lettered answers, and finds answers with small letters.

use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::words;
use crate::corpus::import::marks::{self, AnswerMark};
use crate::corpus::import::names;
use crate::corpus::import::turns::turn::{self, Said, Turn};

/// Most words in a choice.
const CHOICE_WORDS: usize = 8;
/// Fewest words of an answer with a small letter, on average.
const ANSWER_WORDS: usize = 4;

/// Finds the choices below the questions of a survey. Returns whether all lettered lines are choices.
///
/// They are if each is a few words without a full stop, stands below a question or another choice, and has nothing below
/// it that signs or continues it.
pub(super) fn find(blocks: &[Block], lettered: &[(usize, AnswerMark)], of: &mut [Option<Turn>]) -> bool {
    let at_letter = |at: usize| lettered.binary_search_by_key(&at, |(at, _)| *at).is_ok();
    let asks = |at: usize| {
        let block = &blocks[at];
        turn::is_question(block) || marks::question(&block.text).is_some() || names::bare(&block.text).ends_with('?')
    };
    let choice = |(at, mark): &(usize, AnswerMark)| {
        let text = names::bare(mark.text);
        let above = (0..*at).rev().find(|&above| blocks[above].is_seen());
        let below = blocks[at + 1..].iter().position(Block::is_seen).map(|n| at + 1 + n);
        let over = below.is_none_or(|below| {
            at_letter(below)
                || asks(below)
                || blocks.get(at + 1).is_some_and(|b| b.look == Look::Rule)
                || matches!(blocks[below].look, Look::Heading(1..=6))
        });
        !mark.strong
            && (1..=CHOICE_WORDS).contains(&words(text))
            && !text.ends_with(['.', '!', ':', '”', '"'])
            && !names::is_byline(text)
            && !text.contains('\n')
            && above.is_some_and(|above| at_letter(above) || asks(above))
            && over
    };
    let firsts = lettered.iter().filter(|(_, mark)| mark.index == 0).count();
    if lettered.len() < 2 * firsts || firsts == 0 || !lettered.iter().all(choice) {
        return false;
    }
    for (at, _) in lettered {
        of[*at] = Some(Turn::Choice);
    }
    true
}

/// Finds answers that small letters count, directly below at least two questions. Returns `false`, as nobody is named.
pub(super) fn counted(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let seen: Vec<usize> = (0..blocks.len()).filter(|&at| blocks[at].is_seen()).collect();
    let asks = |block: &Block| {
        let numbered = marks::question(&block.text).is_some_and(|q| q.sure && q.title.ends_with('?'));
        numbered || turn::is_question(block)
    };
    let mut found: Vec<(usize, u32, &str)> = Vec::new();
    let (mut questions, mut next) = (0, None);
    for &at in &seen {
        let block = &blocks[at];
        if asks(block) {
            next = Some(0);
        } else if let (Some(wanted), Some((index, text))) = (next, small(&block.text)) {
            let ends = text.ends_with(['.', '!', '”', '"']) && of[at].is_none();
            if index != wanted || !ends {
                return false;
            }
            questions += usize::from(index == 0);
            found.push((at, index, text));
            next = Some(wanted + 1);
        } else if next == Some(0) {
            next = None;
        }
    }
    let said: usize = found.iter().map(|(.., text)| words(text)).sum();
    if questions < 2 || found.len() <= questions || said < ANSWER_WORDS * found.len() {
        return false;
    }
    for (at, index, text) in found {
        of[at] = Some(Turn::Answer(Said {
            index: Some(index),
            text: text.to_string(),
            why: "a small letter opens it, as below the other questions",
            ..Said::default()
        }));
    }
    false
}

/// Reads `a) Text` and `(a) Text`.
fn small(text: &str) -> Option<(u32, &str)> {
    let rest = text.strip_prefix('(').unwrap_or(text);
    let letter = rest.bytes().next().filter(u8::is_ascii_lowercase)?;
    let text = rest[1..].strip_prefix(") ")?;
    Some((u32::from(letter - b'a'), text.trim()))
}
