//! Recognizes turns whose speaker is set off and not followed by a colon: `**Ana Lima**` above the text, `### Ana Lima`,
//! `ANA LIMA`, `**Ana** – text`, `— Ana: text`.

use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::is_in_capitals;
use crate::corpus::import::names;
use crate::corpus::import::turns::turn;

/// Returns the speaker and what they say in the same block.
pub(super) fn speech(block: &Block) -> Option<(&str, &str)> {
    let text = block.text.trim();
    let named = |who: &str| names::is_speaker(who) && names::is_person(who);
    match block.look {
        Look::Heading(2..) => Some((names::bare(text), "")).filter(|(who, _)| named(who)),
        Look::Paragraph => {
            if let Some((who, said)) = text.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
                let who = who.trim().trim_end_matches(':');
                let apart = said.is_empty() || said.starts_with('\n');
                let dashed = [" – ", " — ", " - "].iter().find_map(|dash| said.strip_prefix(dash));
                let fits = apart && named(who) || dashed.is_some() && names::is_speaker(who);
                return fits.then(|| (who, dashed.unwrap_or(said).trim()));
            }
            let (line, below) = text.split_once('\n').unwrap_or((text, ""));
            if is_in_capitals(line) {
                return Some((line.trim(), below.trim())).filter(|(who, _)| named(who));
            }
            let rest = ["— ", "– "].iter().find_map(|dash| text.strip_prefix(dash))?;
            spoken(rest)
        }
        Look::Item => spoken(text.strip_prefix("- ")?.strip_prefix("**")?),
        _ => None,
    }
}

fn spoken(text: &str) -> Option<(&str, &str)> {
    names::spoken_line(text).filter(|(who, said)| names::is_speaker(who) && !said.is_empty())
}

/// Reports whether something other than the turns at `turns` has a heading or a question between the first and the last.
pub(super) fn other_headings(blocks: &[Block], turns: impl Iterator<Item = usize>) -> bool {
    let turns: Vec<usize> = turns.collect();
    let (Some(&first), Some(&last)) = (turns.first(), turns.last()) else {
        return false;
    };
    (first..=last).any(|at| {
        let heads = matches!(blocks[at].look, Look::Heading(_)) || turn::is_question(&blocks[at]);
        blocks[at].is_seen() && heads && turns.binary_search(&at).is_err()
    })
}
