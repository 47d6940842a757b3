//! Recognizes texts that begin as replies do, and as no question or its background does.

use crate::corpus::import::clean::{key, words};

/// Words that reply to a question by themselves.
const ALONE: [&str; 14] = [
    "yes",
    "no",
    "never",
    "always",
    "neither",
    "both",
    "none",
    "nobody",
    "nothing",
    "it depends",
    "that depends",
    "ja",
    "nein",
    "nie",
];

/// Words of people who write about themselves.
const OWN: [&str; 7] = ["i", "we", "my", "our", "us", "me", "ours"];

/// Reports whether `text` begins with a reply: `No, and …`, `It depends.`, or a few words with their reason, such as
/// `Sales, because they call first.`
pub(super) fn opens(text: &str) -> bool {
    let text = text.trim_start_matches(['*', '_', '"', '“', ' ']);
    let sentence = &text[..text.find(['.', '!', '?', ';', ':', '\n']).unwrap_or(text.len())];
    let (first, rest) = sentence.split_once(',').unwrap_or((sentence, ""));
    if ALONE.contains(&key(first).as_str()) {
        return true;
    }
    // `Readers, because they are busy, skip it` goes on as a sentence.
    let reason = ["because ", "weil ", "since "]
        .iter()
        .any(|word| rest.trim_start().starts_with(word));
    let own = key(first).split(' ').any(|word| OWN.contains(&word));
    reason && !rest.contains(',') && !own && (1..=4).contains(&words(first))
}

/// Reports whether `text` begins as people do who write about themselves: `We have nine schools and no bell.`
pub(super) fn opens_own(text: &str) -> bool {
    let text = text.trim_start_matches(['*', '_', '"', '“', '>', ' ']);
    let k = key(&text.chars().take(80).collect::<String>());
    let own = |word: &str| OWN.contains(&word) || matches!(word, "im" | "ive" | "were" | "weve");
    k.split(' ').take(4).any(own) && !opens(text)
}

/// Returns the first sentence of `text`.
pub(super) fn first_sentence(text: &str) -> &str {
    let end = text.match_indices(['.', '!', '?', '\n']).find(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        rest.is_empty() || rest.starts_with([' ', '\n', '"', '”'])
    });
    end.map_or(text, |(at, sign)| &text[..at + sign.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_from_what_stands_behind_a_question() {
        for (text, is_reply) in [
            ("Sales, because they call first. We listen in.", true),
            ("The night shift, since it sees the faults.", true),
            ("It depends. We did it twice.", true),
            ("No, we wait for a week.", true),
            ("Readers, because they are busy, skip it.", false),
            ("Our boss, because he pays for it.", false),
            ("We wait, because we must.", false),
            ("Nobody reads it in our shop.", false),
            ("No one reads it, and we wonder why.", false),
            ("", false),
        ] {
            assert_eq!(opens(text), is_reply, "{text}");
        }
    }
}
