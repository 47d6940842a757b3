//! Removes what programs add to Markdown, from clean text.
//!
//! That is HTML tags, comments, shortcodes of site generators, and the links and pictures of note-taking programs. The
//! text inside tags stays. Comments are returned separately. Code is not touched.

use std::borrow::Cow;

use super::clean::near;
use super::names;
use super::notes::Notes;
use super::shortcodes::{self, Shortcodes};

/// Tags that programs write into Markdown. Any other `<…>` is the author's.
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

/// Opening and closing signs of the shortcodes of site generators.
const SHORTCODES: &[(&str, &str)] = &[("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")];

/// Kinds of callouts that hold somebody's words.
const QUOTES: [&str; 2] = ["quote", "cite"];

/// Replaces the first line of a callout, `> [!quote] Ana Lima`, by the name below its words, or else by its title.
fn without_callouts(text: &str) -> Cow<'_, str> {
    if !text.contains("> [!") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut name = None;
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let callout = line
            .trim_start()
            .strip_prefix("> [!")
            .and_then(|rest| rest.split_once(']'));
        match callout {
            Some((kind, title)) => {
                let title = title.trim_start_matches(['+', '-']).trim();
                let quotes = QUOTES.iter().any(|one| kind.eq_ignore_ascii_case(one)) && names::is_byline(title);
                if quotes {
                    name = Some(title);
                } else if !title.is_empty() {
                    out.push_str("> ");
                    out.push_str(title);
                    out.push('\n');
                }
            }
            None => {
                out.push_str(line);
                if lines.peek().is_some() {
                    out.push('\n');
                }
            }
        }
        let ends = lines.peek().is_none_or(|next| !next.trim_start().starts_with('>'));
        if let Some(name) = name.take_if(|_| ends) {
            if !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&format!("> — {name}\n"));
        }
    }
    out.into()
}

/// Returns the length of the lines at the beginning of an MDX file that load its components: `import Tip from './tip'`.
pub(super) fn imports(text: &str) -> usize {
    let loads = |line: &str| {
        let line = line.trim().trim_end_matches(';');
        let quoted = |path: &str| {
            let inner = ['\'', '"']
                .iter()
                .find_map(|&quote| path.strip_prefix(quote)?.strip_suffix(quote));
            inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(char::is_whitespace))
        };
        let loaded = line.strip_prefix("import ").map(str::trim);
        loaded
            .is_some_and(|rest| quoted(rest) || rest.split_once(" from ").is_some_and(|(_, path)| quoted(path.trim())))
    };
    let (mut end, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        if loads(line) {
            end = at;
        } else if !line.trim().is_empty() {
            break;
        }
    }
    end
}

/// Returns `text` without comments and tags, and the comments.
pub(super) fn without(text: &str) -> (String, Vec<String>) {
    let text = &*without_callouts(text);
    let (mut out, mut comments) = (String::with_capacity(text.len()), Vec::new());
    let (mut fenced, mut code, mut closable) = (false, false, true);
    let (mut notes, mut codes) = (Notes::default(), Shortcodes::default());
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
        let end = rest
            .find(['<', '`', '\n', '%', '{', '[', '!', '=', '^'])
            .unwrap_or(rest.len());
        out.push_str(&rest[..end]);
        at += end;
        let Some(sign) = rest[end..].chars().next() else { break };
        let rest = &rest[end..];
        if !fenced && !code {
            let begins = text[..at].is_empty() || text[..at].ends_with('\n');
            if let Some((length, inner)) = SHORTCODES.iter().find_map(|(open, close)| within(rest, open, close)) {
                at += length;
                match shortcodes::end(inner) {
                    Some(name) => codes.close(name, &mut out),
                    None => codes.show(inner, &text[at..], &mut out),
                }
                continue;
            }
            if let Some(length) = attributes(rest) {
                at += length;
                continue;
            }
            if let Some((length, comment)) = apart(rest, begins) {
                comments.extend(comment.map(str::to_string));
                at += length;
                continue;
            }
            if let Some((length, words)) = marked(rest).filter(|_| !ends_in_word(&text[..at])) {
                out.push_str(words);
                at += length;
                continue;
            }
            if let Some(length) = block_name(rest).filter(|_| begins || text[..at].ends_with(' ')) {
                at += length;
                continue;
            }
            if let Some((length, name)) = wiki_link(rest) {
                out.push_str(name);
                at += length;
                continue;
            }
        }
        if sign == '<' && !fenced && !code {
            if closable && rest.starts_with("<!--") {
                if let Some(close) = rest.find("-->") {
                    comments.push(rest[4..close.max(4)].trim().to_string());
                    at += close + 3;
                    continue;
                }
                closable = false;
            } else if let Some((length, raised)) = raised(rest, &out, &mut notes) {
                out.push_str(&raised);
                at += length;
                continue;
            } else if let Some((length, title)) = summary(rest) {
                out.push_str(&title);
                at += length;
                continue;
            } else if let Some((length, name)) = tag(rest) {
                let after = rest[length..].trim_start();
                match name {
                    "br" => out.push('\n'),
                    // What follows is not part of the text that opens on a click.
                    "details" if rest.starts_with("</") && !after.is_empty() && !after.starts_with("<details") => {
                        out.push_str("\n\n---\n\n");
                    }
                    _ => {}
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

/// Reads text between the signs `open` and `close`. Returns its length with both, and the text.
fn within<'a>(text: &'a str, open: &str, close: &str) -> Option<(usize, &'a str)> {
    let inner = text.strip_prefix(open)?;
    let end = near(inner).find(close)?;
    Some((open.len() + end + close.len(), inner[..end].trim()))
}

/// Returns the length of `{: .class}`, the attributes of what is before it in kramdown.
fn attributes(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("{:")?;
    let end = near(inner).find(['}', '\n'])?;
    let inner = inner[..end].trim_start_matches(':').trim();
    let closed = text[2 + end..].starts_with('}');
    (closed && (inner.starts_with(['.', '#']) || inner.contains('=') || inner == "toc")).then_some(end + 3)
}

/// Returns the length of hidden text at the beginning of `text`, and its content if it is a comment.
fn apart(text: &str, line_start: bool) -> Option<(usize, Option<&str>)> {
    // A comment of Obsidian.
    if let Some((length, said)) = within(text, "%%", "%%") {
        return Some((length, Some(said)));
    }
    // `![[chart.png]]` is a picture. `[//]: # (note)` is a comment, written as a link that leads nowhere.
    if let Some((length, _)) = within(text, "![[", "]]") {
        return Some((length, None));
    }
    let rest = text.strip_prefix("[//]: #").filter(|_| line_start)?;
    let line = rest.split('\n').next().unwrap_or(rest);
    Some((
        "[//]: #".len() + line.len(),
        Some(line.trim().trim_matches(['(', ')', '"'])),
    ))
}

/// Reads `==marked words==` of a note-taking program. Returns its length, and the words.
fn marked(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix("==")?;
    let end = near(inner).find("==")?;
    let (words, after) = (&inner[..end], &inner[end + 2..]);
    let close = |c: char| c.is_whitespace() || c == '=';
    let tight = !words.starts_with(close) && !words.ends_with(close) && !words.contains('\n');
    let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '=');
    (tight && ends && !words.is_empty()).then_some((end + 4, words))
}

/// Reports whether `text` ends inside a word or with another `=`.
fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '=')
}

/// Returns the length of ` ^1f2e3d` at the end of a line, an anchor of a note-taking program, without the space.
fn block_name(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('^')?;
    let name = |c: &u8| c.is_ascii_alphanumeric() || *c == b'-';
    let length = inner.bytes().take_while(name).count();
    let lettered = inner[..length].contains(|c: char| c.is_ascii_alphabetic());
    let ends = inner[length..].trim_start_matches(' ');
    (length >= 4 && lettered && (ends.is_empty() || ends.starts_with('\n'))).then_some(length + 1)
}

/// Reads `[[note|name]]` of a note-taking program. Returns its length, and the name.
fn wiki_link(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix("[[")?;
    let end = near(inner).find("]]")?;
    let name = inner[..end].rsplit('|').next().unwrap_or(&inner[..end]).trim();
    let plain = !name.is_empty() && !inner[..end].contains(['\n', '[', ']']);
    plain.then_some((end + 4, name))
}

/// Reads `<sup>1</sup>`. Returns its length, and the mark of a footnote or a power for it, by the text `before` it.
fn raised(text: &str, before: &str, notes: &mut Notes) -> Option<(usize, String)> {
    let (open, name) = tag(text).filter(|(_, name)| *name == "sup")?;
    let inner = near(&text[open..]);
    let inner = &inner[..inner
        .find("</sup>")
        .filter(|_| !text.starts_with("</") && name == "sup")?];
    let mut label = String::new();
    let mut rest = inner;
    while let Some(at) = rest.find('<') {
        label.push_str(&rest[..at]);
        rest = &rest[at + tag(&rest[at..])?.0..];
    }
    label.push_str(rest);
    let linked = inner.contains("href=\"#") || inner.contains("href='#");
    (label.len() <= 12 && !label.contains('\n')).then(|| {
        (
            open + inner.len() + "</sup>".len(),
            notes.raised(&label, before, linked),
        )
    })
}

/// Reads `<summary>words</summary>`, which heads the text that opens on a click. Returns its length, and the words as
/// a heading.
fn summary(text: &str) -> Option<(usize, String)> {
    let (open, _) = tag(text).filter(|(_, name)| *name == "summary" && !text.starts_with("</"))?;
    let end = near(&text[open..]).find("</summary>")?;
    let inner = &text[open..open + end];
    let mut words = String::new();
    let mut rest = inner;
    while let Some(at) = rest.find('<') {
        words.push_str(&rest[..at]);
        let length = tag(&rest[at..]).map_or(1, |(length, _)| length);
        if length == 1 {
            words.push('<');
        }
        rest = &rest[at + length..];
    }
    words.push_str(rest);
    let words = super::clean::one_line(&words);
    let words = words.trim_matches(['*', '_', ' ', '#']);
    let title = if words.is_empty() {
        String::new()
    } else {
        format!("\n\n###### {words}\n\n")
    };
    Some((open + end + "</summary>".len(), title))
}

/// Returns the length and the name of the tag at the beginning of `text`.
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
                "<details><summary><b>Why?</b></summary>Because.</details>\nNext",
                "\n\n###### Why?\n\nBecause.\n\n---\n\n\nNext",
            ),
            (
                "see <https://example.org> and `<b>`",
                "see <https://example.org> and `<b>`",
            ),
            ("```\n<div>\n```\n<div>", "```\n<div>\n```\n"),
            ("a <!-- open", "a <!-- open"),
            ("5 < 6 and <b", "5 < 6 and <b"),
            ("<!-->x", "x"),
            ("We %%ask Ana%% shipped.", "We  shipped."),
            ("60%% of 5%", "60%% of 5%"),
            ("See [[plans/2026|the plan]] and [[Ana]].", "See the plan and Ana."),
            ("![[chart.png]] It rose.", " It rose."),
            ("{{< figure src=\"a.png\" >}}\nText {% include x %}.", "\nText ."),
            (
                "Ask twice.\n— Ana Lima\n{: .signature}\n\n{:toc} {:x}",
                "Ask twice.\n— Ana Lima\n\n\n {:x}",
            ),
            ("[//]: # (for editors)\nText", "\nText"),
            (
                "We ==ship on Mondays== now, as 3 == 3.",
                "We ship on Mondays now, as 3 == 3.",
            ),
            ("=== Ask ===\na==b==c", "=== Ask ===\na==b==c"),
            ("Ask Ada first. ^1f2e3d\nNext", "Ask Ada first. \nNext"),
            ("[^note]: See x^2 and ^ab", "[^note]: See x^2 and ^ab"),
            ("`%%a%%` and [1] and {a}", "`%%a%%` and [1] and {a}"),
        ] {
            assert_eq!(without(text).0, left, "{text}");
        }
        assert_eq!(without("<!-- keep short -->").1, ["keep short"]);
    }

    proptest! {
        #[test]
        fn only_what_stands_in_signs_goes(text in "(?s)([<>!`\n/%^\\[\\]|-]|==|<!--|-->|<b>|</p>|[a-z ]){0,40}") {
            let (left, _) = without(&text);
            prop_assert!(left.len() <= text.len());
        }
    }
}
