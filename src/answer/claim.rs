//! Compares what a sentence claims with the sentences that are to back it.
//!
//! A [`Claim`] holds the content words, numbers and names of a sentence, and which of its words a negation denies.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::words::Words;

/// Words that deny what follows them.
const NEGATIONS: &[&str] = &[
    "not", "no", "never", "none", "nobody", "nothing", "without", "cannot", "neither", "nor", "avoid", "refuse",
    "hardly", "dont", "wont",
];

/// The most content words after a negation that it denies, as in `do not promise dates`.
const DENIED: usize = 3;

/// Words that end the reach of a negation. Punctuation ends it too.
const CLAUSE_STARTS: &[&str] = &[
    "but", "and", "or", "because", "since", "so", "unless", "until", "if", "when", "then",
];

const NUMBER_WORDS: &[(&str, &str)] = &[
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
    ("hundred", "100"),
    ("thousand", "1000"),
    ("million", "1000000"),
    ("dozen", "dozen"),
    ("half", "half"),
    ("twice", "twice"),
    ("double", "double"),
    ("triple", "triple"),
    ("quarter", "quarter"),
];

/// A sentence, ready to be compared with others.
pub(super) struct Claim {
    pub span: Range<usize>,
    pub stems: HashSet<String>,
    /// The stems of what it is about: without negations and words that only join clauses.
    pub subject: HashSet<String>,
    /// Numbers. Common number words are written in digits.
    numbers: HashSet<String>,
    /// Stems of words written as a name: with a capital inside, or with a first capital where no sentence starts.
    names: HashSet<String>,
    /// Whether each stem occurs denied, and whether it occurs undenied.
    senses: HashMap<String, Senses>,
}

#[derive(Default, Clone, Copy)]
struct Senses {
    plain: bool,
    denied: bool,
}

/// How far some sentences back a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Backing {
    /// The share of the claim's content words that occur in those sentences.
    pub share: f32,
    /// Whether a number or name of the claim is missing there, or a word is denied on one side only.
    pub conflict: bool,
}

impl Claim {
    /// Returns the claim that `text[span]` makes.
    pub fn new(words: &Words, text: &str, span: Range<usize>) -> Self {
        let own = &text[span.clone()];
        let mut claim = Claim {
            span,
            stems: words.set(own),
            subject: HashSet::new(),
            numbers: HashSet::new(),
            names: HashSet::new(),
            senses: HashMap::new(),
        };
        let (mut denied, mut opens, mut last) = (0usize, true, 0);
        for (at, word) in own.unicode_word_indices() {
            let between = &own[last..at];
            last = at + word.len();
            if between.contains([',', ';', ':', '.', '!', '?', '(', ')', '–', '—']) {
                denied = 0;
            }
            // After an opening quotation mark or a full stop, a capital does not mark a name.
            opens |= between.contains(['"', '“', ':', '.', '!', '?']);
            let lower = word.to_lowercase().replace('’', "'");
            if CLAUSE_STARTS.contains(&lower.as_str()) {
                denied = 0;
            }
            claim.add_number(&lower);
            let stems = words.stems(word);
            let joins = CLAUSE_STARTS.contains(&lower.as_str());
            if !joins && !is_negation(&lower) {
                claim.subject.extend(stems.iter().cloned());
            }
            for stem in &stems {
                let senses = claim.senses.entry(stem.clone()).or_default();
                if denied > 0 {
                    senses.denied = true
                } else {
                    senses.plain = true
                }
                if is_name(word, opens) {
                    claim.names.insert(stem.clone());
                }
            }
            denied = denied.saturating_sub(stems.len());
            if is_negation(&lower) {
                denied = DENIED;
            }
            opens = false;
        }
        claim
    }

    fn add_number(&mut self, word: &str) {
        for part in word.split('-') {
            let known = NUMBER_WORDS.iter().find(|(name, _)| *name == part);
            if let Some((_, digits)) = known {
                self.numbers.insert((*digits).to_string());
            } else if part.bytes().any(|b| b.is_ascii_digit()) {
                self.numbers.insert(part.replace(',', ""));
            }
        }
    }

    /// Returns how far the sentences of `quote` together back this claim.
    pub fn backed_by(&self, quote: &[Claim]) -> Backing {
        let has = |stem: &String| quote.iter().any(|claim| claim.stems.contains(stem));
        let shared = self.stems.iter().filter(|stem| has(stem)).count();
        let other_number = !self
            .numbers
            .iter()
            .all(|number| quote.iter().any(|claim| claim.numbers.contains(number)));
        let other_name = !self.names.iter().all(has);
        Backing {
            share: shared as f32 / self.stems.len().max(1) as f32,
            conflict: other_number || other_name || self.contradicts(quote),
        }
    }

    /// Returns whether a word of both is denied in one of them only.
    pub fn denies(&self, other: &Claim) -> bool {
        self.contradicts(std::slice::from_ref(other))
    }

    /// Returns whether one has a number or a name that the other lacks.
    pub fn differs(&self, other: &Claim) -> bool {
        self.numbers != other.numbers || self.names != other.names
    }

    /// Returns whether a word is denied here and never in `quote`, or the other way round.
    fn contradicts(&self, quote: &[Claim]) -> bool {
        self.senses.iter().any(|(stem, here)| {
            let there = quote.iter().filter_map(|claim| claim.senses.get(stem));
            let there = there.fold(Senses::default(), |all, one| Senses {
                plain: all.plain || one.plain,
                denied: all.denied || one.denied,
            });
            (there.plain || there.denied) && ((here.denied && !there.denied) || (here.plain && !there.plain))
        })
    }
}

/// Returns whether `word`, in lower case, denies what follows it.
fn is_negation(word: &str) -> bool {
    NEGATIONS.contains(&word) || word.ends_with("n't")
}

/// Returns whether `word` is written as a name. With `opens`, a first capital may only mark the start of a sentence.
fn is_name(word: &str, opens: bool) -> bool {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    let first = letters.next().is_some_and(char::is_uppercase);
    let later = letters.any(char::is_uppercase);
    let first_person = word == "I" || word.starts_with("I'") || word.starts_with("I’");
    !first_person && (later || (first && !opens))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backing(sentence: &str, quote: &str) -> Backing {
        let words = Words::default();
        let quote = Claim::new(&words, quote, 0..quote.len());
        Claim::new(&words, sentence, 0..sentence.len()).backed_by(&[quote])
    }

    #[test]
    fn a_copy_is_backed_whole_and_without_conflict() {
        for text in [
            "Do not promise dates to sales, but name an owner.",
            "I'd send SOC 2 reports in eleven days, never later.",
            "She said: \"Buyers at Acme don't read it.\" Nobody does.",
            "Without a test set you'll save money, and not see what you lost.",
        ] {
            let backing = backing(text, text);
            assert_eq!((backing.share, backing.conflict), (1.0, false), "{text}");
        }
    }

    #[test]
    fn a_flipped_sense_conflicts_wherever_the_negation_stands() {
        for (sentence, quote) in [
            (
                "Promise dates to the sales team.",
                "Do not promise dates to the sales team.",
            ),
            (
                "You shouldn't promise dates to the sales team.",
                "Promise dates to the sales team.",
            ),
            ("Avoid long interviews with users.", "Plan long interviews with users."),
            (
                "Name an owner, and never promise dates.",
                "Never name an owner, and promise dates.",
            ),
            (
                "The model works without a test set.",
                "The model works with a test set.",
            ),
        ] {
            assert!(backing(sentence, quote).conflict, "{sentence} | {quote}");
        }
    }

    #[test]
    fn a_negation_of_something_else_is_no_conflict() {
        let quote = "Name an owner for each date, because nobody reads a plan.";
        assert!(!backing("Name an owner for each date.", quote).conflict);
        let quote = "If you can't say no, ask your manager for the ranking.";
        assert!(!backing("Ask your manager for the ranking.", quote).conflict);
    }

    #[test]
    fn another_number_conflicts_and_the_same_in_words_does_not() {
        let quote = "It took us eleven weeks and 40,000 letters, 15% of the year's.";
        assert!(!backing("It took 11 weeks and 40000 letters.", quote).conflict);
        assert!(!backing("15 percent of the year's letters took eleven weeks.", quote).conflict);
        for wrong in ["It took us twelve weeks.", "It took 110 weeks.", "It took half a year."] {
            assert!(backing(wrong, quote).conflict, "{wrong}");
        }
    }

    #[test]
    fn an_invented_name_conflicts_and_a_capital_at_the_start_does_not() {
        let quote = "Ask your data scientists which metric they trust.";
        assert!(backing("Ask your data scientists at Google which metric they trust.", quote).conflict);
        assert!(backing("Ask your SQL scientists which metric they trust.", quote).conflict);
        assert!(!backing("Trust which metric your data scientists ask for.", quote).conflict);
    }
}
