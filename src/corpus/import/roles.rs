//! Joins a name on a line of its own with the role in the paragraph below it: `### Ana Lima`, `PM at a bank`.
//!
//! Everything else then reads both as one line that names who answers.

use super::block::{Block, Look};
use super::clean::words;
use super::names::{self, Trust};

/// Most words in such a role.
const ROLE_WORDS: usize = 12;

/// So many names in plain text with a role below each are no accident.
const PLAIN: usize = 2;

/// Most words in a line that is a role because such lines stand below all names.
const CARD_WORDS: usize = 7;

/// Joins the names in `blocks` with the roles below them.
pub(super) fn join(blocks: Vec<Block>) -> Vec<Block> {
    // Layouts of page builders have each line in an element of its own, and rules or pictures around it.
    let plain = |pair: &&[Block]| is_plain_name(&pair[0]) && is_role(&pair[1]);
    let plain = blocks.windows(2).filter(plain).count() >= PLAIN;
    let is_name = |block: &Block| is_name(block) || plain && is_plain_name(block);
    let cards = cards(&blocks);
    let is_role = |name: &Block, below: &Block| {
        is_role(below)
            || is_role_heading(name, below)
            || cards.contains(&(name.look, below.look)) && is_card_role(below)
    };
    let mut out: Vec<Block> = Vec::with_capacity(blocks.len());
    let mut blocks = blocks.into_iter().peekable();
    while let Some(mut block) = blocks.next() {
        let role = blocks.next_if(|below| is_name(&block) && is_role(&block, below));
        if let Some(role) = role {
            // Text must follow, or the two lines sign what is above them.
            let signs = blocks
                .peek()
                .is_none_or(|next| !matches!(next.look, Look::Paragraph | Look::Item) || is_name(next));
            if signs {
                out.push(block);
                block = role;
            } else {
                block.text = joined(&block.text, names::bare(&role.text));
                block.rich = None;
            }
        }
        out.push(block);
    }
    out
}

/// Returns the looks of names and of the lines below them, if several people have such a line above their text and at
/// least half of these lines say a role.
fn cards(blocks: &[Block]) -> Vec<(Look, Look)> {
    let mut found: Vec<((Look, Look), usize, usize)> = Vec::new();
    for card in blocks.windows(3) {
        let named = is_name(&card[0]) || is_plain_name(&card[0]);
        let text = matches!(card[2].look, Look::Paragraph | Look::Item) && words(&card[2].text) > 3;
        if !(named && text && is_card_role(&card[1])) {
            continue;
        }
        let looks = (card[0].look, card[1].look);
        let says = usize::from(names::says_role(names::bare(&card[1].text)));
        match found.iter_mut().find(|(other, ..)| *other == looks) {
            Some((_, count, roles)) => (*count, *roles) = (*count + 1, *roles + says),
            None => found.push((looks, 1, says)),
        }
    }
    found.retain(|(_, count, roles)| *count >= PLAIN && roles * 2 >= *count);
    found.into_iter().map(|(looks, ..)| looks).collect()
}

/// Reports whether a line could say what somebody does, where others have such a line.
fn is_card_role(block: &Block) -> bool {
    let text = names::bare(&block.text);
    matches!(block.look, Look::Paragraph | Look::Heading(2..))
        && (1..=CARD_WORDS).contains(&words(text))
        && !text.contains('\n')
        && !text.ends_with(['.', '!', ':', ';', '?', ','])
        && !names::is_person(text)
        && names::sentence_free(text)
        && text.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase())
}

/// Reports whether a heading below a name in a heading is a role: `### Ana Lima`, `#### PM at a bank`.
fn is_role_heading(name: &Block, below: &Block) -> bool {
    let deeper = match (name.look, below.look) {
        (Look::Heading(name), Look::Heading(role)) => role > name || name == 7 && role == 7,
        _ => false,
    };
    deeper && is_role(&Block::new(Look::Paragraph, below.text.clone()))
}

/// Puts a role behind a name, within the emphasis of the name.
fn joined(name: &str, role: &str) -> String {
    let end = name.trim_end_matches(['*', '_', ' ', ',']).len();
    format!("{}, {role}{}", &name[..end], name[end..].trim_matches([' ', ',']))
}

/// Reports whether a block is a person's name in bold or in a heading, and nothing else.
fn is_name(block: &Block) -> bool {
    let text = names::bare(&block.text).trim_end_matches(',');
    let bold = block.text.starts_with("**") && block.text.trim_end().ends_with("**");
    let set_off = matches!(block.look, Look::Heading(2..)) || block.look == Look::Paragraph && bold;
    set_off && is_only_name(text)
}

/// Reports whether a block is a person's name without emphasis, and nothing else.
fn is_plain_name(block: &Block) -> bool {
    block.look == Look::Paragraph && is_only_name(block.text.trim())
}

fn is_only_name(text: &str) -> bool {
    names::is_person(text) && names::trust(text) >= Trust::Shape && !names::says_role(text)
}

/// Reports whether a block is one line that says what somebody does, and no sentence.
fn is_role(block: &Block) -> bool {
    let text = names::bare(&block.text);
    let starts = text.split([',', '(', '@', '|', '·']).next().unwrap_or(text);
    block.look == Look::Paragraph
        && words(text) <= ROLE_WORDS
        && !text.ends_with(['.', '!', ':', ';', '?'])
        && names::says_role(starts)
        && names::is_sure_byline(text)
}
