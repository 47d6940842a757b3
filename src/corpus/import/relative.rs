//! Resolves relative addresses in feeds and in pages with `<base>` (RFC 3986, section 5).

use super::address::is_web;

/// Returns the address of `href` within a page at `base` (RFC 3986, section 5).
///
/// An absolute `href` stays as it is. Otherwise the result is `None` if `base` is not a web address.
pub(super) fn resolved(base: &str, href: &str) -> Option<String> {
    let href = href.trim();
    let scheme = href.split([':', '/', '?', '#']).next().unwrap_or_default();
    if href[scheme.len()..].starts_with(':') && !scheme.is_empty() {
        return Some(href.to_string());
    }
    let base = base.trim();
    let from = is_web(base).then(|| base.find("://"))?? + "://".len();
    if let Some(rest) = href.strip_prefix("//") {
        return Some(format!("{}//{rest}", &base[..from - 2]));
    }
    let end = |signs: &[char]| base[from..].find(signs).map_or(base.len(), |at| from + at);
    let (host, path, query) = (end(&['/', '?', '#']), end(&['?', '#']), end(&['#']));
    match href.chars().next() {
        None => return Some(base[..query].to_string()),
        Some('#') => return Some(format!("{}{href}", &base[..query])),
        Some('?') => return Some(format!("{}{href}", &base[..path])),
        Some('/') => return Some(format!("{}{href}", &base[..host])),
        _ => {}
    }
    let (way, rest) = href.split_at(href.find(['?', '#']).unwrap_or(href.len()));
    let above = base[host..path].rfind('/').map_or("/", |at| &base[host..host + at + 1]);
    let mut steps: Vec<&str> = Vec::new();
    for step in above.split('/').skip(1).chain(way.split('/')) {
        match step {
            ".." => {
                steps.pop();
            }
            "." => {}
            // `above` ends in a slash, so its last step is empty.
            "" if steps.last().is_none_or(|last| !last.is_empty()) => {}
            step => steps.push(step),
        }
    }
    let folder = if way.ends_with('/') { "/" } else { "" };
    Some(format!("{}/{}{folder}{rest}", &base[..host], steps.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn relative_addresses_are_resolved() {
        for (href, whole) in [
            ("two.html", "https://e.org/notes/two.html"),
            ("/a?b", "https://e.org/a?b"),
            ("../c/d#e", "https://e.org/c/d#e"),
            ("//f.org/g", "https://f.org/g"),
            ("#h", "https://e.org/notes/one.html?x=1#h"),
            ("?y=2", "https://e.org/notes/one.html?y=2"),
            ("sub/", "https://e.org/notes/sub/"),
            ("https://g.org", "https://g.org"),
            ("mailto:a@b.c", "mailto:a@b.c"),
        ] {
            assert_eq!(
                resolved("https://e.org/notes/one.html?x=1", href).as_deref(),
                Some(whole)
            );
        }
        assert_eq!(resolved("https://e.org", "a").as_deref(), Some("https://e.org/a"));
        assert_eq!(resolved("notes", "a"), None);
    }

    proptest! {
        #[test]
        fn any_address_is_resolved_or_not(base in "(https?://)?[a-z./?#:é]{0,20}", href in "[a-z./?#:é ]{0,20}") {
            let _ = resolved(&base, &href);
        }
    }
}
