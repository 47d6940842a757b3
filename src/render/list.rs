//! Lists editions with their discussions. Identifiers come first, for use with `askpm show`.
//!
//! A [`List`] is sorted by date, newest first. It writes itself as text and serialises to JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::sanitise;
use super::terminal::Look;
use crate::corpus::edition::{Discussion, Edition};
use crate::retrieve::Filters;

/// What `list --json` prints: one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    /// Newest first. Undated editions come last, by slug.
    pub editions: Vec<Listed>,
}

/// One edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub slug: String,
    pub title: String,
    /// `YYYY-MM-DD`, or null if the newsletter does not say.
    pub date: Option<String>,
    /// The user's labels.
    pub tags: Vec<String>,
    /// Where it was read from: an absolute path, or `builtin:NAME`.
    pub path: String,
    pub discussions: Vec<Entry>,
    /// Sections of articles, and anything else that is not a discussion.
    pub sections: Vec<Part>,
    pub resources: Vec<Part>,
}

/// A discussion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub id: String,
    pub title: String,
    /// Who answers, in the order of the answers.
    pub contributors: Vec<String>,
}

/// A section or a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub id: String,
    pub title: String,
}

impl List {
    /// Lists those of `editions` (each with its path) that `filters` admit. A contributor filter limits the list to the
    /// discussions that this contributor answers.
    pub fn new(editions: Vec<(Edition, String)>, filters: &Filters) -> List {
        let by_date = |a: &Listed, b: &Listed| b.date.cmp(&a.date).then_with(|| a.slug.cmp(&b.slug));
        let admitted = editions
            .into_iter()
            .filter(|(edition, _)| filters.admits_edition(edition));
        let mut editions: Vec<Listed> = admitted
            .filter_map(|(edition, path)| listed(&edition, path, filters))
            .collect();
        editions.sort_by(by_date);
        List { editions }
    }

    /// Writes the list as text for a person.
    pub fn write(&self, out: &mut dyn Write, look: Look) -> io::Result<()> {
        for (at, edition) in self.editions.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            let date = look.date(edition.date.as_deref());
            let tags: Vec<String> = edition.tags.iter().map(|tag| format!("#{tag}")).collect();
            let tags = tags.join(" ");
            let mut parts = vec![edition.slug.as_str(), &date, &edition.title];
            parts.extend(Some(tags.as_str()).filter(|tags| !tags.is_empty()));
            line(out, "", &parts, look)?;
            for discussion in &edition.discussions {
                line(out, "  ", &[&discussion.id, &discussion.title], look)?;
            }
            for section in &edition.sections {
                line(out, "  ", &[&section.id, &section.title], look)?;
            }
        }
        Ok(())
    }
}

/// Writes an identifier and what it names. A line that is too long is wrapped and indented.
fn line(out: &mut dyn Write, indent: &str, parts: &[&str], look: Look) -> io::Result<()> {
    let parts: Vec<String> = parts.iter().map(|part| sanitise::line(part)).collect();
    let wrapped = look.wrap(&parts.join("  "), &format!("{indent}    "));
    writeln!(out, "{indent}{}", wrapped.trim_start())
}

fn listed(edition: &Edition, path: String, filters: &Filters) -> Option<Listed> {
    let slug = &edition.slug;
    let answers = |discussion: &Discussion| {
        discussion
            .answers
            .iter()
            .any(|a| filters.admits_contributor(&a.contributor))
    };
    let discussions = edition
        .discussions
        .iter()
        .filter(|discussion| match filters.contributor {
            Some(_) => answers(discussion),
            None => true,
        });
    let discussions: Vec<Entry> = discussions
        .map(|discussion| Entry {
            id: format!("{slug}/q{}", discussion.number),
            title: discussion.title.clone(),
            contributors: discussion.answers.iter().map(|a| a.contributor.clone()).collect(),
        })
        .collect();
    let part = |kind: char, number: u32, title: &str| Part {
        id: format!("{slug}/{kind}{number}"),
        title: title.to_string(),
    };
    let by_nobody = filters.contributor.is_none();
    if !by_nobody && discussions.is_empty() {
        return None;
    }
    let sections = edition.sections.iter().filter(|_| by_nobody);
    let resources = edition.resources.iter().filter(|_| by_nobody);
    Some(Listed {
        slug: slug.clone(),
        title: edition.title.clone(),
        date: edition.date.clone(),
        tags: edition.tags.clone(),
        path,
        discussions,
        sections: sections.map(|s| part('s', s.number, &s.title)).collect(),
        resources: resources.map(|r| part('r', r.number, &r.title)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(slug: &str, date: Option<&str>) -> (Edition, String) {
        let edition = Edition {
            slug: slug.into(),
            title: format!("On {slug}"),
            date: date.map(String::from),
            ..Edition::default()
        };
        (edition, format!("{slug}.md"))
    }

    #[test]
    fn the_newest_is_first_and_undated_ones_are_last() {
        let all = vec![
            edition("b", None),
            edition("old", Some("2023-05-01")),
            edition("a", None),
            edition("new", Some("2024-01-01")),
        ];
        let list = List::new(all, &Filters::default());
        let slugs: Vec<&str> = list.editions.iter().map(|edition| edition.slug.as_str()).collect();
        assert_eq!(slugs, ["new", "old", "a", "b"]);
    }

    #[test]
    fn no_control_character_of_an_edition_reaches_a_terminal() {
        let (mut hostile, path) = edition("a", None);
        hostile.title = "Red \u{1b}[31malert\nsecond".into();
        let mut out = Vec::new();
        List::new(vec![(hostile, path)], &Filters::default())
            .write(&mut out, Look::PLAIN)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('\u{1b}') && text.lines().count() == 1, "{text:?}");
    }
}
