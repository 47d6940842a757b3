//! Faults of an answer's shape that a program can count: references to what is not there, and speech taken for advice.
//!
//! In: a sentence as it is shown, and where it stands in the corpus. Out: whether it has the fault. It shares no code with
//! `answer::reading`, which chooses what is shown: a figure would else be true by construction.

/// First words that point at a sentence before. `It` and the demonstratives may introduce something instead, and count
/// all the same: the figure errs towards a fault.
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

/// Whether `text`, which begins a paragraph, begins with a reference to something before it.
pub fn dangles(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    POINTING.contains(&first) || (first == "the" && PICKING.contains(&second))
}

/// Whether what is `shown` of the words `quote`, which stand at byte `at` of `text`, stands inside quotation marks there.
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
    // Speech that begins within the quote has its frame with it.
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
