//! Recognises copies of one text: a story that two newsletters send, or one that arrives both as mail and in a feed.
//!
//! Two texts are copies if most of their runs of five words are the same: their resemblance, the Jaccard index of both
//! sets (Broder, "On the resemblance and containment of documents", 1997). Sketches of the sets (MinHash) are not
//! needed, because a search compares only the few passages that it may show.

use std::collections::HashSet;
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
    pub date: Option<String>,
}

impl AlsoIn {
    pub fn of(passage: &Passage) -> AlsoIn {
        AlsoIn {
            id: passage.id.group().to_string(),
            edition: passage.edition_title.clone(),
            date: passage.date.clone(),
        }
    }
}

/// The runs of words of a text.
pub struct Runs(HashSet<u64>);

impl Runs {
    pub fn of(text: &str) -> Runs {
        let lower = text.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let run = |words: &[&str]| {
            let mut hasher = DefaultHasher::new();
            words.hash(&mut hasher);
            hasher.finish()
        };
        Runs(words.windows(RUN).map(run).collect())
    }

    /// Returns whether two texts are copies of one another.
    pub fn resemble(&self, other: &Runs) -> bool {
        let (least, most) = (self.0.len().min(other.0.len()), self.0.len().max(other.0.len()));
        if least < FEWEST || (least as f32) < LEAST * most as f32 {
            return false;
        }
        let common = self.0.intersection(&other.0).count();
        common as f32 >= LEAST * (least + most - common) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STORY: &str = "We asked ten customers what they would pay, wrote the figures on a wall, and raised the price \
                         until two of them left. The eight who stayed paid more than the ten had.";

    fn alike(a: &str, b: &str) -> bool {
        Runs::of(a).resemble(&Runs::of(b))
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
