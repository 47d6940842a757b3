//! Defines the JSON that `import --json` prints: the report, and where each edition went.

use serde::Serialize;

use super::clean::words;
use super::{Dropped, ImportReport, Imported, Outcome, Reason, Stored};
use crate::corpus::edition::Id;

/// The object that `import --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct ImportView {
    pub editions: Vec<EditionView>,
    pub skipped: Vec<SkippedView>,
}

#[derive(Debug, Clone, Serialize)]
pub struct EditionView {
    pub slug: String,
    pub title: String,
    pub date: Option<String>,
    /// Path of the file. Null in a dry run.
    pub path: Option<String>,
    /// `added`, `unchanged`, `replaced`, `changed` or `duplicate`; null in a dry run.
    pub outcome: Option<&'static str>,
    pub from: String,
    pub words_in: usize,
    pub words_kept: usize,
    pub dropped: Vec<DroppedView>,
    pub why: Vec<ReasonView>,
    pub discussions: Vec<DiscussionView>,
    pub sections: Vec<SectionView>,
    pub resources: Vec<ResourceView>,
}

/// Why something was read as it was. See [`super::Reason`].
#[derive(Debug, Clone, Serialize)]
pub struct ReasonView {
    pub item: String,
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct DroppedView {
    pub what: String,
    pub words: usize,
    pub text: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct DiscussionView {
    pub id: String,
    pub title: String,
    pub asked_by: Option<String>,
    pub answers: Vec<AnswerView>,
}

#[derive(Debug, Clone, Serialize)]
pub struct AnswerView {
    pub id: String,
    pub contributor: String,
    pub words: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct SectionView {
    pub id: String,
    pub title: String,
    pub words: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct ResourceView {
    pub id: String,
    pub title: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct SkippedView {
    pub file: String,
    pub why: String,
}

impl ImportView {
    /// Creates the view of `report`. `stored` is what [`super::store`] returned for it, or empty in a dry run.
    pub fn new(report: &ImportReport, stored: &[Stored]) -> Self {
        let editions = report.editions.iter().enumerate();
        let skipped = report.skipped.iter().map(|item| SkippedView {
            file: item.file.clone(),
            why: item.why.clone(),
        });
        ImportView {
            editions: editions
                .map(|(at, imported)| edition(imported, stored.get(at)))
                .collect(),
            skipped: skipped.collect(),
        }
    }
}

fn edition(imported: &Imported, stored: Option<&Stored>) -> EditionView {
    let edition = &imported.edition;
    let slug = stored.map_or(&edition.slug, |stored| &stored.slug);
    let why = |reason: &Reason| ReasonView {
        item: reason.item.clone(),
        why: reason.why.clone(),
    };
    let dropped = |d: &Dropped| DroppedView {
        what: d.what.clone(),
        words: d.words,
        text: d.text.clone(),
    };
    EditionView {
        slug: slug.clone(),
        title: edition.title.clone(),
        date: edition.date.clone(),
        path: stored.map(|stored| stored.path.display().to_string()),
        outcome: stored.map(|stored| match stored.outcome {
            Outcome::Added => "added",
            Outcome::Unchanged => "unchanged",
            Outcome::Replaced => "replaced",
            Outcome::Changed => "changed",
            Outcome::Kept { .. } => "kept",
            Outcome::Duplicate { .. } => "duplicate",
        }),
        from: imported.from.clone(),
        words_in: imported.words_in,
        words_kept: imported.words_kept,
        dropped: imported.dropped.iter().map(dropped).collect(),
        why: imported.why.iter().map(why).collect(),
        discussions: edition.discussions.iter().map(|d| discussion(slug, d)).collect(),
        sections: edition.sections.iter().map(|s| section(slug, s)).collect(),
        resources: edition.resources.iter().map(|r| resource(slug, r)).collect(),
    }
}

fn discussion(slug: &str, discussion: &crate::corpus::edition::Discussion) -> DiscussionView {
    let (edition, question) = (slug.to_string(), discussion.number);
    let answers = discussion.answers.iter().map(|answer| AnswerView {
        id: Id::Answer {
            edition: edition.clone(),
            question,
            letter: answer.letter,
        }
        .to_string(),
        contributor: answer.contributor.clone(),
        words: words(&answer.body),
    });
    DiscussionView {
        answers: answers.collect(),
        id: Id::Discussion { edition, question }.to_string(),
        title: discussion.title.clone(),
        asked_by: discussion.asked_by.clone(),
    }
}

fn section(slug: &str, section: &crate::corpus::edition::Section) -> SectionView {
    let id = Id::Section {
        edition: slug.to_string(),
        section: section.number,
    };
    SectionView {
        id: id.to_string(),
        title: section.title.clone(),
        words: words(&section.body),
    }
}

fn resource(slug: &str, resource: &crate::corpus::edition::Resource) -> ResourceView {
    let id = Id::Resource {
        edition: slug.to_string(),
        resource: resource.number,
    };
    ResourceView {
        id: id.to_string(),
        title: resource.title.clone(),
    }
}
