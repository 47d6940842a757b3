//! Makes a digest of the editions that came in: what was asked, one line of each contributor, and the themes.
//!
//! `lines` reads a discussion, `page` decides what fits on a page, and `memory` remembers what earlier digests showed.
//! Every quote is a verbatim slice of the passage that its identifier names.

mod lines;
pub mod memory;
mod page;
pub mod summary;

use std::mem;

use serde::Serialize;

use crate::answer::meaning::Meaning;
use crate::answer::{Further, Stance};
use crate::corpus::copies::AlsoIn;
use crate::corpus::edition::Resource;
use crate::corpus::source::sender;
use crate::corpus::{Edition, Id};
use crate::themes::interest::Interest;
use crate::themes::{self, Background, Item, Theme, once};
use lines::Quoter;

/// An edition that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    pub edition: Edition,
    /// Where it was read from.
    pub path: String,
    pub state: State,
}

/// Why an edition is in a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    New,
    /// An earlier digest had it with other words.
    Changed,
}

/// What to put into a digest.
#[derive(Default)]
pub struct Wanted<'a> {
    /// What it covers, to follow "What is new": ` since 2026-01`. May be empty.
    pub period: String,
    /// Only what bears on one of these. Empty for everything.
    pub interests: &'a [Interest],
    /// Whether it may be longer than a page.
    pub all: bool,
}

/// A digest. It serialises to the object that `digest --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Digest {
    /// What it is called: `What is new since 2026-01 on pricing`.
    pub title: String,
    pub interests: Vec<String>,
    /// Numbers of editions and discussions that came in.
    pub came_in: Counts,
    /// Matters of at least two editions, the largest first.
    pub themes: Vec<ThemeNews>,
    /// Newest first; undated ones last.
    pub editions: Vec<EditionNews>,
    /// Editions that are only named.
    pub also: Vec<Brief>,
    /// What came in and did not fit on a page.
    pub left_out: LeftOut,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub editions: usize,
    pub discussions: usize,
}

/// What is on no line of a digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub editions: usize,
    /// Discussions and sections of the editions in the digest.
    pub discussions: usize,
    /// Contributors of the discussions in the digest.
    pub voices: usize,
    /// Resources of the editions in the digest.
    pub resources: usize,
}

/// A matter that several editions have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThemeNews {
    pub name: String,
    pub phrases: Vec<String>,
    pub editions: usize,
    /// All its discussions, the most typical first.
    pub discussions: Vec<Named>,
    /// What is said on it, in words that the editions below do not quote.
    pub lines: Vec<Line>,
}

/// A discussion by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    pub id: String,
    pub title: String,
}

impl ThemeNews {
    /// The discussions to name in place of lines, if everything worth a line is quoted with the editions.
    pub fn named(&self) -> &[Named] {
        if self.lines.is_empty() { &self.discussions } else { &[] }
    }
}

/// An edition with its discussions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EditionNews {
    pub slug: String,
    pub title: String,
    /// Who it is from, as the edition says.
    pub sender: Option<String>,
    pub date: Option<String>,
    /// Its address on the web.
    pub link: Option<String>,
    pub tags: Vec<String>,
    pub path: String,
    pub state: State,
    pub discussions: Vec<DiscussionNews>,
    pub resources: Vec<Further>,
}

/// A discussion, or a section of an article.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiscussionNews {
    pub id: String,
    /// The question, or the section's heading.
    pub title: String,
    /// One line for each contributor. Who contradicts the others comes last.
    pub lines: Vec<Line>,
    /// Other editions with a copy of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AlsoIn>,
}

/// The words of one contributor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What to open with `askpm show ID`.
    pub id: String,
    /// `None` for a section of an article.
    pub contributor: Option<String>,
    /// The title of the discussion.
    pub discussion: String,
    /// A verbatim slice of the passage.
    pub quote: String,
    pub stance: Stance,
}

/// An edition that is only named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brief {
    pub slug: String,
    pub title: String,
    pub date: Option<String>,
    pub state: State,
    /// Where its discussions are, if it has only copies of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copy_of: Vec<AlsoIn>,
}

/// An edition that came in, with what of it bears on the interests.
struct News {
    came: Came,
    items: Vec<Item>,
    resources: Vec<Resource>,
    /// Where the discussions are that are left out as copies.
    copy_of: Vec<AlsoIn>,
}

/// Makes a digest of `came`. A discussion that `known` has, or an edition before it in the digest, is left out, and its
/// place is named. `background` says which words are common.
pub fn digest(
    came: Vec<Came>,
    known: &[Item],
    wanted: &Wanted,
    background: &Background,
    meaning: Option<&dyn Meaning>,
) -> Digest {
    let mut news: Vec<News> = came
        .into_iter()
        .filter_map(|came| news_of(came, wanted.interests, meaning))
        .collect();
    news.sort_by(|a, b| {
        let (a, b) = (&a.came.edition, &b.came.edition);
        b.date.cmp(&a.date).then_with(|| a.slug.cmp(&b.slug))
    });
    let copies = take_copies(&mut news, known);
    let mut quoter = Quoter::new(meaning);
    let mut page = page::fill(&news, wanted.all, &mut quoter);
    page.also.extend(copies.iter().map(News::brief));
    let items: Vec<&Item> = news.iter().flat_map(|one| &one.items).collect();
    let mut themes: Vec<Theme> = themes::themes(&items, background, meaning);
    themes.retain(|theme| themes::editions(theme, &items) > 1);
    let themes = page::themes(&themes, &items, wanted.all, &mut quoter);
    Digest {
        title: title(wanted),
        interests: wanted.interests.iter().map(|interest| interest.text.clone()).collect(),
        came_in: Counts {
            editions: news.len() + copies.len(),
            discussions: items.len(),
        },
        themes,
        editions: page.editions,
        also: page.also,
        left_out: page.left_out,
    }
}

impl Digest {
    /// Returns whether nothing came in.
    pub fn is_empty(&self) -> bool {
        self.came_in.editions == 0
    }

    /// The slugs of the editions that it has, in full or by name.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let named = self.also.iter().map(|brief| brief.slug.as_str());
        self.editions.iter().map(|edition| edition.slug.as_str()).chain(named)
    }
}

fn title(wanted: &Wanted) -> String {
    let interests: Vec<&str> = wanted.interests.iter().map(|interest| interest.text.as_str()).collect();
    let on = if interests.is_empty() {
        String::new()
    } else {
        format!(" on {}", interests.join(", "))
    };
    format!("What is new{}{on}", wanted.period)
}

/// Returns what of an edition bears on the interests, or `None` if nothing does.
fn news_of(came: Came, interests: &[Interest], meaning: Option<&dyn Meaning>) -> Option<News> {
    let bears = |item: &Item| interests.is_empty() || interests.iter().any(|one| one.is_met_by(item, meaning));
    let mut items = Item::of(&came.edition, &came.path);
    items.retain(bears);
    // A resource on the matter is worth a line of its own only if its title says so.
    let titles_only = items.is_empty();
    let named = |resource: &&Resource| {
        let summary = if titles_only { "" } else { resource.summary.as_str() };
        let text = format!("{} {summary}", resource.title);
        interests.is_empty() || interests.iter().any(|one| one.is_in(&text))
    };
    let resources: Vec<Resource> = came.edition.resources.iter().filter(named).cloned().collect();
    let empty = items.is_empty() && resources.is_empty();
    (!empty).then_some(News {
        came,
        items,
        resources,
        copy_of: Vec::new(),
    })
}

/// Leaves out discussions that are copies. Returns the editions that have nothing else.
fn take_copies(news: &mut Vec<News>, known: &[Item]) -> Vec<News> {
    let mut lists: Vec<Vec<Item>> = news.iter_mut().map(|one| mem::take(&mut one.items)).collect();
    let before: Vec<Vec<Id>> = lists
        .iter()
        .map(|items| items.iter().map(|item| item.id.clone()).collect())
        .collect();
    let removed = once(known, &mut lists);
    for ((one, items), ids) in news.iter_mut().zip(lists).zip(before) {
        one.items = items;
        for original in ids.iter().filter_map(|id| removed.get(id)) {
            original.clone().join(&mut one.copy_of);
        }
    }
    let only_copies = |one: &mut News| one.items.is_empty() && !one.copy_of.is_empty();
    news.extract_if(.., only_copies).collect()
}

impl News {
    /// The edition with `discussions` and its first resources.
    fn edition(&self, discussions: Vec<DiscussionNews>, resources: usize) -> EditionNews {
        let edition = &self.came.edition;
        let (sender, link) = sender(edition, &self.came.path);
        EditionNews {
            slug: edition.slug.clone(),
            title: edition.title.clone(),
            sender,
            date: edition.date.clone(),
            link,
            tags: edition.tags.clone(),
            path: self.came.path.clone(),
            state: self.came.state,
            discussions,
            resources: self
                .resources
                .iter()
                .take(resources)
                .map(|one| further(edition, one))
                .collect(),
        }
    }

    fn brief(&self) -> Brief {
        Brief {
            slug: self.came.edition.slug.clone(),
            title: self.came.edition.title.clone(),
            date: self.came.edition.date.clone(),
            state: self.came.state,
            copy_of: self.copy_of.clone(),
        }
    }
}

fn further(edition: &Edition, resource: &Resource) -> Further {
    let id = Id::Resource {
        edition: edition.slug.clone(),
        resource: resource.number,
    };
    Further {
        id: id.to_string(),
        title: resource.title.clone(),
        kind: resource.kind.clone(),
        link: resource.link.clone(),
    }
}
