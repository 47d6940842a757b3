//! Splits mailboxes into messages, and unwraps `.emlx` files.
//!
//! Reads every mailbox dialect (RFC 4155; mboxo, mboxrd, mboxcl). It does not interpret the messages.

use std::borrow::Cow;

use super::parts::head_of;

/// A header field must begin within this many lines below a `From …` line.
const LINES_TO_HEADER: usize = 4;

/// Replaces carriage returns with line feeds if there are no line feeds, as in files of old Macintosh programs.
pub(super) fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&b'\n') || !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    let feed = |&b: &u8| if b == b'\r' { b'\n' } else { b };
    Cow::Owned(bytes.iter().map(feed).collect())
}

/// Returns the messages of a mailbox.
///
/// Each begins at a `From …` line that opens the file or follows a blank line, with a header below it. A sentence that
/// begins with `From` has no header below it.
pub(super) fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut start = None;
    let mut blank = true;
    let (mut at, mut trusted) = (0, 0);
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let after = at + line.len();
        // Some programs leave out the blank line. Then the line must have a sender and a time.
        let opens = line.starts_with(b"From ") && (blank || is_envelope(line)) && opens_message(line, &bytes[after..]);
        if at >= trusted && opens {
            out.extend(start.map(|start| &bytes[start..at]));
            start = Some(after);
            trusted = declared_end(bytes, after).unwrap_or(after);
        }
        blank = line.iter().all(|b| matches!(b, b'\r' | b'\n'));
        at = after;
    }
    out.extend(start.map(|start| &bytes[start..]));
    out.retain(|message| !is_internal(message));
    out
}

/// Reports whether a message is the one in which mail servers keep their numbers (`X-IMAP`, of the University of
/// Washington's server). Nobody wrote it.
fn is_internal(message: &[u8]) -> bool {
    let head = head_of(message);
    let has = |name: &[u8], value: &[u8]| {
        let mut lines = head.split(|&b| b == b'\n');
        lines.any(|line| line.starts_with(name) && line.windows(value.len()).any(|part| part == value))
    };
    has(b"X-IMAP:", b" ") && has(b"From:", b"MAILER-DAEMON")
}

/// Reports whether a header follows `line`, which begins with `From `.
fn opens_message(line: &[u8], below: &[u8]) -> bool {
    let mut lines = below.split(|&b| b == b'\n').take(LINES_TO_HEADER);
    let field = lines.find(|line| !line.starts_with(b">From ")).and_then(field_name);
    let Some(field) = field else { return false };
    // A time in C's format is enough. With only a sender, the field below must be one that mail uses.
    let words = words_after_from(line);
    let sender = words
        .first()
        .is_some_and(|word| word.contains(&b'@') || *word == b"-" || words.len() == 1);
    let timed = is_timed(&words);
    if !timed && !sender {
        return false;
    }
    let known: [&[u8]; 15] = [
        b"from",
        b"to",
        b"subject",
        b"date",
        b"received",
        b"return-path",
        b"message-id",
        b"mime-version",
        b"delivered-to",
        b"content-type",
        b"status",
        b"sender",
        b"content-length",
        b"reply-to",
        b"lines",
    ];
    timed
        || field.to_ascii_uppercase().starts_with(b"X-")
        || known.iter().any(|known| field.eq_ignore_ascii_case(known))
}

fn words_after_from(line: &[u8]) -> Vec<&[u8]> {
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.skip(1).collect()
}

/// Reports whether the words of a `From …` line have a day of the week and a time.
fn is_timed(words: &[&[u8]]) -> bool {
    let is_time = |word: &&[u8]| word.contains(&b':') && word.iter().all(|b| b.is_ascii_digit() || *b == b':');
    let is_day = |word: &&[u8]| {
        let days: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
        days.contains(&word.trim_ascii())
    };
    words.iter().any(is_time) && words.iter().any(is_day)
}

/// Reports whether `line` is a complete envelope: `From a@b Mon Jan  5 09:00:00 2026`.
fn is_envelope(line: &[u8]) -> bool {
    let words = words_after_from(line);
    words.first().is_some_and(|word| word.contains(&b'@')) && is_timed(&words)
}

/// Returns the name of the header field that begins on `line`.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|&b| b == b':')?;
    let name = line[..colon].trim_ascii_end();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (!name.is_empty() && name.iter().all(plain)).then_some(name)
}

/// Returns where the message at `start` ends according to its `Content-Length`.
///
/// The number counts only if the mailbox ends there or another message begins. Mailboxes with this field do not escape
/// `From …` lines in the text.
fn declared_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut length = None;
    for line in bytes[start..].split_inclusive(|&b| b == b'\n').take(200) {
        at += line.len();
        let bare = line.trim_ascii_end();
        if bare.is_empty() {
            break;
        }
        if field_name(bare).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length")) {
            let value = std::str::from_utf8(&bare[15..]).ok()?;
            length = value.trim().parse::<usize>().ok();
        }
    }
    let end = at.checked_add(length?)?;
    let rest = bytes.get(end..)?.trim_ascii_start();
    (rest.is_empty() || rest.starts_with(b"From ")).then_some(end)
}

/// Removes the `>` that mailboxes put before lines that begin with `From `.
///
/// Such lines above the header are separators that another program escaped. They are removed. Those within the header
/// stay, because `decode::header` removes them.
pub(super) fn unquoted(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut raw = raw;
    while raw.starts_with(b">From ") {
        let end = raw.iter().position(|&b| b == b'\n').map_or(raw.len(), |at| at + 1);
        raw = &raw[end..];
    }
    let quoted = |line: &[u8]| {
        let text = line.iter().position(|&b| b != b'>').filter(|&n| n > 0);
        text.is_some_and(|n| line[n..].starts_with(b"From "))
    };
    let (head, body) = raw.split_at(head_of(raw).len());
    if !body.split_inclusive(|&b| b == b'\n').any(quoted) {
        return Cow::Borrowed(raw);
    }
    let lines = body.split_inclusive(|&b| b == b'\n');
    let lines = lines.map(|line| if quoted(line) { &line[1..] } else { line });
    std::iter::once(head).chain(lines).collect::<Vec<_>>().concat().into()
}

/// Returns the message in an Apple Mail file: its length on a line, the message, a property list.
pub(in crate::corpus::import) fn in_emlx(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|&b| b == b'\n').filter(|&end| end <= 32)?;
    let length: usize = std::str::from_utf8(&bytes[..end]).ok()?.trim().parse().ok()?;
    let rest = &bytes[end + 1..];
    field_name(rest.split(|&b| b == b'\n').next()?)?;
    // The length is wrong if the file was edited.
    let tail = &rest[rest.len().saturating_sub(64 << 10)..];
    let list = tail.windows(6).rposition(|window| window == b"<plist")?;
    let before = &tail[..list];
    let from = before.windows(5).rposition(|window| window == b"<?xml").unwrap_or(list);
    let found = rest.len() - tail.len() + from;
    let declared = rest
        .get(length..)
        .is_some_and(|after| after.trim_ascii_start().starts_with(b"<?xml"));
    Some(&rest[..if declared { length } else { found }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn messages(text: &str) -> Vec<String> {
        let split = split(text.as_bytes()).into_iter();
        split
            .map(|raw| String::from_utf8_lossy(&unquoted(raw)).into_owned())
            .collect()
    }

    #[test]
    fn a_sentence_that_begins_with_from_is_text() {
        for line in [
            "From our own side there is little to report: we plan.",
            "From 9:00 to 10:00 we plan",
            "From Dana: a note",
            "From 9:00 to 10:00 we plan\nNote: bring the list",
            "From the desk of Dana\nDate: any Monday\nSubject: plans",
            "From a@b.c Mon Jan  5 09:00:00 2026",
        ] {
            let text = format!("From a@b Mon Jan  5 09:00:00 2026\nSubject: x\n\nOne.\n\n{line}\n\nTwo.\n");
            assert_eq!(messages(&text).len(), 1, "{line}");
        }
    }

    #[test]
    fn every_dialect_is_cut_where_messages_begin() {
        let plain = "From a@b Mon Jan  5 09:00:00 2026\nSubject: 1\n\nOne.\n>>From here\n\nFrom - \nX-Mozilla-Status: 1\n\nTwo.\n";
        assert_eq!(
            messages(plain),
            ["Subject: 1\n\nOne.\n>From here\n\n", "X-Mozilla-Status: 1\n\nTwo.\n"]
        );
        let close = "From a@b Mon Jan  5 09:00:00 2026\nSubject: 1\n\nOne.\nFrom c@d Mon Jan 12 09:00:00 2026\nSubject: 2\n\nTwo.\n";
        assert_eq!(split(close.as_bytes()).len(), 2);
        let quoted = "From a@b\n>From - Sat Apr 12 2025\nSubject: 1\n\nOne.\n";
        assert_eq!(messages(quoted), ["Subject: 1\n\nOne.\n"]);
        // Below the header, the same line is text.
        let within = "From a@b\nX-Box: 1\n>From c@d Sat\nSubject: 1\n\nOne.\n>From c@d\n";
        assert_eq!(
            messages(within),
            ["X-Box: 1\n>From c@d Sat\nSubject: 1\n\nOne.\nFrom c@d\n"]
        );
        let body = "One.\n\nFrom a@b Mon Jan  5 09:00:00 2026\nSubject: no\n\nStill one.\n";
        let counted = format!(
            "From a@b\nContent-Length: {}\nSubject: 1\n\n{body}\nFrom c@d\nSubject: 2\n\nTwo.\n",
            body.len()
        );
        assert_eq!(messages(&counted).len(), 2);
        assert!(messages(&counted)[0].contains("Still one."));
        let miscounted = counted.replacen(&format!("Length: {}", body.len()), "Length: 9", 1);
        assert_eq!(messages(&miscounted).len(), 3);
        assert_eq!(with_line_feeds(b"a\rb").as_ref(), b"a\nb");
        assert_eq!(with_line_feeds(b"a\r\nb").as_ref(), b"a\r\nb");
    }

    #[test]
    fn a_message_of_apple_mail_is_unwrapped() {
        let list = "<?xml version=\"1.0\"?>\n<plist><dict/></plist>\n";
        let message = "Subject: x\nFrom: y\n\nText with <plist> in it.\n";
        for length in [message.len(), 3, 9_999] {
            let file = format!("{length}      \n{message}{list}");
            assert_eq!(in_emlx(file.as_bytes()), Some(message.as_bytes()), "{length}");
        }
        assert_eq!(in_emlx(b"2026\nSubject: x\n\nno list"), None);
        assert_eq!(in_emlx(b"12 things\nSubject: x"), None);
    }

    proptest! {
        #[test]
        fn no_byte_of_a_message_is_lost(text in "(From |>|Subject: x\n|Content-Length: [0-9]{1,2}\n|\n|[a-c: ]){0,40}") {
            let bytes = format!("From a@b\nSubject: x\n{text}");
            let whole: usize = split(bytes.as_bytes()).iter().map(|m| m.len()).sum();
            let lines = bytes.lines().filter(|l| l.starts_with("From ")).map(|l| l.len() + 1).sum::<usize>();
            prop_assert!(whole + lines >= bytes.len(), "{bytes:?}");
            let _ = in_emlx(bytes.as_bytes());
        }
    }
}
