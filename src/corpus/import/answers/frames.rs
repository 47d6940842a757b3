//! Finds names in the same frame of words above each answer: `Panelist: Ana Lima`, `Ana Lima’s answer`, `#1 Ana Lima`.
//!
//! One such line may be anything. Two below one question, with different people in the same frame, name who answers.

use std::collections::HashSet;

use super::said_by;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::marks;
use crate::corpus::import::names::{self, Trust};
use crate::corpus::import::turns::turn::{self, Turn};

/// Most words in a line with a name and its frame.
const LINE_WORDS: usize = 16;
/// Most words in the frame.
const FRAME_WORDS: usize = 3;

/// Words that a name with an apostrophe stands before.
const OWNED: [&str; 8] = [
    "answer", "reply", "take", "view", "advice", "response", "thoughts", "opinion",
];

/// A name and the words around it, by which lines are compared.
struct Framed {
    at: usize,
    frame: String,
    who: String,
}

/// Finds the framed names below questions, and makes answers of them. Returns whether there are any.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let mut asked = false;
    let mut found: Vec<Framed> = Vec::new();
    for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is_seen()) {
        let heading = matches!(block.look, Look::Heading(1..=6)) && names::bare(&block.text).ends_with('?');
        if turn::is_question(block) || heading || marks::asked_by(&block.text).is_some() {
            asked = true;
        } else if asked && of[at].is_none() && block.look != Look::Item && turn::has_body(blocks, at) {
            found.extend(framed(&block.text).map(|(frame, who)| Framed { at, frame, who }));
        }
    }
    let mut any = false;
    let frames: HashSet<String> = found.iter().map(|line| line.frame.clone()).collect();
    for frame in frames {
        let alike: Vec<&Framed> = found.iter().filter(|line| line.frame == frame).collect();
        let people: HashSet<String> = alike.iter().map(|line| key(&line.who)).collect();
        if people.len() < 2 {
            continue;
        }
        for line in alike {
            any = true;
            of[line.at] = said_by(&line.who, None, "", "names stand in the same words above the answers");
        }
    }
    any
}

/// Splits a line into its frame and the name.
fn framed(text: &str) -> Option<(String, String)> {
    let text = names::bare(text);
    if text.contains('\n') || words(text) > LINE_WORDS || text.ends_with(['.', '?', '!']) {
        return None;
    }
    let named = |who: &str| {
        let name = who.split([',', '(', '@', '|']).next().unwrap_or(who).trim();
        let person = names::is_person(name) || words(name) == 1 && names::is_given(name);
        person && names::trust(name) >= Trust::Shape
    };
    let kept = |frame: String, who: &str| {
        let who = who.trim().trim_end_matches(':').trim();
        named(who).then(|| (frame, who.to_string()))
    };
    let label = |text: &str| -> String { key(text).chars().filter(|c| !c.is_ascii_digit()).collect() };
    if let Some((before, who)) = text.split_once(": ")
        && words(before) <= FRAME_WORDS
    {
        return kept(format!("{}:", label(before)), who);
    }
    let lower = text.to_lowercase();
    for sign in ["’s ", "'s "] {
        if let Some((who, noun)) = text.split_once(sign)
            && OWNED.contains(&key(noun).as_str())
        {
            return kept(format!("s {}", key(noun)), who);
        }
    }
    if lower.starts_with("what ")
        && let Some(who) = [" says", " said", " thinks", " answers"]
            .iter()
            .find_map(|verb| text[5..].strip_suffix(verb))
    {
        return kept("what says".into(), who);
    }
    if let Some(who) = [", answers", ", replies", ", responds", ", writes"]
        .iter()
        .find_map(|verb| text.strip_suffix(verb))
    {
        return kept("answers".into(), who);
    }
    if let Some((before, who)) = text.split_once(" from ")
        && words(before) <= FRAME_WORDS
    {
        return kept(format!("{} from", label(before)), who);
    }
    // `#1 Ana Lima`, `a. Ana Lima`, `A — Ana Lima`
    if let Some((before, who)) = text.split_once(' ') {
        let bare = before.trim_matches(|c: char| !c.is_alphanumeric());
        let numbered = !bare.is_empty() && bare.len() <= 2 && bare.chars().all(|c| c.is_ascii_digit());
        let lettered = bare.len() == 1 && bare.chars().all(|c| c.is_ascii_alphabetic());
        let who = who.trim_start_matches(['—', '–', '-', '|', ' ']);
        let parted = bare.len() < before.len() || who.len() + before.len() + 1 < text.len();
        if parted && (numbered || lettered) {
            return kept("number".into(), who);
        }
    }
    if let Some((_, firm)) = text.split_once(" @ ")
        && words(firm) <= FRAME_WORDS
    {
        return kept("@".into(), text);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_of_their_frames() {
        for (text, who) in [
            ("Panelist: Ana Lima, PM", Some("Ana Lima, PM")),
            ("From the community: Ana Lima (PM)", Some("Ana Lima (PM)")),
            ("Ana Lima’s answer", Some("Ana Lima")),
            ("Ana's take", Some("Ana")),
            ("What Ana Lima says", Some("Ana Lima")),
            ("Ana Lima, PM, answers", Some("Ana Lima, PM")),
            ("Advice from Ana Lima", Some("Ana Lima")),
            ("Answer #2 from Ana Lima", Some("Ana Lima")),
            ("#1 Ana Lima, PM", Some("Ana Lima, PM")),
            ("a. Ana Lima, PM", Some("Ana Lima, PM")),
            ("A — Ana Lima, PM", Some("Ana Lima, PM")),
            ("Ana Lima @ Plank", Some("Ana Lima @ Plank")),
            ("Note: Product Hunt", None),
            ("What the board says", None),
            ("Step 2: Ask the janitor", None),
            ("I met Ana Lima", None),
            ("Ana Lima", None),
        ] {
            assert_eq!(framed(text).map(|(_, who)| who).as_deref(), who, "{text}");
        }
    }
}
