//! Decodes mail text: transfer encodings, charsets, soft line breaks, encoded words in headers.
//!
//! Damaged input is not an error. The result is the most likely text. RFC 2045, section 6.7, allows a reader to show
//! what it cannot decode. Losing a whole part to one bad character would be worse.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;

use crate::corpus::import::sniff;

/// Longest encoded word in a header that is joined with the next, in characters. RFC 2047 allows 75.
const LONGEST_WORD: usize = 2_000;

/// How much of a message is searched for its charset, in bytes.
const DECLARED_IN: usize = 16_384;

/// Decodes quoted-printable. A `=` that does not begin a code stays a `=`.
pub(super) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let ended = line.ends_with(b"\n");
        // Spaces before a line end were added in transit.
        let mut rest = line.trim_ascii_end();
        let soft = rest.ends_with(b"=");
        if soft {
            rest = &rest[..rest.len() - 1];
        }
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let code = match after {
                [high, low, ..] if byte == b'=' => hex(*high).zip(hex(*low)),
                _ => None,
            };
            match code {
                Some((high, low)) => {
                    out.push(high << 4 | low);
                    rest = &after[2..];
                }
                None => out.push(byte),
            }
        }
        if ended && !soft {
            out.push(b'\n');
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Decodes base64. Also returns what follows the encoded lines unchanged, because mailing lists put their footer there.
pub(super) fn base64(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let is_code = |line: &[u8]| {
        let known = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        !line.is_empty() && line.iter().all(known)
    };
    let long = |line: &[u8]| line.len() >= 60 && is_code(line);
    // The encoded text ends after the last long line, at the first line that cannot be base64.
    let (mut at, mut last_long, mut length) = (0, 0, bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        at += line.len();
        if long(line.trim_ascii()) {
            last_long = at;
        }
    }
    at = 0;
    let mut ended = false;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let bare = line.trim_ascii();
        let stray = !bare.is_empty() && (!is_code(bare) || ended && !bare.len().is_multiple_of(4));
        if at >= last_long && stray {
            // Text may follow the padding on the same line.
            let padded = line
                .iter()
                .position(|&b| b == b'=')
                .map_or(0, |pad| pad + line[pad..].iter().take_while(|&&b| b == b'=').count());
            let whole = !ended && is_code(&line[..padded]) && padded.is_multiple_of(4);
            length = at + if whole { padded } else { 0 };
            break;
        }
        ended |= at >= last_long && (bare.is_empty() && at > 0 || bare.ends_with(b"="));
        at += line.len();
    }
    let (code, rest) = bytes.split_at(length);
    let decoded = base64_decode(code).filter(|decoded| !decoded.is_empty());
    let decoded = decoded.unwrap_or_else(|| {
        let known = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        // Characters outside the alphabet and padding inside are noise (RFC 2045, section 6.8).
        let mut clean: Vec<u8> = code.iter().filter(known).copied().collect();
        if clean.len() % 4 == 1 {
            clean.pop();
        }
        base64_decode(&clean).unwrap_or_default()
    });
    (decoded, rest)
}

/// Decodes `bytes` by the declared charset, unless they are clearly something else.
pub(super) fn text(bytes: &[u8], charset: Option<&str>, is_html: bool) -> String {
    let label = charset.unwrap_or_default().trim();
    let wide = label.to_ascii_lowercase().starts_with("utf-7");
    if !wide && let Ok(text) = std::str::from_utf8(bytes) {
        // Text declared as ASCII is often UTF-8. Text wrongly declared as UTF-16 would decode to noise. ISO 2022 uses
        // only ASCII bytes, so an escape character rules UTF-8 out.
        if !bytes.contains(&0) && !bytes.contains(&0x1b) {
            return text.to_string();
        }
    }
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding != UTF_8 => encoding.decode(bytes).0.into_owned(),
        Some(_) => sniff::decode(bytes, is_html),
        None => match charset_decoder(label.as_bytes()).filter(|_| !label.is_empty()) {
            Some(decode) => decode(bytes),
            None => sniff::decode(bytes, is_html),
        },
    }
}

/// Joins the lines of `format=flowed` text (RFC 3676).
///
/// A line that ends in a space continues. A space at the beginning only protects `>` and `From `. With `delsp`, the
/// space at the end is a mark and is removed.
pub(super) fn flowed(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The quotation depth of an unfinished paragraph, and whether it already has several lines.
    let mut open: Option<usize> = None;
    let mut joined = false;
    for line in text.lines() {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let bare = &line[depth..];
        let stuffed = bare.strip_prefix(' ').unwrap_or(bare);
        // With `delsp`, a leading space that protects nothing separates words.
        let parts_words = delsp
            && open == Some(depth)
            && depth == 0
            && !stuffed.starts_with(['>', ' '])
            && !stuffed.starts_with("From ");
        let bare = if parts_words { bare } else { stuffed };
        let soft = bare.ends_with(' ') && bare != "-- ";
        let said = if soft && delsp { &bare[..bare.len() - 1] } else { bare };
        let mut said = said;
        if open == Some(depth) && bare != "-- " {
            joined = true;
            // Some programs indent the lines of a list item.
            if out.ends_with(' ') {
                said = said.trim_start_matches(' ');
            }
        } else {
            if !out.is_empty() {
                // A blank line keeps the next paragraph apart from a wrapped one.
                out.push_str(if joined { "\n\n" } else { "\n" });
            }
            joined = false;
            if depth > 0 {
                out.push_str(&">".repeat(depth));
                out.push(' ');
            }
        }
        out.push_str(said);
        open = soft.then_some(depth);
    }
    out
}

/// Rewrites a header so that mail-parser reads it correctly.
///
/// It becomes UTF-8, and a character that is split between two encoded words is joined. Old programs write the header
/// in the charset of the `body` without declaring it. Lines that separate messages in a mailbox are removed.
pub(super) fn header<'a>(raw: &'a [u8], body: &[u8]) -> Cow<'a, [u8]> {
    let text = match std::str::from_utf8(raw) {
        Ok(text) if !raw.contains(&0x1b) => Cow::Borrowed(text),
        _ => {
            let charset = sniff::declared(body.get(..DECLARED_IN).unwrap_or(body));
            // Two programs may have written two fields in two charsets.
            let lines = raw.split_inclusive(|&b| b == b'\n');
            Cow::Owned(
                lines
                    .map(|line| self::text(line, charset.map(Encoding::name), false))
                    .collect(),
            )
        }
    };
    let text = match text.lines().any(|line| sniff::is_escaped_separator(line.as_bytes())) {
        true => {
            let lines = text.split_inclusive('\n');
            Cow::Owned(
                lines
                    .filter(|line| !sniff::is_escaped_separator(line.as_bytes()))
                    .collect(),
            )
        }
        false => text,
    };
    match joined_words(&text) {
        Some(joined) => Cow::Owned(joined.into_bytes()),
        None => match text {
            Cow::Borrowed(_) => Cow::Borrowed(raw),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
    }
}

/// Joins neighbouring encoded words (RFC 2047) of one charset, and encodes characters in a word that should have been.
/// Returns `None` if there are no such words.
fn joined_words(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut any = false;
    while let Some(at) = rest.find("=?") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((charset, mut bytes, mut end)) = encoded_word(rest) else {
            out.push_str("=?");
            rest = &rest[2..];
            continue;
        };
        let mut count = 1;
        loop {
            let after = rest[end..].trim_start();
            let gap = rest.len() - end - after.len();
            match encoded_word(after).filter(|(other, ..)| gap > 0 && other.eq_ignore_ascii_case(charset)) {
                Some((_, more, length)) => {
                    // Each word of ISO-2022-JP ends in ASCII. Two changes of the character set with nothing between them
                    // are an error to the decoder (Encoding Standard, 13.2.1).
                    if more.starts_with(b"\x1b") && bytes.ends_with(b"\x1b(B") {
                        bytes.truncate(bytes.len() - 3);
                    }
                    bytes.extend(more);
                    end += gap + length;
                    count += 1;
                }
                None => break,
            }
        }
        if count == 1 && rest[..end].is_ascii() {
            out.push_str(&rest[..end]);
        } else {
            any = true;
            out.push_str(&format!("=?{charset}?Q?"));
            bytes.iter().for_each(|byte| out.push_str(&format!("={byte:02X}")));
            out.push_str("?=");
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    any.then_some(out)
}

/// Returns the charset, the bytes and the length of the encoded word that `text` begins with.
fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, usize)> {
    // A header full of word beginnings must not be searched to its end for each one.
    let near = text
        .char_indices()
        .nth(LONGEST_WORD)
        .map_or(text, |(end, _)| &text[..end]);
    let inner = near.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    let (encoding, inner) = inner.split_once('?')?;
    let (word, _) = inner.split_once("?=")?;
    if charset.len() > 40 || word.contains(['\r', '\n']) {
        return None;
    }
    let bytes = match encoding {
        // Some programs write the characters of the charset as they are. The header is UTF-8 by now.
        "Q" | "q" => quoted_printable(&encoded(charset, &word.replace('_', "=20"))),
        "B" | "b" => base64(word.as_bytes()).0,
        _ => return None,
    };
    Some((charset, bytes, charset.len() + encoding.len() + word.len() + 6))
}

/// Returns `text` in `charset`, which may be unknown.
fn encoded<'a>(charset: &str, text: &'a str) -> Cow<'a, [u8]> {
    let known = Encoding::for_label(charset.as_bytes()).filter(|_| !text.is_ascii());
    match known.map(|encoding| encoding.encode(text)) {
        Some((bytes, _, false)) => bytes,
        // The charset lacks a character, so it is not that of the text.
        _ => Cow::Borrowed(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quoted_printable_forgives() {
        for (code, said) in [
            ("caf=C3=A9 =\nnoir", "café noir"),
            ("caf=c3=a9, which is = fine", "café, which is = fine"),
            ("100 =% of =XY and =3", "100 =% of =XY and =3"),
            ("a=   \nb  \nc=", "ab\nc"),
            ("déjà=20vu", "déjà vu"),
        ] {
            assert_eq!(String::from_utf8(quoted_printable(code.as_bytes())).unwrap(), said);
        }
    }

    #[test]
    fn base64_ends_where_a_footer_begins() {
        for (code, said, rest) in [
            ("VW4gY2Fmw6k=\n", "Un café", ""),
            ("VW4gY2Fmw6k=\n_____\nPM list\n", "Un café", "_____\nPM list\n"),
            ("VW4gY2Fmw6k=\n\nUnsubscribe\n", "Un café", "Unsubscribe\n"),
            ("VW4g!Y2Fm\n", "", "VW4g!Y2Fm\n"),
            ("VW4gY2Fmw6k= PM list\n", "Un café", " PM list\n"),
        ] {
            let (decoded, left) = base64(code.as_bytes());
            assert_eq!(
                (String::from_utf8_lossy(&decoded).as_ref(), left),
                (said, rest.as_bytes())
            );
        }
        let line = "QUFB".repeat(18);
        let noisy = format!("{line}\nQUF!B\n{line}\n");
        let (decoded, rest) = base64(noisy.as_bytes());
        assert!(
            decoded.len() >= 108 && rest.is_empty(),
            "noise between the lines is passed over"
        );
    }

    #[test]
    fn soft_line_ends_are_joined() {
        assert_eq!(flowed("a \nb\nc\n > d", false), "a b\n\nc\n> d");
        assert_eq!(flowed("a \nb", true), "ab");
        assert_eq!(flowed("a \n b", true), "a b");
        assert_eq!(flowed(" - a \n   b\n   c", false), "- a b\n\n  c");
        assert_eq!(
            flowed("> one \n> two\n>> three \nfour", false),
            "> one two\n\n>> three \nfour"
        );
        assert_eq!(flowed("end \n-- \nDana", false), "end \n-- \nDana");
    }

    #[test]
    fn split_characters_of_headers_are_joined() {
        let fixed = |raw: &[u8]| String::from_utf8(header(raw, b"").into_owned()).unwrap();
        assert_eq!(
            fixed(b"Subject: =?utf-8?B?8J+a?=\r\n =?utf-8?B?gA==?= x"),
            "Subject: =?utf-8?Q?=F0=9F=9A=80?= x"
        );
        assert_eq!(
            fixed(b"Subject: =?utf-8?Q?a?= =?koi8-r?Q?b?="),
            "Subject: =?utf-8?Q?a?= =?koi8-r?Q?b?="
        );
        // A character that the word has as it is, in the charset of the word or in UTF-8.
        for word in [
            &b"Subject: =?iso-8859-1?Q?Die_M\xf6we?="[..],
            "Subject: =?iso-8859-1?Q?Die_Möwe?=".as_bytes(),
        ] {
            assert_eq!(fixed(word), "Subject: =?iso-8859-1?Q?=44=69=65=20=4D=F6=77=65?=");
        }
        assert_eq!(fixed(b"Subject: caf\xe9"), "Subject: café");
        let body = b"Content-Type: text/plain; charset=iso-8859-1\n\nx";
        assert_eq!(
            header(b"From: \xc5\xbdan\nSubject: caf\xe9", body).as_ref(),
            "From: Žan\nSubject: café".as_bytes()
        );
        assert_eq!(fixed(b"X-A: 1\n>From a@b Sat\nTo: c"), "X-A: 1\nTo: c");
        let body = b"Content-Type: text/html;\n charset=\"windows-1251\"\n\nx";
        assert_eq!(
            header(b"Subject: \xd6\xe5\xed\xfb", body).as_ref(),
            "Subject: Цены".as_bytes()
        );
        let body = b"Content-Type: text/plain; charset=iso-2022-jp\n\nx";
        assert_eq!(
            header(b"Subject: \x1b$BDL?.\x1b(B 7", body).as_ref(),
            "Subject: 通信 7".as_bytes()
        );
    }

    #[test]
    fn charsets_are_read_as_the_web_reads_them() {
        assert_eq!(text(b"\x93x\x94 caf\xe9", Some("iso-8859-1"), false), "“x” café");
        assert_eq!(text("café".as_bytes(), Some("iso-8859-1"), false), "café");
        assert_eq!(text(b"caf\xe9", Some("utf-8"), false), "café");
        assert_eq!(text(b"+AOk-", Some("utf-7"), false), "é");
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..200), line in "(=\\?utf-8\\?[BQ]\\?|\\?=|=|[ -~]|\n){0,30}") {
            let _ = (quoted_printable(&bytes), base64(&bytes), header(&bytes, &bytes), header(line.as_bytes(), b""));
            let _ = (flowed(&line, true), flowed(&line, false), text(&bytes, Some("utf-7"), false));
            let (decoded, rest) = base64(line.as_bytes());
            prop_assert!(decoded.len() + rest.len() <= line.len());
        }
    }
}
