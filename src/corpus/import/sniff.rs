//! Determines the kind of a file, and decodes text in any common charset.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::{feed, refuse, slug};

/// A kind of file that contains newsletters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Markdown,
    /// A saved page, or the HTML of a mail.
    Html,
    /// One mail message (RFC 5322).
    Eml,
    /// A mailbox of messages (RFC 4155).
    Mbox,
    /// RSS, Atom, JSON Feed or an Evernote export.
    Feed,
    Pdf,
}

/// How much of a file is examined to determine its kind, in bytes.
const WINDOW: usize = 4_096;

/// Determines the kind of `bytes`, called `name`. Content comes first, because names are wrong more often.
pub(super) fn kind(name: &str, bytes: &[u8]) -> Result<Kind, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".into());
    }
    if is_pdf(bytes) {
        return Ok(Kind::Pdf);
    }
    if let Some(why) = refuse::by_magic(bytes) {
        return Err(why);
    }
    let head = decode(&bytes[..bytes.len().min(WINDOW)], true);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let lower = head.to_ascii_lowercase();
    let ending = slug::file_name(name)
        .rsplit_once('.')
        .map_or(String::new(), |(_, e)| e.to_ascii_lowercase());
    if is_mailbox(head) {
        return Ok(Kind::Mbox);
    }
    // A mail may have a part in a binary encoding. The name of a file alone does not make it mail.
    let is_mail = is_headers(head);
    let named_mail = ending == "eml" && head.lines().next().and_then(field_name).is_some();
    let utf16 = Encoding::for_bom(bytes).is_some_and(|(e, _)| e != UTF_8);
    let root = root(&lower);
    let declared = lower.starts_with("<!doctype html");
    if !utf16 && !is_mail && !named_mail && is_binary(bytes, declared || root == Some("html")) {
        return Err("it is not text: zero bytes or many control characters are in it".into());
    }
    match root.unwrap_or_default() {
        "rss" | "feed" | "rdf:rdf" | "rdf" | "en-export" => return Ok(Kind::Feed),
        root if root.ends_with(":feed") && lower.contains("2005/atom") => return Ok(Kind::Feed),
        "html" | "head" | "body" => return Ok(Kind::Html),
        "entry" if lower.contains("2005/atom") => return Ok(Kind::Feed),
        root => {
            if let Some(why) = refuse::by_root(root) {
                return Err(why);
            }
        }
    }
    if declared || lower.starts_with("<!--[if") {
        return Ok(Kind::Html);
    }
    if matches!(ending.as_str(), "eml" | "emlx" | "mht" | "mhtml") || is_mail {
        return Ok(Kind::Eml);
    }
    // The warning of a program may precede the feed.
    let buried = ["<rss version", "<rss xmlns", "<feed xmlns", "<rdf:rdf"]
        .iter()
        .any(|root| lower.contains(root));
    if buried && matches!(ending.as_str(), "xml" | "rss" | "atom" | "rdf" | "feed") {
        return Ok(Kind::Feed);
    }
    let whole = || decode(bytes, true);
    if head.starts_with('{') && feed::is_json_feed(&whole()) {
        return Ok(Kind::Feed);
    }
    if let Some(why) = refuse::by_text(name, head, whole) {
        return Err(why);
    }
    let tagged = ["<html", "<body", "<table", "<div", "<p>", "<br"]
        .iter()
        .any(|tag| lower.contains(tag));
    // A `<body>` may be a field of an export.
    let named = ["html", "htm", "xhtml", "md", "markdown"].contains(&ending.as_str());
    let markup = [
        "div", "p", "section", "article", "main", "table", "span", "center", "ul", "ol",
    ];
    let foreign = lower.starts_with("<?xml") && !named && root.is_none_or(|root| !markup.contains(&root));
    Ok(match ending.as_str() {
        "html" | "htm" | "xhtml" => Kind::Html,
        "md" | "markdown" => Kind::Markdown,
        "srt" | "vtt" | "org" | "adoc" | "asciidoc" | "rst" => Kind::Text,
        _ if tagged && !foreign => Kind::Html,
        _ if lower.starts_with("<?xml") => {
            let root = root.unwrap_or("unknown");
            return Err(format!(
                "it is XML of a kind that is not read here (<{root}>): save it as HTML or text first"
            ));
        }
        _ => Kind::Text,
    })
}

/// Returns the name of the first element of `lower`, after comments, declarations and a document type.
fn root(lower: &str) -> Option<&str> {
    let mut rest = lower.trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<!--") => rest.find("-->").map(|at| at + 3),
            _ if rest.starts_with("<?") => rest.find("?>").map(|at| at + 2),
            _ if rest.starts_with("<!doctype") => {
                let subset = rest.find('[').filter(|at| !rest[..*at].contains('>'));
                let from = subset.map_or(Some(0), |at| rest[at..].find(']').map(|end| at + end))?;
                rest[from..].find('>').map(|at| from + at + 1)
            }
            _ => {
                let name = rest.strip_prefix('<')?;
                let end = name.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
                let name = &name[..end];
                return name.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(name);
            }
        };
        rest = rest.get(end?..)?.trim_start();
    }
}

/// Reports whether a file is a PDF. Some servers put a byte-order mark or a blank line in front.
fn is_pdf(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"%PDF-")
}

/// Reports whether `head` begins with a mailbox's `From …` line and a header. `>From …` lines may be between them.
fn is_mailbox(head: &str) -> bool {
    let Some((line, mut rest)) = head.split_once('\n').filter(|_| head.starts_with("From ")) else {
        return head.starts_with("From ") && head.contains('\r') && is_mailbox(&head.replace('\r', "\n"));
    };
    if line.contains('\r') && !line.ends_with('\r') {
        return is_mailbox(&head.replace('\r', "\n"));
    }
    while rest.starts_with(">From ") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    is_headers(rest)
}

/// Returns the name of the field on a line of a mail header.
fn field_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(':')?;
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())).then_some(name)
}

/// Reports whether `text` begins with a mail header: fields with at least two well-known names.
fn is_headers(text: &str) -> bool {
    let known = [
        "from",
        "subject",
        "received",
        "mime-version",
        "return-path",
        "delivered-to",
        "message-id",
        "date",
        "to",
    ];
    let (mut fields, mut telling) = (0, 0);
    for line in text.lines() {
        if line.starts_with([' ', '\t']) || is_escaped_separator(line.as_bytes()) {
            continue;
        }
        let Some(name) = field_name(line) else { break };
        fields += 1;
        telling += usize::from(known.contains(&name.to_ascii_lowercase().as_str()));
    }
    fields >= 2 && telling >= 2
}

/// Reports whether `line` is the `From …` line of a mailbox, escaped as `>From …`: a sender or a time follows.
///
/// Programs that move mail put such a line into the middle of a header, below their own fields.
pub(super) fn is_escaped_separator(line: &[u8]) -> bool {
    let bare = line.iter().position(|&b| b != b'>').filter(|&quotes| quotes > 0);
    let Some(rest) = bare.and_then(|at| line[at..].strip_prefix(b"From ")) else {
        return false;
    };
    let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let is_sender = words.next().is_some_and(|word| word == b"-" || word.contains(&b'@'));
    let is_time = |word: &[u8]| word.contains(&b':') && word.iter().all(|b| b.is_ascii_digit() || *b == b':');
    is_sender || words.any(is_time)
}

/// Reports whether a file is no text. A page may have some zero bytes, which browsers skip.
fn is_binary(bytes: &[u8], is_page: bool) -> bool {
    let window = &bytes[..bytes.len().min(1 << 16)];
    let strange = |b: &u8| *b < 32 && !matches!(*b, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b);
    window.contains(&0) && !is_page || window.iter().filter(|b| strange(b)).count() * 10 > window.len()
}

/// Decodes `bytes` as text.
///
/// It tries a byte order mark, UTF-8, and the charset that a page or a feed declares. If none fits, valid UTF-8 stays
/// and other bytes are read as Windows-1252, which old mail programs write. That charset has a character for every
/// byte. A file cut inside a character is UTF-8.
pub(super) fn decode(bytes: &[u8], markup: bool) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => return text.to_string(),
        Err(error) if error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii() => {
            return String::from_utf8_lossy(bytes).into_owned();
        }
        Err(_) => {}
    }
    let head = &bytes[..bytes.len().min(WINDOW)];
    let declared = if markup {
        declared(head).or_else(|| own(head, bytes))
    } else {
        None
    };
    if let Some(encoding) = declared {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    out
}

/// Returns the charset in `<meta charset=…>`, `<meta content="…; charset=…">`, `<?xml encoding=…?>` or a mail header.
pub(super) fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let after = |key: &str| head.find(key).map(|at| at + key.len());
    let at = after("charset=").or_else(|| after("encoding="))?;
    let label = head[at..].trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | ':' | '.'))?;
    // The declaration is wrong if the text is not valid UTF-8.
    Encoding::for_label(&label.as_bytes()[..end]).filter(|e| *e != UTF_8)
}

/// Returns the charset that a page declares itself, after an archive has declared UTF-8 above it.
///
/// Most of the bytes that are not ASCII must be invalid as UTF-8. A page in UTF-8 may have a broken byte.
fn own(head: &[u8], bytes: &[u8]) -> Option<&'static Encoding> {
    let (mut valid, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|b| !b.is_ascii()).count();
        invalid += chunk.invalid().len();
    }
    let lower = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut metas = lower
        .split("<meta")
        .skip(1)
        .map(|meta| meta.split('>').next().unwrap_or(""));
    let found = metas.find_map(|meta| declared(meta.as_bytes()));
    found.filter(|_| valid < invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds_are_told_by_content_then_by_name() {
        for (name, content, expected) in [
            ("a.txt", "Just text.", Kind::Text),
            ("a.md", "# Title", Kind::Markdown),
            ("a.txt", "<!DOCTYPE html><p>x", Kind::Html),
            ("a.html", "no tag at all", Kind::Html),
            ("-", "<div>x</div>", Kind::Html),
            ("a.txt", "Subject: x\nFrom: y\n\nbody", Kind::Eml),
            ("a.eml", "X-Odd: y\n\nbody", Kind::Eml),
            ("inbox", "From a@b Mon Jan 1\nSubject: x\nFrom: y\n\nbody", Kind::Mbox),
            ("a.xml", "<?xml version='1.0'?>\n<rss version='2.0'>", Kind::Feed),
            ("a", "<feed xmlns='http://www.w3.org/2005/Atom'>", Kind::Feed),
            ("a.xml", "<a:feed xmlns:a='http://www.w3.org/2005/Atom'>", Kind::Feed),
            ("a.txt", "From here: we go\non to text", Kind::Text),
            ("a", "From a@b\n>From - Sat\nSubject: x\nFrom: y\n\nbody", Kind::Mbox),
            (
                "a",
                "From a@b\nX-Box: 1\n>From c@d Sat\nSubject: x\nFrom: y\n\nbody",
                Kind::Mbox,
            ),
            ("a.txt", "To: all\n>From here on\nSubject: x\nFrom: y", Kind::Text),
            ("a.xml", "<!-- made by hand -->\n<rss version='2.0'>", Kind::Feed),
            (
                "a.xml",
                "<br/>\n<b>Warning</b>\n<?xml version='1.0'?><rss version='2.0'>",
                Kind::Feed,
            ),
            (
                "a",
                "{\"version\": \"https://jsonfeed.org/version/1\", \"items\": []}",
                Kind::Feed,
            ),
            (
                "a.enex",
                "<?xml version='1.0'?>\n<!DOCTYPE en-export SYSTEM 'x'>\n<en-export>",
                Kind::Feed,
            ),
            (
                "a.xml",
                "<?xml version='1.0'?><!DOCTYPE html [<!ENTITY x '>'>]><html>",
                Kind::Html,
            ),
            ("a.html", "<!DOCTYPE html><p>zero \0 byte", Kind::Html),
            ("a.md", "An example: `<rss version='2.0'>`", Kind::Markdown),
        ] {
            assert_eq!(kind(name, content.as_bytes()), Ok(expected), "{name} {content}");
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (content, why) in [
            (&b""[..], "empty"),
            (b" \n", "empty"),
            (b"PK\x03\x04rest", "zip"),
            (b"text\0text", "not text"),
            (b"<?xml version='1.0'?><opml version='2.0'>", "feeds"),
            (b"<?xml version='1.0'?><invoice><sum>3</sum></invoice>", "<invoice>"),
            (b"SQLite format 3\0", "database"),
        ] {
            assert!(kind("a.txt", content).unwrap_err().contains(why));
        }
        let noise: Vec<u8> = (0..2_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        assert!(kind("a.eml", &noise).unwrap_err().contains("not text"));
        assert_eq!(kind("a.eml", b"X-Odd: y\n\n\0\x01\x02\0"), Ok(Kind::Eml));
    }

    #[test]
    fn charsets_are_found() {
        assert_eq!(decode(b"caf\xe9 \x93x\x94", false), "café “x”");
        assert_eq!(decode("\u{feff}é".as_bytes(), false), "é");
        assert_eq!(
            decode("caf\u{e9} naïve \u{0}".replace('\0', "").as_bytes(), false),
            "café naïve "
        );
        assert_eq!(decode(b"caf\xc3\xa9 caf\xe9 x", false), "café café x");
        assert_eq!(decode(b"\xff\xfee\x00", false), "e");
        let page = b"<meta charset=\"iso-8859-2\"><p>\xb1\xe6</p>";
        assert!(decode(page, true).contains("ąć"));
        let page = b"<meta charset=utf-8><meta http-equiv=content-type content='text/html; charset=koi8-r'><p>\xc1</p>";
        assert!(decode(page, true).contains('а'));
        let page = "<meta charset=utf-8><meta content='charset=koi8-r'><p>а".as_bytes();
        assert!(decode(&[page, b"\xc1</p>"].concat(), true).contains('а'));
        let feed = b"<?xml version='1.0' encoding='koi8-r'?><rss>\xc1</rss>";
        assert!(decode(feed, true).contains('а'));
        assert_eq!(kind("a.txt", b"\xff\xfee\x00"), Ok(Kind::Text));
        assert_eq!(kind("report", b"\n%PDF-1.7\n"), Ok(Kind::Pdf));
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_kind_or_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..300), name in ".{0,12}") {
            let _ = (kind(&name, &bytes), decode(&bytes, true), decode(&bytes, false));
        }
    }
}
