//! RSS and Atom files → [`Document`]s, one for each entry.
//!
//! In: the text of an RSS 0.9–2.0 or Atom file. Out: for each entry its fullest text, title, day and address. The file
//! is read as a stream of events (quick-xml); nothing in it is fetched, and entities that it defines are not expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::block::{Document, title, web_address};
use super::clean::{bounded_line, clean};
use super::{ImportReport, Limits, add, html, page};
use crate::corpus::markdown::is_day;

/// An entry as it is read.
#[derive(Default)]
struct Entry {
    title: Option<String>,
    /// The full text, and whether it is HTML.
    content: Option<(String, bool)>,
    summary: Option<(String, bool)>,
    published: Option<String>,
    updated: Option<String>,
    link: Option<String>,
}

/// The element whose text is being collected.
struct Open {
    name: String,
    /// Elements open inside of it.
    depth: usize,
    text: String,
    sort: Sort,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Plain,
    /// HTML written as text, as RSS has it.
    Html,
    /// HTML written as elements.
    Xhtml,
}

/// Adds the entries of a feed to `report`.
pub(super) fn entries(name: &str, text: &str, limits: &Limits, report: &mut ImportReport) {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut feed = Feed {
        name,
        limits,
        report,
        title: None,
        entry: None,
        open: None,
        count: 0,
    };
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => feed.event(event),
            Err(error) => {
                let line = 1 + text
                    .as_bytes()
                    .iter()
                    .take(reader.error_position() as usize)
                    .filter(|&&b| b == b'\n')
                    .count();
                feed.report.skip(
                    name,
                    format!("line {line} is no XML ({error}): what follows was not read"),
                );
                break;
            }
        }
    }
    let count = feed.count;
    if count == 0 {
        report.skip(name, "this feed has no entry");
    } else if count > limits.items {
        let why = format!("{count} entries are more than the {} that are read", limits.items);
        report.skip(&format!("{name}#{}", limits.items + 1), why);
    }
}

struct Feed<'a> {
    name: &'a str,
    limits: &'a Limits,
    report: &'a mut ImportReport,
    title: Option<String>,
    entry: Option<Entry>,
    open: Option<Open>,
    count: usize,
}

impl Feed<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(&tag, false),
            Event::Empty(tag) => self.start(&tag, true),
            Event::End(tag) => self.end(&local(tag.local_name().as_ref())),
            Event::Text(text) => self.text(&text),
            Event::CData(text) => self.text(&text),
            Event::GeneralRef(entity) => self.entity(&entity),
            _ => {}
        }
    }

    fn start(&mut self, tag: &BytesStart, empty: bool) {
        let name = local(tag.local_name().as_ref());
        if let Some(open) = &mut self.open {
            if open.sort == Sort::Xhtml {
                let slash = if empty { "/" } else { "" };
                let tag: &str = tag;
                open.text.push_str(&format!("<{tag}{slash}>"));
            }
            open.depth += usize::from(!empty);
            return;
        }
        match name.as_str() {
            "item" | "entry" if self.entry.is_none() && !empty => self.entry = Some(Entry::default()),
            "link" if attribute(tag, "href").is_some() => self.atom_link(tag),
            "title" | "description" | "summary" | "content" | "encoded" | "pubdate" | "published" | "updated"
            | "date" | "link"
                if !empty && (self.entry.is_some() || name == "title") =>
            {
                let sort = match (name.as_str(), attribute(tag, "type").as_deref()) {
                    (_, Some("xhtml")) => Sort::Xhtml,
                    ("content" | "summary" | "title", None | Some("text")) => Sort::Plain,
                    _ => Sort::Html,
                };
                self.open = Some(Open {
                    name,
                    depth: 0,
                    text: String::new(),
                    sort,
                });
            }
            _ => {}
        }
    }

    /// The page of the entry, not its comments or its enclosure.
    fn atom_link(&mut self, tag: &BytesStart) {
        let rel = attribute(tag, "rel");
        if let Some(entry) = &mut self.entry
            && rel.is_none_or(|rel| rel == "alternate")
        {
            entry.link = entry.link.take().or_else(|| web_address(&attribute(tag, "href")?));
        }
    }

    fn end(&mut self, name: &str) {
        match &mut self.open {
            Some(open) if open.depth > 0 => {
                open.depth -= 1;
                if open.sort == Sort::Xhtml {
                    open.text.push_str(&format!("</{name}>"));
                }
            }
            Some(_) => {
                if let Some(open) = self.open.take() {
                    self.field(open);
                }
            }
            None if matches!(name, "item" | "entry") => {
                if let Some(entry) = self.entry.take() {
                    self.finish(entry);
                }
            }
            None => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.text.push_str(text);
        }
    }

    fn entity(&mut self, entity: &BytesRef) {
        let Some(open) = &mut self.open else { return };
        let name: &str = entity;
        let known = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => entity.resolve_char_ref().ok().flatten(),
        };
        match known.filter(|_| open.sort != Sort::Xhtml) {
            Some(c) => open.text.push(c),
            // Names of HTML (`&nbsp;`) are for its reader; an entity that the feed defines stays a name.
            None => open.text.push_str(&format!("&{name};")),
        }
    }

    fn field(&mut self, open: Open) {
        let Some(entry) = &mut self.entry else {
            if self.title.is_none() {
                self.title = plain_title(&open.text, self.limits);
            }
            return;
        };
        let is_html = open.sort != Sort::Plain;
        let filled = Some(open.text).filter(|text| !text.trim().is_empty());
        let Some(text) = filled else { return };
        match open.name.as_str() {
            "title" => entry.title = entry.title.take().or_else(|| plain_title(&text, self.limits)),
            "content" | "encoded" => entry.content = Some((text, is_html)),
            "description" | "summary" => entry.summary = Some((text, is_html)),
            "pubdate" | "published" => entry.published = day(&text),
            "updated" | "date" => entry.updated = day(&text),
            "link" => entry.link = entry.link.take().or_else(|| web_address(&text)),
            _ => {}
        }
    }

    fn finish(&mut self, entry: Entry) {
        self.count += 1;
        if self.count > self.limits.items {
            return;
        }
        let from = format!("{}#{}", self.name, self.count);
        let document = self.document(entry);
        add(self.report, &from, document, self.name);
    }

    fn document(&self, entry: Entry) -> Result<Document, String> {
        let (text, is_html) = entry.content.or(entry.summary).ok_or("this entry has no text")?;
        let mut document = page(&text, is_html, self.limits)?;
        document.title = entry.title;
        document.page_title = None;
        document.date = entry.published.or(entry.updated).or(document.date);
        let feed = self
            .title
            .as_deref()
            .map_or("Feed".to_string(), |t| format!("Feed {}", bounded_line(t, 120)));
        document.source = Some(match entry.link {
            Some(link) => format!("{feed}, {link}"),
            None => feed,
        });
        Ok(document)
    }
}

fn local(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let found = tag
        .html_attributes()
        .with_checks(false)
        .flatten()
        .find(|a| a.key.as_ref() == name)?;
    Some(found.value.replace("&amp;", "&"))
}

/// A title as text: feeds write entities and tags of HTML into it.
fn plain_title(text: &str, limits: &Limits) -> Option<String> {
    if text.contains(['<', '&']) {
        let page = html::document(text, limits).ok()?;
        return title(&page.blocks.first()?.text);
    }
    title(text)
}

/// The day of a date by RFC 3339 (Atom) or RFC 2822 (RSS), in the time zone it is written in.
fn day(text: &str) -> Option<String> {
    let text = clean(text);
    let text = text.trim();
    if let Some(day) = text.get(..10).filter(|day| is_day(day)) {
        return Some(day.to_string());
    }
    let parsed = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(parsed.date().to_string()).filter(|day| is_day(day))
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
