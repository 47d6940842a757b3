//! Finds the turns in transcripts with speakers, interviews with bold questions, and letter columns (`Dear …`).
//!
//! Every turn goes to the speaker that the text names. If it is not clear who speaks, the text is left as it is.

mod asking;
mod letters;
mod set_off;
mod stamps;

use std::collections::{HashMap, HashSet};

pub(super) use self::asking::question_in;
pub(super) use self::stamps::is_stamped;
use self::stamps::stamped;
use super::block::{Block, Look};
use super::clean::{key, one_line, words};
use super::names;
use super::turns::turn::{Asked, Said, Turn, next_seen};
use super::{asides, marks};

/// So many turns with a time are a talk, whatever they say.
const STAMPED: usize = 4;

/// Words for people in a talk who are not named.
const CROWD: &str = "audience guest caller participant speaker host moderator interviewer unknown voice attendee listener student \
     woman man lady gentleman";

/// Finds the turns of a talk. Returns whether the text is one.
pub(super) fn read(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    // A letter with marked answers is not a talk.
    let marked = |b: &Block| {
        b.is_seen() && (marks::answer(&b.text).is_some_and(|m| m.index < 3) || marks::asks(&b.text).is_some())
    };
    let stamped = blocks
        .iter()
        .filter(|b| b.is_seen() && stamped(&b.text).is_some())
        .count();
    if stamped < STAMPED && blocks.iter().any(marked) {
        return false;
    }
    transcript(blocks, of) || letters::find(blocks, of) || interview(blocks, of)
}

/// A part of a transcript: the speaker, and what they say on the same lines.
struct Speech<'a> {
    at: usize,
    who: &'a str,
    said: &'a str,
    /// The blocks below a name that stands alone with the time.
    below: std::ops::Range<usize>,
    asks: bool,
}

impl<'a> Speech<'a> {
    fn new(at: usize, who: &'a str, said: &'a str) -> Self {
        let (below, asks) = (0..0, false);
        Speech {
            at,
            who,
            said,
            below,
            asks,
        }
    }
}

/// Gives each part of a transcript the text that stands below its line.
fn with_text(speeches: &mut [Speech], blocks: &[Block]) {
    let mut end = blocks.len();
    for speech in speeches.iter_mut().rev() {
        if speech.said.is_empty() {
            let ends = |b: &Block| matches!(b.look, Look::Rule | Look::Heading(1..=6));
            let first = speech.at + 1;
            let over = blocks[first..end].iter().position(ends);
            speech.below = first..over.map_or(end, |over| first + over);
        }
        let mut below = blocks[speech.below.clone()].iter().filter(|b| b.is_seen());
        speech.asks = speech.said.contains('?') || below.any(|b| b.text.contains('?'));
        end = speech.at;
    }
}

fn transcript(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    // A list of times and titles has the chapters.
    let chapter = |b: &Block| b.look == Look::Item && stamped(&b.text).is_some_and(|(_, said)| said.is_empty());
    let seen = || blocks.iter().enumerate().filter(|(_, b)| b.is_seen() && !chapter(b));
    let stamps = seen().filter(|(_, b)| stamped(&b.text).is_some()).count();
    let mut speeches: Vec<Speech> = if stamps >= 2 {
        let known: HashSet<&str> = seen().filter_map(|(_, b)| Some(stamped(&b.text)?.0)).collect();
        seen()
            .filter_map(|(at, b)| {
                let unstamped = || names::spoken_line(&b.text).filter(|(who, _)| known.contains(who));
                let (who, said) = stamped(&b.text).or_else(unstamped)?;
                Some(Speech::new(at, without_part(who), said))
            })
            .collect()
    } else {
        let mut speeches: Vec<Speech> = seen()
            .filter(|(_, b)| matches!(b.look, Look::Paragraph))
            .filter_map(|(at, b)| {
                let (who, said) = names::spoken_line(&b.text)?;
                let who = without_part(who);
                (names::is_speaker(who) && !said.is_empty()).then_some(Speech::new(at, who, said))
            })
            .collect();
        in_full(&mut speeches);
        if !by_turns(&speeches, blocks) {
            speeches = seen()
                .filter_map(|(at, b)| {
                    let (who, said) = set_off::speech(b)?;
                    Some(Speech::new(at, who, said))
                })
                .collect();
            in_full(&mut speeches);
            if !by_turns(&speeches, blocks) || set_off::other_headings(blocks, speeches.iter().map(|s| s.at)) {
                return false;
            }
        }
        speeches
    };
    with_text(&mut speeches, blocks);
    let host = host(&speeches).or_else(|| opener(&speeches));
    let guest = guest(&speeches).filter(|_| host.is_none());
    if speeches.len() < 2 || stamps < 2 && host.is_none() && guest.is_none() {
        return false;
    }
    let first = speeches[0].at;
    let heading = (0..first).rev().find(|&at| blocks[at].is_seen());
    let announces = heading.filter(|&at| {
        let announced = [
            "transcript",
            "full transcript",
            "interview",
            "the interview",
            "conversation",
            "the conversation",
        ];
        matches!(blocks[at].look, Look::Heading(_)) && announced.contains(&key(&blocks[at].text).as_str())
    });
    let mut asked = false;
    for speech in &speeches {
        let asks = speech.asks && (host == Some(speech.who) || guest.is_some_and(|guest| guest != speech.who));
        // What the host says before the first question opens nothing.
        of[speech.at] = match (asks, asked || host.is_none() && guest.is_none()) {
            (true, _) => Some(asked_by(speech, blocks, of)),
            (false, true) => Some(Turn::Answer(Said {
                by: Some(speech.who.to_string()),
                text: speech.said.to_string(),
                opens: (!asked).then(|| "Conversation".to_string()),
                why: "a line names the speaker",
                ..Said::default()
            })),
            (false, false) => None,
        };
        asked |= of[speech.at].is_some();
    }
    if asked {
        strays(blocks, &speeches, of);
        after_talk(blocks, &speeches, of);
    }
    if let Some(at) = announces.filter(|_| of[first].is_some()) {
        of[at] = Some(Turn::Label(0));
    }
    asked
}

/// Removes the part in a talk from a name: `ANA LIMA, HOST`, `Host - Ana Lima`.
fn without_part(who: &str) -> &str {
    let is_part = |part: &str| names::among(CROWD, &key(part));
    let behind = who
        .split_once(", ")
        .filter(|(_, part)| is_part(part))
        .map(|(who, _)| who);
    let before = who
        .split_once(" - ")
        .filter(|(part, _)| is_part(part))
        .map(|(_, who)| who.trim());
    behind.or(before).unwrap_or(who)
}

/// Replaces a first or last name by the full name that another turn gives it: `Pavel` by `Pavel Novák`.
fn in_full(speeches: &mut [Speech]) {
    let mut full: Vec<&str> = speeches
        .iter()
        .map(|speech| speech.who)
        .filter(|who| words(who) > 1)
        .collect();
    full.sort_unstable();
    full.dedup();
    for speech in speeches.iter_mut().filter(|speech| words(speech.who) == 1) {
        let mut bearers = full
            .iter()
            .filter(|full| full.split_whitespace().any(|part| part == speech.who));
        if let (Some(bearer), None) = (bearers.next(), bearers.next()) {
            speech.who = bearer;
        }
    }
}

/// Finds the words of people whom the transcript does not name, such as `Audience member: …`, and editors' notes.
fn strays(blocks: &[Block], speeches: &[Speech], of: &mut [Option<Turn>]) {
    let bold = |at: usize| blocks[at].text.starts_with(['*', '_', '[']);
    let (Some(first), Some(last)) = (speeches.first(), speeches.last()) else {
        return;
    };
    let marked = bold(first.at);
    let last = if last.said.is_empty() {
        last.below.end
    } else {
        blocks.len()
    };
    for at in first.at + 1..last {
        if !blocks[at].is_seen() || of[at].is_some() {
            continue;
        }
        if asides::is_labelled(&blocks[at].text) || stamps::is_notice(&blocks[at].text) {
            of[at] = Some(Turn::Aside);
        } else if is_stray(&blocks[at].text, marked && bold(at)) {
            of[at] = Some(Turn::Answer(Said {
                text: blocks[at].body().to_string(),
                why: "a line names a speaker, and it is not clear whom",
                ..Said::default()
            }));
        }
    }
}

/// Finds where something else begins below the last turn, such as links or a sponsor, if all turns are one paragraph.
fn after_talk(blocks: &[Block], speeches: &[Speech], of: &mut [Option<Turn>]) {
    let one_paragraph =
        |pair: &[Speech]| (pair[0].at + 1..pair[1].at).all(|at| !blocks[at].is_seen() || of[at].is_some());
    let Some(last) = speeches.last().filter(|last| !last.said.is_empty()) else {
        return;
    };
    if speeches.len() < 4 || !speeches.windows(2).all(one_paragraph) {
        return;
    }
    let next = next_seen(blocks, last.at).filter(|&next| of[next].is_none());
    if let Some(next) = next.filter(|&next| matches!(blocks[next].look, Look::Paragraph | Look::Item)) {
        of[next] = Some(Turn::Aside);
    }
}

/// Reports whether a few words before a colon are a speaker without a name. `marked` says that they look like names.
fn is_stray(text: &str, marked: bool) -> bool {
    let timed = text.trim_start_matches(['[', '(']);
    let bare = timed.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.'));
    let text = match bare.strip_prefix([']', ')']) {
        Some(rest) if bare.len() < timed.len() => rest.trim_start(),
        _ => text,
    };
    let Some((who, said)) = names::spoken_line(text).filter(|(who, said)| words(who) <= 6 && !said.is_empty()) else {
        return false;
    };
    let k = key(who);
    let part = |word: &str| names::among(CROWD, word);
    let handle = who.contains('_') || who.starts_with('@');
    let opens = k
        .split(' ')
        .next()
        .is_some_and(|word| names::among(names::NO_SPEAKER, word));
    !said.is_empty() && (k.split(' ').any(part) || handle || marked && !opens)
}

/// Reports whether lines without times are the turns of a talk.
///
/// There must be at least four, from two to six people, at least two of whom speak again. They must be at least two
/// fifths of the blocks between the first and the last.
fn by_turns(speeches: &[Speech], blocks: &[Block]) -> bool {
    let (Some(first), Some(last)) = (speeches.first(), speeches.last()) else {
        return false;
    };
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for speech in speeches {
        *counts.entry(speech.who).or_default() += 1;
    }
    let seen = blocks[first.at..=last.at].iter().filter(|b| b.is_seen()).count();
    let again = counts.values().filter(|&&count| count >= 2).count();
    speeches.len() >= 4 && (2..=6).contains(&counts.len()) && again >= 2 && speeches.len() * 5 >= seen * 2
}

/// Returns the speaker who asks.
///
/// More than half of the host's turns are questions, or exactly half if there are several. The host asks more than
/// everybody else together, and others speak after the questions.
fn host<'a>(speeches: &[Speech<'a>]) -> Option<&'a str> {
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for speech in speeches {
        let (all, asks) = counts.entry(speech.who).or_default();
        *all += 1;
        *asks += usize::from(speech.asks);
    }
    let all_asks: usize = counts.values().map(|(_, asks)| asks).sum();
    let mostly = |all: usize, asks: usize| asks * 2 > all || asks * 2 == all && asks > 1;
    let host = counts
        .into_iter()
        .find(|(_, (all, asks))| mostly(*all, *asks) && asks * 2 > all_asks)?
        .0;
    let answered = speeches
        .windows(2)
        .any(|pair| pair[0].who == host && pair[0].asks && pair[1].who != host);
    answered.then_some(host)
}

/// Returns who alone answers what several others ask.
fn guest<'a>(speeches: &[Speech<'a>]) -> Option<&'a str> {
    let mut turns: HashMap<&str, usize> = HashMap::new();
    for speech in speeches.iter().filter(|speech| !speech.asks) {
        *turns.entry(speech.who).or_default() += 1;
    }
    let (guest, _) = turns
        .into_iter()
        .max_by_key(|(who, turns)| (*turns, std::cmp::Reverse(*who)))?;
    let others: Vec<&Speech> = speeches.iter().filter(|speech| speech.who != guest).collect();
    let askers: HashSet<&str> = others
        .iter()
        .filter(|speech| speech.asks)
        .map(|speech| speech.who)
        .collect();
    let asked = others.iter().filter(|speech| speech.asks).count();
    let silent = !speeches.iter().any(|speech| speech.who == guest && speech.asks);
    (silent && askers.len() >= 2 && asked * 4 >= others.len() * 3).then_some(guest)
}

/// Returns who begins a conversation with its only question, if others answer it.
fn opener<'a>(speeches: &[Speech<'a>]) -> Option<&'a str> {
    let (first, rest) = speeches.split_first()?;
    let others = rest
        .iter()
        .filter(|speech| speech.who != first.who)
        .map(|speech| speech.who);
    let only = first.asks && !rest.iter().any(|speech| speech.asks);
    (only && others.collect::<HashSet<_>>().len() >= 2).then_some(first.who)
}

fn asked_by(speech: &Speech, blocks: &[Block], of: &mut [Option<Turn>]) -> Turn {
    let below = speech.below.clone().filter(|&at| blocks[at].is_seen());
    let parts: Vec<&str> = below.clone().map(|at| blocks[at].text.as_str()).collect();
    let joined = parts.join("\n\n");
    let text = if parts.is_empty() { speech.said.trim() } else { &joined };
    for at in below {
        of[at] = Some(Turn::Label(words(&blocks[at].text)));
    }
    let title = question_in(text).unwrap_or_else(|| one_line(text));
    let whole = title == one_line(text);
    Turn::Question(Asked {
        title,
        body: if whole { String::new() } else { text.to_string() },
        asker: Some(speech.who.to_string()),
        why: "the speaker who asks most questions asks one",
        ..Asked::default()
    })
}

/// Finds questions in bold, each with its answer below.
fn interview(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    set_off_by("**", blocks, of) || set_off_by("*", blocks, of) || set_off_by("_", blocks, of)
}

/// Finds questions that `mark` stands around, each with its answer below.
fn set_off_by(mark: &str, blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let bold = |b: &Block| {
        let text = b.text.trim();
        let inner = text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
        let marked = inner.is_some_and(|inner| !inner.is_empty() && !inner.starts_with(mark) && !inner.contains(mark));
        mark == "**" && b.look == Look::Heading(7) || b.look == Look::Paragraph && marked
    };
    let asks = |b: &Block| bold(b) && names::bare(&b.text).ends_with('?') && marks::question(&b.text).is_none();
    let found: Vec<usize> = (0..blocks.len()).filter(|&at| asks(&blocks[at])).collect();
    let bolds = blocks.iter().filter(|b| b.is_seen() && bold(b)).count();
    let headings = blocks.iter().filter(|b| matches!(b.look, Look::Heading(2..=6))).count();
    let marked = blocks
        .iter()
        .any(|b| b.is_seen() && marks::question(&b.text).is_some_and(|q| q.sure));
    if found.len() < 2 || found.len() * 10 < bolds * 6 || headings > found.len() || marked {
        return false;
    }
    // Where names stand before the answers, `answers.rs` reads them.
    let ends = found.iter().skip(1).copied().chain([blocks.len()]);
    let named = |(at, end): (&usize, usize)| {
        let said = |b: &Block| {
            let line = names::spoken_line(&b.text);
            line.is_some_and(|(who, _)| words(who) > 1 && names::trust(who) >= names::Trust::Known)
        };
        let signed = |b: &Block| {
            let name = names::after_dash(&b.text).filter(|(_, hyphen)| !hyphen);
            name.is_some_and(|(name, _)| names::trust(name) >= names::Trust::Known)
                || marks::asked_by(&b.text).is_some()
        };
        blocks[at + 1..end]
            .iter()
            .any(|b| b.is_seen() && (said(b) || signed(b)))
    };
    if found.iter().zip(ends).filter(|pair| named(*pair)).count() * 2 >= found.len() {
        return false;
    }
    let mut any = false;
    for at in found {
        let answer = next_seen(blocks, at)
            .filter(|&next| !asks(&blocks[next]) && !matches!(blocks[next].look, Look::Heading(1..=6)));
        let Some(answer) = answer else { continue };
        any = true;
        of[at] = Some(Turn::Question(Asked {
            title: one_line(names::bare(&blocks[at].text)),
            why: "a question in bold",
            ..Asked::default()
        }));
        of[answer] = Some(Turn::Answer(Said {
            text: blocks[answer].text.clone(),
            why: "text below a question in bold",
            ..Said::default()
        }));
    }
    any
}
