//! Shows an edition, or one of its discussions, answers, sections or resources, in full.
//!
//! A [`View`] writes itself as text and serialises to JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::sanitise;
use super::terminal::{Look, is_web_address};
use crate::corpus::edition::{Answer, Discussion, Edition, Id, Resource, Section};

/// What `show` shows. Fields that do not apply are left out of the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    pub id: String,
    pub edition: String,
    pub title: String,
    pub date: Option<String>,
    pub source: Option<String>,
    /// The user's labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discussions: Vec<DiscussionView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SectionView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiscussionView {
    pub id: String,
    pub title: String,
    pub asked_by: Option<String>,
    /// The newsletter's own summary of the answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_short: Option<String>,
    /// Other wordings of the question. They are for programs; people see what the newsletter says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_asked: Vec<String>,
    pub question: String,
    pub answers: Vec<AnswerView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerView {
    pub id: String,
    pub contributor: String,
    /// Questions that only this answer settles. They are also for programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_asked: Vec<String>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionView {
    pub id: String,
    pub title: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceView {
    pub id: String,
    pub title: String,
    pub kind: Option<String>,
    pub link: Option<String>,
    pub summary: String,
}

impl View {
    /// Returns what `id` names in `edition`, or `None` if the edition has no such part. An answer comes with its
    /// question.
    pub fn new(edition: &Edition, path: &str, id: &Id) -> Option<View> {
        let (mut discussions, mut sections, mut resources) = (Vec::new(), Vec::new(), Vec::new());
        match *id {
            Id::Edition { .. } => {
                discussions = edition
                    .discussions
                    .iter()
                    .map(|d| discussion(edition, d, |_| true))
                    .collect();
                sections = edition.sections.iter().map(|s| section(edition, s)).collect();
                resources = edition.resources.iter().map(|r| resource(edition, r)).collect();
            }
            Id::Discussion { question, .. } => {
                let found = edition.discussions.iter().find(|d| d.number == question)?;
                discussions.push(discussion(edition, found, |_| true));
            }
            Id::Answer { question, letter, .. } => {
                let found = edition.discussions.iter().find(|d| d.number == question)?;
                found.answers.iter().find(|a| a.letter == letter)?;
                discussions.push(discussion(edition, found, |a| a.letter == letter));
            }
            Id::Section { section: number, .. } => {
                let found = edition.sections.iter().find(|s| s.number == number)?;
                sections.push(section(edition, found));
            }
            Id::Resource { resource: number, .. } => {
                let found = edition.resources.iter().find(|r| r.number == number)?;
                resources.push(resource(edition, found));
            }
        }
        Some(View {
            id: id.to_string(),
            edition: edition.slug.clone(),
            title: edition.title.clone(),
            date: edition.date.clone(),
            source: edition.source.clone(),
            tags: edition.tags.clone(),
            path: path.to_string(),
            discussions,
            sections,
            resources,
        })
    }

    /// Writes the view as text for a person.
    pub fn write(&self, out: &mut dyn Write, look: Look) -> io::Result<()> {
        writeln!(out, "{}", look.wrap(&sanitise::line(&self.title), ""))?;
        let date = look.date(self.date.as_deref());
        writeln!(
            out,
            "{}  {date}  {}",
            sanitise::line(&self.edition),
            sanitise::line(&self.path)
        )?;
        if let Some(source) = &self.source {
            writeln!(out, "{}", address(source, look))?;
        }
        if !self.tags.is_empty() {
            writeln!(out, "Tags: {}", sanitise::line(&self.tags.join(", ")))?;
        }
        for discussion in &self.discussions {
            writeln!(
                out,
                "\n{}\n{}",
                discussion.id,
                look.wrap(&sanitise::line(&discussion.title), "")
            )?;
            if let Some(asker) = &discussion.asked_by {
                writeln!(out, "Asked by {}", sanitise::line(asker))?;
            }
            text(out, &discussion.question, look)?;
            if let Some(short) = &discussion.in_short {
                text(out, &format!("In short: {short}"), look)?;
            }
            for answer in &discussion.answers {
                writeln!(out, "\n{}  {}", answer.id, sanitise::line(&answer.contributor))?;
                text(out, &answer.text, look)?;
            }
        }
        for section in &self.sections {
            writeln!(
                out,
                "\n{}\n{}",
                section.id,
                look.wrap(&sanitise::line(&section.title), "")
            )?;
            text(out, &section.text, look)?;
        }
        for resource in &self.resources {
            writeln!(
                out,
                "\n{}\n{}",
                resource.id,
                look.wrap(&sanitise::line(&resource.title), "")
            )?;
            let about = [&resource.kind, &resource.link]
                .into_iter()
                .flatten()
                .map(|part| address(part, look));
            let about: Vec<String> = about.collect();
            if !about.is_empty() {
                writeln!(out, "{}", about.join("  "))?;
            }
            text(out, &resource.summary, look)?;
        }
        Ok(())
    }
}

/// Returns `text`, as a link if it is a web address.
fn address(text: &str, look: Look) -> String {
    let shown = sanitise::line(text);
    match is_web_address(text) {
        true => look.link(&shown, text),
        false => look.wrap(&shown, ""),
    }
}

/// Writes paragraphs, indented by two columns.
fn text(out: &mut dyn Write, text: &str, look: Look) -> io::Result<()> {
    for paragraph in sanitise::clean(text).split("\n\n").filter(|p| !p.trim().is_empty()) {
        writeln!(out)?;
        for line in paragraph.lines() {
            writeln!(out, "{}", look.wrap(line, "  "))?;
        }
    }
    Ok(())
}

fn discussion(edition: &Edition, from: &Discussion, wanted: impl Fn(&Answer) -> bool) -> DiscussionView {
    let id = format!("{}/q{}", edition.slug, from.number);
    let answers = from.answers.iter().filter(|a| wanted(a)).map(|answer| AnswerView {
        id: format!("{id}/{}", answer.letter),
        contributor: answer.contributor.clone(),
        also_asked: answer.also_asked.clone(),
        text: answer.body.clone(),
    });
    DiscussionView {
        answers: answers.collect(),
        title: from.title.clone(),
        asked_by: from.asked_by.clone(),
        in_short: from.in_short.clone(),
        also_asked: from.also_asked.clone(),
        question: from.body.clone(),
        id,
    }
}

fn section(edition: &Edition, from: &Section) -> SectionView {
    SectionView {
        id: format!("{}/s{}", edition.slug, from.number),
        title: from.title.clone(),
        text: from.body.clone(),
    }
}

fn resource(edition: &Edition, from: &Resource) -> ResourceView {
    ResourceView {
        id: format!("{}/r{}", edition.slug, from.number),
        title: from.title.clone(),
        kind: from.kind.clone(),
        link: from.link.clone(),
        summary: from.summary.clone(),
    }
}
