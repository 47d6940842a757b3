//! Lets a model choose among given texts instead of writing freely: decoding constrained to whole choices.
//!
//! In: a prompt's logits and the choices' tokens. Out: which choices, in which order. A small model that is asked to
//! write from passages makes things up; held to the passages' own sentences it cannot, and what it adds is the choice
//! and the order. Constraining decoding to a prefix tree of admissible texts is the method of GENRE (De Cao et al.,
//! arXiv 2010.00904). Once a choice is the only one left, its remaining tokens are read in one pass. It must not know
//! what the choices say.

use std::collections::BTreeSet;

/// The choices that are still to be had, as a walk through their prefix tree.
pub(super) struct Choices {
    /// Tokens of each choice as a first and as a later one (a space goes before it then).
    tokens: Vec<[Vec<u32>; 2]>,
    /// Choices not taken yet.
    left: Vec<usize>,
    /// How many were taken.
    pub taken: usize,
}

impl Choices {
    /// `encode` gives the tokens of plain text. A choice without tokens is left out.
    pub fn new(texts: &[String], encode: impl Fn(&str) -> Vec<u32>) -> Self {
        let tokens: Vec<_> = texts
            .iter()
            .map(|text| [encode(text), encode(&format!(" {text}"))])
            .collect();
        Choices {
            left: (0..tokens.len()).filter(|&at| !tokens[at][0].is_empty()).collect(),
            tokens,
            taken: 0,
        }
    }

    /// The tokens of a choice, if it were taken next.
    fn of(&self, choice: usize) -> &[u32] {
        &self.tokens[choice][usize::from(self.taken > 0)]
    }

    /// The choices that can come next within `room` tokens.
    pub fn open(&self, room: usize) -> Vec<usize> {
        self.left
            .iter()
            .copied()
            .filter(|&choice| self.of(choice).len() <= room)
            .collect()
    }

    /// The tokens with which the `open` choices go on after `depth` tokens.
    pub fn next_tokens(&self, open: &[usize], depth: usize) -> BTreeSet<u32> {
        open.iter()
            .filter_map(|&choice| self.of(choice).get(depth).copied())
            .collect()
    }

    /// Those of the `open` choices that have `token` after `depth` tokens.
    pub fn with(&self, open: &[usize], depth: usize, token: u32) -> Vec<usize> {
        open.iter()
            .copied()
            .filter(|&choice| self.of(choice).get(depth) == Some(&token))
            .collect()
    }

    /// Whether one of the `open` choices ends after `depth` tokens: then it is taken, as no other can be told from it.
    pub fn ended(&self, open: &[usize], depth: usize) -> Option<usize> {
        open.iter().copied().find(|&choice| self.of(choice).len() == depth)
    }

    /// Takes `choice`, and returns its tokens after `depth`.
    pub fn take(&mut self, choice: usize, depth: usize) -> Vec<u32> {
        let rest = self.of(choice)[depth..].to_vec();
        self.left.retain(|&other| other != choice);
        self.taken += 1;
        rest
    }
}

/// Makes every token impossible that is not in `allowed`.
pub(super) fn allow_only(logits: &mut [f32], allowed: &BTreeSet<u32>) {
    for (token, logit) in logits.iter_mut().enumerate() {
        if !allowed.contains(&(token as u32)) {
            *logit = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> Choices {
        let texts = ["ab", "ac", "a", ""].map(String::from);
        Choices::new(&texts, |text| text.trim_start().bytes().map(u32::from).collect())
    }

    #[test]
    fn a_walk_narrows_the_choices_token_by_token() {
        let mut choices = choices();
        let open = choices.open(9);
        assert_eq!(open, [0, 1, 2]);
        assert_eq!(choices.next_tokens(&open, 0), BTreeSet::from([97]));
        let open = choices.with(&open, 0, 97);
        assert_eq!(choices.ended(&open, 1), Some(2));
        assert_eq!(choices.next_tokens(&open, 1), BTreeSet::from([98, 99]));
        assert_eq!(choices.with(&open, 1, 99), [1]);
        assert_eq!(choices.take(1, 1), [99]);
        assert_eq!((choices.open(9), choices.taken), (vec![0, 2], 1));
    }

    #[test]
    fn a_choice_that_does_not_fit_is_closed() {
        assert_eq!(choices().open(1), [2]);
    }

    #[test]
    fn only_allowed_tokens_stay_possible() {
        let mut logits = [1.0, 2.0, 3.0];
        allow_only(&mut logits, &BTreeSet::from([1]));
        assert_eq!(logits, [f32::NEG_INFINITY, 2.0, f32::NEG_INFINITY]);
    }
}
