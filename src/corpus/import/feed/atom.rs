//! Writes the elements of the Atom feed that `repair.rs` makes.

use super::fields::Sort;

pub(super) fn element(name: &str, (text, sort): &(String, Sort)) -> String {
    let plain = *sort == Sort::Plain && !looks_like_html(text);
    let kind = match (name, plain) {
        ("id" | "published" | "updated", _) => "",
        (_, true) => " type=\"text\"",
        (_, false) => " type=\"html\"",
    };
    let mut out = format!("<{name}{kind}>");
    escape(text, &mut out);
    out.push_str(&format!("</{name}>"));
    out
}

/// Reports whether a text that is declared plain has HTML paragraphs. Many feeds omit the type.
fn looks_like_html(text: &str) -> bool {
    ["</p>", "<p>", "<br>", "<br/>", "<br />", "</div>", "</li>"]
        .iter()
        .any(|tag| text.contains(tag))
}

pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\n' | '\t' | '\r') => out.push(' '),
            c => out.push(c),
        }
    }
}

pub(super) fn base_tag(base: &str) -> String {
    let mut href = String::new();
    escape(base, &mut href);
    format!("<base href=\"{href}\">")
}
