//! Decides which discussions bear on an interest, such as `pricing`: by their words and, with an embedding model, by
//! meaning.

use std::collections::HashSet;

use super::item::Item;
use crate::answer::meaning::Meaning;
use crate::answer::words::Words;

/// A discussion at least this near in meaning bears on an interest. A single word is rather near to many discussions.
const NEAR: f32 = 0.55;

/// One whose answers have the words is about something else below this.
const NOT_FAR: f32 = 0.3;

/// A word in this share of the answers is what they are about, and at least in [`ANSWERS`] of them.
const SHARE: f32 = 0.5;
const ANSWERS: usize = 2;

/// What a reader wants to hear about.
pub struct Interest {
    /// As given.
    pub text: String,
    stems: HashSet<String>,
    vector: Option<Vec<f32>>,
}

impl Interest {
    /// Reads interests, separated by commas.
    pub fn read(texts: &str, meaning: Option<&dyn Meaning>) -> Vec<Interest> {
        let texts: Vec<&str> = texts
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .collect();
        let vectors = meaning.and_then(|meaning| meaning.vectors(&texts));
        let words = Words::default();
        let one = |(at, text): (usize, &&str)| Interest {
            text: text.to_string(),
            stems: words.set(text),
            vector: vectors.as_ref().and_then(|vectors| vectors.get(at).cloned()),
        };
        texts.iter().enumerate().map(one).collect()
    }

    /// Returns whether `item` bears on it: its title has the words, or it is near in meaning, or most answers have the
    /// words and it is not far in meaning. A word alone is often said in passing.
    pub fn is_met_by(&self, item: &Item, meaning: Option<&dyn Meaning>) -> bool {
        if self.is_in(&item.title) {
            return true;
        }
        let near = self.nearness(item, meaning);
        near.is_some_and(|near| near >= NEAR) || (self.is_said_by(item) && near.is_none_or(|near| near >= NOT_FAR))
    }

    /// Returns whether `text` has all of its words.
    pub fn is_in(&self, text: &str) -> bool {
        !self.stems.is_empty() && self.stems.is_subset(&Words::default().set(text))
    }

    fn is_said_by(&self, item: &Item) -> bool {
        let answers = item.passages.iter().filter(|passage| self.is_in(&passage.text)).count();
        answers >= ANSWERS && answers as f32 >= SHARE * item.passages.len() as f32
    }

    fn nearness(&self, item: &Item, meaning: Option<&dyn Meaning>) -> Option<f32> {
        let meaning = meaning?;
        let (own, of_item) = (self.vector.as_deref()?, item.vector(meaning)?);
        Some(meaning.scale().cosine(own, &of_item))
    }
}
