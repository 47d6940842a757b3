//! Keeps a model's reasoning out of its answer.
//!
//! Models that reason write it in front of the answer, between `<think>` and `</think>`. Text that arrives piece by piece
//! may end inside a tag.

/// Removes the reasoning that a model puts in front of its answer.
#[derive(Debug, Default)]
pub struct Thoughts {
    /// Text that may be part of a tag or of the reasoning.
    held: String,
    /// Whether reasoning has ended.
    thought: bool,
    /// Whether the answer has begun.
    past: bool,
}

const OPENS: &str = "<think>";
const CLOSES: &str = "</think>";

impl Thoughts {
    /// Returns the part of the text so far that belongs to the answer and has not been returned before.
    pub fn push(&mut self, text: &str) -> String {
        if self.past {
            return text.to_string();
        }
        self.held.push_str(text);
        let start = self.held.trim_start();
        if let Some(thought) = start.strip_prefix(OPENS) {
            let Some((_, after)) = thought.split_once(CLOSES) else {
                // Only the end is kept, to recognize the closing tag.
                let keep = thought.char_indices().rev().nth(CLOSES.len()).map_or(0, |(at, _)| at);
                self.held = format!("{OPENS}{}", &thought[keep..]);
                return String::new();
            };
            self.thought = true;
            let after = after.trim_start().to_string();
            self.past = !after.is_empty();
            self.held = String::new();
            return after;
        }
        if OPENS.starts_with(start) {
            return String::new();
        }
        self.past = true;
        let held = std::mem::take(&mut self.held);
        match self.thought {
            true => held.trim_start().to_string(),
            false => held,
        }
    }

    /// Returns text that was held back and turned out not to be reasoning.
    pub fn finish(self) -> String {
        match self.held.trim_start().starts_with(OPENS) {
            true => String::new(),
            false => self.held,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(pieces: &[&str]) -> String {
        let mut thoughts = Thoughts::default();
        let mut out: String = pieces.iter().map(|piece| thoughts.push(piece)).collect();
        out.push_str(&thoughts.finish());
        out
    }

    #[test]
    fn reasoning_is_left_out_however_the_text_is_cut() {
        let whole = "<think>It is 4, no, 5.</think>\n\nIt is five.";
        for at in 0..=whole.len() {
            assert_eq!(said(&[&whole[..at], &whole[at..]]), "It is five.", "{at}");
        }
        assert_eq!(said(&["<think>never ends"]), "");
        assert_eq!(said(&["<", "b> is a tag."]), "<b> is a tag.");
    }

    proptest! {
        #[test]
        fn an_answer_without_thoughts_is_handed_on_whole(pieces in proptest::collection::vec("[<think>/ a]{1,4}", 0..8)) {
            let text: String = pieces.concat();
            prop_assume!(!text.trim_start().starts_with(OPENS));
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(said(&pieces), text);
        }
    }
}
