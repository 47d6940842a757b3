//! Reads Word files (`.docx`, `.docm`).
//!
//! Such a file is a ZIP archive of XML parts (ECMA-376). The parts are read by name, so no path in the archive matters,
//! and macros are never looked at. `body.rs` writes the text as HTML, and the HTML reader turns it into blocks. Headers,
//! footers, comments and tracked deletions are left out and reported.

mod body;
mod numbering;
mod paragraph;
mod styles;
mod xml;

use std::collections::HashMap;

use self::body::{Known, Written};
use self::numbering::Numbering;
use self::styles::Styles;
use self::xml::{Step, Steps};
use super::archive::member::Archive;
use super::block::{Block, Document, Look, title};
use super::clean::{clean, key, one_line, words};
use super::{ImportReport, Limits, add, dates, html, sniff};

/// Where the text is, if the archive does not say otherwise.
const MAIN: &str = "word/document.xml";

/// Titles that programs write into new files.
const NO_TITLES: [&str; 8] = [
    "untitled",
    "document",
    "document1",
    "word document",
    "microsoft word document",
    "new document",
    "template",
    "powerpoint presentation",
];

/// The day of the template of a library that many programs write Word files with.
const OF_TEMPLATE: &str = "2013-12-23";

/// A reference from one part to another, or to an address.
struct Link {
    id: String,
    /// The last word of its type: `hyperlink`, `footer`.
    kind: String,
    target: String,
}

/// Returns the name of the part with the text, if the archive is a Word file.
pub(super) fn main_part(archive: &mut Archive, left: &mut u64) -> Option<String> {
    let stated = links(archive, left, "_rels/.rels").ok().and_then(|links| {
        let main = links.into_iter().find(|link| link.kind == "officeDocument")?;
        Some(main.target.trim_start_matches('/').to_string())
    });
    let is_text = |part: &String| !["xl/", "ppt/", "visio/"].iter().any(|folder| part.starts_with(folder));
    match stated {
        Some(part) if is_text(&part) => Some(part),
        Some(_) => None,
        None => {
            let has_folder = archive.members.iter().any(|member| member.name.starts_with("word/"));
            has_folder.then(|| MAIN.to_string())
        }
    }
}

/// Adds the article in `archive`, called `name`, to `report`. `main` is the part with its text.
pub(super) fn read(
    name: &str,
    archive: &mut Archive,
    main: &str,
    left: &mut u64,
    limits: &Limits,
    report: &mut ImportReport,
) {
    let mut embedded = 0;
    let document = document(archive, main, left, limits, &mut embedded);
    let document = document.map_err(|why| format!("it is a Word file that cannot be read: {why}"));
    if document.is_ok() && embedded > 0 {
        report.skip(
            &format!("{name}, a part of it"),
            "another file is embedded in the text: open the file in Word, save it again, and import that",
        );
    }
    add(report, name, document, name);
}

fn document(
    archive: &mut Archive,
    main: &str,
    left: &mut u64,
    limits: &Limits,
    embedded: &mut usize,
) -> Result<Document, String> {
    let text = part(archive, left, main)?
        .ok_or_else(|| format!("its text ({main}) is not in it; open it in Word or LibreOffice, and save it again"))?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let list = links(archive, left, &links_of(main))?;
    let mut of_kind = |kind: &str| -> Result<Vec<(String, String)>, String> {
        let mut parts = Vec::new();
        for link in list.iter().filter(|link| link.kind == kind) {
            let from_root = link.target.strip_prefix('/').map(str::to_string);
            let path = from_root.unwrap_or_else(|| super::epub::within(folder, &link.target));
            parts.extend(part(archive, left, &path)?.map(|text| (path, text)));
        }
        Ok(parts)
    };
    let first = |parts: Vec<(String, String)>| parts.into_iter().next().map(|(_, text)| text);
    let styles = first(of_kind("styles")?);
    let numbering = first(of_kind("numbering")?);
    let mut known = Known {
        styles: styles.map_or_else(|| Ok(Styles::default()), |xml| Styles::read(&xml))?,
        numbering: numbering.map_or_else(|| Ok(Numbering::default()), |xml| Numbering::read(&xml))?,
    };
    let (notes, comments) = (
        [of_kind("footnotes")?, of_kind("endnotes")?].concat(),
        of_kind("comments")?,
    );
    let around = [of_kind("header")?, of_kind("footer")?].concat();

    let mut written = body::write(&text, &mut known, &addresses(&list))?;
    *embedded = written.embedded;
    let mut entries = HashMap::new();
    for (path, text) in notes {
        let links = links(archive, left, &links_of(&path))?;
        entries.extend(body::write(&text, &mut known, &addresses(&links))?.entries);
    }
    for (at, note) in (1..).zip(&written.notes) {
        if let Some(html) = entries.get(note) {
            written.html.push_str(&marked(html, at));
        }
    }
    let mut document = html::document(&headed(&written), limits)?;
    let mut unseen = Vec::new();
    unseen.push(("table of contents", plain(&written.contents.join("<br>"), limits)?));
    unseen.push(("deletion that is tracked", one_line(&clean(&written.deleted))));
    for (_, text) in comments {
        for (_, html) in body::write(&text, &mut known, &HashMap::new())?.entries {
            unseen.push(("comment on the text", plain(&html, limits)?));
        }
    }
    let mut seen = Vec::new();
    let mut printed = None;
    for (_, text) in around {
        let text = plain(&body::write(&text, &mut known, &HashMap::new())?.html, limits)?;
        if !seen.contains(&key(&text)) {
            seen.push(key(&text));
            printed = printed.or_else(|| Some(dates::line_day(&text)?.0));
            unseen.push(("header or footer of the page", text));
        }
    }
    for (what, text) in unseen.into_iter().filter(|(_, text)| words(text) > 0) {
        document.blocks.push(Block::new(Look::Unseen(what), text));
    }
    let (title, day) = properties(archive, left)?;
    document.page_title = title;
    document.date = document.date.take().or(printed).or(day);
    if !document.blocks.iter().any(Block::is_seen) {
        return Err("it has no text".into());
    }
    Ok(document)
}

/// Returns the text as a page. Below a title, a heading of the first level heads a part.
fn headed(written: &Written) -> String {
    format!("<html><body>{}</body></html>", written.html)
}

/// Returns the HTML of a note with its mark in front.
fn marked(html: &str, number: usize) -> String {
    match html.split_once('>') {
        Some((tag, rest)) if tag.starts_with('<') => format!("{tag}>[^{number}] {}", rest.trim_start()),
        _ => format!("<p>[^{number}] {html}</p>"),
    }
}

/// Returns the text of `html` on one line.
fn plain(html: &str, limits: &Limits) -> Result<String, String> {
    let blocks = html::document(html, limits)?.blocks;
    let texts: Vec<&str> = blocks.iter().filter(|b| b.is_seen()).map(|b| b.text.as_str()).collect();
    Ok(one_line(&texts.join(" ")))
}

/// Returns the text of the part `path`, or `None` if there is no such part.
fn part(archive: &mut Archive, left: &mut u64, path: &str) -> Result<Option<String>, String> {
    let Some(at) = archive.find(path) else { return Ok(None) };
    let bytes = archive.bytes(at, left).map_err(|why| format!("{path}: {why}"))?;
    Ok(Some(
        sniff::decode(&bytes, true).trim_start_matches('\u{feff}').to_string(),
    ))
}

/// Returns the name of the part with the references of the part `path`.
fn links_of(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    format!("{folder}/_rels/{file}.rels")
        .trim_start_matches('/')
        .to_string()
}

fn links(archive: &mut Archive, left: &mut u64, path: &str) -> Result<Vec<Link>, String> {
    let Some(text) = part(archive, left, path)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    let mut steps = Steps::new(&text);
    while let Some(step) = steps.next()? {
        let Step::Enter(element) = step else { continue };
        if let (Some(id), Some(kind), Some(target)) = (
            element.attribute("Id"),
            element.attribute("Type"),
            element.attribute("Target"),
        ) {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_string();
            out.push(Link { id, kind, target });
        }
    }
    Ok(out)
}

/// Returns the addresses that links of the text lead to.
fn addresses(links: &[Link]) -> HashMap<String, String> {
    let web = links.iter().filter(|link| link.kind == "hyperlink");
    web.map(|link| (link.id.clone(), link.target.clone())).collect()
}

/// Returns the title and the day in the properties of the file.
fn properties(archive: &mut Archive, left: &mut u64) -> Result<(Option<String>, Option<String>), String> {
    let Some(text) = part(archive, left, "docProps/core.xml")? else {
        return Ok((None, None));
    };
    let (mut found, mut open) = (HashMap::<String, String>::new(), String::new());
    let mut steps = Steps::new(&text);
    while let Some(step) = steps.next()? {
        match step {
            Step::Enter(element) => open = element.name(),
            Step::Leave(_) => open.clear(),
            Step::Text(text) => found.entry(open.clone()).or_default().push_str(&text),
        }
    }
    let named = found.get("title").and_then(|text| title(text));
    let named = named.filter(|title| !NO_TITLES.contains(&key(title).as_str()) && !title.starts_with("Microsoft Word"));
    let day = |name: &str| found.get(name).and_then(|text| dates::day(text));
    // A file that was made from a template has the day of the template.
    let is_of_template = |created: &str| {
        let year = |day: &str| day.get(..4).and_then(|year| year.parse::<u32>().ok());
        let modified = day("modified").as_deref().and_then(year);
        created == OF_TEMPLATE
            || year(created)
                .zip(modified)
                .is_some_and(|(made, changed)| made + 1 < changed)
    };
    Ok((named, day("created").filter(|created| !is_of_template(created))))
}

#[cfg(test)]
#[path = "docx_tests.rs"]
mod tests;
