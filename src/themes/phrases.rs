//! Finds the phrases of texts.
//!
//! A phrase is one to three words in a row, with content words at both ends, as its author wrote it.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

use super::item::Item;
use crate::answer::words::Words;

/// The most words of a phrase.
pub(super) const LONGEST: usize = 3;

/// Words that may stand within a phrase: `cost of delay`, `go to market`.
const INNER: &str = "of to for in and the";

/// Verbs, adjectives and adverbs that any question may have. A phrase neither begins nor ends with one.
const GENERAL: &str = "able actually add against ago agree already although always another anyone anything ask asked \
    away back bad begin behind best better big bring build building call came change come different early else enough \
    ever everyone everything exist fast feel few find first follow full gave get give given go goes going gone good \
    great happen hard help high hold kind know known last late later learn leave left less let live long look lot low \
    made main make mean move name nearly need never new next nobody nothing now number old once open part people person \
    place plain point put question quick quite rather read ready real really right run running said same say second see \
    seem set several short show side simple since single six small someone something sort start started still stop \
    sure take taken talk tell thing think third three time told too took true try turn two understand until usual wait \
    want way week went whole without word work worked working worth write wrong year yes yet four five ten half month \
    day days weeks months years today hour hours ways one ones keep kept end ends ended use useful handle deal \
    become becoming percent yourself myself itself themselves ourselves seems says asks told really truly mostly instead versus vs etc";

/// Words that stand in a phrase of several words, and are no name by themselves: what this field is about.
const FIELD: &str = "product products manager managers management pm pms team teams user users customer customers company \
    companies job jobs role roles business market";

/// Words before a noun.
const BEFORE_NOUN: &str = "a an the our my your their this these each every no of in for on with by about from at as his \
    her its any some without";

/// Words before a verb.
const BEFORE_VERB: &str = "to i you we they he she who should would could can will must do does did not don't never";

/// How often a word is used as what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uses {
    /// After an article, a preposition or a pronoun of possession, and before no other content word.
    pub noun: usize,
    /// After `to`, a modal or a personal pronoun.
    pub verb: usize,
    /// Before another content word.
    pub first: usize,
}

impl Uses {
    pub fn add(&mut self, other: Uses) {
        self.noun += other.noun;
        self.verb += other.verb;
        self.first += other.first;
    }
}

/// A phrase of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    /// The stems of its content words. Phrases with the same key say the same.
    pub key: String,
    /// As written.
    pub text: String,
    pub words: usize,
    /// What it is used as, if it is a single word.
    pub uses: Uses,
}

/// Reads phrases from texts.
pub(super) struct Reader {
    words: Words,
    inner: HashSet<&'static str>,
    general: HashSet<&'static str>,
    field: HashSet<&'static str>,
    of_noun: HashSet<&'static str>,
    of_verb: HashSet<&'static str>,
}

impl Default for Reader {
    fn default() -> Self {
        let set = |list: &'static str| list.split_whitespace().collect();
        Reader {
            words: Words::default(),
            inner: set(INNER),
            general: set(GENERAL),
            field: set(FIELD),
            of_noun: set(BEFORE_NOUN),
            of_verb: set(BEFORE_VERB),
        }
    }
}

/// A word of a text.
struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    /// Its stem, if it may begin or end a phrase.
    stem: Option<String>,
    inner: bool,
}

impl Reader {
    /// Returns the phrases of `text`, in order and with repeats.
    pub fn phrases(&self, text: &str) -> Vec<Phrase> {
        let words: Vec<Word> = text
            .unicode_word_indices()
            .map(|(start, word)| self.word(start, word))
            .collect();
        let mut phrases = Vec::new();
        for (at, first) in words.iter().enumerate() {
            let Some(stem) = &first.stem else { continue };
            let mut key = stem.clone();
            let uses = self.uses(text, &words, at);
            phrases.push(Phrase {
                key: key.clone(),
                text: first.text.to_string(),
                words: 1,
                uses,
            });
            let mut end = first.end;
            for (more, word) in words.iter().enumerate().skip(at + 1).take(LONGEST - 1) {
                // A phrase does not cross a comma or the end of a sentence.
                if !text[end..word.start].chars().all(|c| c == ' ' || c == '-' || c == '/') {
                    break;
                }
                end = word.end;
                match &word.stem {
                    Some(stem) => key = format!("{key} {stem}"),
                    None if word.inner => continue,
                    None => break,
                }
                phrases.push(Phrase {
                    key: key.clone(),
                    text: text[first.start..end].to_string(),
                    words: more - at + 1,
                    uses: Uses::default(),
                });
            }
        }
        phrases
    }

    /// What word number `at` is used as, by its neighbours.
    fn uses(&self, text: &str, words: &[Word], at: usize) -> Uses {
        let word = &words[at];
        let beside = |from: usize, to: usize| {
            text.get(from..to)
                .is_some_and(|gap| gap.chars().all(|c| c == ' ' || c == '-'))
        };
        let before = at
            .checked_sub(1)
            .map(|at| &words[at])
            .filter(|before| beside(before.end, word.start));
        let after = words.get(at + 1).filter(|after| beside(word.end, after.start));
        let before = before.map(|before| before.text.to_lowercase()).unwrap_or_default();
        let first = after.is_some_and(|after| after.stem.is_some());
        Uses {
            noun: usize::from(!first && self.of_noun.contains(before.as_str())),
            verb: usize::from(self.of_verb.contains(before.as_str())),
            first: usize::from(first),
        }
    }

    fn word<'a>(&self, start: usize, text: &'a str) -> Word<'a> {
        let lower = text.to_lowercase();
        let named = lower.chars().any(char::is_alphabetic) && lower.chars().count() > 1 && !lower.contains(['\'', '’']);
        let stem = Some(&lower).filter(|word| named && !self.general.contains(word.as_str()));
        Word {
            text,
            start,
            end: start + text.len(),
            stem: stem.and_then(|_| self.words.stems(text).into_iter().next()),
            inner: self.inner.contains(lower.as_str()),
        }
    }

    /// Returns the phrases of all texts of `item`.
    pub fn phrases_of(&self, item: &Item) -> Vec<Phrase> {
        item.texts().flat_map(|text| self.phrases(text)).collect()
    }

    /// Returns whether a phrase may be a name: it says more than what the whole field is about.
    pub fn names(&self, phrase: &Phrase) -> bool {
        let lower = phrase.text.to_lowercase();
        lower
            .split([' ', '-', '/'])
            .any(|word| !self.field.contains(word) && !self.inner.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        Reader::default()
            .phrases(text)
            .into_iter()
            .map(|phrase| phrase.text)
            .collect()
    }

    #[test]
    fn a_phrase_has_content_words_at_its_ends_and_stays_within_a_clause() {
        let all = keys("How do I run our first price increase, cost of delay included?");
        for phrase in ["price increase", "cost of delay", "increase"] {
            assert!(all.contains(&phrase.to_string()), "{phrase}: {all:?}");
        }
        for part in all {
            assert!(
                !part.contains("increase, ") && !part.starts_with("of ") && !part.ends_with(" of"),
                "{part}"
            );
        }
    }
}
