//! Finds what editions have in common: contributors, resources, and copies of one text.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::{Added, Texts};
use super::edition::{Discussion, Edition};

/// A contributor or a resource of more editions than this says nothing about any two of them.
const MOST: usize = 12;

/// What an edition shares with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The place of the other edition in the list.
    pub other: usize,
    pub shared: BTreeSet<Shared>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shared {
    /// A discussion or a section of this edition, by its title, that the other one has in nearly the same words.
    Copy(String),
    /// A resource, by its title.
    Resource(String),
    /// A contributor, by name.
    Contributor(String),
}

/// Returns, for each of `editions`, what it shares with others: those with which it shares most come first, and of these
/// the newest.
pub fn links(editions: &[&Edition]) -> Vec<Vec<Link>> {
    let mut found: Vec<BTreeMap<usize, BTreeSet<Shared>>> = vec![BTreeMap::new(); editions.len()];
    let mut note = |of: usize, other: usize, shared: &Shared| {
        found[of].entry(other).or_default().insert(shared.clone());
    };
    let mut groups: BTreeMap<String, BTreeMap<usize, Shared>> = BTreeMap::new();
    for (at, edition) in editions.iter().enumerate() {
        for (key, shared) in contributors(edition).chain(resources(edition)) {
            groups.entry(key).or_default().entry(at).or_insert(shared);
        }
    }
    for group in groups.values().filter(|group| group.len() <= MOST) {
        for (of, shared) in group {
            for other in group.keys().filter(|other| *other != of) {
                note(*of, *other, shared);
            }
        }
    }
    for group in copies(editions) {
        for (of, title) in &group {
            let shared = Shared::Copy(title.clone());
            for (other, _) in group.iter().filter(|(other, _)| other != of) {
                note(*of, *other, &shared);
            }
        }
    }
    let links = found.into_iter().map(|others| {
        let mut links: Vec<Link> = others
            .into_iter()
            .map(|(other, shared)| Link { other, shared })
            .collect();
        links.sort_by(|a, b| {
            let newest = editions[b.other].date.cmp(&editions[a.other].date);
            b.shared.len().cmp(&a.shared.len()).then(newest)
        });
        links
    });
    links.collect()
}

/// The contributors with a name of at least two words, and what identifies each: the name without the role after it.
fn contributors(edition: &Edition) -> impl Iterator<Item = (String, Shared)> {
    let answers = edition.discussions.iter().flat_map(|discussion| &discussion.answers);
    answers.filter_map(|answer| {
        let name = answer.contributor.split([',', '(', '–', '—', '|']).next()?.trim();
        let is_name = name.split_whitespace().count() > 1 && !name.starts_with("A ") && !name.starts_with("The ");
        is_name.then(|| (format!("c {}", key(name)), Shared::Contributor(name.to_string())))
    })
}

/// The resources, and what identifies each: its address or, without one, its title.
fn resources(edition: &Edition) -> impl Iterator<Item = (String, Shared)> {
    edition.resources.iter().filter_map(|resource| {
        let address = resource.link.as_deref().map(|link| link.trim_end_matches('/'));
        let key = key(address.unwrap_or(&resource.title));
        (!key.is_empty()).then(|| (format!("r {key}"), Shared::Resource(resource.title.clone())))
    })
}

/// Groups of editions with copies of one text, each edition with the title that the text has there.
fn copies(editions: &[&Edition]) -> Vec<Vec<(usize, String)>> {
    let mut texts = Texts::default();
    let mut groups: Vec<Vec<(usize, String)>> = Vec::new();
    for (at, edition) in editions.iter().enumerate() {
        let discussions = edition.discussions.iter().map(|one| (&one.title, said(one)));
        let sections = edition.sections.iter().map(|one| (&one.title, one.body.clone()));
        for (title, text) in discussions.chain(sections) {
            let place = (at, title.clone());
            match texts.add(&edition.slug, &text) {
                Added::New => groups.push(vec![place]),
                Added::CopyOf(number) => groups[number].push(place),
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn said(discussion: &Discussion) -> String {
    let answers: Vec<&str> = discussion.answers.iter().map(|answer| answer.body.as_str()).collect();
    answers.join("\n")
}

fn key(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::parse;

    const STORY: &str = "Ask ten licence holders what they would pay, write the figures on a wall, and raise the price \
                         until two of them walk away.";

    fn edition(slug: &str, date: &str, contributor: &str, answer: &str, resource: &str) -> Edition {
        let text = format!(
            "---\nslug: {slug}\ntitle: {slug}\ndate: {date}\n---\n\n## Q1. Why {slug}?\n\n### A. {contributor}\n\n{answer}\n\n\
             ## Resources\n\n### R1. {resource}\n\nGood.\n"
        );
        parse(slug, &text).unwrap()
    }

    #[test]
    fn contributors_resources_and_copies_link_editions_in_both_directions() {
        let one = edition("one", "2025-01-01", "Ann Lee, founder", STORY, "A book");
        let two = edition("two", "2025-02-01", "Ann  lee (coach)", "Something else.", "a  Book");
        let three = edition("three", "2025-03-01", "Designer", &format!("Hello! {STORY}"), "A talk");
        let links = links(&[&one, &two, &three]);
        let texts = |of: usize| -> Vec<(usize, Vec<Shared>)> {
            let links = links[of].iter();
            links
                .map(|link| (link.other, link.shared.iter().cloned().collect()))
                .collect()
        };
        assert_eq!(
            texts(0),
            [
                (
                    1,
                    vec![Shared::Resource("A book".into()), Shared::Contributor("Ann Lee".into())]
                ),
                (2, vec![Shared::Copy("Why one?".into())]),
            ]
        );
        assert_eq!(texts(1).len(), 1);
        assert_eq!(texts(2), [(0, vec![Shared::Copy("Why three?".into())])]);
    }

    #[test]
    fn roles_and_those_who_are_everywhere_link_nothing() {
        let everywhere: Vec<Edition> = (0..=MOST)
            .map(|n| {
                edition(
                    &format!("e{n}"),
                    "2025-01-01",
                    "Ann Lee",
                    &format!("Text {n}."),
                    &format!("Book {n}"),
                )
            })
            .collect();
        let all: Vec<&Edition> = everywhere.iter().collect();
        assert!(links(&all).iter().all(Vec::is_empty));
        let roles =
            ["PM", "A product manager", "The editor"].map(|role| edition("a", "2025-01-01", role, "Text.", role));
        assert!(roles.iter().all(|edition| contributors(edition).next().is_none()));
    }
}
