//! Finds what an editor adds between the answers of contributors, and answers that two people sign.
//!
//! An answer with a letter ends at the next letter, question, heading or rule. If an editor's note follows its
//! signature, the contributor's name signs the answer and the note becomes a section. If two names sign it and neither
//! is an editor's, nobody does: a quote under the wrong name is worse than one without a name.

use super::block::{Block, Look};
use super::clean::{head, key};
use super::turns::turn::{self, Turn};
use super::{marks, names};

/// Adds a turn for each block of an editor's note, and for signatures that contradict each other.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) {
    let mut at = 0;
    while at < blocks.len() {
        let opens = blocks[at].is_seen() && of[at].is_none() && marks::answer(&blocks[at].text).is_some();
        let from = at;
        at += 1;
        if !opens {
            continue;
        }
        while at < blocks.len() && !ends(&blocks[at], of[at].as_ref()) {
            at += 1;
        }
        answer(blocks, of, from + 1, at);
    }
    labelled(blocks, of);
}

/// Finds the notes that say whose they are below an answer with a name above it.
fn labelled(blocks: &[Block], of: &mut [Option<Turn>]) {
    let mut named = false;
    for at in 0..blocks.len() {
        match &of[at] {
            Some(Turn::Answer(said)) => named = said.by.is_some(),
            Some(Turn::Question(_)) => named = false,
            None if named && blocks[at].look == Look::Paragraph && is_labelled(&blocks[at].text) => {
                of[at] = Some(Turn::Aside);
            }
            _ => {}
        }
    }
}

/// Whether a block ends the answer above it.
fn ends(block: &Block, turn: Option<&Turn>) -> bool {
    let marked = || marks::answer(&block.text).is_some() || marks::label(&block.text).is_some();
    turn.is_some()
        || matches!(block.look, Look::Rule | Look::Heading(1..=6))
        || block.is_seen() && (marked() || turn::is_question(block) || marks::question(&block.text).is_some())
}

/// Looks at the signatures of the answer in the blocks `from..to`.
fn answer(blocks: &[Block], of: &mut [Option<Turn>], from: usize, to: usize) {
    let signed: Vec<(usize, &str)> = (from..to)
        .filter_map(|at| Some((at, signer(blocks, at)?)))
        .filter(|&(at, name)| !is_announced(&blocks[from - 1..at], name))
        .collect();
    let Some(&(first, name)) = signed.first() else { return };
    let note = turn::next_seen(blocks, first).filter(|&at| at < to);
    let labelled = note.is_some_and(|at| is_labelled(&blocks[at].text));
    let last = signed.last().filter(|(at, _)| *at > first);
    let edited = last.is_some_and(|(at, last)| is_editor(last) && note.is_some_and(|note| note < *at));
    if signed.len() <= 2 && !is_editor(name) && (labelled || edited) {
        for turn in &mut of[first + 1..to] {
            *turn = Some(Turn::Aside);
        }
    } else if signed.iter().any(|(_, other)| key(other) != key(name)) {
        for (at, _) in signed {
            of[at] = Some(Turn::Text);
        }
    }
}

/// Who signs with the block at `at`; the name below a quotation says whose words it has.
fn signer(blocks: &[Block], at: usize) -> Option<&str> {
    let block = blocks.get(at).filter(|b| b.look == Look::Paragraph)?;
    let (name, hyphen) = names::after_dash(&block.text)?;
    let above = blocks[..at].iter().rev().find(|b| b.is_seen())?;
    let opens = |text: &str| text.starts_with(['>', '“', '"', '«', '„', '»', '*', '_']);
    let text = marks::answer(&above.text).map_or(above.text.as_str(), |mark| mark.text);
    let quoted = opens(text) || text.ends_with([':', '”', '"', '»', '«', '“']);
    (!hyphen && !quoted && names::is_byline(name)).then_some(name)
}

/// Whether the text above a signature names its bearer, as a text does that quotes somebody.
fn is_announced(above: &[Block], name: &str) -> bool {
    let person = key(name.split([',', '(']).next().unwrap_or(name));
    above
        .iter()
        .any(|b| b.look == Look::Paragraph && names::after_dash(&b.text).is_none() && key(&b.text).contains(&person))
}

/// Whether a signature is that of somebody who edits the letter: `Edda Kraus, editor`, `Edda, for the desk`.
pub(super) fn is_editor(name: &str) -> bool {
    let Some((_, role)) = name.split_once([',', '(']) else {
        return false;
    };
    let role = key(role);
    let rank = [
        "the",
        "your",
        "our",
        "managing",
        "senior",
        "deputy",
        "executive",
        "for",
        "chief",
        "newsletter",
        "in",
        "of",
        "at",
        "this",
        "letter",
    ];
    let rest: Vec<&str> = role.split(' ').filter(|word| !rank.contains(word)).collect();
    matches!(
        rest[..],
        ["editor" | "editors" | "ed" | "desk" | "editorial" | "publisher"]
    )
}

/// Whether the words before a colon say that the newsletter itself speaks: `Sponsor`, `Our take`.
pub(super) fn is_ours(label: &str) -> bool {
    matches!(
        key(label).as_str(),
        "sponsor"
            | "our sponsor"
            | "sponsored"
            | "advertisement"
            | "ad"
            | "our take"
            | "our view"
            | "our answer"
            | "our advice"
            | "we say"
            | "from the editor"
            | "from the editors"
            | "from us"
            | "correction"
            | "ps"
            | "p s"
            | "coming up"
            | "upcoming"
            | "events"
            | "jobs"
            | "in other news"
            | "in the next issue"
            | "what we are reading"
            | "what were reading"
    ) || key(label).starts_with("next ")
}

/// Whether a text says that an editor wrote it: `Editor's note: …`, `[Ed.: …]`.
pub(super) fn is_labelled(text: &str) -> bool {
    let text = names::bare(text).trim_start_matches(['(', '[', '*', '_']);
    let Some((label, _)) = text.split_once([':', '—', '–', '\n']) else {
        return false;
    };
    matches!(
        key(&head(label, 60))
            .trim_start_matches("an ")
            .trim_start_matches("the "),
        "correction"
            | "corrections"
            | "erratum"
            | "editors note"
            | "editor s note"
            | "editorial note"
            | "editors comment"
            | "ed"
            | "ed note"
            | "eds note"
            | "editor"
            | "editors"
            | "note by the editor"
            | "note by the editors"
            | "note from the editor"
            | "note from the editors"
            | "note from the desk"
            | "a note from the editor"
            | "a note from the editors"
            | "a note by the editor"
    )
}
