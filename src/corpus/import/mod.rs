//! Imports newsletters as [`Edition`]s from text, Markdown, saved pages, mail, mailboxes, feeds, Word files and PDF.
//!
//! [`import_bytes`] reads bytes and is a pure function. [`import_path`] reads a file or a folder. Both return an
//! [`ImportReport`]: the editions, what was left out of each, and what could not be read and why. [`store`] writes the
//! editions into a folder. This module never uses the network or the index.
//!
//! `archive.rs`, `epub.rs` and `docx.rs` open archives, and each file in them is read like any other. `sniff.rs`
//! determines the kind of file. `text.rs`, `html.rs`, `email.rs`, `feed.rs` and `pdf.rs` turn it into
//! `block::Document`s. `structure.rs` turns each document into an edition.

mod address;
mod answers;
mod archive;
mod asides;
mod behind;
mod block;
mod clean;
mod closing;
mod contents;
mod credits;
mod dates;
mod dialects;
mod discussion;
mod docx;
mod dom;
mod email;
mod epub;
mod export;
mod facts;
mod feed;
mod files;
mod footer;
mod footnotes;
mod front;
mod furniture;
mod heads;
mod hidden;
mod html;
mod known;
mod labels;
mod links;
mod listed;
mod lists;
mod maildir;
mod marks;
mod markup;
mod message;
mod names;
mod notes;
mod pdf;
mod phrases;
mod prose;
mod quarters;
mod questions;
mod quoted;
mod reader;
mod refuse;
mod relative;
mod report;
mod resources;
mod roles;
mod rows;
mod sayings;
mod shortcodes;
mod slug;
mod sniff;
mod speech;
mod store;
mod structure;
mod subtitles;
mod survey;
mod tables;
mod tags;
mod talk;
mod text;
mod threads;
mod tidy;
mod titles;
mod tracking;
mod turns;
mod view;
mod why;
mod writer;

use std::borrow::Cow;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use self::block::Document;
use self::export::Given;
use super::edition::Edition;
use super::{MAX_FILE_BYTES, markdown};

pub use files::{Seen, import_new, import_path};
pub use message::import_message;
pub use pdf::{READER as PDF_READER, serve as read_pdf};
pub use report::{Dropped, ImportReport, Imported, SkippedItem};
pub use sniff::Kind;
pub use store::{Filing, ImportError, Outcome, Stored, store};
pub use view::{
    AnswerView, DiscussionView, EditionView, ImportView, ReasonView, ResourceView, SectionView, SkippedView,
};
pub use why::Reason;

/// Limits on the work that a file can cause, each far above what a newsletter needs, and on what is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest file read, in bytes.
    pub file_bytes: u64,
    /// Largest decoded text of one message, entry or page, in bytes.
    pub text_bytes: usize,
    /// Most messages in a mailbox or entries in a feed.
    pub items: usize,
    /// Most parts in one message, and most levels of nested parts.
    pub mime_parts: usize,
    pub mime_depth: usize,
    /// Most paragraphs in one edition.
    pub blocks: usize,
    /// Most files in a folder or an archive.
    pub files: usize,
    /// Most bytes unpacked from one archive.
    pub archive_bytes: u64,
    /// The program that reads PDF files in a process of its own, if it is called with [`PDF_READER`] and runs
    /// [`read_pdf`], or why there is none. `None` reads them in a thread.
    pub reader: Option<Result<PathBuf, String>>,
    /// Longest time to read one PDF, Word file or book.
    pub document_time: Duration,
    /// Whether to keep what looks like furniture: menus, footers, calls to subscribe, readers' comments.
    pub keep_all: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file_bytes: 64 << 20,
            text_bytes: 8 << 20,
            items: 10_000,
            mime_parts: 500,
            mime_depth: 20,
            blocks: 100_000,
            files: 100_000,
            archive_bytes: 512 << 20,
            reader: None,
            document_time: Duration::from_secs(60),
            keep_all: false,
        }
    }
}

/// Reads `bytes`, called `name`, without touching anything else. The extension of the name is one sign of their kind.
pub fn import_bytes(name: &str, bytes: &[u8], limits: &Limits) -> ImportReport {
    import_given(name, bytes, limits, &Given::default())
}

/// Stack of a thread that reads a file. Elements may be nested deeply.
const STACK: usize = 64 << 20;

/// Starts a thread that reads a file, or returns why not.
fn start(read: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let thread = thread::Builder::new().stack_size(STACK).spawn(read);
    thread
        .map(drop)
        .map_err(|error| format!("no thread could be started to read it: {error}"))
}

/// Reads `bytes` as [`import_bytes`] does. `given` has facts about them from another file.
fn import_given(name: &str, bytes: &[u8], limits: &Limits, given: &Given) -> ImportReport {
    let mut report = ImportReport::default();
    if bytes.len() as u64 > limits.file_bytes {
        report.skip(
            name,
            format!(
                "{} bytes are more than the {} that are read",
                bytes.len(),
                limits.file_bytes
            ),
        );
        return report;
    }
    if archive::is_archive(bytes) {
        archive::read(name, bytes, limits, &mut report);
        return report;
    }
    if let Some(why) = given.is_draft(limits) {
        report.skip(name, why);
        return report;
    }
    if rows::are_posts(name, bytes) {
        rows::read(name, &sniff::decode(bytes, false), limits, &mut report);
        return report;
    }
    let bytes = email::in_emlx(bytes).unwrap_or(bytes);
    let kind = match sniff::kind(name, bytes) {
        Ok(kind) => kind,
        Err(why) => {
            report.skip(name, why);
            return report;
        }
    };
    match kind {
        Kind::Text | Kind::Markdown | Kind::Html => {
            let text = sniff::decode(bytes, kind == Kind::Html);
            if let Some(edition) = own_format(name, &text) {
                report.editions.push(whole(edition, name));
            } else if kind == Kind::Html || !email::saved_digest(name, &text, limits, &mut report) {
                let rewritten = || subtitles::transcript(name, &text).or_else(|| dialects::markdown(name, &text));
                let mut document = match kind {
                    Kind::Html => html::saved_page(&text, limits),
                    _ => text::document(&rewritten().unwrap_or(text), slug::file_name(name), limits),
                };
                if let Ok(document) = &mut document {
                    if kind == Kind::Html && document.is_one_line() {
                        let title = document.other_title();
                        document.title = Some(title.unwrap_or_else(|| slug::file_stem(name)));
                    }
                    given.apply(document);
                }
                add(&mut report, name, document, name);
            }
        }
        Kind::Pdf => pdf::read(name, bytes, limits, &mut report),
        Kind::Eml => email::message(name, bytes, limits, &mut report),
        Kind::Mbox => email::mailbox(name, bytes, limits, &mut report),
        Kind::Feed => feed::entries(name, &sniff::decode(bytes, true), limits, &mut report),
    }
    report
}

/// Reads `bytes` as [`import_bytes`] does if they are a feed.
///
/// If a server sends a page instead, such as an error or a login form, it is not an edition.
pub fn import_feed(name: &str, bytes: &[u8], limits: &Limits) -> ImportReport {
    if bytes.len() as u64 > limits.file_bytes || sniff::kind(name, bytes) == Ok(Kind::Feed) {
        return import_bytes(name, bytes, limits);
    }
    let mut report = ImportReport::default();
    report.skip(name, "it is not an RSS, Atom or JSON feed");
    report
}

/// Reads an edition in askpm's own format. It stays as it is, except for characters that no edition may have.
fn own_format(name: &str, text: &str) -> Option<Edition> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.starts_with("---") {
        return None;
    }
    let cleaned = if clean::is_clean(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(clean::clean(text))
    };
    let mut edition = markdown::parse(name, &cleaned).ok()?;
    // Quoted YAML can contain any character.
    edition.title = clean::one_line(&clean::clean(&edition.title));
    edition.source = edition.source.map(|s| clean::one_line(&clean::clean(&s)));
    (!edition.title.is_empty()).then_some(edition)
}

fn whole(edition: Edition, from: &str) -> Imported {
    let words = tidy::edition_words(&edition);
    Imported {
        fingerprint: fingerprint(&edition),
        edition,
        from: from.to_string(),
        words_in: words,
        words_kept: words,
        dropped: Vec::new(),
        identity: None,
        why: vec![Reason {
            item: "edition".into(),
            why: "it is in askpm's own format, and kept as it is".into(),
        }],
    }
}

/// Reads one page or text into a document.
fn page(text: &str, is_html: bool, limits: &Limits) -> Result<Document, String> {
    if is_html {
        return html::document(text, limits);
    }
    too_long(text.len(), limits)?;
    Ok(Document {
        blocks: text::blocks(&clean::clean(text), limits.blocks)?,
        keep_all: limits.keep_all,
        ..Document::default()
    })
}

fn too_long(bytes: usize, limits: &Limits) -> Result<(), String> {
    if bytes > limits.text_bytes {
        return Err(format!(
            "{bytes} bytes of text are too many for one edition (limit {})",
            limits.text_bytes
        ));
    }
    Ok(())
}

/// Builds the edition of `document`, read from `from`. Adds it to the report, or the reason why there is none.
fn add(report: &mut ImportReport, from: &str, document: Result<Document, String>, name: &str) {
    match document.and_then(|document| edition(document, from, name)) {
        Ok(imported) => report.editions.push(imported),
        Err(why) => report.skip(from, why),
    }
}

fn edition(mut document: Document, from: &str, name: &str) -> Result<Imported, String> {
    let file = slug::file_stem(name);
    let source = document.source.take();
    document.source = Some(source.unwrap_or_else(|| format!("Imported from {}", slug::file_name(name))));
    document.source = document.source.map(|s| clean::bounded_line(&clean::clean(&s), 300));
    let built = structure::build(document, &file);
    let mut edition = built.edition;
    if edition.discussions.is_empty() && edition.sections.is_empty() && edition.resources.is_empty() {
        return Err("no text that could be an edition is in it".into());
    }
    edition.slug = slug::of(&edition.title);
    let written = markdown::write(&edition);
    if written.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "{} bytes are too many for one edition (limit {MAX_FILE_BYTES})",
            written.len()
        ));
    }
    // The written edition must read back the same. If only white space differs, what was read back has the same words.
    let again = markdown::parse(from, &written);
    if again.as_ref() != Ok(&edition) {
        let settled = again.ok().filter(|again| {
            let same = tidy::edition_words(again) == tidy::edition_words(&edition);
            same && markdown::parse(from, &markdown::write(again)).as_ref() == Ok(again)
        });
        // Anything else would be a bug, so it is better to refuse it.
        edition = settled.ok_or("its text cannot be written as an edition that reads back the same")?;
    }
    Ok(Imported {
        fingerprint: fingerprint(&edition),
        edition,
        from: clean::bounded_line(&clean::clean(from), 400),
        words_in: built.words_in,
        words_kept: built.words_kept,
        dropped: built.dropped,
        identity: None,
        why: built.why,
    })
}

/// Returns the SHA-256 of the words in `edition`.
///
/// If there are discussions, only they and the resources count. The introduction often differs between mail and page.
pub(crate) fn fingerprint(edition: &Edition) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut said = false;
    let mut say = |text: &str| {
        // Paragraph breaks depend on how the text came. Words and their order do not.
        for word in clean::key(text).split(' ').filter(|w| !w.is_empty()) {
            hash.update(word);
            hash.update(" ");
            said = true;
        }
    };
    for discussion in &edition.discussions {
        say(&discussion.body);
        for answer in &discussion.answers {
            say(&answer.body);
            say(&answer.contributor);
        }
    }
    if edition.discussions.is_empty() {
        for section in &edition.sections {
            say(&section.body);
        }
    }
    for resource in &edition.resources {
        say(&resource.title);
        say(&resource.summary);
    }
    if !said {
        // The edition has no words, so hash its text.
        hash.update(markdown::write(edition));
    }
    hash.finalize().into()
}
