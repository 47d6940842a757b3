//! HTML inside Markdown: comments that readers do not see, and tags of which only the text counts.
//!
//! In: clean text. Out: the text without them, and what the comments said. Code keeps its tags.

/// Tags that programs write into Markdown; any other `<…>` is the author's.
const TAGS: &[&str] = &[
    "aside",
    "div",
    "span",
    "p",
    "br",
    "details",
    "summary",
    "center",
    "figure",
    "figcaption",
    "section",
    "article",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "small",
    "sub",
    "sup",
    "font",
    "mark",
    "kbd",
    "a",
    "img",
    "iframe",
    "header",
    "footer",
];

/// `text` without comments and tags, and the comments.
pub(super) fn without(text: &str) -> (String, Vec<&str>) {
    let (mut out, mut comments) = (String::with_capacity(text.len()), Vec::new());
    let (mut fenced, mut code, mut closable) = (false, false, true);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line_start = at == 0 || text[..at].ends_with('\n');
        if line_start {
            let bare = rest.trim_start_matches(' ');
            if bare.starts_with("```") || bare.starts_with("~~~") {
                fenced = !fenced;
            }
            code = false;
        }
        let end = rest.find(['<', '`', '\n']).unwrap_or(rest.len());
        out.push_str(&rest[..end]);
        at += end;
        let Some(sign) = rest[end..].chars().next() else { break };
        let rest = &rest[end..];
        if sign == '<' && !fenced && !code {
            if closable && rest.starts_with("<!--") {
                if let Some(close) = rest.find("-->") {
                    comments.push(rest[4..close.max(4)].trim());
                    at += close + 3;
                    continue;
                }
                closable = false;
            } else if let Some((length, name)) = tag(rest) {
                if name == "br" {
                    out.push('\n');
                }
                at += length;
                continue;
            }
        }
        code ^= sign == '`';
        out.push(sign);
        at += sign.len_utf8();
    }
    (out, comments)
}

/// The length and the name of the tag that opens `text`.
fn tag(text: &str) -> Option<(usize, &'static str)> {
    let inner = text.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let length = inner.bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = TAGS.iter().find(|name| inner[..length].eq_ignore_ascii_case(name))?;
    let rest = &inner[length..];
    if !rest.starts_with([' ', '>', '/', '\n']) {
        return None;
    }
    let end = rest.bytes().take(1_000).position(|b| matches!(b, b'>' | b'<'))?;
    let closed = rest.as_bytes().get(end) == Some(&b'>');
    closed.then(|| (text.len() - rest.len() + end + 1, *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comments_and_tags_go_and_code_and_addresses_stay() {
        for (text, left) in [
            ("a <!-- note\nto editors --> b", "a  b"),
            ("<aside>\n💡 Nobody scrolls.\n</aside>", "\n💡 Nobody scrolls.\n"),
            ("one<br/>two", "one\ntwo"),
            (
                "see <https://example.org> and `<b>`",
                "see <https://example.org> and `<b>`",
            ),
            ("```\n<div>\n```\n<div>", "```\n<div>\n```\n"),
            ("a <!-- open", "a <!-- open"),
            ("5 < 6 and <b", "5 < 6 and <b"),
            ("<!-->x", "x"),
        ] {
            assert_eq!(without(text).0, left, "{text}");
        }
        assert_eq!(without("<!-- keep short -->").1, ["keep short"]);
    }

    proptest! {
        #[test]
        fn only_what_stands_in_signs_goes(text in "(?s)([<>!`\n/-]|<!--|-->|<b>|</p>|[a-z ]){0,40}") {
            let (left, _) = without(&text);
            prop_assert!(left.len() <= text.len());
        }
    }
}
