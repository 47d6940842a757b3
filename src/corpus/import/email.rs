//! Mail messages and mailboxes → [`Document`]s.
//!
//! In: the bytes of a message (RFC 5322, MIME by RFC 2045–2047) or of a mailbox (RFC 4155). Out: the part of each
//! message that reads best, with the mail's subject, date and sender. Parts are walked with a list, not by recursion,
//! within [`Limits`]: mail-parser reads headers and decodes, but its own walk of parts in parts has no depth limit.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders};

use super::block::{Document, title};
use super::clean::{bounded_line, clean};
use super::structure::{Built, build};
use super::{ImportReport, Limits, add, page, sniff};

/// Adds the editions of a mailbox to `report`.
pub(super) fn mailbox(name: &str, bytes: &[u8], limits: &Limits, report: &mut ImportReport) {
    let messages = split(bytes);
    for (at, raw) in messages.iter().take(limits.items).enumerate() {
        message(&format!("{name}#{}", at + 1), &unquoted(raw), limits, report);
    }
    if messages.len() > limits.items {
        let why = format!(
            "{} messages are more than the {} that are read",
            messages.len(),
            limits.items
        );
        report.skip(&format!("{name}#{}", limits.items + 1), why);
    }
}

/// The messages of a mailbox: each begins at a line `From …` that opens the file or follows a blank line.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut start = None;
    let mut blank = true;
    let mut at = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        if blank && line.starts_with(b"From ") {
            out.extend(start.map(|start| &bytes[start..at]));
            start = Some(at + line.len());
        }
        blank = line.iter().all(|b| matches!(b, b'\r' | b'\n'));
        at += line.len();
    }
    out.extend(start.map(|start| &bytes[start..]));
    out
}

/// A message without the `>` that mailboxes put before its lines that begin with `From `.
fn unquoted(raw: &[u8]) -> Cow<'_, [u8]> {
    let quoted = |line: &[u8]| {
        let text = line.iter().position(|&b| b != b'>').filter(|&n| n > 0);
        text.is_some_and(|n| line[n..].starts_with(b"From "))
    };
    if !raw.split_inclusive(|&b| b == b'\n').any(quoted) {
        return Cow::Borrowed(raw);
    }
    let lines = raw.split_inclusive(|&b| b == b'\n');
    lines
        .map(|line| if quoted(line) { &line[1..] } else { line })
        .collect::<Vec<_>>()
        .concat()
        .into()
}

/// Text found in a message.
struct Part {
    text: String,
    is_html: bool,
}

/// A part that is still to be looked at.
struct Todo<'a> {
    raw: Cow<'a, [u8]>,
    depth: usize,
}

/// Adds the edition of one message to `report`, and those of messages attached to it.
pub(super) fn message(from: &str, raw: &[u8], limits: &Limits, report: &mut ImportReport) {
    let mut messages = vec![Todo {
        raw: Cow::Borrowed(raw),
        depth: 0,
    }];
    let mut left = limits.mime_parts;
    let mut count = 0;
    while let Some(next) = messages.pop() {
        let name = if count == 0 {
            from.to_string()
        } else {
            format!("{from}#{}", count + 1)
        };
        count += 1;
        let before = messages.len();
        let outcome = read(&next, limits, &mut left, &mut messages);
        let forwards = messages.len() > before;
        match outcome {
            Ok(None) if forwards => {}
            Ok(found) => add(
                report,
                &name,
                found.ok_or_else(|| "no text part is in this message".to_string()),
                from,
            ),
            Err(why) => report.skip(&name, why),
        }
        if left == 0 {
            let why = format!(
                "more than {} parts are in this message: the rest was not read",
                limits.mime_parts
            );
            return report.skip(from, why);
        }
    }
}

/// Reads one message: the document of the part that reads best; messages attached to it go onto `messages`.
fn read<'a>(
    todo: &Todo<'a>,
    limits: &Limits,
    left: &mut usize,
    messages: &mut Vec<Todo<'a>>,
) -> Result<Option<Document>, String> {
    let parser = MessageParser::default();
    let head = parser.parse_headers(head_of(&todo.raw)).filter(|m| !m.parts.is_empty());
    let head = head.ok_or("its header cannot be read")?;
    let mut texts = Vec::new();
    let mut decoded = 0usize;
    let mut stack = vec![(&todo.raw[..], todo.depth)];
    let mut attached = Vec::new();
    while let Some((raw, depth)) = stack.pop() {
        *left = left.saturating_sub(1);
        if *left == 0 {
            break;
        }
        if depth > limits.mime_depth {
            return Err(format!("parts are nested more than {} deep", limits.mime_depth));
        }
        match content(raw) {
            Content::Text {
                bytes,
                charset,
                is_html,
            } => {
                decoded += bytes.len();
                if decoded > limits.text_bytes * 4 {
                    return Err(format!(
                        "more than {} bytes of text are in its parts",
                        limits.text_bytes * 4
                    ));
                }
                texts.push(Part {
                    text: text_of(&bytes, charset.as_deref(), is_html),
                    is_html,
                });
            }
            Content::Parts(parts) => {
                // The list is a stack: push in reverse, so that parts are met in order.
                stack.extend(parts.into_iter().rev().map(|part| (part, depth + 1)));
            }
            Content::Message(bytes) => attached.push(Todo {
                raw: Cow::Owned(bytes),
                depth: depth + 1,
            }),
            Content::Other => {}
        }
    }
    messages.extend(attached.into_iter().rev());
    let subject = head
        .subject()
        .and_then(title)
        .map(|subject| without_prefix(&subject).to_string());
    Ok(best(texts, limits)?.map(|document| with_header(document, subject, &head)))
}

fn with_header(mut document: Document, subject: Option<String>, head: &Message) -> Document {
    document.title = subject.filter(|s| !s.is_empty());
    let date = head.date().filter(|d| d.is_valid());
    let day = date.map(|d| format!("{:04}-{:02}-{:02}", d.year, d.month, d.day));
    document.date = day.filter(|day| crate::corpus::markdown::is_day(day)).or(document.date);
    let sender = head.from().and_then(|from| from.first());
    let sender = sender.and_then(|addr| addr.name().or(addr.address()));
    let sender = sender.map(|s| bounded_line(&clean(s), 120)).filter(|s| !s.is_empty());
    document.source = Some(sender.map_or("Mail".to_string(), |sender| format!("Mail from {sender}")));
    document
}

/// A subject without `Fwd:` and `Re:`.
fn without_prefix(subject: &str) -> &str {
    let mut rest = subject.trim();
    loop {
        let marks = ["fwd:", "fw:", "re:", "wg:", "tr:", "rv:"];
        let found = marks
            .iter()
            .find(|m| rest.get(..m.len()).is_some_and(|head| head.eq_ignore_ascii_case(m)));
        match found {
            Some(mark) => rest = rest[mark.len()..].trim_start(),
            None => return rest,
        }
    }
}

/// The text that keeps most structure; of two that keep the same, the HTML, which has links and headings.
fn best(texts: Vec<Part>, limits: &Limits) -> Result<Option<Document>, String> {
    let mut found: Option<(Score, Document)> = None;
    let mut failure = None;
    for part in texts {
        let document = match page(&part.text, part.is_html, limits) {
            Ok(document) => document,
            Err(why) => {
                failure.get_or_insert(why);
                continue;
            }
        };
        let score = score(&build(document.clone(), ""), part.is_html);
        if found.as_ref().is_none_or(|(best, _)| score > *best) {
            found = Some((score, document));
        }
    }
    match (found, failure) {
        (Some((_, document)), _) => Ok(Some(document)),
        (None, Some(why)) => Err(why),
        (None, None) => Ok(None),
    }
}

/// Signed answers, discussions, resources; then whether the part is HTML; then words kept, where one part is a stub.
type Score = (usize, usize, usize, bool, usize);

fn score(built: &Built, is_html: bool) -> Score {
    let edition = &built.edition;
    let answers = edition.discussions.iter().flat_map(|d| &d.answers);
    let signed = answers.filter(|a| a.contributor != super::structure::UNSIGNED).count();
    let says_something = is_html && built.words_kept >= 30;
    (
        signed,
        edition.discussions.len(),
        edition.resources.len(),
        says_something,
        built.words_kept,
    )
}

fn text_of(bytes: &[u8], charset: Option<&str>, is_html: bool) -> String {
    let decoder = charset
        .filter(|c| !c.eq_ignore_ascii_case("utf-8"))
        .and_then(|c| charset_decoder(c.as_bytes()));
    match decoder {
        // What says ASCII is often something else; what says UTF-16 and is not would be noise.
        Some(_) if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) && !bytes.contains(&0x1b) => {
            let declared_wide = charset.is_some_and(|c| c.to_ascii_lowercase().starts_with("utf-7"));
            match charset
                .and_then(|c| charset_decoder(c.as_bytes()))
                .filter(|_| declared_wide)
            {
                Some(decode) => decode(bytes),
                None => String::from_utf8_lossy(bytes).into_owned(),
            }
        }
        Some(decode) => decode(bytes),
        None => sniff::decode(bytes, is_html),
    }
}

/// What a part holds.
enum Content<'a> {
    Text {
        bytes: Vec<u8>,
        charset: Option<String>,
        is_html: bool,
    },
    /// The parts of a multipart.
    Parts(Vec<&'a [u8]>),
    Message(Vec<u8>),
    Other,
}

fn content(raw: &[u8]) -> Content<'_> {
    let head = head_of(raw);
    let encoded = &raw[head.len()..];
    let parsed = MessageParser::default().parse_headers(head);
    // A part without a header is plain text (RFC 2046 §5.1).
    let plain = MessagePart::default();
    let parsed = parsed.as_ref().and_then(|m| m.parts.first()).unwrap_or(&plain);
    let kind = parsed.content_type();
    let main = kind.map_or("text", |k| k.ctype()).to_ascii_lowercase();
    let sub = kind.and_then(|k| k.subtype()).unwrap_or("plain").to_ascii_lowercase();
    let boundary = kind
        .and_then(|k| k.attribute("boundary"))
        .filter(|b| !b.is_empty() && b.len() <= 200);
    if let ("multipart", Some(boundary)) = (main.as_str(), boundary) {
        return Content::Parts(parts(encoded, boundary.as_bytes()));
    }
    let attached = parsed.content_disposition().is_some_and(|d| d.is_attachment());
    let encoding = parsed
        .content_transfer_encoding()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let bytes = match encoding.as_str() {
        "base64" => base64_decode(encoded).unwrap_or_default(),
        "quoted-printable" => quoted_printable_decode(encoded).unwrap_or_else(|| encoded.to_vec()),
        _ => encoded.to_vec(),
    };
    match (main.as_str(), sub.as_str()) {
        ("message", "rfc822" | "global") => Content::Message(bytes),
        ("text", "plain" | "html" | "markdown" | "enriched" | "x-markdown") | ("multipart", _) if !attached => {
            Content::Text {
                bytes,
                charset: kind.and_then(|k| k.attribute("charset")).map(str::to_string),
                is_html: sub == "html",
            }
        }
        _ => Content::Other,
    }
}

/// A part's header with the blank line that ends it; all of `raw` where there is no such line.
fn head_of(raw: &[u8]) -> &[u8] {
    let mut at = 0;
    for line in raw.split_inclusive(|&b| b == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    &raw[..at]
}

/// The parts between the boundary lines of a multipart's body (RFC 2046 §5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive(|&b| b == b'\n') {
        let delimiter = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary));
        let rest = delimiter.map(|rest| rest.trim_ascii_end());
        if let Some(rest) = rest.filter(|rest| matches!(*rest, b"" | b"--")) {
            out.extend(start.map(|start| &body[start..at]));
            start = (rest != b"--").then_some(at + line.len());
        }
        at += line.len();
    }
    // A message cut short has no last boundary.
    out.extend(start.map(|start| &body[start..]));
    out
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
