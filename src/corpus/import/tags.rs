//! What the elements of HTML are, as far as reading a page needs it.
//!
//! In: names and attributes of tags. Out: whether an element is a paragraph, has an end, is read or is seen.

use html5gum::StartTag;

/// Elements whose text is no text of the page, by what a reader of the report is told; `""`: not worth telling.
const UNREAD: [(&str, &str); 16] = [
    ("script", ""),
    ("style", ""),
    ("template", ""),
    ("noscript", ""),
    ("svg", ""),
    ("math", "formula"),
    ("iframe", ""),
    ("object", ""),
    ("select", "form field"),
    ("textarea", "form field"),
    ("button", "button"),
    ("nav", "navigation"),
    ("audio", ""),
    ("video", ""),
    ("canvas", ""),
    ("dialog", "dialog"),
];

/// Elements that have no end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];

/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 37] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "html",
    "li",
    "main",
    "menu",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
    "legend",
];

/// What a reader of the report is told of an element whose text is no text of the page; `""` is not worth telling.
pub(super) fn unread(name: &str) -> Option<&'static str> {
    UNREAD.iter().find(|(unread, _)| *unread == name).map(|(_, what)| *what)
}

pub(super) fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
}

pub(super) fn name_of(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

pub(super) fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Whether an element is not shown. `font-size:0` is no sign: mail templates set it on every table cell.
pub(super) fn is_hidden(tag: &StartTag<()>) -> bool {
    if tag.attributes.is_empty() {
        return false;
    }
    let style: String = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    let declared = |wanted: &str| style.split(';').any(|d| d.trim_end_matches("!important") == wanted);
    let class = attribute(tag, "class").unwrap_or_default().to_ascii_lowercase();
    let hidden = [
        "display:none",
        "visibility:hidden",
        "max-height:0",
        "max-height:0px",
        "mso-hide:all",
        "opacity:0",
    ];
    hidden.iter().any(|d| declared(d))
        || tag.attributes.contains_key(&b"hidden"[..])
        || class
            .split_whitespace()
            .any(|c| matches!(c, "preheader" | "preview-text" | "previewtext"))
}

/// The day of a date and time as web pages write it (`2024-03-05T…`).
pub(super) fn day(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    crate::corpus::markdown::is_day(day).then(|| day.to_string())
}
