//! Who answers where: the openings of answers that only all the lines of a letter together show.
//!
//! In: the blocks of a letter. Out: a turn for each block that opens an answer. `A. Ana Lima, PM` names somebody where
//! most lines with a letter do, and begins what is said where they do not.

use super::block::{Block, Look};
use super::clean::words;
use super::marks::{self, Label};
use super::turns::{self, Said, Turn};
use super::{names, resources, talk};

/// Finds who answers where; says whether answers are opened by who gives them.
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
        // `Q:` and `A:` by turns: no answer has a letter.
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

/// `A. Ana Lima, PM` on a line of its own, what she says below it: if most lines with letters are so, all that can be
/// are.
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
    // Capitalised headings may look like names: without a role in any, only a letter of questions shows who they are.
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
    // A letter alone names nobody, and begins nothing that is said.
    let telling = lettered.iter().filter(|(_, mark)| !mark.text.trim().is_empty()).count();
    if sure == 0 || found.len() * 10 < telling * 6 || sure * 2 < found.len() {
        return false;
    }
    for (at, index, by, rest) in found {
        of[at] = said_by(&by, Some(index), &rest, "a letter and a name stand over the answer");
    }
    true
}

/// `A. Ana Lima (PM): what she says`.
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
        // Beside others that name a person first, a few words before a colon name one too.
        if names::is_byline(who) || words(who) <= 10 && !who.contains(['.', '?', '!']) {
            of[at] = said_by(who, Some(index), said, "a letter and a name stand before the answer");
        }
    }
    true
}

/// Answers without letters under a question: lines that name who answers, or `Ana Lima (PM): …`. Where one of them says
/// what somebody does, a name beside it needs no role to be one.
fn unlettered(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let mut question: Option<(u8, usize)> = None;
    let mut found: Vec<(usize, &str, &str, &'static str)> = Vec::new();
    // An interview with headings: below each question, who answers it and a colon.
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
            // The line below the title may be the asker's.
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

/// `A1. Hugo Brandt` → the name.
fn without_mark(text: &str) -> &str {
    let rest = text.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(text);
    let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let marked = bare.len() < rest.len() && rest.len() < text.len();
    let name = bare.strip_prefix(['.', ')', ':']).filter(|name| name.starts_with(' '));
    name.filter(|_| marked).map_or(text, str::trim_start)
}

/// How high a block stands as a heading; a line all in bold is the lowest.
fn level(block: &Block) -> Option<u8> {
    let text = block.text.trim();
    let inner = text.strip_prefix("**").and_then(|t| t.strip_suffix("**"));
    match block.look {
        Look::Heading(level) => Some(level),
        Look::Paragraph if inner.is_some_and(|t| !t.is_empty() && !t.contains("**") && !t.contains('\n')) => Some(7),
        _ => None,
    }
}
