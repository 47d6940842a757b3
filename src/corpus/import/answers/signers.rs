//! Finds answers without letters above the name of who gives them: `– Lea Sand, head of product`, or the name alone.
//!
//! Only if at least two names stand below a question and the last block is one, they are those of who answers. The first
//! name may be the asker's.

use super::openings::{self, Form};
use super::regions::Region;
use super::replies;
use crate::corpus::import::asides;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::names::{self, Trust};
use crate::corpus::import::turns::turn::{self, Said, Turn};

const WHY: &str = "a name stands below the answer, as below the others";
const UNCLEAR: &str = "it is not clear where the question ends, so nobody signs it";

/// Words of people who write about themselves, as askers do.
const OWN: [&str; 8] = ["i", "im", "ive", "we", "my", "our", "us", "me"];

/// The name in a block, and the text above it in the same block.
struct Name<'a> {
    who: String,
    above: &'a str,
    dashed: bool,
}

/// An answer: the blocks of its text, and who signs it.
struct Run<'a> {
    text: Vec<usize>,
    name: usize,
    signed: Name<'a>,
}

/// Finds the signed answers in `regions` that have no other answers. Returns whether there are any.
pub(super) fn find(blocks: &[Block], regions: &[Region], of: &mut [Option<Turn>]) -> bool {
    let mut any = false;
    for region in regions {
        if region.blocks.iter().any(|&at| of[at].is_some()) {
            continue;
        }
        let Some((mut runs, notes)) = runs(blocks, region) else {
            continue;
        };
        let answers = runs.len() >= 2 && runs.iter().all(|run| is_one_voice(blocks, run));
        let sure = region.marked || runs.iter().all(|run| names::trust(&run.signed.who) >= Trust::Known);
        if !answers || !sure {
            continue;
        }
        let mut unclear = false;
        let unlike = runs[0].signed.dashed != runs[1].signed.dashed;
        if unlike && (region.asker || !is_asked(blocks, &runs)) {
            continue;
        }
        if region.label.is_some() || !region.asker && (unlike || asks(blocks, &runs[0])) {
            // The asker's words and name come first, which `discussion.rs` reads.
            if region.label.is_some() || region.marked {
                continue;
            }
            match is_asked(blocks, &runs) {
                true => {
                    let Run { name, signed, .. } = runs.remove(0);
                    of[name] = Some(Turn::Asker(signed.who, signed.above.to_string()));
                }
                false => unclear = true,
            }
        } else if region.asked > 0 && runs[0].text.len() > region.asked {
            runs[0].text.drain(..region.asked);
        } else if region.asker {
            let beside = !runs[0].signed.above.is_empty();
            let text = &mut runs[0].text;
            match text.iter().rposition(|&at| blocks[at].text.trim_end().ends_with('?')) {
                Some(last) if last + 1 < text.len() || beside => {
                    text.drain(..=last);
                }
                _ => {
                    let opening = text.first().map_or("", |&at| blocks[at].text.as_str());
                    let own = opening.contains('?') || replies::opens_own(opening);
                    unclear = text.len() + usize::from(beside) > 1 && own;
                }
            }
        }
        for (n, run) in runs.iter().enumerate() {
            open(blocks, run, unclear && n == 0, of);
        }
        for at in notes {
            of[at] = Some(Turn::Aside);
        }
        let below = runs.last().and_then(|run| turn::next_seen(blocks, run.name));
        if let Some(below) = below.filter(|&at| of[at].is_none() && heads(&blocks[at])) {
            of[below] = Some(Turn::Section);
        }
        any = true;
    }
    any && {
        alone(blocks, regions, of);
        true
    }
}

/// Finds the only answer of a question in a letter whose other answers have names below them.
fn alone(blocks: &[Block], regions: &[Region], of: &mut [Option<Turn>]) {
    for region in regions.iter().filter(|region| region.label.is_none() && !region.asker) {
        let free = region.blocks.iter().all(|&at| of[at].is_none());
        let Some((runs, _)) = runs(blocks, region).filter(|_| free) else {
            continue;
        };
        if let [run] = &runs[..]
            && run.signed.dashed
            && names::trust(&run.signed.who) >= Trust::Known
            && !asks(blocks, run)
        {
            open(blocks, run, false, of);
        }
    }
}

/// Splits what stands below a question at the names, apart from editors' notes. Returns `None` if there is text below the last name.
fn runs<'a>(blocks: &'a [Block], region: &Region) -> Option<(Vec<Run<'a>>, Vec<usize>)> {
    let mut found: Vec<Run> = Vec::new();
    let (mut text, mut notes) = (Vec::new(), Vec::new());
    for (n, &at) in region.blocks.iter().enumerate() {
        if matches!(blocks[at].look, Look::Heading(1..=6)) {
            return None;
        }
        let next = region.blocks.get(n + 1).map(|&next| &blocks[next]);
        let above = n.checked_sub(1).map(|n| &blocks[region.blocks[n]]);
        if asides::is_labelled(&blocks[at].text) && !found.is_empty() {
            notes.push(at);
            continue;
        }
        match name(blocks, at, above, next).filter(|name| !text.is_empty() || !name.above.is_empty()) {
            Some(signed) => found.push(Run {
                text: std::mem::take(&mut text),
                name: at,
                signed,
            }),
            None => text.push(at),
        }
    }
    // The asker's name may look different.
    let alike = found
        .windows(2)
        .skip(1)
        .all(|pair| pair[0].signed.dashed == pair[1].signed.dashed);
    (text.is_empty() && alike && !found.is_empty()).then_some((found, notes))
}

/// Reads the name that the block at `at` ends with. `above` and `next` are the blocks around it.
fn name<'a>(blocks: &'a [Block], at: usize, above: Option<&Block>, next: Option<&Block>) -> Option<Name<'a>> {
    let block = &blocks[at];
    let listed = |b: &Block| b.look == Look::Item || b.text.starts_with("- ");
    if block.look == Look::Item || turn::is_cited(blocks, at) {
        return None;
    }
    if let Some((who, hyphen)) = names::after_dash(&block.text) {
        let who = openings::plain(who);
        let trust = names::trust(&who);
        let list = above.is_some_and(|b| listed(b) || b.text.ends_with(':')) || next.is_some_and(listed);
        let signs = trust >= Trust::Known || !hyphen && trust >= Trust::Word;
        return (signs && !(hyphen && list)).then_some(Name {
            who,
            above: "",
            dashed: true,
        });
    }
    let text = block.text.trim_end();
    if let Some((above, who)) = behind_dash(text) {
        return Some(Name {
            who,
            above,
            dashed: true,
        });
    }
    let (above, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let opening = openings::read(&Block::new(Look::Paragraph, last))?;
    let named = opening.layout.form == Form::Line && !opening.announces && opening.trust >= Trust::Known;
    let ended = above.is_empty() || above.trim_end().ends_with(['.', '!', '?', '”', '"']);
    (named && ended).then_some(Name {
        who: opening.who,
        above,
        dashed: false,
    })
}

/// Splits `Ask twice. — *Ana Lima, PM*` into the text and the name.
fn behind_dash(text: &str) -> Option<(&str, String)> {
    let at = [" — ", " – ", "\n— ", "\n– "]
        .iter()
        .filter_map(|dash| text.rfind(dash))
        .max()?;
    let above = text[..at].trim_end();
    let who = openings::plain(names::after_dash(&text[at..])?.0);
    let ended = above
        .trim_end_matches(['*', '_'])
        .ends_with(['.', '!', '?', '”', '"', '…']);
    (ended && names::trust(&who) >= Trust::Known).then_some((above, who))
}

/// Reports whether a run is not a quotation inside somebody else's text, whose name would then be that of the quoted.
fn is_one_voice(blocks: &[Block], run: &Run) -> bool {
    let quotes = |text: &str| text.trim_start().starts_with(['>', '“', '"', '«', '„', '»']);
    let mut quoted = run.text.iter().map(|&at| quotes(&blocks[at].text)).collect::<Vec<_>>();
    quoted.extend((!run.signed.above.is_empty()).then(|| quotes(run.signed.above)));
    quoted.iter().all(|&q| q == quoted[0])
}

/// Reports whether the first run could be the asker's words.
fn asks(blocks: &[Block], run: &Run) -> bool {
    let texts = || {
        let texts = run.text.iter().map(|&at| blocks[at].text.as_str());
        texts.chain([run.signed.above]).filter(|text| !text.is_empty())
    };
    let own = |text: &str| key(text).split(' ').any(|word| OWN.contains(&word));
    texts().any(|text| text.contains('?')) || texts().any(own) && !texts().next().is_some_and(replies::opens)
}

/// Reports whether a line in bold heads what is below the answers.
fn heads(block: &Block) -> bool {
    super::regions::level(block) == Some(7) && !names::bare(&block.text).ends_with('?')
}

/// Reports whether the first of `runs` is surely the asker's: it ends with a question, or only its name has no role.
fn is_asked(blocks: &[Block], runs: &[Run]) -> bool {
    let [first, rest @ ..] = runs else { return false };
    let last = match first.signed.above {
        "" => first.text.last().map_or("", |&at| blocks[at].text.as_str()),
        above => above,
    };
    let role = |run: &Run| names::says_role(&run.signed.who);
    last.trim_end().ends_with('?') || !role(first) && rest.iter().all(role)
}

/// Makes the turns of a run. An unclear one keeps its name as text.
fn open(blocks: &[Block], run: &Run, unclear: bool, of: &mut [Option<Turn>]) {
    let mut text = String::new();
    let mut at_block = |at: usize, part: &str| {
        if !text.is_empty() {
            text.push_str(if blocks[at].loose { "\n\n" } else { "\n" });
        }
        text.push_str(part.trim());
    };
    for &at in &run.text {
        at_block(at, blocks[at].body());
    }
    if unclear {
        at_block(run.name, blocks[run.name].body());
    } else if !run.signed.above.is_empty() {
        at_block(run.name, run.signed.above);
    }
    let by = (!unclear).then(|| run.signed.who.clone());
    let first = run.text.first().copied().unwrap_or(run.name);
    // Each block below the first says how many of its words the answer keeps.
    let mut left = (by.as_deref().map_or(0, words) + words(&text)).saturating_sub(words(&blocks[first].text));
    for &at in run.text.iter().skip(1).chain([&run.name]).filter(|&&at| at != first) {
        let own = words(&blocks[at].text).min(left);
        left -= own;
        of[at] = Some(Turn::Label(own));
    }
    of[first] = Some(Turn::Answer(Said {
        by,
        text,
        why: if unclear { UNCLEAR } else { WHY },
        ..Said::default()
    }));
}
