//! Reads the chapters of an EPUB book in order, each as an edition.
//!
//! `META-INF/container.xml` names the package file, whose spine lists the chapters (EPUB 3.3, sections 4 and 5). The
//! HTML reader reads each chapter. Title, author and day of the book come from its metadata.

use std::collections::HashMap;

use dom_query::{Document as Tree, NodeRef};

use super::archive::member::Archive;
use super::block::{Document, title, web_address};
use super::clean::{bounded_line, key};
use super::tags::{self, Step, Walk};
use super::{ImportReport, Limits, add, dates, dom, html, sniff};

/// Most nodes in a package file.
const MAX_NODES: usize = 200_000;

/// The contents of the package file.
#[derive(Default)]
struct Book {
    title: Option<String>,
    author: Option<String>,
    date: Option<String>,
    /// Names of the chapters' files in the archive.
    chapters: Vec<String>,
}

/// Adds the chapters of the book in `archive`, called `name`, to `report`.
pub(super) fn read(name: &str, archive: &mut Archive, left: &mut u64, limits: &Limits, report: &mut ImportReport) {
    let book = match book(archive, left) {
        Ok(book) => book,
        Err(why) => return report.skip(name, why),
    };
    let called = book.title.clone().unwrap_or_else(|| super::slug::file_stem(name));
    let by = book
        .author
        .as_ref()
        .map(|author| format!(" by {author}"))
        .unwrap_or_default();
    let before = report.editions.len();
    for (number, chapter) in (1..).zip(&book.chapters).take(limits.items) {
        let from = format!("{name}#{number}");
        let bytes = match archive.find(chapter).map(|at| archive.bytes(at, left)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(why)) => {
                report.skip(&from, why);
                continue;
            }
            None => {
                report.skip(&from, "this chapter is not in the book");
                continue;
            }
        };
        let mut document = html::document(&sniff::decode(&bytes, true), limits);
        if let Ok(document) = &mut document {
            if !document.blocks.iter().any(|block| block.is_seen()) {
                // A cover, or a page with only a picture.
                continue;
            }
            settle(document, &book, &called, number);
            document.source = Some(format!("Book {}{by}", bounded_line(&called, 120)));
        }
        add(report, &from, document, name);
    }
    if report.editions.len() == before {
        report.skip(name, "no chapter with text is in this book");
    }
}

/// Titles an untitled chapter with the book's title and its number. Gives an undated chapter the book's day.
fn settle(document: &mut Document, book: &Book, called: &str, number: usize) {
    let own = document.page_title.take().filter(|own| key(own) != key(called));
    document.page_title = own.or_else(|| title(&format!("{called}, part {number}")));
    document.date = document.date.take().or_else(|| book.date.clone());
}

fn book(archive: &mut Archive, left: &mut u64) -> Result<Book, String> {
    let mut tree = |path: &str| -> Result<Tree, String> {
        let at = archive
            .find(path)
            .ok_or_else(|| format!("this book has no file {path}"))?;
        let text = sniff::decode(&archive.bytes(at, left)?, true);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let prolog = if text.starts_with("<?xml") {
            ""
        } else {
            "<?xml version=\"1.0\"?>"
        };
        dom::parse(&format!("{prolog}{text}"), MAX_NODES).ok_or_else(|| format!("{path} is too long"))
    };
    let container = tree("META-INF/container.xml")?;
    let package = elements(&container)
        .find(|(name, _)| name == "rootfile")
        .and_then(|(_, node)| attribute(&node, "full-path"))
        .ok_or("this book does not say where its chapters are")?;
    let tree = tree(&package)?;
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut book = Book::default();
    let mut files: HashMap<String, String> = HashMap::new();
    let mut has_spine = false;
    for (name, node) in elements(&tree) {
        let said = || title(&tags::text_of(node));
        match name.as_str() {
            "title" => book.title = book.title.take().or_else(said),
            "creator" => book.author = book.author.take().or_else(said),
            "date" => book.date = book.date.take().or_else(|| dates::day(&said()?)),
            "item" => {
                let is_page = attribute(&node, "media-type").is_none_or(|kind| kind.contains("html"));
                let lists = attribute(&node, "properties").is_some_and(|p| p.split(' ').any(|p| p == "nav"));
                if let (Some(id), Some(href)) = (attribute(&node, "id"), attribute(&node, "href"))
                    && is_page
                    && !lists
                {
                    files.insert(id, within(folder, &href));
                }
            }
            "itemref" => {
                let file = attribute(&node, "idref").and_then(|id| files.remove(&id));
                book.chapters.extend(file);
            }
            "spine" => has_spine = true,
            _ => {}
        }
    }
    if !has_spine {
        return Err("this book does not say in which order its chapters are".into());
    }
    book.title = book.title.filter(|title| web_address(title).is_none());
    Ok(book)
}

/// Returns the elements in file order, with their names without prefixes.
fn elements(tree: &Tree) -> impl Iterator<Item = (String, NodeRef<'_>)> {
    Walk::new(tree.root()).filter_map(|step| {
        let Step::Enter(node) = step else { return None };
        let name = tags::name_of(&node)?;
        let local = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        Some((local, node))
    })
}

fn attribute(node: &NodeRef, name: &str) -> Option<String> {
    node.attr(name).map(|value| value.trim().to_string())
}

/// Returns the name in the archive of the file that `href` leads to from `folder`.
pub(super) fn within(folder: &str, href: &str) -> String {
    let href = href.split(['#', '?']).next().unwrap_or_default();
    let href = super::address::percent_decoded(href);
    let mut steps: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(href.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}
