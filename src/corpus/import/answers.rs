//! Finds the lines that open answers and name who answers, where that takes a view of the whole letter.
//!
//! For example, `A. Ana Lima, PM` names a contributor if most lettered lines name one. Otherwise it is the start of an
//! answer's text. Each block that opens an answer gets a [`Turn`].

mod choices;
mod mentions;
mod openings;
mod regions;
mod signers;
mod speakers;

use super::block::{Block, Look};
use super::clean::words;
use super::turns::turn::{self, Said, Turn};
use super::{marks, names};

/// Finds the openings of answers. Returns whether they name who answers.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let mut lettered: Vec<(usize, marks::AnswerMark)> = (0..blocks.len())
        .filter(|&at| blocks[at].is_seen())
        .filter_map(|at| Some((at, marks::answer(&blocks[at].text)?)))
        .collect();
    // `J. R. Ortiz` has initials. Letters begin with A.
    if !lettered.iter().any(|(_, mark)| mark.index == 0 || mark.strong) || choices::find(blocks, &lettered, of) {
        lettered.clear();
    }
    let (mut signed, mut answering) = (0, false);
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        if marks::answer(&block.text).is_some() {
            answering = true;
        } else if turn::is_question(block) {
            answering = false;
        }
        signed += usize::from(answering && turn::is_signed_off(blocks, at));
    }
    let mut named = false;
    if signed * 2 < lettered.len() {
        named = headed(blocks, &lettered, of) || spoken(&lettered, of);
    }
    for (at, block) in blocks
        .iter()
        .enumerate()
        .filter(|(_, b)| b.is_seen() && b.look != Look::Item)
    {
        let Some((by, said)) = marks::answer_from(&block.text).filter(|_| of[at].is_none()) else {
            continue;
        };
        if !said.is_empty() || turn::has_body(blocks, at) {
            named = true;
            of[at] = said_by(by, None, said, "a line names who answers");
        }
    }
    let asked = blocks.iter().any(|b| b.is_seen() && marks::asks(&b.text).is_some());
    if !named && asked && lettered.iter().all(|(_, mark)| mark.index == 0) {
        // `Q:` and `A:` alternate, and no answer has a letter.
        for (at, mark) in &lettered {
            of[*at] = Some(Turn::Answer(Said {
                text: mark.text.to_string(),
                why: "`A:` after `Q:`",
                ..Said::default()
            }));
        }
        for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
            if let Some(said) = block.text.strip_prefix("Answer:").filter(|_| of[at].is_none()) {
                of[at] = Some(Turn::Answer(Said {
                    text: said.trim().to_string(),
                    why: "`Answer:` after a question",
                    ..Said::default()
                }));
            }
        }
    }
    if lettered.is_empty() {
        named |= speakers::unlettered(blocks, of) || choices::counted(blocks, of);
    }
    named
}

fn said_by(by: &str, index: Option<u32>, said: &str, why: &'static str) -> Option<Turn> {
    Some(Turn::Answer(Said {
        by: Some(names::bare(by).to_string()),
        index,
        text: said.trim().to_string(),
        opens: None,
        why,
    }))
}

/// Finds `A. Ana Lima, PM` on a separate line with the answer below it.
///
/// If most lettered lines look like that, every line that can be read that way is.
fn headed(blocks: &[Block], lettered: &[(usize, marks::AnswerMark)], of: &mut [Option<Turn>]) -> bool {
    let line = |text: &str| -> (String, String) {
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        (names::bare(line).trim_end_matches(':').to_string(), rest.to_string())
    };
    let over_text = |at: usize, rest: &str| !rest.is_empty() || turn::has_body(blocks, at);
    let mut found = Vec::new();
    let mut sure = 0;
    for (at, mark) in lettered {
        let (by, rest) = line(mark.text);
        if over_text(*at, &rest) && (names::is_byline(&by) || names::is_name(&by) && words(&by) == 1) {
            sure += usize::from(names::is_byline(&by));
            found.push((*at, mark.index, by, rest));
        }
    }
    // Capitalised headings can look like names. If none has a role, accept them only in a letter that asks questions.
    let roles = found.iter().any(|(_, _, by, _)| names::says_role(by));
    let asked = || {
        let asks = |b: &Block| {
            let numbered = marks::question(&b.text).is_some_and(|q| q.sure && q.title.trim_end().ends_with('?'));
            numbered || turn::is_question(b) || marks::asked_by(&b.text).is_some()
        };
        blocks.iter().any(|b| b.is_seen() && asks(b))
    };
    if !roles && !asked() {
        return false;
    }
    // A bare letter names nobody and opens no text, so it does not count.
    let telling = lettered.iter().filter(|(_, mark)| !mark.text.trim().is_empty()).count();
    if sure == 0 || found.len() * 10 < telling * 6 || sure * 2 < found.len() {
        return false;
    }
    for (at, index, by, rest) in found {
        of[at] = said_by(&by, Some(index), &rest, "a letter and a name stand over the answer");
    }
    true
}

/// Finds `A. Ana Lima (PM): what she says`.
fn spoken(lettered: &[(usize, marks::AnswerMark)], of: &mut [Option<Turn>]) -> bool {
    let lines: Vec<_> = lettered
        .iter()
        .filter_map(|(at, mark)| Some((*at, mark.index, names::spoken_line(mark.text)?)))
        .filter(|(.., (_, said))| !said.is_empty())
        .collect();
    let sure = lines.iter().filter(|(.., (who, _))| names::is_byline(who)).count();
    if sure == 0 || sure * 2 < lettered.len() {
        return false;
    }
    for (at, index, (who, said)) in lines {
        // Once other lines clearly name a person, a few words before a colon count as a name too.
        if names::is_byline(who) || words(who) <= 10 && !who.contains(['.', '?', '!']) {
            of[at] = said_by(who, Some(index), said, "a letter and a name stand before the answer");
        }
    }
    true
}
