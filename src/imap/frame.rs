//! Takes the bytes of a server apart into whole responses, before the IMAP parser sees any of them.
//!
//! A mail server is untrusted. The parser of `imap-proto` allocates what a server announces, calls itself for nested
//! structures, and panics on some values. A [`Framer`] therefore hands on only responses that it has whole, within its
//! limits, of a kind that askpm asks for, and that the parser takes as one response. It drops other kinds.

use async_imap::imap_proto::{Capability, Outcome, Response, ResponseCode, Status};

/// The most bytes of one response outside literals. A list of 200,000 message numbers is shorter.
const MAX_TEXT: usize = 2 << 20;

/// What is wrong with what a server sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the server does not speak IMAP")]
    NotImap,
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the server sent a line of more than {MAX_TEXT} bytes")]
    Long,
    #[error("the server sent it in a form that askpm cannot read")]
    Unreadable,
    #[error("the server sent more than {0} bytes for one command")]
    Endless(u64),
    #[error("the server sent data before TLS began")]
    Early,
}

/// Where in a response the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Quoted,
    Escaped,
    /// In a literal, with this many bytes to come.
    Literal(usize),
}

/// What the responses so far said that the client does not hand on as it was.
#[derive(Debug, Default)]
pub struct Heard {
    /// The capabilities of the server, in capitals.
    pub capabilities: Vec<String>,
    /// The text of the last end of a command, and of a goodbye.
    pub done: Option<String>,
    pub bye: Option<String>,
}

impl Heard {
    fn hear(&mut self, response: &Response) {
        let text = |outcome: &Outcome| outcome.information.as_deref().unwrap_or_default().to_string();
        match response {
            Response::Capabilities(list) => self.learn(list),
            Response::Data { status, outcome } => {
                if let Some(ResponseCode::Capabilities(list)) = &outcome.code {
                    self.learn(list);
                }
                if *status == Status::Bye {
                    self.bye = Some(text(outcome));
                }
            }
            Response::Done { outcome, .. } => self.done = Some(text(outcome)),
            _ => {}
        }
    }

    fn learn(&mut self, list: &[Capability]) {
        let name = |capability: &Capability| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".into(),
            Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
            Capability::Atom(name) => name.to_ascii_uppercase(),
        };
        self.capabilities = list.iter().map(name).collect();
    }
}

/// Collects bytes into responses.
#[derive(Debug)]
pub struct Framer {
    pub heard: Heard,
    /// The largest literal, in bytes.
    max: usize,
    raw: Vec<u8>,
    /// How far `raw` has been looked at.
    at: usize,
    state: State,
    /// The bytes of the current response outside literals.
    text: Vec<u8>,
    /// The bytes of its literals so far.
    literals: usize,
}

impl Framer {
    pub fn new(max: usize) -> Self {
        Framer {
            heard: Heard::default(),
            max,
            raw: Vec::new(),
            at: 0,
            state: State::Text,
            text: Vec::new(),
            literals: 0,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
    }

    /// Whether no byte waits for the rest of its response.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Returns the next response that may be parsed, or `None` if more bytes are needed.
    pub fn next_response(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        while self.look()? {
            let rest = self.raw.split_off(self.at);
            let response = std::mem::replace(&mut self.raw, rest);
            let text = std::mem::take(&mut self.text);
            (self.at, self.literals) = (0, 0);
            if !is_wanted(&text)? {
                continue;
            }
            match Response::parse(&response) {
                Ok(([], parsed)) => self.heard.hear(&parsed),
                _ if may_be_missed(&text)? => continue,
                _ => return Err(Fault::NotImap),
            }
            return Ok(Some(response));
        }
        Ok(None)
    }

    /// Looks at the bytes that are new. Returns whether a response ends at `at`.
    fn look(&mut self) -> Result<bool, Fault> {
        while let Some(byte) = self.raw.get_mut(self.at) {
            if let State::Literal(left) = self.state {
                let taken = left.min(self.raw.len() - self.at);
                self.at += taken;
                self.state = match left - taken {
                    0 => State::Text,
                    left => State::Literal(left),
                };
                continue;
            }
            if *byte == 0 || !byte.is_ascii() {
                // Nothing that askpm asks for has such a character here, and the parser slices text by bytes.
                *byte = b'?';
            }
            let byte = *byte;
            self.at += 1;
            self.text.push(byte);
            if self.text.len() > MAX_TEXT {
                return Err(Fault::Long);
            }
            self.state = match (self.state, byte) {
                (State::Quoted | State::Escaped, b'\r' | b'\n') => return Err(Fault::NotImap),
                (State::Quoted, b'\\') => State::Escaped,
                (State::Quoted, b'"') => State::Text,
                (State::Escaped, _) => State::Quoted,
                (State::Text, b'"') if !is_free(&self.text) => State::Quoted,
                (State::Text, b'\n') => match self.line_end()? {
                    None => return Ok(true),
                    Some(literal) => State::Literal(literal),
                },
                (state, _) => state,
            };
        }
        Ok(false)
    }

    /// Returns the length of the literal that follows the end of a line, or `None` if the response ends there.
    fn line_end(&mut self) -> Result<Option<usize>, Fault> {
        let line = self.text.strip_suffix(b"\r\n").ok_or(Fault::NotImap)?;
        let digits = line.strip_suffix(b"}").filter(|_| !is_free(&self.text));
        let digits = digits.and_then(|line| line.rsplit(|byte| *byte == b'{').next());
        let Some(digits) = digits.filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)) else {
            return Ok(None);
        };
        // More digits than a number has are a number that is too large.
        let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let length = length.unwrap_or(usize::MAX);
        self.literals = self.literals.saturating_add(length);
        match self.literals > self.max {
            true => Err(Fault::TooLarge(self.max)),
            false => Ok(Some(length)),
        }
    }
}

/// The words at the beginning of a response, and what a status begins with.
const STATUS: [&str; 5] = ["OK", "NO", "BAD", "BYE", "PREAUTH"];

fn words(text: &[u8]) -> impl Iterator<Item = &str> {
    let head = text.get(..64).unwrap_or(text);
    let words = head.split(|byte| byte.is_ascii_whitespace());
    words.filter_map(|word| std::str::from_utf8(word).ok())
}

fn is_one_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a response is a text for people, in which quotation marks and braces have no meaning.
fn is_free(text: &[u8]) -> bool {
    let status = words(text).nth(1).is_some_and(|word| is_one_of(word, &STATUS));
    status || text.starts_with(b"+")
}

/// Whether a response is of a kind that askpm asks for.
fn is_wanted(text: &[u8]) -> Result<bool, Fault> {
    let mut words = words(text);
    if words.next() != Some("*") {
        return Ok(true);
    }
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if is_one_of(first, &STATUS) || is_one_of(first, &["CAPABILITY", "SEARCH", "LIST"]) {
        return Ok(true);
    }
    let numbered = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    if numbered && is_one_of(second, &["FETCH"]) {
        return match is_plain_message(text) {
            true => Ok(true),
            false => Err(Fault::Unreadable),
        };
    }
    Ok(numbered && is_one_of(second, &["EXISTS"]))
}

/// Whether the response about a message has only attributes that askpm asks for, or that servers add.
///
/// The parser takes any attribute. It calls itself or panics on some, and reads an unknown one as if it had no literal.
fn is_plain_message(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let list = text.split_once(" (").map(|(_, list)| list);
    let Some(mut rest) = list.and_then(|list| list.strip_suffix(")\r\n")) else {
        return false;
    };
    loop {
        let Some((name, value)) = rest.split_once(' ') else {
            return false;
        };
        let end = if is_one_of(name, &["UID", "RFC822.SIZE"]) {
            let end = value.find(' ').unwrap_or(value.len());
            if !value[..end].bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            end
        } else if is_one_of(name, &["FLAGS", "MODSEQ"]) {
            let end = value.find(')').filter(|_| value.starts_with('(')).map(|end| end + 1);
            let Some(end) = end.filter(|end| !value[..*end].contains(['"', '{', '\r'])) else {
                return false;
            };
            end
        } else if is_one_of(name, &["BODY[]", "BODY[]<0>"]) {
            let Some(end) = string_end(value) else { return false };
            end
        } else {
            return false;
        };
        match value.get(end..) {
            Some("") => return true,
            Some(more) if more.starts_with(' ') => rest = &more[1..],
            _ => return false,
        }
    }
}

/// Where a string ends at the beginning of `text`: a quoted one, the head of a literal, or NIL.
fn string_end(text: &str) -> Option<usize> {
    if text.starts_with('{') {
        return text.find("}\r\n").map(|end| end + 3);
    }
    if !text.starts_with('"') {
        return text
            .get(..3)
            .filter(|nil| nil.eq_ignore_ascii_case("NIL"))
            .map(str::len);
    }
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map(|end| end + 2)
}

/// Whether nothing is missed without a response that the parser cannot read.
fn may_be_missed(text: &[u8]) -> Result<bool, Fault> {
    let mut words = words(text).skip(1);
    match (words.next(), words.next()) {
        (_, Some(fetch)) if is_one_of(fetch, &["FETCH"]) => Err(Fault::Unreadable),
        (Some(kind), _) => Ok(is_one_of(kind, &["CAPABILITY", "LIST"])),
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pushes `bytes` in pieces of `size` and returns the responses.
    fn framed(bytes: &[u8], size: usize) -> Result<Vec<String>, Fault> {
        let mut framer = Framer::new(100);
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            framer.push(piece);
            while let Some(response) = framer.next_response()? {
                out.push(String::from_utf8_lossy(&response).into_owned());
            }
        }
        Ok(out)
    }

    #[test]
    fn responses_come_out_whole_however_they_arrive() {
        let sent = "* OK [CAPABILITY IMAP4rev1] \"quoted {9}\r\n* 3 EXISTS\r\n\
            * 1 FETCH (UID 7 BODY[] {14}\r\n\"a\r\n(((({99}\r\n FLAGS (\\Seen))\r\n\
            * LIST () \"/\" \"a \\\" {5}\"\r\n* LIST () \"/\" {3}\r\nx\"y\r\nA1 OK done\r\n+ \r\n";
        for size in 1..sent.len() {
            let responses = framed(sent.as_bytes(), size).unwrap();
            assert_eq!(responses.len(), 7, "{size}: {responses:#?}");
            assert_eq!(responses.concat(), sent);
        }
    }

    #[test]
    fn a_message_comes_in_every_form_of_string() {
        for body in ["{3}\r\n(\"(", "\"\"", "\"a \\\" \\\\\"", "NIL", "nil"] {
            for attributes in [
                format!("UID 7 BODY[] {body}"),
                format!("body[]<0> {body} FLAGS () modseq (12) uid 7"),
            ] {
                let sent = format!("* 1 FETCH ({attributes})\r\n");
                assert_eq!(framed(sent.as_bytes(), 5).unwrap(), [sent]);
            }
        }
    }

    #[test]
    fn what_askpm_did_not_ask_for_is_dropped() {
        let sent = "* FLAGS (\\Seen)\r\n* 1 RECENT\r\n* 2 EXPUNGE\r\n* ID (\"a\" NIL)\r\n* QUOTA \"\" (A 1 2)\r\n\
            * X-NEW {3}\r\nabc thing\r\n* CAPABILITY IMAP9\r\n* 1 EXISTS\r\n";
        assert_eq!(framed(sent.as_bytes(), 7).unwrap(), ["* 1 EXISTS\r\n"]);
    }

    #[test]
    fn what_would_harm_the_parser_does_not_reach_it() {
        let nested = format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(100_000));
        let long = format!("* SEARCH {}\r\n", "1 ".repeat(MAX_TEXT / 2));
        for (sent, fault) in [
            ("* 1 FETCH (BODY[] {101}\r\n", Fault::TooLarge(100)),
            ("* 1 FETCH (BODY[] {99999999999999999999999}\r\n", Fault::TooLarge(100)),
            ("* 1 FETCH (BODY[] {60}\r\n", Fault::Unreadable),
            ("* 1 FETCH (INTERNALDATE NIL)\r\n", Fault::Unreadable),
            ("* 1 fetch (body (\"a\"))\r\n", Fault::Unreadable),
            ("* 1 FETCH (UID x)\r\n", Fault::Unreadable),
            ("* 1 FETCH (UID 1 SAVEDATE NIL)\r\n", Fault::Unreadable),
            ("* 1 FETCH (X a{22}\r\n INTERNALDATE NIL X 1)\r\n", Fault::Unreadable),
            (
                "* 1 FETCH (X (BODY[] {22}\r\n) INTERNALDATE NIL X 1)\r\n",
                Fault::Unreadable,
            ),
            (
                "* 1 FETCH (FLAGS (BODY[] {22}\r\n) INTERNALDATE NIL X 1)\r\n",
                Fault::Unreadable,
            ),
            (nested.as_str(), Fault::Unreadable),
            (long.as_str(), Fault::Long),
            ("* OK [BADCHARSET ({100}\r\n", Fault::NotImap),
            ("* LIST () \"/\" \"a\r\n", Fault::NotImap),
            ("SSH-2.0-OpenSSH_9.2\r\n", Fault::NotImap),
            ("HTTP/1.1 400 Bad Request\r\n", Fault::NotImap),
            ("220 mail.example.org ESMTP\r\n", Fault::NotImap),
            ("* OK no carriage return\n", Fault::NotImap),
            ("\r\n", Fault::NotImap),
        ] {
            let mut sent = sent.as_bytes().to_vec();
            if fault == Fault::Unreadable && sent.ends_with(b"{60}\r\n") {
                sent.extend_from_slice(&[b'x'; 60]);
                sent.extend_from_slice(b" BODY[TEXT] {30}\r\n");
                sent.extend_from_slice(&[b'x'; 30]);
                sent.extend_from_slice(b" broken\r\n");
            }
            assert_eq!(
                framed(&sent, 16),
                Err(fault),
                "{}",
                String::from_utf8_lossy(&sent[..sent.len().min(80)])
            );
        }
        // A character of two bytes after a code would be cut in half.
        let told = framed("* OK [ALERT]é\r\nA1 NO [ALERT]\u{1f600}\r\n".as_bytes(), 3).unwrap();
        assert_eq!(told, ["* OK [ALERT]??\r\n", "A1 NO [ALERT]????\r\n"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_responses_or_a_fault(
            parts in proptest::collection::vec(prop_oneof![
                Just("* "), Just("OK "), Just("1 FETCH ("), Just("UID 1"), Just(" BODY[] "), Just("{4}\r\n"), Just("\r\n"),
                Just("\""), Just("\\"), Just("("), Just(")"), Just("A1 NO "), Just("[ALERT]"), Just("é"), Just("NIL"),
                Just("* LIST () \"/\" "), Just("* SEARCH"), Just(" 9"), Just("CAPABILITY IMAP4rev1"), Just("+ "), Just("\0"),
                Just("[UIDVALIDITY "), Just("]"), Just("<0>"), Just("RFC822.SIZE "), Just("ENVELOPE "), Just("{"), Just("}"),
            ], 0..24),
            size in 1usize..20,
        ) {
            let sent = parts.concat();
            if let Ok(responses) = framed(sent.as_bytes(), size) {
                for response in responses {
                    prop_assert!(matches!(Response::parse(response.as_bytes()), Ok(([], _))));
                }
            }
        }
    }
}
