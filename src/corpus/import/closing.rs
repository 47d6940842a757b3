//! Separates the sender's closing words from the last answer: `See you on Thursday.`, `– Edda Kraus, editor`.
//!
//! Without this, the sender's name would sign the answer above. A rule goes in front of the closing words, and they are
//! joined with the name into one block.

use super::block::{Block, Look};
use super::clean::{head, key, words};
use super::turns::turn;
use super::{furniture, marks};

/// Most words in a paragraph that says goodbye.
const LEAVE_WORDS: usize = 45;
/// Most words in one that is recognized only by a phrase in it.
const SPOKEN_WORDS: usize = 30;
/// Words for people who write for the newsletter itself.
const EDITORS: [&str; 6] = ["editor", "editors", "desk", "editorial", "newsletter", "publisher"];

/// Separates the closing words of `blocks` from the answer above them, if there is one.
pub(super) fn set_apart(blocks: &mut Vec<Block>) {
    // Mail programs put `-- ` above a signature (RFC 3676, 4.3).
    for block in blocks
        .iter_mut()
        .filter(|b| b.look == Look::Paragraph && b.text.trim() == "--")
    {
        *block = Block::new(Look::Rule, "");
    }
    let Some(name) = last_name(blocks) else { return };
    let answers = blocks[..name]
        .iter()
        .any(|b| b.is_seen() && (marks::answer(&b.text).is_some() || turn::is_question(b)));
    if !answers {
        return;
    }
    let editor = key(&blocks[name].text).split(' ').any(|word| EDITORS.contains(&word));
    let mut start = name;
    // The closing words may take up to three paragraphs above the name.
    for at in (name.saturating_sub(3)..name).rev().filter(|&at| blocks[at].is_seen()) {
        let block = &blocks[at];
        let signed = signature(block);
        let text = block.look == Look::Paragraph && words(&block.text) <= LEAVE_WORDS && !signed;
        if text && takes_leave(&block.text) {
            start = at;
        } else if signed && editor && start == name {
            // What follows a contributor's signature is the editor's.
            start = at + 1;
            break;
        } else if !text || !editor || marks::answer(&block.text).is_some() {
            break;
        }
    }
    if start >= name {
        return;
    }
    let mut last = blocks.split_off(start);
    let below = last.split_off(name - start + 1);
    let text: Vec<&str> = last.iter().filter(|b| b.is_seen()).map(|b| b.text.as_str()).collect();
    let closing = Block::new(Look::Paragraph, text.join("\n"));
    blocks.push(Block::new(Look::Rule, ""));
    blocks.extend(last.into_iter().filter(|b| !b.is_seen()));
    blocks.push(closing);
    blocks.extend(below);
}

/// Finds the last block that is not furniture, if it is a name after a dash.
fn last_name(blocks: &[Block]) -> Option<usize> {
    let at = blocks.iter().rposition(|b| !furniture::is_idle(b))?;
    signature(&blocks[at]).then_some(at)
}

fn signature(block: &Block) -> bool {
    block.look == Look::Paragraph
        && (marks::signature(&block.text).is_some() || marks::signed_by_role(&block.text).is_some())
}

/// Reports whether a paragraph is about the newsletter and its readers rather than the question.
fn takes_leave(text: &str) -> bool {
    let k = format!(" {} ", key(&head(text, 400)));
    let opens = [
        "ps",
        "p s",
        "see you",
        "until ",
        "till ",
        "that is all",
        "thats all",
        "thats it",
        "happy ",
        "have a ",
    ];
    let speaks = [
        " next week ",
        " next issue ",
        " next month ",
        " next edition ",
        " next letter ",
        " next time ",
        " this issue ",
        " this edition ",
        " this newsletter ",
        " our readers ",
        " the editor ",
        " see you ",
    ];
    let ours = || opens.iter().any(|o| k.trim_start().starts_with(o)) || speaks.iter().any(|phrase| k.contains(phrase));
    farewell(text) || words(text) <= SPOKEN_WORDS && ours()
}

/// Reports whether `text` says goodbye: `That is all for this week`, `Until next month, …`.
pub(super) fn farewell(text: &str) -> bool {
    let k = key(&head(text, 80));
    let opens = [
        "that is all for",
        "thats all for",
        "thats it for",
        "that is it for",
        "until next",
        "till next",
        "see you next",
        "see you in",
        "thanks for reading",
        "thank you for reading",
        "have a great week",
        "have a good week",
    ];
    // `Best, Dana`: a greeting, a comma and little else.
    let greeting = text.split_once(',').map(|(greeting, _)| key(greeting));
    let greets = [
        "best",
        "cheers",
        "yours",
        "warmly",
        "love",
        "regards",
        "best wishes",
        "kind regards",
        "take care",
    ];
    let short = words(text) <= 6 && greeting.is_some_and(|greeting| greets.contains(&greeting.as_str()));
    short || opens.iter().any(|opening| k.starts_with(opening))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(lines: &[&str]) -> Vec<Block> {
        let block = |text: &&str| Block::new(Look::Paragraph, *text);
        let mut blocks: Vec<Block> = lines.iter().map(block).collect();
        set_apart(&mut blocks);
        blocks
    }

    #[test]
    fn the_senders_farewell_is_parted_from_the_answer_above() {
        let blocks = letter(&[
            "Q1. Do dates help?",
            "A] They do.",
            "That is all for this week.",
            "– Edda Kraus",
        ]);
        assert_eq!(blocks[2].look, Look::Rule);
        assert_eq!(blocks[3].text, "That is all for this week.\n– Edda Kraus");
        let blocks = letter(&[
            "Q1. Why?",
            "A] So.",
            "– Ana Lima",
            "The poll is open.",
            "– Edda, editor",
        ]);
        assert_eq!(blocks[3].look, Look::Rule);
        assert_eq!(blocks[2].text, "– Ana Lima");
    }

    #[test]
    fn a_signature_below_an_answer_stays_there() {
        for lines in [
            &["Q1. Do dates help?", "A] They do.", "– Edda Kraus"][..],
            &[
                "Q1. Why?",
                "A] So.",
                "And because we said so in spring.",
                "– Ana Lima, PM",
            ],
            &["See you on Thursday.", "– Edda"],
        ] {
            assert_eq!(letter(lines).len(), lines.len());
        }
    }
}
