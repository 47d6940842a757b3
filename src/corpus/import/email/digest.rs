//! Splits a plain-text digest of a mailing list into messages (RFC 1153, and Mailman's format).
//!
//! Lines of hyphens separate the messages, and each message begins with a few header fields. The text around the
//! messages (how to subscribe, the list of topics) is kept apart.

use super::parts::{Body, Found, Text};

/// Fewest hyphens in a line between messages. RFC 1153 uses 30.
const HYPHENS: usize = 20;
/// Most lines in the header of a message.
const HEADER_LINES: usize = 40;

/// Header fields that are kept. The text is already decoded, so fields about its encoding are dropped.
const FIELDS: [&str; 7] = ["from", "to", "cc", "date", "subject", "message-id", "reply-to"];

/// A digest split into parts.
struct Digest {
    messages: Vec<String>,
    /// The text around the messages.
    around: String,
}

/// Moves the messages of a plain-text digest to `found`. Returns the text around them, or any other body unchanged.
pub(super) fn in_messages(body: Body, found: &mut Found) -> Body {
    match body {
        Body::Text(text) if !text.is_html => {
            let Some(digest) = split(&text.text) else {
                return Body::Text(text);
            };
            found.is_digest = true;
            found
                .messages
                .extend(digest.messages.into_iter().map(String::into_bytes));
            Body::Text(Text {
                text: digest.around,
                is_html: false,
            })
        }
        body => body,
    }
}

/// Splits `text` into messages if it is a digest.
fn split(text: &str) -> Option<Digest> {
    if !text.contains("From:") {
        return None;
    }
    let mut parts = vec![String::new()];
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if blank && bare.len() >= HYPHENS && bare.bytes().all(|b| b == b'-') {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(line);
        }
        blank = bare.is_empty();
    }
    let mut digest = Digest {
        messages: Vec::new(),
        around: String::new(),
    };
    let mut parts = parts.into_iter();
    digest.around = parts.next()?;
    let mut ended = false;
    for part in parts {
        ended |= is_end(&part);
        match (message(&part), digest.messages.last_mut()) {
            _ if ended => digest.around.push_str(&part),
            (Some(message), _) => digest.messages.push(message),
            // The line of hyphens was inside a message.
            (None, Some(last)) => last.push_str(&format!("----\n{part}")),
            (None, None) => digest.around.push_str(&part),
        }
    }
    let named = ended || digest.around.to_lowercase().contains("digest");
    (named && !digest.messages.is_empty()).then_some(digest)
}

/// Reports whether `part` comes after the last message.
fn is_end(part: &str) -> bool {
    let mut lines = part.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_lowercase();
    first.starts_with("end of ") && first.contains("digest") || first == "subject: digest footer"
}

/// Returns `part` as a message with a header, or `None` if it is not one.
fn message(part: &str) -> Option<String> {
    let part = part.trim_start();
    let part = match part.split_once('\n') {
        Some((first, rest)) if first.starts_with("Message: ") => rest,
        _ => part,
    };
    let (mut header, mut at, mut kept, mut known) = (String::new(), 0, false, 0);
    for line in part.split_inclusive('\n').take(HEADER_LINES) {
        let bare = line.trim_end();
        if bare.is_empty() {
            break;
        }
        if !line.starts_with([' ', '\t']) {
            let (name, _) = bare.split_once(':')?;
            let name = name.to_ascii_lowercase();
            if !name.bytes().all(|b| b.is_ascii_graphic()) {
                return None;
            }
            kept = FIELDS.contains(&name.as_str());
            known += usize::from(matches!(name.as_str(), "from" | "date" | "subject"));
        }
        if kept {
            header.push_str(bare);
            header.push('\n');
        }
        at += line.len();
    }
    let body = part.get(at..)?;
    let whole = known >= 2 && header.to_ascii_lowercase().contains("from:") && !body.trim().is_empty();
    whole.then(|| {
        format!(
            "{header}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}",
            body.trim()
        )
    })
}

/// Reports whether `text`, which came without a header, is a digest.
pub(super) fn is_digest(text: &str) -> bool {
    split(text).is_some()
}
