//! Compares the forms in which a mail has its text.

use std::collections::HashSet;

use crate::corpus::import::block::Document;
use crate::corpus::import::clean::key;
use crate::corpus::import::structure::built::Built;
use crate::corpus::import::structure::parts::UNSIGNED;

/// Reports whether two texts are nearly the same.
///
/// The shorter one has at least 8 distinct words and at least half as many as the other. Nine in ten of its words are
/// in the other.
pub(super) fn says_the_same(one: &Document, other: &Document) -> bool {
    let said = |document: &Document| -> HashSet<String> {
        let texts = document.blocks.iter().map(|block| key(&block.text));
        texts
            .flat_map(|text| text.split(' ').map(str::to_string).collect::<Vec<_>>())
            .collect()
    };
    let (one, other) = (said(one), said(other));
    let (few, many) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let shared = few.intersection(&many).count();
    few.len() >= 8 && few.len() * 2 >= many.len() && shared * 10 >= few.len() * 9
}

/// Signed answers; discussions; whether it is HTML and not a stub; words kept.
pub(super) type Score = (usize, usize, bool, usize);

pub(super) fn score(built: &Built, is_html: bool, longest: usize) -> Score {
    let edition = &built.edition;
    let answers = edition.discussions.iter().flat_map(|d| &d.answers);
    let signed = answers.filter(|a| a.contributor != UNSIGNED).count();
    let whole = is_html && built.words_kept * 2 >= longest;
    (signed, edition.discussions.len(), whole, built.words_kept)
}
