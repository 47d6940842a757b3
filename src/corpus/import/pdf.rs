//! Reads PDF files that have a text layer.
//!
//! `contain.rs` gets the letters and their places from a process of its own, where `glyphs.rs` parses the file. Here,
//! `lines.rs` puts them in reading order, and `around.rs` sets the headers and footers of the pages apart. `notes.rs`
//! moves footnotes behind the text, `tables.rs` finds tables, and `paragraphs.rs` joins the other lines.

mod around;
mod contain;
mod glyphs;
mod lines;
mod notes;
mod paragraphs;
mod tables;

pub use contain::{READER, serve};

use self::glyphs::{Head, Page};
use super::block::{Block, Document, Look, title};
use super::clean::{clean, key, words};
use super::{ImportReport, Limits, add, facts};

/// Titles that programs write into new files.
const NO_TITLES: [&str; 5] = ["untitled", "anonymous", "document", "document1", "unspecified"];

/// What is listed as left out, next to headers and footers.
const TURNED: &str = "text that runs up or down the page";
const OUTSIDE: &str = "text outside of the page";

/// Adds the article in the PDF `bytes`, called `name`, to `report`.
pub(super) fn read(name: &str, bytes: &[u8], limits: &Limits, report: &mut ImportReport) {
    let found = match contain::pages(bytes, limits) {
        Ok(found) => found,
        Err(why) => return report.skip(name, why),
    };
    let damaged = found.pages.iter().filter(|page| page.is_damaged).count();
    if damaged > 0 {
        let all = found.head.pages;
        let why = format!("{damaged} of its {all} pages are damaged and were not read to their end");
        report.skip(&format!("{name}, a part of it"), why);
    }
    add(report, name, document(&found.head, &found.pages, limits), name);
}

fn document(head: &Head, pages: &[Page], limits: &Limits) -> Result<Document, String> {
    let count = |of: &dyn Fn(&Page) -> usize| pages.iter().map(of).sum::<usize>();
    let (letters, unnamed) = (count(&|page| page.letters), count(&|page| page.unnamed));
    if letters == 0 && pages.iter().any(|page| page.has_pictures) {
        return Err("it has no text, because it is pictures of pages: run a text recognition on it (`ocrmypdf FILE.pdf NEW.pdf`), and import the result".into());
    }
    if letters == 0 && pages.iter().any(|page| words(&page.turned) > 0) {
        return Err("all its text runs up or down the pages: turn them in a PDF viewer, print them to a new PDF, and import that".into());
    }
    if letters == 0 {
        return Err("it has no text".into());
    }
    if 3 * unnamed > letters {
        return Err(
            "its text cannot be read, because the file does not say which letters it shows: run a text recognition on it \
             (`ocrmypdf --force-ocr FILE.pdf NEW.pdf`), and import the result"
                .into(),
        );
    }
    let mut lines: Vec<_> = pages.iter().enumerate().map(|(at, page)| lines::of(page, at)).collect();
    let around = around::take(&mut lines, pages);
    let mut document = Document {
        blocks: paragraphs::join(lines.concat(), limits.blocks)?,
        keep_all: limits.keep_all,
        ..Document::default()
    };
    facts::settle(&mut document, facts::Facts::default());
    let around = around.into_iter().map(|text| ("header or footer of the page", text));
    let turned = pages.iter().map(|page| (TURNED, page.turned.clone()));
    let outside = pages.iter().map(|page| (OUTSIDE, page.outside.clone()));
    for (what, text) in around.chain(turned).chain(outside) {
        let text = clean(&text);
        if words(&text) > 0 {
            document.blocks.push(Block::new(Look::Unseen(what), text));
        }
    }
    document.page_title = head.title.as_deref().and_then(named);
    document.date = document.date.take().or_else(|| head.date.clone());
    Ok(document)
}

/// Returns the title in the information of the file, unless a program made it up.
fn named(text: &str) -> Option<String> {
    let title = title(text)?;
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(&title).to_string();
    let is_file = [".doc", ".docx", ".pdf", ".odt", ".indd", ".pages"]
        .iter()
        .any(|end| title.to_lowercase().ends_with(end));
    (!is_file && !NO_TITLES.contains(&key(&title).as_str())).then_some(title)
}

#[cfg(test)]
#[path = "pdf_tests.rs"]
mod tests;
