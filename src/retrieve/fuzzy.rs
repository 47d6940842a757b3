//! Reads a misspelt word of a question as the word of the index that was meant.
//!
//! A word that is known in any field is never changed.
//!
//! Edits are made to the word as it was typed, and the result is stemmed. A stemmer does not recognize the suffix of
//! `managemnet` or `custmer`, so the stem of a misspelt word can be far from the stem of the right one. Swapped letters
//! are likelier than a missing or extra letter, and that is likelier than a wrong letter. On a tie the most frequent
//! term wins, then the first in the alphabet.
//!
//! A word that the index does not have may still be right, about a subject that the corpus does not cover: `salary` is
//! not `salami`. With an embedding model, its vocabulary decides which words are spelt right. Without one, only rules
//! are left: short words and abbreviations are not changed, a wrong letter must lead to a frequent term, and two slips
//! are not considered.

use std::collections::{BTreeMap, HashMap};

use tantivy::Term;
use tantivy::schema::IndexRecordOption;

use super::Correction;
use super::query::Word;
use crate::index::analyzer::{analyzer, has_lower_case};
use crate::index::{IndexError, Store};

/// Length range in characters of words that are corrected. A shorter word is one edit away from too many others. A
/// longer one is not a word that a person typed.
const SHORTEST: usize = 5;
const LONGEST: usize = 24;
/// Below this many characters a letter may be missing, extra or swapped, but not replaced: `salary` and `salami`.
const NO_REPLACING: usize = 7;
/// From this many characters, two edits are allowed if a vocabulary says that the word is not a word.
const LONG: usize = 10;
/// Minimum frequency of a term that a replaced letter or two edits may lead to.
const FREQUENT: u64 = 3;
/// Maximum number of words of one question that are looked up. A text with more unknown words is not misspelt: it is
/// about something else or in another language.
const MOST_LOOKED_UP: usize = 8;

/// Returns whether something is a correctly spelt word of the language.
pub(super) type Vocabulary<'a> = &'a dyn Fn(&str) -> bool;

/// Corrects the content words of the question `text` that no passage has. Words of the `vocabulary`, if there is one,
/// are not changed.
pub(super) fn correct(
    store: &Store,
    text: &str,
    words: &mut [Word],
    vocabulary: Option<Vocabulary>,
) -> Result<Vec<Correction>, IndexError> {
    let capitals_mean_something = has_lower_case(text);
    let mut corrections = Vec::new();
    let mut looked_up = 0;
    for at in 0..words.len() {
        let Some(word) = words.get(at).filter(|word| word.content && looked_up < MOST_LOOKED_UP) else {
            continue;
        };
        let abbreviation = capitals_mean_something && !has_lower_case(&word.typed);
        let length = word.typed.chars().count();
        if abbreviation
            || !may_be_corrected(&word.typed)
            || frequency(store, &word.term)? > 0
            || vocabulary.is_some_and(|is_word| is_word(&word.typed))
        {
            continue;
        }
        looked_up += 1;
        let Some((term, edits)) = meant(store, word, length, vocabulary.is_some())? else {
            continue;
        };
        if words.iter().any(|other| other.term == term) {
            // The question also has the right spelling, and one word must not count twice.
            continue;
        }
        let Some(word) = words.get_mut(at) else { continue };
        word.likeness = 1.0 - edits as f32 / length as f32;
        word.weight *= word.likeness;
        word.term = term.clone();
        corrections.push(Correction {
            word: word.typed.clone(),
            read_as: term,
        });
    }
    Ok(corrections)
}

/// Returns whether `typed` has the length and the letters of a word that is corrected if the index does not have it.
pub(super) fn may_be_corrected(typed: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&typed.chars().count()) && typed.chars().all(char::is_alphabetic)
}

/// A typing error, the likeliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    Swapped,
    /// A letter is missing or extra.
    Length,
    Replaced,
    Two,
}

impl Slip {
    fn edits(self) -> usize {
        match self {
            Slip::Two => 2,
            _ => 1,
        }
    }

    /// Returns the minimum frequency of the intended term.
    fn least(self) -> u64 {
        match self {
            Slip::Swapped | Slip::Length => 1,
            Slip::Replaced | Slip::Two => FREQUENT,
        }
    }
}

/// Returns the term that was meant by `word`, which no passage has, and its edit distance.
fn meant(store: &Store, word: &Word, length: usize, two: bool) -> Result<Option<(String, usize)>, IndexError> {
    let near = terms_near(&word.typed);
    let slip = |term: &str| {
        let one = near.get(term).copied();
        one.or_else(|| (two && length >= LONG && two_edits(&word.term, term)).then_some(Slip::Two))
    };
    let mut best: Option<(Slip, u64, String)> = None;
    for (term, slip) in known(store, &word.term, slip)? {
        // The dictionary still lists terms that only deleted passages have. Their frequency is 0.
        let count = frequency(store, &term)?;
        let better = best.as_ref().is_none_or(|(s, c, _)| (slip, *c) < (*s, count));
        if count >= slip.least() && better {
            best = Some((slip, count, term));
        }
    }
    Ok(best.map(|(slip, _, term)| (term, slip.edits())))
}

/// Returns the stems of all words that are one slip away from `typed`. The first letter is fixed because people rarely
/// get it wrong.
fn terms_near(typed: &str) -> HashMap<String, Slip> {
    let letters: Vec<char> = typed.to_lowercase().chars().collect();
    let mut slips = Vec::new();
    // All variants form one text, so that the analyzer runs once.
    let mut text = String::new();
    let mut offer = |slip: Slip, parts: [&[char]; 3]| {
        slips.push(slip);
        text.extend(parts.into_iter().flatten());
        text.push(' ');
    };
    for at in 1..=letters.len() {
        let (before, after) = letters.split_at(at);
        if let [a, b, rest @ ..] = after {
            offer(Slip::Swapped, [before, &[*b, *a], rest]);
        }
        if let [_, rest @ ..] = after {
            offer(Slip::Length, [before, &[], rest]);
        }
        for letter in 'a'..='z' {
            offer(Slip::Length, [before, &[letter], after]);
            if let ([_, rest @ ..], true) = (after, letters.len() >= NO_REPLACING) {
                offer(Slip::Replaced, [before, &[letter], rest]);
            }
        }
    }
    let mut near = HashMap::new();
    let mut analyzer = analyzer();
    analyzer.token_stream(&text).process(&mut |token| {
        // Each variant is one token position, because letters never make more than one.
        if let Some(slip) = slips.get(token.position) {
            let known = near.entry(token.text.clone()).or_insert(*slip);
            *known = (*known).min(*slip);
        }
    });
    near
}

/// Returns the index terms that begin with the first letter of `term` and for which `slip` returns one, in alphabetical
/// order. The first letter limits how much of the dictionary is read.
fn known(store: &Store, term: &str, slip: impl Fn(&str) -> Option<Slip>) -> Result<BTreeMap<String, Slip>, IndexError> {
    let first: String = term.chars().take(1).collect();
    let mut out = BTreeMap::new();
    if let Some(whole) = store.whole() {
        let there = whole.with.keys().filter(|term| term.starts_with(&first));
        out.extend(there.filter_map(|term| Some((term.clone(), slip(term)?))));
        return Ok(out);
    }
    for segment in store.searcher().segment_readers() {
        for searched in store.fields.searched() {
            let inverted = segment.inverted_index(searched.field).map_err(|e| store.damaged(e))?;
            let mut terms = inverted
                .terms()
                .range()
                .ge(&first)
                .into_stream()
                .map_err(|e| store.damaged(e))?;
            while terms.advance() && terms.key().starts_with(first.as_bytes()) {
                let Ok(key) = std::str::from_utf8(terms.key()) else {
                    continue;
                };
                if let Some(slip) = slip(key) {
                    out.insert(key.to_string(), slip);
                }
            }
        }
    }
    Ok(out)
}

/// Returns the number of passages that have `term`, summed over the fields.
fn frequency(store: &Store, term: &str) -> Result<u64, IndexError> {
    if store.whole().is_some() {
        return store.passages_with(term);
    }
    let mut count = 0;
    for segment in store.searcher().segment_readers() {
        for searched in store.fields.searched() {
            let inverted = segment.inverted_index(searched.field).map_err(|e| store.damaged(e))?;
            let term = Term::from_field_text(searched.field, term);
            let postings = inverted
                .read_postings(&term, IndexRecordOption::Basic)
                .map_err(|e| store.damaged(e))?;
            count += match (postings, segment.alive_bitset()) {
                (None, _) => 0,
                (Some(postings), None) => u64::from(postings.doc_freq()),
                (Some(postings), Some(alive)) => u64::from(postings.doc_freq_given_deletes(alive)),
            };
        }
    }
    Ok(count)
}

/// Returns whether `term` is at most two edits from the typed stem. An edit inserts, deletes or replaces a letter, or
/// swaps two neighbours.
fn two_edits(typed: &str, term: &str) -> bool {
    typed.len().abs_diff(term.len()) <= 2 && strsim::osa_distance(typed, term) <= 2
}

#[cfg(test)]
mod tests {
    use super::super::query;
    use super::*;
    use crate::index::tests::edition;
    use proptest::prelude::*;

    #[test]
    fn one_slip_leads_to_the_stem_of_what_was_meant() {
        for (typed, stem, slip) in [
            ("roadmpa", "roadmap", Slip::Swapped),
            ("estimtae", "estim", Slip::Swapped),
            ("custmer", "custom", Slip::Length),
            ("managemnet", "manag", Slip::Swapped),
            ("roadmapp", "roadmap", Slip::Length),
            ("engeneer", "engin", Slip::Replaced),
        ] {
            assert_eq!(terms_near(typed).get(stem), Some(&slip), "{typed}");
        }
        assert_eq!(terms_near("salary").get("salami"), None);
        assert!(!terms_near("pizza").contains_key("product"));
    }

    fn corrected(text: &str, vocabulary: Option<Vocabulary>) -> Vec<(String, String)> {
        let dir = tempfile::tempdir().unwrap();
        let answers = [
            "A mandate, a mandate, a mandate: salami.",
            "The engineer and his roadmap.",
            "Estimate it, engineer.",
        ];
        let (store, _) = Store::refresh(
            dir.path(),
            &[edition("e", &[("An engineer, at length: prioritisation", &answers)])],
        )
        .unwrap();
        let mut words = query::words(text);
        let found = correct(&store, text, &mut words, vocabulary).unwrap();
        found.into_iter().map(|one| (one.word, one.read_as)).collect()
    }

    fn pairs(some: &[(&str, &str)]) -> Vec<(String, String)> {
        some.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    }

    #[test]
    fn a_misspelt_word_is_read_as_the_one_that_was_meant() {
        let expected = pairs(&[("engeneer", "engin"), ("estimtae", "estim"), ("roadmpa", "roadmap")]);
        assert_eq!(corrected("the engeneer would estimtae the roadmpa", None), expected);
        assert_eq!(corrected("THE ENGENEER", None), pairs(&[("ENGENEER", "engin")]));
    }

    #[test]
    fn a_word_that_the_corpus_does_not_have_may_be_right() {
        for text in [
            "what salary",
            "the maneaters",
            "of wwII",
            "a BRAND mandat BOADMAP",
            "e2e roadm4p",
            "engi",
        ] {
            let found = corrected(text, None);
            assert!(found.iter().all(|(word, _)| word == "mandat"), "{text}: {found:?}");
        }
    }

    #[test]
    fn the_vocabulary_knows_words_and_lets_two_slips_be_corrected() {
        let vocabulary = |word: &str| word == "mandates" || word == "roadmop";
        assert_eq!(corrected("the roadmop", Some(&vocabulary)), []);
        assert_eq!(corrected("enginerring", None), corrected("engineering", None));
        let two = "priortisatoin";
        assert_eq!(corrected(two, None), []);
    }

    #[test]
    fn a_page_in_another_language_is_not_corrected_word_by_word() {
        let text: String = (0..60)
            .map(|n| {
                format!(
                    "roadma{} ",
                    "bcdefghijk".chars().cycle().skip(n).take(2).collect::<String>()
                )
            })
            .collect();
        assert!(corrected(&text, None).len() <= MOST_LOOKED_UP);
    }

    proptest! {
        #[test]
        fn any_word_has_bounded_neighbours_that_begin_as_it_does(word in "\\PC{1,24}") {
            let near = terms_near(&word);
            prop_assert!(near.len() <= 60 * 80);
        }
    }
}
