//! Splits a message into its parts (RFC 2045–2046).
//!
//! The result is a [`Body`], a small tree of texts that are read together or as alternatives, and the attachments.
//! mail-parser reads the header of each part. Its own walk through nested parts has no depth limit, so it is not used.

use mail_parser::{MessageParser, MessagePart, MimeHeaders};

use super::{decode, enriched, uu};
use crate::corpus::import::clean::{bounded_line, clean};
use crate::corpus::import::{Limits, slug};

/// A text found in a message.
pub(super) struct Text {
    pub text: String,
    pub is_html: bool,
}

pub(super) enum Body {
    Text(Text),
    /// Parts that follow each other.
    All(Vec<Body>),
    /// Alternative forms of the same text.
    Best(Vec<Body>),
    /// A frame of a saved page. Its text is not part of the page's.
    Frame(Text),
}

/// A file that came with a message.
pub(super) struct Attachment {
    /// Its name, or else its media type.
    pub name: String,
    pub kind: String,
    pub bytes: Vec<u8>,
}

/// What the walk through a message found, apart from its text.
#[derive(Default)]
pub(super) struct Found {
    pub attachments: Vec<Attachment>,
    pub messages: Vec<Vec<u8>>,
    /// Whether the messages are those of a digest.
    pub is_digest: bool,
    /// The address of the page, if the message is a saved page.
    pub page: Option<String>,
    /// Whether a part was HTML.
    has_html: bool,
    /// Why the text cannot be read, if a part makes that clear.
    pub unreadable: Option<&'static str>,
    decoded: usize,
}

/// The kind of part that contains a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Message,
    Digest,
}

/// Walks through the parts of `raw`. `left` counts down the parts that may still be read.
pub(super) fn walk(
    raw: &[u8],
    depth: usize,
    limits: &Limits,
    left: &mut usize,
) -> Result<(Option<Body>, Found), String> {
    let mut walker = Walker {
        limits,
        left,
        found: Found::default(),
    };
    let body = walker.part(raw, depth, Within::Message)?;
    Ok((body, walker.found))
}

struct Walker<'a> {
    limits: &'a Limits,
    left: &'a mut usize,
    found: Found,
}

impl Walker<'_> {
    /// Reads a part and those inside it. The depth limit also bounds the stack.
    fn part(&mut self, raw: &[u8], depth: usize, within: Within) -> Result<Option<Body>, String> {
        *self.left = self.left.saturating_sub(1);
        if *self.left == 0 {
            return Ok(None);
        }
        if depth > self.limits.mime_depth.min(100) {
            return Err(format!("parts are nested more than {} deep", self.limits.mime_depth));
        }
        let part = Part::of(raw, within);
        let encoded = &raw[part.head..];
        if part.main == "multipart" {
            return self.multipart(&part, encoded, depth);
        }
        let (bytes, rest) = part.decoded(encoded);
        self.found.decoded += bytes.len();
        if self.found.decoded > self.limits.text_bytes.saturating_mul(8) {
            return Err(format!(
                "more than {} bytes are in its parts",
                self.limits.text_bytes.saturating_mul(8)
            ));
        }
        let body = self.leaf(&part, bytes);
        let after = String::from_utf8_lossy(rest);
        Ok(match body {
            Some(body) if !after.trim().is_empty() => {
                let footer = Text {
                    text: after.into_owned(),
                    is_html: false,
                };
                Some(Body::All(vec![body, Body::Text(footer)]))
            }
            body => body,
        })
    }

    fn leaf(&mut self, part: &Part, bytes: Vec<u8>) -> Option<Body> {
        let is_text = part.main == "text"
            && matches!(
                part.sub.as_str(),
                "plain" | "html" | "markdown" | "enriched" | "richtext" | "x-markdown"
            );
        match (part.main.as_str(), part.sub.as_str()) {
            ("message", "rfc822" | "global" | "news") => self.found.messages.push(bytes),
            _ if is_text && !part.attached => {
                let is_html = part.sub == "html";
                if is_html && !std::mem::replace(&mut self.found.has_html, true) {
                    // Some browsers say only there where the page was.
                    self.found.page = self.found.page.take().or_else(|| part.page.clone());
                }
                let text = decode::text(&bytes, part.charset.as_deref(), is_html);
                let (text, files) = if is_html {
                    (text, Vec::new())
                } else {
                    uu::taken_out(&text)
                };
                let kind = "application/octet-stream".to_string();
                self.found
                    .attachments
                    .extend(files.into_iter().map(|(name, bytes)| Attachment {
                        name: bounded_line(&clean(slug::file_name(&name)), 120),
                        kind: kind.clone(),
                        bytes,
                    }));
                let text = match part.sub.as_str() {
                    "enriched" | "richtext" => enriched::plain(&text),
                    "html" => text,
                    _ if part.flowed => decode::flowed(&text, part.delsp),
                    _ => text,
                };
                return Some(Body::Text(Text { text, is_html }));
            }
            // Pictures and sound have no text. The others are about the mail itself.
            ("image" | "audio" | "video" | "font" | "message", _)
            | ("text", "css" | "calendar" | "x-amp-html" | "rfc822-headers" | "x-vcard" | "vcard" | "javascript")
            | (
                "application",
                "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature" | "pgp-keys" | "ics" | "javascript",
            ) => {}
            ("application", "pgp-encrypted") => {
                self.found.unreadable = Some("it is encrypted: open it in your mail program and save its text");
            }
            ("application", "pkcs7-mime" | "x-pkcs7-mime") => {
                self.found.unreadable =
                    Some("it is encrypted or sealed (S/MIME): open it in your mail program and save its text");
            }
            ("application", "ms-tnef" | "vnd.ms-tnef") => {
                self.found.unreadable = Some(
                    "its text is in winmail.dat, Outlook's own format: save the mail as HTML or text from Outlook",
                );
            }
            _ => {
                let kind = format!("{}/{}", part.main, part.sub);
                let name = part.name.clone().unwrap_or_else(|| kind.clone());
                let bytes = if is_text && part.charset.is_some() {
                    decode::text(&bytes, part.charset.as_deref(), part.sub == "html").into_bytes()
                } else {
                    bytes
                };
                self.found.attachments.push(Attachment { name, kind, bytes });
            }
        }
        None
    }

    fn multipart(&mut self, part: &Part, encoded: &[u8], depth: usize) -> Result<Option<Body>, String> {
        let declared = part.boundary.as_deref().unwrap_or_default();
        let mut raws = parts(encoded, declared);
        if raws.is_empty() {
            raws = parts(encoded, &guess(encoded));
        }
        if raws.is_empty() {
            // The boundary does not occur, so the content is read as one text.
            let text = decode::text(encoded, part.charset.as_deref(), false);
            return Ok(Some(Body::Text(Text { text, is_html: false })).filter(|_| !encoded.trim_ascii().is_empty()));
        }
        let related = part.sub == "related";
        if related && let Some(at) = raws.iter().position(|raw| part.starts_at(raw)) {
            raws.swap(0, at);
        }
        if related && (part.page.is_some() || self.found.page.is_none()) {
            self.found.page = part.page.clone();
        }
        let within = if part.sub == "digest" {
            Within::Digest
        } else {
            Within::Message
        };
        self.found.is_digest |= part.sub == "digest";
        let mut bodies = Vec::new();
        for (at, raw) in raws.into_iter().enumerate() {
            let is_frame = related && at > 0 && Part::of(raw, within).is_referred_to;
            match self.part(raw, depth + 1, within)? {
                Some(Body::Text(text)) if is_frame => bodies.push(Body::Frame(text)),
                found => bodies.extend(found),
            }
            if *self.left == 0 {
                break;
            }
        }
        let best = part.sub == "alternative";
        Ok(match bodies.len() {
            0 => None,
            1 => bodies.pop(),
            _ if best => Some(Body::Best(bodies)),
            _ => Some(Body::All(bodies)),
        })
    }
}

/// The header of a part.
struct Part {
    /// Length of the header in bytes.
    head: usize,
    main: String,
    sub: String,
    boundary: Option<String>,
    charset: Option<String>,
    encoding: String,
    name: Option<String>,
    /// The identifier of the part that a `multipart/related` begins with.
    start: Option<String>,
    page: Option<String>,
    attached: bool,
    is_referred_to: bool,
    flowed: bool,
    delsp: bool,
}

impl Part {
    fn of(raw: &[u8], within: Within) -> Part {
        let head = head_of(raw);
        let header = decode::header(head, raw);
        let parsed = MessageParser::default().parse_headers(header.as_ref());
        let message = parsed.as_ref();
        // A part without a header is plain text (RFC 2046, section 5.1), or a message in a digest (5.1.5).
        let plain = MessagePart::default();
        let parsed = message.and_then(|m| m.parts.first()).unwrap_or(&plain);
        let kind = parsed.content_type();
        let (main, sub) = match (kind, within) {
            (Some(kind), _) => (kind.ctype(), kind.subtype().unwrap_or("plain")),
            (None, Within::Digest) => ("message", "rfc822"),
            (None, Within::Message) => ("text", "plain"),
        };
        let attribute = |name| kind.and_then(|k| k.attribute(name)).map(str::to_string);
        let says = |name, value: &str| {
            kind.and_then(|k| k.attribute(name))
                .is_some_and(|v| v.eq_ignore_ascii_case(value))
        };
        let encoding = parsed
            .content_transfer_encoding()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let encoding = encoding
            .split([';', ' ', '('])
            .find(|word| !word.is_empty())
            .unwrap_or_default();
        let name = parsed
            .attachment_name()
            .map(|name| bounded_line(&clean(slug::file_name(name)), 120));
        let address = message
            .and_then(|m| m.header_raw("Snapshot-Content-Location"))
            .map(|v| v.trim().to_string());
        let address = address.or_else(|| parsed.content_location().map(str::to_string));
        Part {
            head: head.len(),
            main: main.to_ascii_lowercase(),
            sub: sub.to_ascii_lowercase(),
            boundary: attribute("boundary").filter(|b| !b.is_empty() && b.len() <= 200),
            charset: attribute("charset"),
            encoding: encoding.to_string(),
            name: name.filter(|name| !name.is_empty()),
            start: attribute("start"),
            page: address.filter(|address| address.starts_with("http")),
            attached: parsed.content_disposition().is_some_and(|d| d.is_attachment()),
            is_referred_to: parsed.content_id().is_some() || parsed.content_location().is_some(),
            flowed: says("format", "flowed"),
            delsp: says("delsp", "yes"),
        }
    }

    /// Returns the decoded content, and the unencoded text after it.
    fn decoded<'a>(&self, encoded: &'a [u8]) -> (Vec<u8>, &'a [u8]) {
        match self.encoding.as_str() {
            "base64" => decode::base64(encoded),
            "quoted-printable" => (decode::quoted_printable(encoded), &[]),
            "x-uuencode" | "uuencode" | "x-uue" => {
                let file = uu::file(&String::from_utf8_lossy(encoded));
                (file.map_or_else(|| encoded.to_vec(), |(_, bytes)| bytes), &[])
            }
            _ => (encoded.to_vec(), &[]),
        }
    }

    /// Reports whether `raw` is the part that this one names as its first.
    fn starts_at(&self, raw: &[u8]) -> bool {
        let Some(start) = self.start.as_deref().map(|s| s.trim_matches(['<', '>'])) else {
            return false;
        };
        let header = decode::header(head_of(raw), raw);
        let parsed = MessageParser::default().parse_headers(header.as_ref());
        let part = parsed.as_ref().and_then(|m| m.parts.first());
        part.and_then(|p| p.content_id())
            .is_some_and(|id| id.trim_matches(['<', '>']) == start)
    }
}

/// Returns a part's header, including the blank line that ends it.
///
/// Returns all of `raw` if there is no blank line, and nothing if the first line is not a field: a part may have lost
/// the blank line above its text.
pub(super) fn head_of(raw: &[u8]) -> &[u8] {
    let first = raw.split(|&b| b == b'\n').next().unwrap_or_default();
    let name = first.split(|&b| b == b':').next().unwrap_or_default().trim_ascii_end();
    let is_field = first.contains(&b':') && name.iter().all(u8::is_ascii_graphic);
    if !first.trim_ascii().is_empty() && !is_field && !first.starts_with(b"From ") {
        return &[];
    }
    let mut at = 0;
    for line in raw.split_inclusive(|&b| b == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    &raw[..at]
}

/// Guesses an undeclared boundary from the first line that looks like one.
fn guess(body: &[u8]) -> String {
    let mut lines = body.split(|&b| b == b'\n').map(|line| line.trim_ascii_end());
    let found = lines.find_map(|line| {
        line.strip_prefix(b"--")
            .filter(|rest| !matches!(*rest, b"" | b"-") && !rest.contains(&b' '))
    });
    found
        .map(|rest| String::from_utf8_lossy(rest).into_owned())
        .unwrap_or_default()
}

/// Returns the parts between the boundary lines of a multipart body (RFC 2046, section 5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    if boundary.is_empty() {
        return out;
    }
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive(|&b| b == b'\n') {
        let delimiter = line
            .strip_prefix(b"--")
            .and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        let rest = delimiter.map(|rest| rest.trim_ascii_end());
        if let Some(rest) = rest.filter(|rest| matches!(*rest, b"" | b"--")) {
            out.extend(start.map(|start| &body[start..at]));
            start = (rest != b"--").then_some(at + line.len());
        }
        at += line.len();
    }
    // A truncated message has no last boundary.
    out.extend(start.map(|start| &body[start..]));
    out
}
