//! Drafts the next tokens by looking them up in the text so far: an answer from passages repeats the passages.
//!
//! The model reads a draft in one pass. A wrong guess costs a little time and never changes the answer. The method is
//! prompt lookup decoding (Saxena, 2023), a form of speculative decoding (Leviathan et al., arXiv 2211.17192).

/// Longest and shortest run of last tokens to look up.
const LONGEST: usize = 4;
const SHORTEST: usize = 2;
/// Default for the longest draft.
pub(super) const MOST: usize = 10;
/// Number of failed drafts in a row before drafting pauses, and the length of the pause in tokens.
const PATIENCE: usize = 2;
const REST: usize = 8;

/// The tokens so far, and how well drafts have done.
pub(super) struct Lookup {
    tokens: Vec<u32>,
    /// Longest draft.
    most: usize,
    /// Length of the next draft.
    length: usize,
    failed: usize,
    rest: usize,
}

impl Lookup {
    /// Starts after `prompt`, with drafts of at most `most` tokens.
    pub fn new(prompt: &[u32], most: usize) -> Self {
        Lookup {
            tokens: prompt.to_vec(),
            most,
            length: most.div_ceil(2),
            failed: 0,
            rest: 0,
        }
    }

    /// Adds the next token of the answer.
    pub fn push(&mut self, token: u32) {
        self.tokens.push(token);
        self.rest = self.rest.saturating_sub(1);
    }

    /// Records that the first `accepted` of `drafted` tokens were right. The next draft becomes longer or shorter, or
    /// drafting pauses.
    pub fn tell(&mut self, drafted: usize, accepted: usize) {
        if drafted == 0 {
            return;
        }
        if accepted == drafted {
            self.length = (self.length * 2).min(self.most);
        } else {
            self.length = (accepted + 1).max(SHORTEST).min(self.most);
        }
        if accepted > 0 {
            self.failed = 0;
            return;
        }
        self.failed += 1;
        if self.failed >= PATIENCE {
            (self.failed, self.rest) = (0, REST);
        }
    }

    /// Returns what followed the latest earlier occurrence of the last tokens, at most `room` tokens. Returns nothing
    /// if there is none or if drafting pauses.
    pub fn draft(&self, room: usize) -> &[u32] {
        let length = self.length.min(room);
        if self.rest > 0 || length == 0 {
            return &[];
        }
        for size in (SHORTEST..=LONGEST).rev() {
            let Some(before) = self.tokens.len().checked_sub(size) else {
                continue;
            };
            let last = &self.tokens[before..];
            // The latest occurrence, because an answer usually continues in the same passage.
            let place = (0..before).rev().find(|&at| &self.tokens[at..at + size] == last);
            if let Some(at) = place {
                let from = at + size;
                return &self.tokens[from..self.tokens.len().min(from + length)];
            }
        }
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_what_followed_the_last_place_where_the_last_tokens_stood() {
        let mut lookup = Lookup::new(&[1, 2, 3, 4, 5, 1, 2, 9, 8, 7], MOST);
        assert!(lookup.draft(9).is_empty());
        lookup.push(1);
        lookup.push(2);
        assert_eq!(lookup.draft(9), [9, 8, 7, 1, 2]);
        assert_eq!(lookup.draft(2), [9, 8]);
        // A match of three tokens is a better guess than one of two.
        lookup.push(3);
        assert_eq!(lookup.draft(3), [4, 5, 1]);
    }

    #[test]
    fn drafts_grow_with_success_and_rest_after_failures() {
        let mut lookup = Lookup::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1, 2], MOST);
        assert_eq!(lookup.draft(99).len(), 5);
        lookup.tell(5, 5);
        assert_eq!(lookup.draft(99).len(), MOST);
        lookup.tell(10, 3);
        assert_eq!(lookup.draft(99).len(), 4);
        (0..PATIENCE).for_each(|_| lookup.tell(4, 0));
        assert!(lookup.draft(99).is_empty());
        (0..REST).for_each(|_| lookup.push(50));
        [1, 2].into_iter().for_each(|token| lookup.push(token));
        assert_eq!(lookup.draft(99).len(), SHORTEST);
    }

    #[test]
    fn no_draft_is_longer_than_the_longest_that_was_asked_for() {
        let prompt: Vec<u32> = (0..40).chain([5, 6]).collect();
        for most in 0..12 {
            let mut lookup = Lookup::new(&prompt, most);
            for (drafted, accepted) in [(1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (16, 3), (4, 0)] {
                assert!(lookup.draft(99).len() <= most);
                lookup.tell(drafted, accepted);
            }
        }
        assert_eq!(Lookup::new(&prompt, 3).draft(99), [7, 8]);
    }
}
