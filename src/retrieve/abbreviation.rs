//! Spells out a question's abbreviations as the corpus does: `PRD (product requirements document)`.
//!
//! Search by words finds an abbreviation, but an embedding model splits one that it does not know into meaningless
//! pieces. The passages that have the abbreviation and score best by words supply the long form, if one of them defines
//! it. The question with long forms is used in addition to the typed one, like another spelling.
//!
//! A clipped word is treated alike: `retro`, which the model takes for a style. Texts do not define those, so the long
//! forms of the usual ones are listed here.

use super::bm25::Found;
use super::query::Word;
use super::respell::replaced;
use crate::index::{IndexError, Store};

/// The letters of an abbreviation, without the `s` of a plural.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=6;

/// The most passages in which a definition is looked for.
const PASSAGES: usize = 40;

/// The most bytes of a long form.
const LONGEST: usize = 80;

/// Words that an abbreviation may leave out.
const SMALL: &str = "a an and for in of on or the to with";

/// Words that product teams clip, and their long forms. None has another usual sense in a question about work.
const CLIPPED: [(&str, &str); 24] = [
    ("admin", "administrator"),
    ("biz", "business"),
    ("comms", "communication"),
    ("comp", "compensation"),
    ("config", "configuration"),
    ("dev", "developer"),
    ("devs", "developers"),
    ("eng", "engineering"),
    ("exec", "executive"),
    ("execs", "executives"),
    ("infra", "infrastructure"),
    ("mgmt", "management"),
    ("mgr", "manager"),
    ("perf", "performance"),
    ("prio", "priority"),
    ("prios", "priorities"),
    ("promo", "promotion"),
    ("prod", "production"),
    ("req", "requirement"),
    ("reqs", "requirements"),
    ("retro", "retrospective"),
    ("retros", "retrospectives"),
    ("spec", "specification"),
    ("specs", "specifications"),
];

fn unclipped(typed: &str) -> Option<&'static str> {
    let lower = typed.to_lowercase();
    CLIPPED
        .iter()
        .find(|(clipped, _)| *clipped == lower)
        .map(|(_, long)| *long)
}

/// Returns whether `word` is an abbreviation: in capitals, or short and not known to the model, or a usual clipped word.
pub(super) fn is_abbreviation(word: &Word, is_word: &dyn Fn(&str) -> bool) -> bool {
    if unclipped(&word.typed).is_some() {
        return true;
    }
    let bare = singular(&word.typed);
    let capitals = bare.chars().all(|c| c.is_ascii_uppercase());
    LETTERS.contains(&bare.len())
        && bare.chars().all(|c| c.is_ascii_alphabetic())
        && (capitals || !is_word(&word.typed.to_lowercase()))
}

/// Returns `text` with the long form after each abbreviation among its `words` that a passage among those `found`
/// defines.
pub(super) fn spelled_out(
    store: &Store,
    text: &str,
    words: &[Word],
    found: &Found,
    is_word: &dyn Fn(&str) -> bool,
) -> Result<String, IndexError> {
    let mut out = text.to_string();
    for (bit, word) in words
        .iter()
        .enumerate()
        .filter(|(_, word)| is_abbreviation(word, is_word))
    {
        if let Some(long) = unclipped(&word.typed) {
            out = replaced(&out, &word.typed, &format!("{} ({long})", word.typed));
            continue;
        }
        let with = found.scored.iter().filter(|one| one.found & (1 << bit) != 0);
        for one in with.take(PASSAGES) {
            let passage = store.passage(one.address)?;
            let mut read = [&passage.discussion, &passage.question, &passage.text].into_iter();
            if let Some(long) = read.find_map(|text| long_form(&word.typed, text)) {
                out = replaced(&out, &word.typed, &format!("{} ({long})", word.typed));
                break;
            }
        }
    }
    Ok(out)
}

/// Returns the long form of `abbreviation` if `text` defines it: `ABC (long form)` or `long form (ABC)`.
fn long_form(abbreviation: &str, text: &str) -> Option<String> {
    let letters = singular(abbreviation).to_lowercase();
    let mut after = None;
    for (at, open) in text.match_indices('(') {
        let Some((inside, _)) = text.get(at + open.len()..).and_then(|rest| rest.split_once(')')) else {
            break;
        };
        let before = text.get(..at)?.trim_end();
        let last = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
        if singular(last).eq_ignore_ascii_case(&letters) && inside.len() <= LONGEST && stands_for(&letters, inside) {
            return Some(inside.trim().to_string());
        }
        if after.is_none() && singular(inside).eq_ignore_ascii_case(&letters) {
            after = long_form_before(&letters, before);
        }
    }
    after
}

/// Returns the last words of `text` that have the initials `letters`.
fn long_form_before(letters: &str, text: &str) -> Option<String> {
    let sentence = text.rsplit(['.', '!', '?', ';', ':', '(', '\n']).next()?;
    let starts = sentence.char_indices().filter(|(at, c)| {
        let previous = sentence[..*at].chars().next_back();
        c.is_alphanumeric() && previous.is_none_or(|c| !c.is_alphanumeric())
    });
    let long = starts
        .map(|(at, _)| &sentence[at..])
        .filter(|long| long.len() <= LONGEST);
    // The shortest that fits.
    let fits: Vec<&str> = long.filter(|long| stands_for(letters, long)).collect();
    fits.last().map(|long| long.trim().to_string())
}

/// Returns whether the words of `long` have the initials `letters`, in order. Small words may be left out.
fn stands_for(letters: &str, long: &str) -> bool {
    let words: Vec<String> = long
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let letters: Vec<char> = letters.chars().collect();
    fits(&letters, &words)
}

fn fits(letters: &[char], words: &[String]) -> bool {
    match (letters, words) {
        ([], []) => true,
        ([letter, later @ ..], [word, rest @ ..]) => {
            (word.starts_with(*letter) && fits(later, rest)) || (is_small(word) && fits(letters, rest))
        }
        ([], [word, rest @ ..]) => is_small(word) && fits(&[], rest),
        (_, []) => false,
    }
}

fn is_small(word: &str) -> bool {
    SMALL.split(' ').any(|small| small == word)
}

/// Returns an abbreviation without the `s` of a plural: `OKRs`, `okrs`.
fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(bare) if bare.len() >= 3 => bare,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_defines_an_abbreviation_before_or_after_it() {
        for (abbreviation, text, long) in [
            (
                "prd",
                "What is a PRD (product requirements document)?",
                "product requirements document",
            ),
            (
                "PRDs",
                "Write product requirements documents (PRDs) first.",
                "product requirements documents",
            ),
            (
                "okrs",
                "Set OKRs (objectives and key results).",
                "objectives and key results",
            ),
            ("GTM", "Our go-to-market (GTM) plan failed.", "go-to-market"),
            (
                "rice",
                "Scores such as RICE (reach, impact, confidence, effort).",
                "reach, impact, confidence, effort",
            ),
        ] {
            assert_eq!(long_form(abbreviation, text).as_deref(), Some(long), "{text}");
        }
        for (abbreviation, text) in [
            ("prd", "A PRD (see below) helps."),
            ("prd", "Write documents (PRDs) first."),
            ("prd", "A product requirements document helps."),
            ("prd", "PRD (product"),
            ("é", "(é) É (é"),
        ] {
            assert_eq!(long_form(abbreviation, text), None, "{text}");
        }
    }

    #[test]
    fn abbreviations_are_in_capitals_or_unknown_to_the_model() {
        let is_word = |word: &str| ["what", "is", "a", "rice", "price", "for", "us", "the"].contains(&word);
        let abbreviations = |text: &str| -> Vec<String> {
            let all = crate::retrieve::query::words(text).into_iter();
            all.filter(|word| is_abbreviation(word, &is_word))
                .map(|word| word.typed)
                .collect()
        };
        assert_eq!(abbreviations("what is a prd for us"), ["prd"]);
        assert_eq!(abbreviations("what is RICE, OKRs"), ["RICE", "OKRs"]);
        assert_eq!(abbreviations("what is a Retro for us"), ["Retro"]);
        assert!(abbreviations("what is the price, stakeholders A").is_empty());
    }
}
