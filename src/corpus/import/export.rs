//! Reads the list of posts in a Substack export, which has the titles and days that the pages next to it lack.
//!
//! The list is `posts.csv`, in the folder of the page or the one above.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::block::{Block, Document, Look, title};
use super::clean::{clean, key, one_line};
use super::{Limits, dates};

pub(super) const LIST: &str = "posts.csv";

/// Limits on the list: its size in bytes, and its number of posts.
const MAX_BYTES: u64 = 16 << 20;
const MAX_POSTS: usize = 100_000;

/// What is known about a page from outside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub title: Option<String>,
    pub subtitle: Option<String>,
    pub date: Option<String>,
    /// Whether it was never sent.
    pub draft: bool,
}

impl Given {
    /// Returns why a post that was never sent is skipped.
    pub(super) fn is_draft(&self, limits: &Limits) -> Option<String> {
        let called = self
            .title
            .as_deref()
            .map_or("this post".into(), |title| format!("“{title}”"));
        (self.draft && !limits.keep_all).then(|| format!("{called} is a draft: it was not published"))
    }

    /// Adds these facts to `document`. A subtitle that is not near the top of the text becomes its first paragraph.
    pub(super) fn apply(&self, document: &mut Document) {
        document.title = self.title.clone().or(document.title.take());
        document.date = self.date.clone().or(document.date.take());
        if let Some(subtitle) = &self.subtitle {
            let opening = document.blocks.iter().take(5);
            let printed = opening.map(|block| key(&block.text)).any(|text| text == key(subtitle));
            if !printed {
                let look = Look::Paragraph;
                let text = subtitle.clone();
                document.blocks.insert(0, Block::new(look, text));
            }
        }
    }
}

/// The lists of posts that were looked for, by folder.
#[derive(Default)]
pub(super) struct Exports(HashMap<PathBuf, HashMap<String, Given>>);

impl Exports {
    /// Returns what a list of posts says about the page at `path`.
    pub(super) fn of(&mut self, path: &Path) -> Given {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(stem) = post_of(name) else {
            return Given::default();
        };
        let above = path
            .parent()
            .into_iter()
            .flat_map(|dir| [Some(dir), dir.parent()])
            .flatten();
        for dir in above {
            let list = self
                .0
                .entry(dir.to_path_buf())
                .or_insert_with(|| posts(&dir.join(LIST)).unwrap_or_default());
            if let Some(given) = list.get(stem) {
                return given.clone();
            }
        }
        Given::default()
    }

    /// Reports whether the file at `path` is a readable list of posts.
    pub(super) fn is_list(path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == LIST) && posts(path).is_some()
    }
}

/// Returns the identifier of the post in the page called `name`.
///
/// The pages of an export are called `1234.words-of-the-title.html`.
pub(super) fn post_of(name: &str) -> Option<&str> {
    let (number, _) = name.split_once('.')?;
    let numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    name.strip_suffix(".html").filter(|_| numbered)
}

/// Returns the posts of a list by identifier, or `None` if the file is not a list of posts.
fn posts(path: &Path) -> Option<HashMap<String, Given>> {
    let file = File::open(path)
        .ok()
        .filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
    list(file)
}

/// Does the same for an open `list`.
pub(super) fn list(list: impl Read) -> Option<HashMap<String, Given>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(list.take(MAX_BYTES));
    let headers = reader.headers().ok()?.clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header.trim_start_matches('\u{feff}') == name)
    };
    let (id, called) = (column("post_id")?, column("title")?);
    let (day, subtitle) = (column("post_date"), column("subtitle"));
    let published = column("is_published");
    let mut out = HashMap::new();
    for row in reader.records().take(MAX_POSTS).flatten() {
        let text = |at: Option<usize>| title(row.get(at?)?);
        let date = day.and_then(|at| dates::day(&clean(row.get(at)?)));
        let given = Given {
            title: text(Some(called)),
            subtitle: text(subtitle),
            date,
            draft: published
                .and_then(|at| row.get(at))
                .is_some_and(|said| said.trim() == "false"),
        };
        out.insert(one_line(row.get(id).unwrap_or_default()), given);
    }
    Some(out)
}
