//! Cuts an [`Edition`] into [`Passage`]s: the unit that is indexed, retrieved, put in a prompt and cited.
//!
//! Each answer, section and resource gives one passage; long ones are cut at paragraphs. A passage includes everything
//! that a reader needs to understand it.

use super::edition::{Answer, Discussion, Edition, Id, Resource};
use super::plain::plain;

/// Maximum length of a passage's text in bytes; a longer text is cut at a paragraph. This is about 350 words: small
/// enough that three fit a 2,048-token prompt, and large enough that hardly any answer of a newsletter is cut.
pub const MAX_PASSAGE_BYTES: usize = 2_000;

/// A piece of one answer, section or resource, with the context that makes it readable by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The answer, section or resource that the text is part of.
    pub id: Id,
    /// 0-based index of the piece; 0 if the text was not cut.
    pub part: u32,
    pub edition_title: String,
    pub date: Option<String>,
    /// Title of the discussion. For a section or a resource, its title.
    pub discussion: String,
    /// The asker's text; empty for a section and a resource.
    pub question: String,
    /// The newsletter's own summary of the discussion.
    pub in_short: Option<String>,
    /// Other wordings of the question, and other questions that only this answer settles. They are used for search, and
    /// never shown or quoted.
    pub also_asked: Vec<String>,
    /// Who signed the answer; `None` for a section and a resource.
    pub contributor: Option<String>,
    /// Kind of a resource: `book`, `talk`, …
    pub kind: Option<String>,
    /// Address of a resource.
    pub link: Option<String>,
    /// The text that quotes are taken from. It is a slice of the plain text of the answer's or section's body, or of
    /// the resource's summary. If the resource has no summary, it is from its title.
    pub text: String,
    /// The file the edition was read from, as shown to a user.
    pub path: String,
}

/// Returns all passages of `edition`: of its discussions, its sections and its resources, each in their order.
pub fn passages(edition: &Edition, path: &str) -> Vec<Passage> {
    let mut out = Vec::new();
    type Asked<'a> = Option<(&'a Discussion, &'a Answer)>;
    let mut add = |id: Id, title: &str, asked: Asked, resource: Option<&Resource>, text: &str| {
        let also_asked = asked.map(|(discussion, answer)| [&discussion.also_asked[..], &answer.also_asked].concat());
        let also_asked = also_asked.unwrap_or_default();
        let (title, text) = (plain(title), plain(text));
        let question = asked.map(|(discussion, _)| plain(&discussion.body)).unwrap_or_default();
        let in_short = asked.and_then(|(discussion, _)| Some(plain(discussion.in_short.as_ref()?).to_string()));
        let parts = pieces(&text, MAX_PASSAGE_BYTES).into_iter().zip(0u32..);
        out.extend(parts.map(|(text, part)| Passage {
            id: id.clone(),
            part,
            edition_title: edition.title.clone(),
            date: edition.date.clone(),
            discussion: title.to_string(),
            question: question.to_string(),
            in_short: in_short.clone(),
            also_asked: also_asked.clone(),
            contributor: asked.map(|(_, answer)| answer.contributor.clone()),
            kind: resource.and_then(|resource| resource.kind.clone()),
            link: resource.and_then(|resource| resource.link.clone()),
            text: text.to_string(),
            path: path.to_string(),
        }));
    };
    let slug = || edition.slug.clone();
    for discussion in &edition.discussions {
        for answer in &discussion.answers {
            let id = Id::Answer {
                edition: slug(),
                question: discussion.number,
                letter: answer.letter,
            };
            add(id, &discussion.title, Some((discussion, answer)), None, &answer.body);
        }
    }
    for section in &edition.sections {
        let id = Id::Section {
            edition: slug(),
            section: section.number,
        };
        add(id, &section.title, None, None, &section.body);
    }
    for resource in &edition.resources {
        let id = Id::Resource {
            edition: slug(),
            resource: resource.number,
        };
        // A resource without a summary must be found by its title.
        let named = resource.summary.trim().is_empty();
        let text = if named { &resource.title } else { &resource.summary };
        add(id, &resource.title, None, Some(resource), text);
    }
    out
}

/// Returns the identifiers of `passages` in their order. A long answer has several passages.
pub fn ids(passages: &[Passage]) -> Vec<&Id> {
    let mut ids: Vec<&Id> = passages.iter().map(|passage| &passage.id).collect();
    ids.dedup();
    ids
}

/// Cuts `body` at blank lines into slices of at most `max` bytes, keeping paragraphs whole. A longer paragraph is cut
/// after a sentence, or else after a word. Every slice is verbatim and none is blank.
fn pieces(body: &str, max: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = body.trim();
    while rest.len() > max {
        let mut window = max;
        while !rest.is_char_boundary(window) {
            window -= 1;
        }
        let head = &rest[..window];
        let cut = head
            .rfind("\n\n")
            .or_else(|| head.rfind(". ").map(|at| at + 1))
            .or_else(|| head.rfind(char::is_whitespace))
            .filter(|&at| at > 0)
            .unwrap_or(window);
        out.push(rest[..cut].trim());
        rest = rest[cut..].trim_start();
    }
    out.push(rest);
    out.retain(|piece| !piece.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::edition::Section;
    use proptest::prelude::*;

    fn edition(body: &str) -> Edition {
        Edition {
            slug: "e".into(),
            title: "Edition".into(),
            discussions: vec![Discussion {
                number: 1,
                title: "Why?".into(),
                asked_by: None,
                in_short: Some("Since *then*.".into()),
                also_asked: vec!["Whatever for?".into()],
                body: "Really, why?".into(),
                answers: vec![Answer {
                    letter: 'a',
                    contributor: "Somebody".into(),
                    also_asked: vec!["And since when?".into()],
                    body: body.into(),
                }],
            }],
            sections: vec![Section {
                number: 1,
                title: "A note".into(),
                body: "Noted.".into(),
            }],
            resources: vec![Resource {
                number: 1,
                title: "A book".into(),
                kind: Some("book".into()),
                link: None,
                summary: "It is good.".into(),
            }],
            ..Edition::default()
        }
    }

    #[test]
    fn an_answer_a_section_and_a_resource_become_a_passage_each() {
        let all = passages(&edition("Because."), "e.md");
        let ids: Vec<String> = all.iter().map(|p| p.id.to_string()).collect();
        assert_eq!(ids, ["e/q1/a", "e/s1", "e/r1"]);
        assert_eq!(all[0].question, "Really, why?");
        assert_eq!(all[0].also_asked, ["Whatever for?", "And since when?"]);
        let short: Vec<_> = all.iter().map(|p| p.in_short.as_deref()).collect();
        assert_eq!(short, [Some("Since then."), None, None]);
        assert!(all[1].also_asked.is_empty() && all[2].also_asked.is_empty());
        assert_eq!((all[1].discussion.as_str(), all[1].text.as_str()), ("A note", "Noted."));
        assert!(all[1].contributor.is_none() && all[2].contributor.is_none());
        assert_eq!((all[2].kind.as_deref(), all[1].kind.as_deref()), (Some("book"), None));
    }

    #[test]
    fn a_resource_that_is_only_named_is_found_by_its_name() {
        let mut edition = edition("Because.");
        edition.resources[0].summary.clear();
        assert_eq!(passages(&edition, "e.md")[2].text, "A book");
    }

    #[test]
    fn long_answers_are_cut_between_paragraphs() {
        let paragraph = "word ".repeat(250);
        let body = [paragraph.trim(), paragraph.trim(), paragraph.trim()].join("\n\n");
        let parts: Vec<_> = passages(&edition(&body), "e.md")
            .into_iter()
            .filter(|p| p.contributor.is_some())
            .collect();
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|p| p.text == paragraph.trim()));
        assert_eq!(parts[2].part, 2);
    }

    #[test]
    fn an_empty_answer_makes_no_passage() {
        assert_eq!(passages(&edition("  \n "), "e.md").len(), 2);
    }

    proptest! {
        #[test]
        fn pieces_are_bounded_verbatim_and_lose_no_word(body in "(?s)[a-zé .\n]{0,400}", max in 8usize..60) {
            let cut = pieces(&body, max);
            let words = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert!(cut.iter().all(|p| p.len() <= max && !p.trim().is_empty() && body.contains(p)));
            prop_assert_eq!(words(&cut.concat()), words(&body));
        }
    }
}
