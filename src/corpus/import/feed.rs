//! Reads feeds (RSS, Atom, JSON Feed) and Evernote exports into [`Document`]s, one for each entry.
//!
//! Each entry gets its fullest text, its title, day and address. `repair.rs` and `json.rs` first turn the text into a
//! well-formed feed, because feed-rs is strict. Nothing in a feed is fetched.

mod atom;
mod fields;
mod json;
mod lined;
mod omitted;
mod repair;
mod signs;
mod values;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use feed_rs::model::{Entry, Feed, Text};
use feed_rs::parser;

use super::block::{Block, Document, Look, title, web_address};
use super::clean::{bounded_line, clean, head, key, words};
use super::furniture::Furniture;
use super::{ImportReport, Limits, add, dates, html, page, phrases};

pub(super) use json::is_feed as is_json_feed;

/// Most words in the title that an untitled entry gets from its text.
const WORDS_OF_TITLE: usize = 10;

/// Adds the entries of a feed to `report`.
pub(super) fn entries(name: &str, text: &str, limits: &Limits, report: &mut ImportReport) {
    let (sound, count, kind, cut, omitted) = match json::repaired(text, limits.items) {
        Some((json, count)) => (json, count, "Feed", false, Vec::new()),
        None => {
            let repaired = repair::repaired(text, limits.items);
            let kind = if repaired.is_notes { "Evernote" } else { "Feed" };
            (repaired.atom, repaired.count, kind, repaired.cut, repaired.omitted)
        }
    };
    let places: HashSet<usize> = omitted.iter().map(|(place, _)| *place).collect();
    omitted::report(name, omitted, report);
    let parser = parser::Builder::new()
        .sanitize_content(false)
        .timestamp_parser(noon)
        // By default, feed-rs gives an entry without an identifier a new random one at each reading.
        .id_generator(|_, _, _| String::new())
        .build();
    let feed = match parser.parse(sound.as_bytes()) {
        Ok(feed) => feed,
        Err(error) => return report.skip(name, format!("this feed cannot be read: {error}")),
    };
    let read = feed.entries.len();
    let source = Source::of(&feed, kind);
    let numbers = (1..).filter(|number| !places.contains(number));
    for (entry, number) in feed.entries.into_iter().zip(numbers) {
        let from = format!("{name}#{number}");
        let identity = source.identity(&entry);
        let document = document(entry, &source, limits);
        let before = report.editions.len();
        add(report, &from, document, name);
        for imported in report.editions.iter_mut().skip(before) {
            imported.identity.clone_from(&identity);
        }
    }
    if count == 0 {
        report.skip(name, "this feed has no entry");
    } else if count > limits.items {
        let why = format!("{count} entries are more than the {} that are read", limits.items);
        report.skip(&format!("{name}#{}", limits.items + 1), why);
    } else if read + places.len() < count {
        let lost = count - places.len() - read;
        report.skip(name, format!("{lost} of its {count} entries could not be read"));
    }
    if cut {
        report.skip(
            name,
            "it breaks off before its end: entries may be missing; save or fetch it again",
        );
    }
}

/// What the entries of a feed have in common.
struct Source {
    title: Option<String>,
    kind: &'static str,
    /// Number of entries with each address. A shared address does not identify an entry.
    addresses: HashMap<String, usize>,
    /// Number of entries with each identifier.
    ids: HashMap<String, usize>,
}

impl Source {
    fn of(feed: &Feed, kind: &'static str) -> Self {
        let mut addresses = HashMap::new();
        for address in feed.entries.iter().filter_map(address) {
            *addresses.entry(address).or_insert(0) += 1;
        }
        let mut ids = HashMap::new();
        for entry in &feed.entries {
            *ids.entry(entry.id.clone()).or_insert(0) += 1;
        }
        Source {
            title: feed
                .title
                .as_ref()
                .and_then(|text| plain_title(text, &Limits::default())),
            kind,
            addresses,
            ids,
        }
    }

    fn said(&self) -> String {
        match &self.title {
            Some(title) => format!("{} {}", self.kind, bounded_line(title, 120)),
            None => self.kind.to_string(),
        }
    }

    /// Returns what stays the same when the entry is corrected: a unique identifier, or else a unique address.
    fn identity(&self, entry: &Entry) -> Option<String> {
        let feed = self.title.as_deref().unwrap_or_default();
        let own = |address: &String| self.addresses.get(address) == Some(&1);
        let unique = self.ids.get(&entry.id) == Some(&1);
        let id = Some(entry.id.trim().to_string()).filter(|id| !id.is_empty() && unique);
        let id = id.or_else(|| address(entry).filter(own))?;
        // Addresses are unique across feeds. Another identifier may be as short as `1`.
        let global = web_address(&id).is_some() || id.starts_with("urn:") || id.starts_with("tag:");
        Some(if global { id } else { format!("{feed}\n{id}") })
    }
}

fn address(entry: &Entry) -> Option<String> {
    entry.links.iter().find_map(|link| web_address(&link.href))
}

fn document(entry: Entry, source: &Source, limits: &Limits) -> Result<Document, String> {
    let address = address(&entry);
    let content = entry
        .content
        .and_then(|content| Some((content.body?, content.content_type.to_string())));
    let summary = entry.summary.map(|text| (text.content, text.content_type.to_string()));
    let read = |(text, kind): (String, String)| {
        let html = kind.contains("html");
        page(
            &if html { signs::escaped_html(&text) } else { text.into() },
            html,
            limits,
        )
    };
    let named = entry.title.as_ref().map(|text| key(&text.content)).unwrap_or_default();
    let mut document = match (content, summary) {
        (Some(content), Some(summary)) => fuller(read(content)?, read(summary)?, &named),
        (Some(one), None) | (None, Some(one)) => read(one)?,
        (None, None) => return Err("this entry has no text".into()),
    };
    document.page_title = None;
    document.title = entry.title.and_then(|text| plain_title(&text, limits));
    if document.title.is_none() {
        document.title = first_words(&document).or_else(|| is_one_word(&document).then(|| source.said()));
    }
    // Programs write the first day of their calendar where a date is missing.
    let date = [entry.published, entry.updated]
        .into_iter()
        .flatten()
        .map(|date| date.date_naive().to_string())
        .find(|day| !matches!(day.as_str(), "1970-01-01" | "0001-01-01" | "1900-01-01"));
    document.date = date.or(document.date);
    let author = entry
        .authors
        .iter()
        .find_map(|person| by_line(person.name.as_deref()?, source));
    let said = [Some(source.said()), author, address];
    document.source = Some(said.into_iter().flatten().collect::<Vec<_>>().join(", "));
    Ok(document)
}

/// Returns `by NAME`, unless the feed has that name.
fn by_line(name: &str, source: &Source) -> Option<String> {
    let name = bounded_line(&clean(name), 120);
    let own = source.title.as_deref().is_some_and(|title| key(title) == key(&name));
    let is_name = !key(&name).is_empty() && !name.contains(['@', '<', '>']) && !name.contains("://");
    (is_name && !own).then(|| format!("by {name}"))
}

/// Returns the entry's text: its content, unless that only begins or announces the summary. Blocks that are only in the
/// other one are added as unseen.
fn fuller(content: Document, summary: Document, title: &str) -> Document {
    let (mut long, short) = if announces(&content, &summary, title) {
        (summary, content)
    } else {
        (content, summary)
    };
    let said = |document: &Document| {
        let texts = document.blocks.iter().map(|block| key(&block.text));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let all = said(&long);
    for block in short.blocks {
        let text = key(&block.text);
        // A teaser is often cut in the middle of a sentence.
        let most: String = head(&text, text.chars().count() * 2 / 3);
        if block.is_seen() && !all.contains(&most) {
            long.blocks.push(Block {
                look: Look::Unseen("summary of the entry"),
                ..block
            });
        }
    }
    long
}

/// Words of a line that leads to the whole text.
const LEADS: [&str; 9] = [
    "continue reading",
    "read more",
    "read on",
    "keep reading",
    "read the rest",
    "read it all",
    "read the full",
    "view post",
    "more",
];

/// Reports whether `content` is a teaser of `summary`, which is longer, as some feeds put the article into the summary.
///
/// It leads to the whole text, or the summary begins with all of it. Or it has nothing but the title and what programs
/// add around a text, such as calls to share or subscribe.
fn announces(content: &Document, summary: &Document, title: &str) -> bool {
    let furniture = Furniture::of(&content.blocks, false);
    // Where nothing else is there, the first words of a call are enough.
    let is_added = |at: usize, block: &Block| furniture.at(at).is_some() || phrases::opening(&block.text).is_some();
    let leads = |text: &String| {
        LEADS
            .iter()
            .any(|lead| text == lead || text.starts_with(lead) && words(text) <= 12)
    };
    let texts = |document: &Document, kept: &dyn Fn(usize, &Block) -> bool| -> Vec<String> {
        let blocks = document.blocks.iter().enumerate();
        let seen = blocks.filter(|(at, block)| block.is_seen() && kept(*at, block));
        seen.map(|(_, block)| key(&block.text))
            .filter(|text| !text.is_empty())
            .collect()
    };
    let mut own = texts(content, &|at, block| !is_added(at, block));
    let summary = texts(summary, &|_, _| true).join(" ");
    let led = texts(content, &|_, _| true).iter().any(leads);
    own.retain(|text| !leads(text) && text != title);
    let own = own.join(" ");
    words(&summary) > words(&own) && (own.is_empty() || led || summary.starts_with(&own))
}

/// Returns the first words of the text as a title for an untitled entry, unless the text begins with a heading.
fn first_words(document: &Document) -> Option<String> {
    let mut blocks = document.blocks.iter().filter(|block| block.is_seen());
    let first = blocks.next()?;
    if matches!(first.look, Look::Heading(_)) && blocks.next().is_some() {
        // A question is no heading of the edition, so nothing else would name it.
        return super::marks::question(&first.text)
            .map(|asked| asked.title)
            .or_else(|| super::marks::asks(&first.text))
            .and_then(title);
    }
    let said: Vec<&str> = first.text.split_whitespace().collect();
    // Leave out at least one word: a paragraph that is entirely in the title would be missing below it.
    let count = WORDS_OF_TITLE.min(said.len().saturating_sub(1));
    if count == 0 {
        return None;
    }
    title(&format!(
        "{}…",
        said.get(..count)?.join(" ").trim_end_matches(['.', ',', ';', ':', '…'])
    ))
}

/// Reports whether the text is a single word, so that a title made of it would contain all of it.
fn is_one_word(document: &Document) -> bool {
    document.blocks.iter().map(|block| words(&block.text)).sum::<usize>() == 1
}

/// Returns a title as text, because feeds write HTML entities and tags into titles.
///
/// Entities are decoded even in a plain-text title, although the Atom specification has none there. Feeds that write
/// `&#8217;` mean an apostrophe.
fn plain_title(text: &Text, limits: &Limits) -> Option<String> {
    let said = without_div(&text.content);
    let tagged = text.content_type.to_string().contains("html");
    if tagged && said.contains(['<', '&']) || has_entity(said) {
        let source = if tagged {
            signs::escaped_title(said).into_owned()
        } else {
            said.replace('<', "&lt;")
        };
        let page = html::document(&source, limits).ok();
        let first = page.and_then(|page| title(repair::without_wrapping(&page.blocks.first()?.text)));
        return first.or_else(|| title(said));
    }
    title(said)
}

/// Returns a title without the `<div>` that XHTML has around it (RFC 4287, section 3.1.1.3).
fn without_div(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("<div").and_then(|rest| rest.strip_suffix("</div>"));
    let inner = inner.and_then(|rest| rest.split_once('>'));
    inner.map_or(text, |(_, inner)| inner.trim())
}

/// Reports whether `text` has a numeric HTML entity, or one of the named ones that occur in titles.
fn has_entity(text: &str) -> bool {
    let named = [
        "amp", "lt", "gt", "quot", "apos", "nbsp", "rsquo", "lsquo", "rdquo", "ldquo", "ndash", "mdash", "hellip",
    ];
    text.split('&').skip(1).any(|after| {
        let Some((entity, _)) = after.split_once(';') else {
            return false;
        };
        let number = entity.strip_prefix('#').map(|code| code.trim_start_matches(['x', 'X']));
        let digits = |code: &str| !code.is_empty() && code.len() <= 6 && code.bytes().all(|b| b.is_ascii_hexdigit());
        number.is_some_and(digits) || named.contains(&entity)
    })
}

/// Returns noon of the day in `text`, so that no time zone can change the day.
fn noon(text: &str) -> Option<DateTime<Utc>> {
    let day: NaiveDate = dates::day(&clean(text))?.parse().ok()?;
    Some(day.and_hms_opt(12, 0, 0)?.and_utc())
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
