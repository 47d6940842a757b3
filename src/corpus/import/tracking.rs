//! Removes tracking from addresses in plain text and Markdown, as `address.rs` does for HTML.
//!
//! Words and code stay as they are, because code may be about such addresses. A Markdown link that only a tracking
//! service can resolve becomes its text.

use std::borrow::Cow;

use super::address;

/// Returns `text` with its addresses cleaned. What is left of an address may hold another one, which is cleaned too.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    let mut out = pass(text);
    while let Cow::Owned(next) = pass(&out) {
        if next == *out {
            break;
        }
        out = Cow::Owned(next);
    }
    out
}

fn pass(text: &str) -> Cow<'_, str> {
    let tracked = |address: Address| address::told(address.href) != address.href || address::is_hidden(address.href);
    if !text.contains("://") || !text.lines().any(|line| addresses(line).any(tracked)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        fenced ^= fence;
        if fenced || fence {
            out.push_str(line);
        } else {
            clean_line(line, &mut out);
        }
    }
    Cow::Owned(out)
}

/// An address within a line.
#[derive(Clone, Copy)]
struct Address<'a> {
    start: usize,
    href: &'a str,
}

fn clean_line(line: &str, out: &mut String) {
    let mut from = 0;
    for Address { start, href } in addresses(line) {
        let end = start + href.len();
        out.push_str(&line[from..start]);
        from = end;
        if line[..start].matches('`').count() % 2 == 1 {
            out.push_str(href);
            continue;
        }
        let told = address::told(href);
        if address::is_hidden(&told)
            && let Some(open) = bracket(out, &line[end..])
        {
            // What programs add behind the words of a link leads nowhere.
            out.truncate(open);
            from += 1;
            continue;
        }
        let name = out.strip_suffix("](").and_then(|before| before.rfind('['));
        let ends = line[end..].starts_with(')');
        match name.filter(|_| ends && address::is_hidden(&told)) {
            // No usable address is left, so keep only the name.
            Some(open) if !out[..open].ends_with('!') => {
                out.truncate(out.len() - "](".len());
                out.remove(open);
                from += 1;
            }
            _ => out.push_str(&told),
        }
    }
    out.push_str(&line[from..]);
}

/// Returns the length of `out` without the bracket that it ends with, if `rest` closes that bracket: `a list [https://…]`.
///
/// There must be words before it. Links in Markdown have brackets too.
fn bracket(out: &str, rest: &str) -> Option<usize> {
    let (before, close) = [('(', ')'), ('[', ']'), ('<', '>')]
        .iter()
        .find_map(|(open, close)| Some((out.strip_suffix(*open)?, *close)))?;
    let words = before
        .strip_suffix(' ')
        .filter(|words| words.ends_with(|c: char| !c.is_whitespace()))?;
    let said = words
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.contains(char::is_alphanumeric));
    let after = rest.strip_prefix(close)?;
    (said && !after.starts_with(['(', '[', ':'])).then_some(words.len())
}

/// Finds the web addresses in `line`, without the punctuation of the sentence around them.
fn addresses(line: &str) -> impl Iterator<Item = Address<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let sign = at + line.get(at..)?.find("://")?;
            at = sign + "://".len();
            let scheme = ["https", "http"].iter().find(|scheme| {
                let begins = sign.checked_sub(scheme.len()).and_then(|start| line.get(start..sign));
                begins.is_some_and(|found| found.eq_ignore_ascii_case(scheme))
            });
            let Some(scheme) = scheme else { continue };
            let start = sign - scheme.len();
            let mut depth = 0usize;
            let length = line[at..].find(|c: char| {
                match c {
                    '(' => depth += 1,
                    ')' if depth == 0 => return true,
                    ')' => depth -= 1,
                    _ => {}
                }
                c.is_whitespace() || matches!(c, '<' | '>' | '"' | '[' | ']' | '|' | '`')
            });
            let end = at + length.unwrap_or(line.len() - at);
            let sentence = |c: char| {
                matches!(
                    c,
                    '.' | ',' | ';' | ':' | '!' | '?' | '*' | '_' | '~' | '\'' | '’' | '”'
                )
            };
            let href = line[start..end].trim_end_matches(sentence);
            at = end;
            if href.len() > sign + 3 - start {
                return Some(Address { start, href });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_lose_what_counts_readers_and_words_and_code_stay() {
        for (text, left) in [
            (
                "Read [the page](https://e.org/p?utm_source=n&id=3).",
                "Read [the page](https://e.org/p?id=3).",
            ),
            (
                "See **https://e.org/p?utm_source=n**, please.",
                "See **https://e.org/p**, please.",
            ),
            ("[1]: https://e.org/a_(b)?fbclid=x", "[1]: https://e.org/a_(b)"),
            (
                "Read [the page](https://click.e.org/track/abc) first.",
                "Read the page first.",
            ),
            (
                "Read on: https://e.us1.list-manage.com/track/click?u=1&e=2",
                "Read on: https://e.us1.list-manage.com/track/click",
            ),
            (
                "A list [https://link.mail.beehiiv.com/ss/c/u001.x/4y] and (https://substack.com/redirect/2d1b?j=e) more.",
                "A list and more.",
            ),
            (
                "[https://click.e.org/track/a1](https://click.e.org/track/a1)",
                "https://click.e.org/track/",
            ),
            (
                "Write `https://e.org?utm_source=n`.",
                "Write `https://e.org?utm_source=n`.",
            ),
            ("```\nhttps://e.org?gclid=1\n```\n", "```\nhttps://e.org?gclid=1\n```\n"),
            ("ftp://e.org?gclid=1 and ://", "ftp://e.org?gclid=1 and ://"),
            ("http://?utm_a=b(&)http://?utm_a=b", "http://?)http://"),
            (
                "https://e.org/?gclid=1#a?gclid=1 https://e.org/#a?gclid=1",
                "https://e.org/#a?gclid=1 https://e.org/#a?gclid=1",
            ),
        ] {
            assert_eq!(without(text), left);
        }
    }

    proptest! {
        #[test]
        fn only_parts_of_addresses_go(text in "(?s)([a-z \\n`\\[\\]()é!]|https?://|\\?utm_a=b|&|click.e.org/track/|\\]\\(){0,30}") {
            let left = without(&text);
            prop_assert!(left.len() <= text.len());
            prop_assert_eq!(without(&left).into_owned(), left.into_owned());
        }
    }
}
