//! Records why an import read each part of an edition as it did, for `import --explain`.
//!
//! The pass over a newsletter adds notes where it decides. The result has one [`Reason`] for the title, the date and
//! each discussion, answer, section and resource, in the edition's order.

use std::collections::HashMap;

use super::structure::parts::UNSIGNED;
use crate::corpus::edition::Edition;

/// Why a part of an edition was read as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `title`, `date`, or the part of an identifier after the slug: `q1`, `q1/a`, `s2`, `r1`.
    pub item: String,
    /// The reason, in one line.
    pub why: String,
}

/// The notes of a pass.
#[derive(Debug, Default)]
pub(super) struct Why {
    pub title: &'static str,
    pub date: &'static str,
    discussions: HashMap<u32, Vec<&'static str>>,
    answers: HashMap<(u32, char), Vec<&'static str>>,
    sections: HashMap<String, &'static str>,
}

impl Why {
    /// Adds a note on question `number`.
    pub(super) fn question(&mut self, number: u32, why: &'static str) {
        self.discussions.entry(number).or_default().push(why);
    }

    /// Adds a note on the answer with `letter` to question `number`.
    pub(super) fn answer(&mut self, number: u32, letter: char, why: &'static str) {
        self.answers.entry((number, letter)).or_default().push(why);
    }

    /// Adds a note on the section called `title`, unless it has one.
    pub(super) fn section(&mut self, title: &str, why: &'static str) {
        self.sections.entry(title.to_string()).or_insert(why);
    }

    /// Returns the reasons for the parts of `edition`.
    pub(super) fn reasons(&self, edition: &Edition) -> Vec<Reason> {
        let reason = |item: String, why: String| Reason { item, why };
        let mut out = vec![reason("title".into(), self.title.into())];
        let date = if edition.date.is_some() {
            self.date
        } else {
            "no day is stated that reads one way only"
        };
        out.push(reason("date".into(), date.into()));
        for discussion in &edition.discussions {
            let number = discussion.number;
            let mut why = self.discussions.get(&number).cloned().unwrap_or_default();
            if why.is_empty() {
                why.push("more answers than there are letters: it goes on here");
            }
            if discussion.asked_by.is_none() {
                why.push("nobody is named as the asker");
            }
            out.push(reason(format!("q{number}"), why.join("; ")));
            for answer in &discussion.answers {
                let mut why = self.answers.get(&(number, answer.letter)).cloned().unwrap_or_default();
                if answer.contributor == UNSIGNED {
                    why.push("nobody is named as the one who answers");
                }
                out.push(reason(format!("q{number}/{}", answer.letter), why.join("; ")));
            }
        }
        for section in &edition.sections {
            let below = section.title.rsplit(": ").next().unwrap_or_default();
            let why = self.sections.get(&section.title).or_else(|| self.sections.get(below));
            let why = why
                .copied()
                .unwrap_or("a question that nobody answers, or a heading without text");
            out.push(reason(format!("s{}", section.number), why.into()));
        }
        for resource in &edition.resources {
            out.push(reason(
                format!("r{}", resource.number),
                "it stands under a heading for resources".into(),
            ));
        }
        out
    }
}
