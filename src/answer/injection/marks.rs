//! Finds marks in text that imitate askpm's own: citation marks, identifiers, and the markup of prompts and renderers.
//!
//! Harmful marks are reported. Marks that only look like askpm's own are rewritten for display.

use std::str::FromStr;

use crate::corpus::Id;

/// Marks of chat templates and of askpm's own prompts. askpm's engine reads them as plain text; a server's may not.
const TEMPLATE: &[&str] = &[
    "<start_of_turn>",
    "<end_of_turn>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<think>",
    "</think>",
    "### instruction:",
    "### response:",
    "### system:",
    "{{passages}}",
    "{{question}}",
    // Text that a reader of the newsletter did not see.
    "<!--",
];

/// Returns whether `plain` holds a mark of a chat template, or closes a JSON object that it did not open.
pub(super) fn imitates_a_template(plain: &str) -> bool {
    TEMPLATE.iter().any(|mark| plain.contains(mark)) || special_token(plain) || breaks_out(plain)
}

/// Matches `<|im_end|>` and similar tokens. The pipe operator of programming languages (`|>`) does not match.
fn special_token(plain: &str) -> bool {
    plain.split("<|").skip(1).any(|rest| {
        let name = rest.split_once("|>").map_or("", |(name, _)| name);
        (1..=40).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
    })
}

/// Matches `"}, {"role": …`: the end of a JSON object that began elsewhere. A whole object is an example.
fn breaks_out(plain: &str) -> bool {
    let end = plain.find("\"}");
    end.is_some_and(|end| !plain[..end].contains('{') && plain.contains("\":"))
}

/// Returns whether `plain` holds markup that runs or fetches something when a program renders it. Merely naming a tag
/// (`put it in a <script> tag`) does not count.
pub(super) fn runs_or_fetches(plain: &str) -> bool {
    let tag = |name: &str| {
        plain.split(name).skip(1).any(|rest| {
            let inside = rest.split_once('>').map_or(rest, |(inside, _)| inside);
            inside.contains('=') || (name == "<script" && rest.contains("</script"))
        })
    };
    let scheme = |name: &str| {
        let rests = plain.split(name).skip(1);
        rests
            .into_iter()
            .any(|rest| rest.starts_with(|c: char| !c.is_whitespace()))
    };
    plain.contains("![")
        || ["<script", "<iframe", "<img", "<svg"].into_iter().any(tag)
        || ["javascript:", "vbscript:", "data:text/"].into_iter().any(scheme)
}

/// Returns whether an image starts in `plain` and does not end. Unicode ends a sentence after its exclamation mark.
pub(super) fn breaks_off_in_an_image(plain: &str) -> bool {
    plain.rsplit_once("![").is_some_and(|(_, rest)| !rest.contains(')'))
}

/// Rewrites what looks like askpm's own marks or identifiers in text that is shown.
///
/// Marks (`[3]`, `[1, 2]`, `[unsupported]`) get round brackets. The slashes of identifiers (`edition/q1/a`) get spaces
/// around them. The quote of a citation stays verbatim.
///
/// Nothing else changes. A text without such marks is returned unchanged, and applying the function twice gives the
/// same result as once.
pub fn without_marks(text: &str) -> String {
    let round = round_brackets(text);
    if !round.contains('/') {
        return round;
    }
    round.split_inclusive(char::is_whitespace).map(apart).collect()
}

/// The most characters between the brackets of a mark.
const LONGEST_MARK: usize = 40;

fn round_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['[', '［', '【']) {
        let (before, from) = rest.split_at(open);
        let width = from.chars().next().map_or(1, char::len_utf8);
        let close = from
            .char_indices()
            .take(LONGEST_MARK + 2)
            .find(|(_, c)| matches!(c, ']' | '］' | '】'));
        let inner = close.map(|(at, _)| &from[width..at]);
        match (inner.filter(|inner| is_mark(inner)), close) {
            (Some(inner), Some((at, c))) => {
                // To a reader, Markdown's `\[3\]` looks like the same mark.
                out.push_str(before.strip_suffix('\\').unwrap_or(before));
                out.push('(');
                out.push_str(inner.trim_end_matches('\\').trim());
                out.push(')');
                rest = &from[at + c.len_utf8()..];
            }
            _ => {
                out.push_str(&rest[..open + width]);
                rest = &from[width..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Returns whether `inner` is what askpm puts between brackets: numbers of at most three digits, or `unsupported`.
fn is_mark(inner: &str) -> bool {
    let inner = inner.trim_end_matches('\\').trim();
    let number = |part: &str| (1..=3).contains(&part.chars().count()) && part.chars().all(char::is_numeric);
    let numbers = |part: &str| part.split(['-', '–']).all(|one| number(one.trim()));
    inner.eq_ignore_ascii_case("unsupported") || inner.split([',', ';']).all(|part| numbers(part.trim()))
}

/// Returns `word` with spaces around its slashes if it is an identifier in askpm's form, apart from the punctuation
/// around it. `word` may end in a space.
fn apart(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_identifier = bare.contains('/') && Id::from_str(bare).is_ok_and(|id| id.to_string() == bare);
    match is_identifier {
        true => word.replace('/', " / "),
        false => word.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_pass_for_a_mark_is_written_another_way() {
        for (text, shown) in [
            ("So say all [9], and [1, 2].", "So say all (9), and (1, 2)."),
            ("As ［３］ and 【3】 show [ 12 ].", "As (３) and (3) show (12)."),
            ("An escaped \\[3\\] too, and [1-3].", "An escaped (3) too, and (1-3)."),
            ("It is so [unsupported].", "It is so (unsupported)."),
            ("Cite \"secret-edition/q9/z\".", "Cite \"secret-edition / q9 / z\"."),
            ("See a/q1, and pricing/r2\nnow.", "See a / q1, and pricing / r2\nnow."),
        ] {
            assert_eq!(without_marks(text), shown);
        }
    }

    #[test]
    fn what_could_not_pass_for_one_stays_as_it_is() {
        for text in [
            "The survey [2024] asked 300 teams [sic].",
            "We plan Q3/Q4, budget/Q4 and and/or with sales.",
            "Read https://a.example/q1/a first, or [the notes](https://a.example).",
            "[x] done, [ ] open, [] empty, a [ alone, and ] too",
            "Zoë’s 【notes】",
            "",
        ] {
            assert_eq!(without_marks(text), text);
        }
    }

    #[test]
    fn talk_of_markup_and_templates_is_none() {
        for text in [
            "put it in a <script> tag",
            "javascript: the good parts",
            "data |> clean |> chart",
            "send {\"role\": \"admin\"} with it",
            "hi {{first_name}}, welcome",
            "### system design interviews",
        ] {
            assert!(!imitates_a_template(text) && !runs_or_fetches(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_mark_is_left_in_any_text_and_nothing_changes_twice(text in "[a-z0-9 \\[\\]/qrs,(]{0,60}") {
            let shown = without_marks(&text);
            for n in 0..1_000 {
                let mark = format!("[{n}]");
                prop_assert!(!shown.contains(&mark), "{} has {}", shown, mark);
            }
            prop_assert_eq!(without_marks(&shown), shown);
        }

        #[test]
        fn any_text_can_be_shown(text in any::<String>()) {
            let _ = without_marks(&text);
        }
    }
}
