//! Finds the lines that open answers and name who answers, where that takes a view of the whole letter.
//!
//! For example, `A. Ana Lima, PM` names a contributor if most lettered lines name one. Otherwise it is the start of an
//! answer's text. Each block that opens an answer gets a [`Turn`].

mod choices;
mod frames;
mod layout;
mod mentions;
mod openings;
mod regions;
mod replies;
mod signers;
mod speakers;

use super::block::{Block, Look};
use super::clean::{is_in_capitals, words};
use super::turns::turn::{self, Said, Turn};
use super::{asides, links, marks, names};

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
    named |= frames::find(blocks, of);
    says(blocks, of);
    if named {
        heads_below(blocks, of);
    }
    let asked = blocks.iter().any(|b| b.is_seen() && marks::asks(&b.text).is_some());
    if asked && lettered.iter().all(|(_, mark)| mark.index == 0) {
        // `Q:` and `A:` alternate, and no answer has a letter. Some may also name who answers.
        let unread: Vec<_> = lettered.iter().filter(|(at, _)| of[*at].is_none()).collect();
        for (at, mark) in unread {
            of[*at] = Some(Turn::Answer(Said {
                text: mark.text.to_string(),
                why: "`A:` after `Q:`",
                ..Said::default()
            }));
        }
        for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen() && !named) {
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
        if let Some(turns) = layout::read(blocks, of) {
            of.clone_from_slice(&turns);
            return true;
        }
    }
    // A heading such as `Answer 2` above a text that a signature below it opens is only a label.
    for at in 0..blocks.len() {
        let empty = |said: &Said| said.by.is_none() && said.text.is_empty();
        let is_label = matches!(&of[at], Some(Turn::Answer(said)) if empty(said));
        let next = turn::next_seen(blocks, at).and_then(|next| of[next].as_ref());
        if is_label && matches!(next, Some(Turn::Answer(said)) if !empty(said)) {
            of[at] = Some(Turn::Label(0));
        }
    }
    named
}

/// Most words in a line that heads what follows the answers.
const HEAD_WORDS: usize = 8;

/// Finds short lines below the last named answer of a question that head what is nobody's answer: a line in bold, a
/// quarter such as `Q4: Results`, or the newsletter's own label, such as `Our take`. A line in capitals heads a list of
/// links, or anything if the letter's labels are in capitals.
fn heads_below(blocks: &[Block], of: &mut [Option<Turn>]) {
    let mut below = false;
    // Backwards, so that a line knows whether an answer of its question comes later.
    let mut later = false;
    let mut heads = Vec::new();
    let shouts = blocks
        .iter()
        .any(|b| b.is_seen() && is_in_capitals(&b.text) && marks::label(&b.text).is_some());
    let links = |at: usize| {
        let next = turn::next_seen(blocks, at).map(|next| &blocks[next]);
        next.is_some_and(|next| next.look == Look::Item && next.link.is_some())
    };
    for at in (0..blocks.len()).rev().filter(|&at| blocks[at].is_seen()) {
        let block = &blocks[at];
        let quarter = marks::question(&block.text).is_some_and(|q| q.short && q.sure && !q.title.contains('?'));
        if matches!(of[at], Some(Turn::Answer(_))) || marks::answer(&block.text).is_some() {
            later = true;
        } else if turn::is_question(block) || marks::question(&block.text).is_some_and(|q| !q.short) {
            later = false;
        } else if !later && of[at].is_none() && matches!(block.look, Look::Paragraph | Look::Heading(7)) {
            let text = names::bare(&block.text);
            let short = words(text) <= HEAD_WORDS && !text.contains('\n') && !text.ends_with(['.', ',', ':', ';', '!']);
            let bold = block.look == Look::Heading(7) || block.text.starts_with("**") && block.text.ends_with("**");
            let shouted = block.loose && is_in_capitals(text) && words(text) >= 2 && (shouts || links(at));
            if short && (bold || quarter || shouted || asides::is_ours(text)) && turn::has_body(blocks, at) {
                heads.push(at);
            }
        }
    }
    heads.reverse();
    let mut named = false;
    let mut heads = heads.into_iter().peekable();
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        match &of[at] {
            Some(Turn::Answer(said)) => (named, below) = (said.by.is_some(), said.by.is_some()),
            _ if turn::is_question(block) => (named, below) = (false, false),
            _ => {}
        }
        if heads.next_if_eq(&at).is_some() && named && below {
            of[at] = Some(Turn::Section);
        }
    }
}

/// Finds `Jane Doe writes:` below another answer of the same question.
fn says(blocks: &[Block], of: &mut [Option<Turn>]) {
    let mut answering = false;
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        match &of[at] {
            Some(Turn::Answer(_)) => answering = true,
            _ if turn::is_question(block) || matches!(block.look, Look::Heading(1..=2)) => answering = false,
            None if answering && block.look != Look::Item => {
                if let Some((by, said)) = marks::speaker_says(&block.text)
                    && (!said.is_empty() || turn::has_body(blocks, at))
                {
                    of[at] = said_by(by, None, said, "a line names who answers");
                }
            }
            _ => {}
        }
    }
}

fn said_by(by: &str, index: Option<u32>, said: &str, why: &'static str) -> Option<Turn> {
    let by = &links::unlinked(&names::bare(by).replace("**", ""));
    Some(Turn::Answer(Said {
        by: Some(capitalized(by)).filter(|by| !by.is_empty()),
        index,
        text: said.trim().to_string(),
        opens: None,
        why,
    }))
}

/// `a reader in Oslo` → `A reader in Oslo`. Names keep their form.
fn capitalized(by: &str) -> String {
    let mut letters = by.chars();
    match letters.next() {
        Some(first) if by.contains(' ') => first.to_uppercase().chain(letters).collect(),
        _ => by.to_string(),
    }
}

/// Finds `A. Ana Lima, PM` on a separate line with the answer below it.
///
/// If most lettered lines look like that, every line that can be read that way is.
fn headed(blocks: &[Block], lettered: &[(usize, marks::AnswerMark)], of: &mut [Option<Turn>]) -> bool {
    let line = |text: &str| -> (String, String) {
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        let by = links::unlinked(names::bare(line).trim_end_matches(':'));
        (by.replace("**", ""), rest.to_string())
    };
    let over_text = |at: usize, rest: &str| !rest.is_empty() || turn::has_body(blocks, at);
    let mut found = Vec::new();
    let mut sure = 0;
    for (at, mark) in lettered {
        let (by, rest) = line(mark.text);
        // Scripts without capitals have no shape of names. There, a heading with a role counts.
        let uncased = matches!(blocks[*at].look, Look::Heading(1..=6)) && names::is_uncased_byline(&by);
        let byline = names::is_byline(&by) || uncased;
        if over_text(*at, &rest) && (byline || names::is_name(&by) && words(&by) == 1) {
            sure += usize::from(byline);
            found.push((*at, mark.index, by, rest));
        }
    }
    // Capitalised headings can look like names. If none has a role, accept them only in a letter that asks questions.
    let roles = found.iter().any(|(_, _, by, _)| names::says_role(by));
    let asked = || {
        let asks = |b: &Block| {
            let numbered = marks::question(&b.text).is_some_and(|q| q.sure && q.title.trim_end().ends_with('?'));
            let heads = matches!(b.look, Look::Heading(1..=6)) && names::bare(&b.text).ends_with('?');
            numbered || heads || turn::is_question(b) || marks::asked_by(&b.text).is_some()
        };
        blocks.iter().any(|b| b.is_seen() && asks(b))
    };
    if !roles && !asked() {
        return false;
    }
    // A bare letter names nobody and opens no text, so it does not count.
    let telling = lettered.iter().filter(|(_, mark)| !mark.text.trim().is_empty()).count();
    // `Ana Lima, PM` over a text names her, even if all other letters open texts.
    let firm = |by: &str| {
        let bracketed = || by.strip_suffix(')')?.split_once(" (");
        by.split_once(", ")
            .or_else(bracketed)
            .is_some_and(|(name, role)| names::is_person(name) && words(role) > 0)
    };
    if found.len() * 10 < telling * 6 {
        found.retain(|(.., by, rest)| firm(by) && rest.is_empty());
        sure = found.len();
    }
    let telling = telling.min(found.len());
    if sure == 0 || found.len() * 10 < telling * 6 || sure * 2 < found.len() {
        return false;
    }
    for (at, index, by, rest) in found {
        of[at] = said_by(&by, Some(index), &rest, "a letter and a name stand over the answer");
    }
    true
}

/// Splits `(Ana Lima, PM) Ask twice.` into the name and the text.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (who, said) = text.trim_start().strip_prefix('(')?.split_once(')')?;
    let apart = said.starts_with([' ', '\n', ':']) && words(said) > 0;
    (apart && names::is_byline(who)).then_some((who.trim(), said.trim_start_matches([':', ' ']).trim()))
}

/// Finds `A. Ana Lima (PM): what she says`.
fn spoken(lettered: &[(usize, marks::AnswerMark)], of: &mut [Option<Turn>]) -> bool {
    let lines: Vec<_> = lettered
        .iter()
        .filter_map(|(at, mark)| {
            Some((
                *at,
                mark.index,
                bracketed(mark.text).or_else(|| names::spoken_line(mark.text))?,
            ))
        })
        .filter(|(.., (_, said))| !said.is_empty())
        .collect();
    let sure = lines.iter().filter(|(.., (who, _))| names::is_byline(who)).count();
    if sure == 0 || sure * 2 < lettered.len() {
        return false;
    }
    for (at, index, (who, said)) in lines {
        // Once other lines clearly name a person, a few capitalized words before a colon count as a name too.
        let named = names::is_name(who) && !names::opens_sentence(who) && words(who) <= 10;
        if names::is_byline(who) || named {
            of[at] = said_by(who, Some(index), said, "a letter and a name stand before the answer");
        }
    }
    true
}
