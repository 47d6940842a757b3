//! Defines what a block of a letter opens, and recognizes what a block and those around it can be.

use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::{marks, names};

/// What a block opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::corpus::import) enum Turn {
    Question(Asked),
    /// The asker, and what they say on the same lines. The name of an anonymous asker is empty.
    Asker(String, String),
    Answer(Said),
    /// A line that only announces what follows, such as `Transcript`, or that has this many words kept elsewhere.
    Label(usize),
    /// The author of the list item above.
    Byline,
    /// An editor's words between two answers.
    Aside,
    /// A line below the answers that heads something else.
    Section,
    /// What looks like a mark or a signature and is just text.
    Text,
    /// A choice below a question of a survey, which is text and no answer.
    Choice,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::corpus::import) struct Asked {
    /// The printed number, or 0.
    pub number: u32,
    pub title: String,
    pub body: String,
    pub asker: Option<String>,
    pub why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::corpus::import) struct Said {
    /// The named speaker.
    pub by: Option<String>,
    /// Index of the printed letter, 0 for A.
    pub index: Option<u32>,
    pub text: String,
    /// The title of the discussion that this answer opens, if no question is printed.
    pub opens: Option<String>,
    pub why: &'static str,
}

/// Finds the next visible block after `at`.
pub(in crate::corpus::import) fn next_seen(blocks: &[Block], at: usize) -> Option<usize> {
    (at + 1..blocks.len()).find(|&at| blocks[at].is_seen())
}

/// Reports whether `block` opens a question by itself.
pub(in crate::corpus::import) fn is_question(block: &Block) -> bool {
    let asks = |q: marks::Question| q.sure && (!q.short || q.title.trim_end().ends_with('?'));
    marks::question(&block.text).is_some_and(asks) || marks::asks(&block.text).is_some()
}

/// Reports whether text that could belong to the line at `at` follows.
pub(in crate::corpus::import) fn has_body(blocks: &[Block], at: usize) -> bool {
    next_seen(blocks, at).is_some_and(|next| {
        let block = &blocks[next];
        !matches!(block.look, Look::Heading(1..=3))
            && marks::answer(&block.text).is_none()
            && marks::label(&block.text).is_none()
            && !is_question(block)
    })
}

/// Reports whether block `at` is a name after a dash, and something new begins below it.
pub(in crate::corpus::import) fn is_signed_off(blocks: &[Block], at: usize) -> bool {
    let signs = marks::signature(&blocks[at].text).is_some() || marks::signed_by_role(&blocks[at].text).is_some();
    signs
        && blocks[at].look != Look::Item
        && !is_cited(blocks, at)
        && blocks.get(at + 1).is_none_or(|next| {
            matches!(next.look, Look::Rule | Look::Heading(_))
                || marks::answer(&next.text).is_some()
                || is_question(next)
        })
}

/// Reports whether the name at `at` signs a quotation inside somebody else's text.
pub(in crate::corpus::import) fn is_cited(blocks: &[Block], at: usize) -> bool {
    let mut above = blocks[..at].iter().rev().filter(|b| b.is_seen());
    let quoted = above.next().is_some_and(|b| b.text.starts_with("> "));
    quoted
        && above.next().is_some_and(|b| {
            b.look == Look::Paragraph
                && !b.text.starts_with("> ")
                && marks::answer(&b.text).is_none_or(|m| words(m.text) > 3)
                && !names_another(&b.text, &blocks[at].text)
        })
}

/// Verbs that come with the name of the one who is quoted.
const QUOTES: [&str; 9] = [
    "wrote", "writes", "said", "says", "put", "puts", "argued", "argues", "noted",
];

/// Reports whether the sentence above a quotation names who is quoted, and it is not the one who signs below:
/// `As Karen put it in May:`.
fn names_another(sentence: &str, signature: &str) -> bool {
    let signer = key(signature);
    let is_other = |word: &str| names::is_given(word) && !signer.split(' ').any(|own| own == key(word));
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_string();
    let parts: Vec<String> = sentence.split_whitespace().map(bare).collect();
    let quotes = |at: usize| parts.get(at).is_some_and(|word| QUOTES.contains(&word.as_str()));
    // A family name may stand between the given name and the verb.
    let is_family = |at: usize| parts.get(at).is_some_and(|word| word.starts_with(char::is_uppercase));
    (0..parts.len()).any(|at| {
        let behind = quotes(at + 1) || is_family(at + 1) && quotes(at + 2);
        (behind || at > 0 && quotes(at - 1)) && is_other(&parts[at])
    })
}
