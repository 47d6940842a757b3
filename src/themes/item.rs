//! An item of themes: one discussion, or one section of an article, with its passages.

use std::collections::{HashMap, HashSet};

use crate::answer::meaning::{Meaning, sum};
use crate::answer::words::Words;
use crate::corpus::copies::{Added, AlsoIn, Texts};
use crate::corpus::source::sender;
use crate::corpus::{Edition, Id, Passage, passage, passages};

/// A discussion or section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `EDITION/qN` or `EDITION/sN`.
    pub id: Id,
    pub title: String,
    pub edition_title: String,
    /// Who the edition is from.
    pub sender: Option<String>,
    /// `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Its answers, or the section's text. Never empty.
    pub passages: Vec<Passage>,
    /// Other editions with a copy of it.
    pub also_in: Vec<AlsoIn>,
}

impl Item {
    /// Returns the discussions of `edition`, and its sections, in their order.
    pub fn of(edition: &Edition, path: &str) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let (sender, _) = sender(edition, path);
        for passage in passages(edition, path) {
            let id = passage.id.group();
            if matches!(id, Id::Resource { .. }) {
                continue;
            }
            match items.last_mut().filter(|item| item.id == id) {
                Some(item) => item.passages.push(passage),
                None => items.push(Item {
                    id,
                    title: passage.discussion.clone(),
                    edition_title: edition.title.clone(),
                    sender: sender.clone(),
                    date: edition.date.clone(),
                    passages: vec![passage],
                    also_in: Vec::new(),
                }),
            }
        }
        items
    }

    /// How many contributors it has. A section counts as one.
    pub fn voices(&self) -> usize {
        passage::ids(&self.passages).len()
    }

    /// What was asked: the asker's text. It is empty for a section.
    pub fn question(&self) -> &str {
        self.passages.first().map_or("", |passage| &passage.question)
    }

    /// All texts: the title, the question, then the answers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let answers = self.passages.iter().map(|passage| passage.text.as_str());
        [self.title.as_str(), self.question()].into_iter().chain(answers)
    }

    /// The stems of the content words of its texts.
    pub fn stems(&self, words: &Words) -> HashSet<String> {
        self.texts().flat_map(|text| words.stems(text)).collect()
    }

    /// Returns the sum of the vectors of its passages, if the index has them all.
    pub fn indexed(&self, meaning: &dyn Meaning) -> Option<Vec<f32>> {
        let vectors: Vec<Option<Vec<f32>>> = self.passages.iter().map(|passage| meaning.indexed(passage)).collect();
        sum(vectors.iter().map(Option::as_deref))
    }

    /// Returns its meaning: the sum of the vectors of its passages. Only texts that the index does not have are given to
    /// the model. Returns `None` if the model fails.
    pub fn vector(&self, meaning: &dyn Meaning) -> Option<Vec<f32>> {
        self.indexed(meaning).or_else(|| {
            let texts: Vec<&str> = self.texts().filter(|text| !text.trim().is_empty()).collect();
            let vectors = meaning.vectors(&texts)?;
            sum(vectors.iter().map(|vector| Some(vector.as_slice())))
        })
    }
}

/// Removes copies of a text from the items of several editions. The first item with the text stays and names the others.
/// A text that `known` has is removed everywhere. Returns the removed items, each with the place of its original.
pub fn once(known: &[Item], lists: &mut [Vec<Item>]) -> HashMap<Id, AlsoIn> {
    let mut texts = Texts::default();
    let mut originals: Vec<AlsoIn> = Vec::new();
    let mut removed: HashMap<Id, AlsoIn> = HashMap::new();
    let mut copies: HashMap<String, Vec<AlsoIn>> = HashMap::new();
    for item in known.iter().chain(lists.iter().flatten()) {
        let Some(first) = item.passages.first() else { continue };
        let text: Vec<&str> = item.passages.iter().map(|passage| passage.text.as_str()).collect();
        let place = AlsoIn::of(first, item.sender.clone());
        match texts.add(item.id.edition(), &text.join("\n")) {
            Added::New => originals.push(place),
            Added::CopyOf(number) => {
                let original = originals[number].clone();
                place.join(copies.entry(original.id.clone()).or_default());
                removed.insert(item.id.clone(), original);
            }
        }
    }
    for list in lists {
        list.retain(|item| !removed.contains_key(&item.id));
        for item in list {
            item.also_in = copies.remove(&item.id.to_string()).unwrap_or_default();
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::markdown::parse;

    fn items(slug: &str, questions: &[&str]) -> Vec<Item> {
        let mut text = format!("---\nslug: {slug}\ntitle: {slug}\n---\n");
        for (number, words) in (1..).zip(questions) {
            text += &format!("\n## Q{number}. A question?\n\nAsked by: X\n\nAsked.\n\n### A. Ann\n\n{words}\n");
        }
        Item::of(&parse("x.md", &text).unwrap(), "x.md")
    }

    const STORY: &str =
        "We asked ten customers what they would pay and raised the price until two of them had left us.";
    const OTHER: &str = "Ask the support team which three questions come back each week and answer them on the page.";

    #[test]
    fn the_first_of_two_copies_stays_and_names_the_other() {
        let mut lists = [
            items("one", &[STORY, OTHER]),
            items("two", &[STORY]),
            items("three", &[OTHER, STORY]),
        ];
        let removed = once(&[], &mut lists);
        assert_eq!(lists.each_ref().map(Vec::len), [2, 0, 0]);
        let ids = |item: &Item| item.also_in.iter().map(|other| other.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&lists[0][0]), ["two/q1", "three/q2"]);
        assert_eq!(ids(&lists[0][1]), ["three/q1"]);
        assert_eq!(removed[&"three/q1".parse::<Id>().unwrap()].id, "one/q2");
    }

    #[test]
    fn what_is_known_is_removed_and_is_not_listed() {
        let mut lists = [items("two", &[STORY, OTHER])];
        let removed = once(&items("one", &[STORY]), &mut lists);
        assert_eq!(lists[0].len(), 1);
        assert_eq!(removed.len(), 1);
        assert!(lists[0][0].also_in.is_empty());
    }
}
