//! Makes an edition satisfy the format's invariants.
//!
//! Each discussion has a title and an answer, each answer has text and a unique letter, and each section has text.
//! Words are only moved to where the format has a place for them.

use super::Dropped;
use super::clean::{bounded_line, words};
use super::contents::Contents;
use super::footnotes;
use super::structure::built::Built;
use super::structure::parts::{MAX_LINE, NOTE_AFTER, UNSIGNED, append};
use crate::corpus::edition::{Discussion, Edition, Section};

/// Tidies `built`. `made_up` stays the number of words that are not in the source.
pub(super) fn tidy(built: &mut Built, contents: &mut Contents, made_up: &mut usize) {
    let edition = &mut built.edition;
    footnotes::settle(edition, made_up, NOTE_AFTER);
    for discussion in &mut edition.discussions {
        if discussion.title.is_empty() {
            discussion.title = match contents.take_discussion(discussion.number) {
                Some(title) => bounded_line(&title, MAX_LINE),
                None => {
                    *made_up += 2;
                    format!("Question {}", discussion.number)
                }
            };
        }
        discussion.answers.retain(|answer| {
            let empty = answer.body.trim().is_empty();
            if empty && answer.contributor == UNSIGNED {
                *made_up = made_up.saturating_sub(1);
            } else if empty {
                let name = &answer.contributor;
                built
                    .dropped
                    .push(Dropped::new("name under no text", words(name), name));
            }
            !empty
        });
    }
    let found = std::mem::take(&mut edition.discussions);
    let (unanswered, answered) = found.into_iter().partition(|d: &Discussion| d.answers.is_empty());
    edition.discussions = one_letter_each(answered, made_up);
    let sections = std::mem::take(&mut edition.sections);
    edition.sections = with_text(sections, made_up);
    unanswered_sections(edition, unanswered, made_up);
    for (section, number) in edition.sections.iter_mut().zip(1..) {
        section.number = number;
    }
}

/// Splits discussions with more than 26 answers, so that each letter occurs once.
fn one_letter_each(discussions: Vec<Discussion>, made_up: &mut usize) -> Vec<Discussion> {
    let mut highest = discussions.iter().map(|d| d.number).max().unwrap_or(0);
    let mut out = Vec::with_capacity(discussions.len());
    for mut discussion in discussions {
        let answers = std::mem::take(&mut discussion.answers);
        let title = discussion.title.clone();
        out.push(discussion);
        let mut last = None;
        for answer in answers {
            if last.is_some_and(|last| answer.letter <= last) {
                highest += 1;
                let title = format!("{title} (continued)");
                *made_up += words(&title);
                out.push(Discussion {
                    number: highest,
                    title,
                    asked_by: None,
                    in_short: None,
                    also_asked: Vec::new(),
                    body: String::new(),
                    answers: Vec::new(),
                });
            }
            last = Some(answer.letter);
            if let Some(open) = out.last_mut() {
                open.answers.push(answer);
            }
        }
    }
    out
}

/// Joins a heading without text to the heading below it. The last one becomes its own text.
fn with_text(sections: Vec<Section>, made_up: &mut usize) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::with_capacity(sections.len());
    let mut above: Option<Section> = None;
    for mut section in sections {
        if let Some(mut parent) = above.take() {
            let joined = format!("{}: {}", parent.title, section.title);
            if joined.chars().count() <= MAX_LINE {
                section.title = joined;
            } else {
                *made_up += words(&parent.title);
                parent.body.clone_from(&parent.title);
                out.push(parent);
            }
        }
        if section.body.is_empty() {
            above = Some(section);
        } else {
            out.push(section);
        }
    }
    if let Some(mut last) = above {
        *made_up += words(&last.title);
        last.body.clone_from(&last.title);
        out.push(last);
    }
    out
}

/// Turns unanswered questions into sections, so that search can find them.
fn unanswered_sections(edition: &mut Edition, unanswered: Vec<Discussion>, made_up: &mut usize) {
    for discussion in unanswered {
        let mut body = discussion.body;
        if let Some(name) = &discussion.asked_by {
            append(&mut body, &format!("– {name}"), true);
        }
        if body.is_empty() {
            *made_up += words(&discussion.title);
            body.clone_from(&discussion.title);
        }
        edition.sections.push(Section {
            number: 0,
            title: discussion.title,
            body,
        });
    }
}

/// Counts the words in `edition` that come from its text.
pub(super) fn edition_words(edition: &Edition) -> usize {
    let discussions = edition.discussions.iter().map(|d| {
        let answers = d.answers.iter().map(|a| words(&a.contributor) + words(&a.body));
        words(&d.title) + d.asked_by.as_deref().map_or(0, words) + words(&d.body) + answers.sum::<usize>()
    });
    let resources = edition.resources.iter().map(|r| words(&r.title) + words(&r.summary));
    let sections = edition.sections.iter().map(|s| words(&s.title) + words(&s.body));
    words(&edition.title) + discussions.sum::<usize>() + resources.sum::<usize>() + sections.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_without_text_are_kept() {
        let section = |title: &str, body: &str| Section {
            number: 1,
            title: title.into(),
            body: body.into(),
        };
        let mut made_up = 0;
        let out = with_text(
            vec![section("Part", ""), section("One", "Text"), section("End", "")],
            &mut made_up,
        );
        let titles: Vec<_> = out.iter().map(|s| s.title.as_str()).collect();
        assert_eq!(titles, ["Part: One", "End"]);
        assert_eq!((out[1].body.as_str(), made_up), ("End", 1));
    }
}
