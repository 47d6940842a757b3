//! Splits text into sentences, as byte spans, so that every quote is a verbatim slice of its passage.
//!
//! Boundaries are those of Unicode's sentence segmentation (UAX #29), corrected where it is known to split too often:
//! after abbreviations, and at line ends inside a paragraph.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations after which a sentence continues, without their final full stop.
const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "etc", "vs", "cf", "approx", "dr", "mr", "mrs", "ms", "prof", "st", "no", "fig", "dept", "inc",
    "ltd", "u.s", "u.k", "a.m", "p.m", "ph.d", "sr", "jr",
];

/// The most spaces, brackets and quotes after a full stop that may belong to its sentence.
///
/// At each of them, Unicode's rules scan for the letter that follows them all. The bound keeps that from being
/// quadratic.
const LOOKED_PAST: usize = 64;

/// Returns the sentences of `text`, trimmed, in order. None is blank. Blank lines and list items always separate.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    blocks(text)
        .into_iter()
        .flat_map(|block| in_block(text, block))
        .collect()
}

/// Splits `text` into paragraphs, list items and table rows.
///
/// Block quotations are left out. They hold someone else's words, which must not be quoted under this author's name. A
/// text that is nothing but quotations keeps them.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let own = cut(text, false);
    if own.is_empty() { cut(text, true) } else { own }
}

fn cut(text: &str, quotations: bool) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut in_quotation = false;
    for line in text.split_inclusive('\n') {
        let quoted = line.trim_start().starts_with("> ") && !quotations;
        if line.trim().is_empty() || is_item(line) || quoted || in_quotation || is_rule(line) {
            out.push(start..at);
            start = at;
        }
        at += line.len();
        if quoted || is_rule(line) {
            start = at;
        }
        in_quotation = quoted;
    }
    out.push(start..at);
    out.into_iter()
        .filter(|block| !text[block.clone()].trim().is_empty())
        .collect()
}

/// Returns whether a line separates the head of a table from its rows.
fn is_rule(line: &str) -> bool {
    line.trim_start().starts_with('|') && line.chars().all(|c| matches!(c, '|' | '-' | ':') || c.is_whitespace())
}

/// Returns whether a line opens a Markdown list item, a heading or a table row.
fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    is_numbered(line)
        || after_number(line) == Some(b' ')
        || line.starts_with('|')
        || line.starts_with("- ")
        || line.starts_with("* ")
        || line.starts_with("+ ")
        || line.starts_with('#')
}

/// Returns whether the sentence that starts at byte `start` of `text` opens a list item.
pub fn opens_item(text: &str, start: usize) -> bool {
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let marker = text[line..start].trim();
    let rest = &text[start..];
    matches!(marker, "-" | "*" | "+") || (marker.is_empty() && is_numbered(rest))
}

/// Returns whether `text` starts with the number of a list item: `1.` or `1)`.
pub fn is_numbered(text: &str) -> bool {
    matches!(after_number(text), Some(b'.' | b')'))
}

/// Returns the byte after the number that `text` starts with.
fn after_number(text: &str) -> Option<u8> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.bytes().next().filter(|_| rest.len() < text.len())
}

fn in_block(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    // Unicode treats a line end as a sentence end. Inside a paragraph it is a space. The length is the same, so spans
    // hold.
    let flat = text[block.clone()].replace(['\n', '\r'], " ");
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    let parts = parts(&flat).into_iter();
    let pieces = parts.flat_map(|part| {
        let within = flat[part.clone()].split_sentence_bound_indices();
        within.map(move |(at, piece)| (part.start + at, piece))
    });
    for (at, piece) in pieces {
        let (from, to) = (block.start + at, block.start + at + piece.len());
        let quoted = out.last().is_some_and(|last| {
            let before = &flat[last.start - block.start..last.end - block.start];
            goes_on_after_speech(before, piece)
        });
        match out.last_mut() {
            Some(last) if open || quoted => last.end = to,
            _ => out.push(from..to),
        }
        open = goes_on(piece);
    }
    out.into_iter().filter_map(|span| trim(text, span)).collect()
}

/// Cuts `text` wherever more than [`LOOKED_PAST`] such characters follow a full stop.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    // The number of them since the full stop, if nothing else came in between.
    let mut run = None;
    for (at, c) in text.char_indices() {
        run = match run {
            _ if is_stop(c) => Some(0),
            Some(LOOKED_PAST) if is_looked_past(c) => {
                out.push(start..at);
                start = at;
                None
            }
            Some(count) if is_looked_past(c) => Some(count + 1),
            _ => None,
        };
    }
    out.push(start..text.len());
    out
}

/// Returns whether a sentence may continue after `c` if a small letter follows: Unicode's `ATerm`.
fn is_stop(c: char) -> bool {
    matches!(c, '.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}')
}

/// Returns whether Unicode scans past `c` for that letter: its `Close`, `Sp`, `Extend` and `Format`. Some other
/// non-ASCII symbols also pass.
fn is_looked_past(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_whitespace() || matches!(c, '\u{b}' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\''),
        // The last two are letters that are also marks.
        false => !c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '\u{ff9e}' | '\u{ff9f}'),
    }
}

/// Returns whether a sentence that seems to end with speech or a bracket goes on: `while "Would you use it?" earns a yes`.
fn goes_on_after_speech(before: &str, next: &str) -> bool {
    let before = before.trim_end();
    let said = before.trim_end_matches(['"', '”', '’', '\'', ')', '»']);
    said.len() < before.len() && said.ends_with(['?', '!']) && next.starts_with(char::is_lowercase)
}

/// Returns whether the sentence that ends in `piece` only seems to end there.
fn goes_on(piece: &str) -> bool {
    let Some(before) = piece.trim_end().strip_suffix('.') else {
        // Only an abbreviation, an initial or a list number with a full stop can be a false end.
        return false;
    };
    let word = before
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or("");
    let marker = before.trim_start().len() == word.len() && word.bytes().all(|b| b.is_ascii_digit());
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    marker || initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Returns `span` without surrounding white space and list markers, or `None` if nothing is left.
fn trim(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let mut from = span.start;
    loop {
        let rest = &text[from..span.end];
        let skip = rest.len() - rest.trim_start().len();
        let marker = ["- ", "* ", "+ "].iter().find(|m| rest[skip..].starts_with(**m));
        from += skip + marker.map_or(0, |m| m.len());
        if marker.is_none() {
            break;
        }
    }
    let to = from + text[from..span.end].trim_end().len();
    (from < to).then_some(from..to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn quotations_are_not_the_words_of_the_one_who_quotes() {
        let text =
            "My old boss used to say:\n\n> Without a date nobody moves a finger.\n> Nobody.\n\nI think that is wrong.";
        assert_eq!(split(text), ["My old boss used to say:", "I think that is wrong."]);
        assert_eq!(split("> All of it is quoted."), ["> All of it is quoted."]);
        assert_eq!(split("> A letter came.\nIt was long."), ["It was long."]);
    }

    #[test]
    fn each_row_of_a_table_is_one() {
        let table = "| Plan | Price |\n| --- | --- |\n| Team | $29 |";
        assert_eq!(split(table), ["| Plan | Price |", "| Team | $29 |"]);
    }

    #[test]
    fn a_sentence_goes_on_after_a_question_or_a_call_in_it() {
        let text =
            "People forget, while \"Would you use it?\" earns a polite yes. \"Why?\" is better. \"So?\" He left.";
        assert_eq!(
            split(text),
            [
                "People forget, while \"Would you use it?\" earns a polite yes.",
                "\"Why?\" is better.",
                "\"So?\"",
                "He left."
            ]
        );
        assert_eq!(
            split("Some (most!) of us agree. is it?"),
            ["Some (most!) of us agree. is it?"]
        );
    }

    #[test]
    fn plain_sentences_are_told_apart() {
        assert_eq!(
            split("One is here. Two follows! Is it three? Yes."),
            ["One is here.", "Two follows!", "Is it three?", "Yes."]
        );
    }

    #[test]
    fn abbreviations_numbers_and_initials_do_not_end_a_sentence() {
        for text in [
            "Use a metric, e.g. Retention, that moves.",
            "Dr. Smith wrote version 2.5 of it.",
            "Ask J. Doe about the U.S. Market.",
            "It rose (approx. 15%) in May.",
        ] {
            assert_eq!(split(text), [text]);
        }
    }

    #[test]
    fn a_wrapped_paragraph_is_one_text_and_items_are_their_own() {
        assert_eq!(
            split("A sentence that\ngoes on. Next.\n\nNew paragraph without a stop\n- First item\n- Second one."),
            [
                "A sentence that\ngoes on.",
                "Next.",
                "New paragraph without a stop",
                "First item",
                "Second one."
            ]
        );
        assert_eq!(
            split("1. Talk to users.\n2. Write it down."),
            ["1. Talk to users.", "2. Write it down."]
        );
    }

    #[test]
    fn quotes_and_brackets_stay_with_their_sentence() {
        assert_eq!(
            split("He said \"go.\" Then he went. (Really.) End."),
            ["He said \"go.\"", "Then he went.", "(Really.)", "End."]
        );
    }

    /// Returns how often Unicode's rules look at a character in search of a small letter after a full stop. They search
    /// from each character that they look past, up to the next letter or full stop.
    fn looks(text: &str) -> usize {
        let part = |part: Range<usize>| {
            let chars: Vec<char> = text[part].chars().collect();
            let after = |from: usize| {
                let rest = chars[from..].iter();
                rest.take_while(|c| !c.is_alphabetic() && !is_stop(**c)).count()
            };
            let stops = (0..chars.len()).filter(|&at| is_stop(chars[at]));
            stops
                .map(|at| {
                    let past = chars[at + 1..].iter().take_while(|c| is_looked_past(**c)).count();
                    (at + 1..at + 1 + past).map(after).sum::<usize>()
                })
                .sum::<usize>()
        };
        parts(text).into_iter().map(part).sum()
    }

    #[test]
    fn what_follows_a_full_stop_is_looked_at_a_bounded_number_of_times() {
        for unit in [
            " ", ")", "[]", " \"", "'", "\u{300}", "\u{200d}", "\u{3000}", "\u{bb}", " 1", "-", ". ", ".\t",
        ] {
            let text = format!("It ends. {}b", unit.repeat(20_000));
            let looks = looks(&text);
            assert!(
                looks <= (LOOKED_PAST + 1) * text.len(),
                "{unit:?}: {looks} for {}",
                text.len()
            );
        }
    }

    /// Between a full stop and a capital, Unicode ends a sentence after the characters that it looks past, and before
    /// others. All of them must be known here, because their number is what is bounded.
    #[test]
    fn every_character_that_is_looked_past_is_known_and_every_full_stop() {
        let count = |text: &str| text.split_sentence_bounds().count();
        for c in '\0'..=char::MAX {
            let text = format!("1.{c}B");
            let ends_after = text.split_sentence_bounds().next() == text.strip_suffix('B');
            // No rule looks past a character that ends a sentence even before a small letter.
            let ends_always = count(&format!("1{c} b")) > 1;
            assert!(is_looked_past(c) || is_stop(c) || ends_always || !ends_after, "{c:?}");
            let stops = !ends_always && count(&format!("1{c} B")) > 1;
            assert_eq!(stops, is_stop(c), "{c:?}");
        }
    }

    #[test]
    fn a_long_gap_after_a_full_stop_ends_the_sentence_and_a_short_one_as_unicode_has_it() {
        let gap = |count: usize| format!("It is v2.{}and it works", " ".repeat(count));
        assert_eq!(split(&gap(LOOKED_PAST)), [gap(LOOKED_PAST)]);
        assert_eq!(split(&gap(LOOKED_PAST + 1)), ["It is v2.", "and it works"]);
        let rule = format!("It is v2. {} and it works", "-".repeat(200));
        assert_eq!(split(&rule), [rule.as_str()]);
    }

    proptest! {
        #[test]
        fn spans_are_ordered_trimmed_and_lose_no_word(text in "(?s)[A-Za-zé .?!\n*-]{0,200}") {
            let spans = sentences(&text);
            for pair in spans.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start);
            }
            let words = |t: &str| t.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            let all: String = spans.iter().map(|s| &text[s.clone()]).collect();
            prop_assert!(spans.iter().all(|s| !s.is_empty() && text[s.clone()].trim() == &text[s.clone()]));
            prop_assert_eq!(words(&all), words(&text));
        }
    }
}
