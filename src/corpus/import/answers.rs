//! Finds the lines that open answers and name who answers, where that takes a view of the whole letter.
//!
//! For example, `A. Ana Lima, PM` names a contributor if most lettered lines name one. Otherwise it is the start of an
//! answer's text. Each block that opens an answer gets a [`Turn`].

use super::block::{Block, Look};
use super::clean::words;
use super::marks::{self, Label};
use super::turns::{self, Said, Turn};
use super::{names, resources, talk};

/// Finds the openings of answers. Returns whether they name who answers.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let lettered: Vec<(usize, marks::AnswerMark)> = (0..blocks.len())
        .filter(|&at| blocks[at].is_seen())
        .filter_map(|at| Some((at, marks::answer(&blocks[at].text)?)))
        .collect();
    let (mut signed, mut answering) = (0, false);
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        if marks::answer(&block.text).is_some() {
            answering = true;
        } else if turns::is_question(block) {
            answering = false;
        }
        signed += usize::from(answering && turns::is_signed_off(blocks, at));
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
        if !said.is_empty() || turns::has_body(blocks, at) {
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
    if !named && lettered.is_empty() {
        named = unlettered(blocks, of);
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
    let over_text = |at: usize, rest: &str| !rest.is_empty() || turns::has_body(blocks, at);
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
            numbered || turns::is_question(b) || marks::asked_by(&b.text).is_some()
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

/// Finds answers without letters under a question: lines that name who answers, or `Ana Lima (PM): …`.
///
/// If one of these lines has a role, the other names need none.
fn unlettered(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let mut question: Option<(u8, usize)> = None;
    let mut found: Vec<(usize, &str, &str, &'static str)> = Vec::new();
    // An interview with headings: directly below each question come a name and a colon.
    let mut direct: Vec<(usize, &str, &str, &'static str)> = Vec::new();
    let mut questions = 0;
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        let level = level(block);
        if turns::is_question(block) || marks::question_from(&block.text).is_some() {
            question = Some((level.unwrap_or(0), at));
            questions += 1;
            continue;
        }
        if marks::label(&block.text) == Some(Label::Answers) {
            continue;
        }
        let text = names::bare(without_mark(resources::unnumbered(&block.text))).trim_end_matches(':');
        let Some((above, title)) = question else {
            question = level.filter(|_| text.ends_with('?')).map(|level| (level, at));
            questions += usize::from(question.is_some());
            continue;
        };
        let names_somebody = names::is_sure_byline(text) && turns::has_body(blocks, at);
        if let Some(level) = level {
            if level > above && names_somebody {
                found.push((at, text, "", "a heading under the question names who answers"));
            } else if level <= above {
                question = Some((level, at)).filter(|_| text.ends_with('?'));
                questions += usize::from(question.is_some());
            }
            continue;
        }
        let spoken = names::spoken_line(resources::unnumbered(&block.text));
        let direct_line = spoken.filter(|(who, said)| talk::is_speaker(who) && !said.is_empty());
        if let Some((who, said)) = direct_line.filter(|_| turns::next_seen(blocks, title) == Some(at)) {
            direct.push((
                at,
                who,
                said,
                "a name stands before the answer, as below the other questions",
            ));
        }
        let spoken =
            spoken.filter(|(who, said)| names::is_sure_byline(who) && who.contains(['(', ',']) && !said.is_empty());
        if let Some((who, said)) = spoken {
            found.push((at, who, said, "a name with a role stands before the answer"));
        } else if names_somebody && names::says_role(text) && names::after_dash(&block.text).is_none() {
            // The line directly below the title may name the asker.
            let first = turns::next_seen(blocks, title) == Some(at);
            if block.look == Look::Paragraph && (!first || block.text.trim().ends_with(':')) {
                found.push((at, text, "", "a line under the question names who answers"));
            }
        }
    }
    if !found.iter().any(|(_, who, ..)| names::says_role(who)) {
        found = direct;
        if found.len() < 2 || found.len() * 5 < questions * 4 {
            return false;
        }
    }
    for (at, who, said, why) in found {
        of[at] = said_by(who, None, said, why);
    }
    true
}

/// Removes the answer mark: `A1. Hugo Brandt` → `Hugo Brandt`.
fn without_mark(text: &str) -> &str {
    let rest = text.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(text);
    let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let marked = bare.len() < rest.len() && rest.len() < text.len();
    let name = bare.strip_prefix(['.', ')', ':']).filter(|name| name.starts_with(' '));
    name.filter(|_| marked).map_or(text, str::trim_start)
}

/// Returns the heading level of a block. A paragraph all in bold is level 7, the lowest.
fn level(block: &Block) -> Option<u8> {
    let text = block.text.trim();
    let inner = text.strip_prefix("**").and_then(|t| t.strip_suffix("**"));
    match block.look {
        Look::Heading(level) => Some(level),
        Look::Paragraph if inner.is_some_and(|t| !t.is_empty() && !t.contains("**") && !t.contains('\n')) => Some(7),
        _ => None,
    }
}
