//! Escapes each `<` in a feed that opens no tag, so that the tokenizer does not take the words after it for a tag.
//!
//! XML forbids such signs, and feeds have them: `The crew of the <Marianne told us`, `a<b`, `<info@a.example>`.

use std::borrow::Cow;
use std::collections::HashSet;

/// HTML elements that have no end tag.
pub(super) const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];

/// HTML elements whose end tag may be missing (HTML Standard, 13.1.2.4).
const OPEN: [&str; 18] = [
    "p", "li", "dt", "dd", "td", "th", "tr", "thead", "tbody", "tfoot", "colgroup", "option", "optgroup", "rt", "rp",
    "body", "html", "head",
];

/// The other elements of the HTML Standard that occur in texts, and `svg`.
const HTML: &str = "a abbr acronym address article aside audio b bdi bdo big blockquote button canvas caption center cite code \
    data datalist del details dfn dialog dir div dl em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header \
    hgroup i iframe ins kbd label legend main map mark menu meter nav noscript object ol output picture pre progress q ruby \
    s samp script section select slot small span strike strong style sub summary sup svg table template textarea time \
    title tt u ul var video";

/// Elements that format words of a title.
const INLINE: &str = "a abbr b bdi bdo big br cite code del em font h1 h2 h3 h4 h5 h6 i img ins kbd mark p q s small span strike \
    strong sub sup tt u wbr";

/// Elements of feeds, whose end tags a file that breaks off lacks.
const FEED: &str = "rss channel item items feed entry rdf rdf:rdf title description link content content:encoded summary pubdate \
    guid updated published id author name category en-export note itunes:summary media:group";

/// Returns `text`, the XML of a feed, with `&lt;` for each `<` that is only a sign.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let known = |name: &str| {
        FEED.split_whitespace()
            .chain(HTML.split_whitespace())
            .any(|known| known == name)
    };
    escaped_in(text, known)
}

/// The same for the HTML of an entry, in which the end tags of known elements may be missing.
pub(super) fn escaped_html(text: &str) -> Cow<'_, str> {
    escaped_in(text, |name| HTML.split_whitespace().any(|known| known == name))
}

/// The same for a title that is HTML. Only tags that format words are tags there: `Use <title> well` names an element.
pub(super) fn escaped_title(text: &str) -> Cow<'_, str> {
    let inline = |name: &str| INLINE.split_whitespace().any(|known| known == name);
    let is_markup = |rest: &str, ends: &HashSet<&str>, _: bool| match rest.strip_prefix("</") {
        Some(end) => inline(&name(end).to_ascii_lowercase()),
        None => inline(&name(&rest[1..]).to_ascii_lowercase()) && is_tag(rest, ends, inline),
    };
    escaped_where(text, is_markup)
}

fn escaped_in(text: &str, known: impl Fn(&str) -> bool) -> Cow<'_, str> {
    escaped_where(text, |rest, ends, in_title| {
        rest.starts_with("</") || rest.starts_with("<!") || is_tag(rest, ends, &known) && !(in_title && is_named(rest))
    })
}

/// Reports whether `rest`, within a title, begins with the tag of a field after which the title goes on to its end.
fn is_named(rest: &str) -> bool {
    let name = name(&rest[1..]).to_ascii_lowercase();
    let next = rest[1..].find('<').map_or("", |at| &rest[1 + at..]);
    FEED.split_whitespace().any(|field| field == name) && is_end(next, "title")
}

/// Reports whether `rest` begins with the end tag of the element `of`.
fn is_end(rest: &str, of: &str) -> bool {
    rest.strip_prefix("</")
        .is_some_and(|end| name(end).eq_ignore_ascii_case(of))
}

/// Escapes each `<` of `text` that `is_markup` rejects.
///
/// It gets the rest of the text, the names of all end tags, and whether the last tag before opened a title.
fn escaped_where(text: &str, is_markup: impl Fn(&str, &HashSet<&str>, bool) -> bool) -> Cow<'_, str> {
    let ends: HashSet<&str> = text.match_indices("</").map(|(at, _)| name(&text[at + 2..])).collect();
    let mut in_title = false;
    let mut out = String::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let sign = at + found;
        let rest = &text[sign..];
        let apart = [("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>")];
        if let Some((open, close)) = apart.iter().find(|(open, _)| rest.starts_with(open)) {
            at = rest.find(close).map_or(text.len(), |end| sign + end.max(open.len()));
            continue;
        }
        if is_markup(rest, &ends, in_title) {
            in_title = name(&rest[1..]).eq_ignore_ascii_case("title");
        } else {
            out.push_str(&text[done..sign]);
            out.push_str("&lt;");
            done = sign + 1;
        }
        at = sign + 1;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// Returns the name at the beginning of `text`.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.')));
    &text[..end.unwrap_or(text.len())]
}

/// Reports whether a start tag begins with the `<` of `text`. `ends` has the names of all end tags.
fn is_tag(text: &str, ends: &HashSet<&str>, known: impl Fn(&str) -> bool) -> bool {
    let name = name(&text[1..]);
    let rest = &text[1 + name.len()..];
    let opens = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
    if !opens || !rest.starts_with([' ', '\t', '\r', '\n', '>', '/']) {
        return false;
    }
    let Some((length, words)) = attributes(rest) else {
        return false;
    };
    let lower = name.to_ascii_lowercase();
    let closes = rest[..length].ends_with('/') || ends.contains(name);
    let html = VOID.contains(&lower.as_str()) || OPEN.contains(&lower.as_str());
    // `a<b in three weeks` has words where attributes would be.
    words <= 1 && (closes || html || known(&lower))
}

/// Returns the length of the attributes up to `>`, and how many of them have no value. `None` if no `>` ends them.
fn attributes(text: &str) -> Option<(usize, usize)> {
    let (mut quote, mut words, mut value) = (None, 0, false);
    let mut word = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '>') => return Some((at, words + usize::from(word))),
            (None, '<') => return None,
            (None, '"' | '\'') if value => (quote, word, value) = (Some(c), false, false),
            (None, '=') => (word, value) = (false, true),
            (None, c) if c.is_whitespace() => {
                // A space may stand before the `=`.
                let equals = text[at..].trim_start().starts_with('=');
                words += usize::from(word && !equals);
                word &= equals;
            }
            (None, '/') => {}
            (None, _) if value => value = false,
            (None, _) => word = true,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signs_are_escaped_and_tags_stay() {
        for (text, left) in [
            (
                "<a>of the <Marianne told us.</a>",
                "<a>of the &lt;Marianne told us.</a>",
            ),
            ("<a>if <60 it turns</a>", "<a>if &lt;60 it turns</a>"),
            ("<a>I <3 that</a>", "<a>I &lt;3 that</a>"),
            ("<a>to <info@a.example></a>", "<a>to &lt;info@a.example></a>"),
            ("<a>a<b in three weeks, a>b</a>", "<a>a&lt;b in three weeks, a>b</a>"),
            ("<a>Option<Price> beats null</a>", "<a>Option&lt;Price> beats null</a>"),
            (
                "<a><p class='x y'>One<br><img src=\"a>b\" alt = 'x'>",
                "<a><p class='x y'>One<br><img src=\"a>b\" alt = 'x'>",
            ),
            (
                "<a/><![CDATA[ a<b ]]><!-- a<b --><?x a<b ?>",
                "<a/><![CDATA[ a<b ]]><!-- a<b --><?x a<b ?>",
            ),
            ("<x:a\n href='1'/>", "<x:a\n href='1'/>"),
            (
                "<title>On <link> and more</title><link>x</link>",
                "<title>On &lt;link> and more</title><link>x</link>",
            ),
            (
                "<title>The <title> of it</title><title>One<link>x</link>",
                "<title>The &lt;title> of it</title><title>One<link>x</link>",
            ),
        ] {
            // The first element is closed at the end of the file.
            let text = format!("{text}</a>");
            assert_eq!(escaped(&text), format!("{left}</a>"));
        }
    }

    #[test]
    fn known_elements_of_html_need_no_end() {
        let kept = "<p>One <b>two <img src=x alt=\"a\" hidden> <x-y>three</x-y>";
        assert_eq!(escaped_html(kept), kept);
        assert_eq!(
            escaped_html("of the <Marianne> and a<b in three, a>b"),
            "of the &lt;Marianne> and a&lt;b in three, a>b"
        );
        assert_eq!(
            escaped_title("On <em>the</em> <script> and <title>one</title>"),
            "On <em>the</em> &lt;script> and &lt;title>one&lt;/title>"
        );
    }

    proptest! {
        #[test]
        fn any_text_keeps_everything(text in "(?s)([<>/!='\" ]|<!--|-->|<!\\[CDATA\\[|\\]\\]>|</?[ab]|é){0,60}") {
            prop_assert_eq!(escaped(&text).replace("&lt;", "<"), text);
        }
    }
}
