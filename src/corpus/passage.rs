//! Cuts an [`Edition`] into [`Passage`]s: the unit that is indexed, retrieved, put in a prompt and cited.
//!
//! In: an edition and the path it was read from. Out: one passage for each answer (long ones cut at paragraphs) and
//! one for each resource, each with everything that its reader needs to see. It must not know of the index.

use super::edition::{Edition, Id};

/// Longest passage text, in bytes, before an answer is cut at a paragraph. About 350 words: small enough that three
/// fit a 2,048-token prompt, large enough that hardly any answer of a newsletter is cut.
pub const MAX_PASSAGE_BYTES: usize = 2_000;

/// A piece of one answer or resource, with the context that makes it readable alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The answer or resource that the text is part of.
    pub id: Id,
    /// 0-based piece of that answer; 0 where it was not cut.
    pub part: u32,
    pub edition_title: String,
    pub date: Option<String>,
    /// Title of the discussion; for a resource, its own title.
    pub discussion: String,
    /// The asker's own text, empty for a resource.
    pub question: String,
    /// Who signed the answer; `None` for a resource.
    pub contributor: Option<String>,
    /// A verbatim slice of the answer's body or the resource's summary: what quotes are quoted from.
    pub text: String,
    /// The file the edition was read from, as shown to a reader.
    pub path: String,
}

/// All passages of `edition`, in its own order.
pub fn passages(edition: &Edition, path: &str) -> Vec<Passage> {
    let mut out = Vec::new();
    for discussion in &edition.discussions {
        for answer in &discussion.answers {
            let id = Id::Answer {
                edition: edition.slug.clone(),
                question: discussion.number,
                letter: answer.letter,
            };
            for (part, text) in pieces(&answer.body, MAX_PASSAGE_BYTES).into_iter().enumerate() {
                out.push(Passage {
                    id: id.clone(),
                    part: part as u32,
                    edition_title: edition.title.clone(),
                    date: edition.date.clone(),
                    discussion: discussion.title.clone(),
                    question: discussion.body.clone(),
                    contributor: Some(answer.contributor.clone()),
                    text: text.to_string(),
                    path: path.to_string(),
                });
            }
        }
    }
    for resource in &edition.resources {
        let id = Id::Resource {
            edition: edition.slug.clone(),
            resource: resource.number,
        };
        for (part, text) in pieces(&resource.summary, MAX_PASSAGE_BYTES).into_iter().enumerate() {
            out.push(Passage {
                id: id.clone(),
                part: part as u32,
                edition_title: edition.title.clone(),
                date: edition.date.clone(),
                discussion: resource.title.clone(),
                question: String::new(),
                contributor: None,
                text: text.to_string(),
                path: path.to_string(),
            });
        }
    }
    out
}

/// Cuts `body` at blank lines into the fewest slices of at most `max` bytes that keep paragraphs whole; a paragraph
/// that alone is longer is cut after a word. Every slice is verbatim and none is blank.
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
    use crate::corpus::edition::{Answer, Discussion, Resource};
    use proptest::prelude::*;

    fn edition(body: &str) -> Edition {
        Edition {
            slug: "e".into(),
            title: "Edition".into(),
            discussions: vec![Discussion {
                number: 1,
                title: "Why?".into(),
                asked_by: None,
                body: "Really, why?".into(),
                answers: vec![Answer {
                    letter: 'a',
                    contributor: "Somebody".into(),
                    body: body.into(),
                }],
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
    fn an_answer_and_a_resource_become_a_passage_each() {
        let all = passages(&edition("Because."), "e.md");
        let ids: Vec<String> = all.iter().map(|p| p.id.to_string()).collect();
        assert_eq!(ids, ["e/q1/a", "e/r1"]);
        assert_eq!(all[0].question, "Really, why?");
        assert_eq!(all[1].contributor, None);
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
        assert_eq!(passages(&edition("  \n "), "e.md").len(), 1);
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
