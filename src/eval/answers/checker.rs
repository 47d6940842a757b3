//! Decides whether a text entails a sentence. The evaluation of answers uses this as its judge.
//!
//! The premise is quoted words, and the claim is a sentence of an answer. ALCE (Gao et al., arXiv 2305.14627) uses a
//! model for natural language inference. No such model is available here, so this aligns words. Every figure that
//! depends on it is reported next to its accuracy on hand-made pairs (`pairs.jsonl`).
//!
//! It shares no code with `answer::grounding`, which picks the citations. Otherwise the figures would be true by
//! construction.
//!
//! Words are aligned by their beginnings, clause by clause. Numbers, names, negations, opposites, the order of "before"
//! and "after", and claims of "all" or "only" must agree. The checker cannot see who did what to whom, and it knows no
//! synonyms. It errs towards "not entailed".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::eval::metrics::precision_recall_f1;

const PAIRS: &str = include_str!("pairs.jsonl");

/// The lowest share of a claim's content words that the premise must have. It was chosen on the `tune` half of the
/// pairs.
pub const THRESHOLD: f32 = 0.85;

/// A clause with less than this share of its words in the premise makes a statement that the premise lacks.
const MIN_OF_A_CLAUSE: f32 = 0.5;

/// Words without content.
const FUNCTION: &str = "a about after again all also although an and any anybody anyone are as at be because been before being but by \
    can could did do does doing done down for from had has have having he her here hers him his how i if in into is it \
    its itself just may me might mine more most much must my no nobody none nor not nothing of off on one onto or \
    other our ours out over own rarely seldom hardly shall she should since so some such than that the their theirs them then there these \
    they this those through to too under until up us very was we were what when where whether which while who whom \
    whose why will with without would yet you your yours only every always never neither cannot each say says said";

const NEGATIONS: &str = "not no never nobody nothing none neither nor cannot rarely seldom hardly";

/// Words that start a new clause. Punctuation ends a clause too.
const CLAUSE_WORDS: &str = "and or but because since so when who that which although while if after before until";

/// Words that claim totality. The premise must use them too.
const TOTAL: &str = "all always every only must everybody everyone guarantee guarantees entirely";

const NUMBERS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

const OPPOSITES: &[(&str, &str)] = &[
    ("more", "less"),
    ("more", "fewer"),
    ("most", "least"),
    ("leave", "stay"),
    ("raise", "lower"),
    ("increase", "decrease"),
    ("high", "low"),
    ("higher", "lower"),
    ("buy", "sell"),
    ("hire", "fire"),
    ("accept", "reject"),
    ("start", "stop"),
    ("internal", "external"),
    ("easy", "hard"),
    ("cheap", "expensive"),
    ("fast", "slow"),
    ("early", "late"),
    ("first", "last"),
    ("with", "without"),
    ("always", "never"),
    ("everybody", "nobody"),
    ("inside", "outside"),
    ("long", "short"),
    ("gain", "lose"),
    ("success", "failure"),
    ("best", "worst"),
    ("good", "bad"),
];

const IRREGULAR: &[(&str, &str)] = &[
    ("lost", "lose"),
    ("sold", "sell"),
    ("bought", "buy"),
    ("gave", "give"),
    ("given", "give"),
    ("wrote", "write"),
    ("written", "write"),
    ("told", "tell"),
    ("made", "make"),
    ("left", "leave"),
    ("kept", "keep"),
    ("found", "find"),
    ("went", "go"),
    ("led", "lead"),
    ("met", "meet"),
    ("paid", "pay"),
    ("ran", "run"),
    ("built", "build"),
    ("chose", "choose"),
    ("taught", "teach"),
    ("took", "take"),
    ("came", "come"),
    ("grew", "grow"),
    ("held", "hold"),
    ("spent", "spend"),
    ("thought", "think"),
    ("people", "person"),
];

/// Returns whether `premise` entails `claim`.
pub fn entails(premise: &str, claim: &str) -> bool {
    score(premise, claim) >= THRESHOLD
}

/// Returns the share of `claim`'s content words that `premise` has: 0..=1. It is 0 if they contradict each other or the
/// claim has no content words.
pub fn score(premise: &str, claim: &str) -> f32 {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !claim.trim().is_empty() && one_line(premise).contains(&one_line(claim)) {
        return 1.0;
    }
    let (premise, claim) = (Reading::new(premise), Reading::new(claim));
    let content: Vec<&Word> = claim.words.iter().filter(|word| word.content).collect();
    if content.is_empty() || claim.contradicts(&premise) {
        return 0.0;
    }
    let share = |words: &[&Word]| words.iter().filter(|word| premise.has(word)).count() as f32 / words.len() as f32;
    let all = share(&content);
    let last = content.iter().map(|word| word.clause).max().unwrap_or(0);
    let strange = (0..=last).any(|clause| {
        let of_clause: Vec<&Word> = content.iter().copied().filter(|word| word.clause == clause).collect();
        // One unmatched word is a turn of phrase; two are a statement.
        of_clause.len() > 1 && share(&of_clause) < MIN_OF_A_CLAUSE
    });
    if strange { all * MIN_OF_A_CLAUSE } else { all }
}

/// A text split into words, clauses and sentences.
struct Reading {
    words: Vec<Word>,
}

struct Word {
    /// In lower case, with irregular forms replaced.
    text: String,
    content: bool,
    /// The digits of a number, whether it was written in digits or as a word.
    number: Option<String>,
    /// Written with a capital inside a sentence.
    name: bool,
    /// In a negated clause.
    negated: bool,
    clause: usize,
    sentence: usize,
}

impl Reading {
    fn new(text: &str) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let (mut clause, mut sentence, mut opens) = (0, 0, true);
        for raw in text
            .split_whitespace()
            .flat_map(|piece| piece.split(['/', '–', '—', '-']))
        {
            let bare = raw.trim_matches(|c: char| !c.is_alphanumeric());
            if !bare.is_empty() {
                let lower = bare.to_lowercase().replace('’', "'");
                let base = lower.strip_suffix("'s").unwrap_or(&lower);
                if listed(CLAUSE_WORDS, base) {
                    clause += 1;
                }
                words.push(Word::new(bare, base, opens, clause, sentence));
                opens = false;
            }
            let end = raw.trim_end_matches(['"', '”', ')', '\'', '’']);
            if end.ends_with([',', ';', ':', '.', '?', '!']) {
                clause += 1;
            }
            if end.ends_with(['.', '?', '!']) {
                sentence += 1;
                opens = true;
            }
        }
        let mut reading = Reading { words };
        reading.negate();
        reading
    }

    /// A negation negates its clause. "Without" also negates the three words after it.
    fn negate(&mut self) {
        let turned: Vec<usize> = self.words.iter().filter(|w| w.negates()).map(|w| w.clause).collect();
        for word in &mut self.words {
            word.negated = turned.contains(&word.clause);
        }
        let without: Vec<usize> = (0..self.words.len())
            .filter(|&at| self.words[at].text == "without")
            .collect();
        for at in without {
            self.words
                .iter_mut()
                .skip(at + 1)
                .take(3)
                .for_each(|word| word.negated = true);
        }
    }

    fn matches<'a>(&'a self, word: &'a Word) -> impl Iterator<Item = &'a Word> {
        self.words.iter().filter(|own| own.same(word))
    }

    fn has(&self, word: &Word) -> bool {
        self.matches(word).next().is_some()
    }

    /// Returns whether the claim `self` says something that `premise` denies or does not go so far as to say.
    fn contradicts(&self, premise: &Reading) -> bool {
        let number = |word: &Word| {
            word.number.is_some() && word.text != "one" && !premise.words.iter().any(|own| own.number == word.number)
        };
        let name = |word: &Word| word.name && !premise.has(word);
        let total = |word: &Word| listed(TOTAL, &word.text) && !premise.has(word);
        let opposite = |word: &Word| {
            let other = OPPOSITES
                .iter()
                .flat_map(|&(a, b)| [(a, b), (b, a)])
                .filter(|(a, _)| word.is(a));
            !premise.has(word)
                && other
                    .into_iter()
                    .any(|(_, b)| premise.words.iter().any(|own| own.is(b)))
        };
        self.words
            .iter()
            .any(|word| number(word) || name(word) || total(word) || opposite(word))
            || self.turns(premise)
            || self.crosses(premise)
    }

    /// Returns whether one of the two denies what the other says.
    fn turns(&self, premise: &Reading) -> bool {
        let affirmed = self.words.iter().filter(|word| word.content && !word.negated);
        let denied_there = |word: &Word| premise.has(word) && premise.matches(word).all(|own| own.negated);
        let mut denied = self.words.iter().filter(|word| word.content && word.negated).peekable();
        let any_denied = denied.peek().is_some();
        let shared = denied.any(|word| premise.matches(word).any(|own| own.negated));
        affirmed.into_iter().any(denied_there) || (any_denied && !shared)
    }

    /// Returns whether one says "A before B" and the other "B before A".
    fn crosses(&self, premise: &Reading) -> bool {
        let (Some([first, second]), Some([early, late])) = (self.in_time(), premise.in_time()) else {
            return false;
        };
        let common =
            |some: &[&Word], others: &[&Word]| some.iter().filter(|w| others.iter().any(|o| o.same(w))).count();
        common(&first, &late) + common(&second, &early) > common(&first, &early) + common(&second, &late)
    }

    /// Returns the content words of what comes first and of what comes later, in the sentence with "before" or "after".
    fn in_time(&self) -> Option<[Vec<&Word>; 2]> {
        let at = self
            .words
            .iter()
            .position(|word| word.text == "before" || word.text == "after")?;
        let here = self.words[at].sentence;
        let side = |range: std::ops::Range<usize>| -> Vec<&Word> {
            let words = self.words.get(range).unwrap_or_default();
            words
                .iter()
                .filter(|word| word.content && word.sentence == here)
                .collect()
        };
        let (left, right) = (side(0..at), side(at + 1..self.words.len()));
        Some(if self.words[at].text == "before" {
            [left, right]
        } else {
            [right, left]
        })
    }
}

impl Word {
    fn new(bare: &str, base: &str, opens: bool, clause: usize, sentence: usize) -> Self {
        let digits: String = base.chars().filter(char::is_ascii_digit).collect();
        let number = if digits.is_empty() {
            NUMBERS.iter().position(|&name| name == base).map(|n| n.to_string())
        } else {
            Some(digits)
        };
        let regular = IRREGULAR
            .iter()
            .find(|(form, _)| *form == base)
            .map_or(base, |(_, regular)| regular);
        Word {
            text: regular.to_string(),
            content: !listed(FUNCTION, base),
            name: !opens && number.is_none() && bare.starts_with(char::is_uppercase) && !listed(FUNCTION, base),
            number,
            negated: false,
            clause,
            sentence,
        }
    }

    fn negates(&self) -> bool {
        listed(NEGATIONS, &self.text) || self.text.ends_with("n't")
    }

    /// Returns whether it is a form of `text`.
    fn is(&self, text: &str) -> bool {
        let rest = self.text.strip_prefix(text.strip_suffix('e').unwrap_or(text));
        rest.is_some_and(|rest| ["", "s", "e", "es", "ed", "ing", "er"].contains(&rest))
    }

    /// Returns whether the two are forms of one word: the same number, or the same beginning.
    fn same(&self, other: &Word) -> bool {
        if self.number.is_some() || other.number.is_some() {
            return self.number == other.number;
        }
        if self.text == other.text {
            return true;
        }
        let shared = self
            .text
            .chars()
            .zip(other.text.chars())
            .take_while(|(a, b)| a == b)
            .count();
        let (longer, shorter) = {
            let (a, b) = (self.text.chars().count(), other.text.chars().count());
            (a.max(b), a.min(b))
        };
        let plural = shared == shorter && longer == shorter + 1 && shorter > 1;
        plural || (shared >= 4 && shared * 10 >= longer * 6)
    }
}

/// A pair of texts with a person's judgement.
#[derive(Debug, Clone, Deserialize)]
struct Pair {
    kind: String,
    half: String,
    supported: bool,
    premise: String,
    claim: String,
}

/// How often the checker agrees with a person, on the pairs of one half.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    pub pairs: usize,
    pub agreed: usize,
    /// Of what the checker calls entailed, the share that a person does.
    pub precision: f64,
    /// Of what a person calls entailed, the share that the checker does.
    pub recall: f64,
    /// The number of pairs agreed on and of all pairs, by how the claim was made from the premise.
    pub kinds: BTreeMap<String, [usize; 2]>,
}

/// Returns the accuracy on the pairs of `half`: `tune`, on which the threshold was chosen, or `held`, which were held
/// out.
pub fn accuracy(half: &str) -> Accuracy {
    let mut decisions: Vec<(bool, bool)> = Vec::new();
    let mut kinds: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for pair in PAIRS.lines().filter_map(|line| serde_json::from_str::<Pair>(line).ok()) {
        if pair.half == half {
            let said = entails(&pair.premise, &pair.claim);
            decisions.push((said, pair.supported));
            let [agreed, all] = kinds.entry(pair.kind).or_default();
            *agreed += usize::from(said == pair.supported);
            *all += 1;
        }
    }
    let [precision, recall, _] = precision_recall_f1(&decisions);
    Accuracy {
        pairs: decisions.len(),
        agreed: decisions.iter().filter(|(said, is)| said == is).count(),
        precision,
        recall,
        kinds,
    }
}

/// Returns whether `word` is one of the words of `list`.
fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_judgments_of_the_pairs_are_those_of_a_person() {
        let pairs: Vec<Pair> = PAIRS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(pairs.len() >= 60);
        for half in ["tune", "held"] {
            let found = accuracy(half);
            assert_eq!(found.pairs, pairs.len() / 2);
            assert!(found.agreed * 100 >= found.pairs * 85, "{half}: {found:?}");
        }
        let wrong_copies = pairs
            .iter()
            .filter(|p| p.kind == "copy" && !entails(&p.premise, &p.claim));
        assert_eq!(
            wrong_copies.map(|p| &p.claim).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
    }

    #[test]
    fn any_text_entails_itself_and_nothing_entails_what_says_nothing() {
        for text in [
            "It is so.",
            "Do not promise dates, never before May.",
            "Call 3 users\nbefore lunch.",
        ] {
            assert!(entails(text, text), "{text}");
        }
        assert!(!entails("It is so.", "It was."));
        assert!(!entails("It is so.", " "));
    }

    #[test]
    fn numbers_in_words_and_in_digits_are_the_same() {
        assert!(entails("We called twelve users in May.", "We called 12 users in May."));
        assert!(!entails("We called twelve users in May.", "We called 11 users in May."));
    }
}
