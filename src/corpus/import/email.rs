//! Reads mail messages, web pages saved as mail (MHTML) and mailboxes into [`Document`]s.
//!
//! Messages follow RFC 5322 and MIME (RFC 2045–2049). A text that comes in several forms is read in the best of them.
//! It gets the mail's subject, date and sender, or those of the original if the mail was forwarded. Attachments are
//! read too, or reported as left out. `parts.rs` takes messages apart.

mod chain;
mod decode;
mod digest;
mod enriched;
mod forms;
mod forward;
mod header;
mod mailbox;
mod parts;
mod uu;

use std::borrow::Cow;

use mail_parser::MessageParser;

use self::forms::{says_the_same, score};
use self::forward::without_prefix;
use self::forward::{Original, in_blocks, in_text, is_covering_note, note_block};
use self::header::{day, sender, source, with_header};
use self::parts::{Attachment, Body, Text};
use super::block::{Block, Document, Look, title};
use super::clean::{clean, words};
use super::sniff::Kind;
use super::structure::build;
use super::structure::built::Built;
use super::{ImportReport, Limits, add, page, pdf, sniff};

pub(super) use mailbox::in_emlx;

/// Adds the editions of a mailbox to `report`.
pub(super) fn mailbox(name: &str, bytes: &[u8], limits: &Limits, report: &mut ImportReport) {
    let bytes = mailbox::with_line_feeds(bytes);
    let messages = mailbox::split(&bytes);
    if messages.is_empty() {
        return report.skip(
            name,
            "no message that begins with a line `From …` and a header is in this mailbox",
        );
    }
    for (at, raw) in messages.iter().take(limits.items).enumerate() {
        message(&format!("{name}#{}", at + 1), &mailbox::unquoted(raw), limits, report);
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

/// A message that is still to be read.
struct Todo<'a> {
    raw: Cow<'a, [u8]>,
    depth: usize,
    /// What the enclosing message said about it.
    note: Option<Note>,
}

/// A short text around an attachment. It becomes an edition only if the attachment cannot be read.
struct Note {
    document: Document,
    what: &'static str,
}

/// Adds the messages of a digest that was saved as text. Returns `false` if `text` is not a digest.
pub(super) fn saved_digest(from: &str, text: &str, limits: &Limits, report: &mut ImportReport) -> bool {
    let is_digest = digest::is_digest(text);
    if is_digest {
        let raw = format!("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}");
        message(from, raw.as_bytes(), limits, report);
    }
    is_digest
}

/// Adds the edition of one message to `report`, and those of attached messages and files.
pub(super) fn message(from: &str, raw: &[u8], limits: &Limits, report: &mut ImportReport) {
    // Editors put a byte-order mark in front of the first field.
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let mut messages = vec![Todo {
        raw: mailbox::with_line_feeds(raw),
        depth: 0,
        note: None,
    }];
    let mut left = limits.mime_parts;
    let mut reading = Reading {
        from,
        limits,
        report,
        count: 0,
    };
    while let Some(next) = messages.pop() {
        match reading.message(next, &mut left) {
            // The list is a stack. Push in reverse, so that messages are read in order.
            Ok(attached) => messages.extend(attached.into_iter().rev()),
            Err(why) => reading.skip(&why),
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

/// The state of reading one file: a message and those attached to it.
struct Reading<'a> {
    from: &'a str,
    limits: &'a Limits,
    report: &'a mut ImportReport,
    /// Number of editions and failures so far.
    count: usize,
}

/// What the subject of a mail says of its text.
struct Outer {
    /// Whether it may forward another mail.
    forwarded: bool,
    /// Who replies, if it answers another mail.
    replies: Option<String>,
}

/// A text as it was read, and the header of the original if it was forwarded.
struct Read {
    document: Document,
    original: Option<Original>,
}

impl Reading<'_> {
    /// Returns the name of the next edition or failure.
    fn name(&self) -> String {
        match self.count {
            0 => self.from.to_string(),
            before => format!("{}#{}", self.from, before + 1),
        }
    }

    /// Adds an edition. If there is a `note`, it goes in front as unseen text and is used up.
    fn add(&mut self, mut document: Document, note: &mut Option<Note>) {
        if let Some(note) = note {
            let blocks = note
                .document
                .blocks
                .iter()
                .cloned()
                .map(|block| unseen(block, note.what));
            document.blocks.splice(0..0, blocks);
        }
        let name = self.name();
        self.count += 1;
        let before = self.report.editions.len();
        add(self.report, &name, Ok(document), self.from);
        if self.report.editions.len() > before {
            *note = None;
        }
    }

    fn skip(&mut self, why: &str) {
        let name = self.name();
        self.count += 1;
        self.report.skip(&name, why);
    }

    /// Reads one message and its attachments. Returns the messages that are attached to it.
    fn message<'m>(&mut self, todo: Todo<'_>, left: &mut usize) -> Result<Vec<Todo<'m>>, String> {
        let mut note = todo.note;
        let outcome = self.parts_of(&todo.raw, todo.depth, left, &mut note);
        let last = outcome.as_ref().map_or(true, Vec::is_empty);
        if let Some(Note { document, .. }) = note.take_if(|_| last) {
            // Nothing attached gave an edition, so the note becomes one.
            self.add(document, &mut None);
        }
        Ok(outcome?
            .into_iter()
            .map(|raw| Todo {
                raw: Cow::Owned(raw),
                depth: todo.depth + 1,
                note: note.take(),
            })
            .collect())
    }

    /// Adds the editions of a message and its files. Returns the messages that are attached to it.
    fn parts_of(
        &mut self,
        raw: &[u8],
        depth: usize,
        left: &mut usize,
        note: &mut Option<Note>,
    ) -> Result<Vec<Vec<u8>>, String> {
        let mut header = decode::header(parts::head_of(raw), raw).into_owned();
        if header.is_empty() {
            // mail-parser requires a header, but some texts are only called messages.
            header = b"Content-Type: text/plain\n\n".to_vec();
        }
        let parsed = MessageParser::default().parse_headers(header.as_slice());
        let head = parsed
            .filter(|m| !m.parts.is_empty())
            .ok_or("its header cannot be read")?;
        let subject = head.subject().and_then(title);
        let outer = Outer {
            forwarded: subject.as_deref().is_some_and(|s| without_prefix(s) != s.trim()),
            replies: sender(&head).filter(|_| subject.as_deref().is_some_and(chain::is_reply)),
        };
        let (body, mut found) = parts::walk(raw, depth, self.limits, left)?;
        let body = body.map(|body| digest::in_messages(body, &mut found));
        let read = match body {
            Some(body) => self.read(body, &outer)?,
            None => None,
        };
        let (mut files, mut letter) = (Vec::new(), false);
        for file in std::mem::take(&mut found.attachments) {
            files.extend(self.attachment(file, &mut found.messages));
        }
        let others = !files.is_empty() || !found.messages.is_empty();
        match found.unreadable {
            Some(why) if read.is_some() || others => self.report.skip(&format!("{}, a part of it", self.name()), why),
            None if read.is_some() || others => {}
            why => return Err(why.unwrap_or("no text part is in this message").into()),
        }
        if let Some(Read { document, original }) = read {
            let covers = found.is_digest || is_covering_note(&document, word_count(&document));
            letter |= !covers;
            let document = with_header(document, original, subject.as_deref(), &head, &found);
            if others && covers && note.is_none() {
                let what = if found.is_digest {
                    "words around the messages of a digest"
                } else {
                    "covering note"
                };
                *note = Some(Note { document, what });
            } else {
                self.add(document, note);
            }
        }
        for (mut document, name) in files {
            // A file has its own title and sometimes its own day.
            let given = if letter { title(&name) } else { subject.clone() };
            document.page_title = document.page_title.or(given);
            document.date = document.date.or_else(|| day(&head));
            document.source = Some(format!("{}, attachment {name}", source(sender(&head))));
            self.add(document, note);
        }
        Ok(found.messages)
    }

    /// Reads the text of `body`, whose depth `parts.rs` has already limited.
    fn read(&self, body: Body, outer: &Outer) -> Result<Option<Read>, String> {
        match body {
            Body::Text(text) => self.text(text, outer).map(Some),
            Body::Frame(text) => {
                let mut document = page(&text.text, text.is_html, self.limits)?;
                let blocks = std::mem::take(&mut document.blocks).into_iter();
                document.blocks = blocks.map(|block| unseen(block, "frame within the page")).collect();
                Ok(Some(Read {
                    document,
                    original: None,
                }))
            }
            Body::Best(bodies) => self.best(bodies, outer),
            Body::All(bodies) => {
                let mut all: Vec<(Read, bool)> = Vec::new();
                for body in bodies {
                    let is_html = matches!(&body, Body::Text(text) if text.is_html);
                    let Some(next) = self.read(body, outer)? else {
                        continue;
                    };
                    match all.last() {
                        // Some programs send the same text as plain text and HTML without marking them as alternatives.
                        Some((last, false)) if is_html && says_the_same(&last.document, &next.document) => {
                            all.pop();
                        }
                        _ => {}
                    }
                    all.push((next, is_html));
                }
                let mut parts = all.into_iter().map(|(read, _)| read);
                let Some(mut first) = parts.next() else { return Ok(None) };
                for part in parts {
                    let document = &mut first.document;
                    document.blocks.extend(part.document.blocks);
                    document.page_title = document.page_title.take().or(part.document.page_title);
                    document.date = document.date.take().or(part.document.date);
                }
                let most = self.limits.blocks;
                match first.document.blocks.len() > most {
                    true => Err(format!("more than {most} paragraphs are too many for one edition")),
                    false => Ok(Some(first)),
                }
            }
        }
    }

    fn text(&self, text: Text, outer: &Outer) -> Result<Read, String> {
        let sender = outer.replies.as_deref();
        if text.is_html {
            let mut document = page(&text.text, true, self.limits)?;
            let is_chain = sender.is_some_and(|sender| chain::in_blocks(&mut document, sender));
            let original = if is_chain {
                None
            } else {
                in_blocks(&mut document, outer.forwarded)
            };
            return Ok(Read { document, original });
        }
        if let Some(sender) = sender
            && let Some(plain) = chain::unquoted(&text.text)
        {
            let mut document = page(&plain, false, self.limits)?;
            if chain::in_blocks(&mut document, sender) {
                return Ok(Read {
                    document,
                    original: None,
                });
            }
        }
        let Some((original, note, body)) = in_text(&text.text, outer.forwarded) else {
            let document = page(&text.text, false, self.limits)?;
            return Ok(Read {
                document,
                original: None,
            });
        };
        let mut document = page(&body, false, self.limits)?;
        let note = clean(&note);
        if words(&note) > 0 {
            document.blocks.insert(0, note_block(note));
        }
        Ok(Read {
            document,
            original: Some(original),
        })
    }

    /// Returns the form that keeps the most signed answers and discussions.
    ///
    /// If two forms keep the same, HTML wins, because it has links and headings, unless it is only a pointer to the
    /// text.
    fn best(&self, bodies: Vec<Body>, outer: &Outer) -> Result<Option<Read>, String> {
        let mut found: Vec<(Read, bool, Built)> = Vec::new();
        let mut failure = None;
        for body in bodies {
            let is_html = !matches!(&body, Body::Text(text) if !text.is_html);
            match self.read(body, outer) {
                Ok(Some(read)) => {
                    // `build` takes the first line as the title of a text that has none.
                    let built = build(read.document.clone(), "mail");
                    found.push((read, is_html, built));
                }
                Ok(None) => {}
                Err(why) => {
                    failure.get_or_insert(why);
                }
            }
        }
        let longest = found.iter().map(|(_, _, built)| built.words_kept).max().unwrap_or(0);
        let best = found
            .into_iter()
            .max_by_key(|(_, is_html, built)| score(built, *is_html, longest));
        match (best, failure) {
            (Some((read, ..)), _) => Ok(Some(read)),
            (None, Some(why)) => Err(why),
            (None, None) => Ok(None),
        }
    }

    /// Returns the text and the name of an attached file if it is a newsletter. Reports any other file as left out.
    fn attachment(&mut self, file: Attachment, messages: &mut Vec<Vec<u8>>) -> Option<(Document, String)> {
        let called = format!("{}, attachment {}", self.name(), file.name);
        let ending = file
            .name
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase());
        let letters = ["html", "htm", "xhtml", "md", "markdown", "txt", "eml", "pdf"];
        let is_letter = ending.is_none_or(|ending| letters.contains(&ending.as_str()));
        let kind = match sniff::kind(&file.name, &file.bytes) {
            Ok(kind) if is_letter => kind,
            Ok(_) => {
                let why = format!(
                    "a file of the kind {} was not read: save it, and import it if it is a newsletter",
                    clean(&file.kind)
                );
                self.report.skip(&called, why);
                return None;
            }
            Err(why) => {
                self.report.skip(&called, why);
                return None;
            }
        };
        let is_html = match kind {
            Kind::Eml => {
                messages.push(file.bytes);
                return None;
            }
            Kind::Pdf => {
                pdf::read(&called, &file.bytes, self.limits, self.report);
                return None;
            }
            Kind::Html => true,
            Kind::Text | Kind::Markdown => false,
            _ => {
                self.report
                    .skip(&called, "it was not read: save it, and import it by itself");
                return None;
            }
        };
        match page(&sniff::decode(&file.bytes, is_html), is_html, self.limits) {
            Ok(document) if word_count(&document) > 0 => Some((document, file.name)),
            Ok(_) => None,
            Err(why) => {
                self.report.skip(&called, why);
                None
            }
        }
    }
}

fn word_count(document: &Document) -> usize {
    let seen = document
        .blocks
        .iter()
        .filter(|block| !matches!(block.look, Look::Unseen(_)));
    seen.map(|block| words(&block.text)).sum()
}

fn unseen(block: Block, what: &'static str) -> Block {
    let look = match block.look {
        Look::Unseen(known) => Look::Unseen(known),
        _ => Look::Unseen(what),
    };
    Block { look, ..block }
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
