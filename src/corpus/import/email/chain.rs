//! Reads a chain of replies as a discussion: the oldest message asks, and those above it answer.
//!
//! Mail programs quote the message that is answered below the answer, with a line such as `On Monday, Ana Lima wrote:` or
//! a header above it.

use super::forward::{field_lines, without_prefix};
use crate::corpus::import::block::{Block, Document, Look};
use crate::corpus::import::clean::{key, one_line, words};
use crate::corpus::import::names;
use crate::corpus::import::talk::question_in;

/// Longest message that asks, in words. A whole letter that somebody answers is not a question.
const ASKED_WORDS: usize = 400;
/// Shortest answer, in words.
const ANSWER_WORDS: usize = 6;

/// Verbs of the line above a quoted message, in the languages of common mail programs.
const WROTE: [&str; 9] = [
    "wrote",
    "schrieb",
    "a écrit",
    "escribió",
    "escreveu",
    "ha scritto",
    "schreef",
    "skrev",
    "kirjoitti",
];

/// Reports whether a subject answers another: `Re: …`.
pub(super) fn is_reply(subject: &str) -> bool {
    let marks = ["re:", "aw:", "sv:", "antw:", "res:", "rif:"];
    let subject = subject.trim().to_lowercase();
    marks.iter().any(|mark| subject.starts_with(mark)) && without_prefix(&subject) != subject
}

/// Removes the marks of quotations from a plain text, if it is a chain with the newest message first.
///
/// Answers between quoted lines are no chain.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let level = |line: &str| {
        line.chars()
            .take_while(|c| matches!(c, '>' | ' '))
            .filter(|c| *c == '>')
            .count()
    };
    let mut highest = 0;
    let mut out = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start_matches(['>', ' ']);
        if !bare.trim().is_empty() && level(line) < highest {
            return None;
        }
        highest = highest.max(level(line));
        out.push(bare);
    }
    (highest > 0).then(|| out.join("\n"))
}

/// Turns the chain of `document` into a question and its answers. `sender` wrote the newest message. Returns whether it is
/// a chain.
pub(super) fn in_blocks(document: &mut Document, sender: &str) -> bool {
    let mut messages: Vec<(String, Vec<Block>)> = vec![(sender.to_string(), Vec::new())];
    let mut unseen = Vec::new();
    for block in &document.blocks {
        let Some((_, text)) = messages.last_mut().filter(|_| block.is_seen()) else {
            unseen.push(block.clone());
            continue;
        };
        match writer(&block.text) {
            Some(name) => {
                messages.push((name, Vec::new()));
                unseen.push(Block::new(Look::Unseen("header of a quoted mail"), block.text.clone()));
            }
            None => text.push(block.clone()),
        }
    }
    let count = |text: &[Block]| text.iter().map(|block| words(&block.text)).sum::<usize>();
    let Some((asker, asked)) = messages.pop().filter(|_| !messages.is_empty()) else {
        return false;
    };
    let title = asked.iter().rev().find_map(|block| question_in(&block.text));
    let answered = messages.iter().any(|(_, text)| count(text) >= ANSWER_WORDS);
    let Some(title) = title.filter(|_| answered && count(&asked) <= ASKED_WORDS) else {
        return false;
    };
    let mut blocks = vec![
        Block::new(Look::Heading(2), format!("Q: {title}")),
        Block::new(Look::Paragraph, format!("Asked by {asker}")),
    ];
    // Each message is one block, so that nothing in it is taken for a name or a mark.
    blocks.extend(one_block(asked, &asker, "", &mut unseen));
    for (name, text) in messages.into_iter().rev() {
        blocks.extend(one_block(text, &name, &format!("Answer from {name}:\n"), &mut unseen));
    }
    blocks.extend(unseen);
    document.blocks = blocks;
    true
}

/// Most words below the writer's name in a message that are a signature.
const SIGNATURE_WORDS: usize = 12;

/// Joins the text of a message to one block that begins with `label`. The writer's signature goes to `unseen`.
fn one_block(mut text: Vec<Block>, name: &str, label: &str, unseen: &mut Vec<Block>) -> Option<Block> {
    let own = key(name);
    let signs = |block: &Block| {
        let line = key(block.text.lines().next().unwrap_or_default());
        !line.is_empty() && (line == own || own.split(' ').any(|part| part == line))
    };
    if let Some(at) = text.iter().rposition(signs) {
        let below: usize = text[at..].iter().map(|block| words(&block.text)).sum();
        if below <= SIGNATURE_WORDS {
            unseen.extend(text.drain(at..).map(|block| Block {
                look: Look::Unseen("signature of the mail"),
                ..block
            }));
        }
    }
    let joined = |part: fn(&Block) -> &str| text.iter().map(part).collect::<Vec<_>>().join("\n\n");
    let rich = text.iter().any(|block| block.rich.is_some());
    let first = text.first()?;
    Some(Block {
        look: Look::Paragraph,
        text: format!("{label}{}", joined(|block| &block.text)),
        rich: rich.then(|| format!("{label}{}", joined(Block::body))),
        ..first.clone()
    })
}

/// Returns who wrote what is quoted below a line or a header.
fn writer(text: &str) -> Option<String> {
    if let Some(name) = field_lines(text) {
        return Some(name);
    }
    let line = one_line(text);
    let line = line.strip_suffix(':')?;
    if words(line) > 30 || !line.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let verb = WROTE.iter().find(|verb| line.contains(&format!(" {verb}")))?;
    let (before, after) = line.split_once(&format!(" {verb}"))?;
    // `Am 3.2.2025 schrieb Ana Lima <…>:` or `On Feb 3, 2025, at 11:40 AM Ana Lima <…> wrote:`
    let part = if after.trim().is_empty() {
        behind_time(before)
    } else {
        after
    };
    let name = part
        .split(['<', '('])
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches(['"', ',', '*', '_'])
        .trim();
    (names::is_person(name) || names::is_name(name) && words(name) <= 4).then(|| name.to_string())
}

/// Returns what follows the last word with a digit, and `AM` or `Uhr` behind it, outside of an address.
fn behind_time(text: &str) -> &str {
    let end = text.find('<').unwrap_or(text.len());
    let at = text[..end].rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    let rest = text[at..].trim_start_matches([',', ' ', '\u{202f}', ':']);
    let half = ["AM", "PM", "am", "pm", "Uhr", "a.m.", "p.m."];
    half.iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest)
        .trim_start_matches([',', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_above_quoted_messages_name_their_writers() {
        for (text, name) in [
            (
                "On Mon, Feb 3, 2025 at 11:40 AM Ana Lima <ana@a.example> wrote:",
                Some("Ana Lima"),
            ),
            (
                "On 4 Sep 2025, at 17:20, Ana Lima <ana@a.example>\nwrote:",
                Some("Ana Lima"),
            ),
            (
                "Am 03.02.2025 um 09:12 Uhr schrieb Ana Lima <ana@a.example>:",
                Some("Ana Lima"),
            ),
            (
                "Le lun. 3 févr. 2025 à 09:12, Ana Lima <ana@a.example> a écrit :",
                Some("Ana Lima"),
            ),
            (
                "From: Ana Lima <ana@a.example>\nSent: Wednesday, January 15, 2025 10:20\nTo: Ben\nSubject: Re: x",
                Some("Ana Lima"),
            ),
            ("In 2025 she wrote:", None),
            ("Ana wrote: ask them.", None),
        ] {
            assert_eq!(writer(text).as_deref(), name, "{text}");
        }
        assert!(is_reply("Re: Rewrite?") && !is_reply("Fwd: Rewrite?") && !is_reply("Reply to all"));
    }

    #[test]
    fn answers_between_quoted_lines_are_no_chain() {
        assert_eq!(unquoted("Yes.\n\n> Why?\n>> Hm").as_deref(), Some("Yes.\n\nWhy?\nHm"));
        assert_eq!(unquoted("> Why?\nBecause.\n> Hm"), None);
        assert_eq!(unquoted("Yes."), None);
    }
}
