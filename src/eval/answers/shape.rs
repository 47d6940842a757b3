//! Detects two faults of an answer's shape: references to what is not there, and speech shown as advice.
//!
//! It shares no code with `answer::reading`, which chooses what is shown. Otherwise the figures would be true by
//! construction.

/// First words that refer to the sentence before. `It` and the demonstratives may introduce something instead, but
/// count anyway: the figure errs towards a fault.
const POINTING: [&str; 34] = [
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "they",
    "their",
    "them",
    "he",
    "she",
    "his",
    "her",
    "such",
    "also",
    "but",
    "and",
    "or",
    "so",
    "then",
    "however",
    "therefore",
    "thus",
    "hence",
    "instead",
    "otherwise",
    "both",
    "another",
    "neither",
    "similarly",
    "likewise",
    "moreover",
    "furthermore",
    "finally",
];

/// Words after `the` that pick from what was named before.
const PICKING: [&str; 11] = [
    "first",
    "second",
    "third",
    "last",
    "latter",
    "former",
    "other",
    "others",
    "rest",
    "remaining",
    "same",
];

/// Returns whether `text`, which begins a paragraph, opens with a reference to something before it.
pub fn dangles(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    POINTING.contains(&first) || (first == "the" && PICKING.contains(&second))
}

/// Returns whether what is `shown` of `quote`, which starts at byte `at` of `text`, is inside quotation marks there.
pub fn is_speech(text: &str, at: usize, quote: &str, shown: &str) -> bool {
    let Some(offset) = quote.find(shown) else {
        return false;
    };
    let at = at + offset;
    let paragraph = text[..at].rfind("\n\n").map_or(0, |end| end + 2);
    let before = &text[paragraph..at];
    let framed = &quote[..offset];
    let open = |part: &str| {
        let straight = part.matches('"').count() % 2 == 1;
        straight || part.matches('“').count() > part.matches('”').count()
    };
    // If the speech begins within the quote, the quote includes the words that introduce it.
    open(before) && !open(framed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_at_the_head_of_a_paragraph_are_seen() {
        for text in ["This helps.", "“They” lied.", "The remaining 54 could go.", "But no."] {
            assert!(dangles(text), "{text}");
        }
        for text in ["The price helps.", "Theirs is a hard case.", "Ask them."] {
            assert!(!dangles(text), "{text}");
        }
    }

    #[test]
    fn a_line_of_a_script_is_speech_unless_its_frame_is_quoted_too() {
        let text = "Say: \"I can ship A in May. B comes later.\" Then wait.";
        let line = "B comes later.";
        let at = text.find(line).unwrap();
        assert!(is_speech(text, at, line, line));
        assert!(!is_speech(text, 0, &text[..43], line));
        let after = "Then wait.";
        assert!(!is_speech(text, text.find(after).unwrap(), after, after));
    }
}
