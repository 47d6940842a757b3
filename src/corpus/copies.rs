//! Recognises copies of one text: a story that two newsletters send, or one that arrives both as mail and in a feed.
//!
//! Two texts are copies if most of their runs of five words are the same: their resemblance, the Jaccard index of both
//! sets (Broder, "On the resemblance and containment of documents", 1997). Sketches of the sets (MinHash) are not
//! needed, because a search compares only the few passages that it may show.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::passage::Passage;

/// Words in a run.
const RUN: usize = 5;

/// The least resemblance of two copies. A changed greeting, a cut ending or another signature leaves more in common.
const LEAST: f32 = 0.6;

/// A text of fewer runs is too short to say.
const FEWEST: usize = 8;

/// Another place that has the same text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlsoIn {
    /// The identifier of the discussion or section there.
    pub id: String,
    /// Title of the edition.
    pub edition: String,
    /// Who the edition is from, if it says so.
    #[serde(default)]
    pub sender: Option<String>,
    pub date: Option<String>,
}

impl AlsoIn {
    /// The place of `passage`, whose edition is from `sender`.
    pub fn of(passage: &Passage, sender: Option<String>) -> AlsoIn {
        AlsoIn {
            id: passage.id.group().to_string(),
            edition: passage.edition_title.clone(),
            sender,
            date: passage.date.clone(),
        }
    }

    /// Adds it to `others`, unless it is there.
    pub fn join(self, others: &mut Vec<AlsoIn>) {
        if !others.contains(&self) {
            others.push(self);
        }
    }
}

/// Texts of several editions, and which runs of words they have.
#[derive(Default)]
pub struct Texts {
    /// The numbers of the texts that have each run.
    with: HashMap<u64, Vec<usize>>,
    /// The edition of each text, and how many runs it has.
    all: Vec<(String, usize)>,
}

/// What a text is among others.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// It is another text. The texts are numbered from 0 in the order of their adding.
    New,
    /// It is a copy of the text with this number, which is in another edition. Copies get no number.
    CopyOf(usize),
}

impl Texts {
    /// Adds `text` of `edition`, unless it is a copy of a text in another edition.
    pub fn add(&mut self, edition: &str, text: &str) -> Added {
        let runs = runs(text);
        // Each run is looked up once. To compare the text with each other one takes as many times longer as there are.
        let mut common = vec![0; self.all.len()];
        for number in runs.iter().filter_map(|run| self.with.get(run)).flatten() {
            common[*number] += 1;
        }
        let mut others = self.all.iter().zip(common);
        let original =
            others.position(|((other, count), common)| other != edition && alike(runs.len(), *count, common));
        if let Some(number) = original {
            return Added::CopyOf(number);
        }
        for run in &runs {
            self.with.entry(*run).or_default().push(self.all.len());
        }
        self.all.push((edition.to_string(), runs.len()));
        Added::New
    }
}

/// Returns whether texts of `a` and `b` runs, of which `common` are the same, are copies of one another.
fn alike(a: usize, b: usize, common: usize) -> bool {
    a.min(b) >= FEWEST && common as f32 >= LEAST * (a + b - common) as f32
}

/// Returns the runs of words of a text, hashed.
fn runs(text: &str) -> HashSet<u64> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let run = |words: &[&str]| {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        hasher.finish()
    };
    words.windows(RUN).map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STORY: &str = "We asked ten customers what they would pay, wrote the figures on a wall, and raised the price \
                         until two of them left. The eight who stayed paid more than the ten had.";

    fn alike(a: &str, b: &str) -> bool {
        let mut texts = Texts::default();
        assert_eq!(texts.add("one", a), Added::New);
        texts.add("two", b) == Added::CopyOf(0)
    }

    #[test]
    fn a_copy_is_of_another_edition_and_has_no_number() {
        let mut texts = Texts::default();
        let other = STORY.split(' ').rev().collect::<Vec<_>>().join(" ");
        assert_eq!(texts.add("one", STORY), Added::New);
        assert_eq!(texts.add("one", STORY), Added::New);
        assert_eq!(texts.add("two", STORY), Added::CopyOf(0));
        assert_eq!(texts.add("two", &other), Added::New);
        assert_eq!(texts.add("three", &other), Added::CopyOf(2));
    }

    #[test]
    fn a_copy_with_another_greeting_mark_or_case_is_a_copy() {
        assert!(alike(STORY, STORY));
        assert!(alike(STORY, &format!("Hello Ana! {} — Bob", STORY.to_uppercase())));
        assert!(alike(STORY, &STORY.replace(',', " –")));
    }

    #[test]
    fn another_story_a_part_of_one_and_a_short_line_are_no_copies() {
        assert!(!alike(
            STORY,
            &STORY
                .replace("customers", "banks")
                .replace("price", "fee")
                .replace("left", "quit")
        ));
        assert!(!alike(STORY, &STORY[..60]));
        assert!(!alike("I agree with Ann.", "I agree with Ann."));
        assert!(!alike(STORY, ""));
    }

    proptest! {
        #[test]
        fn resemblance_has_no_direction(a in "([a-c] ){0,30}", b in "([a-c] ){0,30}") {
            prop_assert_eq!(alike(&a, &b), alike(&b, &a));
        }
    }
}
