//! Takes the title, day and sender of an edition from the header of a message.

use mail_parser::Message;

use super::forward::{Original, without_prefix};
use super::parts::Found;
use crate::corpus::import::block::{Document, Look, title, web_address};
use crate::corpus::import::clean::{bounded_line, clean};
use crate::corpus::import::dates;
use crate::corpus::markdown::is_day;

/// Returns the document with the title, day and source that the header states, or those of the forwarded original.
pub(super) fn with_header(
    mut document: Document,
    original: Option<Original>,
    subject: Option<&str>,
    head: &Message,
    found: &Found,
) -> Document {
    if let Some(address) = saved_page(head, found) {
        // The header of a saved page says who saved it and when. The page states the rest.
        document.page_title = document.page_title.or_else(|| subject.and_then(title));
        document.source = Some(match address {
            Some(address) => format!("Saved page, {address}"),
            None => "Saved page".into(),
        });
        return document;
    }
    let original = original.unwrap_or_default();
    let subject = original.subject.as_deref().or(subject);
    document.title = subject.and_then(|subject| title(without_prefix(subject)));
    document.date = original.date.or_else(|| day(head)).or(document.date);
    document.source = Some(source(original.from.or_else(|| sender(head))));
    let mut seen = document
        .blocks
        .iter()
        .filter(|block| !matches!(block.look, Look::Unseen(_)));
    if document.title.is_none() && seen.next().is_some() && seen.next().is_none() {
        // The only paragraph is the text, so it must not become the title.
        document.title.clone_from(&document.source);
    }
    document
}

pub(super) fn source(sender: Option<String>) -> String {
    let sender = sender.map(|s| bounded_line(&clean(&s), 120)).filter(|s| !s.is_empty());
    sender.map_or("Mail".to_string(), |sender| format!("Mail from {sender}"))
}

pub(super) fn sender(head: &Message) -> Option<String> {
    let sender = head.from().and_then(|from| from.first())?;
    let name = sender.name().filter(|name| !name.trim().is_empty());
    let said = name.or(sender.address())?;
    // Web archives hide addresses: `dana at example.org (Dana Reyes)`.
    let named = said
        .split_once(" at ")
        .and_then(|(_, rest)| rest.split_once(" (")?.1.strip_suffix(')'));
    Some(named.unwrap_or(said).to_string())
}

/// Returns the day in the header of a message, in any spelling.
pub(super) fn day(head: &Message) -> Option<String> {
    let date = head.date().filter(|date| date.is_valid());
    let day = date.map(|d| format!("{:04}-{:02}-{:02}", d.year, d.month, d.day));
    let day = day.filter(|day| is_day(day));
    day.or_else(|| dates::day(head.header_raw("Date")?))
}

/// Returns `Some` with the page's address if a browser saved a page as this message. The address may be missing.
fn saved_page(head: &Message, found: &Found) -> Option<Option<String>> {
    let saver = head
        .header_raw("From")
        .is_some_and(|from| from.to_ascii_lowercase().contains("saved by "));
    let snapshot = head.header_raw("Snapshot-Content-Location").is_some();
    let address = found.page.as_deref().and_then(web_address);
    (saver || snapshot).then_some(address)
}
