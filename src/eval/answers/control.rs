//! The control: a trivial answer that real answers must beat.
//!
//! It takes the best passage that belongs to a discussion, and quotes the first two sentences of each answer in that
//! discussion. It is empty only if no such passage was found.

use super::{Cited, Told};
use crate::answer::one_line;
use crate::answer::sentences::sentences;
use crate::corpus::{Id, Passage};
use crate::index::{IndexError, Store};

/// Answers from the best of `found`.
pub fn answer(store: &Store, found: &[Passage]) -> Result<Vec<Told>, IndexError> {
    let discussion = |passage: &&Passage| !matches!(passage.id, Id::Resource { .. });
    let Some(best) = found.iter().find(discussion) else {
        return Ok(Vec::new());
    };
    let mut told = Vec::new();
    for passage in store.group(&best.id)?.iter().filter(|passage| passage.part == 0) {
        for (at, span) in sentences(&passage.text).into_iter().take(2).enumerate() {
            let text = &passage.text[span];
            told.push(Told {
                text: one_line(text),
                cited: vec![Cited {
                    id: passage.id.to_string(),
                    text: text.to_string(),
                }],
                opens: at == 0,
            });
        }
    }
    Ok(told)
}
